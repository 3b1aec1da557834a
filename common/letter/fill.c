/* One recipient's copy: headers, two rendered bodies, and the letter's tail as
 * it is. The caller's copy keeps its buffers from one recipient to the next. */
#include "letter/letter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/gate.h"
#include "calendar/calendar.h"

#include "letter/frame.h"
#include "letter/letter_inside.h"
#include "letter/mime.h"

#define RENDERED_MAX_BYTES ((size_t)256 * 1024) /* each of text and HTML */
#define BODIES_MAX_BYTES (RENDERED_MAX_BYTES * 3)
#define HEADERS_MAX_BYTES ((size_t)16 * 1024)
#define OWN_FILE_MAX_BYTES ((size_t)LETTER_OWN_FILE_MAX_BYTES * 3 / 2) /* base64 in lines */
/* "Subject: " and the subject, unfolded, within the 998 of RFC 5322. */
#define SUBJECT_MAX_BYTES 900
#define TO_NAME_MAX_BYTES 300
/* Mail programs read header lines of 998 characters; the URL stands on one. */
#define UNSUBSCRIBE_MAX_BYTES 900
#define MESSAGE_ID_MAX_BYTES 320

/* Cuts at a character boundary and says so with «…». */
static void cut(struct buf *b, size_t max)
{
	while (b->len > 0 && b->data[b->len - 1] == ' ')
		b->len--;
	if (b->len > max) {
		b->len = max;
		while (b->len > 0 && ((unsigned char)b->data[b->len] & 0xc0) == 0x80)
			b->len--;
		(void)buf_puts(b, "…");
	}
	if (b->data != NULL)
		buf_terminate(b);
}

static int check(const struct letter_recipient *r, struct error *e)
{
	if (!mime_plain_token(r->to_address, GATE_ADDRESS_MAX) || strchr(r->to_address, '@') == NULL)
		return error_set(e, ERROR_INPUT, "%s",
			tr("the recipient's address is not valid", "адрес получателя неверен"));
	if (!mime_plain_token(r->message_id, MESSAGE_ID_MAX_BYTES))
		return error_set(e, ERROR_INPUT, "%s", tr("the Message-ID is not valid", "Message-ID неверен"));
	if (r->in_reply_to != NULL && !mime_plain_token(r->in_reply_to, MESSAGE_ID_MAX_BYTES))
		return error_set(e, ERROR_INPUT, "%s",
			tr("the Message-ID that is answered is not valid", "Message-ID, на который отвечаем, неверен"));
	if (r->reply_to != NULL && !mime_plain_token(r->reply_to, GATE_ADDRESS_MAX))
		return error_set(e, ERROR_INPUT, "%s",
			tr("the reply address is not valid", "адрес для ответа неверен"));
	if (r->unsubscribe_url != NULL && (!gate_url(r->unsubscribe_url, false) ||
						  !mime_plain_token(r->unsubscribe_url, UNSUBSCRIBE_MAX_BYTES)))
		return error_set(e, ERROR_INPUT, "%s",
			tr("the unsubscribe link is not valid", "ссылка для отписки неверна"));
	if (r->check_url != NULL &&
		(!gate_url(r->check_url, false) || !mime_plain_token(r->check_url, UNSUBSCRIBE_MAX_BYTES)))
		return error_set(e, ERROR_INPUT, "%s", tr("the address to check the letter at is not valid", "адрес проверки письма неверен"));
	return 0;
}

static const char *leave_url(const struct letter *letter, const struct letter_recipient *r)
{
	return letter->may_leave ? r->unsubscribe_url : NULL;
}

static int clean_line(const char *name, struct buf *out)
{
	buf_reset(out);
	int rc = name == NULL
		? 0
		: escape_append(out, MUSTACHE_HEADER, false, name, strnlen(name, RENDERED_MAX_BYTES / 4));
	cut(out, TO_NAME_MAX_BYTES);
	return rc;
}

