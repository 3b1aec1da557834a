#include "mailer/policy.h"

#include <string.h>

/* Words of sending limits: Yandex («message sending limit», "policy rejection on
 * the sender's limit"), Gmail (5.4.5 "daily user sending limit"), Mail.ru ("rate
 * limit exceeded"), Exchange Online (5.1.90, "daily limit"), Postfix policy servers. */
static const char *const quota_words[] = {"sending limit", "sending quota", "message limit",
	"daily limit", "daily quota", "daily user sending", "rate limit exceeded", "quota exceeded for sender",
	"exceeded the limit of", "too many messages sent", "sent too many", "throttling",
	"maximum sending rate"};
static const char *const relaying_words[] = {"relay access denied", "relaying denied", "unable to relay",
	"relay not permitted", "relaying not allowed", "not permitted to relay", "relay denied",
	"authentication required", "must authenticate", "not authenticated"};

static bool has_word(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcasestr(text, words[i]) != NULL)
			return true;
	return false;
}

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

bool policy_is_quota(const struct transport_reply *reply)
{
	if (strcmp(reply->enhanced, "4.2.2") == 0 || strcmp(reply->enhanced, "5.2.2") == 0)
		return false;
	if (strcmp(reply->enhanced, "5.4.5") == 0 || strcmp(reply->enhanced, "4.4.5") == 0 ||
		strcmp(reply->enhanced, "5.1.90") == 0)
		return true;
	return has_word(reply->text, quota_words, COUNT(quota_words));
}

bool policy_is_relaying_denied(const struct transport_reply *reply)
{
	return reply->code == 530 || has_word(reply->text, relaying_words, COUNT(relaying_words));
}

struct judgement policy_judge(enum transport_verdict what, const struct transport_reply *reply)
{
	bool permanent = reply->code >= 500;
	switch (what) {
	case TRANSPORT_ACCEPTED:
		return (struct judgement){DELIVERY_ACCEPTED, BLAME_NOBODY, false};
	case TRANSPORT_UNCERTAIN:
		return (struct judgement){DELIVERY_UNCERTAIN, BLAME_NOBODY, false};
	case TRANSPORT_SENDER_REFUSED:
		if (policy_is_quota(reply))
			return (struct judgement){DELIVERY_RETURNED, BLAME_QUOTA, false};
		if (policy_is_relaying_denied(reply))
			return (struct judgement){DELIVERY_RETURNED, BLAME_RELAY, false};
		return (struct judgement){DELIVERY_RETURNED, permanent ? BLAME_SENDER : BLAME_RELAY, false};
	case TRANSPORT_RECIPIENT_REFUSED:
		if (reply->code == 421) /* the relay closes: nothing about this recipient */
			return (struct judgement){DELIVERY_RETURNED, BLAME_RELAY, false};
		if (policy_is_quota(reply))
			return (struct judgement){DELIVERY_RETURNED, BLAME_QUOTA, false};
		if (policy_is_relaying_denied(reply))
			return (struct judgement){DELIVERY_RETURNED, BLAME_RELAY, false};
		return (struct judgement){permanent ? DELIVERY_FAILED : DELIVERY_DEFERRED, BLAME_RECIPIENT, false};
	case TRANSPORT_NOT_SENT:
		break;
	}
	return (struct judgement){DELIVERY_RETURNED, BLAME_NOBODY, false};
}
