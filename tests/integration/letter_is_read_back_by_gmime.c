/* A letter is read by GMime, an independent parser: every header, both bodies
 * and each attachment come back as they were meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gmime/gmime.h>

#include "base/xalloc.h"
#include "calendar/calendar.h"

#include "../support/demo_letter.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static GMimeMessage *parsed(const struct letter_copy *copy)
{
	GMimeStream *stream = g_mime_stream_mem_new();
	for (size_t i = 0; i < copy->count; i++)
		g_mime_stream_write(stream, copy->segment[i].data, copy->segment[i].len);
	g_mime_stream_reset(stream);
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
	g_object_unref(parser);
	g_object_unref(stream);
	assert_non_null(message);
	return message;
}

static char *content_of(GMimeObject *part, size_t *len)
{
	GMimeStream *out = g_mime_stream_mem_new();
	g_mime_data_wrapper_write_to_stream(g_mime_part_get_content(GMIME_PART(part)), out);
	GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(out));
	char *copy = xmalloc(bytes->len + 1);
	memcpy(copy, bytes->data, bytes->len);
	copy[bytes->len] = '\0';
	*len = bytes->len;
	g_object_unref(out);
	return copy;
}

static void assert_content(GMimeObject *part, const char *type, const char *subtype, const char *want,
	size_t want_len)
{
	size_t len;
	assert_true(g_mime_content_type_is_type(g_mime_object_get_content_type(part), type, subtype));
	char *got = content_of(part, &len);
	assert_int_equal(len, want_len);
	assert_memory_equal(got, want, len);
	free(got);
}

static const char *mailbox_name(InternetAddressList *list, const char **address)
{
	assert_int_equal(internet_address_list_length(list), 1);
	InternetAddress *mailbox = internet_address_list_get_address(list, 0);
	*address = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(mailbox));
	return internet_address_get_name(mailbox);
}

static void a_letter_with_everything(void **state)
{
	(void)state;
	static const char *const files[] = {"Результаты мониторинга.pdf", "form.xlsx",
		"Очень длинное название приложения к письму министерства об итогах конкурса за год № 1.docx",
		"it's \xe2\x82\xac 100% (new).pdf"};
	char data[4][5000];
	struct letter_attachment attachments[4];
	for (size_t i = 0; i < COUNT(files); i++) {
		for (size_t b = 0; b < sizeof data[i]; b++)
			data[i][b] = (char)(b * (i + 3) % 256);
		attachments[i] = (struct letter_attachment){
			.name = files[i], .data = data[i], .len = sizeof data[i] - i};
	}
	struct letter_source source = demo_source(attachments, COUNT(files));
	struct problems problems = {0};
	struct letter *letter = letter_compile(&source, &problems);
	assert_non_null(letter);
	json_t *fields = json_loads(demo_fields, 0, NULL);
	struct letter_recipient recipient = {.fields = fields,
		.to_address = "head@school1.example.org",
		.to_name = "Фамилия, \"Имя\" <x> \xf0\x9f\x93\xa7",
		.message_id = "7.2.abcdefghijklmnop@ministry.example.org",
		.date_ms = 1684134000000,
		.unsubscribe_url = "https://portal.example.org/u/"
				   "7.2.abcdefghijklmnopabcdefghijklmnopabcdefghijklmnopabcdefghijklmnop"};
	struct letter_copy copy = {0};
	struct error e;
	char *subject, *text, *html;
	assert_int_equal(letter_fill(letter, &recipient, &copy, &e), 0);
	assert_int_equal(letter_preview(letter, &recipient, &subject, &text, &html, &e), 0);
	GMimeMessage *message = parsed(&copy);

	const char *address;
	assert_string_equal(mailbox_name(g_mime_message_get_from(message), &address), source.from_name);
	assert_string_equal(address, source.from_address);
	assert_string_equal(mailbox_name(g_mime_message_get_to(message), &address), recipient.to_name);
	assert_string_equal(address, recipient.to_address);
	assert_string_equal(g_mime_message_get_subject(message), subject);
	assert_string_equal(g_mime_message_get_message_id(message), recipient.message_id);
	GDateTime *date = g_mime_message_get_date(message);
	assert_int_equal(g_date_time_to_unix(date), recipient.date_ms / 1000);
	char *want = xasprintf("<%s>", recipient.unsubscribe_url);
	assert_string_equal(g_mime_object_get_header(GMIME_OBJECT(message), "List-Unsubscribe"), want);
	free(want);

	GMimeObject *mixed = g_mime_message_get_mime_part(message);
	assert_true(GMIME_IS_MULTIPART(mixed));
	assert_int_equal(g_mime_multipart_get_count(GMIME_MULTIPART(mixed)), 1 + (int)COUNT(files));
	GMimeObject *both = g_mime_multipart_get_part(GMIME_MULTIPART(mixed), 0);
	assert_true(g_mime_content_type_is_type(g_mime_object_get_content_type(both), "multipart", "alternative"));
	assert_int_equal(g_mime_multipart_get_count(GMIME_MULTIPART(both)), 2);
	assert_content(g_mime_multipart_get_part(GMIME_MULTIPART(both), 0), "text", "plain", text, strlen(text));
	assert_content(g_mime_multipart_get_part(GMIME_MULTIPART(both), 1), "text", "html", html, strlen(html));
	for (size_t i = 0; i < COUNT(files); i++) {
		GMimeObject *part = g_mime_multipart_get_part(GMIME_MULTIPART(mixed), (int)i + 1);
		assert_string_equal(g_mime_part_get_filename(GMIME_PART(part)), files[i]);
		assert_string_equal(g_mime_object_get_disposition(part), "attachment");
		size_t len;
		char *got = content_of(part, &len);
		assert_int_equal(len, attachments[i].len);
		assert_memory_equal(got, attachments[i].data, len);
		free(got);
	}
	g_object_unref(message);
	free(subject);
	free(text);
	free(html);
	letter_copy_fini(&copy);
	json_decref(fields);
	letter_unref(&letter);
	problems_fini(&problems);
}

/* Names of every length, so that words are cut at every place. */
static void names_of_every_length(void **state)
{
	(void)state;
	static const char *const pieces[] = {"a", "ж", "\xe2\x82\xac", "\xf0\x9f\x93\xa7", "ж a"};
	struct letter_source source = {.file = "l.md", .markdown = "# {{s}}\n\nb", .markdown_len = 10,
		.zone = "UTC", .from_address = "a@example.org"};
	struct problems problems = {0};
	struct letter *letter = letter_compile(&source, &problems);
	struct letter_copy copy = {0};
	for (size_t p = 0; p < COUNT(pieces); p++)
		for (size_t n = 1; n <= 70; n++) {
			char name[400] = "";
			for (size_t i = 0; i < n; i++)
				memcpy(name + i * strlen(pieces[p]), pieces[p], strlen(pieces[p]) + 1);
			json_t *fields = json_pack("{s:s}", "s", name);
			struct letter_recipient recipient = {.fields = fields, .to_address = "b@example.org",
				.to_name = strlen(name) <= 300 ? name : NULL, .message_id = "1@example.org"};
			struct error e;
			assert_int_equal(letter_fill(letter, &recipient, &copy, &e), 0);
			GMimeMessage *message = parsed(&copy);
			const char *address, *got = mailbox_name(g_mime_message_get_to(message), &address);
			if (strcmp(g_mime_message_get_subject(message), name) != 0)
				fail_msg("subject: got %s, want %s", g_mime_message_get_subject(message), name);
			if (recipient.to_name != NULL && strcmp(got, name) != 0)
				fail_msg("name: got %s, want %s", got, name);
			const char *line = copy.segment[0].data, *end = line + copy.segment[0].len;
			for (const char *c = line; c < end; c++) {
				if (*c != '\n')
					continue;
				if (c - 1 - line > 78)
					fail_msg("a header line of %td", c - 1 - line);
				line = c + 1;
			}
			g_object_unref(message);
			json_decref(fields);
		}
	letter_copy_fini(&copy);
	letter_unref(&letter);
	problems_fini(&problems);
}

