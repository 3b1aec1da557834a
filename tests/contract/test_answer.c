/* Answers on SQLite, and on PostgreSQL when $VESTNIK_TEST_STORE names one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer/answer.h"
#include "answer/field.h"
#include "answer/import.h"
#include "base/buf.h"
#include "base/ident.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "support/ask_bed.h"
#include "support/scratch.h"

static const char asked[] =
	"[{'field':'registered','label':'Зарегистрировано','type':'count','required':true},"
	" {'field':'measures','label':'Меры','type':'text','required':true},"
	" {'field':'share','label':'Доля','type':'number'}, {'field':'scan','label':'Скан','type':'file'},"
	" {'field':'publications','label':'Ссылки','type':'links'}]";

/* ---- stories ----------------------------------------------------------------------------- */

enum step_kind { END, SAYS, PROPOSES, WRITES, CONFIRMS, REFUSES, REOPENS, WITHDRAWS, LATER };
struct step {
	enum step_kind kind;
	enum answer_way way;
	const char *who;      /* name; with an @: address; with a '!': staff */
	const char *fields;
	int version;          /* of a decision */
	const char *want;     /* "<ask state> <trouble bits> | versions"; NULL = not looked at. "!…": refused with */
};
static const struct story {
	const char *name, *events;
	struct step step[10];
} stories[] = {
	{"a form with everything", "confirmed",
		{{SAYS, ANSWER_FORM, "Иванова", "{'registered':12,'measures':'да'}", 0, "confirmed 0 | 1:counts"}}},
	{"a number alone is partial, the rest completes it", "partial confirmed",
		{{SAYS, ANSWER_FORM, "Иванова", "{'registered':12}", 0, "partial 0 | 1:counts"},
			{SAYS, ANSWER_FORM, "Петрова", "{'registered':12,'measures':'да'}", 0, "confirmed 0 | 1:superseded 2:counts"}}},
	{"who corrects himself counts", "confirmed confirmed",
		{{SAYS, ANSWER_FORM, "Иванова М. П.", "{'registered':12,'measures':'да'}", 0, "confirmed 0 | 1:counts"},
			{SAYS, ANSWER_FORM, " иванова  м.п.", "{'registered':14,'measures':'да'}", 0,
				"confirmed 0 | 1:superseded 2:counts"}}},
	{"another figure from somebody else is a difference", "confirmed differs confirmed",
		{{SAYS, ANSWER_FORM, "Иванова", "{'registered':12,'measures':'да'}", 0, "confirmed 0 | 1:counts"},
			{SAYS, ANSWER_FORM, "Петрова", "{'registered':14,'measures':'да'}", 0, "confirmed 1 | 1:counts 2:differs"},
			{CONFIRMS, ANSWER_STAFF, NULL, NULL, 0, "confirmed 0 | 1:superseded 2:counts"}}},
	{"who repeats another's figure cannot change it as his own", "partial confirmed differs confirmed",
		{{SAYS, ANSWER_FORM, "Иванова", "{'registered':12}", 0, "partial 0 | 1:counts"},
			{SAYS, ANSWER_FORM, "Петрова", "{'registered':12,'measures':'да'}", 0, "confirmed 0 | 1:superseded 2:counts"},
			{SAYS, ANSWER_FORM, "Петрова", "{'registered':14,'measures':'да'}", 0,
				"confirmed 1 | 1:superseded 2:counts 3:differs"},
			{SAYS, ANSWER_FORM, "Петрова", "{'registered':12,'measures':'нет'}", 0,
				"confirmed 0 | 1:superseded 2:superseded 3:superseded 4:counts"}}},
	{"who takes a difference back leaves none", "confirmed differs confirmed",
		{{SAYS, ANSWER_FORM, "Иванова", "{'registered':12,'measures':'да'}", 0, "confirmed 0 | 1:counts"},
			{SAYS, ANSWER_FORM, "Петрова", "{'registered':14,'measures':'да'}", 0, "confirmed 1 | 1:counts 2:differs"},
			{SAYS, ANSWER_FORM, "Петрова", "{'registered':12,'measures':'да'}", 0,
				"confirmed 0 | 1:superseded 2:superseded 3:counts"}}},
	{"a figure that staff have upheld is its sayer's own", "confirmed differs confirmed confirmed",
		{{SAYS, ANSWER_FORM, "Иванова", "{'registered':12,'measures':'да'}", 0, NULL},
			{SAYS, ANSWER_FORM, "Петрова", "{'registered':14,'measures':'нет'}", 0, NULL},
			{CONFIRMS, ANSWER_STAFF, NULL, NULL, 0, "confirmed 0 | 1:superseded 2:counts"},
			{SAYS, ANSWER_FORM, "Петрова", "{'registered':15,'measures':'нет'}", 0, "confirmed 0 | 1:superseded 2:superseded 3:counts"}}},
	{"the first figure is upheld", "confirmed differs confirmed",
		{{SAYS, ANSWER_FORM, "Иванова", "{'registered':12,'measures':'да'}", 0, NULL},
			{SAYS, ANSWER_PHONE, "Петрова", "{'registered':14}", 0, "confirmed 1 | 1:counts 2:differs"},
			{REFUSES, ANSWER_STAFF, NULL, NULL, 0, "confirmed 0 | 1:counts 2:refused"}}},
	{"a difference by an address", "confirmed differs",
		{{SAYS, ANSWER_SHEET, "a@example.org", "{'registered':12,'measures':'да'}", 0, NULL},
			{SAYS, ANSWER_SHEET, "b@example.org", "{'registered':13,'measures':'да'}", 0, "confirmed 1 | 1:counts 2:differs"}}},
	{"the same address corrects", "confirmed confirmed",
		{{SAYS, ANSWER_SHEET, "a@example.org", "{'registered':12,'measures':'да'}", 0, NULL},
			{SAYS, ANSWER_SHEET, "A@Example.org", "{'registered':13,'measures':'да'}", 0, "confirmed 0 | 1:superseded 2:counts"}}},
	{"who takes a figure of another away differs", "confirmed differs",
		{{SAYS, ANSWER_FORM, "Иванова", "{'registered':12,'measures':'да'}", 0, NULL},
			{SAYS, ANSWER_FORM, "Петрова", "{'measures':'да'}", 0, "confirmed 1 | 1:counts 2:differs"}}},
	{"a reply is proposed, then confirmed: a number alone is partial", "received partial confirmed",
		{{PROPOSES, ANSWER_REPLY, "a@example.org", "{'registered':12}", 0, "received 0 | 1:proposed"},
			{CONFIRMS, ANSWER_STAFF, NULL, NULL, 0, "partial 0 | 1:counts"},
			{CONFIRMS, ANSWER_STAFF, NULL, NULL, 0, "confirmed 0 | 1:counts"}}}, /* it is enough */
	{"a reply that was misread", "received reopened",
		{{PROPOSES, ANSWER_REPLY, "a@example.org", "{'registered':12}", 0, NULL},
			{REFUSES, ANSWER_STAFF, NULL, NULL, 0, "open 0 | 1:refused"}}},
	{"a letter without figures stops reminders", "received received reopened",
		{{WRITES, ANSWER_MAIL, "a@example.org", NULL, 0, "received 0 | 1:proposed"},
			{WRITES, ANSWER_MAIL, "a@example.org", NULL, 0, "received 0 | 1:proposed 2:proposed"},
			{REOPENS, ANSWER_STAFF, NULL, NULL, 0, "open 0 | 1:refused 2:refused"}}},
	{"thanks after everything was said", "confirmed received",
		{{SAYS, ANSWER_FORM, "Иванова", "{'registered':12,'measures':'да'}", 0, NULL},
			{WRITES, ANSWER_REPLY, "a@example.org", NULL, 0, "confirmed 0 | 1:counts 2:superseded"}}},
	{"a reply that says what counts already", "confirmed received",
		{{SAYS, ANSWER_FORM, "Иванова", "{'registered':12,'measures':'да'}", 0, NULL},
			{PROPOSES, ANSWER_REPLY, "a@example.org", "{'registered':12}", 0, "confirmed 0 | 1:counts 2:superseded"}}},
	{"a reply with another figure than the form", "confirmed differs confirmed",
		{{SAYS, ANSWER_FORM, "Иванова", "{'registered':12,'measures':'да'}", 0, NULL},
			{PROPOSES, ANSWER_REPLY, "a@example.org", "{'registered':13}", 0, "confirmed 1 | 1:counts 2:differs"},
			{CONFIRMS, ANSWER_STAFF, NULL, NULL, 2, "confirmed 0 | 1:superseded 2:counts"}}},
	{"a form after the reply of the same person settles it", "received confirmed",
		{{PROPOSES, ANSWER_REPLY, "Иванова", "{'registered':12}", 0, NULL},
			{SAYS, ANSWER_FORM, "Иванова", "{'registered':14,'measures':'да'}", 0, "confirmed 0 | 1:superseded 2:counts"}}},
	{"a form after the reply of another leaves it to staff", "received confirmed confirmed",
		{{PROPOSES, ANSWER_REPLY, "a@example.org", "{'registered':12}", 0, NULL},
			{SAYS, ANSWER_FORM, "Иванова", "{'registered':14,'measures':'да'}", 0, "confirmed 8 | 1:proposed 2:counts"},
			{CONFIRMS, ANSWER_STAFF, NULL, NULL, 2, "confirmed 0 | 1:superseded 2:counts"}}},
	{"a reply completes a form; confirmed together", "partial received confirmed",
		{{SAYS, ANSWER_FORM, "Иванова", "{'measures':'да'}", 0, "partial 0 | 1:counts"},
			{PROPOSES, ANSWER_REPLY, "a@example.org", "{'registered':12}", 0, "partial 8 | 1:counts 2:proposed"},
			{CONFIRMS, ANSWER_STAFF, NULL, NULL, 0, "confirmed 0 | 1:superseded 2:superseded 3:counts"}}},
	{"by telephone only the rest", "partial confirmed",
		{{SAYS, ANSWER_FORM, "Иванова", "{'registered':12}", 0, NULL},
			{SAYS, ANSWER_PHONE, "Петрова", "{'measures':'да'}", 0, "confirmed 0 | 1:superseded 2:counts"}}},
	{"staff correct and settle", "confirmed differs confirmed",
		{{SAYS, ANSWER_FORM, "Иванова", "{'registered':12,'measures':'да'}", 0, NULL},
			{SAYS, ANSWER_FORM, "Петрова", "{'registered':14,'measures':'да'}", 0, NULL},
			{SAYS, ANSWER_STAFF, "!staff@host", "{'registered':13}", 0, "confirmed 0 | 1:superseded 2:refused 3:counts"}}},
	{"a municipality's page stands for itself: what it leaves blank is empty", "confirmed partial",
		{{SAYS, ANSWER_CASCADE, "Иванова", "{'registered':12,'measures':'да'}", 0, "confirmed 0 | 1:counts"},
			{SAYS, ANSWER_CASCADE, "Иванова", "{'registered':12}", 0, "partial 0 | 1:superseded 2:counts"}}},
	{"staff take a value away", "confirmed partial",
		{{SAYS, ANSWER_FORM, "Иванова", "{'registered':12,'measures':'да'}", 0, NULL},
			{SAYS, ANSWER_STAFF, "!staff@host", "{'registered':null}", 0, "partial 0 | 1:superseded 2:counts"}}},
	{"one table imported twice by the same person", "partial confirmed",
		{{SAYS, ANSWER_IMPORT, "!staff@host", "{'registered':12}", 0, "partial 0 | 1:counts"},
			{SAYS, ANSWER_IMPORT, "!staff@host", "{'registered':13,'measures':'да'}", 0, "confirmed 0 | 1:superseded 2:counts"}}},
	{"two people's tables", "partial differs",
		{{SAYS, ANSWER_IMPORT, "!staff@host", "{'registered':12}", 0, NULL},
			{SAYS, ANSWER_IMPORT, "!other@host", "{'registered':13}", 0, "partial 1 | 1:counts 2:differs"}}},
	{"late the first time", "confirmed",
		{{LATER, 0, NULL, NULL, 0, NULL},
			{SAYS, ANSWER_FORM, "Иванова", "{'registered':12,'measures':'да'}", 0, "confirmed 0 | 1:counts"}}},
	{"corrected after the deadline", "confirmed differs",
		{{SAYS, ANSWER_FORM, "Иванова", "{'registered':12,'measures':'да'}", 0, NULL}, {LATER, 0, NULL, NULL, 0, NULL},
			{SAYS, ANSWER_FORM, "Иванова", "{'registered':14,'measures':'да'}", 0, "confirmed 1 | 1:counts 2:differs"}}},
	{"completed after the deadline", "partial confirmed",
		{{SAYS, ANSWER_FORM, "Иванова", "{'registered':12}", 0, NULL}, {LATER, 0, NULL, NULL, 0, NULL},
			{SAYS, ANSWER_FORM, "Иванова", "{'registered':12,'measures':'да'}", 0, "confirmed 0 | 1:superseded 2:counts"}}},
	{"the button pressed twice", "confirmed",
		{{SAYS, ANSWER_FORM, "Иванова", "{'registered':12,'measures':'да'}", 0, NULL},
			{SAYS, ANSWER_FORM, "Иванова", "{'registered':12,'measures':'да'}", 0, "confirmed 0 | 1:counts"}}},
	{"the refused figure is out of the count", "confirmed reopened confirmed",
		{{SAYS, ANSWER_FORM, "Иванова", "{'registered':12,'measures':'да'}", 0, NULL},
			{REFUSES, ANSWER_STAFF, NULL, NULL, 1, "open 0 | 1:refused"},
			{SAYS, ANSWER_FORM, "Иванова", "{'registered':12,'measures':'да'}", 0, "confirmed 0 | 1:refused 2:counts"}}},
	{"set back", "confirmed reopened partial",
		{{SAYS, ANSWER_FORM, "Иванова", "{'registered':12,'measures':'да'}", 0, NULL},
			{REOPENS, ANSWER_STAFF, NULL, NULL, 0, "open 0 | 1:superseded"},
			{SAYS, ANSWER_FORM, "Петрова", "{'registered':14}", 0, "partial 0 | 1:superseded 2:counts"}}},
	{"an earlier version is taken after all", "confirmed confirmed confirmed",
		{{SAYS, ANSWER_FORM, "Иванова", "{'registered':12,'measures':'да'}", 0, NULL},
			{SAYS, ANSWER_FORM, "Иванова", "{'registered':14,'measures':'да'}", 0, NULL},
			{CONFIRMS, ANSWER_STAFF, NULL, NULL, 1, "confirmed 0 | 1:counts 2:superseded"}}},
	{"withdrawn: refused with words of its own, the answer stays", "confirmed withdrawn",
		{{SAYS, ANSWER_FORM, "Иванова", "{'registered':12,'measures':'да'}", 0, NULL},
			{WITHDRAWS, 0, NULL, NULL, 0, "withdrawn 0 | 1:counts"},
			{SAYS, ANSWER_FORM, "Иванова", "{'registered':13,'measures':'да'}", 0, "!denied отозван"},
			{CONFIRMS, ANSWER_STAFF, NULL, NULL, 1, "!denied отозван"}, {WITHDRAWS, 0, NULL, NULL, 0, "withdrawn 0 | 1:counts"}}},
	{"what is wrong is not recorded", "",
		{{SAYS, ANSWER_FORM, "Иванова", "{'registered':-1}", 0, "!input недопустимое число"},
			{SAYS, ANSWER_FORM, "Иванова", "{'other':1}", 0, "!input не спрашивают"},
			{SAYS, ANSWER_FORM, "Иванова", "{}", 0, "!input ничего не заполнено"},
			{SAYS, ANSWER_FORM, "Иванова", "{'registered':null,'measures':''}", 0, "!input ничего не заполнено"},
			{SAYS, ANSWER_FORM, "Иванова", "{'scan':['no.pdf']}", 0, "!input не пришёл"},
			{CONFIRMS, ANSWER_STAFF, NULL, NULL, 0, "!conflict ответа ещё не было"},
			{REFUSES, ANSWER_STAFF, NULL, NULL, 0, "!conflict ответа ещё не было"},
			{CONFIRMS, ANSWER_STAFF, NULL, NULL, 7, "!not_found версии 7 нет"},
			{REOPENS, ANSWER_STAFF, NULL, NULL, 5, "!not_found версии 5 нет"}}},
};

