/* sources: who may ask for what over the bus. Read here, applied by the planner. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "settings/settings_table.h"

#define SOURCES_MAX 1000
#define SENDERS_MAX 1000
/* As long as message/task.h lets a source be. */
#define SOURCE_MAX_BYTES 256
#define SHOWN_SIZE 32

const char *const settings_task_names[] = {"notify", "campaign.launch", "campaign.pause", "campaign.resume",
	"campaign.cancel", "campaign.retry", "campaign.stage", "campaign.postpone", "campaign.correct",
	"campaign.recall", "recipient.readdress", NULL};

/* ---- asking ---------------------------------------------------------------------- */

/* How much of the source the entry names; -1: another's. An exact one beats every beginning. */
static int fits(const char *entry, const char *source)
{
	size_t len = strlen(entry);
	if (entry[len - 1] != '*')
		return strcmp(entry, source) == 0 ? SOURCE_MAX_BYTES + 1 : -1;
	return strncmp(entry, source, len - 1) == 0 ? (int)len - 1 : -1;
}

bool settings_source_own(const char *source)
{
	return strncmp(source, SETTINGS_OWN_SOURCE, strlen(SETTINGS_OWN_SOURCE)) == 0;
}

const struct settings_source *settings_source_of(const struct settings *settings, const char *source)
{
	const struct settings_source *found = NULL;
	int best = -1;
	for (size_t i = 0; i < settings->sources_count; i++) {
		int much = fits(settings->sources[i].source, source);
		if (much > best) {
			best = much;
			found = &settings->sources[i];
		}
	}
	return found;
}

bool settings_source_may_ask(const struct settings_source *source, const char *task)
{
	for (size_t i = 0; i < source->tasks_count; i++)
		if (strcmp(source->tasks[i], task) == 0)
			return true;
	return false;
}

bool settings_source_may_send_as(const struct settings_source *source, const char *address)
{
	const char *at = strrchr(address, '@');
	for (size_t i = 0; i < source->senders_count; i++) {
		const char *sender = source->senders[i];
		/* The local part is compared as written: case matters there (RFC 5321 2.4). */
		if (strcmp(sender, sender[0] == '@' && at != NULL ? at : address) == 0)
			return true;
	}
	return source->senders_count == 0;
}

/* ---- reading --------------------------------------------------------------------- */

static char **add(char **list, size_t *count, char *owned)
{
	list = xrealloc(list, *count + 1, sizeof *list);
	list[(*count)++] = owned;
	return list;
}

void settings_set_source(const struct settings_reader *reader, const struct yaml_node *node,
	const char *shown, struct settings_source *source)
{
	const char *text = NULL;
	if (!yaml_as_line(&reader->yaml, node, shown, &text))
		return;
	const char *star = strchr(text, '*');
	if (strlen(text) > SOURCE_MAX_BYTES || (star != NULL && star[1] != '\0')) {
		yaml_problem(&reader->yaml, PROBLEM_ERROR, node, shown, NULL,
			tr("«%.100s» is not a CloudEvents source of at most %d bytes, with «*» only at its end",
				"«%.100s» — не источник CloudEvents не длиннее %d байт, где «*» только в конце"),
			text, SOURCE_MAX_BYTES);
		return;
	}
	if (settings_source_own(text)) {
		yaml_problem(&reader->yaml, PROBLEM_ERROR, node, shown, NULL,
			tr("sources that begin with «%s» are Vestnik's own programs: they always may",
				"источники, что начинаются с «%s», — программы самого Вестника: им можно всегда"),
			SETTINGS_OWN_SOURCE);
		return;
	}
	free(source->source);
	source->source = xstrdup(text);
}

void settings_set_tasks(const struct settings_reader *reader, const struct yaml_node *node,
	const char *shown, struct settings_source *source)
{
	if (!yaml_as_list(&reader->yaml, node, shown))
		return;
	for (size_t i = 0; i < node->count; i++) {
		int name;
		if (yaml_as_choice(&reader->yaml, node->item[i], shown, settings_task_names, &name) &&
			!settings_source_may_ask(source, settings_task_names[name]))
			source->tasks = add(source->tasks, &source->tasks_count,
				xstrdup(settings_task_names[name]));
	}
}

