#include "intake/imap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "intake/imap_wire.h"

#define COMMAND_MAX_BYTES 4096
#define WORDS_MAX 200 /* of a refusal, for people */

/* ---- commands ---------------------------------------------------------------- */

enum answer { ANSWER_OK, ANSWER_NO, ANSWER_FAILED = -1 };

/* Each untagged response goes to visit (may be NULL), the first literal of each to `literal`. */
struct exchange {
	void (*visit)(void *arg, const char *line);
	void *arg;
	struct buf *literal; /* NULL: none is wanted */
	char words[WORDS_MAX];
};

static void keep_words(struct exchange *x, const char *text)
{
	char *clean = gate_utf8(text, strlen(text)) ? gate_clean_line(text, sizeof x->words - 1) : NULL;
	snprintf(x->words, sizeof x->words, "%s", clean == NULL ? "?" : clean);
	free(clean);
}

static enum answer hear(struct imap *imap, const char *tag, struct exchange *x, struct error *e)
{
	size_t tag_len = strlen(tag);
	enum answer answer = ANSWER_FAILED;
	struct buf line;
	buf_init(&line, IMAP_LINE_MAX_BYTES);
	while (imap_response(imap, &line, x->literal, e) == 0) {
		const char *text = buf_str(&line);
		if (text[0] == '*' && text[1] == ' ') {
			if (strncasecmp(text + 2, "BYE", 3) == 0) {
				keep_words(x, text + 5);
				(void)imap_lost(imap, e, "BYE %s", x->words);
				break;
			}
			if (x->visit != NULL)
				x->visit(x->arg, text + 2);
		} else if (strncmp(text, tag, tag_len) == 0 && text[tag_len] == ' ') {
			bool ok = strncasecmp(text + tag_len + 1, "OK", 2) == 0;
			if (ok && x->visit != NULL) /* [READ-WRITE] and the like stand here */
				x->visit(x->arg, text + tag_len + 1);
			keep_words(x, text + tag_len + 1);
			answer = ok ? ANSWER_OK : ANSWER_NO;
			break;
		} else if (text[0] != '+') {
			(void)imap_lost(imap, e, "%s", tr("what it says is not IMAP", "ответ не похож на IMAP"));
			break;
		}
	}
	buf_fini(&line);
	return answer;
}

__attribute__((format(printf, 4, 5))) static enum answer command(
	struct imap *imap, struct exchange *x, struct error *e, const char *fmt, ...)
{
	char tag[16], words[COMMAND_MAX_BYTES], line[COMMAND_MAX_BYTES + 24];
	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(words, sizeof words, fmt, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof words)
		return (enum answer)error_set(e, ERROR_INTERNAL, "an IMAP command grew over %d bytes",
			COMMAND_MAX_BYTES);
	snprintf(tag, sizeof tag, "v%u", ++imap->tag);
	n = snprintf(line, sizeof line, "%s %s\r\n", tag, words);
	return imap_send(imap, line, (size_t)n, e) == 0 ? hear(imap, tag, x, e) : ANSWER_FAILED;
}

static int refused(struct imap *imap, enum error_code code, const char *what, const struct exchange *x,
	struct error *e)
{
	return error_set(e, code, tr("%s refuses %s: %s", "%s отказывает, %s: %s"), imap->host, what, x->words);
}

/* ---- names ------------------------------------------------------------------------ */

static bool next_char(const unsigned char **p, uint32_t *c)
{
	unsigned char first = *(*p)++;
	int more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
	*c = more == 0 ? first : first & (0x3f >> more);
	for (; more > 0; more--)
		*c = *c << 6 | (*(*p)++ & 0x3f);
	return *c >= 0x20 && *c != 0x7f;
}

/* Bits gathered of UTF-16, written six at a time. */
struct run {
	uint32_t bits;
	int count;
	bool open;
};

static void run_put(struct run *run, uint32_t unit, struct buf *out)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";
	if (!run->open)
		(void)buf_putc(out, '&');
	run->open = true;
	run->bits = run->bits << 16 | unit;
	run->count += 16;
	while (run->count >= 6) {
		run->count -= 6;
		(void)buf_putc(out, letters[run->bits >> run->count & 0x3f]);
	}
}

static void run_end(struct run *run, struct buf *out)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";
	if (!run->open)
		return;
	if (run->count > 0)
		(void)buf_putc(out, letters[run->bits << (6 - run->count) & 0x3f]);
	(void)buf_putc(out, '-');
	*run = (struct run){0};
}

