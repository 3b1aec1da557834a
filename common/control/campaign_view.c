#include "control/campaign_view.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/lang.h"
#include "bus/bus.h"
#include "calendar/calendar.h"
#include "control/moment.h"
#include "store/delivery.h"

/* A service that has not touched its row for so long is not there (it does every 2 s). */
#define ALIVE_MS 10000

void campaign_view_fini(struct campaign_view *view)
{
	campaign_row_fini(&view->row);
}

/* Uncertain letters that will be sent again by themselves: they have a row in the schedule. */
static int count_open_uncertain(struct db *db, int64_t campaign, int64_t *n, struct error *e)
{
	return db_query_int(db, n, e,
		"SELECT count(*) FROM trouble t JOIN schedule s ON s.key = t.key"
		" WHERE t.campaign = $1 AND t.state = 2",
		"i", campaign) == DB_FAILED
		? -1
		: 0;
}

int campaign_view_read(struct db *db, const char *slug, struct campaign_view *view, struct error *e)
{
	*view = (struct campaign_view){.measured_us = clock_mono_us()};
	/* One state of the store, or the counts do not add up while it works. */
	if (db_begin(db, DB_READ, e) != 0)
		return -1;
	int rc = -1;
	int64_t again = 0;
	enum db_step step = campaign_row_by_slug(db, slug, &view->row, e);
	if (step == DB_DONE)
		(void)error_set(e, ERROR_NOT_FOUND, tr("there is no campaign «%s» (vestnik campaign list)",
			"нет рассылки «%s» (vestnik campaign list)"), slug);
	else if (step == DB_ROW && counter_sums(db, view->row.id, view->counts, e) == 0 &&
		(view->counts[DELIVERY_UNCERTAIN] == 0 ||
			count_open_uncertain(db, view->row.id, &again, e) == 0))
		rc = 0;
	db_rollback(db);
	view->open = view->counts[DELIVERY_WAITING] + view->counts[DELIVERY_SENDING] +
		view->counts[DELIVERY_DEFERRED] + again;
	for (int i = 0; i < DELIVERY_STATES; i++)
		view->done += view->counts[i];
	view->done -= view->open;
	return rc;
}

double campaign_view_rate(const struct campaign_view *before, const struct campaign_view *now)
{
	int64_t span_us = now->measured_us - before->measured_us;
	return span_us <= 0 || now->done <= before->done
		? 0
		: (double)(now->done - before->done) * 1e6 / (double)span_us;
}

/* ---- why ---------------------------------------------------------------------------------- */

struct reasons {
	const struct settings *settings;
	struct db *db;
	const struct campaign_view *view;
	struct campaign_why *why;
	size_t count;
	struct error *e;
};

__attribute__((format(printf, 3, 4))) static void add(struct reasons *r, const char *code, const char *fmt, ...)
{
	if (r->count == CAMPAIGN_WHY_MAX)
		return;
	struct campaign_why *why = &r->why[r->count++];
	why->code = code;
	va_list args;
	va_start(args, fmt);
	vsnprintf(why->text, sizeof why->text, fmt, args);
	va_end(args);
}

/* Room for what others said, within a reason. */
#define WORDS_MAX_BYTES 280

static char *words(const char *text)
{
	return gate_clean_line(text == NULL ? "" : text, WORDS_MAX_BYTES);
}

static int services(struct reasons *r)
{
	static const struct {
		const char *service, *code, *en, *ru;
	} needed[] = {
		{"planner", "planner-down", "no planner is running: nothing becomes due", "планировщик не запущен: письма не ставятся в очередь"},
		{"mailer", "mailer-down", "no mailer is running: nothing is sent", "почтальон не запущен: письма не отправляются"},
		{"ledger", "ledger-down", "no ledger is running: outcomes are not recorded", "учёт не запущен: результаты не записываются"},
	};
	int64_t now_ms;
	if (db_now_ms(r->db, &now_ms, r->e) != 0)
		return -1;
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
		int64_t alive = 0;
		if (db_query_int(r->db, &alive, r->e,
			    "SELECT count(*) FROM service_instance WHERE service = $1 AND seen_ms > $2"
			    " AND state = 'ready'",
			    "si", needed[i].service, now_ms - ALIVE_MS) == DB_FAILED)
			return -1;
		if (alive == 0)
			add(r, needed[i].code, "%s", tr(needed[i].en, needed[i].ru));
	}
	return 0;
}