/* A letter is addressed to the organisation and, in its second line, to the person. */
static int add_addressee(const struct letter_recipient *r, struct buf *html, struct buf *text)
{
	const char *organisation =
		json_string_value(json_object_get(json_object_get(r->fields, "recipient"), "name"));
	const char *line[] = {organisation, r->to_name};
	struct buf clean;
	bool first = true;
	int rc = 0;
	buf_init(&clean, RENDERED_MAX_BYTES);
	for (size_t i = 0; i < sizeof line / sizeof line[0] && rc == 0; i++) {
		if (i > 0 && line[0] != NULL && line[1] != NULL && strcmp(line[0], line[1]) == 0)
			break;
		rc = clean_line(line[i], &clean);
		rc |= frame_addressee(html, text, buf_str(&clean), clean.len, first);
		first = first && clean.len == 0;
	}
	buf_fini(&clean);
	return rc;
}

static int render_subject(const struct letter *letter, const struct letter_recipient *r, struct buf *out,
	struct error *e)
{
	buf_reset(out);
	if (mustache_render(letter->subject, r->fields, out, e) != 0)
		return -1;
	cut(out, SUBJECT_MAX_BYTES);
	return 0;
}

static int too_long(struct error *e)
{
	return error_set(e, ERROR_FULL, tr("the filled letter is longer than %zu KB",
		"заполненное письмо длиннее %zu КБ"), RENDERED_MAX_BYTES / 1024);
}

/* Auto-Submitted: auto-generated (RFC 3834 section 5) is for what a program
 * sends by itself. A campaign's letter is: the planner chooses its recipients
 * and its moment, nobody presses "send" for it, and no message is answered by
 * it (a receipt does: auto-replied). Vacation programs then keep silent; people's
 * replies are not touched. No Precedence: RFC 3834 section 3.1.8 calls it
 * non-standard, and some filters read "bulk" as "unwanted". */
static int say_automatic(const struct letter_recipient *r, struct buf *out)
{
	int rc = buf_puts(out, r->auto_replied ? "Auto-Submitted: auto-replied\r\n"
					       : "Auto-Submitted: auto-generated\r\n");
	if (r->in_reply_to != NULL)
		rc |= buf_printf(out, "In-Reply-To: <%s>\r\nReferences: <%s>\r\n", r->in_reply_to,
			r->in_reply_to);
	return rc;
}

static int fill_headers(const struct letter *letter, const struct letter_recipient *r, struct buf *out,
	struct buf *scratch, struct error *e)
{
	char date[CALENDAR_MAIL_DATE_SIZE];
	const char *reply_to = r->reply_to != NULL ? r->reply_to : letter->reply_to;
	const char *leave = leave_url(letter, r);
	if (calendar_mail_date(r->date_ms, letter->zone, date, e) != 0)
		return -1;
	int rc = buf_puts(out, "Date: ") | buf_puts(out, date) | buf_puts(out, "\r\nMessage-ID: <");
	rc |= buf_puts(out, r->message_id) | buf_puts(out, ">\r\n");
	rc |= clean_line(r->to_name, scratch);
	rc |= mime_mailbox(out, "To", buf_str(scratch), scratch->len, r->to_address);
	if (render_subject(letter, r, scratch, e) != 0)
		return -1;
	rc |= mime_header(out, "Subject", buf_str(scratch), scratch->len);
	if (reply_to != NULL)
		rc |= buf_puts(out, "Reply-To: <") | buf_puts(out, reply_to) | buf_puts(out, ">\r\n");
	if (leave != NULL)
		rc |= buf_puts(out, "List-Unsubscribe: <") | buf_puts(out, leave) | buf_puts(out, ">\r\n");
	/* RFC 8058 section 3.1: one click is for HTTPS only. */
	if (leave != NULL && strncasecmp(leave, "https://", 8) == 0)
		rc |= buf_puts(out, "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n");
	rc |= say_automatic(r, out);
	rc |= buf_append(out, letter->headers.data, letter->headers.len) | buf_puts(out, "\r\n");
	return rc == 0 ? 0 : too_long(e);
}

/* html and text get the whole bodies. */
static int render_bodies(const struct letter *letter, const struct letter_recipient *r, struct buf *html,
	struct buf *text, struct error *e)
{
	int rc = buf_append(html, letter->html_head.data, letter->html_head.len);
	rc |= buf_append(text, letter->text_head.data, letter->text_head.len);
	rc |= add_addressee(r, html, text);
	if (rc != 0)
		return too_long(e);
	if (mustache_render(letter->text, r->fields, text, e) != 0 ||
		mustache_render(letter->html, r->fields, html, e) != 0)
		return -1;
	return frame_end(letter->lang, letter->numbered ? r->check_url : NULL, leave_url(letter, r), html, text) == 0 ? 0 : too_long(e);
}

