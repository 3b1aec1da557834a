#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "report/words.h"
#include "report/write.h"

static json_t *number(double n)
{
	if (!isfinite(n))
		return json_null();
	return fabs(n) < 9e15 && fabs(n - nearbyint(n)) < 1e-9 ? json_integer((json_int_t)nearbyint(n)) : json_real(n);
}

static json_t *moment(int64_t time_ms)
{
	char text[CLOCK_RFC3339_SIZE];
	return time_ms == 0 ? json_null() : json_string(clock_rfc3339(time_ms, text));
}

/* {"registered": 120, "done": {"yes": 3, "no": 1}} */
static json_t *sums(const struct report_facts *facts, const double *sum)
{
	json_t *all = json_object();
	for (size_t i = 0; i < facts->columns; i++) {
		const struct report_column *f = &facts->column[i];
		if (f->kind == REPORT_NUMBER)
			json_object_set_new(all, f->name, number(sum[f->slot]));
		if (f->kind != REPORT_CHOICE)
			continue;
		json_t *choices = json_object();
		for (size_t c = 0; c < f->slots; c++)
			json_object_set_new(choices, f->choice[c], number(sum[f->slot + c]));
		json_object_set_new(all, f->name, choices);
	}
	return all;
}

static void put_totals(json_t *to, const struct report_facts *facts, const struct report_totals *t)
{
	json_object_set_new(to, "asked", json_integer(totals_expected(t)));
	json_object_set_new(to, "answered", json_integer(totals_answered(t)));
	json_object_set_new(to, "confirmed", json_integer(t->confirmed));
	json_object_set_new(to, "partial", json_integer(t->partial));
	json_object_set_new(to, "received", json_integer(t->received));
	json_object_set_new(to, "silent", json_integer(totals_silent(t)));
	json_object_set_new(to, "undelivered", json_integer(t->undelivered));
	json_object_set_new(to, "late", json_integer(t->late));
	json_object_set_new(to, "differing", json_integer(t->discrepancies));
	json_object_set_new(to, "sums", sums(facts, t->sum));
	if (facts->below_rows > 0)
		json_object_set_new(to, "below", json_pack("{s:I, s:I, s:o}", "asked", (json_int_t)t->below, "answered",
							 (json_int_t)t->below_answered, "sums", sums(facts, t->below_sum)));
	if (facts->all.previous_asked > 0)
		json_object_set_new(to, "previous", json_pack("{s:I, s:I, s:o}", "asked", (json_int_t)t->previous_asked,
							    "answered", (json_int_t)t->previous_answered, "sums",
							    sums(facts, t->previous)));
}

static json_t *head(const struct report_facts *facts)
{
	json_t *object = json_pack("{s:s, s:s, s:I, s:s?, s:o, s:o, s:s?}", "campaign", facts->slug, "title",
		facts->title, "round", (json_int_t)facts->round_number, "label", facts->round_label, "deadline",
		moment(facts->deadline_ms), "made", moment(facts->made_ms), "previous_label", facts->previous_label);
	if (object == NULL)
		object = json_object(); /* a title that is no UTF-8 */
	json_t *fields = json_array();
	for (size_t i = 0; i < facts->columns; i++)
		json_array_append_new(fields, json_pack("{s:s, s:s}", "field", facts->column[i].name, "label",
						      facts->column[i].label));
	json_object_set_new(object, "fields", fields);
	put_totals(object, facts, &facts->all);
	if (facts->acknowledgements > 0)
		json_object_set_new(object, "acknowledged", json_pack("{s:I, s:I}", "expected",
								    (json_int_t)facts->acknowledgements, "done",
								    (json_int_t)facts->acknowledged));
	return object;
}

static json_t *group(const struct report_facts *facts, const struct report_group *g)
{
	json_t *object = json_object();
	json_object_set_new(object, "region", json_string(g->region));
	json_object_set_new(object, "municipality", json_string(g->municipality));
	put_totals(object, facts, &g->totals);
	return object;
}

static json_t *value(const struct report_column *f, const struct report_value *v)
{
	if (f->kind == REPORT_NUMBER)
		return number(v->number);
	if (f->kind == REPORT_TABLE)
		return json_loads(v->text, 0, NULL);
	return json_string(v->text);
}

/* For a webhook: tables name persons (winners, those who accompany them). */
static json_t *public_value(const struct report_column *f, const struct report_value *v)
{
	json_t *whole = value(f, v);
	if (f->kind != REPORT_TABLE)
		return whole;
	json_t *rows = json_integer((json_int_t)json_array_size(whole));
	json_decref(whole);
	return rows;
}

