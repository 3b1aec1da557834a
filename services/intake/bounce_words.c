/* The words, most telling first: a row wins over those below it. Every row is a
 * fact about some server's text; where several servers agree, one row does.
 * Soft rows that contain "user" or "recipient" stand before the hard ones. */
#include "intake/bounce_words.h"

#include <string.h>

#define STAR_SPAN_MAX 200 /* bytes between the two halves of a row: a line or two */

static const struct bounce_words sure_rows[] = {
	/* Exchange Online: the directory of the domain does not know the address (edge blocking) */
	{"5.4.1 * recipient address rejected: access denied", BOUNCE_HARD, "no-such-user"},
	{"5.4.1 recipient address rejected: access denied", BOUNCE_HARD, "no-such-user"},
	{"5.7.1 no such user", BOUNCE_HARD, "no-such-user"},              /* Yandex */
	{"not accepted -- invalid mailbox", BOUNCE_HARD, "no-such-user"}, /* Mail.ru */
	{"account or domain may not exist", BOUNCE_HARD, "no-such-host"}, /* cPanel's Exim: no router takes the domain */
};

static const struct bounce_words rows[] = {
	/* the mailbox is full */
	{"mailbox full", BOUNCE_SOFT, "mailbox-full"},
	{"mailbox is full", BOUNCE_SOFT, "mailbox-full"},
	{"mailfolder is full", BOUNCE_SOFT, "mailbox-full"},
	{"inbox is full", BOUNCE_SOFT, "mailbox-full"},
	{"full mailbox", BOUNCE_SOFT, "mailbox-full"},
	{"no space left", BOUNCE_SOFT, "mailbox-full"},
	{"mail box is full", BOUNCE_SOFT, "mailbox-full"},
	{"mail box full", BOUNCE_SOFT, "mailbox-full"},
	{"mailbox over", BOUNCE_SOFT, "mailbox-full"},
	{"is over its limit", BOUNCE_SOFT, "mailbox-full"},
	{"overfull", BOUNCE_SOFT, "mailbox-full"},
	{"mailbox exceeds", BOUNCE_SOFT, "mailbox-full"},
	{"mailbox size limit", BOUNCE_SOFT, "mailbox-full"},
	{"over quota", BOUNCE_SOFT, "mailbox-full"},
	{"overquota", BOUNCE_SOFT, "mailbox-full"},
	{"quota exceeded", BOUNCE_SOFT, "mailbox-full"},
	{"exceeded * quota", BOUNCE_SOFT, "mailbox-full"},
	{"quota * exceeded", BOUNCE_SOFT, "mailbox-full"},
	{"exceeded storage", BOUNCE_SOFT, "mailbox-full"},
	{"insufficient * storage", BOUNCE_SOFT, "mailbox-full"},
	{"not enough space", BOUNCE_SOFT, "mailbox-full"},
	{"out of storage", BOUNCE_SOFT, "mailbox-full"},
	{"storage quota", BOUNCE_SOFT, "mailbox-full"},
	{"recipient's mailbox exceeded", BOUNCE_SOFT, "mailbox-full"},
	{"ящик переполнен", BOUNCE_SOFT, "mailbox-full"},
	{"ящик получателя переполнен", BOUNCE_SOFT, "mailbox-full"},
	{"переполнен", BOUNCE_SOFT, "mailbox-full"},
	{"превышена квота", BOUNCE_SOFT, "mailbox-full"},
	{"превышен * размер * ящика", BOUNCE_SOFT, "mailbox-full"},
	{"недостаточно места", BOUNCE_SOFT, "mailbox-full"},
	{"нет места", BOUNCE_SOFT, "mailbox-full"},
	/* too large */
	{"message size exceeds", BOUNCE_SOFT, "too-large"},
	{"size limit", BOUNCE_SOFT, "too-large"},
	{"message too large", BOUNCE_SOFT, "too-large"},
	{"message length exceeds", BOUNCE_SOFT, "too-large"},
	{"message file too big", BOUNCE_SOFT, "too-large"},
	{"maximum message size", BOUNCE_SOFT, "too-large"},
	{"message size", BOUNCE_SOFT, "too-large"},
	{"message too big", BOUNCE_SOFT, "too-large"},
	{"exceeds maximum", BOUNCE_SOFT, "too-large"},
	{"слишком больш", BOUNCE_SOFT, "too-large"},
	{"превышает * размер", BOUNCE_SOFT, "too-large"},
	/* the sender, not the recipient */
	{"sender address rejected", BOUNCE_SOFT, "sender-refused"},
	{"sender rejected", BOUNCE_SOFT, "sender-refused"},
	{"sender was rejected", BOUNCE_SOFT, "sender-refused"},
	{"sender verify failed", BOUNCE_SOFT, "sender-refused"},
	{"sender domain", BOUNCE_SOFT, "sender-refused"},
	{"domain of sender", BOUNCE_SOFT, "sender-refused"},
	{"after mail from", BOUNCE_SOFT, "sender-refused"},
	{"in reply to mail from", BOUNCE_SOFT, "sender-refused"},
	{"not a member", BOUNCE_SOFT, "not-permitted"},
	{"адрес отправителя отклонен", BOUNCE_SOFT, "sender-refused"},
	/* policy: spam, reputation, authentication, relaying */
	{"spam", BOUNCE_SOFT, "spam"},
	{"спам", BOUNCE_SOFT, "spam"},
	{"junk mail", BOUNCE_SOFT, "spam"},
	{"unsolicited", BOUNCE_SOFT, "spam"},
	{"virus", BOUNCE_SOFT, "virus"},
	{"вирус", BOUNCE_SOFT, "virus"},
	{"blacklist", BOUNCE_SOFT, "blocked"},
	{"black list", BOUNCE_SOFT, "blocked"},
	{"blocklist", BOUNCE_SOFT, "blocked"},
	{"block list", BOUNCE_SOFT, "blocked"},
	{"blocked", BOUNCE_SOFT, "blocked"},
	{"заблокирован", BOUNCE_SOFT, "blocked"},
	{"черн* спис", BOUNCE_SOFT, "blocked"},
	{"access denied", BOUNCE_SOFT, "blocked"},
	{"reputation", BOUNCE_SOFT, "blocked"},
	{"reverse dns", BOUNCE_SOFT, "no-reverse-dns"},
	{"ptr record", BOUNCE_SOFT, "no-reverse-dns"},
	{"dmarc", BOUNCE_SOFT, "authentication"},
	{"spf", BOUNCE_SOFT, "authentication"},
	{"dkim", BOUNCE_SOFT, "authentication"},
	{"unauthenticated", BOUNCE_SOFT, "authentication"},
	{"relay access denied", BOUNCE_SOFT, "relaying"},
	{"relaying denied", BOUNCE_SOFT, "relaying"},
	{"relay not permitted", BOUNCE_SOFT, "relaying"},
	{"unable to relay", BOUNCE_SOFT, "relaying"},
	{"policy", BOUNCE_SOFT, "policy"},
	{"политик", BOUNCE_SOFT, "policy"},
	{"too many connections", BOUNCE_SOFT, "rate"},
	{"too many", BOUNCE_SOFT, "rate"},
	{"rate limit", BOUNCE_SOFT, "rate"},
	{"слишком много", BOUNCE_SOFT, "rate"},
	/* the account is there but closed for now */
	{"temporarily disabled", BOUNCE_SOFT, "disabled"},
	{"account is disabled", BOUNCE_SOFT, "disabled"},
	{"account disabled", BOUNCE_SOFT, "disabled"},
	{"disabled recipient", BOUNCE_SOFT, "disabled"},
	{"mailbox disabled", BOUNCE_SOFT, "disabled"},
	{"mailbox is disabled", BOUNCE_SOFT, "disabled"},
	{"suspended", BOUNCE_SOFT, "disabled"},
	{"account is locked", BOUNCE_SOFT, "disabled"},
	{"inactive", BOUNCE_SOFT, "disabled"},
	{"ящик * отключен", BOUNCE_SOFT, "disabled"},
	{"учетная запись отключена", BOUNCE_SOFT, "disabled"},
	/* the content was seen before the address was judged: the verdict is not about the address */
	{"after end of data * user", BOUNCE_SOFT, "refused-after-content"},
	{"end of data command", BOUNCE_SOFT, "refused-after-content"},
	{"account has expired", BOUNCE_SOFT, "disabled"},
	{"account expired", BOUNCE_SOFT, "disabled"},
	{"deactivated", BOUNCE_SOFT, "disabled"},
	{"not currently accepting", BOUNCE_SOFT, "disabled"},
	{"on hold", BOUNCE_SOFT, "disabled"},
	/* nobody has this address */
	{"recipient address rejected.", BOUNCE_HARD, "no-such-user"},
	{"user unknown", BOUNCE_HARD, "no-such-user"},
	{"unknown user", BOUNCE_HARD, "no-such-user"},
	{"unknown recipient", BOUNCE_HARD, "no-such-user"},
	{"unknown or illegal", BOUNCE_HARD, "no-such-user"},
	{"unknown local", BOUNCE_HARD, "no-such-user"},
	{"recipient unknown", BOUNCE_HARD, "no-such-user"},
	{"no such user", BOUNCE_HARD, "no-such-user"},
	{"no such recipient", BOUNCE_HARD, "no-such-user"},
	{"no such mailbox", BOUNCE_HARD, "no-such-user"},
	{"no such address", BOUNCE_HARD, "no-such-user"},
	{"no such person", BOUNCE_HARD, "no-such-user"},
	{"user not exist", BOUNCE_HARD, "no-such-user"},
	{"no mailbox", BOUNCE_HARD, "no-such-user"},
	{"not listed in", BOUNCE_HARD, "no-such-user"},
	{"name is not recognized", BOUNCE_HARD, "no-such-user"},
	{"invalid recipient", BOUNCE_HARD, "no-such-user"},
	{"invalid mailbox", BOUNCE_HARD, "no-such-user"},
	{"invalid user", BOUNCE_HARD, "no-such-user"},
	{"invalid final delivery userid", BOUNCE_HARD, "no-such-user"},
	{"no valid recipients", BOUNCE_HARD, "no-such-user"},
	{"recipientnotfound", BOUNCE_HARD, "no-such-user"},
	{"recipient not found", BOUNCE_HARD, "no-such-user"},
	{"user not found", BOUNCE_HARD, "no-such-user"},
	{"mailbox not found", BOUNCE_HARD, "no-such-user"},
	{"account not found", BOUNCE_HARD, "no-such-user"},
	{"address not found", BOUNCE_HARD, "no-such-user"},
	{"mailbox does not exist", BOUNCE_HARD, "no-such-user"},
	{"user does not exist", BOUNCE_HARD, "no-such-user"},
	{"account * does not exist", BOUNCE_HARD, "no-such-user"},
	{"user doesn't", BOUNCE_HARD, "no-such-user"},
	{"address does not exist", BOUNCE_HARD, "no-such-user"},
	{"mailbox unavailable", BOUNCE_HARD, "no-such-user"},
	{"does not have a * account", BOUNCE_HARD, "no-such-user"},
	{"doesn't have a * account", BOUNCE_HARD, "no-such-user"},
	{"doesn't have an account", BOUNCE_HARD, "no-such-user"},
	{"not a valid mailbox", BOUNCE_HARD, "no-such-user"},
	{"not a known user", BOUNCE_HARD, "no-such-user"},
	{"destination mailbox address", BOUNCE_HARD, "no-such-user"},
	{"wasn't found at the destination", BOUNCE_HARD, "no-such-user"},
	{"couldn't be found", BOUNCE_HARD, "no-such-user"},
	{"no such alias", BOUNCE_HARD, "no-such-user"},
	{"no such account", BOUNCE_HARD, "no-such-user"},
	{"no account", BOUNCE_HARD, "no-such-user"},
	{"unknown address", BOUNCE_HARD, "no-such-user"},
	{"unknown account", BOUNCE_HARD, "no-such-user"},
	{"address unknown", BOUNCE_HARD, "no-such-user"},
	{"address is unknown", BOUNCE_HARD, "no-such-user"},
	{"undeliverable address", BOUNCE_HARD, "no-such-user"},
	{"invalid address", BOUNCE_HARD, "no-such-user"},
	{"bad address", BOUNCE_HARD, "no-such-user"},
	{"bad destination mailbox", BOUNCE_HARD, "no-such-user"},
	{"not a valid user", BOUNCE_HARD, "no-such-user"},
	{"not a valid recipient", BOUNCE_HARD, "no-such-user"},
	{"is not a registered", BOUNCE_HARD, "no-such-user"},
	{"is not our customer", BOUNCE_HARD, "no-such-user"},
	{"user is unknown", BOUNCE_HARD, "no-such-user"},
	{"mailbox unknown", BOUNCE_HARD, "no-such-user"},
	{"recipient does not exist", BOUNCE_HARD, "no-such-user"},
	{"recipient no longer", BOUNCE_HARD, "no-such-user"},
	{"address no longer", BOUNCE_HARD, "no-such-user"},
	{"no longer with", BOUNCE_HARD, "no-such-user"},
	{"no user here", BOUNCE_HARD, "no-such-user"},
	{"mailaddress is administrativ", BOUNCE_SOFT, "disabled"},
	{"нет такого пользователя", BOUNCE_HARD, "no-such-user"},
	{"такого пользователя нет", BOUNCE_HARD, "no-such-user"},
	{"пользователь не найден", BOUNCE_HARD, "no-such-user"},
	{"пользователь не существует", BOUNCE_HARD, "no-such-user"},
	{"получатель не найден", BOUNCE_HARD, "no-such-user"},
	{"адресат не найден", BOUNCE_HARD, "no-such-user"},
	{"адрес не найден", BOUNCE_HARD, "no-such-user"},
	{"адрес * не существует", BOUNCE_HARD, "no-such-user"},
	{"ящик не найден", BOUNCE_HARD, "no-such-user"},
	{"ящик * не существует", BOUNCE_HARD, "no-such-user"},
	{"ящика не существует", BOUNCE_HARD, "no-such-user"},
	{"неизвестный пользователь", BOUNCE_HARD, "no-such-user"},
	{"неизвестный получатель", BOUNCE_HARD, "no-such-user"},
	{"аккаунт * удален", BOUNCE_HARD, "no-such-user"},
	{"ящик * удален", BOUNCE_HARD, "no-such-user"},
	/* nobody has this domain, or it takes no mail */
	{"host not found, try again", BOUNCE_SOFT, "network"}, /* the name server was away, not the name */
	{"try again later", BOUNCE_SOFT, "network"},
	{"host or domain name not found", BOUNCE_HARD, "no-such-host"},
	{"no mx record found", BOUNCE_HARD, "no-such-host"},
	{"domain name not found", BOUNCE_HARD, "no-such-host"},
	{"host unknown", BOUNCE_HARD, "no-such-host"},
	{"unknown host", BOUNCE_HARD, "no-such-host"},
	{"no such domain", BOUNCE_HARD, "no-such-host"},
	{"no such host", BOUNCE_HARD, "no-such-host"},
	{"domain does not exist", BOUNCE_HARD, "no-such-host"},
	{"domain may not exist", BOUNCE_HARD, "no-such-host"},
	{"unrouteable", BOUNCE_HARD, "no-such-host"},
	{"unroutable", BOUNCE_HARD, "no-such-host"},
	{"couldn't find any host", BOUNCE_HARD, "no-such-host"},
	{"couldn't find a mail exchanger", BOUNCE_HARD, "no-such-host"},
	{"bad destination system", BOUNCE_HARD, "no-such-host"},
	{"no smtp service", BOUNCE_HARD, "no-such-host"},
	{"does not accept mail", BOUNCE_HARD, "no-such-host"},
	{"doesn't accept mail", BOUNCE_HARD, "no-such-host"},
	{"nullmx", BOUNCE_HARD, "no-such-host"},
	{"null mx", BOUNCE_HARD, "no-such-host"},
	{"домен не найден", BOUNCE_HARD, "no-such-host"},
	{"домен не существует", BOUNCE_HARD, "no-such-host"},
	{"несуществующий домен", BOUNCE_HARD, "no-such-host"},
	{"узел не найден", BOUNCE_HARD, "no-such-host"},
	/* moved */
	{"has moved", BOUNCE_HARD, "moved"},
	{"no longer * address", BOUNCE_HARD, "moved"},
	{"has been replaced", BOUNCE_HARD, "moved"},
	/* time, lines, machines */
	{"in the queue too long", BOUNCE_SOFT, "expired"},
	{"could not be delivered for", BOUNCE_SOFT, "expired"},
	{"could not deliver for the last", BOUNCE_SOFT, "expired"},
	{"retry timeout", BOUNCE_SOFT, "expired"},
	{"retry time", BOUNCE_SOFT, "expired"},
	{"expired", BOUNCE_SOFT, "expired"},
	{"timed out", BOUNCE_SOFT, "expired"},
	{"timeout", BOUNCE_SOFT, "expired"},
	{"истек", BOUNCE_SOFT, "expired"},
	{"connection refused", BOUNCE_SOFT, "network"},
	{"connection reset", BOUNCE_SOFT, "network"},
	{"not responding", BOUNCE_SOFT, "network"},
	{"try again", BOUNCE_SOFT, "network"},
	{"mail loop", BOUNCE_SOFT, "loop"},
	{"too many hops", BOUNCE_SOFT, "loop"},
	{"зациклен", BOUNCE_SOFT, "loop"},
	{"не удалось * соедин", BOUNCE_SOFT, "network"},
	{"сервер * недоступен", BOUNCE_SOFT, "network"},
};

