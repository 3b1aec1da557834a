/* Case files: what is in them, and what verify says about each kind of damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include "base/buf.h"
#include "base/ident.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "report/archive.h"
#include "report/case.h"
#include "settings/settings.h"
#include "support/report_bed.h"
#include "support/scratch.h"

static struct db *db;

static void note(void *arg, enum archive_flaw flaw, const char *name, const char *why)
{
	static const char *const words[] = {"differs", "missing", "extra", "unreadable"};
	(void)buf_printf(arg, "%s %s%s%s\n", words[flaw], name, why[0] != '\0' ? ": " : "", why);
}

/* What verify says, one flaw a line. */
static char *flaws_of(const char *path, struct archive_verdict *verdict)
{
	struct error e = {0};
	struct buf said;
	buf_init(&said, 1 << 16);
	if (archive_verify(path, note, &said, verdict, &e) != 0)
		(void)buf_printf(&said, "error %s", e.text);
	return buf_take(&said);
}

static void want(const char *said, const char *part)
{
	if (strstr(said, part) == NULL)
		fail_msg("want «%s», got\n%s", part, said);
}

static char *entry_of(const char *path, const char *name)
{
	zip_stat_t stat;
	int code;
	zip_t *zip = zip_open(path, ZIP_RDONLY, &code);
	assert_non_null(zip);
	if (zip_stat(zip, name, 0, &stat) != 0)
		fail_msg("want an entry %s, got none", name);
	char *text = xmalloc(stat.size + 1);
	zip_file_t *file = zip_fopen(zip, name, 0);
	assert_int_equal(zip_fread(file, text, stat.size), stat.size);
	text[stat.size] = '\0';
	zip_fclose(file);
	zip_discard(zip);
	return text;
}

/* A fresh case file, its path kept until the end. */
static const char *written(const char *name, struct archive_result *result)
{
	const char *path = scratch_path(name);
	struct settings settings = {.attachments_max_bytes = 5 * 1024 * 1024};
	struct error e = {0};
	must(archive_write(db, &settings, REPORT_BED_SLUG, path, result, &e), &e);
	return path;
}

static void a_case_file_holds_everything(void **state)
{
	struct archive_result result;
	struct archive_verdict verdict;
	struct stat st;
	(void)state;
	report_bed_sql(db, "INSERT INTO audit_head (id, number, mac) VALUES (1, 42, '0123456789abcdef00000000000000000000000000000000ffffffffffffffff')");
	const char *path = written("case.zip", &result);
	report_bed_sql(db, "DELETE FROM audit_head");
	static const struct {
		const char *name, *part;
	} parts[] = {{"README.txt", "Дело рассылки monitoring-2022"},
		{"README.txt", "Журнал действий: запись № 42, контрольная сумма 0123456789abcdef\n"}, {"campaign.json", "\"content_hash\": \"h\""},
		{"letters/first.md", "{{link.answer}}"}, {"letters/first-0.txt", "Просим Управление сообщить сведения"},
		{"letters/first-0.html", "https://link.invalid/"}, {"letters/reminder-1.txt", "Ждём сведений."},
		{"attachments/Приказ.pdf", "%PDF-1.4"}, {"audience.csv", "2;m1;Управление образования города;Область;Город;edu@city.example.org\r\n"},
		{"outcomes.csv", "2;s4;Ёлкинская школа;Область;Район;four@schools.example.org;1;не принято;"},
		{"outcomes.csv", "'=cmd|' /C calc'!A0"}, {"plan.csv", "2;open;;01.10.2022 07:53;done;"},
		{"rounds/2/report.csv", "Управление образования города"}, {"rounds/2/report.html", "Отчёт: Стажировочные площадки"},
		{"rounds/2/report.xlsx", "PK"}, {"rounds/1/answers.csv", "m1;Управление образования города;1;учтён;по форме;"},
		{"rounds/2/answers.csv", "s7;Школа № 7;1;отклонён;ответным письмом;"}, {"rounds/2/answers.csv", "\"{\"\"people\"\":999}\""},
		{"rounds/2/acknowledgements.html", "Директор центра"}, {"rounds/2/acknowledgements.xlsx", "PK"},
		{"answers/2/m1/1-фото.jpg", "фотография"}, {"answers/2/m1/2-фото.jpg", "фотография"},
		{"answers/2/m1/2-2-фото.jpg", "фотография"}, {"answers/2/s6/1-mail.eml", "From: five@schools.example.org"}};
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		char *text = entry_of(path, parts[i].name);
		want(text, parts[i].part);
		free(text);
	}
	char *said = flaws_of(path, &verdict);
	assert_string_equal(said, "");
	assert_int_equal(verdict.good, result.files);
	assert_string_equal(verdict.sums, result.sums);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	free(said);
}