static char *state_of(struct ask_bed *bed, int64_t id)
{
	struct ask ask;
	struct error e;
	must(ask_by_id(bed->db, id, &ask, &e), &e);
	char *versions = ask_bed_versions(bed, id);
	char *text = xasprintf("%s %d | %s", ask_state_name(ask.state), (int)ask.trouble, versions);
	/* what counts is one version, and the ask's state follows from it */
	int counting = 0;
	for (const char *p = versions; (p = strstr(p, ":counts")) != NULL; p++)
		counting++;
	bool has = ask.answer != 0;
	if (counting != (has ? 1 : 0))
		fail_msg("got %d counting versions with ask.answer %s (%s)", counting, has ? "set" : "empty", text);
	free(versions);
	ask_fini(&ask);
	return text;
}

static int do_step(struct ask_bed *bed, int64_t ask, const struct step *step, struct error *e)
{
	struct answer_outcome outcome = {0};
	struct answer_new new = {.ask = ask, .way = step->way, .received_ms = bed->now_ms};
	int rc = 0;
	*e = (struct error){0};
	if (step->who != NULL && step->who[0] == '!')
		new.actor = step->who + 1;
	else if (step->who != NULL && strchr(step->who, '@') != NULL)
		new.address = step->who;
	else
		new.name = step->who;
	json_t *fields = step->fields == NULL ? NULL : ask_bed_json(step->fields);
	new.fields = fields;
	new.proposed = step->kind == PROPOSES || step->kind == WRITES;
	if (new.way == ANSWER_MAIL) /* two letters are two, also when they say the same */
		new.mail = 1 + ask_bed_int(bed, "SELECT count(*) FROM answer");
	switch (step->kind) {
	case SAYS:
	case PROPOSES:
	case WRITES:
		rc = ask_bed_record(bed->db, bed->bus, &new, &outcome, e);
		break;
	case CONFIRMS:
		rc = ask_bed_decide(bed, ask, step->version, ANSWER_CONFIRM, &outcome, e);
		break;
	case REFUSES:
		rc = ask_bed_decide(bed, ask, step->version, ANSWER_REFUSE, &outcome, e);
		break;
	case REOPENS:
		rc = ask_bed_decide(bed, ask, step->version, ANSWER_REOPEN, &outcome, e);
		break;
	case WITHDRAWS:
		must(db_begin(bed->db, DB_WRITE, e), e);
		must(answer_withdraw(bed->db, bed->bus, "vestnik/test", ask, e), e);
		must(db_commit(bed->db, DB_DURABLE, e), e);
		break;
	case LATER:
		bed->now_ms = ASK_BED_DEADLINE_MS;
		break;
	case END:
		break;
	}
	if (rc == 0 && outcome.version != 0) {
		struct ask now;
		must(ask_by_id(bed->db, ask, &now, e), e);
		assert_int_equal(outcome.state, now.state);
		bool late = bed->now_ms >= ASK_BED_DEADLINE_MS;
		if (step->kind == SAYS && outcome.late != late)
			fail_msg("got late %d, want %d", outcome.late, late);
		ask_fini(&now);
	}
	answer_outcome_fini(&outcome);
	json_decref(fields);
	return rc;
}

