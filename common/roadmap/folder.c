#include "roadmap/folder.h"

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
#include "roadmap/letters.h"

#define YAML_MAX_BYTES (4 * 1024 * 1024) /* a plan of 5000 steps has some 2 MB */
#define LABEL_MAX_BYTES 240              /* stands in the subject of reminders */

/* ---- what became of a step ------------------------------------------------------------- */

static const struct {
	const char *name, *en, *ru;
} outcomes[] = {{"", "", ""}, {"done", "done", "выполнено"}, {"moved", "moved", "перенесено"},
	{"failed", "not done", "не выполнено"}};

const char *outcome_option(enum outcome outcome, enum lang lang)
{
	return lang == LANG_RU ? outcomes[outcome].ru : outcomes[outcome].en;
}

const char *outcome_name(enum outcome outcome)
{
	return outcomes[outcome].name;
}

enum outcome outcome_of_option(const char *option)
{
	for (int i = 1; i < 4; i++)
		if (option != NULL && (strcmp(option, outcomes[i].ru) == 0 || strcmp(option, outcomes[i].en) == 0))
			return (enum outcome)i;
	return OUTCOME_NONE;
}

enum outcome outcome_of_name(const char *name)
{
	for (int i = 1; i < 4; i++)
		if (name != NULL && strcmp(name, outcomes[i].name) == 0)
			return (enum outcome)i;
	return OUTCOME_NONE;
}

/* ---- campaign.yaml ------------------------------------------------------------------------ */

struct writing {
	const struct build *build;
	const struct folder_plan *plan;
	const char *folder;
	bool replace;
	struct folder_rounds *rounds;
	int stages;
	struct buf yaml;
	struct error *e;
};

/* A JSON string is a YAML one. */
static void put_text(struct buf *out, const char *text)
{
	json_t *string = json_string(text);
	char *quoted = json_dumps(string, JSON_ENCODE_ANY);
	(void)buf_puts(out, quoted == NULL ? "\"\"" : quoted);
	free(quoted);
	json_decref(string);
}

static void put_keys(struct buf *out, const json_t *keys)
{
	size_t i;
	const json_t *key;
	(void)buf_puts(out, "[");
	json_array_foreach(keys, i, key)
	{
		(void)buf_puts(out, i > 0 ? ", " : "");
		put_text(out, json_string_value(key));
	}
	(void)buf_puts(out, "]");
}

/* Everybody who is written to at all. */
static json_t *all_keys(const struct build *build)
{
	json_t *seen = json_object(), *keys = json_array();
	for (size_t i = 0; i < build->map->count; i++) {
		size_t k;
		json_t *key;
		json_array_foreach(build->who[i].keys, k, key)
		{
			if (json_object_get(seen, json_string_value(key)) == NULL)
				json_array_append(keys, key);
			json_object_set_new(seen, json_string_value(key), json_true());
		}
	}
	json_decref(seen);
	return keys;
}

static void put_head(struct writing *w)
{
	const struct folder_plan *plan = w->plan;
	bool ru = plan->lang == LANG_RU;
	struct buf *out = &w->yaml;
	char *file = gate_clean_line(plan->plan_file, 200);
	json_t *keys = all_keys(w->build);
	(void)buf_printf(out, ru ? "# План мероприятий из файла %s: каждый этап – письмо об одном мероприятии.\n"
				   "# Тексты лежат в letters/, их можно править. Ключи: docs/reference/campaign.ru.md\n\n"
				 : "# The plan in %s: each stage is a letter about one of its steps.\n"
				   "# The texts are in letters/ and may be edited. Keys: docs/reference/campaign.md\n\n", file);
	(void)buf_printf(out, "campaign: %s\ntitle: ", plan->slug);
	put_text(out, plan->title);
	(void)buf_printf(out, "\nlang: %s\n", ru ? "ru" : "en");
	(void)buf_puts(out, ru ? "# document: {number: \"…\", date: 2018-06-25, signatory: {position: …, name: …}}\n"
			       : "# document: {number: \"…\", date: 2018-06-25, signatory: {position: …, name: …}}\n");
	(void)buf_puts(out, "\naudience: {keys: ");
	put_keys(out, keys);
	(void)buf_puts(out, "}\nsend: {hours: 09:00-18:00}\nmay_leave: false\n");
	json_decref(keys);
	free(file);
}

static void put_ask(struct writing *w)
{
	const struct folder_plan *plan = w->plan;
	bool ru = plan->lang == LANG_RU;
	struct buf *out = &w->yaml;
	(void)buf_printf(out,
		"\nask:\n"
		"  verb: %s\n"
		"  answer:\n"
		"    - {field: outcome, label: %s, type: choice, options: [%s, %s, %s], required: true}\n"
		"    - {field: moved_to, label: %s, type: date}\n"
		"    - {field: text, label: %s, type: text, required: true}\n"
		"  ways: [%sreply]\n"
		"  remind: [-1wd]\n",
		ru ? "просим" : "please", ru ? "Результат" : "Outcome", outcome_option(OUTCOME_DONE, plan->lang),
		outcome_option(OUTCOME_MOVED, plan->lang), outcome_option(OUTCOME_FAILED, plan->lang),
		ru ? "\"Если перенесено: до какого дня\"" : "\"If moved: until which day\"",
		ru ? "\"Что сделано; если нет, то почему\"" : "\"What was done; if it was not, why\"",
		plan->links ? "link, " : "");
	if (plan->controller != NULL) {
		(void)buf_puts(out, "  escalate: [{after: 1d, to: controller}]\ncontroller: {name: ");
		put_text(out, ru ? "Ответственный за контроль" : "Controller");
		(void)buf_puts(out, ", address: ");
		put_text(out, plan->controller);
		(void)buf_puts(out, "}\n");
	}
}

