/* A letter's states and what a server answered, in people's words. */
#include <stdlib.h>
#include <string.h>

#include "base/lang.h"
#include "control/delivery.h"

const char *delivery_state_word(int state)
{
	static const char *const ru[DELIVERY_STATES] = {
		[DELIVERY_WAITING] = "ждёт",
		[DELIVERY_SENDING] = "отправляется",
		[DELIVERY_UNCERTAIN] = "неясно",
		[DELIVERY_DEFERRED] = "отложено",
		[DELIVERY_RETURNED] = "возвращено в очередь",
		[DELIVERY_ACCEPTED] = "принято",
		[DELIVERY_DELIVERED] = "доставлено",
		[DELIVERY_BOUNCED] = "вернулось",
		[DELIVERY_FAILED] = "отказ",
		[DELIVERY_EXPIRED] = "просрочено",
		[DELIVERY_CANCELLED] = "отменено",
		[DELIVERY_SUPPRESSED] = "в списке отказов",
	};
	if (state < 0 || state >= DELIVERY_STATES)
		return "?";
	return lang_get() == LANG_RU ? ru[state] : delivery_state_name((enum delivery_state)state);
}

const char *delivery_state_words(int state)
{
	static const struct {
		const char *en, *ru;
	} words[DELIVERY_STATES] = {
		[DELIVERY_WAITING] = {"waits", "ждёт отправки"},
		[DELIVERY_SENDING] = {"being sent", "отправляется"},
		[DELIVERY_UNCERTAIN] = {"fate unknown", "неясно, дошло ли"},
		[DELIVERY_DEFERRED] = {"put off", "отложено"},
		[DELIVERY_RETURNED] = {"back in the queue", "возвращено в очередь"},
		[DELIVERY_ACCEPTED] = {"accepted", "принято сервером"},
		[DELIVERY_DELIVERED] = {"delivered", "доставлено"},
		[DELIVERY_BOUNCED] = {"came back", "вернулось"},
		[DELIVERY_FAILED] = {"refused", "отказ сервера"},
		[DELIVERY_EXPIRED] = {"too late to send", "срок прошёл"},
		[DELIVERY_CANCELLED] = {"cancelled", "отменено"},
		[DELIVERY_SUPPRESSED] = {"address excluded", "адрес исключён"},
	};
	return state < 0 || state >= DELIVERY_STATES ? "?" : tr(words[state].en, words[state].ru);
}

/* RFC 3463 sections 3.2–3.8 and later registrations; the first digit says whether it is for good. A subject
 * alone ("1" for 5.1.9) is said when the detail is not known. */
