/* The threads that handlers run in. The library's own threads only move bytes: a connection whose answer
 * is being made is suspended, so that one page that waits for the store holds up nobody else's. */
#ifndef VESTNIK_WEB_CREW_H
#define VESTNIK_WEB_CREW_H

#include <stdbool.h>

struct web;
struct web_request;
struct crew;

struct crew *crew_new(struct web *web, int threads);
/* The request is whole: its connection is suspended, a handler answers it, then it is resumed. false:
 * we are stopping, nothing was suspended. */
bool crew_give(struct crew *crew, struct web_request *request);
/* Handlers in hand finish; who still waits is told to come again. No connection is suspended afterwards
 * (the server's threads must still run). */
void crew_stop(struct crew *crew);
void crew_free(struct crew **crew);

#endif
