#include "control/delivery_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "calendar/fold.h"
#include "message/status.h"
#include "store/rows.h"

#define PIECE_ROWS 2000    /* some 10 ms to read */
#define ADDRESS_LETTERS 20000 /* of one address, the newest */
#define LETTER_LINES 1000  /* a letter has some ten */
#define REPLY_BYTES 1024
#define KEYS_BYTES (1024 * 1024)

/* ---- a line ---------------------------------------------------------------------------- */

#define COLUMNS                                                                                    \
	"h.key, h.dispatch, h.state, h.time_ms, h.code, h.enhanced, h.reason, h.relay, h.worker, " \
	"d.campaign, d.address, c.slug, c.title, o.name"
#define BESIDE                                                                                     \
	" JOIN campaign c ON c.id = d.campaign LEFT JOIN organisation o ON o.id = d.recipient "

static void read_line(struct db_stmt *row, struct delivery_line *line)
{
	*line = (struct delivery_line){.key = db_int(row, 0),
		.dispatch = db_int(row, 1),
		.state = db_int(row, 2),
		.time_ms = db_int(row, 3),
		.code = db_int(row, 4),
		.enhanced = db_text(row, 5),
		.reason = db_text(row, 6),
		.relay = db_text(row, 7),
		.worker = db_text(row, 8),
		.campaign = db_int(row, 9),
		.address = db_text(row, 10),
		.slug = db_text(row, 11),
		.title = db_text(row, 12),
		.organisation = db_text(row, 13)};
}

#define TEXTS 8
static void texts_of(struct delivery_line *line, const char **out[static TEXTS])
{
	const char **all[TEXTS] = {&line->enhanced, &line->reason, &line->relay, &line->worker, &line->address,
		&line->slug, &line->title, &line->organisation};
	memcpy(out, all, sizeof all);
}

struct delivery_line *delivery_line_keep(const struct delivery_line *line)
{
	struct delivery_line copy = *line;
	const char **text[TEXTS];
	size_t size = sizeof copy;
	texts_of(&copy, text);
	for (size_t i = 0; i < TEXTS; i++)
		size += *text[i] == NULL ? 0 : strlen(*text[i]) + 1;
	struct delivery_line *kept = xmalloc(size);
	char *at = (char *)(kept + 1);
	for (size_t i = 0; i < TEXTS; i++) {
		if (*text[i] == NULL)
			continue;
		size_t len = strlen(*text[i]) + 1;
		memcpy(at, *text[i], len);
		*text[i] = at;
		at += len;
	}
	*kept = copy;
	return kept;
}

/* ---- the filter ------------------------------------------------------------------------ */

/* As people see it, "550 5.1.1 no such mailbox", in letters that compare. */
static void fold_into(char *out, size_t size, const char *text)
{
	size_t at = 0;
	while (*text != '\0' && at + 5 < size) {
		size_t len;
		uint32_t point = fold_point(fold_next(text, &len));
		text += len;
		if (point == 0)
			continue;
		if (point < 0x80) {
			out[at++] = (char)point;
		} else if (point < 0x800) {
			out[at++] = (char)(0xc0 | point >> 6);
			out[at++] = (char)(0x80 | (point & 0x3f));
		} else { /* beyond the letters that have a case: comparing, not showing */
			out[at++] = (char)(0xe0 | (point >> 12 & 0x0f));
			out[at++] = (char)(0x80 | (point >> 6 & 0x3f));
			out[at++] = (char)(0x80 | (point & 0x3f));
		}
	}
	out[at] = '\0';
}

static bool has_text(const struct delivery_line *line, const char *wanted)
{
	char needle[DELIVERY_LOG_TEXT_MAX], reply[REPLY_BYTES], folded[REPLY_BYTES];
	int at = 0;
	reply[0] = '\0';
	if (line->code != 0)
		at = snprintf(reply, sizeof reply, "%lld ", (long long)line->code);
	snprintf(reply + at, sizeof reply - (size_t)at, "%s%s%s", line->enhanced == NULL ? "" : line->enhanced,
		line->enhanced == NULL || line->enhanced[0] == '\0' ? "" : " ", line->reason == NULL ? "" : line->reason);
	fold_into(needle, sizeof needle, wanted);
	fold_into(folded, sizeof folded, reply);
	return strstr(folded, needle) != NULL;
}

