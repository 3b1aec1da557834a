#include "portal/visit.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"

void visit_wrong(struct web_request *request, struct worker *worker)
{
	if (!throttle_take(worker->portal->guesses, web_neighbourhood(request), clock_mono_ms())) {
		web_reply_problem(request, 429, NULL, NULL);
		return;
	}
	web_reply_problem(request, 404, tr("This link does not work", "Ссылка не работает"),
		tr("Part of it may have been lost in copying. Please open it from the letter itself, or copy it whole, "
		   "to its last character. If that does not help, reply to the letter.",
			"Возможно, при копировании потерялась её часть. Откройте ссылку из самого письма или скопируйте её "
			"целиком, до последнего знака. Если не поможет, ответьте на письмо."));
}

static void expired(struct web_request *request)
{
	web_reply_problem(request, 410, tr("This link has expired", "Срок действия ссылки истёк"),
		tr("The pages of this letter are no longer open. If you still have something to tell, reply to the letter "
		   "or call those named in it.",
			"Страницы этого письма больше не открываются. Если нужно что-то сообщить, ответьте на письмо или "
			"позвоните тем, кто в нём указан."));
}

void visit_withdrawn(struct web_request *request, const char *title)
{
	char *text = title == NULL || title[0] == '\0'
		? xstrdup(tr("Nothing needs to be done about it.", "Делать по нему ничего не нужно."))
		: xasprintf(tr("The letter “%.300s” was recalled: nothing needs to be done about it. If a mended letter has come, "
			       "use the link in that one.",
				    "Письмо «%.300s» отозвано: делать по нему ничего не нужно. Если пришло исправленное письмо, "
				    "пользуйтесь ссылкой из него."),
			  title);
	web_reply_problem(request, 410, tr("This request was withdrawn", "Этот запрос отозван"), text);
	free(text);
}

bool visit_link(struct web_request *request, struct worker *worker, enum link_purpose purpose, int64_t *id)
{
	switch (link_read(worker->portal->key, purpose, web_part(request, "token"), clock_now_ms(), id)) {
	case LINK_GOOD:
		return true;
	case LINK_EXPIRED:
		expired(request);
		return false;
	case LINK_WRONG:
		break;
	}
	visit_wrong(request, worker);
	return false;
}

bool visit_ident_link(struct web_request *request, struct worker *worker, const char *purpose, int64_t *id)
{
	if (ident_link_parse(worker->portal->key, purpose, web_part(request, "token"), id))
		return true;
	visit_wrong(request, worker);
	return false;
}

bool visit_may_send(struct web_request *request, struct worker *worker)
{
	if (throttle_take(worker->portal->tokens, web_path(request), clock_mono_ms()))
		return true;
	web_reply_problem(request, 429, NULL, NULL);
	return false;
}

char *visit_back(const struct web_request *request, const char *query)
{
	const char *self = web_self(request);
	return xasprintf("%s%c%s", self, strchr(self, '?') == NULL ? '?' : '&', query);
}

char *visit_path(const struct worker *worker, enum link_purpose purpose, int64_t id, const char *token)
{
	char url[LINK_URL_SIZE];
	/* <id>.<hours>.<mac>: the moment stands in whole hours */
	const char *dot = strchr(token, '.');
	long long hours = dot == NULL ? 1 : strtoll(dot + 1, NULL, 10);
	int64_t expires_ms = hours == 0 ? TIME_NEVER_MS : (int64_t)hours * 3600000;
	const char *made = link_url(worker->portal->key, "", purpose, id, expires_ms, url);
	return xstrdup(made != NULL ? made : "/");
}

json_t *visit_time(int64_t time_ms, const char *zone)
{
	char text[CALENDAR_TEXT_SIZE];
	struct error e;
	if (calendar_format(time_ms, zone, lang_get(), CALENDAR_FULL, text, &e) != 0)
		return json_null();
	return json_string(text);
}

json_t *visit_text(const char *text)
{
	return text == NULL || text[0] == '\0' ? json_null() : json_string(text);
}