/* No names, phones: what goes to webhooks are figures. persons: for files. */
static json_t *row_json(const struct report_facts *facts, const struct report_row *row, bool persons)
{
	json_t *object = json_object(), *fields = json_object();
	const struct report_below *below = facts_below(facts, row->ask);
	json_object_set_new(object, "key", json_string(row->key));
	json_object_set_new(object, "name", json_string(row->name));
	json_object_set_new(object, "region", json_string(row->region));
	json_object_set_new(object, "municipality", json_string(row->municipality));
	json_object_set_new(object, "level", json_integer(row->level));
	json_object_set_new(object, "state", json_string(ask_state_name(row->state)));
	for (size_t i = 0; i < facts->columns; i++)
		if (row->value[i].text[0] != '\0')
			json_object_set_new(fields, facts->column[i].name,
				(persons ? value : public_value)(&facts->column[i], &row->value[i]));
	json_object_set_new(object, "fields", fields);
	if (below != NULL)
		json_object_set_new(object, "below", json_pack("{s:I, s:I, s:o}", "asked", (json_int_t)below->asked,
							     "answered", (json_int_t)below->answered, "sums",
							     sums(facts, below->sum)));
	if (row->at_ms != 0) {
		json_object_set_new(object, "received", moment(row->at_ms));
		json_object_set_new(object, "way", json_string(row->way));
		json_object_set_new(object, "late", json_boolean(row->late));
	}
	if (row->discrepancy)
		json_object_set_new(object, "differs", json_true());
	if (row->trouble != REPORT_REACHED)
		json_object_set_new(object, "trouble", json_string(row->trouble == REPORT_UNDELIVERED ? "undelivered"
							       : row->trouble == REPORT_NOT_SENT      ? "not-sent"
												      : "no-letter"));
	if (persons && row->by_name[0] != '\0')
		json_object_set_new(object, "by", json_string(row->by_name));
	if (persons && row->by_phone[0] != '\0')
		json_object_set_new(object, "phone", json_string(row->by_phone));
	if (persons && row->note[0] != '\0')
		json_object_set_new(object, "note", json_string(row->note));
	return object;
}

json_t *json_totals(const struct report_facts *facts)
{
	json_t *object = head(facts), *groups = json_array();
	for (size_t i = 0; i < facts->groups; i++)
		json_array_append_new(groups, group(facts, &facts->group[i]));
	json_object_set_new(object, "groups", groups);
	return object;
}

void json_write(FILE *out, const struct report_facts *facts)
{
	struct report_row *row = xcalloc(1, sizeof *row);
	json_t *object = json_totals(facts);
	char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(15));
	size_t len = strlen(text);
	(void)fwrite(text, 1, len - 1, out); /* without its brace: rows follow one by one */
	free(text);
	json_decref(object);
	(void)fputs(",\"rows\":[", out);
	for (int below = 0; below < 2; below++)
		for (size_t i = 0; i < (below ? facts->below_rows : facts->rows); i++) {
			facts_row(facts, below, i, row);
			object = row_json(facts, row, true);
			(void)fputs(i > 0 || (below && facts->rows > 0) ? "," : "", out);
			(void)json_dumpf(object, out, JSON_COMPACT | JSON_REAL_PRECISION(15));
			json_decref(object);
		}
	(void)fputs("]}\n", out);
	free(row);
}

static size_t size_of(const json_t *object)
{
	return json_dumpb(object, NULL, 0, JSON_COMPACT | JSON_REAL_PRECISION(15));
}

/* Appends what make() gives for 0 … count-1 while all of it fits. */
struct list {
	const struct report_facts *facts;
	struct report_row *row;
	bool below;
};
static json_t *nth_group(const struct list *list, size_t i)
{
	return group(list->facts, &list->facts->group[i]);
}
static json_t *nth_row(const struct list *list, size_t i)
{
	facts_row(list->facts, list->below, i, list->row);
	return row_json(list->facts, list->row, false);
}

static bool fill(json_t *array, const struct list *list, json_t *(*nth)(const struct list *, size_t), size_t count,
	size_t *left)
{
	for (size_t i = 0; i < count; i++) {
		json_t *item = nth(list, i);
		size_t size = size_of(item) + 1;
		if (size > *left) {
			json_decref(item);
			return false;
		}
		*left -= size;
		json_array_append_new(array, item);
	}
	return true;
}

/* Totals of very many fields with very long labels. */
static void shorten(json_t *object, size_t most)
{
	static const char *const parts[] = {"fields", "previous", "below", "sums"};
	for (size_t i = 0; i < sizeof parts / sizeof parts[0] && size_of(object) > most; i++) {
		json_object_set_new(object, "truncated", json_true());
		if (strcmp(parts[i], "sums") == 0)
			json_object_set_new(object, "sums", json_object());
		else
			json_object_del(object, parts[i]);
	}
}

json_t *json_event(const struct report_facts *facts, size_t most)
{
	struct list list = {facts, xcalloc(1, sizeof *list.row), false};
	json_t *object = head(facts), *groups = json_array(), *rows = json_array();
	json_object_set_new(object, "truncated", json_false());
	json_object_set_new(object, "groups", groups);
	json_object_set_new(object, "rows", rows);
	shorten(object, most);
	size_t size = size_of(object), left = size < most ? most - size : 0;
	bool whole = fill(groups, &list, nth_group, facts->groups, &left);
	whole = whole && fill(rows, &list, nth_row, facts->rows, &left);
	list.below = true;
	whole = whole && fill(rows, &list, nth_row, facts->below_rows, &left);
	if (!whole) /* or shorten did */
		json_object_set_new(object, "truncated", json_true());
	free(list.row);
	return object;
}
