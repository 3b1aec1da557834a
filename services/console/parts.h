/* The parts' tables of routes. */
#ifndef VESTNIK_CONSOLE_PARTS_H
#define VESTNIK_CONSOLE_PARTS_H

#include "console/console.h"

extern const struct console_route start_routes[]; /* start/: logging in, the first page */
extern const struct console_route campaign_routes[]; /* campaign/: campaigns under way, answers, mail */
extern const struct console_route people_routes[];   /* people/: accounts, keys, the own password */
extern const struct console_route audit_routes[];    /* people/: the audit log */
extern const struct console_route personal_routes[]; /* people/: what is stored of one person */
extern const struct console_route approval_routes[]; /* people/: launches that wait for a second person */
extern const struct console_route operate_routes[]; /* operate/: services, queues, relays, webhooks, metrics */
extern const struct console_route log_routes[]; /* operate/: the delivery log, one letter */
extern const struct console_route directory_routes[]; /* directory/: organisations, contacts, sheets */
extern const struct console_route api_routes[]; /* api/: REST API for programs */
extern const struct console_route compose_routes[]; /* compose/: campaigns being written */

#endif
