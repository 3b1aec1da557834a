/* `vestnik store backup`: a copy of the live store in one file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "settings/settings.h"
#include "store/db.h"
#include "store/maintenance.h"

static int backup_run(struct cli *cli, const struct cli_args *args)
{
	const char *path = cli_operand(args, 0);
	struct db *db = cli_open_store(cli);
	struct stat st;
	struct error e;
	if (db == NULL)
		return CLI_FAILED;
	if (lstat(path, &st) == 0)
		return cli_failf(cli, ERROR_CONFLICT,
			tr("%s exists already: name a new file", "%s уже есть: укажите новый файл"),
			cli_clean(path));
	mode_t before = umask(077); /* everybody's addresses are in it */
	int rc = store_backup(db, path, &e);
	umask(before);
	if (rc != 0)
		return cli_fail(cli, &e);
	if (stat(path, &st) != 0) {
		error_errno(&e, "%s", cli_clean(path));
		return cli_fail(cli, &e);
	}
	const char *key = cli_settings(cli)->key_file;
	if (cli_json(cli))
		cli_print_json(cli, json_pack("{s:s, s:I, s:s}", "file", path, "bytes",
						(json_int_t)st.st_size, "key_file", key));
	else
		printf(tr("%s: %s. Keep the key %s with it: without it bounces and links of old letters "
			  "are not recognised.\n",
			       "%s: %s. Храните с ним ключ %s: без него не узнать возвраты и ссылки старых "
			       "писем.\n"),
			cli_clean(path), cli_size((int64_t)st.st_size), key);
	return CLI_DONE;
}

static const struct cli_operand backup_operands[] = {
	{"FILE", "@file", CLI_ONE, "new file", "новый файл"}, {0}};

const struct command store_commands[] = {
	{"store backup", "copies the live store into a new file",
		"копирует работающее хранилище в новый файл", NULL, NULL, backup_operands, NULL,
		backup_run},
	{0}};
