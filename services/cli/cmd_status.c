/* `vestnik status`: is it running, what does each service do, what waits, what
 * is in trouble. From three sources: services.json of `up`, the rows the
 * services write about themselves, and the bus. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/place.h"
#include "base/xalloc.h"
#include "bus/bus.h"
#include "cli/command.h"
#include "cli/run_state.h"
#include "message/status.h"
#include "settings/settings.h"
#include "store/db.h"

#define FRESH_MS 10000 /* services write their row every 2 s; a busy store delays it */
#define DEAD_SHOWN_MS (60 * 60 * 1000) /* one that died and was not replaced is shown so long */
#define SERVICES_MOST 64
#define STOPS_MOST 16 /* there are five topics */
#define CAMPAIGNS_MOST 20 /* running or paused ones shown; `campaign list` has all */

/* Who reads what: the names of groups are those of the services. */
static const struct {
	const char *service, *topic;
} queues[] = {{"planner", BUS_TASKS}, {"mailer", BUS_MAIL_URGENT}, {"mailer", BUS_MAIL},
	{"ledger", BUS_STATUS}, {"notifier", BUS_STATUS}};
#define QUEUES (sizeof queues / sizeof queues[0])

struct service {
	char name[32], state[32], note[256], trouble[512], last_exit[64];
	char instance[160];     /* "host:pid" or its name; "" = a child of our `up` without a row */
	char place[PLACE_SIZE]; /* base/place.h */
	int64_t pid, since_ms, seen_ms, restarts, next_ms;
	bool child; /* of `up` here */
	bool dead;  /* it wrote its row for the last time */
};

struct status {
	int64_t up_pid, up_since_ms;
	const char *up_state; /* running, starting, stopping, not-running, elsewhere */
	struct service service[SERVICES_MOST];
	size_t count;
};

static void copy(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", text != NULL ? text : "");
}

/* ---- gathering ----------------------------------------------------------------- */

static void read_supervisor(const struct settings *settings, struct status *status)
{
	json_t *state = run_state_read(settings->run_dir), *services, *one;
	size_t i;
	status->up_pid = run_holder(settings->run_dir);
	status->up_state = "not-running";
	if (status->up_pid == 0 || state == NULL ||
		json_integer_value(json_object_get(state, "pid")) != status->up_pid) {
		if (status->up_pid != 0)
			status->up_state = "starting";
		json_decref(state);
		return;
	}
	const char *word = json_string_value(json_object_get(state, "state"));
	status->up_state = word != NULL && strcmp(word, "stopping") == 0 ? "stopping"
		: word != NULL && strcmp(word, "starting") == 0		 ? "starting"
									 : "running";
	status->up_since_ms = json_integer_value(json_object_get(state, "started_ms"));
	services = json_object_get(state, "services");
	json_array_foreach(services, i, one)
	{
		if (status->count == SERVICES_MOST)
			break;
		struct service *s = &status->service[status->count++];
		s->child = true;
		copy(s->name, sizeof s->name, json_string_value(json_object_get(one, "service")));
		copy(s->state, sizeof s->state, json_string_value(json_object_get(one, "state")));
		copy(s->last_exit, sizeof s->last_exit,
			json_string_value(json_object_get(one, "last_exit")));
		copy(s->trouble, sizeof s->trouble,
			json_string_value(json_object_get(one, "last_line")));
		s->pid = json_integer_value(json_object_get(one, "pid"));
		s->since_ms = json_integer_value(json_object_get(one, "since_ms"));
		s->restarts = json_integer_value(json_object_get(one, "restarts"));
		s->next_ms = json_integer_value(json_object_get(one, "next_ms"));
	}
	json_decref(state);
}

/* id: service@instance/place… */
static void read_id(const char *id, struct service *s)
{
	const char *at = strchr(id, '@'), *slash = strrchr(id, '/');
	copy(s->instance, sizeof s->instance, at != NULL ? at + 1 : id);
	s->instance[strcspn(s->instance, "/")] = '\0';
	if (slash != NULL)
		snprintf(s->place, sizeof s->place, "%.8s", slash + 1);
}