static bool has_address(const struct delivery_line *line, const char *wanted)
{
	const char *address = line->address;
	if (address != NULL && wanted[0] == '@')
		address = strrchr(address, '@');
	return address != NULL && strcmp(address, wanted) == 0;
}

bool delivery_log_wants(const struct delivery_log_filter *filter, const struct delivery_line *line)
{
	return (filter->campaign == 0 || line->campaign == filter->campaign) &&
		(filter->state < 0 || line->state == filter->state) &&
		(filter->from_ms == 0 || line->time_ms >= filter->from_ms) &&
		(filter->until_ms == 0 || line->time_ms < filter->until_ms) &&
		(filter->address == NULL || has_address(line, filter->address)) &&
		(filter->relay == NULL || (line->relay != NULL && strcmp(line->relay, filter->relay) == 0)) &&
		(filter->text == NULL || has_text(line, filter->text));
}

/* ---- places ---------------------------------------------------------------------------- */

struct delivery_log_position delivery_log_before(int64_t time_ms)
{
	return (struct delivery_log_position){time_ms, -1, -1, -1};
}

struct delivery_log_position delivery_log_end(void)
{
	return (struct delivery_log_position){INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX};
}

struct delivery_log_position delivery_log_at(const struct delivery_line *line)
{
	return (struct delivery_log_position){line->time_ms, line->key, line->dispatch, line->state};
}

/* ---- statements: a way to find rows, in each direction --------------------------------------- */

#define ORDER_OLDER " ORDER BY h.time_ms DESC, h.key DESC, h.dispatch DESC, h.state DESC LIMIT $5"
#define ORDER_NEWER " ORDER BY h.time_ms, h.key, h.dispatch, h.state LIMIT $5"
#define PLACE "(h.time_ms, h.key, h.dispatch, h.state)"
#define WALK "SELECT " COLUMNS " FROM history h JOIN delivery d ON d.key = h.key" BESIDE "WHERE "
/* Its four terms let SQLite use the index, too (schema 027). */
#define STATE                                                                                      \
	WALK "h.state = $5 AND h.state <> 0 AND h.state <> 1 AND h.state <> 4 AND h.state <> 5 AND " \
	     "(h.time_ms, h.key, h.dispatch) "
#define ADDRESS                                                                                    \
	"SELECT " COLUMNS " FROM (SELECT key, campaign, recipient, address FROM delivery WHERE address = $6 " \
	"ORDER BY key DESC LIMIT 20000) d JOIN history h ON h.key = d.key" BESIDE "WHERE " PLACE
#define CAMPAIGN                                                                                   \
	"SELECT " COLUMNS " FROM (SELECT e.key, e.campaign, e.recipient, e.address FROM round r JOIN delivery e " \
	"ON e.round = r.id WHERE r.campaign = $6) d JOIN history h ON h.key = d.key" BESIDE "WHERE " PLACE
_Static_assert(ADDRESS_LETTERS == 20000, "stands in the statement");

enum found_by { BY_TIME, BY_STATE, BY_ADDRESS, BY_CAMPAIGN };
static const char *const statements[][2] = {
	[BY_TIME] = {WALK PLACE " < ($1, $2, $3, $4)" ORDER_OLDER, WALK PLACE " > ($1, $2, $3, $4)" ORDER_NEWER},
	[BY_STATE] = {STATE "< ($1, $2, $3) ORDER BY h.time_ms DESC, h.key DESC, h.dispatch DESC LIMIT $4",
		STATE "> ($1, $2, $3) ORDER BY h.time_ms, h.key, h.dispatch LIMIT $4"},
	[BY_ADDRESS] = {ADDRESS " < ($1, $2, $3, $4)" ORDER_OLDER, ADDRESS " > ($1, $2, $3, $4)" ORDER_NEWER},
	[BY_CAMPAIGN] = {CAMPAIGN " < ($1, $2, $3, $4)" ORDER_OLDER, CAMPAIGN " > ($1, $2, $3, $4)" ORDER_NEWER},
};

