#include "console/directory/upload.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "console/directory/part.h"
#include "directory/directory.h"

#define KEPT_MS INT64_C(86400000)
#define KEPT_OF_ACCOUNT 3        /* older ones go when a new one comes */
#define PROBLEMS_SHOWN 30
#define FATES_MAX_BYTES (256 * 1024 * 1024) /* a million rows of 100 bytes; more is no directory */
#define PART_MAX_BYTES 400
#define IMPORTS_MOST 16          /* at once in this process: as many as handlers, and some */

/* ---- progress of what runs here ------------------------------------------------------------- */

static struct running {
	char id[IDENT_SIZE];
	int64_t done, total;
} running[IMPORTS_MOST];
static pthread_mutex_t running_lock = PTHREAD_MUTEX_INITIALIZER;

/* id NULL: over. */
static void note_progress(const char *id, int64_t done, int64_t total, bool over)
{
	struct running *at = NULL;
	pthread_mutex_lock(&running_lock);
	for (size_t i = 0; i < IMPORTS_MOST; i++)
		if (strcmp(running[i].id, id) == 0)
			at = &running[i];
	for (size_t i = 0; at == NULL && i < IMPORTS_MOST; i++)
		if (running[i].id[0] == '\0')
			at = &running[i];
	if (at != NULL) {
		*at = (struct running){.done = done, .total = total};
		snprintf(at->id, sizeof at->id, "%s", over ? "" : id);
	}
	pthread_mutex_unlock(&running_lock);
}

bool upload_progress(const char *id, int64_t *done, int64_t *total)
{
	bool found = false;
	pthread_mutex_lock(&running_lock);
	for (size_t i = 0; i < IMPORTS_MOST; i++)
		if (id[0] != '\0' && strcmp(running[i].id, id) == 0) {
			*done = running[i].done;
			*total = running[i].total;
			found = true;
		}
	pthread_mutex_unlock(&running_lock);
	return found;
}

/* ---- reading a sheet -------------------------------------------------------------------------- */

struct reading {
	struct visit *visit;
	struct buf fates;
	json_t *columns;
	const char *id; /* whose progress is told; NULL */
	const struct upload *upload;
};

static void put_part(struct buf *out, const char *text)
{
	char *clean = gate_clean_line(text == NULL ? "" : text, PART_MAX_BYTES);
	(void)buf_putc(out, '\t');
	(void)buf_puts(out, clean);
	free(clean);
}

static void on_fate(void *arg, int line, const char *key, const char *name, enum directory_fate fate,
	const struct problem *problem)
{
	static const char letters[] = {UPLOAD_ADDED, UPLOAD_CHANGED, UPLOAD_UNCHANGED, UPLOAD_SKIPPED};
	struct reading *reading = arg;
	struct buf *out = &reading->fates;
	(void)buf_printf(out, "%c%d", letters[fate], line);
	put_part(out, key);
	put_part(out, name);
	put_part(out, problem == NULL ? NULL : problem->field);
	put_part(out, problem == NULL ? NULL : problem->text);
	put_part(out, problem == NULL ? NULL : problem->hint);
	(void)buf_putc(out, '\n');
}

static void on_column(void *arg, const char *title, const char *becomes)
{
	struct reading *reading = arg;
	json_array_append_new(reading->columns, json_pack("{s:o, s:o}", "title", show_text(title), "becomes", show_text(becomes)));
}

static void on_progress(void *arg, int64_t done, int64_t total)
{
	struct reading *reading = arg;
	if (reading->id != NULL)
		note_progress(reading->id, done, total, false);
}