/* A killed process leaves its last row; where we can see its pid that shows at once. */
static bool gone(const struct service *s, const char *here)
{
	return strcmp(s->place, here) == 0 && kill((pid_t)s->pid, 0) != 0 && errno == ESRCH;
}

/* A child of `up` and its row are one line; the row of the child's predecessor is none. */
static struct service *child_of_up(struct status *status, const struct service *row, const char *here)
{
	if (status->up_pid == 0 || strcmp(row->place, here) != 0)
		return NULL;
	for (size_t i = 0; i < status->count; i++)
		if (status->service[i].child && strcmp(status->service[i].name, row->name) == 0)
			return &status->service[i];
	return NULL;
}

/* Another of the same service and place came after it. */
static bool replaced(const struct status *status, const struct service *row)
{
	for (size_t i = 0; i < status->count; i++) {
		const struct service *s = &status->service[i];
		if (!s->dead && strcmp(s->name, row->name) == 0 && strcmp(s->place, row->place) == 0 &&
			s->since_ms >= row->since_ms)
			return true;
	}
	return false;
}

static void take_row(struct status *status, const struct service *row, const char *here)
{
	struct service *child = child_of_up(status, row, here);
	if (child != NULL && child->pid == row->pid) {
		child->seen_ms = row->seen_ms;
		copy(child->note, sizeof child->note, row->note);
		copy(child->trouble, sizeof child->trouble, row->trouble);
		copy(child->instance, sizeof child->instance, row->instance);
		return;
	}
	if (child != NULL || strcmp(row->state, "stopped") == 0 || status->count == SERVICES_MOST ||
		(row->dead && replaced(status, row)))
		return;
	struct service *s = &status->service[status->count++];
	*s = *row;
	if (s->dead)
		copy(s->state, sizeof s->state, "dead");
	if (status->up_pid == 0)
		status->up_state = "elsewhere";
}

/* The services' own rows: notes and troubles; and services that run without `up`, or on another
 * machine. Their times are the database's. Newest first, so that who was replaced is seen. */
static int read_rows(struct db *db, struct status *status, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	int64_t now_ms;
	char here[PLACE_SIZE];
	place_here(here);
	if (db_now_ms(db, &now_ms, e) != 0 ||
		db_query(db, &stmt, e,
			"SELECT service, pid, started_ms, seen_ms, state, note, last_trouble, id "
			"FROM service_instance WHERE seen_ms > $1 ORDER BY started_ms DESC, id",
			"i", now_ms - DEAD_SHOWN_MS) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		struct service row = {.pid = db_int(stmt, 1), .since_ms = db_int(stmt, 2),
			.seen_ms = db_int(stmt, 3)};
		copy(row.name, sizeof row.name, db_text(stmt, 0));
		copy(row.state, sizeof row.state, db_text(stmt, 4));
		copy(row.note, sizeof row.note, db_text(stmt, 5));
		copy(row.trouble, sizeof row.trouble, db_text(stmt, 6));
		read_id(db_text(stmt, 7), &row);
		row.dead = row.seen_ms <= now_ms - FRESH_MS || gone(&row, here);
		take_row(status, &row, here);
	}
	return step == DB_FAILED ? -1 : 0;
}

static int by_name(const void *a, const void *b)
{
	const struct service *x = a, *y = b;
	if (x->child != y->child)
		return y->child - x->child;
	int order = strcmp(x->name, y->name);
	return order != 0 ? order : x->since_ms < y->since_ms ? -1 : x->since_ms > y->since_ms;
}

/* The children of `up` in its order, then the others by name. */
static void sort_services(struct status *status)
{
	size_t children = 0;
	while (children < status->count && status->service[children].child)
		children++;
	qsort(status->service + children, status->count - children, sizeof *status->service, by_name);
}

