#include "mailer/pause.h"

#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/ident.h"
#include "base/log.h"
#include "message/task.h"

#define AGAIN_AFTER_MS 30000
#define REMEMBERED 32
#define SOURCE "vestnik/mailer"

static struct {
	pthread_mutex_t lock;
	struct {
		char slug[65];
		int64_t at_ms;
	} item[REMEMBERED];
	unsigned next;
} asked = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool asked_lately(const char *slug)
{
	int64_t now = clock_mono_ms();
	bool lately = false;
	pthread_mutex_lock(&asked.lock);
	for (unsigned i = 0; i < REMEMBERED; i++)
		lately = lately || (strcmp(asked.item[i].slug, slug) == 0 && now - asked.item[i].at_ms < AGAIN_AFTER_MS);
	if (!lately) {
		unsigned i = asked.next++ % REMEMBERED;
		snprintf(asked.item[i].slug, sizeof asked.item[i].slug, "%s", slug);
		asked.item[i].at_ms = now;
	}
	pthread_mutex_unlock(&asked.lock);
	return lately;
}

void pause_campaign_slug(struct bus *bus, const struct ident_key *key, const char *slug, const char *words)
{
	if (asked_lately(slug))
		return;
	struct error e;
	struct buf event;
	char id[IDENT_SIZE], proof[TASK_PROOF_SIZE];
	char *reason = gate_clean_line(words, 400);
	json_t *data = json_pack("{s:s,s:s}", "campaign", slug, "reason",
		reason[0] != '\0' ? reason : "the relay refused the sender");
	buf_init(&event, 8192);
	int rc = data == NULL ? -1
			      : task_write(TASK_CAMPAIGN_PAUSE, SOURCE, ident_new(id), clock_now_ms(), data, &event);
	struct bus_message message = {.topic = BUS_TASKS,
		.key = slug,
		.content_type = TASK_STRUCTURED,
		.headers = task_prove(key, event.data, event.len, proof),
		.data = buf_str(&event),
		.len = event.len};
	if (rc == 0)
		rc = bus_publish(bus, &message, 1, &e);
	if (rc != 0)
		log_warn("pause_not_asked", "campaign=%s error=%s", slug, log_quote(e.text));
	else
		log_warn("pause_asked", "campaign=%s reason=%s", slug, log_quote(words));
	json_decref(data);
	buf_fini(&event);
	free(reason);
}

void pause_campaign(struct bus *bus, const struct ident_key *key, struct db *db, int64_t campaign,
	const char *words)
{
	struct db_stmt *row;
	struct error e;
	if (db_query(db, &row, &e, "SELECT slug FROM campaign WHERE id = $1", "i", campaign) != 0 ||
		db_step(row, &e) != DB_ROW)
		return;
	char slug[65];
	snprintf(slug, sizeof slug, "%s", db_text(row, 0));
	db_reset(row);
	pause_campaign_slug(bus, key, slug, words);
}
