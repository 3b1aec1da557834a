/* What was typed into a form and what is wrong with it. */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "console/people/part.h"

void form_begin_empty(struct form *form)
{
	*form = (struct form){.fields = json_object()};
}

static json_t *field(struct form *form, const char *name)
{
	json_t *one = json_object_get(form->fields, name);
	if (one == NULL) {
		one = json_object();
		json_object_set_new(form->fields, name, one);
	}
	return one;
}

void form_fill(struct form *form, const char *name, const char *value)
{
	json_object_set_new(field(form, name), "value", json_string(value == NULL ? "" : value));
}

const char *form_typed(struct form *form, const struct visit *visit, const char *name)
{
	const char *typed = web_value(visit->request, name);
	typed = typed == NULL ? "" : typed + strspn(typed, " \t\r\n");
	size_t len = strlen(typed);
	while (len > 0 && strchr(" \t\r\n", typed[len - 1]) != NULL)
		len--;
	json_object_set_new(field(form, name), "value", json_stringn(typed, len));
	return json_string_value(json_object_get(field(form, name), "value"));
}

/* The first letter as a capital, Latin or Russian. */
static void capital(char *text)
{
	unsigned char *p = (unsigned char *)text;
	if (p[0] >= 'a' && p[0] <= 'z') {
		p[0] -= 32;
	} else if (p[0] == 0xd0 && p[1] >= 0xb0) { /* а – п */
		p[1] -= 0x20;
	} else if (p[0] == 0xd1 && p[1] >= 0x80 && p[1] <= 0x8f) { /* р – я */
		p[0] = 0xd0;
		p[1] += 0x20;
	}
}

json_t *form_sentence(const char *text)
{
	size_t len = strlen(text);
	char *sentence = xasprintf("%s%s", text, len > 0 && strchr(".!?:", text[len - 1]) == NULL ? "." : "");
	capital(sentence);
	json_t *out = json_string(sentence);
	free(sentence);
	return out;
}

void form_refuse(struct form *form, const char *name, const char *text)
{
	json_t *one = field(form, name);
	form->wrong = true;
	if (json_object_get(one, "error") == NULL)
		json_object_set_new(one, "error", form_sentence(text));
}

json_t *form_take_fields(struct form *form)
{
	json_t *fields = form->fields;
	form->fields = NULL;
	return fields;
}