static bool healthy(const struct status *status)
{
	bool running = strcmp(status->up_state, "running") == 0 ||
		strcmp(status->up_state, "elsewhere") == 0;
	for (size_t i = 0; i < status->count && running; i++)
		running = strcmp(status->service[i].state, "ready") == 0;
	return running && status->count > 0;
}

/* ---- services ---------------------------------------------------------------------- */

static json_t *queue_json(struct bus *bus, const char *service, int64_t *sum)
{
	json_t *object = json_object();
	*sum = 0;
	for (size_t i = 0; i < QUEUES; i++) {
		int64_t lag;
		if (strcmp(queues[i].service, service) != 0 || bus == NULL ||
			bus_lag(bus, queues[i].topic, service, &lag, NULL) != 0)
			continue;
		json_object_set_new(object, queues[i].topic, json_integer(lag));
		*sum += lag;
	}
	return object;
}

static const char *state_word(const char *state)
{
	static const struct {
		const char *state, *ru;
	} words[] = {{"starting", "запускается"}, {"ready", "работает"}, {"running", "работает"},
		{"draining", "завершает работу"}, {"stopping", "останавливается"},
		{"stopped", "остановлена"}, {"paused", "ждёт перезапуска"},
		{"given-up", "ошибка в настройках"}, {"not-running", "не запущен"},
		{"dead", "пропала"}, {"elsewhere", "работает (не через up)"}};
	for (size_t i = 0; lang_get() == LANG_RU && i < sizeof words / sizeof words[0]; i++)
		if (strcmp(words[i].state, state) == 0)
			return words[i].ru;
	return state;
}

static void service_json(struct cli *cli, const struct service *s, json_t *queue)
{
	json_t *object = json_pack("{s:s, s:s, s:s, s:I}", "kind", "service", "service", s->name,
		"state", s->state, "restarts", (json_int_t)s->restarts);
	const struct {
		const char *name, *value;
	} texts[] = {{"instance", s->instance}, {"since", cli_rfc3339(s->since_ms)},
		{"seen", cli_rfc3339(s->seen_ms)}, {"note", s->note}, {"trouble", s->trouble},
		{"last_exit", s->last_exit}, {"next", cli_rfc3339(s->next_ms)}};
	if (s->pid > 0)
		json_object_set_new(object, "pid", json_integer(s->pid));
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (texts[i].value != NULL && texts[i].value[0] != '\0')
			json_object_set_new(object, texts[i].name, json_string(texts[i].value));
	json_object_set_new(object, "queue", queue);
	cli_print_json(cli, object);
}

/* Processes of several places, or several of one service: they need their names. */
static bool has_others(const struct status *status)
{
	for (size_t i = 0; i < status->count; i++)
		if (!status->service[i].child && status->service[i].instance[0] != '\0')
			return true;
	return false;
}

static void show_services(struct cli *cli, const struct status *status, struct bus *bus)
{
	enum { NAME, INSTANCE, STATE, PID, SINCE, QUEUE, NOTE, COLUMNS };
	const struct cli_column columns[COLUMNS] = {{tr("SERVICE", "СЛУЖБА"), false, false},
		{tr("INSTANCE", "ЭКЗЕМПЛЯР"), false, false}, {tr("STATE", "СОСТОЯНИЕ"), false, false},
		{"PID", true, false}, {tr("SINCE", "С"), false, false}, {tr("QUEUE", "ОЧЕРЕДЬ"), true, false},
		{tr("NOTE", "ЗАМЕТКА"), false, true}};
	bool named = has_others(status);
	struct cli_column shown[COLUMNS];
	size_t count = 0;
	for (size_t i = 0; i < COLUMNS; i++)
		if (i != INSTANCE || named)
			shown[count++] = columns[i];
	struct cli_table *table = cli_table_new(shown, count);
	for (size_t i = 0; i < status->count; i++) {
		const struct service *s = &status->service[i];
		int64_t waiting;
		json_t *queue = queue_json(bus, s->name, &waiting);
		if (cli_json(cli)) {
			service_json(cli, s, queue);
			continue;
		}
		json_decref(queue);
		char pid[24];
		snprintf(pid, sizeof pid, "%lld", (long long)s->pid);
		const char *cells[COLUMNS] = {s->name, s->instance, state_word(s->state), s->pid > 0 ? pid : "",
			cli_time(cli, s->since_ms), cli_thousands(waiting), s->note};
		const char *row[COLUMNS];
		for (size_t c = 0, n = 0; c < COLUMNS; c++)
			if (c != INSTANCE || named)
				row[n++] = cells[c];
		cli_table_row(table, row);
	}
	if (!cli_json(cli) && status->count > 0)
		cli_table_print(&table);
	cli_table_free(&table);
	for (size_t i = 0; i < status->count && !cli_json(cli); i++) {
		const struct service *s = &status->service[i];
		if (s->restarts > 0)
			printf(tr("%s: restarted %lld times, last end: %s\n",
				       "%s: перезапусков: %lld, последнее завершение: %s\n"),
				s->name, (long long)s->restarts, s->last_exit);
		if (s->trouble[0] != '\0')
			printf(tr("%s: last trouble: %s\n", "%s: последняя неприятность: %s\n"), s->name,
				cli_clean(s->trouble));
	}
}