/* Files of the recipients' own: after the attachments that all get; none for whoever has none, and the
 * next copy from the same buffers has its own. */
static void everybody_has_a_file_of_his_own(void **state)
{
	(void)state;
	static const char *const own[] = {"Ответ 0101.xlsx", NULL, "Answer 2.xlsx"};
	for (size_t shared = 0; shared < 2; shared++) {
		const struct letter_attachment annex = {.name = "annex.pdf", .data = "%PDF", .len = 4};
		struct letter_source source = demo_source(&annex, shared);
		source.own_file = true;
		struct problems problems = {0};
		struct letter *letter = letter_compile(&source, &problems);
		assert_non_null(letter);
		assert_true(letter_own_file(letter));
		json_t *fields = json_loads(demo_fields, 0, NULL);
		struct letter_copy copy = {0};
		struct error e;
		for (size_t i = 0; i < COUNT(own); i++) {
			char data[3000];
			memset(data, (int)('a' + i), sizeof data);
			const struct letter_attachment file = {.name = own[i], .media_type = "application/x-own", .data = data,
				.len = sizeof data - i};
			struct letter_recipient recipient = {.fields = fields, .to_address = "head@school1.example.org",
				.message_id = "7.2.a@ministry.example.org", .date_ms = 1684134000000,
				.own_file = own[i] == NULL ? NULL : &file};
			assert_int_equal(letter_fill(letter, &recipient, &copy, &e), 0);
			size_t total = 0;
			for (size_t k = 0; k < copy.count; k++)
				total += copy.segment[k].len;
			assert_int_equal(copy.total, total);
			GMimeMessage *message = parsed(&copy);
			GMimeMultipart *mixed = GMIME_MULTIPART(g_mime_message_get_mime_part(message));
			assert_true(g_mime_content_type_is_type(g_mime_object_get_content_type(GMIME_OBJECT(mixed)), "multipart", "mixed"));
			int parts = 1 + (int)shared + (own[i] != NULL);
			assert_int_equal(g_mime_multipart_get_count(mixed), parts);
			assert_int_equal(g_mime_multipart_get_count(GMIME_MULTIPART(g_mime_multipart_get_part(mixed, 0))), 2);
			if (own[i] != NULL) {
				GMimeObject *part = g_mime_multipart_get_part(mixed, parts - 1);
				assert_string_equal(g_mime_part_get_filename(GMIME_PART(part)), own[i]);
				assert_content(part, "application", "x-own", data, file.len);
			}
			g_object_unref(message);
		}
		struct letter_attachment bad = {.name = "../x", .data = "x", .len = 1};
		struct letter_recipient recipient = {.fields = fields, .to_address = "head@school1.example.org",
			.message_id = "7.2.a@ministry.example.org", .date_ms = 1684134000000, .own_file = &bad};
		assert_int_equal(letter_fill(letter, &recipient, &copy, &e), -1);
		bad = (struct letter_attachment){.name = "x", .data = "x", .len = LETTER_OWN_FILE_MAX_BYTES + 1};
		assert_int_equal(letter_fill(letter, &recipient, &copy, &e), -1);
		letter_copy_fini(&copy);
		letter_unref(&letter);
		json_decref(fields);
	}
}

int main(void)
{
	calendar_init();
	ident_init();
	g_mime_init();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_letter_with_everything), cmocka_unit_test(names_of_every_length),
		cmocka_unit_test(everybody_has_a_file_of_his_own)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