/* A plan of work has a round a stage. */
static void the_last_of_many_rounds_is_there(void **state)
{
	struct archive_result result;
	(void)state;
	report_bed_sql(db, "INSERT INTO round (id, campaign, number, label, starts_ms, deadline_ms, state)"
		" WITH RECURSIVE n(i) AS (SELECT 1001 UNION ALL SELECT i + 1 FROM n WHERE i < 1700)"
		" SELECT i, 1, i, '', 0, 0, 'closed' FROM n");
	report_bed_sql(db, "INSERT INTO delivery (key, campaign, round, step, recipient, contact, address, fields, state, updated_ms)"
		" VALUES (900, 1, 1700, 0, 1, 11, 'edu@city.example.org', '{}', 5, 1664600000000)");
	char *text = entry_of(written("many.zip", &result), "outcomes.csv");
	want(text, "\r\n1700;m1;");
	free(text);
	report_bed_sql(db, "DELETE FROM delivery WHERE key = 900");
	report_bed_sql(db, "DELETE FROM round WHERE id > 1000");
}

static void an_unknown_campaign_leaves_nothing(void **state)
{
	struct settings settings = {0};
	struct archive_result result;
	struct error e = {0};
	struct stat st;
	const char *path = scratch_path("none.zip");
	(void)state;
	assert_int_equal(archive_write(db, &settings, "nobody", path, &result, &e), -1);
	assert_int_equal(e.code, ERROR_NOT_FOUND);
	assert_int_equal(stat(path, &st), -1);
}

/* ---- damage ---------------------------------------------------------------------------------- */

static zip_t *open_zip(const char *path, int flags)
{
	int code;
	zip_t *zip = zip_open(path, flags, &code);
	assert_non_null(zip);
	return zip;
}

static void put(zip_t *zip, const char *name, const char *text, zip_flags_t flags)
{
	zip_source_t *source = zip_source_buffer(zip, text, strlen(text), 0);
	assert_true(zip_file_add(zip, name, source, flags) >= 0);
}

static void every_kind_of_damage_is_named(void **state)
{
	struct archive_result result;
	struct archive_verdict verdict;
	(void)state;
	const char *path = written("tampered.zip", &result);
	zip_t *zip = open_zip(path, 0);
	put(zip, "rounds/2/report.csv", "другие цифры", ZIP_FL_OVERWRITE);
	assert_int_equal(zip_delete(zip, (zip_uint64_t)zip_name_locate(zip, "plan.csv", 0)), 0);
	put(zip, "лишнее.txt", "x", 0);
	put(zip, "../../evil", "x", 0);
	put(zip, "/etc/evil", "x", 0);
	assert_int_equal(zip_close(zip), 0);
	char *said = flaws_of(path, &verdict);
	want(said, "differs rounds/2/report.csv\n");
	want(said, "missing plan.csv\n");
	want(said, "extra лишнее.txt\n");
	want(said, "unreadable ../../evil: ");
	want(said, "unreadable /etc/evil: ");
	assert_int_equal(verdict.flaws, 5);
	assert_int_equal(verdict.good, result.files - 2);
	free(said);
}

