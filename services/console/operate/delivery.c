/* /delivery/{key}: one letter's whole story. */
#include "console/operate/delivery.h"

#include <stdlib.h>
#include <string.h>

#include "answer/answer.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "control/moment.h"

#define ANY_DISPATCH 0 /* in Message-ID: mailer/compose.c */

bool delivery_of(struct visit *visit, struct delivery *delivery)
{
	struct error e = {0};
	int64_t key;
	if (delivery_key_read(visit->console->key, web_part(visit->request, "key"), &key) != 0) {
		console_not_found(visit, tr("This is neither a letter's number nor a Message-ID made here.",
			"Это не номер письма и не Message-ID, выданный здесь."));
		return false;
	}
	if (delivery_load(visit->db, key, delivery, &e) == 0)
		return true;
	delivery_fini(delivery);
	console_error(visit, &e);
	return false;
}

/* ---- where it stands -------------------------------------------------------------------------- */

static const char *next_words(enum delivery_next next)
{
	switch (next) {
	case DELIVERY_NEXT_OPERATOR:
		return tr("An operator decides whether it goes once more: nobody knows if it arrived.",
			"Оператор решает, отправить ли ещё раз: неизвестно, дошло ли оно.");
	case DELIVERY_NEXT_RESUME:
		return tr("It waits until the campaign is resumed.", "Ждёт, пока рассылку не возобновят.");
	case DELIVERY_NEXT_CANCELLED:
		return tr("It will be cancelled with its campaign.", "Будет отменено вместе с рассылкой.");
	case DELIVERY_NEXT_UNDER_WAY:
		return tr("On its way to the mail server since", "На пути к почтовому серверу с");
	case DELIVERY_NEXT_TURN:
		return tr("It goes out in its turn; it was due at", "Уйдёт в свою очередь; срок наступил");
	case DELIVERY_NEXT_LATER:
		return tr("It goes out at", "Уйдёт");
	default:
		return tr("Nothing more happens by itself.", "Само больше ничего не произойдёт.");
	}
}

static void add_next(const struct visit *visit, const struct delivery *d, json_t *data)
{
	char moment[CONTROL_MOMENT_SIZE];
	int64_t when_ms;
	enum delivery_next next = delivery_next(d, clock_now_ms(), &when_ms);
	json_object_set_new(data, "next",
		json_pack("{s:s, s:o}", "words", next_words(next), "time", when_ms == 0 ? json_null() : json_string(control_moment(visit->console->settings, when_ms, moment))));
	if (d->not_after_ms != 0 && d->not_after_ms < TIME_NEVER_MS && !delivery_state_terminal(d->state))
		json_object_set_new(data, "not_after", json_string(control_moment(visit->console->settings, d->not_after_ms, moment)));
}

static int add_ask(const struct visit *visit, const struct delivery *d, json_t *data, struct error *e)
{
	struct delivery_ask ask;
	enum ask_state state;
	enum db_step step = delivery_ask(visit->db, d, &ask, e);
	if (step != DB_ROW)
		return step == DB_FAILED ? -1 : 0;
	json_object_set_new(data, "ask",
		json_pack("{s:s, s:o}", "state", ask_state_parse(ask.state, &state) == 0 ? ask_state_words(state) : ask.state,
			"deadline", ask.deadline_ms < TIME_NEVER_MS ? show_time(visit, ask.deadline_ms) : json_null()));
	return 0;
}

/* ---- what can be done ---------------------------------------------------------------------------- */

static void add_actions(const struct visit *visit, const struct delivery *d, json_t *data)
{
	bool held = d->state == DELIVERY_UNCERTAIN && !d->scheduled;
	bool operate = visit_may(visit, RIGHT_OPERATE);
	bool organisation = d->organisation_key != NULL && d->organisation_key[0] != '\0';
	json_object_set_new(data, "again", json_boolean(operate && (d->state == DELIVERY_FAILED || held)));
	json_object_set_new(data, "doubtful", json_boolean(held));
	json_object_set_new(data, "readdress", json_boolean(operate && organisation));
	json_object_set_new(data, "suppress", json_boolean(visit_may(visit, RIGHT_SUPPRESSION) && d->suppressed == NULL));
}

/* ---- the page ------------------------------------------------------------------------------------ */

static void add_facts(const struct visit *visit, const struct delivery *d, json_t *data)
{
	char tag[IDENT_TAG_SIZE];
	const struct {
		const char *name, *value;
	} texts[] = {{"address", d->address}, {"organisation", d->organisation}, {"organisation_key", d->organisation_key},
		{"municipality", d->municipality}, {"contact", d->contact}, {"role", d->contact_role}, {"campaign", d->slug},
		{"campaign_title", d->title}, {"campaign_reason", d->campaign_reason}, {"round", d->round_label},
		{"suppressed", d->suppressed}};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		json_object_set_new(data, texts[i].name, show_text(texts[i].value));
	bool has_page = d->kind != NULL && strcmp(d->kind, "notice") != 0;
	json_object_set_new(data, "campaign_page", json_boolean(has_page && visit_may(visit, RIGHT_CAMPAIGN_READ)));
	json_object_set_new(data, "directory_page", json_boolean(visit_may(visit, RIGHT_DIRECTORY_READ)));
	json_object_set_new(data, "refusals", d->attempts > 0 ? show_number(d->attempts) : json_null());
	if (visit->console->key != NULL && d->sender != NULL && strchr(d->sender, '@') != NULL)
		json_object_set_new(data, "message_id",
			json_sprintf("<%s@%s>", ident_tag(visit->console->key, d->key, ANY_DISPATCH, tag), gate_address_domain(d->sender)));
}

static void add_letter(const struct visit *visit, const struct delivery *d, json_t *data)
{
	char *subject = NULL, *text = NULL, *html = NULL;
	struct error e = {0};
	if (delivery_letter(visit, d, &subject, &text, &html, &e) == 0)
		json_object_set_new(data, "letter",
			json_pack("{s:s, s:s, s:o}", "subject", subject, "text", text, "url",
				json_sprintf("/delivery/%lld/letter", (long long)d->key)));
	else
		json_object_set_new(data, "no_letter", json_string(e.text));
	free(subject);
	free(text);
	free(html);
}

void page_delivery(struct visit *visit)
{
	struct delivery d;
	struct error e = {0};
	if (!delivery_of(visit, &d))
		return;
	json_t *story = delivery_story(visit, &d, &e);
	json_t *data = story == NULL ? NULL
				     : json_pack("{s:o, s:s, s:I, s:o, s:s, s:s}", "title",
					       json_sprintf(tr("Letter %lld", "Письмо %lld"), (long long)d.key), "here", "log", "key",
					       (json_int_t)d.key, "story", story, "state", delivery_state_words((int)d.state), "class",
					       log_state_class((int64_t)d.state));
	if (data == NULL || add_ask(visit, &d, data, &e) != 0) {
		json_decref(data);
		delivery_fini(&d);
		console_error(visit, &e);
		return;
	}
	add_facts(visit, &d, data);
	add_next(visit, &d, data);
	add_actions(visit, &d, data);
	add_letter(visit, &d, data);
	delivery_fini(&d);
	console_page(visit, 200, "delivery", data);
}