static void tell_story(struct ask_bed *bed, int number, const struct story *story)
{
	struct error e;
	bed->now_ms = ASK_BED_START_MS;
	int64_t ask = ask_bed_ask(bed, number, 0);
	for (const struct step *step = story->step; step->kind != END; step++) {
		bed->now_ms += 1000;
		int rc = do_step(bed, ask, step, &e);
		long n = (long)(step - story->step) + 1;
		if (step->want != NULL && step->want[0] == '!') {
			const char *words = strchr(step->want, ' ') + 1;
			char code[32];
			snprintf(code, sizeof code, "%.*s", (int)(words - step->want - 2), step->want + 1);
			if (rc == 0 || strcmp(error_code_name(e.code), code) != 0 || strstr(e.text, words) == NULL)
				fail_msg("%s, step %ld: got %s «%s», want %s", story->name, n,
					rc == 0 ? "done" : error_code_name(e.code), rc == 0 ? "" : e.text, step->want);
			continue;
		}
		if (rc != 0)
			fail_msg("%s, step %ld: %s", story->name, n, e.text);
		char *got = state_of(bed, ask);
		if (step->want != NULL && strcmp(got, step->want) != 0)
			fail_msg("%s, step %ld: got «%s», want «%s»", story->name, n, got, step->want);
		free(got);
	}
	char *events = ask_bed_events(bed, ask);
	if (strcmp(events, story->events) != 0)
		fail_msg("%s: got events «%s», want «%s»", story->name, events, story->events);
	free(events);
}