static int own_file(struct letter *letter, const struct letter_attachment *file, struct buf *out, struct error *e)
{
	char boundary[BOUNDARY_SIZE];
	if (file == NULL)
		return 0;
	if (!letter->own_file)
		return error_set(e, ERROR_INTERNAL, "this letter carries no file of the recipient's own");
	if (!gate_file_name(file->name) || (file->media_type != NULL && !mime_type_ok(file->media_type)))
		return error_set(e, ERROR_INPUT, "the recipient's file has no proper name or type");
	/* "--<boundary>--\r\n" */
	(void)snprintf(boundary, sizeof boundary, "%.*s", (int)(letter->end.len - strlen("----\r\n")), letter->end.data + 2);
	if (file->len > LETTER_OWN_FILE_MAX_BYTES || letter_put_file(out, file, boundary) != 0)
		return error_set(e, ERROR_FULL, "the recipient's file is too large");
	return 0;
}

int letter_fill(struct letter *letter, const struct letter_recipient *recipient,
	struct letter_copy *copy, struct error *e)
{
	struct buf *headers = &copy->owned[0], *bodies = &copy->owned[1], *own = &copy->owned[2];
	if (headers->max == 0) {
		buf_init(headers, HEADERS_MAX_BYTES);
		buf_init(bodies, BODIES_MAX_BYTES);
		buf_init(own, OWN_FILE_MAX_BYTES);
		buf_init(&copy->html, RENDERED_MAX_BYTES);
		buf_init(&copy->text, RENDERED_MAX_BYTES);
	}
	copy->count = copy->total = 0;
	buf_reset(headers);
	buf_reset(bodies);
	buf_reset(own);
	buf_reset(&copy->html);
	if (copy->letter != letter) {
		letter_unref(&copy->letter);
		copy->letter = letter_ref(letter);
	}
	if (check(recipient, e) != 0 || fill_headers(letter, recipient, headers, &copy->text, e) != 0)
		return -1;
	buf_reset(&copy->text);
	if (render_bodies(letter, recipient, &copy->html, &copy->text, e) != 0)
		return -1;
	int rc = buf_append(bodies, letter->body_start.data, letter->body_start.len);
	rc |= mime_base64(bodies, copy->text.data, copy->text.len);
	rc |= buf_append(bodies, letter->body_middle.data, letter->body_middle.len);
	rc |= mime_base64(bodies, copy->html.data, copy->html.len);
	if (rc != 0)
		return too_long(e);
	if (own_file(letter, recipient->own_file, own, e) != 0)
		return -1;
	copy->segment[0] = (struct letter_segment){headers->data, headers->len};
	copy->segment[1] = (struct letter_segment){bodies->data, bodies->len};
	copy->segment[2] = (struct letter_segment){letter->tail.data, letter->tail.len};
	copy->count = 3;
	if (own->len > 0)
		copy->segment[copy->count++] = (struct letter_segment){own->data, own->len};
	if (letter->end.len > 0)
		copy->segment[copy->count++] = (struct letter_segment){letter->end.data, letter->end.len};
	for (size_t i = 0; i < copy->count; i++)
		copy->total += copy->segment[i].len;
	return 0;
}

void letter_copy_fini(struct letter_copy *copy)
{
	buf_fini(&copy->owned[0]);
	buf_fini(&copy->owned[1]);
	buf_fini(&copy->owned[2]);
	buf_fini(&copy->html);
	buf_fini(&copy->text);
	letter_unref(&copy->letter);
	*copy = (struct letter_copy){0};
}

int letter_preview(struct letter *letter, const struct letter_recipient *recipient, char **subject,
	char **text, char **html, struct error *e)
{
	struct buf s, t, h;
	buf_init(&s, RENDERED_MAX_BYTES);
	buf_init(&t, RENDERED_MAX_BYTES);
	buf_init(&h, RENDERED_MAX_BYTES);
	int rc = -1;
	if (check(recipient, e) != 0 || render_subject(letter, recipient, &s, e) != 0 ||
		render_bodies(letter, recipient, &h, &t, e) != 0)
		goto out;
	*subject = buf_take(&s);
	*text = buf_take(&t);
	*html = buf_take(&h);
	rc = 0;
out:
	buf_fini(&s);
	buf_fini(&t);
	buf_fini(&h);
	return rc;
}
