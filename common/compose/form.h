/* The form of a campaign being written (composition.form): JSON that says what campaign.yaml says
 * (docs/reference/campaign.md has the meaning of each word), as pages and programs fill it in. Everything may
 * be missing; what is "" or empty counts as not given, so that half a form can be kept. Values are text
 * ("2023-05-30 18:00", "-7d", "202") or true/false; a whole number is taken where text is wanted.
 *
 * {"title": "…", "organisation": "…", "lang": "ru"|"en", "zone": "Europe/Moscow",
 *  "from": {"name", "address"}, "reply_to": "…",
 *  "document": {"number", "date", "signatory": {"position", "name", "phone", "address"},
 *               "performer": {the same}, "based_on": ["…"], "certificate": {"from", "to", "serial", "owner"},
 *               "in_subject": false},          a date without a number is a warning: it comes when it is registered
 *  "follows": slug of a launched campaign, or words «на № … от …»,
 *  "contacts": [{"role", "name", "phone", "address"}],
 *  "controller": {"position", "name", "phone", "address"},
 *  "data": [{"name": "monitoring", "file": a file of the composition, "missing": "error"|"skip"|"empty",
 *            "by": "key"|"region"|"municipality", "key": title of the key's column, "sheet", "encoding"}],
 *  "audience": {"everybody": false, "kinds": […], "regions": […], "municipalities": […], "keys": […],
 *               "list": {"file", "key", "sheet", "encoding"}, "roles": ["coordinator"],
 *               "conditions": [{"field": "monitoring.registered", "is": "<", "value": "10"}],
 *                    is: < <= > >= = !=, or yes / no (the field by itself: not empty; the states answered,
 *                    acknowledged, delivered of the campaign in "follows")
 *               "any": false,                   true: one of the conditions is enough
 *               "where": "…"},                  further conditions in words; must hold, too
 *  "letters": {"first": Markdown, "reminder", "collect", "collect_reminder", "acknowledge", "correction",
 *              "recall", "postponed"},          the texts themselves; without one our own words are sent
 *  "attachments": [{"file": a file of the composition, "name", "title", "media_type", "signature"}],
 *  "send": {"at": "2023-05-15 10:00", "local": false, "hours": "09:00-18:00", "until"},
 *  "rate": "1000/h", "may_leave": true, "hold": false,
 *  "ask": {"wanted": true,                      false: nothing is asked; the rest is kept
 *          "verb": "просим",
 *          "answer": [{"field": "registered", "label", "type": "count", "required": false, "options": […],
 *                      "columns": [{"field", "label", "type", "required", "options"}]}],
 *               field missing: made from the label
 *          "ways": ["link", "reply", "sheet"], "deadline": "2023-05-30 18:00", "zone",
 *          "if_day_off": "next"|"previous"|"keep", "remind": ["-7d", "-4d", "-1d"],
 *          "through": "municipality", "collect": "3d", "collect_kinds": […],
 *          "escalate": [{"after": "1d", "to": "parent"|"controller"|address}],
 *          "report": {"to": […], "formats": ["xlsx", "html", "csv", "json"], "webhook": false}},
 *  "acknowledge": {"wanted": true, "persons": [{"name", "position", "address"}], "roles": […]},
 *  "publish": {"page": false, "feed": false, "attachments": true},
 *  -- what the form cannot say (rounds, stages): --
 *  "yaml": the whole campaign.yaml; everything above counts for nothing then,
 *  "texts": {"letter.md": Markdown, …}}         files it names, which people write; others are files
 *
 * A path names a place in it: "ask.answer.0.label", "letters.first", "slug" (of the composition). */
#ifndef VESTNIK_COMPOSE_FORM_H
#define VESTNIK_COMPOSE_FORM_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/lang.h"

#define FORM_MAX_BYTES (1024 * 1024) /* as JSON; YAML_FILE_MAX_BYTES is as much */
#define FORM_ROWS_MAX 500            /* of one list; the folder's reader has tighter limits */

enum form_kind {
	FORM_LINE,    /* one line of text */
	FORM_TEXT,    /* text of many lines */
	FORM_FLAG,    /* false when missing */
	FORM_FLAG_ON, /* true when missing */
	FORM_LINES,   /* [line] */
	FORM_MAP,     /* {members} */
	FORM_MAPS,    /* [{members}] */
	FORM_TEXTS    /* {any name: text} */
};
struct form_member {
	const char *name;
	enum form_kind kind;
	const struct form_member *members; /* ends with name NULL */
};
extern const struct form_member form_members[];
/* Of a path; numbers are rows: "contacts.0.role". NULL: there is no such place. */
const struct form_member *form_member_of(const char *path);

/* What a person begins with. New reference. */
json_t *form_new(const char *title, enum lang lang);
/* Is it a form? ERROR_INPUT says where it is not and what would be right. */
int form_check(const json_t *form, struct error *e);
/* A list's row or a member; NULL: not there. Borrowed. */
json_t *form_at(const json_t *form, const char *path);
/* The text there, "" when there is none. Whole numbers are not text yet: form_tidy. */
const char *form_text(const json_t *form, const char *path);
bool form_flag(const json_t *form, const char *path);
/* Sets what stands at the path (value is taken over); maps on the way are made, a row must exist or be the
 * next one. -1: no such place. */
int form_put(json_t *form, const char *path, json_t *value);
/* Numbers become text, names of fields are made from their labels, empty rows at the end stay. */
void form_tidy(json_t *form);

/* Its files of letters: "first" → "letter.md"; NULL: no letter of that name. */
const char *form_letter_file(const char *letter);
extern const char *const form_letters[]; /* first, reminder …; NULL-terminated */

/* «О результатах конкурса» → "o-rezultatah-konkursa": fit for gate_slug, at most 40 bytes; "campaign" when
 * nothing is left. */
#define FORM_SLUG_SIZE 65
const char *form_slug(const char *title, char out[static FORM_SLUG_SIZE]);
/* The same with '_' for a field's name. */
const char *form_field_name(const char *label, char out[static FORM_SLUG_SIZE]);

#endif