static void every_story_ends_as_told(void **state)
{
	(void)state;
	struct ask_bed bed;
	ask_bed_open(&bed, asked);
	for (size_t i = 0; i < sizeof stories / sizeof *stories; i++)
		tell_story(&bed, (int)i + 1, &stories[i]);
	ask_bed_close(&bed);
}

/* ---- what is written down --------------------------------------------------------------- */

static int note_answer(void *arg, const struct answer *answer)
{
	struct buf *out = arg;
	char *fields = json_dumps(answer->fields, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(15));
	(void)buf_printf(out, "%d %s %s %s|%s|%s|%s|%s|%d|%zu\n", (int)answer->version, answer_way_name(answer->way),
		answer->state, fields, answer->name, answer->phone, answer->actor == NULL ? "" : answer->actor,
		answer->note == NULL ? "" : answer->note, answer->late, answer->files);
	free(fields);
	return 0;
}

static int note_file(void *arg, const struct answer_stored_file *file)
{
	return buf_printf(arg, "%d %s %s %s %d %.8s\n", (int)file->position, file->field == NULL ? "-" : file->field,
		file->name, file->media_type == NULL ? "-" : file->media_type, (int)file->size, file->hash);
}

static void who_when_which_way_and_files_are_kept(void **state)
{
	(void)state;
	struct ask_bed bed;
	struct error e;
	struct answer_outcome outcome;
	struct buf out;
	buf_init(&out, 1 << 20);
	ask_bed_open(&bed, asked);
	int64_t ask = ask_bed_ask(&bed, 1, 0);
	const struct answer_file files[] = {{.field = "scan", .name = "письмо.pdf", .media_type = "application/pdf",
						    .data = "%PDF-1.4 x", .len = 10},
		{.name = "фото.jpg", .data = "\xff\xd8\xff", .len = 3}};
	json_t *fields = ask_bed_json("{'registered':12,'share':0.1,'measures':'Собрание\\nродителей'}");
	struct answer_new new = {.ask = ask, .way = ANSWER_FORM, .fields = fields, .name = "  Иванова\r\n М. П. ",
		.phone = "+7 (000) 000-00-00", .received_ms = bed.now_ms, .file = files, .files = 2};
	must(ask_bed_record(bed.db, bed.bus, &new, &outcome, &e), &e);
	assert_int_equal(outcome.version, 1);
	assert_int_equal(outcome.state, ASK_CONFIRMED);
	assert_int_equal(json_array_size(outcome.missing), 0);
	must(answer_files_each(bed.db, outcome.answer, note_file, &out, &e), &e);
	assert_non_null(strstr(buf_str(&out), "0 scan письмо.pdf application/pdf 10"));
	assert_non_null(strstr(buf_str(&out), "1 - фото.jpg - 3"));
	answer_outcome_fini(&outcome);
	json_decref(fields);

	/* a correction that still names the file keeps it; what was beside the fields stays with version 1 */
	fields = ask_bed_json("{'registered':14,'measures':'Собрание','scan':['письмо.pdf']}");
	new = (struct answer_new){.ask = ask, .way = ANSWER_FORM, .fields = fields, .name = "Иванова М. П.",
		.phone = "+7 (000) 000-00-00", .note = "опечатка", .received_ms = bed.now_ms};
	must(ask_bed_record(bed.db, bed.bus, &new, &outcome, &e), &e);
	buf_reset(&out);
	must(answer_files_each(bed.db, outcome.answer, note_file, &out, &e), &e);
	assert_non_null(strstr(buf_str(&out), "0 scan письмо.pdf application/pdf 10"));
	assert_null(strstr(buf_str(&out), "фото"));
	answer_outcome_fini(&outcome);
	json_decref(fields);

	buf_reset(&out);
	must(answer_each(bed.db, ask, note_answer, &out, &e), &e);
	static const char want[] =
		"2 form counts {\"measures\":\"Собрание\",\"registered\":14,\"scan\":[\"письмо.pdf\"]}|Иванова М. П.|"
		"+7 (000) 000-00-00||опечатка|0|1\n"
		"1 form superseded {\"measures\":\"Собрание\\nродителей\",\"registered\":12,\"scan\":[\"письмо.pdf\"],\"share\":0.1}"
		"|Иванова М. П.|+7 (000) 000-00-00|||0|2\n";
	if (strcmp(buf_str(&out), want) != 0)
		fail_msg("got\n%swant\n%s", buf_str(&out), want);

	/* the event has figures and no word of a person */
	char *event = ask_bed_last_event(&bed);
	assert_null(strstr(event, "Иванова"));
	assert_null(strstr(event, "Собрание"));
	assert_non_null(strstr(event, "\"fields\":{\"registered\":14}"));
	assert_non_null(strstr(event, "\"key\":\"org-1\""));
	assert_non_null(strstr(event, "\"version\":2"));
	free(event);

	struct ask read;
	assert_int_equal(ask_of(bed.db, bed.campaign, 1, "org-1", &read, &e), DB_ROW);
	assert_int_equal(read.id, ask);
	assert_string_equal(read.slug, ASK_BED_SLUG);
	assert_string_equal(read.name, "Школа № 1");
	assert_string_equal(read.round_label, "май 2023 года");
	json_t *counting;
	must(answer_counting(bed.db, &read, &counting, &e), &e);
	assert_int_equal(json_integer_value(json_object_get(counting, "registered")), 14);
	json_decref(counting);
	ask_fini(&read);
	assert_int_equal(ask_of(bed.db, bed.campaign, 2, "org-1", &read, &e), DB_DONE);
	assert_int_equal(ask_of(bed.db, bed.campaign, 1, "org-2", &read, &e), DB_DONE);
	buf_fini(&out);
	ask_bed_close(&bed);
}

