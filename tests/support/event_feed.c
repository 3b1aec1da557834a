/* Puts delivery events on vestnik.status the way the mailer does, with the rows
 * they are about: for tests and benchmarks of whoever reads that topic.
 * usage: event_feed STORE_URL CAMPAIGN FIRST_KEY COUNT [STATE [EVENTS_PER_SECOND]] */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/ident.h"
#include "bus/bus.h"
#include "message/status.h"
#include "store/schema.h"

#define BATCH 100

static void must(int rc, const struct error *e)
{
	if (rc < 0) {
		fprintf(stderr, "event_feed: %s\n", e->text);
		exit(1);
	}
}

static int64_t campaign_id(struct db *db, const char *slug, struct error *e)
{
	int64_t id;
	enum db_step step = db_query_int(db, &id, e, "SELECT id FROM campaign WHERE slug = $1", "s", slug);
	must(step, e);
	if (step == DB_ROW)
		return id;
	must(db_exec(db, e,
		     "INSERT INTO campaign (slug, kind, title, content_hash, definition, sender, state, priority,"
		     " created_ms) VALUES ($1, 'campaign', $1, '', '{}', 'outreach@ministry.example.org', 'running',"
		     " 1, $2)",
		     "si", slug, clock_now_ms()),
		e);
	must(db_exec(db, e,
		     "INSERT INTO organisation (id, key, kind, name, revision, updated_ms)"
		     " VALUES (1, 'school-1', 'school', 'Школа № 1', 1, $1) ON CONFLICT DO NOTHING",
		     "i", clock_now_ms()),
		e);
	return campaign_id(db, slug, e);
}

static void add_delivery(struct db *db, int64_t key, int64_t campaign, enum delivery_state state,
	struct error *e)
{
	char address[64];
	snprintf(address, sizeof address, "school-%" PRId64 "@example.org", key);
	must(db_exec(db, e,
		     "INSERT INTO delivery (key, campaign, round, step, recipient, contact, address, fields, state,"
		     " dispatch, updated_ms) VALUES ($1, $2, $2, 0, 1, $1, $3, '{}', $4, 1, $5)"
		     " ON CONFLICT DO NOTHING",
		     "iisii", key, campaign, address, (int64_t)state, clock_now_ms()),
		e);
}

static void publish(struct bus *bus, struct db *db, int64_t key, int64_t campaign,
	enum delivery_state state, struct error *e)
{
	struct delivery_status status = {.key = key,
		.dispatch = 1,
		.campaign = campaign,
		.state = state,
		.time_ms = clock_now_ms(),
		.code = 250,
		.enhanced = "2.0.0",
		.reason = "OK «принято»",
		.relay = "main"};
	struct buf data;
	char id[STATUS_ID_SIZE], text_key[24];
	buf_init(&data, 2000);
	must(status_write(&status, &data), e);
	snprintf(text_key, sizeof text_key, "%" PRId64, key);
	const struct bus_message message = {.topic = BUS_STATUS,
		.key = text_key,
		.id = status_id(&status, id),
		.source = "vestnik/mailer",
		.type = status_type(state),
		.time_ms = status.time_ms,
		.data = buf_str(&data),
		.len = data.len};
	must(bus_publish_tx(bus, db, &message, e), e);
	buf_fini(&data);
}

int main(int argc, char **argv)
{
	if (argc < 5) {
		fprintf(stderr, "usage: event_feed STORE_URL CAMPAIGN FIRST_KEY COUNT [STATE [PER_SECOND]]\n");
		return 2;
	}
	struct error e = {0};
	struct db *db;
	struct bus *bus;
	enum delivery_state state = DELIVERY_ACCEPTED;
	int64_t first = atoll(argv[3]), end = first + atoll(argv[4]);
	long per_second = argc > 6 ? atol(argv[6]) : 0;
	if (argc > 5 && delivery_state_parse(argv[5], &state) != 0)
		return 2;
	ident_init();
	must(db_open(&db, argv[1], &e), &e);
	must(schema_migrate(db, &e), &e);
	const char *bus_url = getenv("VESTNIK_TEST_BUS");
	const struct bus_config config = {.url = bus_url != NULL ? bus_url : "embedded", .store_url = argv[1], .client_id = "feed"};
	must(bus_open(&bus, &config, &e), &e);
	int64_t campaign = campaign_id(db, argv[2], &e);
	int64_t batch = per_second > 0 && per_second < BATCH ? 1 : BATCH;
	for (int64_t key = first; key < end;) {
		must(db_begin(db, DB_WRITE, &e), &e);
		for (int64_t stop = key + batch; key < stop && key < end; key++) {
			add_delivery(db, key, campaign, state, &e);
			publish(bus, db, key, campaign, state, &e);
		}
		must(db_commit(db, DB_RELAXED, &e), &e);
		if (per_second > 0) {
			struct timespec span = {.tv_nsec = (long)(batch * 1000000000 / per_second)};
			nanosleep(&span, NULL);
		}
	}
	bus_close(&bus);
	db_close(&db);
	return 0;
}
