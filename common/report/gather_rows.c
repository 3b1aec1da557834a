/* Rows by pages of organisations: first what became of their letters, then their asks with answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "message/status.h"
#include "report/gather.h"

#define PAGE 1000       /* organisations a transaction: some 30 ms */
#define STEPS_MAX 64    /* letters of a round */
#define REASON_MAX 160  /* bytes of the mail system's words */

/* ---- letters ---------------------------------------------------------------------- */

struct reach { /* by organisation, ascending */
	int64_t organisation;
	int worst;           /* state of a letter that did not arrive; -1 = none */
	bool arrived;        /* or on its way */
	char reason[REASON_MAX + 1];
};
struct page {
	int64_t after, last;
	struct reach *reach; /* PAGE of them */
	size_t count;
	char *keys;          /* their ids as JSON, where they stand far apart (below_of) */
	int64_t step[STEPS_MAX];
	size_t steps;
};

static int find_steps(struct gather *g, struct page *page, struct error *e)
{
	int64_t step = -1;
	enum db_step found = DB_ROW;
	while (found == DB_ROW && page->steps < STEPS_MAX) {
		/* one look into the index each, however many letters there are */
		found = db_query_int(g->db, &step, e,
			"SELECT step FROM delivery WHERE round = $1 AND step > $2 ORDER BY step LIMIT 1", "ii", g->round, step);
		if (found == DB_ROW)
			page->step[page->steps++] = step;
	}
	return found == DB_FAILED ? -1 : 0;
}

static struct reach *reach_of(struct page *page, int64_t organisation)
{
	size_t low = 0, high = page->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (page->reach[middle].organisation < organisation)
			low = middle + 1;
		else
			high = middle;
	}
	return low < page->count && page->reach[low].organisation == organisation ? &page->reach[low] : NULL;
}

static void take_letter(struct page *page, struct db_stmt *row)
{
	struct reach *reach = reach_of(page, db_int(row, 0));
	int state = (int)db_int(row, 1);
	const char *reason = db_text(row, 2);
	if (reach == NULL)
		return;
	if (state < DELIVERY_BOUNCED) {
		reach->arrived = true;
	} else if (reach->worst < 0 || state < reach->worst) { /* a bounce says more than a suppression */
		reach->worst = state;
		snprintf(reach->reason, sizeof reach->reason, "%s", reason == NULL ? "" : reason);
		gate_utf8_mend(reach->reason);
	}
}

static int read_letters(struct gather *g, struct page *page, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step = DB_DONE;
	for (size_t i = 0; i < page->steps && step == DB_DONE; i++) {
		int rc = page->keys != NULL
			? db_query(g->db, &stmt, e,
				  "SELECT recipient, state, reason FROM delivery WHERE round = $1 AND step = $2"
				  " AND recipient IN (SELECT key FROM @KEYS($3))", "iis", g->round, page->step[i], page->keys)
			: db_query(g->db, &stmt, e,
				  "SELECT recipient, state, reason FROM delivery WHERE round = $1 AND step = $2"
				  " AND recipient > $3 AND recipient <= $4", "iiii", g->round, page->step[i], page->after,
				  page->last);
		if (rc != 0)
			return -1;
		while ((step = db_step(stmt, e)) == DB_ROW)
			take_letter(page, stmt);
	}
	return step == DB_FAILED ? -1 : 0;
}

static void page_keys(struct page *page)
{
	struct buf keys;
	buf_init(&keys, PAGE * 24 + 8);
	for (size_t i = 0; i < page->count; i++)
		(void)buf_printf(&keys, "%s%lld", i == 0 ? "[" : ",", (long long)page->reach[i].organisation);
	(void)buf_puts(&keys, page->count == 0 ? "[]" : "]");
	free(page->keys);
	page->keys = buf_take(&keys);
}