static void files_that_are_no_documents_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *name, *data;
		size_t len;
		const char *want;
	} cases[] = {
		{"письмо.pdf", "%PDF", 4, NULL}, {"таблица.xlsx", "PK\3\4", 4, NULL}, {"photo.JPG", "x", 1, NULL}, {"письмо", "x", 1, NULL},
		{"run.exe", "x", 1, "программа"}, {"run.EXE", "x", 1, "программа"}, {"отчет.pdf.js", "x", 1, "программа"},
		{"page.html", "x", 1, "программа"}, {"scan.svg", "x", 1, "программа"}, {"scan.pdf", "MZ\x90", 3, "программа"},
		{"scan.pdf", "#!/bin/sh", 9, "программа"}, {"scan", "\x7f" "ELF", 4, "программа"}, {"пусто.pdf", "", 0, "пустой"},
		{"../scan.pdf", "x", 1, "имя"}, {"", "x", 1, "имя"}, {"a\nb.pdf", "x", 1, "имя"},
		{"large.pdf", "x", ANSWER_FILE_MAX_BYTES + 1, "больше 20 МБ"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct error e = {0};
		char *data = xcalloc(1, cases[i].len + 1);
		memcpy(data, cases[i].data, strlen(cases[i].data) < cases[i].len ? strlen(cases[i].data) : cases[i].len);
		int rc = answer_file_check(cases[i].name, data, cases[i].len, &e);
		if ((rc == 0) != (cases[i].want == NULL) || (rc != 0 && strstr(e.text, cases[i].want) == NULL))
			fail_msg("%s: got «%s», want «%s»", cases[i].name, e.text, cases[i].want == NULL ? "" : cases[i].want);
		free(data);
	}
	struct ask_bed bed;
	struct error e;
	struct answer_outcome outcome;
	ask_bed_open(&bed, asked);
	struct answer_file many[ANSWER_FILES_MAX + 1];
	for (int i = 0; i <= ANSWER_FILES_MAX; i++)
		many[i] = (struct answer_file){.name = "a.pdf", .data = "x", .len = 1};
	struct answer_new new = {.ask = ask_bed_ask(&bed, 1, 0), .way = ANSWER_MAIL, .file = many,
		.files = ANSWER_FILES_MAX + 1};
	assert_int_equal(ask_bed_record(bed.db, bed.bus, &new, &outcome, &e), -1);
	assert_non_null(strstr(e.text, "не больше 10 файлов"));
	many[0] = (struct answer_file){.field = "registered", .name = "a.pdf", .data = "x", .len = 1};
	new.files = 1;
	assert_int_equal(ask_bed_record(bed.db, bed.bus, &new, &outcome, &e), -1);
	assert_non_null(strstr(e.text, "файл не спрашивают"));
	ask_bed_close(&bed);
}

