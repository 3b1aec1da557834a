/* Every step's letter, compiled once per text, checked against the fields it will
 * find, and tried with everybody's. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "campaign/compile.h"
#include "campaign/definition.h"
#include "campaign/folder.h"

#define BATCH 1000
#define SHOWN 5		  /* examples in one message */
#define TRIALS_MOST 20000 /* of one text: about a quarter of a second */
#define TRIALS_IN_ALL 60000

/* Does the letter's text have a tag whose name begins with this? */
bool folder_letter_uses(const struct folder_letter *letter, const char *name)
{
	size_t len = strlen(name);
	const char *p = letter->file.data;
	while (p != NULL && (p = strstr(p, "{{")) != NULL) {
		p += 2;
		p += strspn(p, "{#^&/ \t");
		if (strncmp(p, name, len) == 0 && (p[len] == '.' || p[len] == '}' || p[len] == ' '))
			return true;
	}
	return false;
}

/* ---- which rounds a step is for -------------------------------------------------------------- */

static bool in_list(const json_t *list, int step)
{
	size_t index;
	const json_t *item;
	json_array_foreach(list, index, item)
		if (json_integer_value(json_object_get(item, "step")) == step)
			return true;
	return false;
}

static bool is_step(const json_t *round, const char *name, int step)
{
	const json_t *value = json_object_get(round, name);
	return value != NULL && json_integer_value(value) == step;
}

enum use { USE_NONE, USE_OWN, USE_COLLECT, USE_ACKNOWLEDGE };
static enum use use_of(const json_t *round, int step)
{
	if (is_step(round, "first", step) || in_list(json_object_get(round, "remind"), step))
		return USE_OWN;
	if (is_step(round, "collect_first", step) || in_list(json_object_get(round, "collect_remind"), step))
		return USE_COLLECT;
	return is_step(round, "acknowledge", step) ? USE_ACKNOWLEDGE : USE_NONE;
}

static const json_t *deadline_of(const json_t *round, enum use use)
{
	return use == USE_ACKNOWLEDGE
		       ? NULL
		       : json_object_get(round, use == USE_COLLECT ? "collect" : "deadline");
}

struct step_facts {
	const json_t *step;
	enum use use;       /* NONE: goes when something happens */
	bool deadline;      /* all its rounds have one */
	const json_t *round; /* an example: borrowed from rounds */
};

static struct step_facts facts_of(const json_t *rounds, const json_t *step)
{
	int number = (int)json_integer_value(json_object_get(step, "step"));
	struct step_facts facts = {.step = step, .deadline = true};
	const json_t *round, *asking = NULL;
	size_t index;
	json_array_foreach(rounds, index, round)
	{
		enum use use = use_of(round, number);
		if (asking == NULL && json_object_get(round, "deadline") != NULL)
			asking = round;
		if (use == USE_NONE)
			continue;
		facts.use = use;
		facts.deadline = facts.deadline && deadline_of(round, use) != NULL;
		if (facts.round == NULL || json_is_true(json_object_get(facts.round, "draft")))
			facts.round = round;
	}
	if (facts.round == NULL) {
		facts.round = asking != NULL ? asking : json_array_get(rounds, 0);
		facts.deadline = asking != NULL;
	}
	return facts;
}

static bool is_kind(const struct step_facts *facts, const char *kind)
{
	return strcmp(json_string_value(json_object_get(facts->step, "kind")), kind) == 0;
}

/* ---- fields that are made later ------------------------------------------------------------------ */

static void put_link(json_t *links, const char *public_url, char letter, const char *name)
{
	char *url = xasprintf("%s/%c/example", public_url, letter);
	folder_put(links, name, url);
	free(url);
}

static json_t *example_links(const struct campaign_folder *folder)
{
	static const struct {
		const char *name;
		char letter;
	} all[] = {{"answer", 'a'}, {"acknowledge", 'k'}, {"cascade", 'm'}, {"forward", 'f'}, {"sheet", 'x'}};
	json_t *links = json_object(), *files = json_object();
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		put_link(links, folder->public_url, all[i].letter, all[i].name);
	for (size_t i = 0; i < folder->attachments; i++) {
		char position[24];
		snprintf(position, sizeof position, "%zu", i + 1);
		if (compile_linked(folder->definition, i + 1))
			put_link(files, folder->public_url, 'd', position);
	}
	json_object_set_new(links, "file", files);
	return links;
}

