#include "mailer/compose.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer/workbook.h"
#include "base/clock.h"
#include "link/link.h"
#include "mailer/relay.h"

/* The Message-ID is the same for every dispatch of a delivery, so that copies of
 * an uncertain letter are recognised as one; 0 stands for "any dispatch". */
#define ANY_DISPATCH 0
#define LOCAL_PART_MAX 64

void compose_init(struct compose *compose, const char *public_url)
{
	*compose = (struct compose){.public_url = public_url};
	size_t len = public_url == NULL ? 0 : strlen(public_url);
	while (len > 0 && public_url[len - 1] == '/')
		len--;
	if (len > 0 && len + sizeof "/check" <= sizeof compose->check_url)
		snprintf(compose->check_url, sizeof compose->check_url, "%.*s/check", (int)len, public_url);
}

/* Where one leaves the list. The letter uses it only when its campaign allows leaving. */
static const char *unsubscribe_url(struct compose *compose, const struct ident_key *key, int64_t delivery)
{
	char link[IDENT_LINK_SIZE];
	if (compose->public_url == NULL)
		return NULL;
	size_t len = strlen(compose->public_url);
	bool slash = len > 0 && compose->public_url[len - 1] == '/';
	int n = snprintf(compose->unsubscribe_url, sizeof compose->unsubscribe_url, "%s%su/%s",
		compose->public_url, slash ? "" : "/", ident_link(key, "unsubscribe", delivery, link));
	return n > 0 && n <= COMPOSE_URL_MAX ? compose->unsubscribe_url : NULL;
}

void compose_fini(struct compose *compose)
{
	letter_copy_fini(&compose->copy);
}

int compose_tagged(const char *address, const char *tag, char out[static GATE_ADDRESS_MAX + 1])
{
	const char *at = strrchr(address, '@');
	if (at == NULL)
		return -1;
	size_t local = (size_t)(at - address);
	if (local + 1 + strlen(tag) > LOCAL_PART_MAX)
		return -1;
	int n = snprintf(out, GATE_ADDRESS_MAX + 1, "%.*s+%s%s", (int)local, address, tag, at);
	return n > 0 && n <= GATE_ADDRESS_MAX ? 0 : -1;
}

static void set_addresses(struct compose *compose, const struct outgoing *job)
{
	const struct settings_relay *relay = job->relay->settings;
	const char *bounce = relay->envelope_sender != NULL ? relay->envelope_sender : job->sheet->sender;
	const char *reply = job->sheet->reply_to != NULL ? job->sheet->reply_to : job->sheet->sender;
	if (relay->envelope != RELAY_VERP || compose_tagged(bounce, compose->envid, compose->mail_from) != 0)
		snprintf(compose->mail_from, sizeof compose->mail_from, "%s", bounce);
	compose->reply_to[0] = '\0';
	if (relay->reply == RELAY_TAGGED && compose_tagged(reply, compose->envid, compose->reply_to) != 0)
		compose->reply_to[0] = '\0';
}

/* The person, or the organisation when no person is known. */
static const char *addressee(const json_t *fields)
{
	static const char *const places[] = {"contact", "recipient"};
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		const json_t *place = json_object_get(fields, places[i]);
		const char *name = json_string_value(json_object_get(place, "name"));
		if (name != NULL && name[0] != '\0')
			return name;
	}
	return NULL;
}

/* ---- links ------------------------------------------------------------------------- */

/* The campaign's files are told apart by position (link/link.h). */
#define FILE_POSITION_SHIFT 32

static void put_link(struct compose *compose, const struct ident_key *key, json_t *links, const char *name,
	enum link_purpose purpose, int64_t id, int64_t expires_ms)
{
	char url[LINK_URL_SIZE];
	const char *made = compose->public_url == NULL
		? NULL
		: link_url(key, compose->public_url, purpose, id, expires_ms, url);
	json_object_set_new(links, name, json_string(made == NULL ? "" : made));
}

static json_t *file_links(struct compose *compose, const struct ident_key *key, const struct sheet *sheet,
	int64_t expires_ms)
{
	json_t *files = json_object();
	for (size_t i = 0; i < json_array_size(sheet->annexes); i++) {
		char name[24];
		int64_t position =
			json_integer_value(json_object_get(json_array_get(sheet->annexes, i), "position"));
		snprintf(name, sizeof name, "%lld", (long long)position);
		put_link(compose, key, files, name, LINK_FILE,
			position * (INT64_C(1) << FILE_POSITION_SHIFT) + sheet->campaign, expires_ms);
	}
	return files;
}

