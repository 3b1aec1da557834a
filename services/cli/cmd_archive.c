/* `vestnik campaign archive|verify`: the case file. */
#include <stdio.h>

#include "cli/command.h"
#include "report/archive.h"

static int archive_run(struct cli *cli, const struct cli_args *args)
{
	struct error e = {0};
	struct archive_result result;
	const char *slug = cli_operand(args, 0), *path = cli_value(args, "output");
	if (path == NULL)
		return cli_wrong_use(cli, "%s", tr("--output FILE.zip is missing", "не хватает --output ФАЙЛ.zip"));
	const struct settings *settings = cli_settings(cli);
	struct db *db = settings == NULL ? NULL : cli_open_store(cli);
	if (db == NULL)
		return CLI_FAILED;
	if (archive_write(db, settings, slug, path, &result, &e) != 0)
		return cli_fail(cli, &e);
	if (cli_json(cli))
		cli_print_json(cli, json_pack("{s:s, s:s, s:I, s:I, s:s}", "campaign", slug, "file", path, "files",
					    (json_int_t)result.files, "bytes", (json_int_t)result.bytes, "sums_sha256", result.sums));
	else
		printf(tr("%s: %zu files, %s unpacked\nSHA-256 of SHA256SUMS: %s\nNote it elsewhere: it proves the whole file.\n",
			       "%s: файлов %zu, %s в распакованном виде\nSHA-256 файла SHA256SUMS: %s\n"
			       "Запишите его отдельно: им проверяется всё дело.\n"),
			path, result.files, cli_size(result.bytes), result.sums);
	return CLI_DONE;
}

static const char *const flaw_codes[] = {"differs", "missing", "extra", "unreadable"};

static void tell_flaw(void *arg, enum archive_flaw flaw, const char *name, const char *why)
{
	struct cli *cli = arg;
	const char *words[] = {tr("differs", "изменён"), tr("missing", "отсутствует"), tr("extra", "лишний"),
		tr("cannot be checked", "не проверить")};
	if (cli_json(cli))
		cli_print_json(cli, json_pack("{s:s, s:s, s:s}", "flaw", flaw_codes[flaw], "name", name, "why", why));
	else
		printf("%s: %s%s%s\n", words[flaw], cli_clean(name), why[0] != '\0' ? " – " : "", why);
}

static int verify_run(struct cli *cli, const struct cli_args *args)
{
	struct error e = {0};
	struct archive_verdict verdict;
	if (archive_verify(cli_operand(args, 0), tell_flaw, cli, &verdict, &e) != 0)
		return cli_fail(cli, &e);
	if (cli_json(cli))
		cli_print_json(cli, json_pack("{s:I, s:I, s:I, s:s}", "good", (json_int_t)verdict.good, "flaws",
					    (json_int_t)verdict.flaws, "bytes", (json_int_t)verdict.bytes, "sums_sha256", verdict.sums));
	else
		printf(tr("Files as written: %zu. Flaws: %zu.\nSHA-256 of SHA256SUMS: %s\n",
			       "Файлов без изменений: %zu. Нарушений: %zu.\nSHA-256 файла SHA256SUMS: %s\n"),
			verdict.good, verdict.flaws, verdict.sums);
	return verdict.flaws == 0 ? CLI_DONE : CLI_FAILED;
}

static const struct cli_operand campaign_operand[] = {
	{"CAMPAIGN", NULL, CLI_ONE, "name of the campaign", "имя рассылки"}, {0}};
static const struct cli_option archive_options[] = {{"output", 'o', "FILE", "@file", "where to: FILE.zip", "куда: ФАЙЛ.zip"}, {0}};
static const struct cli_operand file_operand[] = {{"FILE", "@file", CLI_ONE, "the case file", "файл дела"}, {0}};

const struct command archive_commands[] = {
	{"campaign archive", "puts everything about a campaign into one ZIP with checksums",
		"собирает всё о рассылке в один ZIP с контрольными суммами",
		"Letters, audience, outcomes, answers with their files, acknowledgement sheets, reports, plan:\n"
		"docs/reference/report.md. The file holds personal data; it is readable for its owner alone.",
		"Письма, адресаты, результаты, ответы с файлами, листы ознакомления, отчёты, план:\n"
		"docs/reference/report.md. В файле персональные данные; читать его может только владелец.",
		campaign_operand, archive_options, archive_run},
	{"campaign verify", "checks a case file: what differs, is missing, is extra",
		"проверяет дело рассылки: что изменено, чего нет, что лишнее",
		"Exit code 1 when something is wrong. Needs no store.", "Код выхода 1, если что-то не так. Хранилище не нужно.",
		file_operand, NULL, verify_run},
	{0}};