/* ---- asks without fields, unknown ones, many versions ------------------------------------- */

static void an_ask_without_fields_is_answered_by_a_press(void **state)
{
	(void)state;
	struct ask_bed bed;
	struct error e;
	struct answer_outcome outcome;
	ask_bed_open(&bed, "[]");
	int64_t ask = ask_bed_ask(&bed, 1, 0);
	struct answer_new new = {.ask = ask, .way = ANSWER_REPLY, .address = "a@example.org", .received_ms = bed.now_ms,
		.proposed = true};
	must(ask_bed_record(bed.db, bed.bus, &new, &outcome, &e), &e);
	assert_int_equal(outcome.state, ASK_RECEIVED);
	answer_outcome_fini(&outcome);
	new = (struct answer_new){.ask = ask, .way = ANSWER_FORM, .name = "Иванова", .received_ms = bed.now_ms};
	must(ask_bed_record(bed.db, bed.bus, &new, &outcome, &e), &e);
	assert_int_equal(outcome.state, ASK_CONFIRMED);
	answer_outcome_fini(&outcome);
	ask_bed_close(&bed);
}

static void unknown_asks_and_endless_corrections_are_refused(void **state)
{
	(void)state;
	struct ask_bed bed;
	struct error e;
	struct answer_outcome outcome;
	ask_bed_open(&bed, asked);
	struct answer_new new = {.ask = 4711, .way = ANSWER_FORM, .name = "Иванова", .received_ms = bed.now_ms};
	assert_int_equal(ask_bed_record(bed.db, bed.bus, &new, &outcome, &e), -1);
	assert_int_equal(e.code, ERROR_NOT_FOUND);
	assert_int_equal(ask_bed_decide(&bed, 4711, 0, ANSWER_CONFIRM, &outcome, &e), -1);
	assert_int_equal(e.code, ERROR_NOT_FOUND);
	new.ask = ask_bed_ask(&bed, 1, 0);
	must(db_exec(bed.db, &e, "UPDATE ask SET versions = 1000", ""), &e);
	json_t *fields = ask_bed_json("{'registered':1}");
	new.fields = fields;
	assert_int_equal(ask_bed_record(bed.db, bed.bus, &new, &outcome, &e), -1);
	assert_int_equal(e.code, ERROR_INPUT); /* denied is what was withdrawn */
	assert_non_null(strstr(e.text, "слишком много раз"));
	json_decref(fields);
	ask_bed_close(&bed);
}

/* ---- at the same moment ----------------------------------------------------------------------- */

#define WRITERS 6
#define EACH 20
struct writer {
	const struct ask_bed *bed;
	int64_t ask;
	int number;
	pthread_t thread;
};

static void *write_many(void *arg)
{
	struct writer *writer = arg;
	struct error e;
	struct db *db;
	char name[32];
	must(db_open(&db, writer->bed->url, &e), &e);
	struct bus *bus = ask_bed_bus(writer->bed);
	snprintf(name, sizeof name, "Человек %d", writer->number);
	for (int i = 0; i < EACH; i++) {
		struct answer_outcome outcome;
		json_t *fields = json_pack("{s:i}", "registered", writer->number * EACH + i);
		const struct answer_new new = {.ask = writer->ask, .way = ANSWER_FORM, .fields = fields, .name = name,
			.received_ms = ASK_BED_START_MS};
		must(ask_bed_record(db, bus, &new, &outcome, &e), &e);
		answer_outcome_fini(&outcome);
		json_decref(fields);
	}
	ask_bed_bus_close(writer->bed, &bus);
	db_close(&db);
	return NULL;
}

