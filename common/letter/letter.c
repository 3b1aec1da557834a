/* A letter's source → struct letter: checks, templates, everything that is the
 * same for all recipients in its final form. */
#include "letter/letter.h"

#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"

#include "letter/frame.h"
#include "letter/letter_inside.h"
#include "letter/markdown.h"
#include "letter/mime.h"

/* Attachments above the campaign's total are refused before they come here;
 * this only keeps sizes sane. */
#define ATTACHMENTS_MAX_BYTES ((size_t)256 * 1024 * 1024)
#define HEADERS_MAX_BYTES 16384
#define FRAME_HEAD_MAX_BYTES 65536
#define NAME_MAX_BYTES 400 /* display name or organisation */

/* ---- checks --------------------------------------------------------------------------- */

struct check {
	const struct letter_source *source;
	struct problems *problems;
};

static void wrong(struct check *c, const char *field, const char *hint, const char *text)
{
	problem_add(c->problems, PROBLEM_ERROR, (struct problem_place){c->source->file, 0, 0, field}, hint,
		"%s", text);
}

static void check_line(struct check *c, const char *field, const char *value)
{
	if (value == NULL)
		return;
	if (!gate_header(value, strlen(value)))
		wrong(c, field, NULL, tr("must be one line of text", "должно быть одной строкой текста"));
	else if (strlen(value) > NAME_MAX_BYTES)
		wrong(c, field, NULL, tr("is too long", "слишком длинно"));
}

static void check_address(struct check *c, const char *field, const char *value)
{
	char clean[GATE_ADDRESS_MAX + 1];
	struct error e = {0};
	if (value != NULL && gate_address(value, clean, &e) != 0)
		wrong(c, field, NULL, e.text);
}

static void check_person(struct check *c, const char *field, const struct letter_person *person)
{
	check_line(c, field, person->position);
	check_line(c, field, person->name);
	check_line(c, field, person->phone);
	check_address(c, field, person->address);
}

static void check_attachment(struct check *c, const struct letter_attachment *a)
{
	if (a->name == NULL || !gate_file_name(a->name))
		wrong(c, "attachments", NULL, tr("this file name cannot stand in a letter",
			"такое имя файла не может стоять в письме"));
	if (a->title != NULL && !gate_header(a->title, strlen(a->title)))
		wrong(c, "attachments", NULL, tr("a title must be one line", "название должно быть одной строкой"));
	if (a->media_type != NULL && !mime_type_ok(a->media_type))
		wrong(c, "attachments", "application/pdf", tr("this is no media type", "это не тип содержимого"));
	if (a->len == 0)
		wrong(c, "attachments", NULL, tr("the file is empty", "файл пуст"));
}

static void check_source(struct check *c)
{
	const struct letter_source *s = c->source;
	if (s->from_address == NULL)
		wrong(c, "from.address", NULL, tr("is missing", "не указан"));
	check_address(c, "from.address", s->from_address);
	check_address(c, "reply_to", s->reply_to);
	check_line(c, "from.name", s->from_name);
	check_line(c, "organisation", s->organisation);
	check_line(c, "document.number", s->number);
	check_line(c, "document.date", s->date);
	check_line(c, "document.follows", s->follows);
	check_person(c, "document.signatory", &s->signatory);
	check_person(c, "document.performer", &s->performer);
	for (size_t i = 0; i < s->contacts_count; i++)
		check_person(c, "contacts", &s->contacts[i]);
	size_t total = 0;
	for (size_t i = 0; i < s->attachments_count; i++) {
		check_attachment(c, &s->attachments[i]);
		if (s->attachments[i].link != NULL)
			continue;
		total += s->attachments[i].len < ATTACHMENTS_MAX_BYTES ? s->attachments[i].len
								       : ATTACHMENTS_MAX_BYTES;
	}
	if (total >= ATTACHMENTS_MAX_BYTES)
		wrong(c, "attachments", NULL, tr("are too large", "слишком велики"));
	if (s->list_id != NULL && !mime_plain_token(s->list_id, 200))
		wrong(c, "list_id", "flagships.ministry.example.org",
			tr("this is no list identifier", "это не идентификатор рассылки"));
	if (s->zone != NULL && !calendar_zone_known(s->zone))
		wrong(c, "zone", "Europe/Moscow", tr("unknown time zone", "неизвестный часовой пояс"));
}

/* ---- fixed parts ------------------------------------------------------------------------- */

static void make_boundary(const struct letter_source *s, const char *kind, char out[BOUNDARY_SIZE])
{
	/* Letters differ in their boundary, so that one may travel inside another. */
	char hash[IDENT_HASH_SIZE];
	char *seed = xasprintf("%s|%s|%s|%.*s", kind, s->from_address, s->number == NULL ? "" : s->number,
		(int)s->markdown_len, s->markdown);
	ident_hash(seed, strlen(seed), hash);
	free(seed);
	memcpy(out, "=_", 2);
	memcpy(out + 2, kind, 3);
	out[5] = '_';
	memcpy(out + 6, hash, 24);
	out[30] = '\0';
}

