/* `vestnik answer list|show`. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "cli/cmd_answer.h"

#define PIECE 500 /* asks of one read */

/* ---- list ------------------------------------------------------------------------------------ */

struct listing {
	struct cli *cli;
	struct answer_place place;
	const char *state; /* NULL = all */
	struct cli_table *table;
	int64_t shown, all;
	struct error e;
};

static bool is_wanted(const struct listing *l, const struct ask *ask)
{
	if (l->state == NULL)
		return true;
	if (strcmp(l->state, "silent") == 0)
		return ask->state == ASK_OPEN;
	if (strcmp(l->state, "differs") == 0)
		return (ask->trouble & ASK_TROUBLE_DIFFERS) != 0;
	return strcmp(l->state, ask_state_name(ask->state)) == 0;
}

/* The answer that counts, else the latest. */
static int note_one(void *arg, const struct answer *answer)
{
	struct answer *out = arg;
	bool counts = strcmp(answer->state, "counts") == 0;
	if (out->id == 0 || counts) {
		free(out->name);
		json_decref(out->fields);
		*out = (struct answer){.id = answer->id, .way = answer->way, .received_ms = answer->received_ms,
			.late = answer->late, .name = xstrdup(answer->name != NULL ? answer->name : answer->address),
			.fields = json_incref(answer->fields)};
		(void)snprintf(out->state, sizeof out->state, "%s", answer->state);
	}
	return counts;
}

static void list_json(struct listing *l, const struct ask *ask, const struct answer *answer)
{
	json_t *object = json_pack("{s:s, s:s, s:I, s:s, s:I, s:I, s:b, s:b, s:b, s:b}", "key", ask->key, "name", ask->name,
		"round", (json_int_t)ask->round_number, "state", ask_state_name(ask->state), "level", (json_int_t)ask->level,
		"versions", (json_int_t)ask->versions, "differs", (ask->trouble & ASK_TROUBLE_DIFFERS) != 0, "bounced",
		(ask->trouble & ASK_TROUBLE_BOUNCED) != 0, "absent", (ask->trouble & ASK_TROUBLE_ABSENT) != 0, "review",
		(ask->trouble & ASK_TROUBLE_REVIEW) != 0);
	if (answer->id != 0) {
		(void)json_object_set_new(object, "answer", json_pack("{s:s, s:s, s:s?, s:s?, s:b, s:O}", "state", answer->state, "way",
			answer_way_name(answer->way), "name", answer->name, "received", cli_rfc3339(answer->received_ms), "late",
			answer->late ? 1 : 0, "fields", answer->fields));
	}
	cli_print_json(l->cli, object);
}

static int list_one(void *arg, const struct ask *ask)
{
	struct listing *l = arg;
	struct answer answer = {0};
	l->all++;
	if (!is_wanted(l, ask))
		return 0;
	l->shown++;
	if (ask->versions > 0 && answer_each(l->place.db, ask->id, note_one, &answer, &l->e) != 0)
		return 1;
	if (cli_json(l->cli)) {
		list_json(l, ask, &answer);
	} else {
		char *values = answer.fields == NULL ? xstrdup("") : fields_in_short(&l->place.fields, answer.fields, lang_get());
		const char *cells[] = {ask->key, ask->name, ask_state_words(ask->state), answer_trouble_words(ask->trouble),
			answer.id == 0 ? "" : cli_time(l->cli, answer.received_ms), answer.id == 0 ? "" : answer_way_words(answer.way),
			answer.name, values};
		cli_table_row(l->table, cells);
		free(values);
	}
	free(answer.name);
	json_decref(answer.fields);
	return 0;
}

