/* What was typed, into the form; what the pressed button says; saved. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "console/compose/part.h"

const char *pressed(const struct visit *visit)
{
	const char *what = web_value(visit->request, "do");
	return what == NULL ? "" : what;
}

/* ---- values --------------------------------------------------------------------------------- */

/* Browsers send CRLF; ends of lines keep no blanks of a paste. */
static char *clean(const char *text, bool many_lines)
{
	char *out = xstrdup(text), *to = out;
	for (const char *p = text; *p != '\0'; p++)
		if (*p != '\r')
			*to++ = *p;
	*to = '\0';
	if (many_lines)
		return out;
	size_t skip = strspn(out, " \t"), len = strlen(out);
	while (len > skip && (out[len - 1] == ' ' || out[len - 1] == '\t'))
		out[--len] = '\0';
	memmove(out, out + skip, len - skip + 1);
	return out;
}

static void add_lines(json_t *list, const char *text)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");
		char *raw = xstrndup(text, len), *one = clean(raw, false);
		if (one[0] != '\0')
			json_array_append_new(list, json_string(one));
		free(one);
		free(raw);
		text += len + (text[len] == '\n');
	}
}

static void put_value(json_t *form, const char *name, const char *value)
{
	const struct form_member *member = form_member_of(name);
	char *text;
	if (member == NULL)
		return;
	switch (member->kind) {
	case FORM_LINE:
	case FORM_TEXT:
		text = clean(value, member->kind == FORM_TEXT);
		(void)form_put(form, name, json_string(text));
		free(text);
		break;
	case FORM_FLAG:
	case FORM_FLAG_ON:
		(void)form_put(form, name, json_true());
		break;
	case FORM_LINES:
		if (!json_is_array(form_at(form, name)))
			(void)form_put(form, name, json_array());
		text = clean(value, true);
		add_lines(form_at(form, name), text);
		free(text);
		break;
	default:
		break;
	}
}

/* Named by a page because an unchecked box and an empty list say nothing. */
static void put_empty(json_t *form, const char *name)
{
	const struct form_member *member = form_member_of(name);
	if (member == NULL)
		return;
	if (member->kind == FORM_FLAG || member->kind == FORM_FLAG_ON)
		(void)form_put(form, name, json_false());
	else if (member->kind == FORM_LINES)
		(void)form_put(form, name, json_array());
}

/* ---- places that are several fields --------------------------------------------------------------- */

static const char *given(const struct visit *visit, const char *name)
{
	return web_value(visit->request, name);
}

static void join(struct draft *draft, const char *first, const char *second, const char *place, char between)
{
	const char *a = given(draft->visit, first), *b = given(draft->visit, second);
	if (a == NULL && b == NULL)
		return;
	char *x = clean(a == NULL ? "" : a, false), *y = clean(b == NULL ? "" : b, false);
	json_t *whole = x[0] == '\0' && y[0] == '\0' ? json_string("") : y[0] == '\0' ? json_string(x) : json_sprintf("%s%c%s", x, between, y);
	(void)form_put(draft->composition.form, place, whole);
	free(x);
	free(y);
}

static bool is_number(const char *text)
{
	return text[0] != '\0' && strlen(text) <= 4 && text[strspn(text, "0123456789")] == '\0';
}

/* «7, 4 и 1», «7 4 1», «2ч»: days before the deadline unless a unit stands there. */
static void take_remind(struct draft *draft)
{
	static const char between[] = ",; \n";
	const char *value = given(draft->visit, "x.remind");
	if (value == NULL)
		return;
	json_t *list = json_array();
	for (char *rest = clean(value, true), *at = rest; at != NULL; at = NULL) {
		char *save = NULL;
		for (char *word = strtok_r(at, between, &save); word != NULL; word = strtok_r(NULL, between, &save)) {
			if (strcmp(word, "и") == 0 || strcmp(word, "and") == 0)
				continue;
			json_array_append_new(list, json_sprintf(word[0] == '-' ? "%s%s" : "-%s%s", word, is_number(word) || is_number(word + (word[0] == '-')) ? "d" : ""));
		}
		free(rest);
	}
	(void)form_put(draft->composition.form, "ask.remind", list);
}

static void take_days(struct draft *draft, const char *name, const char *value, const char *place)
{
	char *text = clean(value, false);
	(void)name;
	(void)form_put(draft->composition.form, place, is_number(text) ? json_sprintf("%sd", text) : json_string(text));
	free(text);
}

/* ---- buttons ------------------------------------------------------------------------------------------ */

static void add_row(json_t *form, const char *path)
{
	const struct form_member *member = form_member_of(path);
	if (member == NULL || member->kind != FORM_MAPS)
		return;
	if (!json_is_array(form_at(form, path)))
		(void)form_put(form, path, json_array());
	json_t *list = form_at(form, path);
	if (json_is_array(list) && json_array_size(list) < FORM_ROWS_MAX)
		json_array_append_new(list, json_object());
}