int letter_put_file(struct buf *out, const struct letter_attachment *a, const char *boundary)
{
	const char *type = a->media_type != NULL ? a->media_type : mime_type_of(a->name);
	int rc = buf_printf(out, "--%s\r\nContent-Type: %s", boundary, type);
	rc |= mime_parameter_latin(out, "name", a->name);
	rc |= buf_puts(out, "\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment");
	rc |= mime_parameter(out, "filename", a->name);
	rc |= buf_puts(out, "\r\n\r\n");
	return rc | mime_base64(out, a->data, a->len);
}

static const char text_part[] = "Content-Type: text/plain; charset=utf-8\r\n"
				"Content-Transfer-Encoding: base64\r\n\r\n";
static const char html_part[] = "Content-Type: text/html; charset=utf-8\r\n"
				"Content-Transfer-Encoding: base64\r\n\r\n";

static void make_structure(struct letter *letter, const struct letter_source *s)
{
	char mixed[BOUNDARY_SIZE], alternative[BOUNDARY_SIZE];
	bool has_files = s->own_file;
	int rc = 0;
	for (size_t i = 0; i < s->attachments_count; i++)
		has_files = has_files || s->attachments[i].link == NULL;
	make_boundary(s, "mix", mixed);
	make_boundary(s, "alt", alternative);
	rc |= buf_printf(&letter->headers, "Content-Type: multipart/%s;\r\n boundary=\"%s\"\r\n",
		has_files ? "mixed" : "alternative", has_files ? mixed : alternative);
	if (has_files)
		rc |= buf_printf(&letter->body_start,
			"--%s\r\nContent-Type: multipart/alternative;\r\n boundary=\"%s\"\r\n\r\n", mixed,
			alternative);
	rc |= buf_printf(&letter->body_start, "--%s\r\n%s", alternative, text_part);
	rc |= buf_printf(&letter->body_middle, "--%s\r\n%s", alternative, html_part);
	rc |= buf_printf(&letter->tail, "--%s--\r\n", alternative);
	for (size_t i = 0; i < s->attachments_count; i++)
		if (s->attachments[i].link == NULL)
			rc |= letter_put_file(&letter->tail, &s->attachments[i], mixed);
	if (has_files)
		rc |= buf_printf(s->own_file ? &letter->end : &letter->tail, "--%s--\r\n", mixed);
	ASSERT(rc == 0);
}

static void make_headers(struct letter *letter, const struct letter_source *s)
{
	char from[GATE_ADDRESS_MAX + 1];
	int rc = gate_address(s->from_address, from, NULL);
	const char *name = s->from_name != NULL ? s->from_name : "";
	rc |= mime_mailbox(&letter->headers, "From", name, strlen(name), from);
	if (s->reply_to != NULL) { /* with an IDN domain as punycode */
		char reply_to[GATE_ADDRESS_MAX + 1];
		rc |= gate_address(s->reply_to, reply_to, NULL);
		letter->reply_to = xstrdup(reply_to);
	}
	if (s->list_id != NULL)
		rc |= buf_printf(&letter->headers, "List-Id: <%s>\r\n", s->list_id);
	rc |= buf_puts(&letter->headers, "MIME-Version: 1.0\r\n");
	ASSERT(rc == 0);
}

/* ---- the letter's text -------------------------------------------------------------------- */

static void compile_subject(struct letter *letter, const struct markdown_source *source,
	const char *subject, struct problems *problems)
{
	struct scanner scanner;
	struct tag tag;
	const struct tag *inside[1] = {NULL};
	size_t at = 0;
	scanner_init(&scanner, source->file, subject, strlen(subject));
	while (scanner_next(&scanner, &tag, problems) == 1) {
		template_text(letter->subject, subject + at, tag.start - at);
		at = tag.end;
		if (tag.kind != TAG_CLOSE && tag.kind != TAG_COMMENT && tag.kind != TAG_DELIMITERS)
			markdown_check_tag(source, &tag, inside, 0, problems);
		if (template_tag(letter->subject, &tag, MUSTACHE_HEADER, false, problems) != 0)
			return;
	}
	template_text(letter->subject, subject + at, strlen(subject) - at);
}

