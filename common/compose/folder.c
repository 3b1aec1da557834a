/* A composition as a campaign's folder: written to a private place, read by the folder's own reader, gone
 * again; what the reader finds wrong is led back to the fields of the form. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/lang.h"
#include "base/xalloc.h"
#include "compose/compose_inside.h"

/* ---- the place ---------------------------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st, (void)kind, (void)at;
	return remove(path);
}

static void remove_folder(char *folder)
{
	if (folder != NULL)
		(void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(folder);
}

static char *make_folder(const struct settings *settings, struct error *e)
{
	char *folder = xasprintf("%s/compose-XXXXXX", settings->run_dir);
	if (mkdtemp(folder) != NULL)
		return folder;
	(void)error_errno(e, "%s", folder);
	free(folder);
	return NULL;
}

/* name: compose_name_ok; its folders are made. */
static int write_file(const char *folder, const char *name, const void *data, size_t len, struct error *e)
{
	char *path = xasprintf("%s/%s", folder, name);
	int rc = 0;
	for (char *slash = strchr(path + strlen(folder) + 1, '/'); rc == 0 && slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			rc = error_errno(e, "%s", path);
		*slash = '/';
	}
	int fd = rc == 0 ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
	if (rc == 0 && fd < 0)
		rc = error_errno(e, "%s", path);
	for (size_t done = 0; rc == 0 && done < len;) {
		ssize_t n = write(fd, (const char *)data + done, len - done);
		if (n < 0 && errno != EINTR)
			rc = error_errno(e, "%s", path);
		else if (n > 0)
			done += (size_t)n;
	}
	if (fd >= 0)
		close(fd);
	free(path);
	return rc;
}

/* ---- what is written ------------------------------------------------------------------------ */

static const char *own_yaml(const struct composition *composition)
{
	const char *yaml = form_text(composition->form, "yaml");
	return yaml[0] == '\0' ? NULL : yaml;
}

int compose_yaml(const struct composition *composition, struct buf *out, struct error *e)
{
	const char *yaml = own_yaml(composition);
	if (yaml == NULL)
		return form_yaml(composition->form, composition->slug, out, NULL, e);
	return buf_puts(out, yaml) == 0 ? 0 : error_set(e, ERROR_INPUT, "%s", tr("the campaign is too long", "рассылка слишком длинная"));
}

static int put_file(void *arg, const char *name, const void *data, size_t len, struct error *e)
{
	return write_file(arg, name, data, len, e);
}

static int put_texts(const struct composition *composition, const char *folder, struct error *e)
{
	const char *name;
	json_t *text;
	int rc = 0;
	if (own_yaml(composition) == NULL) {
		for (size_t i = 0; rc == 0 && form_letters[i] != NULL; i++) {
			const char *letter = json_string_value(json_object_get(json_object_get(composition->form, "letters"), form_letters[i]));
			if (letter != NULL && letter[strspn(letter, " \t\r\n")] != '\0')
				rc = write_file(folder, form_letter_file(form_letters[i]), letter, strlen(letter), e);
		}
		return rc;
	}
	json_object_foreach(json_object_get(composition->form, "texts"), name, text)
		if (rc == 0 && compose_name_ok(name) && json_string_length(text) > 0)
			rc = write_file(folder, name, json_string_value(text), json_string_length(text), e);
	return rc;
}

/* A text of the form goes before a file of the same name. */
static bool is_text(const struct composition *composition, const char *name)
{
	if (own_yaml(composition) != NULL)
		return json_string_length(json_object_get(json_object_get(composition->form, "texts"), name)) > 0;
	for (size_t i = 0; form_letters[i] != NULL; i++)
		if (strcmp(form_letter_file(form_letters[i]), name) == 0)
			return true;
	return false;
}

struct putting {
	const struct composition *composition;
	char *folder;
};

static int put_other(void *arg, const char *name, const void *data, size_t len, struct error *e)
{
	struct putting *p = arg;
	return is_text(p->composition, name) ? 0 : put_file(p->folder, name, data, len, e);
}

static int fill(struct db *db, const struct composition *composition, char *folder, struct yaml_places *places,
	struct error *e)
{
	struct buf yaml;
	struct putting putting = {composition, folder};
	buf_init(&yaml, 4 * FORM_MAX_BYTES);
	int rc = own_yaml(composition) != NULL ? compose_yaml(composition, &yaml, e)
					       : form_yaml(composition->form, composition->slug, &yaml, places, e);
	if (rc == 0)
		rc = write_file(folder, COMPOSE_YAML, buf_str(&yaml), yaml.len, e);
	if (rc == 0)
		rc = put_texts(composition, folder, e);
	if (rc == 0)
		rc = compose_each_file(db, composition->slug, put_other, &putting, e);
	buf_fini(&yaml);
	return rc;
}

