/* vestnik campaign copy: a campaign again, later. From a folder everything is
 * copied; from the store what a launched campaign was made of is written out. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "calendar/day.h"
#include "campaign/calendars.h"
#include "campaign/campaign.h"
#include "campaign/copy.h"
#include "cli/command.h"
#include "cli/folder_open.h"
#include "settings/yaml.h"

#define DEPTH_MOST 4       /* folders within folders */
#define FILES_MOST 5000
#define FILE_MAX_BYTES (200LL * 1000 * 1000)
#define YAML_NAME "campaign.yaml"

struct copying {
	struct cli *cli;
	const struct settings *settings;
	struct db *db;
	int32_t start_day;
	char *text;   /* of campaign.yaml */
	size_t len;
	char *target; /* the new folder */
	char slug[COPY_SLUG_SIZE];
	size_t files;
	struct error e;
};

/* ---- files ----------------------------------------------------------------------------------- */

static int write_file(struct copying *c, const char *name, const void *data, size_t len)
{
	char *path = xasprintf("%s/%s", c->target, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
	int rc = fd < 0 ? error_errno(&c->e, "%s", path) : 0;
	for (size_t done = 0; rc == 0 && done < len;) {
		ssize_t n = write(fd, (const char *)data + done, len - done);
		if (n < 0 && errno != EINTR)
			rc = error_errno(&c->e, "%s", path);
		done += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0 && close(fd) != 0 && rc == 0)
		rc = error_errno(&c->e, "%s", path);
	free(path);
	return rc;
}

/* The folders above a name inside the new folder. */
static int make_folders(struct copying *c, const char *name)
{
	char *path = xasprintf("%s/%s", c->target, name);
	int rc = 0;
	for (char *slash = strchr(path + strlen(c->target) + 1, '/'); rc == 0 && slash != NULL;
		slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0777) != 0 && errno != EEXIST)
			rc = error_errno(&c->e, "%s", path);
		*slash = '/';
	}
	free(path);
	return rc;
}

static int read_file(const char *path, char **data, size_t *len, struct error *e)
{
	struct stat st;
	int rc = 0, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	*data = NULL;
	*len = 0;
	if (fd < 0 || fstat(fd, &st) != 0)
		rc = error_errno(e, "%s", path);
	else if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX_BYTES)
		rc = error_set(e, ERROR_INPUT, tr("%s: not a file, or too large", "%s: не файл или слишком велик"), path);
	if (rc == 0) {
		*data = xmalloc((size_t)st.st_size + 1);
		while (rc == 0 && *len < (size_t)st.st_size) {
			ssize_t n = read(fd, *data + *len, (size_t)st.st_size - *len);
			if (n <= 0 && !(n < 0 && errno == EINTR))
				rc = error_errno(e, "%s", path);
			*len += n > 0 ? (size_t)n : 0;
		}
		(*data)[*len] = '\0';
	}
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

static int copy_file(struct copying *c, const char *from, const char *name)
{
	char *path = xasprintf("%s/%s", from, name), *data;
	size_t len;
	int rc = c->files++ == FILES_MOST
			 ? error_set(&c->e, ERROR_FULL, tr("more than %d files", "больше %d файлов"), FILES_MOST)
			 : read_file(path, &data, &len, &c->e);
	if (rc == 0) {
		rc = make_folders(c, name) != 0 || write_file(c, name, data, len) != 0 ? -1 : 0;
		free(data);
	}
	free(path);
	return rc;
}

/* Files and folders of from/below, but campaign.yaml itself; hidden ones and links stay behind. */
static int copy_tree(struct copying *c, const char *from, const char *below, int depth)
{
	char *path = xasprintf("%s/%s", from, below);
	DIR *folder = opendir(path);
	const struct dirent *entry;
	int rc = folder == NULL ? error_errno(&c->e, "%s", path) : 0;
	while (rc == 0 && (entry = readdir(folder)) != NULL) {
		char *name = below[0] == '\0' ? xstrdup(entry->d_name) : xasprintf("%s/%s", below, entry->d_name);
		char *whole = xasprintf("%s/%s", from, name);
		struct stat st;
		bool skip = entry->d_name[0] == '.' || strcmp(name, YAML_NAME) == 0 || lstat(whole, &st) != 0;
		if (!skip && S_ISDIR(st.st_mode) && depth < DEPTH_MOST)
			rc = copy_tree(c, from, name, depth + 1);
		else if (!skip && S_ISREG(st.st_mode))
			rc = copy_file(c, from, name);
		free(whole);
		free(name);
	}
	if (folder != NULL)
		closedir(folder);
	free(path);
	return rc;
}

