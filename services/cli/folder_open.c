#include "cli/folder_open.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/xalloc.h"
#include "campaign/simulate.h"

#define SAMPLE 5

static const struct cli_noun recipients = {
	"recipient", "recipients", "адресат", "адресата", "адресатов"};
static const struct cli_noun organisations = {
	"organisation", "organisations", "организация", "организации", "организаций"};

void folder_close(struct opened_folder *o)
{
	for (size_t i = 0; i < o->samples; i++)
		campaign_recipient_fini(&o->sample[i]);
	free(o->sample);
	campaign_folder_free(&o->folder);
}

char *folder_yaml(const char *path)
{
	struct stat st;
	size_t len = strlen(path);
	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		return xstrdup(path);
	return xasprintf("%s%scampaign.yaml", path, len > 0 && path[len - 1] == '/' ? "" : "/");
}

int folder_open(struct cli *cli, const struct cli_args *args, struct opened_folder *o)
{
	struct problems problems = {0};
	struct error e = {0};
	*o = (struct opened_folder){.settings = cli_settings(cli)};
	if (o->settings == NULL || (o->db = cli_open_store(cli)) == NULL)
		return CLI_FAILED;
	char *path = folder_yaml(cli_operand(args, 0));
	o->folder = campaign_folder_load(path, o->settings, o->db, &problems);
	cli_problems(cli, &problems);
	free(path);
	problems_fini(&problems);
	if (o->folder == NULL)
		return CLI_FAILED;
	if (campaign_folder_audience(
		    o->folder, o->db, &o->count, &o->sample, SAMPLE, &o->samples, &e) != 0 ||
		simulate_collected(o->folder, o->settings, o->db, &o->collected, &e) != 0)
		return cli_fail(cli, &e);
	return CLI_DONE;
}

static size_t letter_kb(const struct opened_folder *o)
{
	return letter_size_estimate(campaign_folder_letter(o->folder, 0)) / 1024 + 1;
}

json_t *folder_summary_json(const struct opened_folder *o)
{
	return json_pack("{s:s,s:s,s:s,s:I,s:I,s:I}", "campaign", campaign_folder_slug(o->folder),
		"title", campaign_folder_title(o->folder), "content_hash",
		campaign_folder_hash(o->folder), "recipients", (json_int_t)o->count, "collected",
		(json_int_t)o->collected, "letter_bytes",
		(json_int_t)letter_size_estimate(campaign_folder_letter(o->folder, 0)));
}

char *folder_whom(const struct opened_folder *o)
{
	const char *direct = cli_count(o->count, &recipients);
	return o->collected == 0 ? xstrdup(direct)
				 : xasprintf(tr("%s, and through them %s", "%s, через них ещё %s"), direct,
					   cli_count(o->collected, &organisations));
}

void folder_print_summary(const struct opened_folder *o)
{
	char *who = folder_whom(o);
	printf(tr("%s: %s\n%s, a letter of about %zu KB\n", "%s: %s\n%s, письмо около %zu КБ\n"),
		campaign_folder_slug(o->folder), cli_clean(campaign_folder_title(o->folder)), who, letter_kb(o));
	free(who);
}

int folder_choose(struct cli *cli, const struct cli_args *args, struct opened_folder *o,
	struct campaign_recipient *own, const struct campaign_recipient **out)
{
	struct error e = {0};
	const char *wanted = cli_value(args, "for");
	*own = (struct campaign_recipient){0};
	if (wanted == NULL) {
		*out = &o->sample[0]; /* an empty audience did not pass the check */
		return CLI_DONE;
	}
	if (campaign_folder_recipient(o->folder, o->db, wanted, own, &e) != 0)
		return cli_fail(cli, &e);
	if (own->outside)
		cli_warn(cli,
			tr("%s is not in the audience of this campaign",
				"%s не входит в число адресатов этой рассылки"),
			cli_clean(own->key));
	*out = own;
	return CLI_DONE;
}