bool imap_folder_name(const char *utf8, struct buf *out)
{
	struct run run = {0};
	if (!gate_utf8(utf8, strlen(utf8)))
		return false;
	for (const unsigned char *p = (const unsigned char *)utf8; *p != '\0';) {
		uint32_t c;
		if (!next_char(&p, &c))
			return false;
		if (c < 0x7f) {
			run_end(&run, out);
			(void)buf_putc(out, (char)c);
			if (c == '&')
				(void)buf_putc(out, '-');
		} else if (c < 0x10000) {
			run_put(&run, c, out);
		} else {
			run_put(&run, 0xd800 + ((c - 0x10000) >> 10), out);
			run_put(&run, 0xdc00 + ((c - 0x10000) & 0x3ff), out);
		}
	}
	run_end(&run, out);
	return buf_ok(out);
}

/* In quotes; NULL: it cannot be written. The caller frees. */
static char *quoted(const char *folder, struct error *e)
{
	struct buf name, out;
	buf_init(&name, COMMAND_MAX_BYTES / 4);
	buf_init(&out, COMMAND_MAX_BYTES / 2);
	bool good = imap_folder_name(folder, &name);
	(void)buf_putc(&out, '"');
	for (size_t i = 0; i < name.len; i++) {
		if (name.data[i] == '"' || name.data[i] == '\\')
			(void)buf_putc(&out, '\\');
		(void)buf_putc(&out, name.data[i]);
	}
	(void)buf_putc(&out, '"');
	good = good && buf_ok(&out);
	char *text = good ? buf_take(&out) : NULL;
	if (!good)
		(void)error_set(e, ERROR_INPUT, tr("not a folder's name: %.100s", "не имя папки: %.100s"), folder);
	buf_fini(&name);
	buf_fini(&out);
	return text;
}

/* ---- open, close -------------------------------------------------------------------- */

static void note_capabilities(void *arg, const char *line)
{
	struct imap *imap = arg;
	if (strncasecmp(line, "CAPABILITY ", 11) != 0)
		return;
	for (const char *p = line + 11; *p != '\0';) {
		size_t n = strcspn(p, " ");
		imap->has_move |= n == 4 && strncasecmp(p, "MOVE", 4) == 0;
		imap->has_uidplus |= n == 7 && strncasecmp(p, "UIDPLUS", 7) == 0;
		p += n + strspn(p + n, " ");
	}
}

int imap_open(struct imap **out, const struct settings_mailbox *mailbox, int stop_fd, struct error *e)
{
	struct imap *imap = xcalloc(1, sizeof *imap);
	imap->fd = CURL_SOCKET_BAD;
	imap->stop_fd = stop_fd;
	snprintf(imap->host, sizeof imap->host, "%s", mailbox->host);
	*out = imap;
	if (imap_connect(imap, mailbox, e) == 0)
		return 0;
	imap->lost = true;
	imap_close(out);
	return -1;
}

void imap_close(struct imap **pointer)
{
	struct imap *imap = *pointer;
	if (imap == NULL)
		return;
	*pointer = NULL;
	if (!imap->lost) {
		struct error ignored;
		(void)imap_send(imap, "v0 LOGOUT\r\n", 11, &ignored);
	}
	/* Off the multi handle first: libcurl would not find its connection otherwise. */
	(void)curl_multi_remove_handle(imap->multi, imap->curl);
	curl_easy_cleanup(imap->curl);
	curl_multi_cleanup(imap->multi);
	free(imap);
}

/* ---- select ---------------------------------------------------------------------------- */

static int64_t number_after(const char *line, const char *word)
{
	const char *at = strcasestr(line, word);
	char digits[20];
	long long number = 0;
	if (at == NULL)
		return 0;
	at += strlen(word);
	size_t n = strspn(at, "0123456789");
	if (n == 0 || n >= sizeof digits)
		return 0;
	memcpy(digits, at, n);
	digits[n] = '\0';
	return gate_int64(digits, 0, UINT32_MAX, &number) ? number : 0;
}

static void note_folder(void *arg, const char *line)
{
	struct imap_folder *folder = arg;
	if (strncasecmp(line, "OK [", 4) != 0)
		return;
	int64_t validity = number_after(line, "[UIDVALIDITY "), next = number_after(line, "[UIDNEXT ");
	if (validity > 0)
		folder->uidvalidity = validity;
	if (next > 0)
		folder->uidnext = next;
}