static int read_page(struct gather *g, struct page *page, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	page->count = 0;
	int rc = g->below_of != 0
		? db_query(g->db, &stmt, e,
			  "SELECT o.id FROM organisation o WHERE o.parent_key = (SELECT m.key FROM organisation m WHERE m.id = $3)"
			  " AND o.id > $2 AND EXISTS (SELECT 1 FROM ask a WHERE a.round = $1 AND a.organisation = o.id)"
			  " ORDER BY o.id LIMIT $4", "iiii", g->round, page->after, g->below_of, (int64_t)PAGE)
		: db_query(g->db, &stmt, e,
			  "SELECT organisation FROM ask WHERE round = $1 AND organisation > $2 ORDER BY organisation LIMIT $3",
			  "iii", g->round, page->after, (int64_t)PAGE);
	if (rc != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		page->last = db_int(stmt, 0);
		page->reach[page->count++] = (struct reach){.organisation = page->last, .worst = -1};
	}
	if (g->below_of != 0)
		page_keys(page);
	return step == DB_FAILED ? -1 : 0;
}

static void take_reach(struct page *page, struct report_row *row)
{
	const struct reach *reach = reach_of(page, row->organisation);
	if (reach == NULL || reach->arrived)
		return;
	row->trouble = reach->worst < 0 ? REPORT_NO_LETTER
		: reach->worst <= DELIVERY_FAILED ? REPORT_UNDELIVERED
						  : REPORT_NOT_SENT;
	row->trouble_text = reach->reason;
}

/* ---- answers ------------------------------------------------------------------------ */

/* Texts made for one row. */
struct words {
	char *text[2 * REPORT_COLUMNS_MAX];
	size_t count;
};

static const char *keep(struct words *words, char *text)
{
	words->text[words->count++] = text;
	return text;
}

static char *joined(const json_t *array)
{
	struct buf b;
	const json_t *item;
	size_t i;
	buf_init(&b, 64 * 1024);
	json_array_foreach(array, i, item)
	{
		const char *text = json_is_string(item) ? json_string_value(item)
							: json_string_value(json_object_get(item, "name"));
		if (text != NULL && b.len + strlen(text) + 1 < b.max) {
			(void)buf_puts(&b, b.len > 0 ? "\n" : "");
			(void)buf_puts(&b, text);
		}
	}
	return buf_take(&b);
}

static void take_value(const struct report_column *column, const json_t *value, struct words *words,
	struct report_value *out)
{
	*out = (struct report_value){.text = ""};
	if (value == NULL || json_is_null(value))
		return;
	if (column->kind == REPORT_NUMBER) {
		if (!json_is_number(value))
			return;
		out->number = json_number_value(value);
		out->text = "1"; /* there is one */
	} else if (json_is_string(value)) {
		out->text = json_string_value(value);
	} else if (column->kind == REPORT_TABLE && json_is_array(value)) {
		out->text = keep(words, json_dumps(value, JSON_COMPACT));
	} else if (json_is_array(value)) {
		out->text = keep(words, joined(value));
	}
}

static void take_values(const struct report_facts *facts, const json_t *fields, const json_t *previous,
	struct words *words, struct report_row *row)
{
	for (size_t i = 0; i < facts->columns; i++) {
		const struct report_column *column = &facts->column[i];
		take_value(column, json_object_get(fields, column->name), words, &row->value[i]);
		row->previous[i] = (struct report_value){.text = ""};
		if (column->kind == REPORT_NUMBER || column->kind == REPORT_CHOICE)
			take_value(column, json_object_get(previous, column->name), words, &row->previous[i]);
	}
}

static const char *or_empty(const char *text)
{
	return text == NULL ? "" : text;
}

static enum ask_state state_of(const char *name)
{
	enum ask_state state = ASK_OPEN;
	if (name != NULL)
		(void)ask_state_parse(name, &state);
	return state;
}