/* {{link.*}} out of the ids the planner left in the fields. Where there is none (a test letter, a
 * letter to one who is not asked) the link leads to no matter, but the letter looks as it will. */
static void add_links(struct compose *compose, const struct ident_key *key, const struct sheet *sheet,
	json_t *fields)
{
	const json_t *ids = json_object_get(fields, "@"), *expires = json_object_get(ids, "expires_ms");
	if (ids == NULL && sheet->annexes == NULL)
		return;
	int64_t ask = json_integer_value(json_object_get(ids, "ask"));
	int64_t round = json_integer_value(json_object_get(ids, "round"));
	int64_t acknowledgement = json_integer_value(json_object_get(ids, "ack"));
	int64_t expires_ms = expires == NULL ? TIME_NEVER_MS : json_integer_value(expires);
	const struct {
		enum link_purpose purpose;
		int64_t id;
	} all[] = {{LINK_ANSWER, ask}, {LINK_ACKNOWLEDGE, acknowledgement}, {LINK_CASCADE, ask},
		{LINK_FORWARD, round}, {LINK_SHEET, ask}};
	json_t *links = json_object();
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		put_link(compose, key, links, link_purpose_words[all[i].purpose], all[i].purpose, all[i].id,
			expires_ms);
	json_object_set_new(links, link_purpose_words[LINK_FILE], file_links(compose, key, sheet, expires_ms));
	json_object_set_new(fields, "link", links);
}

/* A receipt (intake): nobody answers it, no bounce of it comes back (RFC 3834 section 3.3). */
static void add_receipt(struct compose *compose, const json_t *fields, struct letter_recipient *recipient)
{
	const json_t *ids = json_object_get(fields, "@");
	if (!json_is_true(json_object_get(ids, "receipt")))
		return;
	compose->mail_from[0] = '\0';
	recipient->auto_replied = true;
	recipient->in_reply_to = json_string_value(json_object_get(ids, "in_reply_to"));
}

/* The recipient's own Excel form, made here because many threads can. */
static int add_form(const struct outgoing *job, char name[static WORKBOOK_NAME_SIZE],
	struct letter_attachment *file, void **data, struct error *e)
{
	enum lang lang = answer_workbook_lang(job->form);
	size_t len;
	if (answer_workbook_write(job->form, lang, data, &len, e) != 0)
		return -1;
	*file = (struct letter_attachment){
		.name = answer_workbook_name(answer_workbook_key(job->form), lang, name),
		.media_type = WORKBOOK_MEDIA_TYPE,
		.data = *data,
		.len = len};
	return 0;
}

int compose_letter(struct compose *compose, const struct ident_key *key, struct outgoing *job,
	struct transport_letter *out, struct error *e)
{
	json_error_t where;
	json_t *fields = json_loads(job->fields, 0, &where);
	if (fields == NULL)
		return error_set(e, ERROR_INPUT, "the delivery's fields are not JSON: %s", where.text);
	add_links(compose, key, job->sheet, fields);
	char tag[IDENT_TAG_SIZE], message_id[IDENT_TAG_SIZE + GATE_ADDRESS_MAX];
	ident_tag(key, job->key, ANY_DISPATCH, tag);
	ident_tag(key, job->key, job->dispatch, compose->envid);
	snprintf(message_id, sizeof message_id, "%s@%s", tag, gate_address_domain(job->sheet->sender));
	set_addresses(compose, job);
	struct letter_recipient recipient = {.fields = fields,
		.to_address = job->address,
		.to_name = addressee(fields),
		.message_id = message_id,
		.date_ms = clock_now_ms(),
		.reply_to = compose->reply_to[0] != '\0' ? compose->reply_to : NULL,
		.unsubscribe_url = unsubscribe_url(compose, key, job->key),
		.check_url = compose->check_url[0] != '\0' ? compose->check_url : NULL};
	add_receipt(compose, fields, &recipient);
	struct letter_attachment form;
	char form_name[WORKBOOK_NAME_SIZE];
	void *form_data = NULL;
	int rc = job->form == NULL ? 0 : add_form(job, form_name, &form, &form_data, e);
	recipient.own_file = form_data != NULL ? &form : NULL;
	if (rc == 0)
		rc = letter_fill(job->sheet->letter, &recipient, &compose->copy, e);
	free(form_data);
	json_decref(fields);
	*out = (struct transport_letter){.mail_from = compose->mail_from,
		.rcpt_to = job->address,
		.envid = compose->envid,
		.copy = &compose->copy,
		.arg = job};
	return rc;
}