int imap_select(struct imap *imap, const char *folder, bool read_only, struct imap_folder *out,
	struct error *e)
{
	*out = (struct imap_folder){0};
	char *name = quoted(folder, e);
	if (name == NULL)
		return -1;
	struct exchange x = {.visit = note_folder, .arg = out};
	enum answer answer = command(imap, &x, e, "%s %s", read_only ? "EXAMINE" : "SELECT", name);
	free(name);
	if (answer == ANSWER_FAILED)
		return -1;
	if (answer == ANSWER_NO)
		return refused(imap, ERROR_NOT_FOUND, read_only ? "EXAMINE" : "SELECT", &x, e);
	/* RFC 3501 6.3.1 requires it; without it nothing says which mails were read before. */
	if (out->uidvalidity == 0)
		return imap_lost(imap, e, "%s",
			tr("the folder has no UIDVALIDITY", "у папки нет UIDVALIDITY"));
	return 0;
}

/* ---- search ------------------------------------------------------------------------------ */

struct found {
	int64_t after, *uids;
	size_t count, room;
};

static void note_uids(void *arg, const char *line)
{
	struct found *found = arg;
	if (strncasecmp(line, "SEARCH", 6) != 0 || (line[6] != ' ' && line[6] != '\0'))
		return;
	for (const char *p = line + 6; *p == ' ';) {
		char *end;
		unsigned long long uid = strtoull(p + 1, &end, 10);
		if (end == p + 1)
			return;
		p = end;
		/* "n:*" names the last mail even when it has a lower number. */
		if ((int64_t)uid <= found->after || uid > UINT32_MAX)
			continue;
		if (found->count == found->room) {
			found->room = found->room == 0 ? 64 : found->room * 2;
			found->uids = xrealloc(found->uids, found->room, sizeof *found->uids);
		}
		found->uids[found->count++] = (int64_t)uid;
	}
}

static int compare_uids(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

int imap_uids(struct imap *imap, int64_t after, int64_t since_ms, size_t most, int64_t **uids,
	size_t *count, bool *more, struct error *e)
{
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep",
		"Oct", "Nov", "Dec"};
	struct found found = {.after = after};
	struct exchange x = {.visit = note_uids, .arg = &found};
	char since[40] = "";
	time_t second = (time_t)(since_ms / 1000);
	struct tm day;
	if (since_ms > 0 && gmtime_r(&second, &day) != NULL)
		snprintf(since, sizeof since, " SINCE %d-%s-%04d", day.tm_mday, months[day.tm_mon % 12],
			day.tm_year + 1900);
	enum answer answer = command(imap, &x, e, "UID SEARCH UNDELETED UID %lld:*%s", (long long)after + 1, since);
	*uids = NULL;
	*count = 0;
	if (answer != ANSWER_OK) {
		free(found.uids);
		return answer == ANSWER_FAILED ? -1 : refused(imap, ERROR_UNAVAILABLE, "SEARCH", &x, e);
	}
	if (found.count > 1)
		qsort(found.uids, found.count, sizeof *found.uids, compare_uids);
	*more = found.count > most;
	*count = *more ? most : found.count;
	*uids = found.uids;
	return 0;
}

/* ---- fetch --------------------------------------------------------------------------------- */

int imap_date(const char *text, int64_t *time_ms)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int day, year, hour, minute, second, zone;
	char month[4], sign;
	if (sscanf(text, "%2d-%3[A-Za-z]-%4d %2d:%2d:%2d %c%4d", &day, month, &year, &hour, &minute, &second,
		    &sign, &zone) != 8 ||
		(sign != '+' && sign != '-') || strlen(month) != 3 || day < 1 || day > 31 || year < 1970 ||
		year > 9999 || hour > 23 || minute > 59 || second > 60 || zone < 0 || hour < 0 || minute < 0 ||
		second < 0 || zone > 1500)
		return -1;
	const char *at = strcasestr(months, month);
	if (at == NULL || (at - months) % 3 != 0)
		return -1;
	struct tm moment = {.tm_mday = day, .tm_mon = (int)(at - months) / 3, .tm_year = year - 1900,
		.tm_hour = hour, .tm_min = minute, .tm_sec = second};
	int64_t offset = (zone / 100 * 60 + zone % 100) * 60LL;
	*time_ms = ((int64_t)timegm(&moment) - (sign == '+' ? offset : -offset)) * 1000;
	return 0;
}