static json_t *example_of(const struct campaign_folder *folder, const struct step_facts *facts,
	const json_t *fields)
{
	json_t *all = json_copy((json_t *)(uintptr_t)fields);
	json_t *round = definition_round_fields(
		folder->definition, facts->round, deadline_of(facts->round, facts->use));
	json_object_update(all, round);
	json_decref(round);
	if (folder->public_url != NULL)
		json_object_set_new(all, "link", example_links(folder));
	return all;
}

json_t *folder_example_fields(const struct campaign_folder *folder, int step, const json_t *fields)
{
	json_t *rounds = definition_rounds(folder->definition), *item, *all = NULL;
	size_t index;
	json_array_foreach(json_object_get(folder->definition, "steps"), index, item)
		if (json_integer_value(json_object_get(item, "step")) == step) {
			struct step_facts facts = facts_of(rounds, item);
			all = example_of(folder, &facts, fields);
			break;
		}
	json_decref(rounds);
	return all != NULL ? all : json_copy((json_t *)(uintptr_t)fields);
}

/* ---- names ------------------------------------------------------------------------------------------ */

struct names {
	char **item;
	size_t count, cap;
};

__attribute__((format(printf, 2, 3))) static void add_name(
	struct names *names, const char *fmt, ...)
{
	char text[400];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (names->count + 1 >= names->cap) {
		names->cap = names->cap == 0 ? 64 : names->cap * 2;
		names->item = xrealloc(names->item, names->cap, sizeof *names->item);
	}
	names->item[names->count++] = xstrdup(text);
	names->item[names->count] = NULL;
}

static void add_tree(struct names *names, const char *prefix, const json_t *object)
{
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		char *path = prefix[0] == '\0' ? xstrdup(key) : xasprintf("%s.%s", prefix, key);
		if (json_is_object(value))
			add_tree(names, path, value);
		else
			add_name(names, "%s", path);
		free(path);
	}
}

static void known_links(const struct folder_reader *r, const struct step_facts *facts, struct names *names)
{
	const struct campaign_folder *folder = r->folder;
	bool answers = facts->deadline && facts->use != USE_ACKNOWLEDGE && !is_kind(facts, "recall");
	add_name(names, "link.forward");
	if (answers) {
		add_name(names, "link.answer");
		if (r->ask.table)
			add_name(names, "link.sheet");
		if (r->ask.cascade && facts->use != USE_COLLECT)
			add_name(names, "link.cascade");
	}
	if (facts->use == USE_ACKNOWLEDGE)
		add_name(names, "link.acknowledge");
	for (size_t i = 0; i < folder->attachments; i++)
		if (compile_linked(folder->definition, i + 1))
			add_name(names, "link.file.%zu", i + 1);
}

static void known_previous(const struct folder_reader *r, struct names *names)
{
	const json_t *previous = json_object_get(r->folder->definition, "previous"), *field;
	size_t index;
	if (previous == NULL)
		return;
	add_name(names, r->previous_unknown ? "previous.*" : "previous.answered");
	add_name(names, "previous.number");
	add_name(names, "previous.date");
	json_array_foreach(json_object_get(previous, "fields"), index, field)
		add_name(names, "previous.%s", json_string_value(field));
}

