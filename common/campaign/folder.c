/* The folder as a whole: load, look, free; and its audience. */
#include "campaign/folder.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"

#define BATCH 1000

static bool find_folder(struct campaign_folder *folder, struct problems *problems)
{
	const char *slash = strrchr(folder->path, '/');
	folder->shown = slash == NULL ? xstrdup("")
				      : xstrndup(folder->path, (size_t)(slash - folder->path) + 1);
	char *real = realpath(folder->shown[0] == '\0' ? "." : folder->shown, NULL);
	folder->real = real;
	if (real == NULL)
		problem_add(problems, PROBLEM_ERROR, (struct problem_place){.file = folder->path},
			NULL, "%s", tr("there is no such folder", "такой папки нет"));
	return real != NULL;
}

static void complete(struct folder_reader *r)
{
	struct campaign_folder *folder = r->folder;
	json_t *d = folder->definition;
	folder->slug = xstrdup(json_string_value(json_object_get(d, "slug")));
	folder->title = xstrdup(json_string_value(json_object_get(d, "title")));
	folder->sender =
		xstrdup(json_string_value(json_object_get(json_object_get(d, "from"), "address")));
	folder->public_url = xstrdup(r->settings->public_url);
}

int folder_audience_init(const struct campaign_folder *folder, const json_t *filter, struct audience *audience,
	struct error *e)
{
	int rc = audience_init(audience, folder->definition, filter, e);
	for (size_t i = 0; i < audience->datasets; i++)
		audience->dataset[i].rows = folder->dataset[i];
	audience->list = folder->list;
	return rc;
}

static void attach_tables(struct folder_reader *r)
{
	struct error e = {0};
	if (folder_audience_init(r->folder, NULL, &r->folder->audience, &e) != 0)
		folder_error(r, r->audience_node, "audience", NULL, "%s", e.text);
	r->folder->audience_ready = true;
}

struct campaign_folder *campaign_folder_load(const char *yaml_path, const struct settings *settings,
	struct db *db, struct problems *problems)
{
	return campaign_folder_load_at(yaml_path, settings, db, 0, problems);
}

struct campaign_folder *campaign_folder_load_at(const char *yaml_path, const struct settings *settings,
	struct db *db, int64_t now_ms, struct problems *problems)
{
	size_t before = problems->errors;
	struct campaign_folder *folder = xcalloc(1, sizeof *folder);
	folder->path = xstrdup(yaml_path);
	folder->definition = json_object();
	folder->not_after_ms = TIME_NEVER_MS;
	struct folder_reader r = {.yaml = {.file = folder->path, .problems = problems},
		.now_ms = now_ms != 0 ? now_ms : clock_now_ms(),
		.rehearsal = now_ms != 0,
		.db = db,
		.calendars = calendars_load(settings, problems),
		.folder = folder,
		.settings = settings};
	if (find_folder(folder, problems))
		r.root = yaml_load_file(folder->path, problems);
	if (r.root != NULL)
		folder_read_source(folder);
	if (r.root != NULL && yaml_as_map(&r.yaml, r.root, NULL)) {
		folder_read(&r);
		complete(&r);
		if (problems->errors == before)
			attach_tables(&r);
		r.db = problems->errors == before && !(r.rehearsal && folder_directory_empty(db)) ? db : NULL;
		folder_check(&r, r.db);
	}
	yaml_node_free(&r.root);
	calendars_free(&r.calendars);
	if (problems->errors == before)
		folder_hash(folder);
	else
		campaign_folder_free(&folder);
	return folder;
}

void campaign_folder_free(struct campaign_folder **handle)
{
	struct campaign_folder *folder = *handle;
	*handle = NULL;
	if (folder == NULL)
		return;
	if (folder->audience_ready)
		audience_fini(&folder->audience);
	for (size_t i = 0; i < AUDIENCE_DATASETS_MAX; i++)
		dataset_free(&folder->dataset[i]);
	dataset_free(&folder->list);
	for (size_t i = 0; i < folder->letters_count; i++) {
		free(folder->letters[i].name);
		folder_file_fini(&folder->letters[i].file);
	}
	free(folder->letters);
	for (size_t i = 0; i < folder->steps; i++)
		letter_unref(&folder->step[i].letter);
	free(folder->step);
	free(folder->public_url);
	folder_file_fini(&folder->source);
	for (size_t i = 0; i < folder->attachments; i++)
		folder_file_fini(&folder->attachment[i]);
	free(folder->attachment);
	json_decref(folder->definition);
	free(folder->path);
	free(folder->shown);
	free(folder->real);
	free(folder->slug);
	free(folder->title);
	free(folder->sender);
	free(folder);
}

const char *campaign_folder_slug(const struct campaign_folder *folder)
{
	return folder->slug;
}

const char *campaign_folder_title(const struct campaign_folder *folder)
{
	return folder->title;
}

const char *campaign_folder_hash(const struct campaign_folder *folder)
{
	return folder->hash;
}

const json_t *campaign_folder_definition(const struct campaign_folder *folder)
{
	return folder->definition;
}