/* ---- back to the fields ------------------------------------------------------------------------ */

struct finding {
	const struct composition *composition;
	const struct yaml_places *places;
	const char *folder;
};

/* "contacts[0].name" → "contacts.0.name"; names of the file that the form calls otherwise. */
static char *form_path(const struct composition *composition, const char *field)
{
	struct buf out;
	size_t index;
	const json_t *row;
	if (strcmp(field, "campaign") == 0)
		return xstrdup("slug");
	if (strcmp(field, "letters") == 0)
		return xstrdup("letters.first");
	if (strncmp(field, "data.", 5) == 0)
		json_array_foreach(json_object_get(composition->form, "data"), index, row)
			if (strcmp(form_text(row, "name"), field + 5) == 0)
				return xasprintf("data.%zu", index);
	buf_init(&out, 1000);
	for (const char *p = field; *p != '\0'; p++)
		if (*p == '[')
			(void)buf_putc(&out, '.');
		else if (*p != ']')
			(void)buf_putc(&out, *p);
	return buf_take(&out);
}

/* Without its rows' numbers: how exact it is. */
static size_t weight(const char *path)
{
	size_t n = 0;
	for (const char *p = path; *p != '\0'; p++)
		n += (*p < '0' || *p > '9') && !(*p == '.' && p[1] >= '0' && p[1] <= '9');
	return n;
}

static bool same_beginning(const char *a, const char *b)
{
	size_t len = strcspn(a, ".");
	return len == strcspn(b, ".") && strncmp(a, b, len) == 0;
}

/* The place a problem of campaign.yaml is about; the caller frees. */
static char *place_of(const struct finding *f, const struct problem *problem)
{
	char *field = problem->field == NULL ? NULL : form_path(f->composition, problem->field);
	if (problem->line < 1 || (size_t)problem->line > f->places->count)
		return field;
	const struct yaml_place *line = &f->places->item[problem->line - 1];
	bool exact = problem->column >= line->column;
	const char *dot = strrchr(line->path, '.');
	char *place = exact ? xstrdup(line->path) : xstrndup(line->path, dot == NULL ? 0 : (size_t)(dot - line->path));
	if (field == NULL && place[0] != '\0')
		return place;
	bool better = field != NULL && place[0] != '\0' && same_beginning(place, field) && (exact || weight(place) > weight(field) || (weight(place) == weight(field) && strlen(place) >= strlen(field)));
	free(better ? field : place);
	return better ? place : field;
}

/* Where a file of the folder stands in the form; NULL: nowhere. */
static char *place_of_file(const struct composition *composition, const char *name)
{
	static const char *const lists[] = {"data", "attachments"};
	size_t index;
	const json_t *row;
	if (own_yaml(composition) != NULL)
		return xasprintf("texts.%s", name);
	for (size_t i = 0; form_letters[i] != NULL; i++)
		if (strcmp(form_letter_file(form_letters[i]), name) == 0)
			return xasprintf("letters.%s", form_letters[i]);
	for (size_t i = 0; i < 2; i++)
		json_array_foreach(json_object_get(composition->form, lists[i]), index, row)
			if (strcmp(form_text(row, "file"), name) == 0)
				return xasprintf("%s.%zu.file", lists[i], index);
	return strcmp(form_text(composition->form, "audience.list.file"), name) == 0 ? xstrdup("audience.list") : NULL;
}

/* Our own words are named after their letter: "(reminder)". */
static char *place_of_standard(const char *file)
{
	size_t len = strlen(file);
	if (len < 3 || file[0] != '(' || file[len - 1] != ')')
		return NULL;
	return xasprintf("letters.%.*s", (int)len - 2, file + 1);
}

/* A hint that shows how to write it in YAML helps nobody who fills in a form. */
static bool speaks_yaml(const char *hint)
{
	size_t word = hint == NULL ? 0 : strspn(hint, "abcdefghijklmnopqrstuvwxyz_");
	return hint != NULL && (strpbrk(hint, "{[") != NULL || (word > 0 && hint[word] == ':'));
}

/* "nothing is asked (answer)": the key in YAML, which a form does not show. The caller frees. */
static char *without_key(const char *text)
{
	size_t len = strlen(text);
	const char *open = strrchr(text, '(');
	bool key = len > 2 && text[len - 1] == ')' && open != NULL && open > text && open[-1] == ' ' &&
		   open[1 + strspn(open + 1, "abcdefghijklmnopqrstuvwxyz_.")] == ')';
	return key ? xstrndup(text, (size_t)(open - text) - 1) : xstrdup(text);
}