/* Of one state the index has no fourth column: whether a line of this very attempt comes is settled here. */
static int64_t dispatch_beside(enum delivery_log_way way, const struct delivery_log_position *at, int state)
{
	if (way == LOG_OLDER)
		return state < at->state && at->dispatch < INT64_MAX ? at->dispatch + 1 : at->dispatch;
	return state > at->state && at->dispatch > INT64_MIN ? at->dispatch - 1 : at->dispatch;
}

const char *delivery_log_statement(size_t i)
{
	return i < 2 * sizeof statements / sizeof statements[0] ? statements[i / 2][i % 2] : NULL;
}

static int start(struct db *db, enum found_by by, enum delivery_log_way way, const struct delivery_log_filter *filter,
	const struct delivery_log_position *at, int64_t rows, struct db_stmt **out, struct error *e)
{
	const char *sql = statements[by][way];
	switch (by) {
	case BY_STATE:
		return db_query(db, out, e, sql, "iiiii", at->time_ms, at->key, dispatch_beside(way, at, filter->state), rows,
			(int64_t)filter->state);
	case BY_ADDRESS:
		return db_query(db, out, e, sql, "iiiiis", at->time_ms, at->key, at->dispatch, at->state, rows, filter->address);
	case BY_CAMPAIGN:
		return db_query(db, out, e, sql, "iiiiii", at->time_ms, at->key, at->dispatch, at->state, rows, filter->campaign);
	default:
		return db_query(db, out, e, sql, "iiiii", at->time_ms, at->key, at->dispatch, at->state, rows);
	}
}

/* ---- reading ------------------------------------------------------------------------------- */

static bool means_trouble(int state)
{
	return state >= 0 && state != DELIVERY_WAITING && state != DELIVERY_SENDING && state != DELIVERY_RETURNED &&
		state != DELIVERY_ACCEPTED;
}

static int choose(struct db *db, const struct delivery_log_filter *filter, enum found_by *by, struct error *e)
{
	int64_t letters = DELIVERY_LOG_SMALL + 1;
	*by = BY_TIME;
	if (filter->address != NULL && filter->address[0] != '@') {
		*by = BY_ADDRESS;
		return 0;
	}
	if (filter->campaign != 0 &&
		db_query_int(db, &letters, e, "SELECT CAST(COALESCE(sum(n), 0) AS BIGINT) FROM counter WHERE campaign = $1",
			"i", filter->campaign) == DB_FAILED)
		return -1;
	if (letters > 0 && letters <= DELIVERY_LOG_SMALL)
		*by = BY_CAMPAIGN;
	else if (means_trouble(filter->state))
		*by = BY_STATE;
	return 0;
}

/* Beyond from_ms or until_ms nothing is wanted any more. */
static bool beyond(const struct delivery_log_filter *filter, enum delivery_log_way way, int64_t time_ms)
{
	return way == LOG_OLDER ? filter->from_ms != 0 && time_ms < filter->from_ms
				: filter->until_ms != 0 && time_ms >= filter->until_ms;
}

/* Before it was written down, a campaign has no lines; clocks of several machines differ a little. */
#define CLOCKS_DIFFER_MS 60000
static int not_before_campaign(struct db *db, struct delivery_log_filter *filter, struct error *e)
{
	int64_t created_ms = 0;
	if (filter->campaign != 0 &&
		db_query_int(db, &created_ms, e, "SELECT created_ms FROM campaign WHERE id = $1", "i", filter->campaign) == DB_FAILED)
		return -1;
	if (created_ms - CLOCKS_DIFFER_MS > filter->from_ms)
		filter->from_ms = created_ms - CLOCKS_DIFFER_MS;
	return 0;
}

struct reading {
	const struct delivery_log_filter *filter;
	enum delivery_log_way way;
	struct delivery_log_position *at;
	int64_t most;
	struct delivery_log_look *look;
	int (*each)(void *arg, const struct delivery_line *line);
	void *arg;
	bool stopped;
};

