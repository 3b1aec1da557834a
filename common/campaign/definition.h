/* Reading a campaign's definition (the JSON of campaign/campaign.h): for whoever
 * works with rounds. Pure functions; strings are borrowed from the definition. */
#ifndef VESTNIK_CAMPAIGN_DEFINITION_H
#define VESTNIK_CAMPAIGN_DEFINITION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/lang.h"
#include "calendar/deadline.h"

/* When nothing is said: reminders go while people are at work. */
#define DEFINITION_OPEN_MINUTE (9 * 60)
#define DEFINITION_CLOSE_MINUTE (18 * 60)

const char *definition_zone(const json_t *definition);
enum lang definition_lang(const json_t *definition);
/* send.local: times are the recipient's wall time. */
bool definition_local(const json_t *definition);
/* Of reminders: send.hours, else the standard ones. */
void definition_hours(const json_t *definition, int *open_minute, int *close_minute);

/* All rounds, also the one nobody wrote down: new reference to an array. */
json_t *definition_rounds(const json_t *definition);
/* NULL when there is no such round; new reference. */
json_t *definition_round(const json_t *definition, int64_t number);
/* Does the round ask for something (and not only tell)? */
bool definition_asks(const json_t *round);

/* Changes a definition so that it is the round's alone: campaign_load_round. ERROR_INTERNAL: there is
 * no such round. */
int definition_as_round(json_t *definition, int64_t number, bool collect, struct error *e);

/* When the round's first letters go to recipients of the zone (NULL: the campaign's), at the
 * earliest at now_ms: its own time, read there when send.local; then the next moment within
 * send.hours. ERROR_INPUT: unknown zone. */
int definition_opens_ms(const json_t *definition, const json_t *round, const char *zone, int64_t now_ms,
	int64_t *at_ms, struct error *e);

/* A round's "deadline" or "collect". zone: borrowed from it. workdays NULL: deadline->off stays
 * false. ERROR_INTERNAL when it is damaged. */
int definition_deadline(const json_t *definition, const json_t *object, const struct workdays *workdays,
	struct deadline *out, const char **zone, struct error *e);
/* {"asked","day","minute","at_ms","zone"}: new reference. */
json_t *definition_deadline_json(const struct deadline *deadline, const char *zone);

/* «до 30 мая 2023 г. включительно, 18:00 (МСК)», "by 30 May 2023 inclusive, 18:00 (MSK)". */
#define DEFINITION_FULL_SIZE 160
const char *definition_deadline_words(int64_t at_ms, const char *zone, enum lang lang,
	char out[static DEFINITION_FULL_SIZE]);

/* What letters of a round know of it, for delivery.fields: {"deadline":{"at","date","full"}?,
 * "round":{"label","number"}}. object: the round's "deadline", or "collect" for level 1; NULL: the
 * round asks for nothing. New reference. */
json_t *definition_round_fields(const json_t *definition, const json_t *round, const json_t *object);
/* The same for a deadline that was postponed: at_ms in zone. New reference to {"at","date","full"}. */
json_t *definition_deadline_fields(int64_t at_ms, const char *zone, enum lang lang);

/* «№ 01-12/345 от 15 мая 2023 г.», "no. 01-12/345 of 15 May 2023"; NULL without a number. The caller frees. */
char *definition_document_words(const json_t *definition, enum lang lang);

/* Number and date of a document so that two people's ways to write them are the same (campaign.document_key).
 * date: "2023-05-15", or "" when the letter has none. NULL without a number. The caller frees. */
char *document_key(const char *number, const char *date);
char *definition_document_key(const json_t *definition);

#endif
