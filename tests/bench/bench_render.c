/* How many letters one core composes a second: fields filled in, both bodies
 * encoded, headers written (a letter of 2.8 KB of text and 8.4 KB of HTML). Beside it GMime composing the same letter from
 * texts that are filled in already. One JSON line; medians of ROUNDS runs. */
#include <gmime/gmime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "calendar/calendar.h"

#include "../support/demo_letter.h"

#define ROUNDS 5
#define ROUND_US 400000

/* CPU time, not the wall clock: the figure is per core, and a machine that does
 * other things meanwhile must not change it. */
static int64_t cpu_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

static double run(void (*once)(void *arg), void *arg)
{
	int64_t start = cpu_us(), now = start;
	long count = 0;
	while (now - start < ROUND_US) {
		for (int i = 0; i < 50; i++)
			once(arg);
		count += 50;
		now = cpu_us();
	}
	return (double)count * 1e6 / (double)(now - start);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y ? 1 : 0;
}

struct ours {
	struct letter *letter;
	struct letter_recipient recipient;
	struct letter_copy copy;
};

static void fill_once(void *arg)
{
	struct ours *ours = arg;
	struct error e;
	if (letter_fill(ours->letter, &ours->recipient, &ours->copy, &e) != 0) {
		fprintf(stderr, "%s\n", e.text);
		exit(1);
	}
}

struct theirs {
	char *subject, *text, *html;
	size_t bytes;
};

static GMimeObject *part(const char *subtype, const char *content)
{
	GMimeTextPart *text = g_mime_text_part_new_with_subtype(subtype);
	g_mime_text_part_set_charset(text, "utf-8");
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(content, strlen(content));
	GMimeDataWrapper *wrapper =
		g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);
	g_mime_part_set_content(GMIME_PART(text), wrapper);
	g_mime_part_set_content_encoding(GMIME_PART(text), GMIME_CONTENT_ENCODING_BASE64);
	g_object_unref(wrapper);
	g_object_unref(stream);
	return GMIME_OBJECT(text);
}

static void add_mailbox(GMimeMessage *message, GMimeAddressType type, const char *name, const char *address)
{
	InternetAddress *mailbox = internet_address_mailbox_new(name, address);
	internet_address_set_charset(mailbox, "UTF-8");
	internet_address_list_add(g_mime_message_get_addresses(message, type), mailbox);
	g_object_unref(mailbox);
}

static void gmime_once(void *arg)
{
	struct theirs *theirs = arg;
	GMimeMessage *message = g_mime_message_new(TRUE);
	add_mailbox(message, GMIME_ADDRESS_TYPE_FROM, "Министерство образования", "outreach@ministry.example.org");
	add_mailbox(message, GMIME_ADDRESS_TYPE_TO, "Управление образования", "head@school1.example.org");
	g_mime_message_set_subject(message, theirs->subject, "UTF-8");
	g_mime_message_set_message_id(message, "12.1.k4n2v6q0abcdefgh@ministry.example.org");
	GMimeMultipart *both = g_mime_multipart_new_with_subtype("alternative");
	g_mime_multipart_set_boundary(both, "=_boundary_of_a_letter");
	GMimeObject *text = part("plain", theirs->text), *html = part("html", theirs->html);
	g_mime_multipart_add(both, text);
	g_mime_multipart_add(both, html);
	g_mime_message_set_mime_part(message, GMIME_OBJECT(both));
	GMimeFormatOptions *format = g_mime_format_options_new();
	g_mime_format_options_set_newline_format(format, GMIME_NEWLINE_FORMAT_DOS);
	GMimeStream *out = g_mime_stream_mem_new();
	g_mime_object_write_to_stream(GMIME_OBJECT(message), format, out);
	theirs->bytes = (size_t)g_mime_stream_length(out);
	g_object_unref(out);
	g_mime_format_options_free(format);
	g_object_unref(text);
	g_object_unref(html);
	g_object_unref(both);
	g_object_unref(message);
}

int main(void)
{
	calendar_init();
	ident_init();
	g_mime_init();
	struct letter_source source = demo_source(NULL, 0);
	struct problems problems = {0};
	struct ours ours = {.letter = letter_compile(&source, &problems)};
	struct theirs theirs = {0};
	struct error e;
	if (ours.letter == NULL)
		return 1;
	ours.recipient = (struct letter_recipient){.fields = json_loads(demo_fields, 0, NULL),
		.to_address = "head@school1.example.org",
		.to_name = "Управление образования",
		.message_id = "12.1.k4n2v6q0abcdefgh@ministry.example.org",
		.date_ms = 1684134000000,
		.reply_to = "reply+12.1.k4n2v6q0abcdefgh@ministry.example.org"};
	if (letter_preview(ours.letter, &ours.recipient, &theirs.subject, &theirs.text, &theirs.html, &e) != 0)
		return 1;
	double value[ROUNDS], reference[ROUNDS];
	for (int i = 0; i < ROUNDS; i++) {
		value[i] = run(fill_once, &ours);
		reference[i] = run(gmime_once, &theirs);
	}
	qsort(value, ROUNDS, sizeof value[0], by_size);
	qsort(reference, ROUNDS, sizeof reference[0], by_size);
	printf("{\"bench\":\"render\",\"value\":%.0f,\"unit\":\"letters/s/core\",\"reference\":"
	       "\"GMime composing the same letter\",\"reference_value\":%.0f,\"ratio\":%.2f,"
	       "\"us_per_letter\":%.2f,\"text_bytes\":%zu,\"html_bytes\":%zu,\"letter_bytes\":%zu,"
	       "\"reference_bytes\":%zu}\n",
		value[ROUNDS / 2], reference[ROUNDS / 2], value[ROUNDS / 2] / reference[ROUNDS / 2],
		1e6 / value[ROUNDS / 2], strlen(theirs.text), strlen(theirs.html), ours.copy.total,
		theirs.bytes);
	free(theirs.subject);
	free(theirs.text);
	free(theirs.html);
	letter_copy_fini(&ours.copy);
	letter_unref(&ours.letter);
	json_t *fields = (json_t *)(uintptr_t)ours.recipient.fields;
	json_decref(fields);
	problems_fini(&problems);
	return 0;
}
