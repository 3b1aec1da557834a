#include "webhook/filter.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/lang.h"
#include "base/xalloc.h"
#include "message/status.h"

/* A filter longer than this is a mistake: there are some 20 types. */
#define PATTERNS_MAX 64
#define PATTERN_MAX_BYTES 100
#define PREFIX "vestnik."

static const char *const types[] = {"vestnik.delivery.waiting", "vestnik.delivery.sending",
	"vestnik.delivery.uncertain", "vestnik.delivery.deferred", "vestnik.delivery.returned",
	"vestnik.delivery.accepted", "vestnik.delivery.delivered", "vestnik.delivery.bounced",
	"vestnik.delivery.failed", "vestnik.delivery.expired", "vestnik.delivery.cancelled",
	"vestnik.delivery.suppressed", "vestnik.campaign.launched", "vestnik.campaign.paused",
	"vestnik.campaign.resumed", "vestnik.campaign.cancelled", "vestnik.campaign.finished",
	"vestnik.campaign.published", "vestnik.campaign.postponed", "vestnik.campaign.corrected",
	"vestnik.campaign.recalled", "vestnik.report.ready",
	"vestnik.ask.received", "vestnik.ask.partial", "vestnik.ask.confirmed", "vestnik.ask.differs",
	"vestnik.ask.reopened", "vestnik.ask.withdrawn", "vestnik.acknowledged", WEBHOOK_TYPE_DISABLED, "vestnik.bus.gap", NULL};

struct webhook_filter {
	size_t count; /* 0 = everything */
	char *pattern[PATTERNS_MAX];
};

const char *const *webhook_types(void)
{
	return types;
}

static bool pattern_match(const char *pattern, const char *type)
{
	size_t len = strlen(pattern);
	if (len >= 2 && strcmp(pattern + len - 2, ".*") == 0)
		return strncmp(pattern, type, len - 1) == 0;
	return strcmp(pattern, type) == 0;
}

int webhook_filter_parse(const char *json, struct webhook_filter **out, struct error *e)
{
	json_t *list = json_loads(json == NULL ? "" : json, 0, NULL);
	struct webhook_filter *filter = NULL;
	int rc = -1;
	if (!json_is_array(list) || json_array_size(list) > PATTERNS_MAX) {
		error_set(e, ERROR_INPUT, "events should be a JSON array of at most %d types", PATTERNS_MAX);
		goto out;
	}
	filter = xcalloc(1, sizeof *filter);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *pattern = json_string_value(json_array_get(list, i));
		if (pattern == NULL || pattern[0] == '\0' || strlen(pattern) > PATTERN_MAX_BYTES) {
			error_set(e, ERROR_INPUT, "events[%zu] should be a type of event", i);
			goto out;
		}
		filter->pattern[filter->count++] = xstrdup(pattern);
	}
	*out = filter;
	filter = NULL;
	rc = 0;
out:
	webhook_filter_free(&filter);
	json_decref(list);
	return rc;
}

void webhook_filter_free(struct webhook_filter **filter)
{
	if (*filter == NULL)
		return;
	for (size_t i = 0; i < (*filter)->count; i++)
		free((*filter)->pattern[i]);
	free(*filter);
	*filter = NULL;
}

bool webhook_filter_match(const struct webhook_filter *filter, const char *type)
{
	for (size_t i = 0; i < filter->count; i++)
		if (pattern_match(filter->pattern[i], type))
			return true;
	return filter->count == 0;
}

/* ---- what people write ----------------------------------------------------- */

static bool known(const char *pattern)
{
	for (size_t i = 0; types[i] != NULL; i++)
		if (pattern_match(pattern, types[i]))
			return true;
	return false;
}

/* The stored pattern a word stands for; NULL when no event has such a type. */
static char *word_to_pattern(const char *word)
{
	static const char *const before[] = {"", PREFIX, PREFIX "delivery."};
	for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
		char *pattern = xasprintf("%s%s", before[i], word);
		if (known(pattern))
			return pattern;
		free(pattern);
	}
	return NULL;
}

static int add_word(const char *word, json_t *list, struct error *e)
{
	char *pattern = word_to_pattern(word);
	if (pattern == NULL)
		return error_set(e, ERROR_INPUT,
			tr("there is no event \"%s\"; known: delivery.accepted, .delivered, .bounced, "
			   ".failed, .deferred, .uncertain, .expired, .cancelled, .suppressed, .waiting, "
			   ".sending, .returned; campaign.launched, .paused, .resumed, .cancelled, "
			   ".finished, .published; webhook.disabled; bus.gap; a whole family: delivery.*",
				"нет события «%s»; есть: delivery.accepted, .delivered, .bounced, .failed, "
				".deferred, .uncertain, .expired, .cancelled, .suppressed, .waiting, .sending, "
				".returned; campaign.launched, .paused, .resumed, .cancelled, .finished, .published; "
				"webhook.disabled; bus.gap; все сразу: delivery.*"),
			word);
	json_array_append_new(list, json_string(pattern));
	free(pattern);
	return 0;
}

int webhook_filter_from_words(const char *words, struct buf *json, struct error *e)
{
	json_t *list = json_array();
	char *copy = xstrdup(words == NULL ? "" : words), *rest = copy, *word, *text = NULL;
	int rc = 0;
	while (rc == 0 && (word = strsep(&rest, ", ")) != NULL) {
		if (word[0] == '\0')
			continue;
		if (strlen(word) > PATTERN_MAX_BYTES - 20 || json_array_size(list) == PATTERNS_MAX)
			rc = error_set(e, ERROR_INPUT, tr("the list of events is too long", "список событий слишком длинный"));
		else
			rc = add_word(word, list, e);
	}
	if (rc == 0) {
		text = json_dumps(list, JSON_COMPACT);
		rc = buf_puts(json, text);
	}
	free(text);
	free(copy);
	json_decref(list);
	return rc;
}