static void remove_row(json_t *form, const char *path)
{
	const char *dot = strrchr(path, '.');
	char *list_path = dot == NULL ? NULL : xstrndup(path, (size_t)(dot - path));
	json_t *list = list_path == NULL ? NULL : form_at(form, list_path);
	if (json_is_array(list) && is_number(dot + 1))
		(void)json_array_remove(list, (size_t)atol(dot + 1));
	free(list_path);
}

static void change_key(json_t *form, const char *key, bool add)
{
	json_t *keys = form_at(form, "audience.keys");
	if (!json_is_array(keys))
		(void)form_put(form, "audience.keys", json_array());
	keys = form_at(form, "audience.keys");
	for (size_t i = json_array_size(keys); i-- > 0;)
		if (strcmp(json_string_value(json_array_get(keys, i)), key) == 0)
			(void)json_array_remove(keys, i);
	if (add)
		json_array_append_new(keys, json_string(key));
}

static const char *after(const char *text, const char *begin)
{
	size_t len = strlen(begin);
	return strncmp(text, begin, len) == 0 ? text + len : NULL;
}

static void press(struct draft *draft)
{
	json_t *form = draft->composition.form;
	const char *what = pressed(draft->visit), *rest;
	if ((rest = after(what, "add:")) != NULL)
		add_row(form, rest);
	else if ((rest = after(what, "remove:")) != NULL)
		remove_row(form, rest);
	else if ((rest = after(what, "key:")) != NULL)
		change_key(form, rest, true);
	else if ((rest = after(what, "unkey:")) != NULL)
		change_key(form, rest, false);
	else if ((rest = after(what, "deadline:")) != NULL) {
		const char *old = form_text(form, "ask.deadline"), *time = strchr(old, ' ');
		(void)form_put(form, "ask.deadline", json_sprintf("%s%s", rest, time == NULL ? " 18:00" : time));
	} else if ((rest = after(what, "text:")) != NULL) { /* a letter of ours as a beginning */
		char *path = xasprintf("letters.%s", rest);
		const char *ours = campaign_standard_letter(rest, strcmp(form_text(form, "lang"), "en") == 0 ? LANG_EN : LANG_RU);
		if (form_text(form, path)[0] == '\0')
			(void)form_put(form, path, json_string(ours == NULL ? "# …\n\n…\n" : ours));
		free(path);
	}
}

void take_fields(struct draft *draft)
{
	const struct web_field *field;
	size_t count = web_fields(draft->visit->request, &field);
	json_t *form = draft->composition.form;
	for (size_t i = 0; i < count; i++)
		if (strcmp(field[i].name, "has") == 0)
			put_empty(form, field[i].value);
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(field[i].name);
		if (len > 6 && strcmp(field[i].name + len - 6, ".xdays") == 0) {
			char *place = xasprintf("%.*s.after", (int)len - 6, field[i].name);
			take_days(draft, field[i].name, field[i].value, place);
			free(place);
		} else if (strcmp(field[i].name, "x.collect") == 0) {
			take_days(draft, field[i].name, field[i].value, "ask.collect");
		} else {
			put_value(form, field[i].name, field[i].value);
		}
	}
	join(draft, "x.send.date", "x.send.time", "send.at", ' ');
	join(draft, "x.send.from", "x.send.to", "send.hours", '-');
	join(draft, "x.ask.date", "x.ask.time", "ask.deadline", ' ');
	take_remind(draft);
	press(draft);
	form_tidy(form);
}

/* ---- saving ------------------------------------------------------------------------------------------- */

struct saving {
	struct draft *draft;
	enum draft_step step;
	int64_t version;
	int (*more)(struct draft *draft, struct db *tx, struct error *e);
	bool audited;
};

static int save(void *arg, struct db *tx, struct error *e)
{
	struct saving *s = arg;
	struct composition *c = &s->draft->composition;
	if (compose_save(tx, c->slug, s->version, c->form, s->draft->visit->visitor->actor, e) != 0)
		return -1;
	if (s->more != NULL && s->more(s->draft, tx, e) != 0)
		return -1;
	if (!s->audited)
		return 0;
	char subject[120];
	snprintf(subject, sizeof subject, "draft:%s", c->slug);
	return console_audit(s->draft->visit, tx, "draft.change", subject,
		json_pack("{s:s, s:I}", "step", draft_paths[s->step], "version", (json_int_t)s->version + 1), NULL, e);
}