int answer_list_run(struct cli *cli, const struct cli_args *args)
{
	const struct cli_column columns[] = {{.title = tr("KEY", "КЛЮЧ")}, {.title = tr("ORGANISATION", "ОРГАНИЗАЦИЯ"), .elastic = true},
		{.title = tr("STATE", "СОСТОЯНИЕ")}, {.title = tr("NOTICE", "ВНИМАНИЕ")}, {.title = tr("WHEN", "КОГДА")},
		{.title = tr("HOW", "КАК")}, {.title = tr("WHO", "КТО"), .elastic = true}, {.title = tr("WHAT", "ЧТО"), .elastic = true}};
	struct listing l = {.cli = cli, .state = cli_value(args, "state")};
	int64_t last = 0;
	int n = 0;
	int rc = answer_find_place(cli, args, false, &l.place);
	if (rc != CLI_DONE) {
		answer_place_fini(&l.place);
		return rc;
	}
	if (!cli_json(cli))
		l.table = cli_table_new(columns, sizeof columns / sizeof *columns);
	do
		n = ask_each(l.place.db, l.place.campaign, l.place.number, last, PIECE, list_one, &l, &last, &l.e);
	while (n > 0 && l.e.code == ERROR_NONE);
	if (l.table != NULL)
		cli_table_print(&l.table);
	if (n < 0 || l.e.code != ERROR_NONE)
		rc = cli_fail(cli, &l.e);
	else if (!cli_json(cli))
		printf(tr("%s of %s asked\n", "%s из %s запрошенных\n"), cli_thousands(l.shown), cli_thousands(l.all));
	answer_place_fini(&l.place);
	return rc;
}

/* ---- show ------------------------------------------------------------------------------------- */

struct showing {
	struct cli *cli;
	struct answer_place place;
	const char *folder; /* --save */
	json_t *files;
	int64_t version;
	struct error e;
};

static int save_file(struct showing *s, const struct answer_stored_file *file)
{
	struct db_stmt *row;
	size_t len;
	char *path = xasprintf("%s/%lld-%s", s->folder, (long long)s->version, file->name);
	int rc = -1;
	int fd = -1;
	if (db_query(s->place.db, &row, &s->e, "SELECT data FROM blob WHERE hash = $1", "s", file->hash) != 0)
		goto out;
	if (db_step(row, &s->e) == DB_ROW) {
		const void *data = db_blob(row, 0, &len);
		/* what came from outside never replaces a file or follows a link */
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0 || write(fd, data, len) != (ssize_t)len)
			(void)error_errno(&s->e, "%s", path);
		else
			rc = 0;
	}
	db_reset(row);
out:
	if (fd >= 0)
		(void)close(fd);
	if (rc == 0 && !cli_json(s->cli))
		printf(tr("      saved: %s\n", "      записано: %s\n"), cli_clean(path));
	free(path);
	return rc;
}

static int show_file(void *arg, const struct answer_stored_file *file)
{
	struct showing *s = arg;
	if (cli_json(s->cli))
		(void)json_array_append_new(s->files, json_pack("{s:s, s:s?, s:s?, s:I, s:s}", "name", file->name, "field", file->field,
			"media_type", file->media_type, "size", (json_int_t)file->size, "sha256", file->hash));
	else
		printf(tr("    file: %s (%s)\n", "    файл: %s (%s)\n"), cli_clean(file->name), cli_size(file->size));
	return s->folder != NULL ? save_file(s, file) : 0;
}

static void show_rows(const struct field *table, const json_t *rows)
{
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		printf("      %zu.", i + 1);
		for (size_t c = 0; c < table->columns; c++) {
			const json_t *value = json_object_get(row, table->column[c].name);
			if (field_empty(value))
				continue;
			char *text = field_show(&table->column[c], value, lang_get());
			printf(" %s: %s;", cli_clean(table->column[c].label), cli_clean(text));
			free(text);
		}
		printf("\n");
	}
}

static void show_values(const struct fields *fields, const json_t *values)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->item[i];
		const json_t *value = json_object_get(values, field->name);
		if (field_empty(value))
			continue;
		char *text = field_show(field, value, lang_get());
		printf("    %s: %s\n", cli_clean(field->label), cli_clean(text));
		free(text);
		if (field->type == FIELD_TABLE)
			show_rows(field, value);
	}
}