/* ---- from the store --------------------------------------------------------------------------------- */

static char *blob_of(struct copying *c, int64_t id, const char *purpose, const char *name, int64_t position, size_t *len)
{
	struct db_stmt *stmt;
	char *copy = NULL;
	if (db_query(c->db, &stmt, &c->e,
		    "SELECT b.data FROM campaign_file f JOIN blob b ON b.hash = f.hash WHERE f.campaign = $1 "
		    "AND f.purpose = $2 AND ($3 = '' OR f.name = $3) AND (CAST($4 AS BIGINT) < 0 OR f.position = $4)",
		    "issi", id, purpose, name, position) != 0)
		return NULL;
	enum db_step step = db_step(stmt, &c->e);
	if (step == DB_ROW) {
		const void *data = db_blob(stmt, 0, len);
		copy = xmalloc(*len + 1);
		if (*len > 0)
			memcpy(copy, data, *len);
		copy[*len] = '\0';
		db_reset(stmt);
	} else if (step == DB_DONE) {
		(void)error_set(&c->e, ERROR_NOT_FOUND, tr("%s is not in the store", "%s нет в хранилище"),
			name[0] == '\0' ? purpose : name);
	}
	return copy;
}

/* Names in the YAML come from people: nothing is written outside the new folder. */
static bool inside(const char *name)
{
	return name[0] != '\0' && name[0] != '/' && strstr(name, "..") == NULL && name[strspn(name, "./")] != '\0';
}

static int put_part(struct copying *c, int64_t id, const char *purpose, const char *name, int64_t position,
	const char *file)
{
	size_t len = 0;
	char *data, *path = xasprintf("%s/%s", c->target, file);
	struct stat st;
	bool there = inside(file) && stat(path, &st) == 0; /* two stages may share a text */
	free(path);
	if (there)
		return 0;
	if (!inside(file))
		return error_set(&c->e, ERROR_INPUT, tr("«%s» lies outside the folder", "«%s» лежит вне папки"), file);
	data = blob_of(c, id, purpose, name, position, &len);
	int rc = data == NULL || make_folders(c, file) != 0 || write_file(c, file, data, len) != 0 ? -1 : 0;
	free(data);
	return rc;
}

static struct yaml_node *member(const struct yaml_node *map, const char *key)
{
	for (size_t i = 0; map != NULL && map->kind == YAML_MAP && i < map->count; i++)
		if (strcmp(map->key[i], key) == 0)
			return map->item[i];
	return NULL;
}

static int put_letters(struct copying *c, int64_t id, const struct yaml_node *root)
{
	const struct yaml_node *letters = member(root, "letters"), *stages = member(root, "stages");
	int rc = 0;
	for (size_t i = 0; rc == 0 && letters != NULL && letters->kind == YAML_MAP && i < letters->count; i++)
		if (letters->item[i]->kind == YAML_SCALAR)
			rc = put_part(c, id, "letter", letters->key[i], -1, letters->item[i]->text);
	for (size_t i = 0; rc == 0 && stages != NULL && stages->kind == YAML_LIST && i < stages->count; i++) {
		const struct yaml_node *letter = member(stages->item[i], "letter");
		if (letter != NULL && letter->kind == YAML_SCALAR && member(letters, letter->text) == NULL)
			rc = put_part(c, id, "letter", letter->text, -1, letter->text);
	}
	return rc;
}

static int put_attachments(struct copying *c, int64_t id, const struct yaml_node *root)
{
	const struct yaml_node *list = member(root, "attachments");
	int64_t position = 0;
	int rc = 0;
	for (size_t i = 0; rc == 0 && list != NULL && list->kind == YAML_LIST && i < list->count; i++) {
		const struct yaml_node *item = list->item[i];
		const struct yaml_node *file = item->kind == YAML_MAP ? member(item, "file") : item;
		const struct yaml_node *signature = member(item, "signature");
		if (file != NULL && file->kind == YAML_SCALAR)
			rc = put_part(c, id, "attachment", "", ++position, file->text);
		if (rc == 0 && signature != NULL && signature->kind == YAML_SCALAR)
			rc = put_part(c, id, "attachment", "", ++position, signature->text);
	}
	return rc;
}

/* ---- tables: figures are kept, so the table can be written again, as CSV ------------------------------ */

