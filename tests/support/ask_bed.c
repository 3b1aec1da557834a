#include "support/ask_bed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "store/again.h"
#include "support/scratch.h"

static int64_t wall(void *arg)
{
	return ((struct ask_bed *)arg)->now_ms;
}

static int64_t mono(void *arg)
{
	(void)arg;
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

json_t *ask_bed_json(const char *quoted)
{
	char *copy = xstrdup(quoted);
	for (char *p = copy; *p != '\0'; p++)
		if (*p == '\'')
			*p = '"';
	json_error_t where;
	json_t *value = json_loads(copy, 0, &where);
	if (value == NULL)
		fail_msg("%s: %s", copy, where.text);
	free(copy);
	return value;
}

/* Closing one that has no broker takes seconds: they live until the process ends. */
static struct bus *without_broker[16];
static atomic_int used;

static struct bus *open_bus(const struct ask_bed *bed)
{
	const struct bus_config config = {.url = db_kind(bed->db) == DB_SQLITE ? "embedded" : "kafka://127.0.0.1:1",
		.store_url = bed->url, .client_id = "test"};
	struct bus *bus;
	struct error e;
	must(bus_open(&bus, &config, &e), &e);
	return bus;
}

struct bus *ask_bed_bus(const struct ask_bed *bed)
{
	struct bus *bus = open_bus(bed);
	if (db_kind(bed->db) == DB_POSTGRES)
		without_broker[atomic_fetch_add(&used, 1) % 16] = bus;
	return bus;
}

void ask_bed_bus_close(const struct ask_bed *bed, struct bus **bus)
{
	if (db_kind(bed->db) == DB_SQLITE)
		bus_close(bus);
	*bus = NULL;
}

void ask_bed_open(struct ask_bed *bed, const char *fields)
{
	struct error e;
	*bed = (struct ask_bed){.url = scratch_store(), .now_ms = ASK_BED_START_MS};
	log_init("test", LOG_LEVEL_ERROR);
	clock_set_source(wall, mono, bed);
	must(db_open(&bed->db, bed->url, &e), &e);
	/* a message goes into the store of its transaction, whatever store the bus was opened on */
	bed->bus = db_kind(bed->db) == DB_POSTGRES && without_broker[0] != NULL ? without_broker[0] : ask_bed_bus(bed);
	json_t *list = ask_bed_json(fields);
	json_t *definition = json_pack("{s:s, s:{s:s, s:o}}", "slug", ASK_BED_SLUG, "ask", "verb", "просим", "fields", list);
	char *text = json_dumps(definition, 0);
	must(db_query_int(bed->db, &bed->campaign, &e,
		     "INSERT INTO campaign (slug, kind, title, content_hash, definition, sender, state, priority, created_ms,"
		     " launched_ms, expanded) VALUES ($1, 'campaign', 'Флагманы', 'hash', $2, 'outreach@ministry.example.org',"
		     " 'running', 1, 0, 0, 1) RETURNING id",
		     "ss", ASK_BED_SLUG, text),
		&e);
	free(text);
	json_decref(definition);
	must(db_query_int(bed->db, &bed->round, &e,
		     "INSERT INTO round (campaign, number, label, starts_ms, deadline_ms, state)"
		     " VALUES ($1, 1, 'май 2023 года', $2, $3, 'open') RETURNING id",
		     "iii", bed->campaign, ASK_BED_START_MS, ASK_BED_DEADLINE_MS),
		&e);
}

void ask_bed_close(struct ask_bed *bed)
{
	ask_bed_bus_close(bed, &bed->bus);
	db_close(&bed->db);
	clock_set_source(NULL, NULL, NULL);
}

int64_t ask_bed_ask(struct ask_bed *bed, int n, int64_t parent)
{
	char key[32], name[64], address[64];
	struct error e;
	int64_t organisation = 0, ask = 0;
	snprintf(key, sizeof key, "org-%d", n);
	snprintf(name, sizeof name, "Школа № %d", n);
	snprintf(address, sizeof address, "school-%d@schools.example.org", n);
	must(db_query_int(bed->db, &organisation, &e,
		     "INSERT INTO organisation (key, kind, name, region, municipality, revision, updated_ms)"
		     " VALUES ($1, 'school', $2, 'Регион', 'Район', 1, 0) RETURNING id",
		     "ss", key, name),
		&e);
	must(db_exec(bed->db, &e,
		     "INSERT INTO contact (organisation, role, name, address, phone, updated_ms)"
		     " VALUES ($1, 'coordinator', 'Координатор', $2, '+7 (000) 000-00-00', 0)",
		     "is", organisation, address),
		&e);
	must(db_query_int(bed->db, &ask, &e,
		     "INSERT INTO ask (campaign, round, organisation, level, parent, place, deadline_ms, state, opened_ms,"
		     " updated_ms) VALUES ($1, $2, $3, $4, NULLIF(CAST($5 AS BIGINT), 0), 'Europe/Moscow', $6, 'open', $7, $7)"
		     " RETURNING id",
		     "iiiiiii", bed->campaign, bed->round, organisation, (int64_t)(parent != 0), parent, ASK_BED_DEADLINE_MS,
		     bed->now_ms),
		&e);
	return ask;
}

#define EMBEDDED_EVENTS "SELECT ce_type, data, key FROM bus_vestnik_status ORDER BY id"
#define OUTBOX_EVENTS "SELECT ce_type, data, key FROM outbox ORDER BY id"

static char *each_event(struct ask_bed *bed, int64_t ask, bool last)
{
	char key[32];
	struct db_stmt *row;
	struct error e;
	struct buf out;
	buf_init(&out, 1 << 20);
	snprintf(key, sizeof key, "a%" PRId64, ask);
	if (db_kind(bed->db) == DB_SQLITE)
		must(db_query(bed->db, &row, &e, EMBEDDED_EVENTS, ""), &e);
	else
		must(db_query(bed->db, &row, &e, OUTBOX_EVENTS, ""), &e);
	while (db_step(row, &e) == DB_ROW) {
		size_t len;
		const char *type = db_text(row, 0);
		if (strncmp(type, "vestnik.ask.", 12) != 0)
			fail_msg("got an event %s, want vestnik.ask.…", type);
		if (ask != 0 && strcmp(db_text(row, 2), key) != 0)
			continue;
		if (!last) {
			(void)buf_printf(&out, "%s%s", out.len > 0 ? " " : "", type + 12);
			continue;
		}
		buf_reset(&out);
		const char *data = db_blob(row, 1, &len);
		(void)buf_append(&out, data, len);
	}
	return buf_take(&out);
}

char *ask_bed_events(struct ask_bed *bed, int64_t ask)
{
	return each_event(bed, ask, false);
}

char *ask_bed_last_event(struct ask_bed *bed)
{
	return each_event(bed, 0, true);
}

char *ask_bed_versions(struct ask_bed *bed, int64_t ask)
{
	struct db_stmt *row;
	struct error e;
	struct buf out;
	buf_init(&out, 1 << 20);
	must(db_query(bed->db, &row, &e, "SELECT version, state FROM answer WHERE ask = $1 ORDER BY version", "i", ask), &e);
	while (db_step(row, &e) == DB_ROW)
		(void)buf_printf(&out, "%s%" PRId64 ":%s", out.len > 0 ? " " : "", db_int(row, 0), db_text(row, 1));
	return buf_take(&out);
}

int64_t ask_bed_int(struct ask_bed *bed, const char *sql)
{
	struct error e;
	int64_t value = 0;
	must(db_query_int(bed->db, &value, &e, sql, ""), &e);
	return value;
}

static int record_once(struct db *db, struct bus *bus, const struct answer_new *answer,
	struct answer_outcome *outcome, struct error *e)
{
	if (db_begin(db, DB_WRITE, e) != 0)
		return -1;
	if (answer_record(db, bus, "vestnik/test", answer, outcome, e) == 0 && db_commit(db, DB_DURABLE, e) == 0)
		return 0;
	answer_outcome_fini(outcome);
	db_rollback(db);
	return -1;
}

int ask_bed_record(struct db *db, struct bus *bus, const struct answer_new *answer,
	struct answer_outcome *outcome, struct error *e)
{
	struct again again = {0};
	int rc;
	do
		rc = record_once(db, bus, answer, outcome, e);
	while (rc != 0 && again_after_conflict(&again, e));
	return rc;
}

int ask_bed_decide(struct ask_bed *bed, int64_t ask, int64_t version, enum answer_decision decision,
	struct answer_outcome *outcome, struct error *e)
{
	must(db_begin(bed->db, DB_WRITE, e), e);
	int rc = answer_decide(bed->db, bed->bus, "vestnik/test", ask, version, decision, "staff@test", NULL, outcome, e);
	if (rc == 0)
		must(db_commit(bed->db, DB_DURABLE, e), e);
	db_rollback(bed->db);
	return rc;
}