static int relays(struct reasons *r)
{
	struct db_stmt *stmt;
	int64_t now_ms = clock_now_ms();
	if (db_query(r->db, &stmt, r->e,
		    "SELECT relay, parked_until_ms, breaker, reason FROM relay_state"
		    " WHERE parked_until_ms > $1 OR breaker <> 'closed' ORDER BY relay",
		    "i", now_ms) != 0)
		return -1;
	enum db_step step;
	while ((step = db_step(stmt, r->e)) == DB_ROW) {
		char *relay = words(db_text(stmt, 0)), *reason = words(db_text(stmt, 3));
		char moment[CONTROL_MOMENT_SIZE];
		if (db_int(stmt, 1) > now_ms)
			add(r, "relay-parked", tr("relay %s is parked until %s: %s", "сервер %s отдыхает до %s: %s"),
				relay, control_moment(r->settings, db_int(stmt, 1), moment), reason);
		else
			add(r, "relay-breaker", tr("relay %s: its breaker is %s: %s", "сервер %s: предохранитель %s: %s"),
				relay,
				strcmp(db_text(stmt, 2), "open") == 0 ? tr("open", "разомкнут") : tr("half open", "проверяется"),
				reason);
		free(relay);
		free(reason);
	}
	return step == DB_DONE ? 0 : -1;
}

static int bus(struct reasons *r)
{
	struct bus_stop stops[CAMPAIGN_WHY_MAX];
	char text[BUS_STOP_TEXT_SIZE];
	int count = bus_stops(r->db, stops, CAMPAIGN_WHY_MAX, r->e);
	for (int i = 0; i < count; i++)
		add(r, "bus-stopped", "%s", bus_stop_text(&stops[i], text));
	return count < 0 ? -1 : 0;
}

/* Hours of the campaign's own zone; those of the recipients show as due times. */
static int hours(struct reasons *r, bool *closed)
{
	struct db_stmt *stmt;
	*closed = false;
	if (db_query(r->db, &stmt, r->e, "SELECT definition FROM campaign WHERE id = $1", "i", r->view->row.id) != 0)
		return -1;
	enum db_step step = db_step(stmt, r->e);
	if (step != DB_ROW)
		return step == DB_DONE ? 0 : -1;
	json_t *definition = json_loads(db_text(stmt, 0), 0, NULL);
	db_reset(stmt);
	const json_t *send = json_object_get(definition, "send");
	int open = (int)json_integer_value(json_object_get(send, "open_minute"));
	int close = (int)json_integer_value(json_object_get(send, "close_minute"));
	const char *zone = json_string_value(json_object_get(definition, "zone"));
	int64_t now_ms = clock_now_ms(), next_ms;
	struct error ignored;
	if (zone != NULL && open != close && !json_is_true(json_object_get(send, "local")) &&
		calendar_next_open(now_ms, zone, open, close, &next_ms, &ignored) == 0 && next_ms > now_ms) {
		char moment[CONTROL_MOMENT_SIZE];
		*closed = true;
		add(r, "hours", tr("outside its hours %02d:%02d–%02d:%02d; next at %s", "вне часов отправки %02d:%02d–%02d:%02d; продолжит %s"),
			open / 60, open % 60, close / 60, close % 60, control_moment(r->settings, next_ms, moment));
	}
	json_decref(definition);
	return 0;
}

static int due_times(struct reasons *r)
{
	int64_t bulk = 0, urgent = 0, now_ms = clock_now_ms();
	enum db_step step = db_query_int(r->db, &bulk, r->e,
		"SELECT due_ms FROM schedule WHERE claimed_ms IS NULL AND priority > 0 AND campaign = $1"
		" ORDER BY due_ms LIMIT 1",
		"i", r->view->row.id);
	if (step == DB_DONE)
		step = db_query_int(r->db, &urgent, r->e,
			"SELECT due_ms FROM schedule WHERE claimed_ms IS NULL AND priority = 0 AND campaign = $1"
			" ORDER BY due_ms LIMIT 1",
			"i", r->view->row.id);
	if (step == DB_FAILED)
		return -1;
	int64_t next_ms = bulk != 0 ? bulk : urgent;
	if (next_ms <= now_ms)
		return 0;
	char moment[CONTROL_MOMENT_SIZE];
	control_moment(r->settings, next_ms, moment);
	if (r->view->counts[DELIVERY_WAITING] == 0)
		add(r, "retry", tr("waits for the next try of deferred letters at %s", "ждёт повторной попытки отложенных писем: %s"),
			moment);
	else
		add(r, "time", tr("waits for its time: the next letter goes at %s", "ждёт своего времени: следующее письмо %s"),
			moment);
	return 0;
}

static int running(struct reasons *r)
{
	bool closed;
	if (services(r) != 0 || bus(r) != 0 || relays(r) != 0 || hours(r, &closed) != 0)
		return -1;
	return closed ? 0 : due_times(r);
}

