/* `vestnik answer set|confirm|refuse|reopen`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "cli/cmd_answer.h"
#include "store/again.h"

/* ---- what was given ----------------------------------------------------------------------------- */

static int wrong_field(struct cli *cli, const struct fields *fields, const char *name)
{
	struct buf names;
	buf_init(&names, 1000);
	for (size_t i = 0; i < fields->count; i++)
		if (buf_printf(&names, "%s%s", i == 0 ? "" : ", ", fields->item[i].name) != 0)
			break;
	int rc = cli_failf(cli, ERROR_INPUT, tr("no field «%s» is asked; there are: %s", "поле «%s» не спрашивают; есть: %s"),
		cli_clean(name), fields->count == 0 ? tr("none", "нет полей") : buf_str(&names));
	buf_fini(&names);
	return rc;
}

/* "registered=12" into values; "registered=" takes it away. */
static int take_value(struct cli *cli, const struct fields *fields, const char *text, json_t *values)
{
	const char *equals = strchr(text, '=');
	struct error e = {0};
	json_t *value = NULL;
	if (equals == NULL)
		return cli_wrong_use(cli, tr("«%s»: FIELD=VALUE is wanted", "«%s»: нужно ПОЛЕ=ЗНАЧЕНИЕ"), cli_clean(text));
	char *name = xstrndup(text, (size_t)(equals - text));
	const struct field *field = fields_find(fields, name);
	int rc = CLI_DONE;
	if (field == NULL)
		rc = wrong_field(cli, fields, name);
	else if (field->type == FIELD_TABLE || field->type == FIELD_FILE)
		rc = cli_failf(cli, ERROR_INPUT,
			tr("%s: tables come by the Excel form (vestnik answer form, answer import)",
				"%s: таблицы вносятся формой Excel (vestnik answer form, answer import)"), name);
	else if (field_parse(field, equals + 1, &value, &e) != 0)
		rc = cli_failf(cli, ERROR_INPUT, "%s: %s", name, e.text);
	else
		(void)json_object_set_new(values, name, value != NULL ? value : json_null());
	free(name);
	return rc;
}

static int take_values(struct cli *cli, const struct cli_args *args, const struct fields *fields, json_t *values)
{
	int rc = CLI_DONE;
	for (size_t i = 2; rc == CLI_DONE && i < cli_operands(args); i++)
		rc = take_value(cli, fields, cli_operand(args, i), values);
	return rc;
}

static int take_way(struct cli *cli, const struct cli_args *args, enum answer_way *way)
{
	const char *given = cli_value(args, "way");
	bool said = cli_value(args, "said-by") != NULL;
	*way = said ? ANSWER_PHONE : ANSWER_STAFF;
	if (given != NULL)
		(void)answer_way_parse(given, way);
	if (*way == ANSWER_STAFF || said)
		return CLI_DONE;
	return cli_wrong_use(cli, "%s", tr("--way phone and mail need --said-by NAME", "для --way phone и mail нужен --said-by ИМЯ"));
}

/* ---- what became of it -------------------------------------------------------------------------- */

static void tell(struct cli *cli, const struct answer_place *place, const struct answer_outcome *outcome)
{
	if (cli_json(cli)) {
		cli_print_json(cli, json_pack("{s:s, s:I, s:I, s:s, s:b, s:b, s:b, s:O}", "key", place->ask.key, "ask",
			(json_int_t)place->ask.id, "version", (json_int_t)outcome->version, "state", ask_state_name(outcome->state),
			"late", outcome->late ? 1 : 0, "differs", outcome->differs ? 1 : 0, "repeated", outcome->repeated ? 1 : 0,
			"missing", outcome->missing));
		return;
	}
	if (outcome->repeated)
		printf("%s\n", tr("the same was said already: nothing was recorded", "это уже записано: ничего не изменилось"));
	printf("%s: %s", cli_clean(place->ask.name), ask_state_words(outcome->state));
	for (size_t i = 0; outcome->state == ASK_PARTIAL && i < json_array_size(outcome->missing); i++) {
		const char *name = json_string_value(json_array_get(outcome->missing, i));
		const struct field *field = fields_find(&place->fields, name);
		printf("%s%s", i == 0 ? tr("; missing: ", "; не хватает: ") : ", ", cli_clean(field != NULL ? field->label : name));
	}
	printf("%s\n", outcome->late ? tr(" (late)", " (после срока)") : "");
	if (outcome->differs)
		printf(tr("  it differs from what counts: vestnik answer show %s %s, then answer confirm or answer refuse\n",
			       "  расходится с засчитанным: vestnik answer show %s %s, затем answer confirm или answer refuse\n"),
			place->ask.slug, cli_clean(place->ask.key));
}