static void put_cell(struct buf *out, const char *text, bool first)
{
	(void)buf_puts(out, first ? "\"" : ";\"");
	for (const char *p = text == NULL ? "" : text; *p != '\0'; p++) {
		if (*p == '"')
			(void)buf_putc(out, '"');
		(void)buf_putc(out, *p);
	}
	(void)buf_putc(out, '"');
}

static int table_csv(struct copying *c, int64_t id, const char *dataset, const char *key_title,
	const json_t *columns, struct buf *out)
{
	struct db_stmt *stmt;
	enum db_step step;
	size_t index;
	const json_t *column;
	if (db_query(c->db, &stmt, &c->e,
		    "SELECT key, fields FROM dataset_row WHERE campaign = $1 AND dataset = $2 ORDER BY key", "is", id,
		    dataset) != 0)
		return -1;
	put_cell(out, key_title, true);
	json_array_foreach(columns, index, column) put_cell(out, json_string_value(column), false);
	while ((step = db_step(stmt, &c->e)) == DB_ROW) {
		json_t *fields = json_loads(db_text(stmt, 1), 0, NULL);
		(void)buf_putc(out, '\n');
		put_cell(out, db_text(stmt, 0), true);
		json_array_foreach(columns, index, column)
			put_cell(out, json_string_value(json_object_get(fields, json_string_value(column))), false);
		json_decref(fields);
	}
	(void)buf_putc(out, '\n');
	return step == DB_DONE && buf_ok(out) ? 0 : -1;
}

static int put_table(struct copying *c, int64_t id, const struct yaml_node *node, const char *dataset,
	const json_t *item)
{
	const struct yaml_node *file = node->kind == YAML_MAP ? member(node, "file") : node;
	const struct yaml_node *key = member(node, "key");
	const char *by = json_string_value(json_object_get(item, "by"));
	struct buf out;
	if (file == NULL || file->kind != YAML_SCALAR)
		return 0;
	if (!inside(file->text))
		return error_set(&c->e, ERROR_INPUT, tr("«%s» lies outside the folder", "«%s» лежит вне папки"), file->text);
	size_t len = strlen(file->text);
	if (len < 4 || strcmp(file->text + len - 4, ".csv") != 0) {
		cli_warn(c->cli, tr("%s was a workbook: put it into the new folder yourself",
			"%s был книгой Excel: положите его в новую папку сами"), cli_clean(file->text));
		return 0;
	}
	buf_init(&out, (size_t)FILE_MAX_BYTES);
	int rc = table_csv(c, id, dataset,
		key != NULL && key->kind == YAML_SCALAR ? key->text : by != NULL ? by : "key",
		json_object_get(item, "columns"), &out);
	if (rc == 0)
		rc = make_folders(c, file->text) != 0 || write_file(c, file->text, buf_str(&out), out.len) != 0 ? -1 : 0;
	buf_fini(&out);
	return rc;
}

static int put_tables(struct copying *c, int64_t id, const struct yaml_node *root, const json_t *definition)
{
	const struct yaml_node *data = member(root, "data"), *list = member(member(root, "audience"), "list");
	size_t index;
	const json_t *item;
	int rc = 0;
	json_array_foreach(json_object_get(definition, "datasets"), index, item)
	{
		const char *name = json_string_value(json_object_get(item, "name"));
		const struct yaml_node *node = member(data, name);
		if (rc == 0 && node != NULL)
			rc = put_table(c, id, node, name, item);
	}
	return rc != 0 || list == NULL ? rc : put_table(c, id, list, "@list", NULL);
}

static int put_stored(struct copying *c, int64_t id, const json_t *definition)
{
	struct problems problems = {0};
	struct yaml_node *root = yaml_load_text(YAML_NAME, c->text, c->len, &problems);
	int rc = root == NULL ? error_set(&c->e, ERROR_INTERNAL, "the stored campaign.yaml is damaged") : 0;
	if (rc == 0)
		rc = put_letters(c, id, root) != 0 || put_attachments(c, id, root) != 0 ||
				     put_tables(c, id, root, definition) != 0
			     ? -1
			     : 0;
	yaml_node_free(&root);
	problems_fini(&problems);
	return rc;
}

/* ---- the new campaign.yaml --------------------------------------------------------------------------- */

