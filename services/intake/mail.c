/* GMime builds its tree from the bytes; we walk it once, copy what is bounded
 * and let it go. Of a mail inside a mail only the head counts (whose letter was
 * it), and delivery reports, which are kept apart. */
#include "intake/mail.h"

#include <gmime/gmime.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "intake/charset.h"
#include "intake/encoded_words.h"
#include "intake/fields.h"
#include "intake/text.h"

#define FIELDS_MAX 1000		    /* a long way through relays has some 60 */
#define FIELD_BYTES_MAX (64 * 1024) /* References of a year's thread */
#define PARTS_MAX 200
#define DEPTH_MAX 20		     /* people reach 5; each level is our stack */
#define TEXT_BYTES_MAX (1024 * 1024) /* of one part: a person reads less */
#define NAME_BYTES_MAX 180	      /* gate_file_name takes 200 */
#define TEXTS_BYTES_MAX (8 * 1024 * 1024)

void mail_init(void)
{
	g_mime_init();
}

void mail_shutdown(void)
{
	g_mime_shutdown();
}

/* ---- is it a mail ---------------------------------------------------------- */

static void skip_to_head(const char **at, const char *end)
{
	const char *p = *at;
	if (end - p >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3;
	while (p < end && (*p == '\n' || *p == '\r'))
		p++;
	if (end - p >= 5 && (memcmp(p, "From ", 5) == 0 || memcmp(p, ">From", 5) == 0)) {
		const char *line = memchr(p, '\n', (size_t)(end - p));
		p = line == NULL ? end : line + 1;
	}
	*at = p;
}

/* A settings file has "name: value" lines too: a mail has one of these. */
static bool has_mail_field(const char *head, size_t len)
{
	static const char *const names[] = {"From", "Received", "Return-Path", "Message-ID", "Date",
		"Delivered-To", "Sender", "X-Failed-Recipients", NULL};
	for (size_t i = 0; names[i] != NULL; i++) {
		char *value = fields_value(head, len, names[i]);
		bool found = value != NULL;
		free(value);
		if (found)
			return true;
	}
	return false;
}

static int check(const char *bytes, size_t len, struct error *e)
{
	if (len == 0)
		return error_set(e, ERROR_INPUT, "%s", tr("empty", "пусто"));
	if (len > MAIL_BYTES_MAX)
		return error_set(e, ERROR_INPUT, tr("larger than %u MB", "больше %u МБ"),
			MAIL_BYTES_MAX >> 20);
	const char *at = bytes, *end = bytes + len;
	skip_to_head(&at, end);
	size_t head = fields_block(at, (size_t)(end - at));
	if (memchr(at, '\0', head) != NULL)
		return error_set(e, ERROR_INPUT, "%s",
			tr("binary data, not a mail", "двоичные данные, а не письмо"));
	if (!has_mail_field(at, head))
		return error_set(e, ERROR_INPUT, "%s",
			tr("not a mail: no From, Date, Received, … at its beginning",
				"не письмо: в начале нет From, Date, Received, …"));
	return 0;
}

/* ---- the tree -------------------------------------------------------------- */

struct walk {
	struct mail *mail;
	size_t texts; /* bytes kept so far */
	bool inside;  /* a mail inside the mail */
};

static char *one_line(const char *value)
{
	char *line = charset_valid(
		value, strlen(value) < FIELD_BYTES_MAX ? strlen(value) : FIELD_BYTES_MAX);
	for (char *p = line; *p != '\0'; p++)
		if (*p == '\r' || *p == '\n' || *p == '\t')
			*p = ' ';
	return line;
}

/* Where what a decoded word hides would be taken for the mail's own: see trust.c. */
static bool keeps_raw(const char *name)
{
	return strcasecmp(name, "From") == 0 || strcasecmp(name, "Authentication-Results") == 0;
}

static void take_fields(struct mail *mail, GMimeObject *object)
{
	GMimeHeaderList *list = g_mime_object_get_header_list(object);
	int count = g_mime_header_list_get_count(list);
	if (count > FIELDS_MAX)
		count = FIELDS_MAX;
	mail->field = xcalloc((size_t)count + 1, sizeof *mail->field);
	for (int i = 0; i < count; i++) {
		GMimeHeader *header = g_mime_header_list_get_header_at(list, i);
		const char *value = g_mime_header_get_value(header);
		struct mail_field *field = &mail->field[mail->fields++];
		field->name = one_line(g_mime_header_get_name(header));
		field->value = one_line(value == NULL ? "" : value);
		if (keeps_raw(field->name)) {
			const char *raw = g_mime_header_get_raw_value(header);
			field->raw = one_line(raw == NULL ? "" : raw);
			text_trim(field->raw);
		}
	}
}

static struct mail_part *add_part(struct walk *walk, const char *type, enum mail_part_place place)
{
	struct mail *mail = walk->mail;
	if (mail->parts == PARTS_MAX) {
		mail->cut = true;
		return NULL;
	}
	mail->part = xrealloc(mail->part, mail->parts + 1, sizeof *mail->part);
	struct mail_part *part = &mail->part[mail->parts++];
	*part = (struct mail_part){.place = place, .type = xstrdup(type)};
	return part;
}

static void set_text(struct walk *walk, struct mail_part *part, char *text)
{
	part->text = text;
	part->len = strlen(text);
	walk->texts += part->len;
}

static void add_returned(struct walk *walk, GMimeMessage *message)
{
	struct mail_part *part = add_part(walk, "message/rfc822", MAIL_PART_RETURNED);
	if (part == NULL || message == NULL)
		return;
	struct buf head;
	buf_init(&head, TEXT_BYTES_MAX);
	GMimeHeaderList *list = g_mime_object_get_header_list(GMIME_OBJECT(message));
	int count = g_mime_header_list_get_count(list);
	for (int i = 0; i < count && i < FIELDS_MAX && buf_ok(&head); i++) {
		GMimeHeader *header = g_mime_header_list_get_header_at(list, i);
		const char *value = g_mime_header_get_value(header);
		char *line = one_line(value == NULL ? "" : value);
		(void)buf_printf(&head, "%s: %s\n", g_mime_header_get_name(header), line);
		free(line);
	}
	part->cut = !buf_ok(&head) || count > FIELDS_MAX;
	set_text(walk, part, charset_valid(buf_str(&head), head.len));
	buf_fini(&head);
}

/* Decoded bytes of a part, at most `most`; the caller frees. */
static char *content(GMimePart *gmime, size_t most, size_t *len, bool *cut)
{
	GMimeDataWrapper *wrapper = g_mime_part_get_content(gmime);
	*len = 0;
	*cut = false;
	if (wrapper == NULL)
		return xstrdup("");
	GMimeStream *stream = g_mime_data_wrapper_get_stream(wrapper);
	g_mime_stream_reset(stream);
	GMimeStream *decoded = g_mime_stream_filter_new(stream);
	GMimeFilter *filter =
		g_mime_filter_basic_new(g_mime_data_wrapper_get_encoding(wrapper), FALSE);
	g_mime_stream_filter_add(GMIME_STREAM_FILTER(decoded), filter);
	struct buf bytes;
	char piece[4096];
	ssize_t n;
	buf_init(&bytes, most);
	while (!*cut && (n = g_mime_stream_read(decoded, piece, sizeof piece)) > 0)
		*cut = buf_append(&bytes, piece, (size_t)n) != 0;
	*len = bytes.len;
	g_object_unref(filter);
	g_object_unref(decoded);
	return buf_take(&bytes);
}

static bool is_read(const char *type)
{
	static const char *const types[] = {"text/", "message/delivery-status",
		"message/global-delivery-status", "message/feedback-report",
		"message/disposition-notification", "message/global-disposition-notification",
		"message/rfc822-headers", "message/global-headers", "message/xdelivery-status",
		NULL};
	for (size_t i = 0; types[i] != NULL; i++)
		if (strncmp(type, types[i], strlen(types[i])) == 0)
			return true;
	return false;
}

static void add_leaf(struct walk *walk, GMimePart *gmime, const char *type)
{
	const char *disposition = g_mime_object_get_disposition(GMIME_OBJECT(gmime));
	bool read = is_read(type), report = strstr(type, "delivery-status") != NULL;
	if (walk->inside && !report)
		return;
	bool head = strstr(type, "rfc822-headers") != NULL ||
		    strcmp(type, "message/global-headers") == 0;
	bool file = strncmp(type, "message/", 8) != 0 && !head && disposition != NULL &&
		    strcasecmp(disposition, "attachment") == 0;
	struct mail_part *part = add_part(walk, type,
		walk->inside	? MAIL_PART_INNER
		: head		? MAIL_PART_RETURNED
		: !read || file ? MAIL_PART_ATTACHED
				: MAIL_PART_BODY);
	if (part == NULL)
		return;
	const char *name = g_mime_part_get_filename(gmime);
	part->name = name == NULL ? NULL : one_line(name);
	if (!read || file)
		return;
	if (walk->texts >= TEXTS_BYTES_MAX) {
		part->cut = walk->mail->cut = true;
		set_text(walk, part, xstrdup(""));
		return;
	}
	size_t len;
	char *bytes = content(gmime, TEXT_BYTES_MAX, &len, &part->cut);
	set_text(walk, part,
		charset_text(bytes, len,
			g_mime_object_get_content_type_parameter(GMIME_OBJECT(gmime), "charset")));
	free(bytes);
}

static void walk_object(struct walk *walk, GMimeObject *object, int depth);

static void walk_message(struct walk *walk, GMimeMessage *message, int depth)
{
	bool inside = walk->inside;
	if (!inside)
		add_returned(walk, message);
	walk->inside = true;
	if (message != NULL)
		walk_object(walk, g_mime_message_get_mime_part(message), depth + 1);
	walk->inside = inside;
}

static void walk_object(struct walk *walk, GMimeObject *object, int depth)
{
	if (object == NULL)
		return;
	if (depth > DEPTH_MAX) {
		walk->mail->cut = true;
		return;
	}
	if (GMIME_IS_MESSAGE_PART(object)) {
		walk_message(
			walk, g_mime_message_part_get_message(GMIME_MESSAGE_PART(object)), depth);
	} else if (GMIME_IS_MULTIPART(object)) {
		int count = g_mime_multipart_get_count(GMIME_MULTIPART(object));
		for (int i = 0; i < count && walk->mail->parts < PARTS_MAX; i++)
			walk_object(walk, g_mime_multipart_get_part(GMIME_MULTIPART(object), i),
				depth + 1);
	} else if (GMIME_IS_PART(object)) {
		char *type =
			g_mime_content_type_get_mime_type(g_mime_object_get_content_type(object));
		char *lower = charset_valid(type, strlen(type));
		text_lower_ascii(lower);
		add_leaf(walk, GMIME_PART(object), lower);
		free(lower);
		g_free(type);
	}
}

/* Nothing to read and no file either: not how people or programs write. */
static bool found_nothing(const struct mail *mail)
{
	for (size_t i = 0; i < mail->parts; i++)
		if (mail->part[i].place == MAIL_PART_ATTACHED ||
			(mail->part[i].place == MAIL_PART_BODY &&
				text_has_words(mail->part[i].text)))
			return false;
	return true;
}

/* A multipart whose boundary never comes, or whose parts were all cut off: the
 * bytes after the head are still worth a look. */
static void add_raw_body(struct walk *walk, const char *at, size_t len)
{
	size_t head = fields_block(at, len);
	if (head == len)
		return;
	struct mail_part *part = add_part(walk, "text/plain", MAIL_PART_BODY);
	if (part == NULL)
		return;
	size_t rest = len - head;
	part->cut = rest > TEXT_BYTES_MAX;
	set_text(walk, part, charset_text(at + head, part->cut ? TEXT_BYTES_MAX : rest, NULL));
}

static char *lower_copy(const char *text)
{
	char *copy = text == NULL ? xstrdup("") : charset_valid(text, strlen(text));
	text_lower_ascii(copy);
	return copy;
}

static GMimeMessage *construct(const char *bytes, size_t len)
{
	size_t joined_len = 0;
	char *joined = encoded_words_join(bytes, len, &joined_len);
	GMimeStream *stream = joined == NULL ? g_mime_stream_mem_new_with_buffer(bytes, len)
					     : g_mime_stream_mem_new_with_buffer(joined, joined_len);
	free(joined);
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
	g_object_unref(parser);
	g_object_unref(stream);
	return message;
}

int mail_parse(const void *bytes, size_t len, struct mail **out, struct error *e)
{
	*out = NULL;
	if (check(bytes, len, e) != 0)
		return -1;
	const char *at = bytes, *end = at + len;
	skip_to_head(&at, end);
	gmime_enter();
	GMimeMessage *message = construct(at, (size_t)(end - at));
	if (message == NULL) {
		gmime_leave();
		return error_set(e, ERROR_INPUT, "%s",
			tr("not a mail: its header cannot be read",
				"не письмо: заголовок не читается"));
	}
	struct mail *mail = xcalloc(1, sizeof *mail);
	struct walk walk = {.mail = mail};
	GMimeObject *whole = g_mime_message_get_mime_part(message);
	take_fields(mail, GMIME_OBJECT(message));
	if (whole != NULL) {
		char *type =
			g_mime_content_type_get_mime_type(g_mime_object_get_content_type(whole));
		mail->type = lower_copy(type);
		g_free(type);
		mail->report_type =
			lower_copy(g_mime_object_get_content_type_parameter(whole, "report-type"));
		walk_object(&walk, whole, 0);
	} else {
		mail->type = xstrdup("text/plain");
		mail->report_type = xstrdup("");
	}
	if (found_nothing(mail))
		add_raw_body(&walk, at, (size_t)(end - at));
	g_object_unref(message);
	gmime_leave();
	*out = mail;
	return 0;
}

void mail_free(struct mail **pointer)
{
	struct mail *mail = *pointer;
	if (mail == NULL)
		return;
	*pointer = NULL;
	for (size_t i = 0; i < mail->fields; i++) {
		free(mail->field[i].name);
		free(mail->field[i].value);
		free(mail->field[i].raw);
	}
	for (size_t i = 0; i < mail->parts; i++) {
		free(mail->part[i].type);
		free(mail->part[i].name);
		free(mail->part[i].text);
	}
	free(mail->field);
	free(mail->part);
	free(mail->type);
	free(mail->report_type);
	free(mail);
}

/* ---- attached files ------------------------------------------------------------ */

struct attached_walk {
	struct mail_file_list *list;
	size_t files_max, bytes_max;
};

/* Whatever the mail says, a name that stays in its folder. */
static char *safe_name(const char *given, size_t number)
{
	char *name = given == NULL ? xstrdup("") : one_line(given);
	for (char *p = name; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f || strchr("/\\:*?\"<>|", *p) != NULL)
			*p = '_';
	text_trim(name);
	if (strlen(name) > NAME_BYTES_MAX) {
		name[NAME_BYTES_MAX] = '\0';
		gate_utf8_mend(name);
	}
	if (gate_file_name(name))
		return name;
	free(name);
	return xasprintf("attachment-%zu", number);
}

static bool is_logo(GMimePart *part, const char *type)
{
	const char *disposition = g_mime_object_get_disposition(GMIME_OBJECT(part));
	return strncmp(type, "image/", 6) == 0 && g_mime_object_get_content_id(GMIME_OBJECT(part)) != NULL &&
	       (disposition == NULL || strcasecmp(disposition, "attachment") != 0);
}

static void take_file(struct attached_walk *walk, GMimePart *part)
{
	char *given = g_mime_content_type_get_mime_type(g_mime_object_get_content_type(GMIME_OBJECT(part)));
	char *type = charset_valid(given, strlen(given));
	const char *disposition = g_mime_object_get_disposition(GMIME_OBJECT(part));
	bool file = !is_read(type) || (strncmp(type, "text/", 5) == 0 && disposition != NULL &&
					      strcasecmp(disposition, "attachment") == 0);
	text_lower_ascii(type);
	g_free(given);
	file = file && !is_logo(part, type);
	if (!file || walk->list->count == walk->files_max) {
		walk->list->left_out += file;
		free(type);
		return;
	}
	struct mail_file one = {.type = type};
	one.data = content(part, walk->bytes_max, &one.len, &one.cut);
	if (one.len == 0 && !one.cut) {
		free(one.data);
		free(type);
		return;
	}
	one.name = safe_name(g_mime_part_get_filename(part), walk->list->count + 1);
	walk->list->item = xrealloc(walk->list->item, walk->list->count + 1, sizeof one);
	walk->list->item[walk->list->count++] = one;
}

static void walk_attached(struct attached_walk *walk, GMimeObject *object, int depth)
{
	if (object == NULL || depth > DEPTH_MAX)
		return;
	if (GMIME_IS_MULTIPART(object)) {
		int count = g_mime_multipart_get_count(GMIME_MULTIPART(object));
		for (int i = 0; i < count && i < PARTS_MAX; i++)
			walk_attached(walk, g_mime_multipart_get_part(GMIME_MULTIPART(object), i), depth + 1);
	} else if (GMIME_IS_PART(object)) {
		take_file(walk, GMIME_PART(object));
	}
}

void mail_attached(const void *bytes, size_t len, size_t files_max, size_t bytes_max,
	struct mail_file_list *out)
{
	const char *at = bytes, *end = at + len;
	struct attached_walk walk = {.list = out, .files_max = files_max, .bytes_max = bytes_max};
	*out = (struct mail_file_list){0};
	skip_to_head(&at, end);
	gmime_enter();
	GMimeMessage *message = construct(at, (size_t)(end - at));
	if (message != NULL) {
		walk_attached(&walk, g_mime_message_get_mime_part(message), 0);
		g_object_unref(message);
	}
	gmime_leave();
}

void mail_file_list_fini(struct mail_file_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->item[i].name);
		free(list->item[i].type);
		free(list->item[i].data);
	}
	free(list->item);
	*list = (struct mail_file_list){0};
}