static const char *find(const char *text, const char *word, size_t len)
{
	for (const char *p = text; (p = strchr(p, *word)) != NULL; p++)
		if (strncmp(p, word, len) == 0)
			return p;
	return NULL;
}

bool bounce_words_match(const char *words, const char *folded)
{
	const char *star = strchr(words, '*');
	if (star == NULL)
		return strstr(folded, words) != NULL;
	size_t first = (size_t)(star - words);
	while (first > 0 && words[first - 1] == ' ')
		first--;
	const char *second = star + 1 + strspn(star + 1, " ");
	for (const char *p = folded; (p = find(p, words, first)) != NULL; p++) {
		size_t room = strnlen(p + first, STAR_SPAN_MAX);
		if (memmem(p + first, room, second, strcspn(second, "*")) == NULL)
			continue;
		const char *third = strchr(second, '*');
		return third == NULL || bounce_words_match(third + 1 + strspn(third + 1, " "), p + first);
	}
	return false;
}

const struct bounce_words *bounce_words_find(const char *folded, bool *sure)
{
	*sure = true;
	for (size_t i = 0; i < sizeof sure_rows / sizeof *sure_rows; i++)
		if (bounce_words_match(sure_rows[i].words, folded))
			return &sure_rows[i];
	*sure = false;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (bounce_words_match(rows[i].words, folded))
			return &rows[i];
	return NULL;
}