static int write_yaml(struct copying *c)
{
	struct problems problems = {0};
	struct calendars *calendars = calendars_load(c->settings, &problems);
	char *shown = xasprintf("%s/" YAML_NAME, c->target);
	struct copy_plan plan = {.file = shown,
		.text = c->text,
		.len = c->len,
		.slug = c->slug,
		.start_day = c->start_day,
		.workdays = calendars_own(calendars)};
	struct buf out;
	buf_init(&out, 2 * YAML_FILE_MAX_BYTES);
	int rc = copy_text(&plan, &out, &problems);
	cli_problems(c->cli, &problems);
	if (rc != 0)
		(void)error_set(&c->e, ERROR_INPUT, "%s", tr("nothing was copied", "ничего не скопировано"));
	else
		rc = write_file(c, YAML_NAME, buf_str(&out), out.len);
	buf_fini(&out);
	free(shown);
	calendars_free(&calendars);
	problems_fini(&problems);
	return rc;
}

/* Years in the letters' own words are nobody's field: people must look at them. */
static void name_years(struct copying *c, const char *name, const char *text, struct problems *problems)
{
	char *shown = xasprintf("%s/%s", c->target, name);
	int line = 1;
	for (const char *p = text; *p != '\0';) {
		size_t len = strcspn(p, "\n");
		for (size_t i = 0; i + 4 <= len; i++) {
			bool digits = strspn(p + i, "0123456789") == 4 && p[i] == '2' && p[i + 1] == '0';
			if (!digits || (i > 0 && p[i - 1] >= '0' && p[i - 1] <= '9'))
				continue;
			problem_add(problems, PROBLEM_INFO, (struct problem_place){shown, line, 0, NULL}, NULL,
				tr("a year stands in the text: %.4s", "в тексте стоит год: %.4s"), p + i);
			break;
		}
		p += len + (p[len] == '\n');
		line++;
	}
	free(shown);
}

static void look_at_letters(struct copying *c, const char *below, int depth, struct problems *problems)
{
	char *path = xasprintf("%s/%s", c->target, below);
	DIR *folder = opendir(path);
	const struct dirent *entry;
	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		char *name = below[0] == '\0' ? xstrdup(entry->d_name) : xasprintf("%s/%s", below, entry->d_name);
		char *whole = xasprintf("%s/%s", c->target, name), *text = NULL;
		size_t len = strlen(name), bytes;
		struct stat st;
		bool good = entry->d_name[0] != '.' && lstat(whole, &st) == 0;
		if (good && S_ISDIR(st.st_mode) && depth < DEPTH_MOST)
			look_at_letters(c, name, depth + 1, problems);
		else if (good && len > 3 && strcmp(name + len - 3, ".md") == 0 && read_file(whole, &text, &bytes, NULL) == 0)
			name_years(c, name, text, problems);
		free(text);
		free(whole);
		free(name);
	}
	if (folder != NULL)
		closedir(folder);
	free(path);
}

/* ---- the command ------------------------------------------------------------------------------------------ */

static char *slug_in(const char *text, size_t len)
{
	struct problems problems = {0};
	struct yaml_node *root = yaml_load_text(YAML_NAME, text, len, &problems);
	const struct yaml_node *node = member(root, "campaign");
	char *slug = node == NULL || node->kind != YAML_SCALAR ? xstrdup("campaign") : xstrdup(node->text);
	yaml_node_free(&root);
	problems_fini(&problems);
	return slug;
}

static int name_copy(struct copying *c, const struct cli_args *args, const char *beside)
{
	const char *given = cli_value(args, "name"), *to = cli_value(args, "to");
	char *old = slug_in(c->text, c->len);
	if (given != NULL)
		snprintf(c->slug, sizeof c->slug, "%s", given);
	else
		(void)copy_slug(old, c->start_day, c->slug);
	free(old);
	if (!gate_slug(c->slug) || (given != NULL && strcmp(given, c->slug) != 0))
		return cli_wrong_use(c->cli, tr("--name: «%s»: want a–z, 0–9, «-», at most 64",
			"--name: «%s»: можно a–z, 0–9 и «-», не больше 64"), cli_clean(given == NULL ? c->slug : given));
	c->target = to != NULL ? xstrdup(to) : xasprintf("%s%s", beside, c->slug);
	if (mkdir(c->target, 0777) == 0)
		return CLI_DONE;
	(void)error_errno(&c->e, "%s", c->target);
	return cli_fail(c->cli, &c->e);
}

