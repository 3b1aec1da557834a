/* 337 real bounces and what they must parse to: every standard report's
 * recipient, action and status; the reference's hard or soft in at least 95 %.
 * Prints the table of verdicts and each miss. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/ident.h"
#include "intake/recognise.h"

#define FOLDER VESTNIK_SOURCE_DIR "/../shared/bounces"
#define SHARE_WANTED 0.95 /* the figure */
#define ROWS_MAX 32

struct row {
	char kind[8], first[256], second[16], third[16];
	bool found;
};

struct tally {
	int standard, standard_right;
	int table[2][3]; /* [wanted soft, hard][got soft, hard, nothing] */
	int files, more;
};

static unsigned char *read_mail(const char *name, size_t *len)
{
	char path[1024];
	snprintf(path, sizeof path, "%s/mails/%s", FOLDER, name);
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	unsigned char *bytes = malloc(1 << 20);
	assert_non_null(bytes);
	*len = fread(bytes, 1, 1 << 20, f);
	fclose(f);
	return bytes;
}

static void print_got(const struct recognised *got)
{
	for (size_t i = 0; i < got->findings.count; i++) {
		const struct finding *f = &got->findings.item[i];
		printf("      got %s %s %s %s %s [%s] %s: %.150s\n", mail_kind_name(f->kind),
			f->recipient == NULL ? "-" : f->recipient, f->action == NULL ? "-" : f->action, f->status,
			bounce_class_name(f->class), f->cause, got->form, f->diagnostic == NULL ? "" : f->diagnostic);
	}
}

static bool same(const struct finding *f, const struct row *row)
{
	return strcasecmp(f->recipient == NULL ? "" : f->recipient, row->first) == 0 &&
		strcmp(f->action == NULL ? "" : f->action, row->second) == 0 && strcmp(f->status, row->third) == 0;
}

static bool check_standard(struct row *rows, size_t count, const struct recognised *got, struct tally *tally)
{
	bool used[FINDINGS_MAX] = {false}, right = true;
	for (size_t r = 0; r < count; r++) {
		if (strcmp(rows[r].kind, "std") != 0)
			continue;
		tally->standard++;
		for (size_t i = 0; i < got->findings.count && !rows[r].found; i++)
			if (!used[i] && same(&got->findings.item[i], &rows[r]))
				used[i] = rows[r].found = true;
		tally->standard_right += rows[r].found;
		if (!rows[r].found) {
			printf("      want %s %s %s\n", rows[r].first, rows[r].second, rows[r].third);
			right = false;
		}
	}
	return right;
}

/* The reference names no recipients: verdicts are compared as a bag per file. */
static bool check_reference(const struct row *rows, size_t count, const struct recognised *got, struct tally *tally)
{
	int want[2] = {0}, have[2] = {0};
	for (size_t r = 0; r < count; r++)
		if (strcmp(rows[r].kind, "ref") == 0)
			want[strcmp(rows[r].second, "hard") == 0]++;
	if (want[0] + want[1] == 0)
		return true;
	for (size_t i = 0; i < got->findings.count; i++)
		if (got->findings.item[i].class != BOUNCE_NONE)
			have[got->findings.item[i].class == BOUNCE_HARD]++;
	for (int c = 0; c < 2; c++) {
		int hit = want[c] < have[c] ? want[c] : have[c];
		tally->table[c][c] += hit;
		want[c] -= hit;
		have[c] -= hit;
	}
	for (int c = 0; c < 2; c++) {
		int other = want[c] < have[1 - c] ? want[c] : have[1 - c];
		tally->table[c][1 - c] += other;
		tally->table[c][2] += want[c] - other;
		have[1 - c] -= other;
	}
	tally->more += have[0] + have[1];
	return want[0] + want[1] == 0;
}

static void check_file(const char *name, struct row *rows, size_t count, struct tally *tally)
{
	size_t len;
	struct error e;
	struct mail *mail;
	struct recognised got;
	unsigned char *bytes = read_mail(name, &len);
	tally->files++;
	if (mail_parse(bytes, len, &mail, &e) != 0)
		fail_msg("%s: got error «%s», want a mail", name, e.text);
	recognise(mail, NULL, NULL, &got);
	assert_true(got.findings.count > 0);
	bool standard = check_standard(rows, count, &got, tally);
	bool reference = check_reference(rows, count, &got, tally);
	if (!standard || !reference) {
		printf("  %s%s%s\n", name, standard ? "" : " STANDARD", reference ? "" : " VERDICT");
		for (size_t r = 0; r < count && !reference; r++)
			if (strcmp(rows[r].kind, "ref") == 0)
				printf("      want %s %s %s\n", rows[r].second, rows[r].first, rows[r].third);
		print_got(&got);
	}
	recognised_fini(&got);
	mail_free(&mail);
	free(bytes);
}

static void split(char *line, char *name, size_t size, struct row *row)
{
	char *field[5] = {line, NULL, NULL, NULL, NULL};
	line[strcspn(line, "\r\n")] = '\0';
	for (int i = 1; i < 5; i++) {
		field[i] = field[i - 1] + strcspn(field[i - 1], "\t");
		if (*field[i] != '\0')
			*field[i]++ = '\0';
	}
	*row = (struct row){.found = false};
	snprintf(name, size, "%.*s", (int)size - 1, field[0]);
	snprintf(row->kind, sizeof row->kind, "%s", field[1]);
	snprintf(row->first, sizeof row->first, "%s", field[2]);
	snprintf(row->second, sizeof row->second, "%s", field[3]);
	snprintf(row->third, sizeof row->third, "%s", field[4]);
}

static void real_bounces_are_understood(void **state)
{
	(void)state;
	FILE *f = fopen(FOLDER "/expected.tsv", "r");
	struct tally tally = {0};
	struct row rows[ROWS_MAX], row;
	char line[1024], name[256] = "", current[256] = "";
	size_t count = 0;
	while (fgets(line, sizeof line, f) != NULL) {
		if (*line == '#')
			continue;
		split(line, name, sizeof name, &row);
		if (strcmp(name, current) != 0) {
			if (count > 0)
				check_file(current, rows, count, &tally);
			snprintf(current, sizeof current, "%s", name);
			count = 0;
		}
		assert_true(count < ROWS_MAX);
		rows[count++] = row;
	}
	check_file(current, rows, count, &tally);
	fclose(f);
	int right = tally.table[0][0] + tally.table[1][1], all = 0;
	for (int c = 0; c < 2; c++)
		for (int g = 0; g < 3; g++)
			all += tally.table[c][g];
	printf("\n%d mails; standard reports: %d of %d right\n", tally.files, tally.standard_right, tally.standard);
	printf("want \\ got   soft  hard  none\nsoft         %4d  %4d  %4d\nhard         %4d  %4d  %4d\n",
		tally.table[0][0], tally.table[0][1], tally.table[0][2], tally.table[1][0], tally.table[1][1],
		tally.table[1][2]);
	printf("verdicts: %d of %d (%.1f %%), %d more than wanted\n", right, all, 100.0 * right / all, tally.more);
	assert_int_equal(tally.standard_right, tally.standard);
	assert_true(right >= SHARE_WANTED * all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(real_bounces_are_understood)};
	if (access(FOLDER "/expected.tsv", R_OK) != 0) {
		printf("skipped: no mails in %s\n", FOLDER);
		return 77;
	}
	mail_init();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	mail_shutdown();
	return failed;
}