/* Between its moments a campaign with rounds sends nothing. */
static int waits_for_plan(struct reasons *r)
{
	static const struct {
		const char *kind, *en, *ru;
	} kinds[] = {{"open", "the next letters", "следующие письма"}, {"reminder", "a reminder", "напоминание"},
		{"close", "the deadline", "срок ответа"}, {"escalation", "the list of the silent", "список не ответивших"},
		{"report", "the report", "отчёт"}};
	struct db_stmt *stmt;
	if (db_query(r->db, &stmt, r->e,
		    "SELECT kind, due_ms FROM plan WHERE campaign = $1 AND state = 'planned' ORDER BY due_ms, id LIMIT 1",
		    "i", r->view->row.id) != 0)
		return -1;
	enum db_step step = db_step(stmt, r->e);
	if (step != DB_ROW)
		return step == DB_FAILED ? -1 : 0;
	char moment[CONTROL_MOMENT_SIZE];
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcmp(kinds[i].kind, db_text(stmt, 0)) == 0)
			add(r, "planned", tr("nothing is to be sent just now; next: %s, %s", "сейчас отправлять нечего; дальше: %s, %s"),
				tr(kinds[i].en, kinds[i].ru), control_moment(r->settings, db_int(stmt, 1), moment));
	db_reset(stmt);
	return 0;
}

int campaign_why_not(const struct settings *settings, struct db *db, const struct campaign_view *view,
	struct campaign_why why[static CAMPAIGN_WHY_MAX], size_t *count, struct error *e)
{
	struct reasons r = {.settings = settings, .db = db, .view = view, .why = why, .e = e};
	char *reason = words(view->row.state_reason);
	int rc = 0;
	switch (view->row.state) {
	case CAMPAIGN_DRAFT:
		add(&r, "draft", "%s", tr("it has not been launched", "она не запущена"));
		break;
	case CAMPAIGN_PAUSED:
		add(&r, "paused", tr("paused – %s", "приостановлена – %s"), reason);
		rc = services(&r);
		break;
	case CAMPAIGN_CANCELLED:
		add(&r, "cancelled", tr("cancelled – %s", "отменена – %s"), reason);
		break;
	case CAMPAIGN_FINISHED:
		break;
	case CAMPAIGN_RUNNING:
		if (view->open > 0 || !view->row.expanded)
			rc = running(&r);
		if (rc == 0 && r.count == 0)
			rc = waits_for_plan(&r);
		break;
	}
	free(reason);
	*count = r.count;
	return rc;
}

const char *campaign_why_advice(const char *code)
{
	static const struct {
		const char *code, *en, *ru;
	} advice[] = {
		{"draft", "Look it through and launch it.", "Проверьте её и запустите."},
		{"paused", "When the cause is gone, resume it on the campaign's page.",
			"Когда причина устранена, возобновите её на странице рассылки."},
		{"planner-down", "Start the planner: vestnik up, or systemctl start vestnik-planner. Its last words stand among the services.",
			"Запустите планировщик: vestnik up или systemctl start vestnik-planner. Его последние слова – в списке служб."},
		{"mailer-down", "Start the mailer: vestnik up, or systemctl start vestnik-mailer. Its last words stand among the services.",
			"Запустите почтальона: vestnik up или systemctl start vestnik-mailer. Его последние слова – в списке служб."},
		{"ledger-down", "Start the ledger: vestnik up, or systemctl start vestnik-ledger. Its last words stand among the services.",
			"Запустите учёт: vestnik up или systemctl start vestnik-ledger. Его последние слова – в списке служб."},
		{"bus-stopped", "See the queues: the service that is behind has stopped or is too slow. It goes on by itself when that service has caught up.",
			"Посмотрите очереди: отставшая служба остановилась или не справляется. Когда она догонит, отправка продолжится сама."},
		{"relay-parked", "Nothing needs to be done: it goes on by itself. If it happens often, lower the rate or the quota of this mail server in the settings.",
			"Делать ничего не нужно: отправка продолжится сама. Если так бывает часто, уменьшите скорость или квоту этого сервера в настройках."},
		{"relay-breaker", "Read what the mail server said; check it with vestnik relay check. It is tried again by itself.",
			"Прочитайте, что ответил почтовый сервер, и проверьте его: vestnik relay check. Попытки повторяются сами."},
		{"hours", "Nothing needs to be done; hours are set in the campaign.",
			"Делать ничего не нужно; часы отправки заданы в рассылке."},
		{"time", "Nothing needs to be done.", "Делать ничего не нужно."},
		{"retry", "Nothing needs to be done; the refusals stand in the delivery log.",
			"Делать ничего не нужно; отказы видны в журнале доставки."},
		{"planned", "Nothing needs to be done.", "Делать ничего не нужно."},
	};
	for (size_t i = 0; i < sizeof advice / sizeof advice[0]; i++)
		if (strcmp(advice[i].code, code) == 0)
			return tr(advice[i].en, advice[i].ru);
	return NULL;
}

const char *campaign_state_word(const char *state)
{
	static const struct {
		const char *name, *ru;
	} words[] = {{"draft", "черновик"}, {"running", "идёт"}, {"paused", "приостановлена"},
		{"cancelled", "отменена"}, {"finished", "завершена"}};
	for (size_t i = 0; state != NULL && i < sizeof words / sizeof words[0]; i++)
		if (strcmp(state, words[i].name) == 0)
			return tr(words[i].name, words[i].ru);
	return state == NULL ? "" : state;
}