static void give(const struct finding *f, const struct problem *problem, struct problems *out)
{
	size_t len = strlen(f->folder);
	bool own = own_yaml(f->composition) != NULL;
	const char *file = problem->file;
	char *field = NULL, *text = own ? xstrdup(problem->text) : without_key(problem->text);
	int line = problem->line, column = problem->column;
	if (file != NULL && strncmp(file, f->folder, len) == 0 && file[len] == '/')
		file += len + 1;
	if (file != NULL && strcmp(file, COMPOSE_YAML) == 0) {
		field = own ? xstrdup("yaml") : place_of(f, problem);
		if (!own) {
			file = NULL;
			line = column = 0;
		}
	} else if (file != NULL && file != problem->file) {
		field = place_of_file(f->composition, file);
	} else if (file != NULL) {
		field = place_of_standard(file);
	}
	problem_add(out, problem->severity,
		(struct problem_place){.file = file, .line = line, .column = column, .field = field},
		!own && speaks_yaml(problem->hint) ? NULL : problem->hint, "%s", text);
	free(text);
	free(field);
}

/* ---- loading -------------------------------------------------------------------------------------- */

/* The text's own name would be another campaign. */
static void check_name(const struct composition *composition, const struct campaign_folder *folder, struct problems *problems)
{
	if (folder != NULL && strcmp(campaign_folder_slug(folder), composition->slug) != 0)
		problem_add(problems, PROBLEM_ERROR, (struct problem_place){.file = COMPOSE_YAML, .field = "yaml"}, NULL,
			tr("`campaign` says «%.64s», but this draft is called «%.64s»: make them the same", "в тексте указано campaign: %.64s, а черновик называется «%.64s»: сделайте имена одинаковыми"),
			campaign_folder_slug(folder), composition->slug);
}

static struct campaign_folder *load(struct db *db, struct db *directory, const struct settings *settings,
	const struct composition *composition, struct problems *problems, struct error *e)
{
	struct yaml_places places = {0};
	struct problems found = {0};
	struct campaign_folder *folder = NULL;
	size_t before = problems->errors;
	char *where = make_folder(settings, e);
	if (where != NULL && fill(db, composition, where, &places, e) == 0) {
		const struct finding finding = {composition, &places, where};
		char *yaml = xasprintf("%s/%s", where, COMPOSE_YAML);
		folder = campaign_folder_load(yaml, settings, directory, &found);
		free(yaml);
		for (size_t i = 0; i < found.count; i++)
			give(&finding, &found.item[i], problems);
		check_name(composition, folder, problems);
	}
	if (problems->errors > before)
		campaign_folder_free(&folder);
	problems_fini(&found);
	yaml_places_fini(&places);
	remove_folder(where);
	return folder;
}

struct campaign_folder *compose_load(struct db *db, const struct settings *settings, const struct composition *composition,
	struct problems *problems, struct error *e)
{
	return load(db, db, settings, composition, problems, e);
}

struct campaign_folder *compose_load_quick(struct db *db, const struct settings *settings,
	const struct composition *composition, struct problems *problems, struct error *e)
{
	return load(db, NULL, settings, composition, problems, e);
}

/* ---- a folder that came packed -------------------------------------------------------------------- */

static void give_shortened(const struct problem *problem, const char *folder, struct problems *out)
{
	size_t len = strlen(folder);
	const char *file = problem->file;
	if (file != NULL && strncmp(file, folder, len) == 0 && file[len] == '/')
		file += len + 1;
	const struct problem_place place = {file, problem->line, problem->column, problem->field};
	problem_add(out, problem->severity, place, problem->hint, "%s", problem->text);
}

struct campaign_folder *compose_load_parts(struct db *db, const struct settings *settings, const struct parts *parts,
	struct problems *problems, struct error *e)
{
	struct campaign_folder *loaded = NULL;
	struct problems found = {0};
	char *folder = make_folder(settings, e);
	int rc = folder == NULL ? -1 : write_file(folder, COMPOSE_YAML, parts->yaml, parts->yaml_len, e);
	for (size_t i = 0; rc == 0 && i < parts->count; i++)
		rc = write_file(folder, parts->item[i].name, parts->item[i].data, parts->item[i].len, e);
	if (rc == 0) {
		char *yaml = xasprintf("%s/%s", folder, COMPOSE_YAML);
		loaded = campaign_folder_load(yaml, settings, db, &found);
		for (size_t i = 0; i < found.count; i++)
			give_shortened(&found.item[i], folder, problems);
		free(yaml);
	}
	problems_fini(&found);
	remove_folder(folder);
	return loaded;
}
