#include "web/page.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "letter/mustache.h"

#define LANGS 2
#define PAGES_MAX 200

struct page {
	char *name; /* without ".html" */
	char *text[LANGS];
	struct mustache *template[LANGS];
};
struct web_pages {
	struct page page[PAGES_MAX];
	size_t count;
	json_t *common;
};

const struct embedded_file *embedded_find(const struct embedded_set *set, const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->file[i].name, name) == 0)
			return &set->file[i];
	return NULL;
}

/* [[English|Русский]] → one of them. Neither holds '|' or ']'. */
static char *in_language(const char *text, enum lang lang)
{
	struct buf out;
	buf_init(&out, PAGE_MAX_BYTES);
	while (*text != '\0') {
		const char *open = strstr(text, "[[");
		const char *bar = open == NULL ? NULL : strchr(open, '|');
		const char *close = bar == NULL ? NULL : strstr(bar, "]]");
		if (close == NULL)
			break;
		buf_append(&out, text, (size_t)(open - text));
		if (lang == LANG_EN)
			buf_append(&out, open + 2, (size_t)(bar - open - 2));
		else
			buf_append(&out, bar + 1, (size_t)(close - bar - 1));
		text = close + 2;
	}
	buf_puts(&out, text);
	return buf_take(&out);
}

static const struct page *find(const struct web_pages *pages, const char *name)
{
	for (size_t i = 0; i < pages->count; i++)
		if (strcmp(pages->page[i].name, name) == 0)
			return &pages->page[i];
	return NULL;
}

static void add(struct web_pages *pages, const struct embedded_file *file)
{
	const char *dot = strrchr(file->name, '.');
	char *name = xstrndup(file->name, dot == NULL ? strlen(file->name) : (size_t)(dot - file->name));
	if (find(pages, name) != NULL) {
		free(name);
		return;
	}
	ASSERT(pages->count < PAGES_MAX);
	struct page *page = &pages->page[pages->count++];
	page->name = name;
	for (enum lang lang = 0; lang < LANGS; lang++)
		page->text[lang] = in_language(file->data, lang);
}

struct partials {
	const struct web_pages *pages;
	enum lang lang;
};

static const char *partial(void *arg, const char *name)
{
	const struct partials *partials = arg;
	const struct page *page = find(partials->pages, name);
	return page == NULL ? NULL : page->text[partials->lang];
}

struct web_pages *web_pages_new(const struct embedded_set *const *sets, size_t count, const json_t *common,
	struct problems *problems)
{
	size_t before = problems->errors;
	struct web_pages *pages = xcalloc(1, sizeof *pages);
	pages->common = json_deep_copy(common);
	for (size_t s = 0; s < count; s++)
		for (size_t i = 0; i < sets[s]->count; i++)
			add(pages, &sets[s]->file[i]);
	for (size_t i = 0; i < pages->count; i++)
		for (enum lang lang = 0; lang < LANGS; lang++) {
			struct page *page = &pages->page[i];
			struct partials partials = {pages, lang};
			lang_use(lang); /* of dates and plurals */
			page->template[lang] = mustache_compile(page->name, page->text[lang], strlen(page->text[lang]),
				MUSTACHE_HTML, partial, &partials, problems);
		}
	lang_use_default();
	if (problems->errors > before)
		web_pages_free(&pages);
	return pages;
}

void web_pages_free(struct web_pages **handle)
{
	struct web_pages *pages = *handle;
	*handle = NULL;
	if (pages == NULL)
		return;
	for (size_t i = 0; i < pages->count; i++) {
		free(pages->page[i].name);
		for (enum lang lang = 0; lang < LANGS; lang++) {
			free(pages->page[i].text[lang]);
			mustache_free(&pages->page[i].template[lang]);
		}
	}
	json_decref(pages->common);
	free(pages);
}

bool web_pages_has(const struct web_pages *pages, const char *name)
{
	return pages != NULL && find(pages, name) != NULL;
}

int web_pages_render(const struct web_pages *pages, const char *name, enum lang lang, json_t *data,
	struct buf *out, struct error *e)
{
	const struct page *page = find(pages, name);
	if (page == NULL)
		return error_set(e, ERROR_INTERNAL, "no page «%s»", name);
	/* a copy: jansson reads its count without care for other threads */
	json_object_set_new(data, "site", json_deep_copy(pages->common));
	json_object_set_new(data, "ru", json_boolean(lang == LANG_RU));
	json_object_set_new(data, "lang", json_string(lang == LANG_RU ? "ru" : "en"));
	return mustache_render(page->template[lang], data, out, e);
}
