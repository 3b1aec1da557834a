/* The core of the public Mustache specification, read from its own JSON files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "letter/mustache.h"

#define SPEC VESTNIK_SOURCE_DIR "/../shared/mustache-spec"
#define CASES_EXPECTED 136

static const char *partial_text(void *arg, const char *name)
{
	return json_string_value(json_object_get(arg, name));
}

/* True when the case passes; says what went wrong otherwise. */
static bool run_case(const char *file, const json_t *test)
{
	const char *name = json_string_value(json_object_get(test, "name"));
	const char *text = json_string_value(json_object_get(test, "template"));
	const char *want = json_string_value(json_object_get(test, "expected"));
	struct problems problems = {0};
	struct error e = {0};
	struct buf out;
	buf_init(&out, 100000);
	struct mustache *t = mustache_compile(name, text, strlen(text), MUSTACHE_HTML, partial_text,
		json_object_get(test, "partials"), &problems);
	bool ok = t != NULL && mustache_render(t, json_object_get(test, "data"), &out, &e) == 0 &&
		strcmp(buf_str(&out), want) == 0;
	if (!ok)
		print_error("%s: %s: got «%s»%s%s, want «%s»\n", file, name, buf_str(&out), e.text,
			problems.count > 0 ? problems.item[0].text : "", want);
	mustache_free(&t);
	problems_fini(&problems);
	buf_fini(&out);
	return ok;
}

static void the_core_of_the_specification(void **state)
{
	(void)state;
	static const char *const files[] = {
		"comments", "delimiters", "interpolation", "inverted", "partials", "sections"};
	size_t passed = 0, count = 0;
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		char path[4096];
		snprintf(path, sizeof path, SPEC "/%s.json", files[i]);
		json_error_t error;
		json_t *spec = json_load_file(path, 0, &error);
		if (spec == NULL)
			fail_msg("%s: %s", path, error.text);
		size_t index;
		json_t *test;
		json_array_foreach(json_object_get(spec, "tests"), index, test) {
			count++;
			passed += run_case(files[i], test) ? 1 : 0;
		}
		json_decref(spec);
	}
	if (passed != count || count != CASES_EXPECTED)
		fail_msg("got %zu of %zu cases, want all %d", passed, count, CASES_EXPECTED);
}

int main(void)
{
	FILE *there = fopen(SPEC "/comments.json", "r");
	if (there == NULL) {
		fprintf(stderr, "skipped: the Mustache specification is not at " SPEC "\n");
		return 77;
	}
	fclose(there);
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_core_of_the_specification)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