/* Both texts: what stands in the store now, beside what was typed. */
static void note_theirs(struct draft *draft, const struct composition *stored)
{
	const struct web_field *field;
	size_t count = web_fields(draft->visit->request, &field);
	draft->theirs = json_array();
	for (size_t i = 0; i < count; i++) {
		const struct form_member *member = form_member_of(field[i].name);
		if (member == NULL || (member->kind != FORM_LINE && member->kind != FORM_TEXT))
			continue;
		const char *theirs = form_text(stored->form, field[i].name), *mine = form_text(draft->composition.form, field[i].name);
		if (strcmp(theirs, mine) != 0)
			json_array_append_new(draft->theirs, json_pack("{s:s, s:s, s:b}", "place", field[i].name, "text", theirs, "long", strlen(theirs) > 80));
	}
}

static void show_conflict(struct draft *draft, enum draft_step step, const struct error *e)
{
	struct composition stored;
	struct error ignored;
	static _Thread_local char who[sizeof ((struct error *)0)->text];
	if (compose_read(draft->visit->db, draft->composition.slug, &stored, &ignored) != DB_ROW) {
		console_error(draft->visit, e);
		return;
	}
	note_theirs(draft, &stored);
	draft->composition.version = stored.version;
	snprintf(who, sizeof who, "%s", e->text);
	draft->conflict = who;
	composition_fini(&stored);
	show_step(draft, step, 409);
}

static bool overtaken(const struct draft *draft, int64_t version)
{
	int64_t stored;
	struct error e;
	return db_query_int(draft->visit->db, &stored, &e, "SELECT version FROM composition WHERE slug = $1", "s", draft->composition.slug) == DB_ROW &&
	       stored != version;
}

/* What was typed is saved while it is typed: when a button is pressed at that very moment, the page does not know
 * yet that its own text was kept. */
#define ECHO_MS 10000

static bool own_echo(const struct draft *draft, int64_t version)
{
	struct composition stored;
	struct error e;
	if (compose_read(draft->visit->db, draft->composition.slug, &stored, &e) != DB_ROW)
		return false;
	bool own = stored.version == version + 1 && strcmp(stored.changed_by, draft->visit->visitor->actor) == 0 &&
		   clock_now_ms() - stored.changed_ms < ECHO_MS;
	composition_fini(&stored);
	return own;
}

bool take_and_save(struct draft *draft, enum draft_step step, int (*more)(struct draft *draft, struct db *tx, struct error *e))
{
	struct error e = {0};
	const char *version = web_value(draft->visit->request, "version");
	struct saving s = {draft, step, version == NULL ? draft->composition.version : strtoll(version, NULL, 10), more,
		!console_wants_piece(draft->visit)};
	take_fields(draft);
	int rc = console_transaction(draft->visit, save, &s, &e);
	if (rc != 0 && e.code == ERROR_CONFLICT && !e.retriable && own_echo(draft, s.version)) {
		s.version++;
		e = (struct error){0};
		rc = console_transaction(draft->visit, save, &s, &e);
	}
	if (rc == 0) {
		draft->composition.version = s.version + 1;
		return true;
	}
	if (e.code == ERROR_CONFLICT && !e.retriable && overtaken(draft, s.version))
		show_conflict(draft, step, &e);
	else if (e.code == ERROR_INPUT || (e.code == ERROR_CONFLICT && !e.retriable)) { /* a name that is taken */
		problem_add(&draft->problems, PROBLEM_ERROR, (struct problem_place){.field = e.code == ERROR_CONFLICT ? "slug" : step == STEP_AUDIENCE ? "data" : step == STEP_DATES ? "ask" : step == STEP_TEXT ? "yaml" : "attachments"}, NULL, "%s", e.text);
		show_step(draft, step, 422);
	} else
		console_error(draft->visit, &e);
	return false;
}

void go_on(struct draft *draft, enum draft_step step)
{
	const char *what = pressed(draft->visit), *rest;
	bool own = form_text(draft->composition.form, "yaml")[0] != '\0';
	enum draft_step next = own ? STEP_CHECK : step < STEP_CHECK ? step + 1 : STEP_CHECK;
	char *url = draft_url(draft, strcmp(what, "next") == 0 ? next : step), *whole = NULL;
	if ((rest = after(what, "add:")) != NULL || (rest = after(what, "remove:")) != NULL) {
		size_t len = strcspn(rest, ".");
		len += rest[len] == '.' ? strcspn(rest + len + 1, ".") + 1 : 0;
		whole = xasprintf("%s#%.*s", url, (int)len, rest);
	} else if (strcmp(what, "find") == 0 || after(what, "key:") != NULL) {
		whole = xasprintf("%s#keys", url);
	} else if (after(what, "deadline:") != NULL) {
		whole = xasprintf("%s#calendar", url);
	} else if ((rest = after(what, "text:")) != NULL) {
		whole = xasprintf("%s#letters.%s", url, rest);
	}
	if (whole != NULL)
		web_redirect(draft->visit->request, whole);
	else
		console_done(draft->visit, url, tr("Saved.", "Сохранено."));
	free(whole);
	free(url);
}