/* One byte of the file turned over, anywhere: never all good, never a crash. */
static void a_flipped_byte_is_found(void **state)
{
	struct archive_result result;
	struct archive_verdict verdict;
	(void)state;
	const char *path = written("flipped.zip", &result);
	FILE *file = fopen(path, "r+b");
	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	long size = ftell(file);
	for (long at = 40; at < size; at += size / 31) {
		assert_int_equal(fseek(file, at, SEEK_SET), 0);
		int before = fgetc(file);
		assert_int_equal(fseek(file, at, SEEK_SET), 0);
		(void)fputc(before ^ 0x55, file);
		(void)fflush(file);
		char *said = flaws_of(path, &verdict);
		/* a header's time stamp, attributes and the like say nothing about contents */
		if (said[0] == '\0' && (strcmp(verdict.sums, result.sums) != 0 || verdict.good != result.files))
			fail_msg("byte %ld of %ld: got no flaw, %zu good of %zu", at, size, verdict.good, result.files);
		free(said);
		assert_int_equal(fseek(file, at, SEEK_SET), 0);
		(void)fputc(before, file);
		(void)fflush(file);
	}
	for (long cut = size - 1; cut > 0; cut -= size / 13) {
		const char *torn = scratch_path("torn.zip");
		FILE *out = fopen(torn, "wb");
		char *bytes = xmalloc((size_t)cut);
		rewind(file);
		assert_int_equal(fread(bytes, 1, (size_t)cut, file), (size_t)cut);
		assert_int_equal(fwrite(bytes, 1, (size_t)cut, out), (size_t)cut);
		assert_int_equal(fclose(out), 0);
		free(bytes);
		char *said = flaws_of(torn, &verdict);
		want(said, "error ");
		free(said);
	}
	(void)fclose(file);
}

