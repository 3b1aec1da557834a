/* Services: from services.json of `up` and from the rows they write. */
#include "control/status.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/lang.h"
#include "control/run_state.h"

#define FRESH_MS 10000 /* services write their row every 2 s; a busy store delays it */
#define DEAD_SHOWN_MS (60 * 60 * 1000) /* one that died and was not replaced is shown so long */

/* A moment of the supervisor, which is monotonic; 0 when it is not there. */
static int64_t moment(const json_t *object, const char *name)
{
	json_int_t mono_ms = json_integer_value(json_object_get(object, name));
	return mono_ms == 0 ? 0 : clock_wall_ms(mono_ms);
}

static void copy(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", text != NULL ? text : "");
}

void status_read_supervisor(const struct settings *settings, struct status *status)
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
	status->up_since_ms = moment(state, "started_mono_ms");
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
		s->since_ms = moment(one, "since_mono_ms");
		s->restarts = json_integer_value(json_object_get(one, "restarts"));
		s->next_ms = moment(one, "next_mono_ms");
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

/* A child of `up` and its row are one line; the row of the child's dead predecessor is none. */
static struct service *child_of_up(struct status *status, const struct service *row, const char *here)
{
	if (status->up_pid == 0 || strcmp(row->place, here) != 0)
		return NULL;
	for (size_t i = 0; i < status->count; i++)
		if (status->service[i].child && strcmp(status->service[i].name, row->name) == 0)
			return &status->service[i];
	return NULL;
}

/* Another of the same service and place came after its last sign of life. */
static bool replaced(const struct status *status, const struct service *row)
{
	for (size_t i = 0; i < status->count; i++) {
		const struct service *s = &status->service[i];
		if (!s->dead && strcmp(s->name, row->name) == 0 && strcmp(s->place, row->place) == 0 &&
			s->since_ms >= row->seen_ms)
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
	if ((child != NULL && row->dead) || strcmp(row->state, "stopped") == 0 || status->count == SERVICES_MOST ||
		(row->dead && replaced(status, row)))
		return;
	struct service *s = &status->service[status->count++];
	*s = *row;
	if (s->dead)
		copy(s->state, sizeof s->state, "dead");
	if (status->up_pid == 0)
		status->up_state = "elsewhere";
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

/* The services' own rows: notes and troubles; and services that run without `up`, or on another
 * machine. Their times are the database's. Newest first, so that who was replaced is seen. */
int status_read_rows(struct db *db, struct status *status, struct error *e)
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
	sort_services(status);
	return step == DB_FAILED ? -1 : 0;
}

bool status_healthy(const struct status *status)
{
	bool running = strcmp(status->up_state, "running") == 0 ||
		strcmp(status->up_state, "elsewhere") == 0;
	for (size_t i = 0; i < status->count && running; i++)
		running = strcmp(status->service[i].state, "ready") == 0;
	return running && status->count > 0;
}

const char *status_state_word(const char *state)
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

/* ---- work nobody finishes ---------------------------------------------------------------- */

/* A lease is renewed several times within its span: one that ran out so long ago has no holder. */
#define LEASE_LATE_MS 30000

static int read_leases(struct db *db, struct status_stuck *out, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	int64_t now_ms;
	if (db_now_ms(db, &now_ms, e) != 0 ||
		db_query(db, &stmt, e,
			"SELECT name, holder, expires_ms FROM lease WHERE expires_ms < $1 ORDER BY expires_ms LIMIT 16", "i",
			now_ms - LEASE_LATE_MS) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW && out->leases < STUCK_LEASES_MOST) {
		struct status_lease *lease = &out->lease[out->leases++];
		copy(lease->name, sizeof lease->name, db_text(stmt, 0));
		copy(lease->holder, sizeof lease->holder, db_text(stmt, 1));
		lease->expires_ms = db_int(stmt, 2);
	}
	return step == DB_FAILED ? -1 : 0;
}

int status_read_stuck(struct db *db, const struct settings *settings, struct status_stuck *out, struct error *e)
{
	int64_t before_ms = clock_now_ms() - settings->planner.stuck_after_ms;
	*out = (struct status_stuck){0};
	if (db_query_int(db, &out->letters, e,
		    "SELECT count(*) FROM (SELECT key FROM schedule WHERE claimed_ms IS NOT NULL AND claimed_ms < $1"
		    " ORDER BY claimed_ms, key LIMIT 1000) stuck",
		    "i", before_ms) == DB_FAILED ||
		db_query_int(db, &out->oldest_ms, e,
			"SELECT claimed_ms FROM schedule WHERE claimed_ms IS NOT NULL AND claimed_ms < $1"
			" ORDER BY claimed_ms, key LIMIT 1",
			"i", before_ms) == DB_FAILED)
		return -1;
	return read_leases(db, out, e);
}

/* ---- the store ------------------------------------------------------------------------------ */

static int64_t file_size(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

void status_read_store(struct db *db, struct status_store *out)
{
	char wal[PATH_MAX];
	struct statvfs fs;
	const char *url = db_url(db);
	*out = (struct status_store){.path = strncmp(url, "sqlite:", 7) == 0 ? url + 7 : NULL};
	if (out->path == NULL) {
		struct error ignored; /* who cannot be asked for its size is told of elsewhere */
		(void)db_query_int(db, &out->bytes, &ignored, "SELECT pg_database_size(current_database())", "");
		return;
	}
	snprintf(wal, sizeof wal, "%s-wal", out->path);
	out->bytes = file_size(out->path);
	out->log_bytes = file_size(wal);
	if (statvfs(out->path, &fs) == 0)
		out->free_bytes = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
}
