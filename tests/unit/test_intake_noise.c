/* Hostile mails: mutated copies of real ones, nesting bombs, endless heads,
 * lies. Nothing is asked of the result but that it comes, and is bounded; the
 * sanitizers watch. $VESTNIK_TEST_SEED and $VESTNIK_TEST_ROUNDS repeat and extend it. */
#include <dirent.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/gate.h"
#include "intake/figure.h"
#include "intake/html.h"
#include "intake/recognise.h"
#include "intake/reply_text.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define FOLDER VESTNIK_SOURCE_DIR "/../shared/bounces/mails"
#define ROUNDS 3         /* mutated copies of each mail */
#define SEED 20260322
#define SEED_BYTES_MAX (256 * 1024)

static const struct ident_key key = {.bytes = {1}};
static uint32_t noise;

static uint32_t random32(void)
{
	noise ^= noise << 13;
	noise ^= noise >> 17;
	return noise ^= noise << 5;
}

static uint32_t from_environment(const char *name, uint32_t standard)
{
	const char *value = getenv(name);
	return value == NULL ? standard : (uint32_t)strtoul(value, NULL, 10);
}

/* Everything that reads mails, over one. */
static void digest(const void *bytes, size_t len)
{
	struct mail *mail;
	struct error e;
	struct recognised got;
	struct figures figures;
	if (mail_parse(bytes, len, &mail, &e) != 0) {
		assert_true(e.text[0] != '\0');
		return;
	}
	recognise(mail, &key, "a+1.2.abcdefghijklmnop@example.org", &got);
	assert_true(got.findings.count >= 1 && got.findings.count <= FINDINGS_MAX);
	assert_int_equal(got.match.delivery, 0);
	for (size_t i = 0; i < got.findings.count; i++) {
		const struct finding *f = &got.findings.item[i];
		const char *const texts[] = {f->recipient, f->action, f->diagnostic, f->status, f->cause};
		for (size_t t = 0; t < COUNT(texts); t++)
			assert_true(texts[t] == NULL || gate_utf8(texts[t], strlen(texts[t]))); /* JSON takes no other */
	}
	char *own = reply_text(mail);
	figure_find(own, &figures);
	assert_true(figures.places <= FIGURE_PLACES_MAX);
	for (size_t i = 0; i < figures.places; i++)
		assert_true(figures.place[i].start + figures.place[i].len <= strlen(own));
	free(own);
	recognised_fini(&got);
	mail_free(&mail);
}

/* ---- mutations ------------------------------------------------------------- */

static const char *const splices[] = {"\r\n\r\n", "\n\n", "\0", "--b\n", "Content-Type: message/rfc822\n\n", "\nContent-Type: multipart/mixed; boundary=b\n\n",
	"=?utf-8?B?", "=?koi8-r?Q?=FF=FE?=", "@", "<", ">", ":", "&#x110000;", "<blockquote>", "Final-Recipient: ", "Status: 5.", "\xff\xfe", "\xd0", "charset=utf-16",
	"charset=\"", "Content-Transfer-Encoding: base64\n", "boundary=", "1.1.abcdefghijklmnop", "\n> ", "«", "9999999999999999999999", " ", "\t"};

static size_t mutate(unsigned char *bytes, size_t len, size_t room)
{
	for (uint32_t n = 1 + random32() % 8; n > 0 && len > 0; n--) {
		size_t at = random32() % len, many = random32() % 64 + 1;
		const char *splice = splices[random32() % COUNT(splices)];
		size_t piece = *splice == '\0' ? 1 : strlen(splice);
		switch (random32() % 6) {
		case 0:
			bytes[at] ^= (unsigned char)(1u << random32() % 8);
			break;
		case 1: /* a piece goes */
			many = at + many > len ? len - at : many;
			memmove(bytes + at, bytes + at + many, len - at - many);
			len -= many;
			break;
		case 2: /* a piece comes twice */
			many = at + many > len ? len - at : many;
			if (len + many <= room) {
				memmove(bytes + at + many, bytes + at, len - at);
				len += many;
			}
			break;
		case 3:
			len = at; /* cut */
			break;
		default:
			if (len + piece <= room) {
				memmove(bytes + at + piece, bytes + at, len - at);
				memcpy(bytes + at, splice, piece);
				len += piece;
			}
		}
	}
	return len;
}

static void mutate_all(const unsigned char *seed, size_t len, uint32_t rounds)
{
	size_t room = len + 1024;
	for (uint32_t i = 0; i < rounds; i++) {
		unsigned char *copy = malloc(room); /* of its own, so that an overrun is seen */
		assert_non_null(copy);
		memcpy(copy, seed, len);
		digest(copy, mutate(copy, len, room));
		free(copy);
	}
}

static const char own_seed[] =
	"From: a@example.org\nTo: b+1.2.abcdefghijklmnop@example.org\nSubject: =?koi8-r?B?8OXS?=\nMIME-Version: 1.0\n"
	"Content-Type: multipart/mixed; boundary=\"b\"\n\n--b\nContent-Type: text/html; charset=windows-1251\n\n<p>25 \xf7\xe5\xeb</p><blockquote>40</blockquote>\n"
	"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nFinal-Recipient: rfc822; c@example.org\nAction: failed\nStatus: 5.1.1\n"
	"--b\nContent-Type: message/rfc822\n\nFrom: d@example.org\nMessage-ID: <1.0.abcdefghijklmnop@x>\n\ntext\n--b--\n";