struct letter *campaign_folder_letter(const struct campaign_folder *folder, int step)
{
	for (size_t i = 0; i < folder->steps; i++)
		if (folder->step[i].step == step)
			return folder->step[i].letter;
	return NULL;
}

int campaign_folder_step(const struct campaign_folder *folder, const char *name)
{
	static const char *const members[] = {"letter", "kind"};
	size_t index;
	const json_t *step;
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
		json_array_foreach(json_object_get(folder->definition, "steps"), index, step)
			if (strcmp(json_string_value(json_object_get(step, members[i])), name) == 0)
				return (int)json_integer_value(json_object_get(step, "step"));
	return -1;
}

json_t *campaign_folder_fields(const struct campaign_folder *folder, int step, const json_t *fields)
{
	return folder_example_fields(folder, step, fields);
}

/* ---- recipients ---------------------------------------------------------------------- */

void campaign_recipient_fini(struct campaign_recipient *recipient)
{
	free(recipient->key);
	free(recipient->name);
	free(recipient->address);
	free(recipient->contact_name);
	free(recipient->zone);
	json_decref(recipient->fields);
	*recipient = (struct campaign_recipient){0};
}

static void copy_recipient(struct campaign_recipient *to, const struct campaign_recipient *from)
{
	*to = (struct campaign_recipient){.organisation = from->organisation,
		.contact = from->contact,
		.key = xstrdup(from->key),
		.name = xstrdup(from->name),
		.address = xstrdup(from->address),
		.contact_name = xstrdup(from->contact_name),
		.zone = xstrdup(from->zone),
		.fields = json_deep_copy(from->fields),
		.outside = from->outside};
}

struct sampler {
	struct campaign_recipient *sample;
	size_t most, count;
	int64_t seen;
};

static int take_sample(void *arg, const struct campaign_recipient *recipient)
{
	struct sampler *sampler = arg;
	sampler->seen++;
	if (sampler->count < sampler->most)
		copy_recipient(&sampler->sample[sampler->count++], recipient);
	return 0;
}

int campaign_folder_audience(const struct campaign_folder *folder, struct db *db, int64_t *count,
	struct campaign_recipient **sample, size_t sample_most, size_t *sample_count,
	struct error *e)
{
	struct sampler sampler = {
		.sample = xcalloc(sample_most + 1, sizeof **sample), .most = sample_most};
	struct audience_call call = {
		.audience = &folder->audience, .most = BATCH, .each = take_sample, .arg = &sampler};
	int rc = 0;
	while (rc == 0 && !call.end) {
		rc = audience_walk(db, &call, e);
		call.after = call.last;
	}
	if (rc != 0) {
		for (size_t i = 0; i < sampler.count; i++)
			campaign_recipient_fini(&sampler.sample[i]);
		free(sampler.sample);
		return -1;
	}
	*count = sampler.seen;
	*sample = sampler.sample;
	*sample_count = sampler.count;
	return 0;
}

int campaign_folder_batch(const struct campaign_folder *folder, struct db *db, int64_t after, int most, int64_t *last,
	bool *end, int (*each)(void *arg, const struct campaign_recipient *recipient),
	void (*unreached)(void *arg, int64_t organisation, const char *key, const char *name), void *arg, struct error *e)
{
	struct audience_call call = {.audience = &folder->audience,
		.after = after,
		.most = most,
		.each = each,
		.unreached = unreached,
		.arg = arg};
	int rc = audience_walk(db, &call, e);
	*last = call.last;
	*end = call.end;
	return rc;
}

int campaign_folder_first(const struct campaign_folder *folder, struct db *db, struct campaign_recipient *out,
	struct error *e)
{
	struct sampler sampler = {.sample = out, .most = 1};
	int64_t after = 0;
	bool end = false;
	*out = (struct campaign_recipient){0};
	while (!end && sampler.count == 0)
		if (campaign_folder_batch(folder, db, after, BATCH, &after, &end, take_sample, NULL, &sampler, e) != 0)
			return -1;
	return sampler.count == 1 ? 0
				  : error_set(e, ERROR_NOT_FOUND, "%s",
					    tr("nobody in the directory meets these conditions: the audience is empty",
						    "под эти условия в справочнике никто не подходит: адресатов нет"));
}

struct finder {
	const char *address; /* NULL = the first contact */
	struct campaign_recipient *out;
	bool found;
};

static int take_one(void *arg, const struct campaign_recipient *recipient)
{
	struct finder *finder = arg;
	bool wanted = finder->address == NULL || strcmp(finder->address, recipient->address) == 0;
	if (!wanted || (finder->found && (recipient->outside || !finder->out->outside)))
		return 0;
	if (finder->found)
		campaign_recipient_fini(finder->out);
	copy_recipient(finder->out, recipient);
	finder->found = true;
	return 0;
}