/* ---- looking things up ----------------------------------------------------- */

static const struct mail_field *field_at(const struct mail *mail, const char *name, size_t i)
{
	for (size_t f = 0; f < mail->fields; f++)
		if (strcasecmp(mail->field[f].name, name) == 0 && i-- == 0)
			return &mail->field[f];
	return NULL;
}

const char *mail_field_at(const struct mail *mail, const char *name, size_t i)
{
	const struct mail_field *field = field_at(mail, name, i);
	return field == NULL ? NULL : field->value;
}

const char *mail_field_raw_at(const struct mail *mail, const char *name, size_t i)
{
	const struct mail_field *field = field_at(mail, name, i);
	return field == NULL ? NULL : field->raw;
}

const char *mail_field(const struct mail *mail, const char *name)
{
	return mail_field_at(mail, name, 0);
}

const struct mail_part *mail_part_of(
	const struct mail *mail, const char *type, const struct mail_part *after)
{
	size_t i = after == NULL ? 0 : (size_t)(after - mail->part) + 1;
	for (; i < mail->parts; i++)
		if (mail->part[i].place != MAIL_PART_INNER &&
			mail->part[i].place != MAIL_PART_ATTACHED &&
			strcmp(mail->part[i].type, type) == 0)
			return &mail->part[i];
	return NULL;
}