static void known_fields(const struct folder_reader *r, const struct folder_extras *extras,
	const struct step_facts *facts, struct names *names)
{
	static const char *const own[] = {"recipient.key", "recipient.name", "recipient.kind",
		"recipient.region", "recipient.municipality", "contact.name", "contact.position",
		"contact.role", "round.label", "round.number", NULL};
	static const char *const deadline[] = {"deadline.date", "deadline.at", "deadline.full", NULL};
	const json_t *definition = r->folder->definition, *dataset, *column;
	size_t index, c;
	for (size_t i = 0; own[i] != NULL; i++)
		add_name(names, "%s", own[i]);
	for (size_t i = 0; facts->deadline && deadline[i] != NULL; i++)
		add_name(names, "%s", deadline[i]);
	for (size_t i = 0; i < extras->count; i++)
		add_name(names, "recipient.%s", extras->name[i]);
	/* Those asked through a parent are other organisations, with other columns. */
	if (!extras->directory || facts->use == USE_COLLECT)
		add_name(names, "recipient.*");
	json_array_foreach(json_object_get(definition, "datasets"), index, dataset)
	{
		const char *name = json_string_value(json_object_get(dataset, "name"));
		if (r->folder->dataset[index] == NULL)
			add_name(names, "%s.*", name);
		json_array_foreach(json_object_get(dataset, "columns"), c, column)
			add_name(names, "%s.%s", name, json_string_value(column));
	}
	known_previous(r, names);
	known_links(r, facts, names);
	json_t *constants = compile_constants(definition);
	add_tree(names, "", constants);
	json_decref(constants);
}

/* ---- compiling --------------------------------------------------------------------------------------- */

/* A letter of ours does without links; a letter that wants them fails for everybody. */
static void check_links(struct folder_reader *r, const struct folder_letter *letter)
{
	if (r->settings->public_url != NULL || letter->standard || strstr(letter->file.data, "{{link.") == NULL)
		return;
	problem_add(r->yaml.problems, PROBLEM_ERROR, (struct problem_place){.file = letter->file.name},
		"public_url: https://answers.example.org", "%s",
		tr("the letter has a link to the public pages, and the settings have no public_url",
			"в письме ссылка на публичные страницы, а в настройках нет public_url"));
}

/* What the letter complains of that stands in the YAML file was said there already. */
static struct letter *compile_one(struct folder_reader *r, const struct folder_extras *extras,
	const struct step_facts *facts, const struct folder_letter *letter)
{
	struct campaign_folder *folder = r->folder;
	struct names names = {0};
	struct letter_attachment *attachments =
		xcalloc(folder->attachments + 1, sizeof *attachments);
	for (size_t i = 0; i < folder->attachments; i++)
		attachments[i] = (struct letter_attachment){.name = folder->attachment[i].name,
			.title = folder->attachment[i].title,
			.media_type = folder->attachment[i].media_type,
			.data = folder->attachment[i].data,
			.len = folder->attachment[i].len};
	known_fields(r, extras, facts, &names);
	struct compile_source source = {.definition = folder->definition,
		.file = letter->file.name,
		.markdown = letter->file.data,
		.markdown_len = letter->file.len,
		.step = facts->step,
		.attachments = attachments,
		.attachments_count = folder->attachments,
		.known_fields = letter->standard ? NULL : (const char *const *)names.item};
	struct letter *compiled = compile_letter(&source, r->yaml.problems);
	check_links(r, letter);
	for (size_t i = 0; i < names.count; i++)
		free(names.item[i]);
	free(names.item);
	free(attachments);
	return compiled;
}

/* The same text with the same attachments, also for another kind of step, is compiled once. */
static const struct folder_step *compiled_before(const struct campaign_folder *folder, const json_t *step)
{
	const char *name = json_string_value(json_object_get(step, "letter"));
	for (size_t i = 0; i < folder->steps; i++) {
		const json_t *other = json_array_get(
			json_object_get(folder->definition, "steps"), (size_t)folder->step[i].step);
		if (strcmp(json_string_value(json_object_get(other, "letter")), name) == 0 &&
			compile_carries(other) == compile_carries(step) &&
			json_equal(json_object_get(other, "kind"), json_object_get(step, "kind")))
			return &folder->step[i];
	}
	return NULL;
}

/* ---- the trial ------------------------------------------------------------------------------------------ */

struct trial {
	const struct campaign_folder *folder;
	const struct step_facts *facts;
	struct letter *letter;
	struct letter_copy copy;
	int64_t failed;
	struct buf examples;
	char why[512];
	int64_t tried;
};