/* Through the address gate, so that a domain is written as those of letters are. */
static char *sender_of(const char *text, struct error *e)
{
	char address[GATE_ADDRESS_MAX + 1];
	bool domain = text[0] == '@' || strchr(text, '@') == NULL;
	char *probe = domain ? xasprintf("a@%s", text + (text[0] == '@')) : xstrdup(text);
	int rc = gate_address(probe, address, e);
	free(probe);
	if (rc != 0)
		return NULL;
	return domain ? xasprintf("@%s", gate_address_domain(address)) : xstrdup(address);
}

void settings_set_senders(const struct settings_reader *reader, const struct yaml_node *node,
	const char *shown, struct settings_source *source)
{
	if (!yaml_as_list(&reader->yaml, node, shown))
		return;
	if (node->count == 0 || node->count > SENDERS_MAX) {
		/* An empty list would mean "all", which nobody expects of it. */
		yaml_problem(&reader->yaml, PROBLEM_ERROR, node, shown, NULL,
			tr("want 1 to %d addresses or domains", "нужно от 1 до %d адресов или доменов"),
			SENDERS_MAX);
		return;
	}
	for (size_t i = 0; i < node->count; i++) {
		const char *text = NULL;
		struct error e;
		if (!yaml_as_line(&reader->yaml, node->item[i], shown, &text))
			continue;
		char *sender = sender_of(text, &e);
		if (sender != NULL)
			source->senders = add(source->senders, &source->senders_count, sender);
		else
			yaml_problem(&reader->yaml, PROBLEM_ERROR, node->item[i], shown, NULL,
				tr("«%.100s» is neither an address nor a domain: %s",
					"«%.100s» — не адрес и не домен: %s"),
				text, e.text);
	}
}

static void check(const struct settings_reader *reader, const struct yaml_node *node, const char *shown,
	const struct settings_source *source, const struct settings *settings)
{
	const struct yaml_reader *yaml = &reader->yaml;
	if (!settings_has_key(node, "source"))
		yaml_problem(yaml, PROBLEM_ERROR, node, shown, "source: /contest-registry", "%s",
			tr("the entry has no source", "в записи нет источника (source)"));
	if (!settings_has_key(node, "tasks"))
		yaml_problem(yaml, PROBLEM_ERROR, node, shown, "tasks: [notify]", "%s",
			tr("the entry does not say what it may ask for",
				"в записи не сказано, о чём источник может просить (tasks)"));
	/* A limit whose value was commented out would be no limit. */
	for (size_t i = 0; i < node->count; i++)
		if (yaml_is_null(node->item[i]))
			yaml_problem(yaml, PROBLEM_ERROR, node->item[i], shown, NULL,
				tr("«%.64s» is empty: write its value, or take the key out",
					"«%.64s» пусто: напишите значение или уберите ключ"),
				node->key[i]);
	for (size_t i = 0; source->source != NULL && i < settings->sources_count; i++)
		if (settings->sources[i].source != NULL &&
			strcmp(settings->sources[i].source, source->source) == 0)
			yaml_problem(yaml, PROBLEM_ERROR, node, shown, NULL,
				tr("a second entry for %s", "вторая запись для %s"), source->source);
}

void settings_read_sources(const struct settings_reader *reader, const struct yaml_node *list,
	struct settings *settings)
{
	settings->sources_given = true;
	if (!yaml_as_list(&reader->yaml, list, "sources"))
		return;
	if (list->count > SOURCES_MAX) {
		yaml_problem(&reader->yaml, PROBLEM_ERROR, list, "sources", NULL,
			tr("more than %d sources", "больше %d источников"), SOURCES_MAX);
		return;
	}
	settings->sources = xcalloc(list->count + 1, sizeof *settings->sources);
	for (size_t i = 0; i < list->count; i++) {
		char shown[SHOWN_SIZE];
		struct yaml_node *node = list->item[i];
		struct settings_source *source = &settings->sources[settings->sources_count];
		snprintf(shown, sizeof shown, "sources[%zu]", i);
		if (!yaml_as_map(&reader->yaml, node, shown))
			continue;
		source->line = node->line;
		settings_fallbacks(reader, settings_source_rows, source);
		settings_read_map(reader, settings_source_rows, node, shown, source);
		check(reader, node, shown, source, settings);
		settings->sources_count++;
	}
}

void settings_source_fini(struct settings_source *source)
{
	free(source->source);
	for (size_t i = 0; i < source->tasks_count; i++)
		free(source->tasks[i]);
	free(source->tasks);
	for (size_t i = 0; i < source->senders_count; i++)
		free(source->senders[i]);
	free(source->senders);
}