/* How many rows it read, or -1. */
static int64_t read_piece(struct db *db, enum found_by by, int64_t rows, struct reading *r, struct error *e)
{
	struct db_stmt *row;
	enum db_step step;
	int64_t read = 0;
	if (start(db, by, r->way, r->filter, r->at, rows, &row, e) != 0)
		return -1;
	while ((step = db_step(row, e)) == DB_ROW) {
		struct delivery_line line;
		read_line(row, &line);
		if (beyond(r->filter, r->way, line.time_ms)) {
			r->look->end = r->stopped = true;
			break;
		}
		*r->at = delivery_log_at(&line);
		read++;
		if (!delivery_log_wants(r->filter, &line))
			continue;
		r->look->given++;
		r->stopped = r->each(r->arg, &line) != 0 || r->look->given >= r->most;
		if (r->stopped)
			break;
	}
	if (step == DB_ROW)
		db_reset(row);
	return step == DB_FAILED ? -1 : read;
}

static void begin_inside(const struct delivery_log_filter *filter, enum delivery_log_way way,
	struct delivery_log_position *at)
{
	if (way == LOG_OLDER && filter->until_ms != 0 && at->time_ms >= filter->until_ms)
		*at = delivery_log_before(filter->until_ms);
	if (way == LOG_NEWER && filter->from_ms != 0 && at->time_ms < filter->from_ms)
		*at = delivery_log_before(filter->from_ms);
}

int delivery_log_read(struct db *db, const struct delivery_log_filter *filter, enum delivery_log_way way,
	struct delivery_log_position *at, int64_t most, int64_t look_most, struct delivery_log_look *look,
	int (*each)(void *arg, const struct delivery_line *line), void *arg, struct error *e)
{
	struct delivery_log_filter bounded = *filter;
	struct reading r = {.filter = &bounded, .way = way, .at = at, .most = most, .look = look, .each = each, .arg = arg};
	enum found_by by;
	*look = (struct delivery_log_look){0};
	if (choose(db, filter, &by, e) != 0 || not_before_campaign(db, &bounded, e) != 0)
		return -1;
	begin_inside(&bounded, way, at);
	/* Found by address or campaign, all of it is sorted before the first row comes: one piece. */
	int64_t rows = by == BY_ADDRESS || by == BY_CAMPAIGN ? look_most : PIECE_ROWS;
	while (!r.stopped && look->looked < look_most) {
		int64_t read = read_piece(db, by, rows, &r, e);
		if (read < 0)
			return -1;
		look->looked += read;
		if (!r.stopped && read < rows) {
			look->end = true;
			break;
		}
	}
	return 0;
}

int delivery_log_letter(struct db *db, int64_t key, int (*each)(void *arg, const struct delivery_line *line),
	void *arg, struct error *e)
{
	struct db_stmt *row;
	enum db_step step;
	if (db_query(db, &row, e,
		    WALK "h.key = $1 ORDER BY h.dispatch, h.time_ms, h.state LIMIT $2", "ii", key, (int64_t)LETTER_LINES) != 0)
		return -1;
	while ((step = db_step(row, e)) == DB_ROW) {
		struct delivery_line line;
		read_line(row, &line);
		if (each(arg, &line) != 0) {
			db_reset(row);
			return 0;
		}
	}
	return step == DB_FAILED ? -1 : 0;
}

/* ---- lines that came over the bus -------------------------------------------------------------- */

static int64_t key_of(const void *lines, size_t i)
{
	return ((const struct delivery_line *)lines)[i].key;
}

int delivery_log_whose(struct db *db, const struct delivery_line *lines, size_t count,
	void (*each)(void *arg, const struct delivery_line *whose), void *arg, struct error *e)
{
	struct buf keys;
	struct db_stmt *row;
	enum db_step step = DB_FAILED;
	buf_init(&keys, KEYS_BYTES);
	if (rows_keys(&keys, count, key_of, lines, e) == 0 &&
		db_query(db, &row, e,
			"SELECT d.key, d.campaign, d.address, c.slug, c.title, o.name FROM delivery d" BESIDE
			"WHERE d.key IN (SELECT key FROM @KEYS($1)) ORDER BY d.key",
			"s", buf_str(&keys)) == 0)
		while ((step = db_step(row, e)) == DB_ROW) {
			const struct delivery_line whose = {.key = db_int(row, 0),
				.campaign = db_int(row, 1),
				.address = db_text(row, 2),
				.slug = db_text(row, 3),
				.title = db_text(row, 4),
				.organisation = db_text(row, 5)};
			each(arg, &whose);
		}
	buf_fini(&keys);
	return step == DB_FAILED ? -1 : 0;
}