static char *label_of(const struct writing *w, const struct build_item *item, const char *tail)
{
	const struct roadmap_step *step = &w->build->map->step[item->step];
	char *title = gate_clean_line(step->title, LABEL_MAX_BYTES);
	char *label = xasprintf("%s%s%s%s%s", title, strlen(title) < strlen(step->title) ? "…" : "",
		item->label[0] != '\0' ? ", " : "", item->label, tail);
	free(title);
	return label;
}

static void put_stage(struct writing *w, const struct build_item *item, const char *tail, int32_t day, const char *letter)
{
	char text[DAY_TEXT_SIZE];
	char *label = label_of(w, item, tail);
	(void)buf_puts(&w->yaml, "  - title: ");
	put_text(&w->yaml, label);
	if (day != DAY_NONE)
		(void)buf_printf(&w->yaml, "\n    at: %s 10:00", day_iso(day, text));
	(void)buf_puts(&w->yaml, "\n    audience: {keys: ");
	put_keys(&w->yaml, w->build->who[item->step].keys);
	(void)buf_printf(&w->yaml, "}\n    letter: letters/%s\n", letter);
	free(label);
	w->stages++;
}

/* ---- files --------------------------------------------------------------------------------- */

static int make_folder(const char *path, struct error *e)
{
	return mkdir(path, 0777) == 0 || errno == EEXIST ? 0 : error_errno(e, "%s", path);
}

static int write_file(struct writing *w, const char *name, const char *text, size_t len)
{
	char *path = xasprintf("%s/%s", w->folder, name);
	int rc = -1, fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (w->replace ? O_TRUNC : O_EXCL), 0666);
	if (fd < 0 && errno == EEXIST)
		(void)error_set(w->e, ERROR_CONFLICT, tr("%s exists already (--replace)", "%s уже есть (--replace)"), path);
	else if (fd < 0)
		(void)error_errno(w->e, "%s", path);
	else
		rc = 0;
	for (size_t done = 0; rc == 0 && done < len;) {
		ssize_t n = write(fd, text + done, len - done);
		if (n < 0 && errno != EINTR)
			rc = error_errno(w->e, "%s", path);
		done += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0 && close(fd) != 0 && rc == 0)
		rc = error_errno(w->e, "%s", path);
	free(path);
	return rc;
}

static int write_letter(struct writing *w, const struct build_item *item, const char *kind, const char *text, char name[static 40])
{
	char path[60];
	char *letter = letters_fill(text, w->build, item, w->plan->lang);
	(void)snprintf(name, 40, "%03d-%s.md", item->number, kind);
	(void)snprintf(path, sizeof path, "letters/%s", name);
	int rc = write_file(w, path, letter, strlen(letter));
	free(letter);
	return rc;
}

/* The stages of one occurrence: what is coming, then what came of it; without days a draft that
 * never goes out until somebody gives it a date. */
static int write_item(struct writing *w, size_t i)
{
	const struct build_item *item = &w->build->item[i];
	const struct folder_plan *plan = w->plan;
	const char *before = plan->before != NULL ? plan->before : letters_before(plan->lang);
	const char *result = plan->result != NULL ? plan->result : letters_result(plan->lang, plan->links);
	bool ru = plan->lang == LANG_RU, draft = !item->scheduled && json_array_size(w->build->who[item->step].keys) > 0;
	char name[40], day[DAY_TEXT_SIZE];
	w->rounds[i] = (struct folder_rounds){0, 0};
	if (item->before || draft) {
		if (write_letter(w, item, "before", before, name) != 0)
			return -1;
		put_stage(w, item, draft ? "" : ru ? ": скоро срок" : ": coming up",
			draft ? DAY_NONE : item->timing.before_day, name);
		(void)buf_puts(&w->yaml, "    ask: false\n");
		w->rounds[i].before = w->stages;
	}
	if (!item->ask)
		return 0;
	if (write_letter(w, item, "result", result, name) != 0)
		return -1;
	put_stage(w, item, ru ? ": результат" : ": result", item->timing.ask_day, name);
	(void)buf_printf(&w->yaml, "    deadline: %s 18:00\n", day_iso(item->timing.answer_day, day));
	w->rounds[i].ask = w->stages;
	return 0;
}

int folder_write(const struct build *build, const struct folder_plan *plan, const char *folder, bool replace,
	struct folder_rounds *rounds, struct error *e)
{
	struct writing w = {.build = build, .plan = plan, .folder = folder, .replace = replace, .rounds = rounds, .e = e};
	char *letters = xasprintf("%s/letters", folder);
	bool asks = false;
	int rc = -1;
	for (size_t i = 0; i < build->count; i++)
		asks = asks || build->item[i].ask;
	buf_init(&w.yaml, YAML_MAX_BYTES);
	if (make_folder(folder, e) != 0 || make_folder(letters, e) != 0)
		goto out;
	put_head(&w);
	if (asks)
		put_ask(&w);
	(void)buf_puts(&w.yaml, "\nstages:\n");
	for (size_t i = 0; i < build->count; i++)
		if (write_item(&w, i) != 0)
			goto out;
	if (w.stages == 0) {
		(void)error_set(e, ERROR_INPUT, "%s",
			tr("nobody is to be written to: every step belongs to a department or nobody, or is past",
				"писать некому: все мероприятия – за отделами, ни за кем или уже прошли"));
		goto out;
	}
	if (!buf_ok(&w.yaml)) {
		(void)error_set(e, ERROR_FULL, "%s", tr("the plan is too large", "план слишком велик"));
		goto out;
	}
	rc = write_file(&w, "campaign.yaml", buf_str(&w.yaml), w.yaml.len);
out:
	free(letters);
	buf_fini(&w.yaml);
	return rc;
}