static void show_up(struct cli *cli, const struct status *status)
{
	if (cli_json(cli)) {
		json_t *object = json_pack("{s:s, s:s}", "kind", "supervisor", "state", status->up_state);
		if (status->up_pid > 0)
			json_object_set_new(object, "pid", json_integer(status->up_pid));
		if (status->up_since_ms > 0)
			json_object_set_new(object, "since", json_string(cli_rfc3339(status->up_since_ms)));
		cli_print_json(cli, object);
		return;
	}
	printf(tr("Vestnik: %s", "«Вестник»: %s"), state_word(status->up_state));
	if (status->up_since_ms > 0)
		printf(tr(" since %s (process %lld)", " с %s (процесс %lld)"),
			cli_time(cli, status->up_since_ms), (long long)status->up_pid);
	puts(status->up_pid == 0 && status->count == 0 ? tr(" (start: vestnik up)", " (запуск: vestnik up)")
							: "");
}

/* Topics that take nothing, because a service is too far behind. How many, or -1. */
static int show_stops(struct cli *cli, struct db *db, struct error *e)
{
	struct bus_stop stops[STOPS_MOST];
	char text[BUS_STOP_TEXT_SIZE];
	int count = bus_stops(db, stops, STOPS_MOST, e);
	for (int i = 0; i < count; i++) {
		const struct bus_stop *s = &stops[i];
		if (cli_json(cli))
			cli_print_json(cli, json_pack("{s:s, s:s, s:s, s:I, s:I, s:s}", "kind", "stopped-topic",
							"topic", s->topic, "behind", s->group, "messages",
							(json_int_t)s->messages, "bytes", (json_int_t)s->bytes,
							"since", cli_rfc3339(s->since_ms)));
		else
			printf(tr("Bus: %s (since %s)\n", "Шина: %s (с %s)\n"), bus_stop_text(s, text),
				cli_time(cli, s->since_ms));
	}
	return count;
}

/* ---- store, relays, campaigns ------------------------------------------------------ */