struct fetched {
	int64_t uid;
	struct imap_mail *mail;
	struct buf *bytes; /* NULL: only facts were asked for */
	bool seen, body;
};

/* "3 FETCH (UID 17 RFC822.SIZE 512 INTERNALDATE "…")"; others' changes of flags come between. */
static void note_fetch(void *arg, const char *line)
{
	struct fetched *f = arg;
	const char *at = line + strspn(line, "0123456789");
	if (at == line || strncasecmp(at, " FETCH (", 8) != 0)
		return;
	at += 7;
	bool body = strcasestr(at, "BODY[]") != NULL;
	if (number_after(at, "UID ") != f->uid || (f->bytes != NULL && !body)) {
		if (f->bytes != NULL && !f->body)
			buf_reset(f->bytes); /* a literal that was another mail's */
		return;
	}
	f->seen = true;
	f->body = f->body || body;
	const char *size = strcasestr(at, "RFC822.SIZE "), *date = strcasestr(at, "INTERNALDATE \"");
	if (size != NULL)
		f->mail->size = number_after(size, "RFC822.SIZE ");
	if (date != NULL && imap_date(date + 14, &f->mail->arrived_ms) != 0)
		f->mail->arrived_ms = 0;
}

int imap_fetch(struct imap *imap, int64_t uid, size_t most, struct imap_mail *mail, struct buf *bytes,
	struct error *e)
{
	struct fetched f = {.uid = uid, .mail = mail};
	struct exchange x = {.visit = note_fetch, .arg = &f};
	*mail = (struct imap_mail){0};
	buf_reset(bytes);
	enum answer answer =
		command(imap, &x, e, "UID FETCH %lld (UID RFC822.SIZE INTERNALDATE)", (long long)uid);
	if (answer != ANSWER_OK)
		return answer == ANSWER_FAILED ? -1 : refused(imap, ERROR_UNAVAILABLE, "FETCH", &x, e);
	mail->gone = !f.seen;
	mail->too_large = mail->size < 0 || (uint64_t)mail->size > most;
	if (mail->gone || mail->too_large)
		return 0;
	f = (struct fetched){.uid = uid, .mail = mail, .bytes = bytes};
	x = (struct exchange){.visit = note_fetch, .arg = &f, .literal = bytes};
	answer = command(imap, &x, e, "UID FETCH %lld (UID BODY.PEEK[])", (long long)uid);
	if (answer != ANSWER_OK)
		return answer == ANSWER_FAILED ? -1 : refused(imap, ERROR_UNAVAILABLE, "FETCH", &x, e);
	mail->gone = !f.seen;
	return 0;
}

/* ---- what becomes of it ------------------------------------------------------------------------ */

static int simple(struct imap *imap, enum answer answer, const char *what, const struct exchange *x,
	struct error *e)
{
	if (answer == ANSWER_FAILED)
		return -1;
	return answer == ANSWER_OK ? 0 : refused(imap, ERROR_UNAVAILABLE, what, x, e);
}

static int ask_capabilities(struct imap *imap, struct error *e)
{
	struct exchange x = {.visit = note_capabilities, .arg = imap};
	if (imap->capable)
		return 0;
	imap->capable = true;
	return simple(imap, command(imap, &x, e, "CAPABILITY"), "CAPABILITY", &x, e);
}

int imap_delete(struct imap *imap, int64_t uid, struct error *e)
{
	struct exchange x = {0};
	if (ask_capabilities(imap, e) != 0 ||
		simple(imap, command(imap, &x, e, "UID STORE %lld +FLAGS.SILENT (\\Deleted)", (long long)uid),
			"STORE", &x, e) != 0)
		return -1;
	if (!imap->has_uidplus)
		return 0;
	return simple(imap, command(imap, &x, e, "UID EXPUNGE %lld", (long long)uid), "EXPUNGE", &x, e);
}

int imap_move(struct imap *imap, int64_t uid, const char *folder, struct error *e)
{
	struct exchange x = {0};
	char *name = quoted(folder, e);
	if (name == NULL)
		return -1;
	int rc = ask_capabilities(imap, e);
	if (rc == 0 && imap->has_move)
		rc = simple(imap, command(imap, &x, e, "UID MOVE %lld %s", (long long)uid, name), "MOVE", &x, e);
	else if (rc == 0)
		rc = simple(imap, command(imap, &x, e, "UID COPY %lld %s", (long long)uid, name), "COPY", &x, e) != 0
			? -1
			: imap_delete(imap, uid, e);
	free(name);
	return rc;
}