static int take_row(struct gather *g, struct page *page, struct db_stmt *stmt, struct report_row *row,
	struct error *e)
{
	struct words words = {.count = 0};
	row->ask = db_int(stmt, 0);
	row->parent_ask = db_int(stmt, 1);
	row->organisation = db_int(stmt, 2);
	row->level = g->below_of == 0 ? (int)db_int(stmt, 3) : 0; /* seen from above they are all the same */
	row->state = state_of(db_text(stmt, 4));
	row->discrepancy = (db_int(stmt, 5) & ASK_TROUBLE_DIFFERS) != 0;
	row->versions = db_int(stmt, 6);
	row->key = or_empty(db_text(stmt, 7));
	row->name = or_empty(db_text(stmt, 8));
	row->region = or_empty(db_text(stmt, 9));
	row->municipality = or_empty(db_text(stmt, 10));
	row->previous_asked = !db_is_null(stmt, 18);
	row->previous_state = state_of(db_text(stmt, 18));
	bool any = row->state != ASK_OPEN && !db_is_null(stmt, 11);
	row->way = any ? or_empty(db_text(stmt, 11)) : "";
	row->by_name = any ? or_empty(db_text(stmt, 12)) : "";
	row->by_phone = any ? or_empty(db_text(stmt, 13)) : "";
	row->note = any ? or_empty(db_text(stmt, 14)) : "";
	row->late = any && db_int(stmt, 15) != 0;
	row->at_ms = any ? db_int(stmt, 16) : 0;
	row->trouble = REPORT_REACHED;
	row->trouble_text = "";
	take_reach(page, row);
	json_t *fields = db_is_null(stmt, 17) ? NULL : json_loads(db_text(stmt, 17), 0, NULL);
	json_t *previous = db_is_null(stmt, 19) ? NULL : json_loads(db_text(stmt, 19), 0, NULL);
	take_values(g->facts, fields, previous, &words, row);
	int rc = facts_add(g->facts, row, e);
	json_decref(fields);
	json_decref(previous);
	for (size_t i = 0; i < words.count; i++)
		free(words.text[i]);
	return rc;
}

/* Figures (fields) only of the answer that counts; who, when and how also of one that does not
 * count yet, the latest. */
#define ROWS \
	"SELECT a.id, a.parent, a.organisation, a.level, a.state, a.trouble, a.versions," \
	" o.key, o.name, o.region, o.municipality," \
	" n.way, n.name, n.phone, n.note, n.late, n.received_ms," \
	" CASE WHEN a.answer IS NULL THEN NULL ELSE n.fields END, p.state, q.fields" \
	" FROM ask a JOIN organisation o ON o.id = a.organisation" \
	" LEFT JOIN answer n ON n.id = COALESCE(a.answer," \
	"  (SELECT x.id FROM answer x WHERE x.ask = a.id AND x.version = a.versions))" \
	" LEFT JOIN ask p ON p.round = $2 AND p.organisation = a.organisation" \
	" LEFT JOIN answer q ON q.id = p.answer" \
	" WHERE a.round = $1"

static int read_rows(struct gather *g, struct page *page, struct report_row *row, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	int rc = page->keys != NULL
		? db_query(g->db, &stmt, e, ROWS " AND a.organisation IN (SELECT key FROM @KEYS($3)) ORDER BY a.organisation",
			  "iis", g->round, g->previous_round, page->keys)
		: db_query(g->db, &stmt, e, ROWS " AND a.organisation > $3 AND a.organisation <= $4 ORDER BY a.organisation",
			  "iiii", g->round, g->previous_round, page->after, page->last);
	if (rc != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW)
		if (take_row(g, page, stmt, row, e) != 0) {
			db_reset(stmt);
			return -1;
		}
	return step == DB_FAILED ? -1 : 0;
}

int gather_rows(struct gather *g, struct error *e)
{
	struct page page = {.reach = xcalloc(PAGE, sizeof *page.reach)};
	struct report_row *row = xcalloc(1, sizeof *row);
	int rc = gather_begin(g, e);
	if (rc == 0) {
		rc = find_steps(g, &page, e);
		gather_end(g);
	}
	while (rc == 0) {
		rc = gather_begin(g, e);
		if (rc == 0) {
			rc = read_page(g, &page, e);
			if (rc == 0 && page.count > 0) {
				rc = read_letters(g, &page, e);
				if (rc == 0)
					rc = read_rows(g, &page, row, e);
			}
			gather_end(g);
		}
		if (page.count < PAGE)
			break;
		page.after = page.last;
	}
	free(page.keys);
	free(page.reach);
	free(row);
	return rc;
}
