#include "mailer/compose.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "mailer/relay.h"

/* The Message-ID is the same for every dispatch of a delivery, so that copies of
 * an uncertain letter are recognised as one; 0 stands for "any dispatch". */
#define ANY_DISPATCH 0
#define LOCAL_PART_MAX 64

void compose_init(struct compose *compose, const char *public_url)
{
	*compose = (struct compose){.public_url = public_url};
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

int compose_letter(struct compose *compose, const struct ident_key *key, struct outgoing *job,
	struct transport_letter *out, struct error *e)
{
	json_error_t where;
	json_t *fields = json_loads(job->fields, 0, &where);
	if (fields == NULL)
		return error_set(e, ERROR_INPUT, "the delivery's fields are not JSON: %s", where.text);
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
		.unsubscribe_url = unsubscribe_url(compose, key, job->key)};
	int rc = letter_fill(job->sheet->letter, &recipient, &compose->copy, e);
	json_decref(fields);
	*out = (struct transport_letter){.mail_from = compose->mail_from,
		.rcpt_to = job->address,
		.envid = compose->envid,
		.copy = &compose->copy,
		.arg = job};
	return rc;
}