static void answers_at_the_same_moment_are_all_kept(void **state)
{
	(void)state;
	struct ask_bed bed;
	struct writer writer[WRITERS];
	ask_bed_open(&bed, asked);
	int64_t ask = ask_bed_ask(&bed, 1, 0);
	for (int i = 0; i < WRITERS; i++) {
		writer[i] = (struct writer){.bed = &bed, .ask = ask, .number = i};
		assert_int_equal(pthread_create(&writer[i].thread, NULL, write_many, &writer[i]), 0);
	}
	for (int i = 0; i < WRITERS; i++)
		pthread_join(writer[i].thread, NULL);
	assert_int_equal(ask_bed_int(&bed, "SELECT count(*) FROM answer"), WRITERS * EACH);
	assert_int_equal(ask_bed_int(&bed, "SELECT max(version) FROM answer"), WRITERS * EACH);
	assert_int_equal(ask_bed_int(&bed, "SELECT versions FROM ask"), WRITERS * EACH);
	/* the first person's last word counts, and no other's */
	assert_int_equal(ask_bed_int(&bed, "SELECT count(*) FROM answer WHERE state = 'counts'"), 1);
	assert_int_equal(ask_bed_int(&bed, "SELECT count(*) FROM answer WHERE state = 'superseded'"), EACH - 1);
	assert_int_equal(ask_bed_int(&bed, "SELECT count(*) FROM answer WHERE state = 'differs'"), (WRITERS - 1) * EACH);
	assert_int_equal(ask_bed_int(&bed, "SELECT count(*) FROM answer a, answer b WHERE a.version = 1 AND b.state = 'counts'"
						" AND a.name = b.name"), 1);
	char *events = ask_bed_events(&bed, ask);
	int count = 1;
	for (const char *p = events; *p != '\0'; p++)
		count += *p == ' ';
	assert_int_equal(count, WRITERS * EACH);
	free(events);
	ask_bed_close(&bed);
}

/* ---- cascade, lists, trouble ----------------------------------------------------------------------- */

static void says(struct ask_bed *bed, int64_t ask, const char *name, const char *quoted)
{
	struct answer_outcome outcome;
	struct error e;
	json_t *fields = ask_bed_json(quoted);
	const struct answer_new new = {.ask = ask, .way = ANSWER_FORM, .fields = fields, .name = name, .received_ms = bed->now_ms};
	must(ask_bed_record(bed->db, bed->bus, &new, &outcome, &e), &e);
	answer_outcome_fini(&outcome);
	json_decref(fields);
}

