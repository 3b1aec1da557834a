/* Handing out what is stored of one person. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "control/note.h"
#include "person/inside.h"
#include "store/again.h"

#define VALUE_SHOWN_BYTES 4000 /* on the page; JSON has all of it */
#define PIECE 100000

static void escape(FILE *out, const char *text, size_t most)
{
	for (size_t i = 0; text[i] != '\0' && i < most; i++)
		switch (text[i]) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc(text[i], out);
		}
}

struct writing {
	FILE *out;
	bool html;
	int64_t count;
	const char *source; /* the one whose rows are being written */
};

static void begin(struct writing *w, const struct person *person)
{
	const char *known = person->address != NULL ? person->address : person->name;
	char now[CLOCK_RFC3339_SIZE];
	(void)clock_rfc3339(clock_now_ms(), now);
	if (!w->html) {
		json_t *of = json_pack("{s:s?, s:s?, s:s?}", "address", person->address, "name", person->name, "organisation",
			person->organisation);
		fputs("{\"person\":", w->out);
		json_dumpf(of, w->out, JSON_COMPACT);
		fprintf(w->out, ",\"made\":\"%s\",\"found\":[", now);
		json_decref(of);
		return;
	}
	fprintf(w->out,
		"<!DOCTYPE html>\n<html lang=\"%s\">\n<head><meta charset=\"utf-8\"><title>%s</title>"
		"<style>body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
		"dt{color:#555}dd{margin:0 0 .5rem;white-space:pre-wrap;overflow-wrap:anywhere}"
		"section{border-top:1px solid #ccc;padding:.5rem 0}</style></head>\n<body><h1>%s</h1><p>",
		lang_get() == LANG_RU ? "ru" : "en", tr("Stored personal data", "Хранимые персональные данные"),
		tr("Stored personal data", "Хранимые персональные данные"));
	escape(w->out, known, strlen(known));
	fprintf(w->out, ", %s</p>\n", now);
}

static void html_row(struct writing *w, const struct person_finding *f)
{
	if (w->source == NULL || strcmp(w->source, f->source) != 0)
		fprintf(w->out, "<h2>%s</h2>\n", f->words);
	fputs("<section><dl>", w->out);
	if (f->organisation[0] != '\0') {
		fprintf(w->out, "<dt>%s</dt><dd>", tr("Organisation", "Организация"));
		escape(w->out, f->organisation, SIZE_MAX);
		fputs("</dd>", w->out);
	}
	for (size_t c = 0; c < PERSON_COLUMNS && f->names[c] != NULL; c++) {
		if (f->values[c] == NULL || f->values[c][0] == '\0')
			continue;
		fprintf(w->out, "<dt>%s</dt><dd>", f->names[c]);
		escape(w->out, f->values[c], VALUE_SHOWN_BYTES);
		fputs("</dd>", w->out);
	}
	fputs("</dl></section>\n", w->out);
}

static void json_row(struct writing *w, const struct person_finding *f)
{
	json_t *key = json_array(), *values = json_object();
	for (size_t k = 0; k < PERSON_KEYS && f->keys[k] != NULL; k++)
		json_array_append_new(key, json_string(f->keys[k]));
	for (size_t c = 0; c < PERSON_COLUMNS && f->names[c] != NULL; c++) {
		json_t *value = f->values[c] == NULL ? NULL : json_string(f->values[c]);
		json_object_set_new(values, f->names[c],
			value != NULL ? value : f->values[c] == NULL ? json_null() : json_string(tr("(not text)", "(не текст)")));
	}
	json_t *row = json_pack("{s:s, s:s, s:o, s:o}", "source", f->source, "organisation", f->organisation, "key", key, "values", values);
	if (w->count > 0)
		fputc(',', w->out);
	fputc('\n', w->out);
	json_dumpf(row, w->out, JSON_COMPACT);
	json_decref(row);
}

static int write_row(void *arg, const struct person_finding *finding)
{
	struct writing *w = arg;
	if (w->html)
		html_row(w, finding);
	else
		json_row(w, finding);
	w->source = finding->source;
	w->count++;
	return 0;
}

static void end(struct writing *w, const struct settings *settings)
{
	json_t *beyond = person_beyond(settings), *one;
	size_t i;
	if (!w->html) {
		fputs("\n],\"beyond\":", w->out);
		json_dumpf(beyond, w->out, JSON_COMPACT);
		fputs("}\n", w->out);
	} else {
		fprintf(w->out, "%s<h2>%s</h2><ul>", w->count == 0 ? tr("<p>Nothing was found.</p>", "<p>Ничего не найдено.</p>") : "",
			tr("Where this search does not reach", "Куда этот поиск не достаёт"));
		json_array_foreach(beyond, i, one) {
			fputs("<li>", w->out);
			escape(w->out, json_string_value(one), SIZE_MAX);
			fputs("</li>", w->out);
		}
		fputs("</ul></body></html>\n", w->out);
	}
	json_decref(beyond);
}

struct handed_out {
	const struct orderer *who;
	const struct person *person;
	int64_t count;
};

static int note(void *arg, struct db *tx, struct error *e)
{
	const struct handed_out *h = arg;
	return note_write(h->who, tx, "person.export", "person:one", json_pack("{s:I}", "rows", (json_int_t)h->count),
		json_pack("{s:s?, s:s?}", "address", h->person->address, "name", h->person->name), e);
}

int person_export(const struct orderer *who, struct db *db, const struct person *person, bool html, FILE *out,
	int64_t *count, struct error *e)
{
	struct writing w = {.out = out, .html = html};
	struct person_walk walk = {0};
	int rc = 0;
	begin(&w, person);
	while (rc == 0 && !walk.done)
		rc = person_find(db, person, &walk, PIECE, write_row, &w, e);
	end(&w, who->settings);
	*count = w.count;
	if (rc == 0 && (fflush(out) != 0 || ferror(out)))
		rc = error_errno(e, "%s", tr("cannot write the file", "файл не записан"));
	return rc != 0 ? -1 : again_transact(db, note, &(struct handed_out){who, person, w.count}, e);
}
