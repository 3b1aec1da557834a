/* Publishes one message, for tests in Python:
 *   bus_put STORE_URL TOPIC TYPE ID DATA            publishes it
 *   bus_put STORE_URL TOPIC TYPE ID DATA BY REASON  dead-letters it instead
 *   bus_put STORE_URL TOPIC - - DATA                DATA is a whole CloudEvent (structured mode) */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bus/bus.h"

int main(int argc, char **argv)
{
	struct bus *bus = NULL;
	struct error e;
	int rc = 1;
	if (argc != 6 && argc != 8) {
		fputs("usage: bus_put STORE_URL TOPIC TYPE ID DATA [BY REASON]\n", stderr);
		return 2;
	}
	const char *bus_url = getenv("VESTNIK_TEST_BUS"); /* else embedded */
	const struct bus_config config = {.url = bus_url != NULL ? bus_url : "embedded", .store_url = argv[1],
		.client_id = "test"};
	bool structured = strcmp(argv[3], "-") == 0;
	struct bus_message message = {.topic = argv[2],
		.key = "key-of-it",
		.type = argv[3],
		.id = argv[4],
		.source = "test",
		.time_ms = clock_now_ms(),
		.headers = "{\"traceparent\":\"00-1\"}",
		.data = argv[5],
		.len = strlen(argv[5])};
	if (structured) {
		message.type = message.id = message.source = NULL;
		message.content_type = "application/cloudevents+json; charset=utf-8";
	}
	if (bus_open(&bus, &config, &e) != 0 ||
		(argc == 6 ? bus_publish(bus, &message, 1, &e)
			   : bus_dead_letter(bus, NULL, &message, argv[6], argv[7], &e)) != 0)
		fprintf(stderr, "%s\n", e.text);
	else
		rc = 0;
	bus_close(&bus);
	return rc;
}