static const struct {
	const char *code; /* without the class */
	const char *en, *ru;
} codes[] = {
	{"1.0", "something is wrong with the address", "что-то не так с адресом"},
	{"1.1", "there is no such mailbox: check the address, call the organisation",
		"такого ящика нет: проверьте адрес, позвоните в организацию"},
	{"1.2", "there is no such mail domain: check the part after @", "такого почтового домена нет: проверьте часть адреса после @"},
	{"1.3", "the address is not written correctly", "адрес записан неверно"},
	{"1.6", "the mailbox has moved and its new address is not known", "ящик переехал, новый адрес неизвестен"},
	{"1.7", "the server does not like the sender's address", "серверу не нравится адрес отправителя"},
	{"1.8", "the sender's domain is not known to the server", "сервер не знает домена отправителя"},
	{"1.10", "the domain takes no mail at all", "домен вообще не принимает почту"},
	{"2.0", "something is wrong with the mailbox", "что-то не так с ящиком"},
	{"2.1", "the mailbox is switched off", "ящик отключён"},
	{"2.2", "the mailbox is full: ask them to make room", "ящик переполнен: попросите освободить место"},
	{"2.3", "the letter is too long for this mailbox", "письмо слишком велико для этого ящика"},
	{"3.0", "the receiving server has trouble of its own", "у принимающего сервера неполадки"},
	{"3.1", "the receiving server's disk is full", "у принимающего сервера кончилось место"},
	{"3.2", "the server takes no mail at the moment", "сервер сейчас не принимает почту"},
	{"3.4", "the letter is too large for the server", "письмо слишком велико для сервера"},
	{"4.0", "the way to the receiving server is disturbed", "путь до принимающего сервера нарушен"},
	{"4.1", "the receiving server does not answer", "принимающий сервер не отвечает"},
	{"4.2", "the connection broke off", "связь оборвалась"},
	{"4.3", "the address of the receiving server cannot be found out", "не удаётся узнать адрес принимающего сервера"},
	{"4.4", "no way to the receiving server", "до принимающего сервера нет пути"},
	{"4.5", "the server is overloaded", "сервер перегружен"},
	{"4.6", "the letter went in a circle between servers", "письмо ходит по кругу между серверами"},
	{"4.7", "it could not be delivered in all that time", "доставить за отведённое время не удалось"},
	{"5.0", "the servers did not understand each other", "серверы не поняли друг друга"},
	{"5.3", "too many recipients at once", "слишком много получателей сразу"},
	{"6.0", "the server does not accept what is in the letter", "сервер не принимает содержимое письма"},
	{"7.0", "the server's rules forbid it: often taken for spam", "запрещено правилами сервера: часто – принято за спам"},
	{"7.1", "the server does not take mail from us for this mailbox", "сервер не принимает нашу почту для этого ящика"},
	{"7.8", "login and password of our mail server's account are not accepted",
		"логин и пароль на нашем почтовом сервере не приняты"},
	{"7.20", "the letter's DKIM signature is missing or wrong", "подписи DKIM нет или она неверна"},
	{"7.23", "the SPF record of the sender's domain does not allow our server", "SPF-запись домена отправителя не разрешает наш сервер"},
	{"7.25", "our server has no reverse name (PTR)", "у нашего сервера нет обратного имени (PTR)"},
	{"7.26", "SPF and DKIM did not confirm the sender (DMARC)", "SPF и DKIM не подтвердили отправителя (DMARC)"},
	{"7.28", "too many letters at once: the server slows us down", "слишком много писем сразу: сервер нас придерживает"},
	{"1", "something is wrong with the address", "что-то не так с адресом"},
	{"2", "something is wrong with the mailbox", "что-то не так с ящиком"},
	{"3", "the receiving server has trouble of its own", "у принимающего сервера неполадки"},
	{"4", "the way to the receiving server is disturbed", "путь до принимающего сервера нарушен"},
	{"5", "the servers did not understand each other", "серверы не поняли друг друга"},
	{"6", "the server does not accept what is in the letter", "сервер не принимает содержимое письма"},
	{"7", "the server's rules forbid it", "запрещено правилами сервера"},
};

static const char *known(const char *code)
{
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		if (strcmp(codes[i].code, code) == 0)
			return tr(codes[i].en, codes[i].ru);
	return NULL;
}

static const char *by_reply(int64_t code)
{
	switch (code) {
	case 421:
		return tr("the server is busy and closed the connection", "сервер занят и закрыл соединение");
	case 450:
		return tr("the mailbox cannot be reached at the moment; often a server that looks at strangers twice",
			"ящик сейчас недоступен; часто – сервер, который проверяет незнакомых отправителей дважды");
	case 451:
		return tr("the server has trouble of its own, or looks at strangers twice (greylisting)",
			"у сервера временные неполадки, или он проверяет незнакомых отправителей дважды (серые списки)");
	case 452:
		return tr("the server or the mailbox has no room at the moment", "у сервера или ящика сейчас нет места");
	case 550:
		return tr("the mailbox does not exist or is not open for us", "ящика нет, или он для нас закрыт");
	case 551:
		return tr("the mailbox is not on this server", "ящик не на этом сервере");
	case 552:
		return tr("the mailbox is full or the letter too large", "ящик переполнен, или письмо слишком велико");
	case 553:
		return tr("the address is not written as the server wants it", "адрес записан не так, как требует сервер");
	case 554:
		return tr("the server refuses: often taken for spam", "сервер отказывает: часто – принято за спам");
	default:
		return NULL;
	}
}

/* A detail of 0 ("5.0.0", "4.2.0") says no more than its subject: the three digits before it may. */
const char *delivery_code_words(const char *enhanced, int64_t code)
{
	const char *detail = NULL, *words = NULL;
	if (enhanced != NULL && (enhanced[0] == '4' || enhanced[0] == '5') && enhanced[1] == '.')
		detail = enhanced + 2;
	bool vague = detail == NULL || strcmp(detail + strcspn(detail, "."), ".0") == 0;
	if (!vague)
		words = known(detail);
	if (words == NULL)
		words = by_reply(code);
	if (words == NULL && detail != NULL)
		words = known(detail);
	if (words == NULL && detail != NULL)
		words = known((const char[]){detail[0], '\0'});
	return words;
}
