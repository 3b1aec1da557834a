#include "cli/log_line.h"

#include <stdio.h>

#include "message/status.h"

json_t *log_line_json(const struct delivery_line *line)
{
	json_t *object = json_pack("{s:s?, s:I, s:I, s:s}", "time", cli_rfc3339(line->time_ms), "key",
		(json_int_t)line->key, "dispatch", (json_int_t)line->dispatch, "state",
		line->state >= 0 && line->state < DELIVERY_STATES
			? delivery_state_name((enum delivery_state)line->state)
			: "?");
	if (line->code != 0)
		json_object_set_new(object, "code", json_integer(line->code));
	const struct {
		const char *name, *value;
	} texts[] = {{"enhanced", line->enhanced}, {"reason", line->reason}, {"relay", line->relay},
		{"worker", line->worker}, {"address", line->address}, {"campaign", line->slug}};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (texts[i].value != NULL && texts[i].value[0] != '\0')
			json_object_set_new(object, texts[i].name, json_string(texts[i].value));
	return object;
}

const char *log_line_reply(const struct delivery_line *line)
{
	char text[1024];
	size_t at = 0;
	text[0] = '\0';
	if (line->relay != NULL && line->relay[0] != '\0')
		at += (size_t)snprintf(text + at, sizeof text - at, "%s:", line->relay);
	if (line->code != 0)
		at += (size_t)snprintf(text + at, sizeof text - at, "%s%lld", at > 0 ? " " : "",
			(long long)line->code);
	if (line->enhanced != NULL && line->enhanced[0] != '\0')
		at += (size_t)snprintf(text + at, sizeof text - at, " %s", line->enhanced);
	if (line->reason != NULL && line->reason[0] != '\0')
		snprintf(text + at, sizeof text - at, "%s%.800s", at > 0 ? " " : "", line->reason);
	return cli_clean(text);
}

void log_line_print(struct cli *cli, const struct delivery_line *line)
{
	printf("%s  %lld.%lld  %s", cli_time(cli, line->time_ms), (long long)line->key,
		(long long)line->dispatch, cli_delivery_state((int)line->state));
	printf("  %s", line->address != NULL ? cli_clean(line->address) : "—");
	printf("  %s", line->slug != NULL ? cli_clean(line->slug) : "—");
	printf("  %s\n", log_line_reply(line));
}
