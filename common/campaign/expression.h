/* Conditions of an audience: «monitoring.registered < 10 and recipient.kind = school».
 *
 *   expression = and-terms joined by or; terms joined by and; not; parentheses
 *   comparison = operand ( < <= > >= = != ) operand | dataset.field | state
 *   state      = answered | acknowledged | delivered, in Russian ответили, ознакомлены, доставлено
 *   operand    = dataset.field | recipient.field | number | "text" | word
 *
 * Numbers compare as numbers (a field's «1 234,5» is one), everything else as
 * text, byte by byte. A field that has no value is the empty text: it is
 * unequal to every number and neither less nor greater. A field by itself holds
 * unless it is empty, 0, no, false, нет or a dash. A state is the field
 * state.answered, state.acknowledged, state.delivered by itself: «не ответили». */
#ifndef VESTNIK_CAMPAIGN_EXPRESSION_H
#define VESTNIK_CAMPAIGN_EXPRESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

#define EXPRESSION_MAX_BYTES 2000
#define EXPRESSION_DEPTH_MAX 32

struct expression;

/* NULL and ERROR_INPUT; *at is then the place of the mistake, in characters from 0. */
struct expression *expression_parse(const char *text, size_t *at, struct error *e);
void expression_free(struct expression **expression);

/* Fields it reads, each once: "monitoring.registered". Where it first stands, in characters. */
size_t expression_fields(const struct expression *expression);
const char *expression_field(const struct expression *expression, size_t index, size_t *at);

/* value() gives the text of a field by index; NULL counts as "". */
/* Each comparison with the values it saw: «monitoring.registered < 10: нет
 * (monitoring.registered = «12»)», joined by "; ". In the user's language. */
int expression_explain(const struct expression *expression,
	const char *(*value)(void *arg, size_t field), void *arg, struct buf *out);
bool expression_true(const struct expression *expression,
	const char *(*value)(void *arg, size_t field), void *arg);

#endif