/* A file of no folder: nothing stays behind when we are killed. */
static int file_of(const void *data, size_t len, char path[static 40], struct error *e)
{
	int fd = memfd_create("directory", MFD_CLOEXEC);
	size_t done = 0;
	while (fd >= 0 && done < len) {
		ssize_t n = write(fd, (const char *)data + done, len - done);
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (fd < 0 || done < len) {
		error_errno(e, "memfd");
		if (fd >= 0)
			close(fd);
		return -1;
	}
	snprintf(path, 40, "/proc/self/fd/%d", fd);
	return fd;
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text == NULL || text[0] == '\0' ? NULL : text;
}

/* Of rows the fates tell; here what concerns the whole sheet. */
static json_t *problems_json(const struct problems *problems, bool rows_told)
{
	json_t *list = json_array();
	for (size_t i = 0; i < problems->count && json_array_size(list) < PROBLEMS_SHOWN; i++) {
		const struct problem *p = &problems->item[i];
		if (rows_told && p->severity == PROBLEM_ERROR)
			continue;
		json_array_append_new(list,
			json_pack("{s:o, s:o, s:s, s:o}", "line", p->line > 0 ? json_integer(p->line) : json_null(), "field",
				show_text(p->field), "text", p->text, "hint", show_text(p->hint)));
	}
	return list;
}

static void delimiter_words(const struct table_facts *facts, json_t *out)
{
	const char text[2] = {facts->delimiter, '\0'};
	json_object_set_new(out, "delimiter", show_text(facts->delimiter == '\t' ? tr("tab", "табуляция") : text));
}

static struct directory_import_options options_of(struct reading *reading, const char *path, const char *name,
	const json_t *wanted)
{
	const char *delimiter = text_of(wanted, "delimiter");
	return (struct directory_import_options){.path = path,
		.name = name,
		.table = {.encoding = text_of(wanted, "encoding"),
			.delimiter = delimiter == NULL ? '\0' : delimiter[0],
			.sheet = text_of(wanted, "sheet")},
		.skip_bad = true,
		.actor = reading->visit->visitor->actor,
		.progress = on_progress,
		.arg = reading};
}

/* What would become of it: *facts, and fates in reading. */
static int look_through(struct reading *reading, const void *data, size_t len, const char *name, const json_t *wanted,
	json_t **facts, struct error *e)
{
	char path[40];
	struct directory_import_result result = {0};
	struct problems problems = {0};
	int fd = file_of(data, len, path, e);
	if (fd < 0)
		return -1;
	buf_init(&reading->fates, FATES_MAX_BYTES);
	reading->columns = json_array();
	struct directory_import_options options = options_of(reading, path, name, wanted);
	options.dry_run = true;
	options.fate = on_fate;
	options.column = on_column;
	(void)directory_import(reading->visit->db, &options, &result, &problems, e);
	close(fd);
	int rc = e->code != ERROR_NONE || !buf_ok(&reading->fates) ? -1 : 0;
	if (rc != 0 && e->code == ERROR_NONE)
		error_set(e, ERROR_INPUT, "%s", tr("The sheet has too many rows.", "В таблице слишком много строк."));
	bool rows = reading->fates.len > 0;
	*facts = json_pack("{s:b, s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:o}", "readable", rows, "encoding",
		show_text(result.facts.delimiter != 0 ? result.facts.encoding : NULL), "sheet", show_text(result.facts.sheet), "added",
		(json_int_t)result.added, "changed", (json_int_t)result.changed, "unchanged", (json_int_t)result.unchanged, "skipped",
		(json_int_t)result.skipped, "columns", reading->columns, "problems", problems_json(&problems, rows));
	if (*facts != NULL)
		delimiter_words(&result.facts, *facts);
	problems_fini(&problems);
	return rc;
}

/* ---- keeping -------------------------------------------------------------------------------------- */

static int newest_revision(struct db *db, int64_t *revision, struct error *e)
{
	return db_query_int(db, revision, e, "SELECT COALESCE(MAX(number), 0) FROM directory_revision", "") == DB_FAILED ? -1 : 0;
}

struct keeping {
	const struct visit *visit;
	const char *id, *name, *wanted, *facts;
	const void *data;
	size_t len;
	const struct buf *fates;
	int64_t revision;
	char hash[IDENT_HASH_SIZE];
	int64_t now_ms;
};

static int keep(void *arg, struct db *tx, struct error *e)
{
	const struct keeping *k = arg;
	int64_t account = k->visit->visitor->account;
	if (db_exec(tx, e, "DELETE FROM directory_upload WHERE created_ms < $1", "i", k->now_ms - KEPT_MS) != 0 ||
		db_exec(tx, e,
			"DELETE FROM directory_upload WHERE account = $1 AND id NOT IN (SELECT id FROM directory_upload"
			" WHERE account = $1 ORDER BY created_ms DESC, id LIMIT $2)",
			"ii", account, (int64_t)KEPT_OF_ACCOUNT - 1) != 0)
		return -1;
	return db_exec(tx, e,
		"INSERT INTO directory_upload (id, account, name, size, hash, created_ms, revision, wanted, facts, fates, data)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
		"sisisiissbb", k->id, account, k->name, (int64_t)k->len, k->hash, k->now_ms, k->revision, k->wanted, k->facts,
		buf_str(k->fates), k->fates->len, k->data, k->len);
}

int upload_keep(struct visit *visit, const char *name, const void *data, size_t len, char id[static IDENT_SIZE], struct error *e)
{
	struct reading reading = {.visit = visit};
	struct keeping k = {.visit = visit, .id = id, .name = name, .wanted = "{}", .data = data, .len = len,
		.fates = &reading.fates, .now_ms = clock_now_ms()};
	json_t *facts = NULL;
	if (len == 0)
		return error_set(e, ERROR_INPUT, "%s", tr("The file is empty.", "Файл пустой."));
	if (len > IMPORT_FILE_MAX_BYTES)
		return error_set(e, ERROR_INPUT, "%s", tr("The file is larger than 32 MB.", "Файл больше 32 МБ."));
	ident_new(id);
	ident_hash(data, len, k.hash);
	if (newest_revision(visit->db, &k.revision, e) != 0)
		return -1;
	int rc = look_through(&reading, data, len, name, NULL, &facts, e);
	char *text = rc == 0 ? json_dumps(facts, JSON_COMPACT) : NULL;
	k.facts = text;
	if (rc == 0)
		rc = console_transaction(visit, keep, &k, e);
	free(text);
	json_decref(facts);
	buf_fini(&reading.fates);
	return rc;
}

/* ---- reading it back --------------------------------------------------------------------------------- */

void upload_fini(struct upload *upload)
{
	free(upload->id);
	free(upload->name);
	free(upload->hash);
	free(upload->fates);
	json_decref(upload->wanted);
	json_decref(upload->facts);
	*upload = (struct upload){0};
}

enum db_step upload_load(struct visit *visit, const char *id, bool with_fates, struct upload *out, struct error *e)
{
	struct db_stmt *row;
	const char *sql = with_fates ? "SELECT name, hash, size, created_ms, revision, wanted, facts, fates FROM directory_upload"
				       " WHERE id = $1 AND account = $2 AND created_ms >= $3"
				     : "SELECT name, hash, size, created_ms, revision, wanted, facts FROM directory_upload"
				       " WHERE id = $1 AND account = $2 AND created_ms >= $3";
	*out = (struct upload){0};
	if (db_query(visit->db, &row, e, sql, "sii", id, visit->visitor->account, clock_now_ms() - KEPT_MS) != 0)
		return DB_FAILED;
	enum db_step step = db_step(row, e);
	if (step != DB_ROW)
		return step;
	*out = (struct upload){.id = xstrdup(id),
		.name = xstrdup(db_text(row, 0)),
		.hash = xstrdup(db_text(row, 1)),
		.size = db_int(row, 2),
		.created_ms = db_int(row, 3),
		.revision = db_int(row, 4),
		.wanted = json_loads(db_text(row, 5), 0, NULL),
		.facts = json_loads(db_text(row, 6), 0, NULL)};
	if (with_fates) {
		const void *fates = db_blob(row, 7, &out->fates_len);
		out->fates = out->fates_len > 0 ? xmemdup(fates, out->fates_len) : xstrdup("");
	}
	db_reset(row);
	return DB_ROW;
}

bool upload_next(const struct upload *upload, size_t *at, struct upload_row *row)
{
	const char *end = upload->fates + upload->fates_len, *p = upload->fates + *at;
	const char *newline = *at < upload->fates_len ? memchr(p, '\n', (size_t)(end - p)) : NULL;
	if (newline == NULL)
		return false;
	row->fate = (enum upload_fate)*p;
	row->line = strtoll(p + 1, NULL, 10);
	p = memchr(p, '\t', (size_t)(newline - p));
	for (int i = 0; i < 5; i++) {
		const char *from = p == NULL ? newline : p + 1;
		p = memchr(from, '\t', (size_t)(newline - from));
		row->part[i] = from;
		row->len[i] = (size_t)((p == NULL ? newline : p) - from);
	}
	*at = (size_t)(newline + 1 - upload->fates);
	return true;
}

/* The file itself; *data is the caller's. */
static enum db_step load_data(struct visit *visit, const char *id, void **data, size_t *len, struct error *e)
{
	struct db_stmt *row;
	if (db_query(visit->db, &row, e, "SELECT data FROM directory_upload WHERE id = $1 AND account = $2", "si", id,
		    visit->visitor->account) != 0)
		return DB_FAILED;
	enum db_step step = db_step(row, e);
	if (step == DB_ROW) {
		const void *bytes = db_blob(row, 0, len);
		*data = xmemdup(bytes, *len);
		db_reset(row);
	}
	return step;
}

static int gone(struct error *e)
{
	return error_set(e, ERROR_NOT_FOUND, "%s",
		tr("This upload is not kept any more: choose the file again.", "Этот файл больше не хранится: выберите его ещё раз."));
}

static int keep_again(void *arg, struct db *tx, struct error *e)
{
	const struct keeping *k = arg;
	return db_exec(tx, e,
		"UPDATE directory_upload SET revision = $3, wanted = $4, facts = $5, fates = $6 WHERE id = $1 AND account = $2",
		"siissb", k->id, k->visit->visitor->account, k->revision, k->wanted, k->facts, buf_str(k->fates), k->fates->len);
}

int upload_read_again(struct visit *visit, const char *id, const json_t *wanted, struct error *e)
{
	struct reading reading = {.visit = visit};
	struct upload upload;
	struct keeping k = {.visit = visit, .id = id, .fates = &reading.fates};
	json_t *facts = NULL;
	void *data = NULL;
	size_t len = 0;
	int rc = -1;
	enum db_step step = upload_load(visit, id, false, &upload, e);
	if (step == DB_ROW)
		step = load_data(visit, id, &data, &len, e);
	if (step == DB_ROW && newest_revision(visit->db, &k.revision, e) == 0)
		rc = look_through(&reading, data, len, upload.name, wanted != NULL ? wanted : upload.wanted, &facts, e);
	else if (step == DB_DONE)
		rc = gone(e);
	if (rc == 0) {
		char *text = json_dumps(facts, JSON_COMPACT), *said = json_dumps(wanted != NULL ? wanted : upload.wanted, JSON_COMPACT);
		k.facts = text;
		k.wanted = said;
		rc = console_transaction(visit, keep_again, &k, e);
		free(text);
		free(said);
	}
	json_decref(facts);
	free(data);
	buf_fini(&reading.fates);
	upload_fini(&upload);
	return rc;
}

struct dropping {
	const struct visit *visit;
	const char *id;
};

static int drop(void *arg, struct db *tx, struct error *e)
{
	const struct dropping *d = arg;
	return db_exec(tx, e, "DELETE FROM directory_upload WHERE id = $1 AND account = $2", "si", d->id,
		d->visit->visitor->account);
}

int upload_drop(struct visit *visit, const char *id, struct error *e)
{
	struct dropping d = {visit, id};
	return console_transaction(visit, drop, &d, e);
}

/* ---- importing --------------------------------------------------------------------------------------- */

/* In the transaction that completes it: the word about it, and the upload is over. */
static int on_stored(void *arg, struct db *tx, int64_t revision, const struct directory_import_result *result, struct error *e)
{
	struct reading *reading = arg;
	char *subject = xasprintf("directory:%lld", (long long)revision);
	int rc = drop(&(struct dropping){reading->visit, reading->upload->id}, tx, e);
	if (rc == 0)
		rc = console_audit(reading->visit, tx, "directory.import", subject,
			json_pack("{s:s, s:s, s:I, s:I, s:I, s:I}", "file", reading->upload->name, "hash", reading->upload->hash, "added",
				(json_int_t)result->added, "changed", (json_int_t)result->changed, "unchanged",
				(json_int_t)result->unchanged, "skipped", (json_int_t)result->skipped),
			NULL, e);
	free(subject);
	return rc;
}

static int run(struct reading *reading, const char *path, bool skip_bad, json_t **facts, struct error *e)
{
	const struct upload *upload = reading->upload;
	struct directory_import_options options = options_of(reading, path, upload->name, upload->wanted);
	struct directory_import_result result;
	struct problems problems = {0};
	options.skip_bad = skip_bad;
	options.stored = on_stored;
	note_progress(upload->id, 0, 1, false);
	int rc = directory_import(reading->visit->db, &options, &result, &problems, e);
	note_progress(upload->id, 0, 0, true);
	if (rc != 0 && e->code == ERROR_NONE)
		error_set(e, ERROR_INPUT, "%s",
			problems.count > 0 ? problems.item[0].text : tr("Nothing could be read.", "Ничего не удалось прочитать."));
	problems_fini(&problems);
	if (rc != 0)
		return -1;
	if (result.revision == 0)
		(void)upload_drop(reading->visit, upload->id, &(struct error){0}); /* nothing to write; it goes by age else */
	*facts = json_pack("{s:I, s:I, s:I, s:I, s:I}", "added", (json_int_t)result.added, "changed", (json_int_t)result.changed,
		"unchanged", (json_int_t)result.unchanged, "skipped", (json_int_t)result.skipped, "revision",
		(json_int_t)result.revision);
	return 0;
}

int upload_import(struct visit *visit, const struct upload *upload, bool skip_bad, json_t **facts, struct error *e)
{
	struct reading reading = {.visit = visit, .id = upload->id, .upload = upload};
	char path[40], hash[IDENT_HASH_SIZE];
	void *data = NULL;
	size_t len = 0;
	int64_t revision;
	if (newest_revision(visit->db, &revision, e) != 0)
		return -1;
	if (revision != upload->revision) {
		if (upload_read_again(visit, upload->id, NULL, e) != 0)
			return -1;
		return error_set(e, ERROR_CONFLICT, "%s",
			tr("The directory has changed since the preview. Here is what the sheet would change now.",
				"Справочник за это время изменился. Вот что таблица изменит в нём теперь."));
	}
	enum db_step step = load_data(visit, upload->id, &data, &len, e);
	int rc = step == DB_ROW ? 0 : step == DB_DONE ? gone(e) : -1;
	if (rc == 0 && strcmp(ident_hash(data, len, hash), upload->hash) != 0)
		rc = error_set(e, ERROR_INTERNAL, "directory_upload: the file is another one");
	int fd = rc == 0 ? file_of(data, len, path, e) : -1;
	if (rc == 0)
		rc = fd < 0 ? -1 : run(&reading, path, skip_bad, facts, e);
	if (fd >= 0)
		close(fd);
	free(data);
	return rc;
}