/* Every organisation of an address (they may share it): one inside the audience is preferred. */
static int find_ids(struct db *db, const char *key, const char *address, int64_t *ids, size_t most,
	size_t *count, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	int rc = address == NULL
			 ? db_query(db, &stmt, e,
				   "SELECT id FROM organisation WHERE key = $1 AND active = 1", "s",
				   key)
			 : db_query(db, &stmt, e,
				   "SELECT DISTINCT organisation FROM contact WHERE address = $1 "
				   "AND active = 1 ORDER BY 1",
				   "s", address);
	if (rc != 0)
		return -1;
	*count = 0;
	while ((step = db_step(stmt, e)) == DB_ROW)
		if (*count < most)
			ids[(*count)++] = db_int(stmt, 0);
	return step == DB_DONE ? 0 : -1;
}

#define SHARED_MOST 100 /* organisations of one address that are looked at */
int campaign_folder_recipient(const struct campaign_folder *folder, struct db *db,
	const char *key_or_address, struct campaign_recipient *out, struct error *e)
{
	char address[GATE_ADDRESS_MAX + 1];
	int64_t ids[SHARED_MOST];
	size_t count = 0;
	bool by_address = strchr(key_or_address, '@') != NULL;
	*out = (struct campaign_recipient){0};
	if (by_address && gate_address(key_or_address, address, e) != 0)
		return -1;
	struct finder finder = {.address = by_address ? address : NULL, .out = out};
	if (find_ids(db, key_or_address, finder.address, ids, SHARED_MOST, &count, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct audience_call call = {.audience = &folder->audience,
			.after = ids[i] - 1,
			.most = 1,
			.everybody = true,
			.each = take_one,
			.arg = &finder};
		if (audience_walk(db, &call, e) != 0) {
			campaign_recipient_fini(out);
			return -1;
		}
	}
	if (finder.found)
		return 0;
	return error_set(e, ERROR_NOT_FOUND,
		tr("the directory has no organisation with the key or address «%.100s» and a "
		   "contact in the roles of this campaign",
			"в справочнике нет организации с ключом или адресом «%.100s» и контактом в "
			"роли этой рассылки"),
		key_or_address);
}

/* ---- why --------------------------------------------------------------------------------------- */

static int nobody(void *arg, const struct campaign_recipient *recipient)
{
	*(bool *)arg = !recipient->outside;
	return 0;
}

static int explain(struct db *db, const struct audience *audience, int64_t organisation, const char *title, struct buf *out, struct error *e)
{
	struct buf why;
	bool inside = false;
	struct audience_call call = {.audience = audience,
		.after = organisation - 1,
		.most = 1,
		.everybody = true,
		.why = &why,
		.each = nobody,
		.arg = &inside};
	buf_init(&why, 16 * 1024);
	int rc = audience_walk(db, &call, e);
	if (rc == 0)
		(void)buf_printf(out, "%s: %s\n%s", title,
			inside ? tr("is in the audience", "входит в число адресатов")
			       : tr("is not in the audience", "не входит в число адресатов"),
			buf_str(&why));
	buf_fini(&why);
	return rc;
}

static int explain_one(const struct campaign_folder *folder, struct db *db, int64_t organisation,
	const char *key, struct buf *out, struct error *e)
{
	size_t index;
	const json_t *round;
	int rc = explain(db, &folder->audience, organisation, key, out, e);
	json_array_foreach(json_object_get(folder->definition, "rounds"), index, round)
	{
		struct audience audience;
		const json_t *filter = json_object_get(round, "audience");
		if (rc != 0 || filter == NULL)
			continue;
		const char *label = json_string_value(json_object_get(round, "label"));
		char *title = xasprintf("%s, %s", key, label == NULL ? "" : label);
		rc = folder_audience_init(folder, filter, &audience, e);
		if (rc == 0)
			rc = explain(db, &audience, organisation, title, out, e);
		audience_fini(&audience);
		free(title);
	}
	return rc;
}

int campaign_folder_explain(const struct campaign_folder *folder, struct db *db,
	const char *key_or_address, struct buf *out, struct error *e)
{
	char address[GATE_ADDRESS_MAX + 1];
	int64_t ids[SHARED_MOST];
	size_t count = 0;
	bool by_address = strchr(key_or_address, '@') != NULL;
	if (by_address && gate_address(key_or_address, address, e) != 0)
		return -1;
	if (find_ids(db, key_or_address, by_address ? address : NULL, ids, SHARED_MOST, &count, e) != 0)
		return -1;
	if (count == 0)
		return error_set(e, ERROR_NOT_FOUND,
			tr("«%.100s» is not in the directory", "в справочнике нет «%.100s»"), key_or_address);
	for (size_t i = 0; i < count; i++) {
		struct db_stmt *stmt;
		if (db_query(db, &stmt, e, "SELECT key FROM organisation WHERE id = $1", "i", ids[i]) != 0 ||
			db_step(stmt, e) != DB_ROW)
			return -1;
		char *key = xstrdup(db_text(stmt, 0));
		db_reset(stmt);
		int rc = explain_one(folder, db, ids[i], key, out, e);
		free(key);
		if (rc != 0)
			return -1;
	}
	return 0;
}