static int record_once(struct answer_place *place, struct bus *bus, const char *source,
	const struct answer_new *new, struct answer_outcome *outcome, struct error *e)
{
	if (db_begin(place->db, DB_WRITE, e) != 0)
		return -1;
	int rc = answer_record(place->db, bus, source, new, outcome, e);
	if (rc == 0 && (rc = db_commit(place->db, DB_DURABLE, e)) != 0)
		answer_outcome_fini(outcome);
	db_rollback(place->db);
	return rc;
}

static int record(struct cli *cli, struct answer_place *place, const struct answer_new *new)
{
	struct bus *bus = cli_open_bus(cli);
	struct answer_outcome outcome;
	struct again again = {0};
	struct error e = {0};
	char source[ANSWER_SOURCE_SIZE];
	int rc;
	if (bus == NULL || answer_audit(cli, "answer.set", &place->ask, new->fields, new->name, new->phone, new->note) != CLI_DONE)
		return CLI_FAILED;
	do
		rc = record_once(place, bus, answer_source(cli, source), new, &outcome, &e);
	while (rc != 0 && again_after_conflict(&again, &e));
	if (rc != 0)
		return cli_fail(cli, &e);
	tell(cli, place, &outcome);
	answer_outcome_fini(&outcome);
	return CLI_DONE;
}

int answer_set_run(struct cli *cli, const struct cli_args *args)
{
	struct answer_place place;
	enum answer_way way;
	int rc = take_way(cli, args, &way);
	if (rc != CLI_DONE)
		return rc;
	rc = answer_find_place(cli, args, true, &place);
	json_t *values = json_object();
	if (rc == CLI_DONE)
		rc = take_values(cli, args, &place.fields, values);
	if (rc == CLI_DONE) {
		bool nothing = json_object_size(values) == 0 && place.fields.count > 0;
		const struct answer_new new = {.ask = place.ask.id,
			.way = way,
			.proposed = nothing,
			.fields = values,
			.name = cli_value(args, "said-by"),
			.phone = cli_value(args, "phone"),
			.actor = cli_actor(cli),
			.note = cli_value(args, "note"),
			.received_ms = clock_now_ms()};
		rc = record(cli, &place, &new);
	}
	json_decref(values);
	answer_place_fini(&place);
	return rc;
}

/* ---- decisions --------------------------------------------------------------------------------------- */

static int decide_once(struct cli *cli, const struct cli_args *args, struct answer_place *place, struct bus *bus,
	int64_t version, enum answer_decision decision, struct answer_outcome *outcome, struct error *e)
{
	char source[ANSWER_SOURCE_SIZE];
	if (db_begin(place->db, DB_WRITE, e) != 0)
		return -1;
	int rc = answer_decide(place->db, bus, answer_source(cli, source), place->ask.id, version, decision, cli_actor(cli),
		cli_value(args, "note"), outcome, e);
	if (rc == 0 && (rc = db_commit(place->db, DB_DURABLE, e)) != 0)
		answer_outcome_fini(outcome);
	db_rollback(place->db);
	return rc;
}

static int decide(struct cli *cli, const struct cli_args *args, enum answer_decision decision)
{
	struct answer_place place;
	struct answer_outcome outcome;
	struct again again = {0};
	struct error e = {0};
	int64_t version;
	if (cli_number(cli, args, "version", 1, INT32_MAX, 0, &version) != 0)
		return CLI_WRONG_USE;
	int rc = answer_find_place(cli, args, true, &place);
	struct bus *bus = rc == CLI_DONE ? cli_open_bus(cli) : NULL;
	if (rc == CLI_DONE && bus == NULL)
		rc = CLI_FAILED;
	if (rc == CLI_DONE)
		rc = answer_audit(cli, decision == ANSWER_CONFIRM ? "answer.confirm" : decision == ANSWER_REFUSE ? "answer.refuse" : "answer.reopen",
			&place.ask, NULL, NULL, NULL, cli_value(args, "note"));
	if (rc == CLI_DONE) {
		int done;
		do
			done = decide_once(cli, args, &place, bus, version, decision, &outcome, &e);
		while (done != 0 && again_after_conflict(&again, &e));
		if (done != 0) {
			rc = cli_fail(cli, &e);
		} else {
			tell(cli, &place, &outcome);
			answer_outcome_fini(&outcome);
		}
	}
	answer_place_fini(&place);
	return rc;
}

int answer_confirm_run(struct cli *cli, const struct cli_args *args)
{
	return decide(cli, args, ANSWER_CONFIRM);
}

int answer_refuse_run(struct cli *cli, const struct cli_args *args)
{
	return decide(cli, args, ANSWER_REFUSE);
}

int answer_reopen_run(struct cli *cli, const struct cli_args *args)
{
	return decide(cli, args, ANSWER_REOPEN);
}
