/* The letter as the recipient got it, filled again from what is stored. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "campaign/campaign.h"
#include "console/operate/delivery.h"
#include "link/link.h"

/* Whoever could follow a link of the letter would act as its recipient. */
#define NOWHERE "https://example.org/link-of-the-recipient"

static void blind_links(json_t *fields, const json_t *definition)
{
	json_t *links = json_object(), *files = json_object();
	size_t index;
	json_t *annex;
	for (size_t i = 0; link_purpose_words[i] != NULL; i++)
		json_object_set_new(links, link_purpose_words[i], json_string(NOWHERE));
	json_array_foreach(json_object_get(definition, "annexes"), index, annex) {
		char name[24];
		snprintf(name, sizeof name, "%lld", (long long)json_integer_value(json_object_get(annex, "position")));
		json_object_set_new(files, name, json_string(NOWHERE));
	}
	json_object_set_new(links, link_purpose_words[LINK_FILE], files);
	json_object_set_new(fields, "link", links);
}

int delivery_letter(const struct visit *visit, const struct delivery *d, char **subject, char **text, char **html,
	struct error *e)
{
	struct campaign *campaign = NULL;
	struct letter *letter = NULL;
	json_t *fields = d->fields == NULL ? NULL : json_loads(d->fields, 0, NULL);
	int rc = -1;
	if (!json_is_object(fields)) {
		error_set(e, ERROR_INPUT, tr("what the letter was filled with is not kept", "чем было заполнено письмо, не сохранилось"));
		goto out;
	}
	if (campaign_load(visit->db, d->campaign, &campaign, e) != 0 ||
		campaign_letter(visit->db, campaign, visit->console->settings, (int)d->step, &letter, e) != 0)
		goto out;
	blind_links(fields, campaign_definition(campaign));
	const json_t *contact = json_object_get(json_object_get(fields, "contact"), "name");
	const struct letter_recipient recipient = {.fields = fields,
		.to_address = d->address,
		.to_name = json_string_value(contact),
		.message_id = "preview@example.org",
		.date_ms = d->updated_ms != 0 ? d->updated_ms : clock_now_ms()};
	rc = letter_preview(letter, &recipient, subject, text, html, e);
out:
	letter_unref(&letter);
	campaign_free(&campaign);
	json_decref(fields);
	return rc;
}

static void send_letter(struct visit *visit, bool as_html)
{
	struct delivery d;
	struct error e = {0};
	char *subject = NULL, *text = NULL, *html = NULL;
	if (!delivery_of(visit, &d))
		return;
	if (delivery_letter(visit, &d, &subject, &text, &html, &e) != 0)
		console_error(visit, &e);
	else if (as_html)
		web_reply_framed(visit->request, 200, html, strlen(html));
	else
		web_reply(visit->request, 200, "text/plain; charset=utf-8", text, strlen(text));
	free(subject);
	free(text);
	free(html);
	delivery_fini(&d);
}

void page_delivery_letter(struct visit *visit)
{
	send_letter(visit, true);
}

void page_delivery_text(struct visit *visit)
{
	send_letter(visit, false);
}