static int try_one(void *arg, const struct campaign_recipient *recipient)
{
	struct trial *trial = arg;
	struct error e = {0};
	json_t *fields = example_of(trial->folder, trial->facts, recipient->fields);
	struct letter_recipient to = {.fields = fields,
		.to_address = recipient->address,
		.to_name = recipient->contact_name,
		.message_id = "check@vestnik.invalid"};
	trial->tried++;
	if (letter_fill(trial->letter, &to, &trial->copy, &e) != 0) {
		if (trial->failed == 0)
			memcpy(trial->why, e.text, sizeof trial->why);
		if (trial->failed++ < SHOWN)
			(void)buf_printf(&trial->examples, "%s%s («%.80s»)", trial->examples.len == 0 ? "" : ", ",
				recipient->key, recipient->name);
	}
	json_decref(fields);
	return 0;
}

static void walk_trial(struct folder_reader *r, struct trial *trial, const struct audience *audience, int64_t most)
{
	struct error e = {0};
	struct audience_call call = {.audience = audience, .most = BATCH, .each = try_one, .arg = trial};
	while (!call.end && trial->tried < most) {
		if (audience_walk(r->db, &call, &e) != 0) {
			folder_error(r, r->audience_node, "audience", NULL, "%s", e.text);
			break;
		}
		call.after = call.last;
	}
}

static int64_t try_letter(struct folder_reader *r, const struct step_facts *facts, struct letter *letter,
	const char *file, int64_t most)
{
	struct trial trial = {.folder = r->folder, .facts = facts, .letter = letter};
	const json_t *own = json_object_get(facts->round, "audience");
	struct audience audience;
	struct error e = {0};
	buf_init(&trial.examples, 4096);
	if (own == NULL) {
		walk_trial(r, &trial, &r->folder->audience, most);
	} else {
		if (folder_audience_init(r->folder, own, &audience, &e) == 0)
			walk_trial(r, &trial, &audience, most);
		audience_fini(&audience);
	}
	if (trial.failed > 0)
		problem_add(r->yaml.problems, PROBLEM_ERROR, (struct problem_place){.file = file}, NULL,
			tr("cannot be filled for %lld recipients: %s%s: %s",
				"не заполняется для адресатов (%lld): %s%s: %s"),
			(long long)trial.failed, buf_str(&trial.examples),
			trial.failed > SHOWN ? ", …" : "", trial.why);
	letter_copy_fini(&trial.copy);
	buf_fini(&trial.examples);
	return trial.tried;
}

/* Whom the planner chooses otherwise (schools of a cascade, persons) is not tried. */
static bool tried(const struct step_facts *facts)
{
	return facts->use != USE_COLLECT && facts->use != USE_ACKNOWLEDGE;
}

void folder_compile(struct folder_reader *r, const struct folder_extras *extras)
{
	struct campaign_folder *folder = r->folder;
	json_t *rounds = definition_rounds(folder->definition), *step;
	size_t index, before = r->yaml.problems->errors;
	int64_t left = TRIALS_IN_ALL;
	folder->step = xcalloc(json_array_size(json_object_get(folder->definition, "steps")) + 1,
		sizeof *folder->step);
	json_array_foreach(json_object_get(folder->definition, "steps"), index, step)
	{
		struct step_facts facts = facts_of(rounds, step);
		const struct folder_step *same = compiled_before(folder, step);
		const struct folder_letter *letter = folder_letter_find(
			folder, json_string_value(json_object_get(step, "letter")));
		struct letter *compiled = same != NULL ? letter_ref(same->letter)
			: letter == NULL || letter->file.data == NULL || folder->sender == NULL
				? NULL
				: compile_one(r, extras, &facts, letter);
		if (compiled == NULL)
			continue;
		folder->step[folder->steps++] =
			(struct folder_step){(int)json_integer_value(json_object_get(step, "step")), compiled};
		if (same == NULL && tried(&facts) && left > 0 && extras->trial &&
			r->yaml.problems->errors == before)
			left -= try_letter(r, &facts, compiled, letter->file.name,
				left < TRIALS_MOST ? left : TRIALS_MOST);
	}
	json_decref(rounds);
}
