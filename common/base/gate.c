#include "base/gate.h"

#include <errno.h>
#include <idn2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/lang.h"
#include "base/xalloc.h"

/* Decodes one character; 0 bytes used means malformed. */
static size_t utf8_next(const unsigned char *s, size_t len, uint32_t *point)
{
	if (len == 0)
		return 0;
	if (s[0] < 0x80) {
		*point = s[0];
		return 1;
	}
	size_t need;
	uint32_t value, least;
	if ((s[0] & 0xe0) == 0xc0) {
		need = 2, value = s[0] & 0x1f, least = 0x80;
	} else if ((s[0] & 0xf0) == 0xe0) {
		need = 3, value = s[0] & 0x0f, least = 0x800;
	} else if ((s[0] & 0xf8) == 0xf0) {
		need = 4, value = s[0] & 0x07, least = 0x10000;
	} else {
		return 0;
	}
	if (len < need)
		return 0;
	for (size_t i = 1; i < need; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (s[i] & 0x3f);
	}
	if (value < least || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*point = value;
	return need;
}

bool gate_utf8(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;
	uint32_t point;
	while (len > 0) {
		size_t n = utf8_next(p, len, &point);
		if (n == 0)
			return false;
		p += n;
		len -= n;
	}
	return true;
}

void gate_utf8_mend(char *text)
{
	const unsigned char *from = (const unsigned char *)text;
	size_t left = strlen(text);
	char *to = text;
	uint32_t point;
	while (left > 0) {
		size_t n = utf8_next(from, left, &point);
		if (n > 0) {
			memmove(to, from, n);
			to += n;
		}
		n = n > 0 ? n : 1;
		from += n;
		left -= n;
	}
	*to = '\0';
}

static bool is_line_break(uint32_t point)
{
	return point < 0x20 || point == 0x7f || point == 0x85 || point == 0x2028 || point == 0x2029;
}

static bool is_bidi_control(uint32_t point)
{
	return (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

bool gate_header(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;
	uint32_t point;
	while (len > 0) {
		size_t n = utf8_next(p, len, &point);
		if (n == 0 || is_line_break(point))
			return false;
		p += n;
		len -= n;
	}
	return true;
}

char *gate_clean_line(const char *s, size_t max)
{
	size_t left = strlen(s);
	const unsigned char *p = (const unsigned char *)s;
	char *out = xmalloc((left < max ? left : max) + 1);
	size_t len = 0;
	bool blank = false;
	uint32_t point;
	while (left > 0) {
		size_t n = utf8_next(p, left, &point);
		if (n == 0) { /* not UTF-8 after all: drop the byte */
			p++;
			left--;
			continue;
		}
		if (is_line_break(point) || point == ' ') {
			blank = len > 0;
		} else if (!is_bidi_control(point)) {
			if (len + n + (blank ? 1 : 0) > max)
				break;
			if (blank)
				out[len++] = ' ';
			blank = false;
			memcpy(out + len, p, n);
			len += n;
		}
		p += n;
		left -= n;
	}
	out[len] = '\0';
	return out;
}

static bool is_atext(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		(c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static int check_local_part(const char *local, size_t len, struct error *e)
{
	if (len == 0)
		return error_set(e, ERROR_INPUT, tr("the part before @ is empty", "перед @ ничего нет"));
	if (len > 64)
		return error_set(e, ERROR_INPUT, tr("the part before @ is longer than 64 characters", "часть перед @ длиннее 64 символов"));
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)local[i];
		if (c >= 0x80)
			return error_set(e, ERROR_INPUT,
				tr("letters other than Latin before @ need SMTPUTF8, which mail relays "
				   "of this system do not offer",
					"для нелатинских букв перед @ нужен SMTPUTF8, которого "
					"почтовые серверы системы не предлагают"));
		if (c == '.') {
			if (i == 0 || i + 1 == len || local[i + 1] == '.')
				return error_set(e, ERROR_INPUT,
					tr("a dot at the start, at the end or twice before @", "точка в начале, в конце или дважды подряд перед @"));
		} else if (!is_atext(c)) {
			return c <= 0x20 ? error_set(e, ERROR_INPUT, tr("a space or control character before @", "пробел или управляющий символ перед @"))
					 : error_set(e, ERROR_INPUT, tr("the character '%c' before @", "символ «%c» перед @"), c);
		}
	}
	return 0;
}

static int check_domain(const char *domain, struct error *e)
{
	size_t label = 0, labels = 1;
	for (const char *p = domain;; p++) {
		char c = *p;
		if (c == '.' || c == '\0') {
			if (label == 0 || p[-1] == '-')
				return error_set(e, ERROR_INPUT, tr("the domain has an empty label or one that ends in '-'", "в домене пустая часть или часть кончается на «-»"));
			if (c == '\0')
				break;
			label = 0;
			labels++;
			continue;
		}
		bool ldh = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c == '-' && label > 0);
		if (!ldh)
			return error_set(e, ERROR_INPUT, tr("the domain has a character that cannot stand there", "в домене недопустимый символ"));
		if (++label > 63)
			return error_set(e, ERROR_INPUT, tr("a label of the domain is longer than 63 characters", "часть домена длиннее 63 символов"));
	}
	if (labels < 2)
		return error_set(e, ERROR_INPUT, tr("the domain has no dot", "в домене нет точки"));
	return 0;
}

/* ASCII and no punycode: there is nothing for libidn2 to do, which takes 3 µs. */
static bool is_plain_domain(const char *domain)
{
	for (const char *p = domain; *p != '\0'; p++)
		if ((unsigned char)*p >= 0x80)
			return false;
	return strstr(domain, "--") == NULL;
}

int gate_address(const char *text, char out[static GATE_ADDRESS_MAX + 1], struct error *e)
{
	if (text[0] == '\0')
		return error_set(e, ERROR_INPUT, tr("the address is empty", "адрес пустой"));
	if (strlen(text) > 4 * GATE_ADDRESS_MAX)
		return error_set(e, ERROR_INPUT, tr("the address is too long", "адрес слишком длинный"));
	const char *at = strchr(text, '@');
	if (at == NULL)
		return error_set(e, ERROR_INPUT, tr("the address has no @", "в адресе нет @"));
	if (strchr(at + 1, '@') != NULL)
		return error_set(e, ERROR_INPUT, tr("the address has two @", "в адресе две @"));
	if (!gate_header(text, strlen(text)))
		return error_set(e, ERROR_INPUT, tr("the address has a control character or bytes that are not UTF-8", "в адресе управляющий символ или байты не из UTF-8"));
	if (check_local_part(text, (size_t)(at - text), e) != 0)
		return -1;
	for (const char *p = at + 1; *p != '\0'; p++)
		if (*p == ' ')
			return error_set(e, ERROR_INPUT, tr("a space after @", "пробел после @"));
	char *ascii = NULL;
	if (is_plain_domain(at + 1)) {
		ascii = xstrdup(at + 1);
	} else {
		int rc = idn2_to_ascii_8z(at + 1, &ascii, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
		if (rc != IDN2_OK)
			return error_set(e, ERROR_INPUT, tr("the domain is not valid: %s", "недопустимый домен: %s"),
				idn2_strerror(rc));
	}
	for (char *p = ascii; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	size_t local = (size_t)(at - text);
	int result = check_domain(ascii, e);
	if (result == 0 && local + 1 + strlen(ascii) > GATE_ADDRESS_MAX)
		result = error_set(e, ERROR_INPUT, tr("the address is longer than %d characters", "адрес длиннее %d символов"), GATE_ADDRESS_MAX);
	if (result == 0) {
		memcpy(out, text, local + 1);
		memcpy(out + local + 1, ascii, strlen(ascii) + 1);
	}
	free(ascii);
	return result;
}

const char *gate_address_domain(const char *address)
{
	const char *at = strrchr(address, '@');
	return at == NULL ? "" : at + 1;
}

bool gate_url(const char *url, bool mailto_too)
{
	size_t len = strlen(url);
	if (len == 0 || len > 2000)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)url[i];
		if (c <= 0x20 || c == 0x7f || strchr("<>\"\\^`{|}", c) != NULL)
			return false;
	}
	if (!gate_utf8(url, len))
		return false;
	if (mailto_too && strncasecmp(url, "mailto:", 7) == 0)
		return url[7] != '\0';
	const char *host = strncasecmp(url, "https://", 8) == 0 ? url + 8
		: strncasecmp(url, "http://", 7) == 0 ? url + 7
						      : NULL;
	if (host == NULL)
		return false;
	size_t host_len = strcspn(host, "/?#");
	return host_len > 0 && host[0] != ':' && memchr(host, '@', host_len) == NULL;
}

bool gate_file_name(const char *name)
{
	size_t len = strlen(name);
	return len > 0 && len <= 200 && gate_header(name, len) && strpbrk(name, "/\\:*?\"<>|") == NULL &&
		strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

bool gate_slug(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
	return len > 0 && len <= 64 && name[len] == '\0' && name[0] != '-';
}

bool gate_int64(const char *text, long long min, long long max, long long *value)
{
	char *end;
	if (text[0] == '\0' || strspn(text, "+-0123456789") != strlen(text))
		return false;
	errno = 0;
	long long v = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0' || v < min || v > max)
		return false;
	*value = v;
	return true;
}
