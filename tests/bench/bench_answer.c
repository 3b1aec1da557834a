/* Answers recorded, tables of answers imported, Excel forms made and read: one line of JSON each.
 * Reference of recording: bare inserts of the same rows in transactions of the same size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "answer/answer.h"
#include "answer/import.h"
#include "answer/workbook.h"
#include "base/ident.h"
#include "base/lang.h"
#include "calendar/calendar.h"
#include "support/ask_bed.h"
#include "support/scratch.h"

#define ASKS 20000
#define FORMS 300

static const char asked[] =
	"[{'field':'registered','label':'Зарегистрировано','type':'count','required':true},"
	" {'field':'measures','label':'Меры','type':'text','required':true},"
	" {'field':'winners','label':'Победители','type':'table','columns':["
	"  {'field':'name','label':'ФИО','type':'text'},{'field':'points','label':'Баллы','type':'number'}]}]";

static double now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void say(const char *what, int n, double seconds)
{
	printf("{\"bench\":\"answer\",\"what\":\"%s\",\"n\":%d,\"seconds\":%.3f,\"per_second\":%.0f}\n", what, n, seconds, n / seconds);
}

static void record_all(struct ask_bed *bed)
{
	struct error e;
	json_t *fields = ask_bed_json("{'registered':12,'measures':'Провели родительские собрания, разместили сведения'}");
	double began = now();
	for (int64_t ask = 1; ask <= ASKS; ask++) {
		struct answer_outcome outcome;
		const struct answer_new new = {.ask = ask, .way = ANSWER_FORM, .fields = fields, .name = "Иванова М. П.",
			.phone = "+7 (000) 000-00-00", .received_ms = bed->now_ms};
		if (ask % 300 == 1)
			must(db_begin(bed->db, DB_WRITE, &e), &e);
		must(answer_record(bed->db, bed->bus, "vestnik/bench", &new, &outcome, &e), &e);
		answer_outcome_fini(&outcome);
		if (ask % 300 == 0 || ask == ASKS)
			must(db_commit(bed->db, DB_DURABLE, &e), &e);
	}
	say("recorded, 300 to a transaction", ASKS, now() - began);
	json_decref(fields);
	began = now();
	must(db_exec(bed->db, &e, "CREATE TABLE bare (id @ID, fields TEXT, name TEXT)", ""), &e);
	for (int i = 1; i <= ASKS; i++) {
		if (i % 300 == 1)
			must(db_begin(bed->db, DB_WRITE, &e), &e);
		must(db_exec(bed->db, &e, "INSERT INTO bare (fields, name) VALUES ($1, $2)", "ss", "{\"registered\":12}", "И"), &e);
		if (i % 300 == 0 || i == ASKS)
			must(db_commit(bed->db, DB_DURABLE, &e), &e);
	}
	say("reference: bare inserts", ASKS, now() - began);
}

static void import_all(struct ask_bed *bed)
{
	struct error e = {0};
	struct problems problems = {0};
	struct answer_import_result result;
	const char *path = scratch_path("answers.csv");
	FILE *file = fopen(path, "w");
	fprintf(file, "Ключ;Зарегистрировано;Меры;Кто ответил\n");
	for (int i = 1; i <= ASKS; i++)
		fprintf(file, "org-%d;%d;Провели собрание;Иванова М. П.\n", i, i % 100);
	fclose(file);
	const struct answer_import_options options = {.path = path, .campaign = bed->campaign, .round_number = 1,
		.source = "vestnik/bench", .actor = "bench"};
	double began = now();
	must(answer_import(bed->db, bed->bus, &options, &result, &problems, &e), &e);
	say("imported over what counts", ASKS, now() - began);
}

static void make_forms(struct ask_bed *bed)
{
	struct ident_key key;
	struct error e;
	void *data = NULL;
	size_t len = 0;
	ident_random(&key, sizeof key);
	double began = now();
	for (int i = 1; i <= FORMS; i++) {
		free(data);
		must(answer_workbook_make(bed->db, &key, i, LANG_RU, &data, &len, &e), &e);
	}
	say("forms made", FORMS, now() - began);
	began = now();
	for (int i = 1; i <= FORMS; i++) {
		struct answer_workbook workbook;
		struct problems problems = {0};
		must(answer_workbook_read(bed->db, &key, data, len, &workbook, &problems, &e), &e);
		answer_workbook_fini(&workbook);
	}
	say("forms read", FORMS, now() - began);
	printf("{\"bench\":\"answer\",\"what\":\"bytes of a form\",\"n\":%zu}\n", len);
	free(data);
}

int main(void)
{
	struct ask_bed bed;
	struct error e;
	ident_init();
	lang_set(LANG_RU);
	calendar_init();
	ask_bed_open(&bed, asked);
	must(db_begin(bed.db, DB_WRITE, &e), &e);
	for (int i = 1; i <= ASKS; i++)
		(void)ask_bed_ask(&bed, i, 0);
	must(db_commit(bed.db, DB_DURABLE, &e), &e);
	record_all(&bed);
	import_all(&bed);
	make_forms(&bed);
	ask_bed_close(&bed);
	return 0;
}
