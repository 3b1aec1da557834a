/* Inside of the room: all streams of a server. */
#ifndef VESTNIK_WEB_STREAMS_H
#define VESTNIK_WEB_STREAMS_H

#include "web/stream.h"

struct streams;

struct streams *streams_new(void);
/* Every stream ends, no connection of one stays suspended or is suspended again, no new one is opened.
 * The server's threads must still run. */
void streams_stop(struct streams *streams);
/* After the server's threads are gone. */
void streams_free(struct streams **streams);
int streams_open_now(struct streams *streams);

/* The request is over: its connection is not touched any more. */
void stream_left(struct web_stream *stream);

#endif