static int64_t file_size(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

static void show_store(struct cli *cli, struct db *db)
{
	const char *url = db_url(db), *path = strncmp(url, "sqlite:", 7) == 0 ? url + 7 : NULL;
	int64_t bytes = 0, log_bytes = 0, free_bytes = 0;
	if (path != NULL) {
		char wal[PATH_MAX];
		struct statvfs fs;
		snprintf(wal, sizeof wal, "%s-wal", path);
		bytes = file_size(path);
		log_bytes = file_size(wal);
		if (statvfs(path, &fs) == 0)
			free_bytes = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
	}
	if (cli_json(cli))
		cli_print_json(cli, json_pack("{s:s, s:s, s:I, s:I, s:I}", "kind", "store", "url",
						path != NULL ? url : "postgresql", "bytes",
						(json_int_t)bytes, "log_bytes", (json_int_t)log_bytes,
						"free_bytes", (json_int_t)free_bytes));
	else if (path != NULL)
		printf(tr("Store: %s, %s (write-ahead log %s), free on disk: %s\n",
			       "Хранилище: %s, %s (журнал записи %s), свободно на диске: %s\n"),
			path, cli_size(bytes), cli_size(log_bytes), cli_size(free_bytes));
}

static int show_relays(struct cli *cli, struct db *db, const struct settings *settings, struct error *e)
{
	for (size_t i = 0; i < settings->relays_count; i++) {
		const struct settings_relay *relay = &settings->relays[i];
		struct db_stmt *stmt;
		if (db_query(db, &stmt, e,
			    "SELECT breaker, reason, parked_until_ms, window_used FROM relay_state "
			    "WHERE relay = $1",
			    "s", relay->name) != 0)
			return -1;
		enum db_step step = db_step(stmt, e);
		if (step == DB_FAILED)
			return -1;
		bool known = step == DB_ROW;
		const char *breaker = known ? db_text(stmt, 0) : "closed";
		const char *reason = known ? db_text(stmt, 1) : NULL;
		int64_t parked = known ? db_int(stmt, 2) : 0, used = known ? db_int(stmt, 3) : 0;
		parked = parked > clock_now_ms() ? parked : 0;
		if (cli_json(cli)) {
			json_t *object = json_pack("{s:s, s:s, s:s, s:I}", "kind", "relay", "relay",
				relay->name, "breaker", breaker, "quota_used", (json_int_t)used);
			if (relay->quota.count > 0)
				json_object_set_new(object, "quota", json_integer(relay->quota.count));
			if (parked > 0)
				json_object_set_new(object, "parked_until", json_string(cli_rfc3339(parked)));
			if (reason != NULL && reason[0] != '\0')
				json_object_set_new(object, "reason", json_string(reason));
			cli_print_json(cli, object);
		} else {
			bool closed = strcmp(breaker, "closed") == 0;
			printf(tr("Relay %s: %s", "Сервер %s: %s"), relay->name,
				closed ? tr("in use", "в работе")
				       : tr("left alone after failures", "временно не используется из-за сбоев"));
			if (relay->quota.count > 0)
				printf(tr(", %lld of %lld letters of its quota used",
					       ", израсходовано писем по квоте: %lld из %lld"),
					(long long)used, (long long)relay->quota.count);
			if (parked > 0)
				printf(tr(", parked until %s", ", на паузе до %s"), cli_time(cli, parked));
			if ((!closed || parked > 0) && reason != NULL)
				printf(" — %s", cli_clean(reason));
			putchar('\n');
		}
		if (known)
			db_reset(stmt);
	}
	if (settings->relays_count == 0 && !cli_json(cli))
		puts(tr("No relay is set: nothing can be sent (settings: relays)",
			"Не задан ни один почтовый сервер: отправлять некуда (настройки: relays)"));
	return 0;
}

struct campaign_line {
	int64_t total, done, failed;
	char *slug, *title, *state, *reason;
};

/* Read whole before anything is printed: a slow terminal must not hold a read open. */
static int read_campaigns(struct db *db, struct campaign_line *lines, size_t *count, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	if (db_query(db, &stmt, e,
		    "SELECT c.slug, c.title, c.state, c.state_reason, c.total, "
		    "(SELECT COALESCE(SUM(n), 0) FROM counter k WHERE k.campaign = c.id AND "
		    "k.state IN (5, 6, 7)), "
		    "(SELECT COALESCE(SUM(n), 0) FROM counter k WHERE k.campaign = c.id AND "
		    "k.state IN (2, 8)) "
		    "FROM campaign c WHERE c.state IN ('running', 'paused') AND c.kind = 'campaign' "
		    "ORDER BY c.id DESC LIMIT $1",
		    "i", (int64_t)CAMPAIGNS_MOST) != 0)
		return -1;
	*count = 0;
	while ((step = db_step(stmt, e)) == DB_ROW)
		lines[(*count)++] = (struct campaign_line){.slug = xstrdup(db_text(stmt, 0)),
			.title = xstrdup(db_text(stmt, 1)),
			.state = xstrdup(db_text(stmt, 2)),
			.reason = xstrdup(db_text(stmt, 3)),
			.total = db_int(stmt, 4),
			.done = db_int(stmt, 5),
			.failed = db_int(stmt, 6)};
	return step == DB_FAILED ? -1 : 0;
}

static void show_campaign(struct cli *cli, const struct campaign_line *c)
{
	if (cli_json(cli)) {
		json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "kind", "campaign",
			"campaign", c->slug, "title", c->title, "state", c->state, "total",
			(json_int_t)c->total, "accepted", (json_int_t)c->done, "failed",
			(json_int_t)c->failed);
		if (c->reason != NULL && c->reason[0] != '\0')
			json_object_set_new(object, "reason", json_string(c->reason));
		cli_print_json(cli, object);
		return;
	}
	bool paused = strcmp(c->state, "paused") == 0;
	printf(tr("Campaign %s: %s, %s of %s accepted", "Рассылка %s: %s, принято %s из %s"),
		cli_clean(c->slug), paused ? tr("paused", "приостановлена") : tr("running", "идёт"),
		cli_thousands(c->done), cli_thousands(c->total));
	if (c->failed > 0)
		printf(tr(", %s failed or uncertain", ", отказов и неясных: %s"), cli_thousands(c->failed));
	if (paused && c->reason != NULL)
		printf(" — %s", cli_clean(c->reason));
	putchar('\n');
}