static void children_are_summed_as_they_count(void **state)
{
	(void)state;
	struct ask_bed bed;
	struct error e;
	json_t *sums, *definition = ask_bed_json(asked);
	int64_t answered, asked_count;
	ask_bed_open(&bed, asked);
	int64_t parent = ask_bed_ask(&bed, 100, 0), other = ask_bed_ask(&bed, 101, 0);
	int64_t child[5];
	for (int i = 0; i < 5; i++)
		child[i] = ask_bed_ask(&bed, i, i < 4 ? parent : other);
	must(answer_children_sum(bed.db, parent, definition, &sums, &answered, &asked_count, &e), &e);
	assert_int_equal(json_object_size(sums), 0);
	assert_int_equal(answered, 0);
	assert_int_equal(asked_count, 4);
	json_decref(sums);
	says(&bed, child[0], "А", "{'registered':12,'share':0.5}");
	says(&bed, child[1], "Б", "{'registered':30,'measures':'да','share':2}");
	says(&bed, child[1], "В", "{'registered':31,'measures':'да','share':2}"); /* differs: does not count */
	says(&bed, child[4], "Г", "{'registered':1000}");                          /* another parent's */
	must(answer_children_sum(bed.db, parent, definition, &sums, &answered, &asked_count, &e), &e);
	char *text = json_dumps(sums, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(text, "{\"registered\":42,\"share\":2.5}");
	free(text);
	assert_int_equal(answered, 2);
	json_decref(sums);
	/* the municipality confirms another figure: both are kept */
	says(&bed, parent, "Муниципалитет", "{'registered':45,'measures':'да'}");
	must(answer_children_sum(bed.db, parent, definition, &sums, &answered, &asked_count, &e), &e);
	assert_int_equal(json_integer_value(json_object_get(sums, "registered")), 42);
	json_decref(sums);
	must(db_begin(bed.db, DB_WRITE, &e), &e);
	must(answer_withdraw(bed.db, bed.bus, "vestnik/test", child[0], &e), &e);
	must(db_commit(bed.db, DB_DURABLE, &e), &e);
	must(answer_children_sum(bed.db, parent, definition, &sums, &answered, &asked_count, &e), &e);
	assert_int_equal(json_integer_value(json_object_get(sums, "registered")), 30);
	assert_int_equal(asked_count, 3);
	json_decref(sums);
	json_decref(definition);
	ask_bed_close(&bed);
}

static void note_fate(void *arg, int line, const char *key, enum answer_fate fate, const char *text)
{
	(void)buf_printf(arg, "%d %s %s %s\n", line, key, answer_fate_name(fate), text);
}

static void a_table_is_imported_whole_or_not_at_all(void **state)
{
	(void)state;
	struct ask_bed bed;
	struct error e = {0};
	struct buf fates;
	struct problems problems = {0};
	struct answer_import_result result;
	const char *path = scratch_path("table.csv");
	ask_bed_open(&bed, asked);
	buf_init(&fates, 4096);
	for (int i = 1; i <= 3; i++)
		(void)ask_bed_ask(&bed, i, 0);
	FILE *file = fopen(path, "w");
	fprintf(file, "Ключ;Зарегистрировано;measures\norg-1;5;да\norg-2;6;\norg-3;шесть;да\n");
	fclose(file);
	struct answer_import_options options = {.path = path, .campaign = bed.campaign, .round_number = 1,
		.source = "vestnik/test", .actor = "staff@test", .fate = note_fate, .arg = &fates};
	assert_int_equal(answer_import(bed.db, bed.bus, &options, &result, &problems, &e), -1);
	assert_int_equal(e.code, ERROR_NONE);
	assert_int_equal(problems.errors, 1);
	assert_false(result.stored);
	assert_int_equal(ask_bed_int(&bed, "SELECT count(*) FROM answer"), 0);
	buf_reset(&fates);
	options.skip_bad = true;
	must(answer_import(bed.db, bed.bus, &options, &result, &problems, &e), &e);
	assert_true(result.stored);
	static const char want[] = "2 org-1 recorded \n3 org-2 incomplete Меры\n4 org-3 bad «Зарегистрировано»: ";
	if (strncmp(buf_str(&fates), want, strlen(want)) != 0)
		fail_msg("got\n%swant\n%s…", buf_str(&fates), want);
	assert_int_equal(ask_bed_int(&bed, "SELECT count(*) FROM answer WHERE state = 'counts' AND way = 'import'"), 2);
	must(answer_import(bed.db, bed.bus, &options, &result, &problems, &e), &e);
	assert_int_equal(result.rows[ANSWER_REPEATED], 2);
	assert_int_equal(ask_bed_int(&bed, "SELECT count(*) FROM answer"), 2);
	problems_fini(&problems);
	buf_fini(&fates);
	ask_bed_close(&bed);
}

static int note_key(void *arg, const struct ask *ask)
{
	return buf_printf(arg, "%s ", ask->key);
}

static void asks_are_walked_in_pieces_and_trouble_is_kept(void **state)
{
	(void)state;
	struct ask_bed bed;
	struct error e;
	struct buf out;
	int64_t last = 0, rounds = 0;
	int n;
	buf_init(&out, 4096);
	ask_bed_open(&bed, asked);
	int64_t first = ask_bed_ask(&bed, 1, 0);
	for (int i = 2; i <= 5; i++)
		(void)ask_bed_ask(&bed, i, 0);
	while ((n = ask_each(bed.db, bed.campaign, 1, last, 2, note_key, &out, &last, &e)) > 0)
		rounds++;
	must(n, &e);
	assert_string_equal(buf_str(&out), "org-1 org-2 org-3 org-4 org-5 ");
	assert_int_equal(rounds, 3);
	buf_fini(&out);
	must(ask_trouble_change(bed.db, first, ASK_TROUBLE_BOUNCED | ASK_TROUBLE_ABSENT, 0, &e), &e);
	assert_int_equal(ask_bed_int(&bed, "SELECT sum(trouble) FROM ask"), 6);
	says(&bed, first, "Иванова", "{'registered':12}"); /* somebody is there, the bounce stays */
	assert_int_equal(ask_bed_int(&bed, "SELECT sum(trouble) FROM ask"), ASK_TROUBLE_BOUNCED);
	must(ask_trouble_change(bed.db, first, 0, ASK_TROUBLE_BOUNCED, &e), &e);
	assert_int_equal(ask_bed_int(&bed, "SELECT sum(trouble) FROM ask"), 0);
	ask_bed_close(&bed);
}

static void names_go_there_and_back(void **state)
{
	(void)state;
	for (int i = 0; i < ASK_STATES; i++) {
		enum ask_state got;
		assert_int_equal(ask_state_parse(ask_state_name((enum ask_state)i), &got), 0);
		assert_int_equal(got, i);
		assert_true(ask_state_words(got)[0] != '\0');
	}
	for (int i = 0; i < ANSWER_WAYS; i++) {
		enum answer_way got;
		assert_int_equal(answer_way_parse(answer_way_name((enum answer_way)i), &got), 0);
		assert_int_equal(got, i);
		assert_true(answer_way_words(got)[0] != '\0');
	}
	enum ask_state no_state;
	enum answer_way no_way;
	assert_int_equal(ask_state_parse("closed", &no_state), -1);
	assert_int_equal(answer_way_parse("fax", &no_way), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_story_ends_as_told),
		cmocka_unit_test(who_when_which_way_and_files_are_kept),
		cmocka_unit_test(files_that_are_no_documents_are_refused),
		cmocka_unit_test(an_ask_without_fields_is_answered_by_a_press),
		cmocka_unit_test(unknown_asks_and_endless_corrections_are_refused),
		cmocka_unit_test(answers_at_the_same_moment_are_all_kept),
		cmocka_unit_test(children_are_summed_as_they_count),
		cmocka_unit_test(a_table_is_imported_whole_or_not_at_all),
		cmocka_unit_test(asks_are_walked_in_pieces_and_trouble_is_kept), cmocka_unit_test(names_go_there_and_back)};
	lang_set(LANG_RU);
	ident_init();
	calendar_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