static void mutated_mails_do_no_harm(void **state)
{
	(void)state;
	uint32_t seed = from_environment("VESTNIK_TEST_SEED", SEED), rounds = from_environment("VESTNIK_TEST_ROUNDS", ROUNDS);
	unsigned char *bytes = malloc(SEED_BYTES_MAX);
	struct dirent **entry = NULL;
	noise = seed == 0 ? 1 : seed;
	mutate_all((const unsigned char *)own_seed, sizeof own_seed - 1, 200 * rounds);
	int count = scandir(FOLDER, &entry, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		char path[1024];
		snprintf(path, sizeof path, "%s/%s", FOLDER, entry[i]->d_name);
		FILE *f = entry[i]->d_name[0] == '.' ? NULL : fopen(path, "rb");
		if (f != NULL) {
			size_t len = fread(bytes, 1, SEED_BYTES_MAX, f);
			fclose(f);
			mutate_all(bytes, len, rounds);
		}
		free(entry[i]);
	}
	free(entry);
	free(bytes);
	printf("seed %" PRIu32 ", %" PRIu32 " rounds over %d mails\n", seed, rounds, count > 2 ? count - 2 : 0);
}

/* ---- bombs ----------------------------------------------------------------- */

static void repeat(struct buf *out, const char *text, int times)
{
	for (int i = 0; i < times; i++)
		buf_puts(out, text);
}

static void explode(const char *head, const char *text, int times, const char *tail)
{
	struct buf mail;
	buf_init(&mail, MAIL_BYTES_MAX);
	buf_puts(&mail, head);
	repeat(&mail, text, times);
	buf_puts(&mail, tail);
	assert_true(buf_ok(&mail));
	digest(buf_str(&mail), mail.len);
	buf_fini(&mail);
}

#define FROM "From: a@example.org\n"
#define DAEMON "From: mailer-daemon@example.org\nSubject: Returned mail\n"
#define TEXT FROM "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n"
#define HTML FROM "MIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n"

static void bombs_do_no_harm(void **state)
{
	(void)state;
	explode(FROM, "Content-Type: multipart/mixed; boundary=b\n\n--b\n", 5000, "");
	explode(FROM "MIME-Version: 1.0\n", "Content-Type: message/rfc822\n\nFrom: a@example.org\n", 5000, "");
	explode(FROM "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n", "--b\nContent-Type: text/plain\n\n25\n", 12500, "--b--\n");
	explode(FROM "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n", "--b\n", 50000, "");
	explode(FROM, "X-Field: value\n", 50000, "\n25\n");
	explode(FROM "Subject: ", "=?utf-8?B?0JrQvtC90LrRg9GA0YE=?= ", 12500, "\n\n25\n");
	explode(FROM "References: ", "<1.2.abcdefghijklmnop@x>\n ", 12500, "\n\n25\n");
	explode(FROM "To: ", "a@example.org,\n ", 12500, "\n\n25\n");
	explode(FROM "X-Long: ", "aaaaaaaaaaaaaaaa", 125000, "\n\n25\n");
	explode(TEXT, "aaaaaaaaaaaaaaaa", 250000, "");
	explode(TEXT, "> ", 250000, "");
	explode(TEXT, "a@", 250000, "");
	explode(TEXT, "\"", 250000, "@a");
	explode(TEXT, "От: \n", 25000, "");
	explode(TEXT, "On Monday a@b 12345\n", 12500, "");
	explode(TEXT, "1 пять - ", 12500, "");
	explode(HTML, "<", 250000, "");
	explode(HTML, "<div><blockquote>", 50000, "25");
	explode(HTML, "<div class=gmail_quote>", 50000, "25");
	explode(HTML, "&", 250000, "");
	explode(HTML, "&#1;&amp", 50000, "");
	explode(HTML, "<!--", 50000, "");
	explode(HTML "<a ", "b=c ", 125000, "");
	explode(DAEMON "\n", "<a@example.org>: no\n", 12500, "");
	explode(DAEMON "\n", "550 <a@example.org>... no\n>>> RCPT\n", 12500, "");
	explode(DAEMON "\nfinal-recipient: x\n", "Final-Recipient: rfc822; a@example.org\n", 12500, "");
	explode(DAEMON "X-Failed-Recipients: ", "a@example.org, ", 12500, "\n\nundelivered\n");
	explode(DAEMON "MIME-Version: 1.0\nContent-Type: message/delivery-status\n\n", "Final-Recipient: rfc822; a@b\n\n", 12500, "");
	explode(DAEMON "MIME-Version: 1.0\nContent-Type: message/feedback-report\n\n", "Original-Rcpt-To: a@b\n", 12500, "");
	explode(FROM "\n{\"notificationType\":", "[", 50000, "");
	explode(TEXT, "5.", 125000, "");
	explode(FROM "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-16\n\n", "\xd8\x01", 75000, "");
	explode(FROM "MIME-Version: 1.0\nContent-Type: text/plain; charset=iso-2022-jp\n\n", "\x1b$B", 75000, "\xff");
	explode(FROM "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-7\n\n", "+", 75000, "\xff");
}

static void pieces_of_html_do_no_harm(void **state)
{
	(void)state;
	static const char html[] = "<div class=\"gmail_quote\"><blockquote>&laquo;25&raquo;</blockquote></div><!-- x --><style>a</style><br>&#1087;";
	for (size_t from = 0; from < sizeof html; from++)
		for (size_t to = from; to < sizeof html; to++) {
			char *piece = malloc(to - from + 1);
			memcpy(piece, html + from, to - from);
			free(html_text(piece, to - from, true));
			free(html_text(piece, to - from, false));
			free(piece);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(mutated_mails_do_no_harm), cmocka_unit_test(bombs_do_no_harm),
		cmocka_unit_test(pieces_of_html_do_no_harm)};
	mail_init();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	mail_shutdown();
	return failed;
}
