/* Four threads fill copies of one letter at once (run it under tsan), each with
 * its own values; every copy must be what one thread alone makes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/xalloc.h"
#include "calendar/calendar.h"

#include "../support/demo_letter.h"

#define THREADS 4
#define LETTERS 300
#define KINDS 8

struct job {
	struct letter *letter; /* a reference of its own */
	const char *const *expected;
	size_t wrong, start;
};

static char *fill(struct letter *letter, struct letter_copy *copy, size_t kind)
{
	char name[64];
	snprintf(name, sizeof name, "Муниципальный округ № %zu", kind);
	json_t *fields = json_loads(demo_fields, 0, NULL);
	json_object_set_new(json_object_get(fields, "recipient"), "municipality", json_string(name));
	struct letter_recipient recipient = {.fields = fields, .to_address = "a@example.org",
		.to_name = name, .message_id = "1@example.org", .date_ms = 1684134000000};
	struct error e;
	char *all = NULL;
	if (letter_fill(letter, &recipient, copy, &e) == 0) {
		char *at = all = xmalloc(copy->total + 1);
		for (size_t i = 0; i < copy->count; i++) {
			memcpy(at, copy->segment[i].data, copy->segment[i].len);
			at += copy->segment[i].len;
		}
		*at = '\0';
	}
	json_decref(fields);
	return all;
}

static void *work(void *arg)
{
	struct job *job = arg;
	struct letter_copy copy = {0};
	for (size_t i = 0; i < LETTERS; i++) {
		size_t kind = (job->start + i) % KINDS;
		char *all = fill(job->letter, &copy, kind);
		if (all == NULL || strcmp(all, job->expected[kind]) != 0)
			job->wrong++;
		free(all);
	}
	letter_copy_fini(&copy);
	letter_unref(&job->letter);
	return NULL;
}

static void threads_share_a_letter(void **state)
{
	(void)state;
	struct letter_attachment file = {.name = "a.pdf", .data = demo_markdown, .len = 1000};
	struct letter_source source = demo_source(&file, 1);
	struct problems problems = {0};
	struct letter *letter = letter_compile(&source, &problems);
	assert_non_null(letter);
	struct letter_copy copy = {0};
	char *expected[KINDS];
	for (size_t i = 0; i < KINDS; i++) {
		expected[i] = fill(letter, &copy, i);
		assert_non_null(expected[i]);
		assert_true(i == 0 || strcmp(expected[i], expected[i - 1]) != 0);
	}
	letter_copy_fini(&copy);
	pthread_t thread[THREADS];
	struct job job[THREADS];
	for (size_t i = 0; i < THREADS; i++) {
		job[i] = (struct job){letter_ref(letter), (const char *const *)expected, 0, i * 3};
		assert_int_equal(pthread_create(&thread[i], NULL, work, &job[i]), 0);
	}
	letter_unref(&letter); /* the threads keep it */
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		assert_int_equal(job[i].wrong, 0);
	}
	for (size_t i = 0; i < KINDS; i++)
		free(expected[i]);
	problems_fini(&problems);
}

int main(void)
{
	calendar_init();
	ident_init();
	const struct CMUnitTest tests[] = {cmocka_unit_test(threads_share_a_letter)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