static void show_missing(const struct fields *fields, const json_t *missing)
{
	for (size_t i = 0; i < json_array_size(missing); i++) {
		const char *name = json_string_value(json_array_get(missing, i));
		const struct field *field = fields_find(fields, name);
		printf(tr("    missing: %s\n", "    не хватает: %s\n"), cli_clean(field != NULL ? field->label : name));
	}
}

static void show_head(struct showing *s, const struct answer *a)
{
	printf(tr("\n  Version %lld: %s\n", "\n  Версия %lld: %s\n"), (long long)a->version, answer_state_words(a->state));
	printf("    %s, %s%s", cli_time(s->cli, a->received_ms), answer_way_words(a->way), a->late ? tr(", late", ", после срока") : "");
	if (a->name != NULL)
		printf(", %s", cli_clean(a->name));
	if (a->phone != NULL)
		printf(", %s", cli_clean(a->phone));
	if (a->address != NULL)
		printf(", %s", cli_clean(a->address));
	if (a->actor != NULL)
		printf(tr(" (by %s)", " (внёс %s)"), cli_clean(a->actor));
	printf("\n");
}

static int show_one(void *arg, const struct answer *a)
{
	struct showing *s = arg;
	s->version = a->version;
	s->files = json_array();
	if (!cli_json(s->cli)) {
		show_head(s, a);
		show_values(&s->place.fields, a->fields);
		show_missing(&s->place.fields, a->missing);
		if (a->note != NULL)
			printf(tr("    note: %s\n", "    примечание: %s\n"), cli_clean(a->note));
	}
	int rc = a->files == 0 ? 0 : answer_files_each(s->place.db, a->id, show_file, s, &s->e);
	if (cli_json(s->cli))
		cli_print_json(s->cli, json_pack("{s:I, s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:b, s:O, s:O, s:O}", "version",
			(json_int_t)a->version, "state", a->state, "way", answer_way_name(a->way), "received",
			cli_rfc3339(a->received_ms), "name", a->name, "phone", a->phone, "address", a->address, "actor", a->actor, "note",
			a->note, "late", a->late ? 1 : 0, "fields", a->fields, "missing", a->missing, "files", s->files));
	json_decref(s->files);
	return rc != 0 || s->e.code != ERROR_NONE;
}

static void show_ask(struct showing *s)
{
	const struct ask *ask = &s->place.ask;
	if (cli_json(s->cli)) {
		cli_print_json(s->cli, json_pack("{s:I, s:s, s:s, s:s, s:I, s:s, s:I, s:I, s:s?}", "ask", (json_int_t)ask->id, "campaign",
			ask->slug, "key", ask->key, "name", ask->name, "round", (json_int_t)ask->round_number, "state",
			ask_state_name(ask->state), "trouble", (json_int_t)ask->trouble, "versions", (json_int_t)ask->versions,
			"deadline", ask->deadline_ms == TIME_NEVER_MS ? NULL : cli_rfc3339(ask->deadline_ms)));
		return;
	}
	printf("%s (%s)%s%s\n", cli_clean(ask->name), cli_clean(ask->key), ask->round_label[0] != '\0' ? ", " : "",
		cli_clean(ask->round_label));
	printf("  %s", ask_state_words(ask->state));
	if (ask->trouble != 0)
		printf(" (%s)", answer_trouble_words(ask->trouble));
	if (ask->deadline_ms != TIME_NEVER_MS)
		printf(tr(", due %s", ", срок %s"), cli_time(s->cli, ask->deadline_ms));
	printf("\n");
	if (ask->versions == 0)
		printf("%s", tr("  nothing has come yet\n", "  пока ничего не пришло\n"));
}

int answer_show_run(struct cli *cli, const struct cli_args *args)
{
	struct showing s = {.cli = cli, .folder = cli_value(args, "save")};
	int rc = answer_find_place(cli, args, true, &s.place);
	if (rc == CLI_DONE) {
		show_ask(&s);
		if (answer_each(s.place.db, s.place.ask.id, show_one, &s, &s.e) != 0 || s.e.code != ERROR_NONE)
			rc = cli_fail(cli, &s.e);
	}
	answer_place_fini(&s.place);
	return rc;
}
