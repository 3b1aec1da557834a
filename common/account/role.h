/* Rights, and which role has which: the one table. A page or an operation of the API names one
 * right (services/console/routes.c); an API key has those it was given. */
#ifndef VESTNIK_ACCOUNT_ROLE_H
#define VESTNIK_ACCOUNT_ROLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum right {
	RIGHT_NONE,             /* anybody, logged in or not: the login page */
	RIGHT_OWN,              /* whoever is logged in: the own password, the start page */
	RIGHT_CAMPAIGN_READ,    /* campaigns, rounds, plans, asks, answers, reports */
	RIGHT_CAMPAIGN_WRITE,   /* write drafts, send tests */
	RIGHT_CAMPAIGN_LAUNCH,  /* launch, postpone, correct, recall, cancel, resume */
	RIGHT_CAMPAIGN_PAUSE,   /* pause: operators may, too */
	RIGHT_CAMPAIGN_APPROVE, /* the second person's word */
	RIGHT_ANSWER_WRITE,     /* enter and correct answers, decide on mails */
	RIGHT_DIRECTORY_READ,
	RIGHT_DIRECTORY_WRITE,
	RIGHT_NOTIFY,           /* queue a `notify` */
	RIGHT_DELIVERY_READ,    /* the delivery log, one letter's story */
	RIGHT_OPERATE_READ,     /* services, relays, bus, dead letters */
	RIGHT_OPERATE,          /* replay, resend, readdress, stop and start relays */
	RIGHT_WEBHOOK,          /* endpoints, their secrets, attempts, replay */
	RIGHT_SUPPRESSION,      /* addresses that get no letters */
	RIGHT_PERSONAL,         /* find, export, erase a person; retention */
	RIGHT_ACCOUNT,          /* accounts and API keys */
	RIGHT_AUDIT,            /* read the audit log */
	RIGHT_METRICS,
	RIGHTS
};
/* "campaign.read" …: in API keys, the OpenAPI document, the audit log. */
const char *right_name(enum right right);
/* RIGHTS when there is none of that name. */
enum right right_named(const char *name);
/* A sentence for people: what it allows. */
const char *right_words(enum right right);

#define RIGHT_BIT(right) (1u << (right))
static inline bool rights_has(uint32_t rights, enum right right)
{
	return right == RIGHT_NONE || (rights & RIGHT_BIT(right)) != 0;
}

enum role { ROLE_ADMIN, ROLE_STAFF, ROLE_APPROVER, ROLE_OPERATOR, ROLE_READER, ROLES };
const char *role_name(enum role role);  /* admin, staff, approver, operator, read-only */
const char *role_words(enum role role); /* «Сотрудник: …» */
enum role role_named(const char *name); /* ROLES when there is none */
uint32_t role_rights(enum role role); /* of RIGHT_BIT */

#endif