static void other_files_are_refused_in_words(void **state)
{
	struct archive_verdict verdict;
	const char *path = scratch_path("other.zip");
	static const char *const sums[] = {"no sum  a.txt\n",
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef a.txt\n", "\n", "0123", ""};
	(void)state;
	FILE *file = fopen(path, "wb");
	(void)fputs("this is no ZIP", file);
	assert_int_equal(fclose(file), 0);
	char *said = flaws_of(path, &verdict);
	want(said, "is not a ZIP file");
	free(said);
	for (size_t i = 0; i <= sizeof sums / sizeof sums[0]; i++) {
		zip_t *zip = open_zip(path, ZIP_CREATE | ZIP_TRUNCATE);
		put(zip, "a.txt", "a", 0);
		if (i > 0)
			put(zip, "SHA256SUMS", sums[i - 1], 0);
		assert_int_equal(zip_close(zip), 0);
		said = flaws_of(path, &verdict);
		want(said, i == 0 ? "there is no SHA256SUMS" : sums[i - 1][0] == '\0' ? "names no file" : "line 1: not");
		free(said);
	}
	said = flaws_of(scratch_folder(), &verdict);
	want(said, "is not a file");
	free(said);
	said = flaws_of(scratch_path("absent.zip"), &verdict);
	want(said, "error ");
	free(said);
}

static void an_encrypted_entry_is_not_taken_for_good(void **state)
{
	struct archive_verdict verdict;
	const char *path = scratch_path("locked.zip");
	(void)state;
	zip_t *zip = open_zip(path, ZIP_CREATE | ZIP_TRUNCATE);
	put(zip, "a.txt", "a", 0);
	put(zip, "SHA256SUMS", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb  a.txt\n", 0);
	assert_int_equal(zip_file_set_encryption(zip, 0, ZIP_EM_AES_256, "secret"), 0);
	assert_int_equal(zip_close(zip), 0);
	char *said = flaws_of(path, &verdict);
	want(said, "unreadable a.txt: it cannot be opened");
	free(said);
}

/* 130 MB of nothing in 130 KB: as a list of sums it is refused before it is unpacked; as an entry it goes
 * through one buffer. */
static void a_bomb_takes_no_memory(void **state)
{
	struct archive_verdict verdict;
	struct rusage before, after;
	const char *path = scratch_path("bomb.zip");
	static const char sums[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef  zeros\n";
	(void)state;
	for (int as_entry = 1; as_entry >= 0; as_entry--) {
		FILE *zeros = tmpfile(); /* sparse */
		assert_non_null(zeros);
		assert_int_equal(ftruncate(fileno(zeros), as_entry ? 64 << 20 : (off_t)ARCHIVE_SUMS_MAX_BYTES + 1), 0);
		zip_t *zip = open_zip(path, ZIP_CREATE | ZIP_TRUNCATE);
		zip_source_t *source = zip_source_filep(zip, zeros, 0, 0);
		assert_true(zip_file_add(zip, as_entry ? "zeros" : "SHA256SUMS", source, 0) >= 0);
		if (as_entry)
			put(zip, "SHA256SUMS", sums, 0);
		assert_int_equal(zip_close(zip), 0);
		getrusage(RUSAGE_SELF, &before);
		char *said = flaws_of(path, &verdict);
		getrusage(RUSAGE_SELF, &after);
		want(said, as_entry ? "differs zeros\n" : "SHA256SUMS is absurdly large");
		if (after.ru_maxrss - before.ru_maxrss > 32 * 1024)
			fail_msg("got %ld KB more, want at most 32 MB", after.ru_maxrss - before.ru_maxrss);
		free(said);
	}
}

static void names_from_outside_stay_inside(void **state)
{
	static const struct {
		const char *given, *kept;
	} cases[] = {{"a/b.txt", "a/b.txt"}, {"../../etc/passwd", "__/__/etc/passwd"}, {"/abs//x", "abs/x"}, {"a/./b", "a/_/b"},
		{"a\\b\n\x01" "c", "a_b__c"}, {"CON:?.txt", "CON__.txt"}, {"a/b.txt", "a/2-b.txt"}, {"a/b.txt", "a/3-b.txt"}};
	const char *path = scratch_path("names.zip");
	struct case_file *file;
	struct archive_result result;
	struct archive_verdict verdict;
	struct error e = {0};
	(void)state;
	must(case_open(&file, path, &e), &e);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		must(case_put(file, cases[i].given, cases[i].kept, i == 0 ? 0 : strlen(cases[i].kept), &e), &e);
	must(case_finish(file, &result, &e), &e);
	case_close(&file);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *text = entry_of(path, cases[i].kept);
		assert_string_equal(text, i == 0 ? "" : cases[i].kept); /* the empty one is empty */
		free(text);
	}
	char *said = flaws_of(path, &verdict);
	assert_string_equal(said, "");
	free(said);
}

static int up(void **state)
{
	struct error e = {0};
	(void)state;
	lang_set(LANG_EN);
	ident_init();
	calendar_init();
	must(db_open(&db, scratch_store(), &e), &e);
	report_bed_fill(db);
	return 0;
}

static int down(void **state)
{
	(void)state;
	db_close(&db);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_case_file_holds_everything),
		cmocka_unit_test(the_last_of_many_rounds_is_there),
		cmocka_unit_test(an_unknown_campaign_leaves_nothing), cmocka_unit_test(every_kind_of_damage_is_named),
		cmocka_unit_test(a_flipped_byte_is_found), cmocka_unit_test(other_files_are_refused_in_words),
		cmocka_unit_test(an_encrypted_entry_is_not_taken_for_good), cmocka_unit_test(a_bomb_takes_no_memory),
		cmocka_unit_test(names_from_outside_stay_inside)};
	return cmocka_run_group_tests(tests, up, down);
}
