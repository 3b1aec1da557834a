/* Server-sent events: a response that stays open. The handler opens the stream and returns; any
 * thread sends. Memory of a viewer is bounded: who reads too slowly is disconnected, and comes
 * back with Last-Event-ID. */
#ifndef VESTNIK_WEB_STREAM_H
#define VESTNIK_WEB_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "web/request.h"

#define STREAM_BUFFER_BYTES 65536 /* waiting for one viewer */
#define STREAMS_MAX 500           /* of a server */

struct web_stream; /* reference-counted: the sender's and the connection's */

/* Answers the request with text/event-stream; NULL: too many, answered with 503. The sender owns a
 * reference until web_stream_close. */
struct web_stream *web_stream_open(struct web_request *request);
/* One event; id and event may be NULL; data of several lines is sent as such. false: the viewer is gone or
 * too slow; close it. Never blocks. Every 15 s of silence a comment is sent by the server itself. */
bool web_stream_send(struct web_stream *stream, const char *id, const char *event, const char *data);
/* The viewer has gone. */
bool web_stream_gone(const struct web_stream *stream);
void web_stream_close(struct web_stream **stream);

#endif
