/* Answers recorded, tables of answers imported over them, Excel forms made and read: medians of three
 * runs. Reference of recording: bare inserts in transactions of the same size. */
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

#define RUNS 3
#define ASKS 7000 /* of a run */
#define BATCH 300 /* answers of one transaction */
#define FORMS 100

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

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double value[static RUNS])
{
	qsort(value, RUNS, sizeof *value, by_value);
	return value[RUNS / 2];
}

static double record_run(struct ask_bed *bed, int run, const json_t *fields)
{
	struct error e;
	double began = now();
	for (int i = 0; i < ASKS; i++) {
		struct answer_outcome outcome;
		const struct answer_new new = {.ask = (int64_t)run * ASKS + i + 1, .way = ANSWER_FORM, .fields = fields,
			.name = "Иванова М. П.", .phone = "+7 (000) 000-00-00", .received_ms = bed->now_ms};
		if (i % BATCH == 0)
			must(db_begin(bed->db, DB_WRITE, &e), &e);
		must(answer_record(bed->db, bed->bus, "vestnik/bench", &new, &outcome, &e), &e);
		answer_outcome_fini(&outcome);
		if (i % BATCH == BATCH - 1 || i == ASKS - 1)
			must(db_commit(bed->db, DB_DURABLE, &e), &e);
	}
	return ASKS / (now() - began);
}

static double bare_run(struct ask_bed *bed)
{
	struct error e;
	double began = now();
	for (int i = 0; i < ASKS; i++) {
		if (i % BATCH == 0)
			must(db_begin(bed->db, DB_WRITE, &e), &e);
		must(db_exec(bed->db, &e, "INSERT INTO bare (fields, name) VALUES ($1, $2)", "ss", "{\"registered\":12}", "И"), &e);
		if (i % BATCH == BATCH - 1 || i == ASKS - 1)
			must(db_commit(bed->db, DB_DURABLE, &e), &e);
	}
	return ASKS / (now() - began);
}

static void record_all(struct ask_bed *bed)
{
	struct error e;
	double recorded[RUNS], bare[RUNS];
	json_t *fields = ask_bed_json("{'registered':12,'measures':'Провели родительские собрания, разместили сведения'}");
	must(db_exec(bed->db, &e, "CREATE TABLE bare (id @ID, fields TEXT, name TEXT)", ""), &e);
	for (int run = 0; run < RUNS; run++) {
		recorded[run] = record_run(bed, run, fields);
		bare[run] = bare_run(bed);
	}
	json_decref(fields);
	double value = median(recorded), reference = median(bare);
	printf("{\"bench\":\"answer\",\"value\":%.0f,\"unit\":\"answers recorded/s\",\"reference\":\"bare inserts\","
	       "\"reference_value\":%.0f,\"ratio\":%.2f}\n", value, reference, value / reference);
}

static void import_all(struct ask_bed *bed)
{
	struct error e = {0};
	struct problems problems = {0};
	struct answer_import_result result;
	double value[RUNS];
	const char *path = scratch_path("answers.csv");
	const struct answer_import_options options = {.path = path, .campaign = bed->campaign, .round_number = 1,
		.source = "vestnik/bench", .actor = "bench"};
	for (int run = 0; run < RUNS; run++) {
		FILE *file = fopen(path, "w");
		fprintf(file, "Ключ;Зарегистрировано;Меры;Кто ответил\n");
		for (int i = 1; i <= RUNS * ASKS; i++)
			fprintf(file, "org-%d;%d;Провели собрание;Иванова М. П.\n", i, 100 * run + i % 100);
		fclose(file);
		double began = now();
		must(answer_import(bed->db, bed->bus, &options, &result, &problems, &e), &e);
		value[run] = RUNS * ASKS / (now() - began);
	}
	printf("{\"bench\":\"answer\",\"value\":%.0f,\"unit\":\"rows imported/s\"}\n", median(value));
}

static void make_forms(struct ask_bed *bed)
{
	struct ident_key key;
	struct error e;
	void *data = NULL;
	size_t len = 0;
	double made[RUNS], read[RUNS];
	ident_random(&key, sizeof key);
	for (int run = 0; run < RUNS; run++) {
		double began = now();
		for (int i = 1; i <= FORMS; i++) {
			free(data);
			must(answer_workbook_make(bed->db, &key, i, LANG_RU, &data, &len, &e), &e);
		}
		made[run] = FORMS / (now() - began);
		began = now();
		for (int i = 1; i <= FORMS; i++) {
			struct answer_workbook workbook;
			struct problems problems = {0};
			must(answer_workbook_read(bed->db, &key, data, len, &workbook, &problems, &e), &e);
			answer_workbook_fini(&workbook);
		}
		read[run] = FORMS / (now() - began);
	}
	printf("{\"bench\":\"answer\",\"value\":%.0f,\"unit\":\"Excel forms made/s\",\"bytes\":%zu}\n", median(made), len);
	printf("{\"bench\":\"answer\",\"value\":%.0f,\"unit\":\"Excel forms read/s\"}\n", median(read));
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
	for (int i = 1; i <= RUNS * ASKS; i++)
		(void)ask_bed_ask(&bed, i, 0);
	must(db_commit(bed.db, DB_DURABLE, &e), &e);
	record_all(&bed);
	import_all(&bed);
	make_forms(&bed);
	ask_bed_close(&bed);
	return 0;
}