static void compile_text(struct letter *letter, const struct letter_source *s, struct problems *problems)
{
	struct template_options options = {.name = s->file != NULL ? s->file : "letter.md",
		.lang = s->lang, .zone = letter->zone, .crlf = true, .strict = true};
	struct markdown_source source = {.file = options.name, .text = s->markdown, .len = s->markdown_len,
		.known_fields = s->known_fields, .hostile_prefixes = s->hostile_prefixes};
	struct problems again = {0};
	size_t errors = problems->errors;
	options.escape = MUSTACHE_HTML;
	letter->html = template_new(&options);
	options.escape = MUSTACHE_TEXT;
	letter->text = template_new(&options);
	options.escape = MUSTACHE_HEADER;
	options.crlf = false;
	letter->subject = template_new(&options);
	struct mustache *heading = template_new(&options); /* when the subject is given apart */
	struct markdown_target target = {.html = letter->html, .text = letter->text,
		.subject = s->subject == NULL ? letter->subject : heading};
	frame_start(letter->html, letter->text);
	(void)markdown_build(&source, &target, problems);
	if (s->block_html != NULL)
		template_puts(letter->html, s->block_html);
	if (s->block_text != NULL)
		template_puts(letter->text, s->block_text);
	if (s->subject != NULL)
		compile_subject(letter, &source, s->subject, problems);
	if (problems->errors == errors) {
		(void)template_finish(letter->html, problems);
		(void)template_finish(letter->text, &again);
		(void)template_finish(letter->subject, problems);
	}
	if (s->subject == NULL && !target.has_heading && problems->errors == errors)
		problem_add(problems, PROBLEM_ERROR, (struct problem_place){source.file, 1, 1, NULL},
			tr("begin it with a line like «# On the results»",
				"начните его строкой вида «# О результатах …»"),
			"%s", tr("the letter has no heading, so it has no subject",
				      "в письме нет заголовка, а значит, и темы"));
	letter->html->constants = letter->text->constants = letter->subject->constants =
		letter->constants;
	if (problems->errors == errors) /* else sections may be open */
		frame_finish(s, letter->html, letter->text);
	mustache_free(&heading);
	problems_fini(&again);
}

struct letter *letter_compile(const struct letter_source *source, struct problems *problems)
{
	struct check check = {source, problems};
	size_t errors = problems->errors;
	check_source(&check);
	struct letter *letter = xcalloc(1, sizeof *letter);
	atomic_init(&letter->references, 1);
	letter->lang = source->lang;
	letter->zone = xstrdup(source->zone != NULL ? source->zone : "UTC");
	letter->may_leave = source->may_leave;
	letter->numbered = source->number != NULL && source->number[0] != '\0';
	letter->own_file = source->own_file;
	letter->constants = json_incref(source->constants);
	buf_init(&letter->headers, HEADERS_MAX_BYTES);
	buf_init(&letter->body_start, HEADERS_MAX_BYTES);
	buf_init(&letter->body_middle, HEADERS_MAX_BYTES);
	buf_init(&letter->tail, 2 * ATTACHMENTS_MAX_BYTES);
	buf_init(&letter->end, BOUNDARY_SIZE + 8);
	buf_init(&letter->html_head, FRAME_HEAD_MAX_BYTES);
	buf_init(&letter->text_head, FRAME_HEAD_MAX_BYTES);
	compile_text(letter, source, problems);
	if (problems->errors == errors) {
		make_headers(letter, source);
		make_structure(letter, source);
		frame_head(source, &letter->html_head, &letter->text_head);
		ASSERT(buf_ok(&letter->html_head) && buf_ok(&letter->text_head));
	} else {
		letter_unref(&letter);
	}
	return letter;
}

struct letter *letter_ref(struct letter *letter)
{
	atomic_fetch_add_explicit(&letter->references, 1, memory_order_relaxed);
	return letter;
}

void letter_unref(struct letter **handle)
{
	struct letter *letter = *handle;
	*handle = NULL;
	if (letter == NULL || atomic_fetch_sub_explicit(&letter->references, 1, memory_order_acq_rel) != 1)
		return;
	mustache_free(&letter->subject);
	mustache_free(&letter->text);
	mustache_free(&letter->html);
	buf_fini(&letter->headers);
	buf_fini(&letter->body_start);
	buf_fini(&letter->body_middle);
	buf_fini(&letter->tail);
	buf_fini(&letter->end);
	buf_fini(&letter->html_head);
	buf_fini(&letter->text_head);
	json_decref(letter->constants);
	free(letter->zone);
	free(letter->reply_to);
	free(letter);
}

bool letter_own_file(const struct letter *letter)
{
	return letter->own_file;
}

size_t letter_size_estimate(const struct letter *letter)
{
	size_t page = letter->html_head.len + letter->text_head.len + letter->html->bytes_len +
		letter->text->bytes_len;
	return letter->headers.len + letter->body_start.len + letter->body_middle.len + letter->tail.len +
		mime_base64_size(page);
}
