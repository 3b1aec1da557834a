/* `vestnik status`: is it running, what does each service do, what waits, what
 * is in trouble. From three sources: services.json of `up`, the rows the
 * services write about themselves, and the bus. A store or a bus that is away
 * is said; the rest is shown. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "bus/bus.h"
#include "cli/status_show.h"
#include "control/bus_view.h"
#include "control/status.h"
#include "settings/settings.h"
#include "store/db.h"

/* ---- services ---------------------------------------------------------------------- */

/* What waits for each service, by topic, whatever the number of its processes. */
struct waiting {
	json_t *queue[BUS_QUEUES]; /* by the first queue of this service */
	int64_t sum[BUS_QUEUES];
	struct error why; /* of a bus that did not answer */
	bool failed;
};

static size_t first_queue(const char *service)
{
	size_t i = 0;
	while (i < BUS_QUEUES && strcmp(bus_queues[i].group, service) != 0)
		i++;
	return i;
}

static void ask_waiting(struct bus *bus, struct waiting *waiting)
{
	int64_t lag[BUS_QUEUES];
	size_t known = 0;
	waiting->failed = bus != NULL && bus_queues_read(bus, lag, &known, &waiting->why) != 0;
	for (size_t i = 0; i < known; i++) {
		size_t first = first_queue(bus_queues[i].group);
		if (waiting->queue[first] == NULL)
			waiting->queue[first] = json_object();
		json_object_set_new(waiting->queue[first], bus_queues[i].topic, json_integer(lag[i]));
		waiting->sum[first] += lag[i];
	}
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
	json_object_set_new(object, "queue", queue != NULL ? json_incref(queue) : json_object());
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

static void show_services(struct cli *cli, const struct status *status, const struct waiting *waiting)
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
		size_t q = first_queue(s->name);
		json_t *queue = q < BUS_QUEUES ? waiting->queue[q] : NULL;
		if (cli_json(cli)) {
			service_json(cli, s, queue);
			continue;
		}
		/* the processes of a service share what waits: once is enough */
		bool again = i > 0 && strcmp(status->service[i - 1].name, s->name) == 0;
		char pid[24];
		snprintf(pid, sizeof pid, "%lld", (long long)s->pid);
		const char *cells[COLUMNS] = {s->name, s->instance, status_state_word(s->state), s->pid > 0 ? pid : "",
			cli_time(cli, s->since_ms),
			queue == NULL || again ? "" : cli_thousands(waiting->sum[q]), s->note};
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
	printf(tr("Vestnik: %s", "«Вестник»: %s"), status_state_word(status->up_state));
	if (status->up_since_ms > 0)
		printf(tr(" since %s (process %lld)", " с %s (процесс %lld)"),
			cli_time(cli, status->up_since_ms), (long long)status->up_pid);
	puts(status->up_pid == 0 && status->count == 0 ? tr(" (start: vestnik up)", " (запуск: vestnik up)")
							: "");
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
	struct waiting waiting = {0};
	struct error e;
	int rc = CLI_FAILED;
	(void)args;
	if (settings == NULL)
		goto out;
	status_read_supervisor(settings, status);
	struct db *db = store_exists(settings) ? cli_open_store(cli) : NULL;
	struct bus *bus = db != NULL ? cli_open_bus(cli) : NULL;
	bool read = db != NULL && status_read_rows(db, status, &e) == 0;
	if (db != NULL && !read)
		cli_fail(cli, &e);
	ask_waiting(bus, &waiting);
	show_up(cli, status);
	show_services(cli, status, &waiting);
	if (!read) {
		/* nothing was there to be looked at yet, or it was said what is wrong */
		rc = !store_exists(settings) && status_healthy(status) ? CLI_DONE : CLI_FAILED;
		goto out;
	}
	if (waiting.failed)
		cli_fail(cli, &waiting.why);
	status_show_store(cli, db);
	int bad = status_show_bus(cli, db, &e);
	if (bad < 0 || status_show_relays(cli, db, &e) != 0 || status_show_campaigns(cli, db, &e) != 0) {
		cli_fail(cli, &e);
		goto out;
	}
	rc = status_healthy(status) && bad == 0 && bus != NULL && !waiting.failed ? CLI_DONE : CLI_FAILED;
out:
	for (size_t i = 0; i < BUS_QUEUES; i++)
		json_decref(waiting.queue[i]);
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