static int show_campaigns(struct cli *cli, struct db *db, struct error *e)
{
	struct campaign_line lines[CAMPAIGNS_MOST];
	size_t count = 0;
	int rc = read_campaigns(db, lines, &count, e);
	for (size_t i = 0; i < count; i++) {
		show_campaign(cli, &lines[i]);
		free(lines[i].slug);
		free(lines[i].title);
		free(lines[i].state);
		free(lines[i].reason);
	}
	return rc;
}

/* ---- the command ------------------------------------------------------------------- */

/* A look must not create the store. */
static bool store_exists(const struct settings *settings)
{
	return strncmp(settings->store_url, "sqlite:", 7) != 0 ||
		access(settings->store_url + 7, F_OK) == 0;
}

static int status_run(struct cli *cli, const struct cli_args *args)
{
	const struct settings *settings = cli_settings(cli);
	struct status *status = xcalloc(1, sizeof *status);
	struct error e;
	int rc = CLI_FAILED;
	(void)args;
	if (settings == NULL)
		goto out;
	read_supervisor(settings, status);
	if (!store_exists(settings)) {
		show_up(cli, status);
		show_services(cli, status, NULL);
		rc = healthy(status) ? CLI_DONE : CLI_FAILED;
		goto out;
	}
	struct db *db = cli_open_store(cli);
	struct bus *bus = db != NULL ? cli_open_bus(cli) : NULL;
	if (bus == NULL)
		goto out;
	if (read_rows(db, status, &e) != 0) {
		cli_fail(cli, &e);
		goto out;
	}
	sort_services(status);
	show_up(cli, status);
	show_services(cli, status, bus);
	show_store(cli, db);
	int stops = show_stops(cli, db, &e);
	if (stops < 0 || show_relays(cli, db, settings, &e) != 0 || show_campaigns(cli, db, &e) != 0) {
		cli_fail(cli, &e);
		goto out;
	}
	rc = healthy(status) && stops == 0 ? CLI_DONE : CLI_FAILED;
out:
	free(status);
	return rc;
}

const struct command status_commands[] = {
	{"status", "shows each service, its queue and its last trouble, the relays and the store",
		"показывает каждую службу, её очередь и последнюю неприятность, серверы и хранилище",
		"Exit code 1 when something is not running or publishing is stopped.",
		"Код выхода 1, если что-то не работает или публикация остановлена.",
		NULL, NULL, status_run},
	{0}};
