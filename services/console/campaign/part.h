/* Campaigns under way: handlers of this part (routes.c), and what several of its pages use. */
#ifndef VESTNIK_CONSOLE_CAMPAIGN_PART_H
#define VESTNIK_CONSOLE_CAMPAIGN_PART_H

#include "answer/answer.h"
#include "console/campaign/place.h"
#include "message/status.h"

void page_campaigns(struct visit *visit);
void page_overview(struct visit *visit);
void piece_progress(struct visit *visit);
void page_letters(struct visit *visit);
void frame_letter(struct visit *visit);
void send_campaign_file(struct visit *visit);
void page_answers(struct visit *visit);
void page_differing(struct visit *visit);
void page_municipalities(struct visit *visit);
void page_calls(struct visit *visit);
void page_ask(struct visit *visit);
void send_answer_file(struct visit *visit);
void take_decision(struct visit *visit);
void page_enter(struct visit *visit);
void take_enter(struct visit *visit);
void page_report(struct visit *visit);
void frame_report(struct visit *visit);
void frame_calls(struct visit *visit);
void frame_acknowledgements(struct visit *visit);
void send_report(struct visit *visit);
void send_calls(struct visit *visit);
void send_acknowledgements(struct visit *visit);
void page_change(struct visit *visit);
void page_action(struct visit *visit);
void take_action(struct visit *visit);
void piece_date_words(struct visit *visit);
void page_correct(struct visit *visit);
void take_correct(struct visit *visit);
void take_repeat(struct visit *visit);
void page_case(struct visit *visit);
void piece_case(struct visit *visit);
void take_case(struct visit *visit);
void send_case(struct visit *visit);
void page_mails(struct visit *visit);
void page_bounces(struct visit *visit);
void page_mail(struct visit *visit);
void page_bounce(struct visit *visit);
void send_mail(struct visit *visit);
void send_bounce(struct visit *visit);
void send_mail_file(struct visit *visit);
void take_mail(struct visit *visit);
void take_bounce(struct visit *visit);

/* Did the round ask anybody? false: the page that says so is shown. */
bool place_asked(struct place *place, const char *tab);
/* Of an ask: [{"class","text"}]. New reference. */
json_t *ask_badges(enum ask_state state, int64_t trouble, bool late);

/* «принято сервером»; tr(). */
const char *delivery_words(enum delivery_state state);

/* Patterns for LIKE … ESCAPE '\': what contains the words as typed, and with the case of their first letter the
 * other way round («школа», «Школа»); "" for no words. The caller frees both. */
void search_patterns(const char *words, char **pattern, char **other);
/* «сегодня в 18:00», «завтра в 18:00», «30 мая, 18:00»; null for 0. New reference. */
json_t *show_deadline_day(const struct visit *visit, int64_t time_ms);
/* «1,2 МБ». New reference. */
json_t *show_bytes(int64_t bytes);
/* A stored file, as an attachment. sql gives data, name (and anything); $1, $2 numbers, $3 a text (third NULL: none). */
void send_blob(struct visit *visit, const char *sql, int64_t first, int64_t second, const char *third);

#endif
