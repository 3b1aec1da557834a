/* A line of the delivery log as people read it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/xalloc.h"
#include "console/operate/log.h"
#include "control/delivery.h"
#include "control/moment.h"

#define REPLY_MAX_BYTES 600

const char *log_state_class(int64_t state)
{
	switch (state) {
	case DELIVERY_ACCEPTED:
	case DELIVERY_DELIVERED:
		return "good";
	case DELIVERY_DEFERRED:
	case DELIVERY_UNCERTAIN:
		return "warn";
	case DELIVERY_BOUNCED:
	case DELIVERY_FAILED:
		return "bad";
	default:
		return "quiet";
	}
}

char *log_reply(const struct delivery_line *line)
{
	char code[24] = "";
	bool enhanced = line->enhanced != NULL && line->enhanced[0] != '\0';
	if (line->code != 0)
		snprintf(code, sizeof code, "%lld ", (long long)line->code);
	char *words = xasprintf("%s%s%s%s", code, enhanced ? line->enhanced : "", enhanced ? " " : "",
		line->reason == NULL ? "" : line->reason);
	gate_utf8_mend(words);
	char *clean = gate_clean_line(words, REPLY_MAX_BYTES);
	free(words);
	return clean;
}

json_t *log_row(const struct settings *settings, const struct delivery_line *line)
{
	char moment[CONTROL_MOMENT_SIZE], *reply = log_reply(line);
	const char *meaning = line->state == DELIVERY_ACCEPTED || line->state == DELIVERY_DELIVERED
		? NULL
		: delivery_code_words(line->enhanced, line->code);
	json_t *row = json_pack("{s:s, s:s, s:s, s:s}", "time", control_moment(settings, line->time_ms, moment), "class",
		log_state_class(line->state), "words", delivery_state_words((int)line->state), "state",
		line->state >= 0 && line->state < DELIVERY_STATES ? delivery_state_name((enum delivery_state)line->state) : "");
	json_object_set_new(row, "id",
		json_sprintf("l%lld-%lld-%lld", (long long)line->key, (long long)line->dispatch, (long long)line->state));
	json_object_set_new(row, "url", json_sprintf("/delivery/%lld", (long long)line->key));
	json_object_set_new(row, "address", show_text(line->address));
	json_object_set_new(row, "organisation", show_text(line->organisation));
	json_object_set_new(row, "campaign", show_text(line->slug));
	json_object_set_new(row, "title", show_text(line->title != NULL && line->title[0] != '\0' ? line->title : line->slug));
	json_object_set_new(row, "relay", show_text(line->relay));
	json_object_set_new(row, "reply", show_text(reply));
	json_object_set_new(row, "meaning", show_text(meaning));
	free(reply);
	return row;
}