static int from_folder(struct copying *c, const struct cli_args *args, const char *operand)
{
	char *yaml = folder_yaml(operand);
	const char *slash = strrchr(yaml, '/');
	char *from = slash == NULL ? xstrdup(".") : xstrndup(yaml, (size_t)(slash - yaml));
	const char *parent = strrchr(from, '/');
	char *beside = parent == NULL ? xstrdup(strcmp(from, ".") == 0 ? "../" : "")
				      : xstrndup(from, (size_t)(parent - from) + 1);
	int rc = read_file(yaml, &c->text, &c->len, &c->e) != 0 ? cli_fail(c->cli, &c->e) : name_copy(c, args, beside);
	if (rc == CLI_DONE && (write_yaml(c) != 0 || copy_tree(c, from, "", 0) != 0))
		rc = cli_fail(c->cli, &c->e);
	free(beside);
	free(from);
	free(yaml);
	return rc;
}

static int from_store(struct copying *c, const struct cli_args *args, const char *slug)
{
	struct db_stmt *stmt;
	json_t *definition = NULL;
	int64_t id = 0;
	if (db_query(c->db, &stmt, &c->e, "SELECT id, definition FROM campaign WHERE slug = $1", "s", slug) != 0)
		return cli_fail(c->cli, &c->e);
	enum db_step step = db_step(stmt, &c->e);
	if (step == DB_FAILED)
		return cli_fail(c->cli, &c->e);
	if (step == DB_DONE)
		return cli_failf(c->cli, ERROR_NOT_FOUND, tr("neither a folder nor a campaign: «%s»", "ни папки, ни рассылки «%s» нет"),
			cli_clean(slug));
	id = db_int(stmt, 0);
	definition = json_loads(db_text(stmt, 1), 0, NULL);
	db_reset(stmt);
	c->text = blob_of(c, id, "source", "", -1, &c->len);
	int rc = c->text == NULL ? cli_fail(c->cli, &c->e) : name_copy(c, args, "");
	if (rc == CLI_DONE && (write_yaml(c) != 0 || put_stored(c, id, definition) != 0))
		rc = cli_fail(c->cli, &c->e);
	json_decref(definition);
	return rc;
}

static int copy_run(struct cli *cli, const struct cli_args *args)
{
	const char *operand = cli_operand(args, 0), *start = cli_value(args, "start");
	struct copying c = {.cli = cli, .settings = cli_settings(cli)};
	struct problems problems = {0};
	struct stat st;
	if (start == NULL || day_parse(start, &c.start_day, NULL) != 0)
		return cli_wrong_use(cli, "%s", tr("say from when: --start 2024-05-13", "укажите, с какого дня: --start 2024-05-13"));
	if (c.settings == NULL || (c.db = cli_open_store(cli)) == NULL)
		return CLI_FAILED;
	int rc = stat(operand, &st) == 0 ? from_folder(&c, args, operand) : from_store(&c, args, operand);
	if (rc == CLI_DONE) {
		look_at_letters(&c, "", 0, &problems);
		cli_problems(cli, &problems);
		if (cli_json(cli))
			cli_print_json(cli, json_pack("{s:s,s:s}", "campaign", c.slug, "folder", c.target));
		else
			printf(tr("Written: %s\nNow look it over and: vestnik campaign check %s\n",
				       "Записано: %s\nТеперь просмотрите её и выполните: vestnik campaign check %s\n"),
				cli_clean(c.target), cli_clean(c.target));
	}
	problems_fini(&problems);
	free(c.text);
	free(c.target);
	return rc;
}

static const struct cli_operand copy_operand[] = {
	{"CAMPAIGN", "@file", CLI_ONE, "its folder, or the name of a stored campaign",
		"её папка или имя рассылки, которая уже записана"},
	{0}};
static const struct cli_option copy_options[] = {
	{"start", 0, "DATE", NULL, "the new first day", "новый первый день"},
	{"name", 0, "NAME", NULL, "name of the copy (else the old one with the new date)",
		"имя копии (иначе прежнее с новой датой)"},
	{"to", 0, "FOLDER", "@folder", "the new folder (else beside the old one)", "новая папка (иначе рядом с прежней)"},
	{0}};

const struct command campaign_copy_commands[] = {
	{"campaign copy", "writes a campaign's folder again, with every date moved",
		"записывает папку рассылки заново, со сдвинутыми датами",
		"Dates move by working days: a deadline 11 working days after the letters stays so. The document's number\n"
		"becomes empty, its date the new start. Years in the letters' own words are named, not changed.",
		"Даты сдвигаются по рабочим дням: срок через 11 рабочих дней после писем таким и останется. Номер документа\n"
		"становится пустым, дата – новым началом. Годы в тексте писем называются, но не меняются.",
		copy_operand, copy_options, copy_run},
	{0}};
