#include "settings/settings.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "settings/settings_table.h"

#define KNOWN_MAX 64

/* ---- maps by rows ------------------------------------------------------------------ */

/* The part of a row's path before its dot. */
static char *section_of(const char *path)
{
	const char *dot = strchr(path, '.');
	return dot == NULL ? NULL : xstrndup(path, (size_t)(dot - path));
}

/* Keys of one level, for yaml_unknown. section NULL: the top. The caller frees
 * the strings in own. */
static void known_keys(
	const struct setting_row *rows, const char *section, const char **known, char **own)
{
	size_t n = 0, kept = 0;
	for (; rows->path != NULL && n < KNOWN_MAX; rows++) {
		char *of = section_of(rows->path);
		if (section != NULL) {
			if (of != NULL && strcmp(of, section) == 0)
				known[n++] = strchr(rows->path, '.') + 1;
		} else if (of == NULL) {
			known[n++] = rows->path;
		} else if (kept == 0 || strcmp(own[kept - 1], of) != 0) {
			own[kept++] = of;
			known[n++] = of;
			of = NULL;
		}
		free(of);
	}
	known[n] = NULL;
}

static char *join(const char *shown, const char *path)
{
	return shown[0] == '\0' ? xstrdup(path) : xasprintf("%s.%s", shown, path);
}

static void read_section(const struct settings_reader *reader, const struct setting_row *rows,
	struct yaml_node *map, const char *section, const char *shown, void *base)
{
	const char *known[KNOWN_MAX + 1];
	char *own[KNOWN_MAX] = {0};
	for (const struct setting_row *row = rows; row->path != NULL; row++) {
		char *of = section_of(row->path);
		bool mine = section == NULL ? of == NULL : of != NULL && strcmp(of, section) == 0;
		free(of);
		if (!mine)
			continue;
		const char *key = section == NULL ? row->path : strchr(row->path, '.') + 1;
		struct yaml_node *node = yaml_take(map, key);
		if (node == NULL)
			continue;
		char *path = join(shown, row->path);
		setting_set(reader, row, node, path, base);
		free(path);
	}
	known_keys(rows, section, known, own);
	if (section == NULL)
		for (size_t i = 0; own[i] != NULL; i++) {
			struct yaml_node *inner = yaml_take(map, own[i]);
			char *path = join(shown, own[i]);
			if (inner != NULL && yaml_as_map(&reader->yaml, inner, path))
				read_section(reader, rows, inner, own[i], shown, base);
			free(path);
		}
	char *path = section == NULL ? xstrdup(shown) : join(shown, section);
	yaml_unknown(map, reader->yaml.file, path, known, reader->yaml.problems);
	free(path);
	for (size_t i = 0; own[i] != NULL; i++)
		free(own[i]);
}

void settings_read_map(const struct settings_reader *reader, const struct setting_row *rows,
	struct yaml_node *map, const char *shown, void *base)
{
	read_section(reader, rows, map, NULL, shown, base);
}

/* ---- where the file is ----------------------------------------------------------------- */

static char *find_file(const char *path)
{
	static const char *const places[] = {"vestnik.yaml", "/etc/vestnik/vestnik.yaml"};
	const char *named = getenv("VESTNIK_CONFIG");
	if (path != NULL)
		return xstrdup(path);
	if (named != NULL && named[0] != '\0')
		return xstrdup(named);
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
		if (access(places[i], F_OK) == 0)
			return xstrdup(places[i]);
	return NULL;
}

/* Absolute, because services change their folder. */
static char *folder_of(const char *file)
{
	const char *slash = file == NULL ? NULL : strrchr(file, '/');
	char *folder = slash == NULL   ? xstrdup(".")
		       : slash == file ? xstrdup("/")
				       : xstrndup(file, (size_t)(slash - file));
	char *real = realpath(folder, NULL);
	if (real == NULL)
		return folder;
	free(folder);
	return real;
}

/* ---- defaults that follow from others --------------------------------------------------- */

/* NULL when the installation added none: a folder somebody names must exist. */
static char *calendars_beside(const char *data_dir)
{
	struct stat st;
	char *folder = xasprintf("%s/calendars", data_dir);
	if (stat(folder, &st) == 0 && S_ISDIR(st.st_mode))
		return folder;
	free(folder);
	return NULL;
}

static void complete_paths(struct settings *settings, const char *folder)
{
	const char *state = getenv("STATE_DIRECTORY");
	if (settings->data_dir == NULL && state != NULL && state[0] == '/')
		settings->data_dir = xstrndup(state, strcspn(state, ":"));
	if (settings->data_dir == NULL && strncmp(folder, "/etc", 4) == 0 &&
		(folder[4] == '/' || folder[4] == '\0'))
		settings->data_dir = xstrdup("/var/lib/vestnik");
	if (settings->data_dir == NULL)
		settings->data_dir = settings_absolute(folder, "vestnik-data");
	if (settings->store_url == NULL)
		settings->store_url = xasprintf("sqlite:%s/vestnik.db", settings->data_dir);
	if (settings->key_file == NULL)
		settings->key_file = xasprintf("%s/vestnik.key", settings->data_dir);
	if (settings->calendar.folder == NULL)
		settings->calendar.folder = calendars_beside(settings->data_dir);
	if (settings->run_dir == NULL)
		settings->run_dir = xasprintf("%s/run", settings->data_dir);
}

static void default_relay(const struct settings_reader *reader, struct settings *settings)
{
	free(settings->relays);
	settings->relays = xcalloc(1, sizeof *settings->relays);
	settings->relays_count = 1;
	struct settings_relay *relay = &settings->relays[0];
	settings_fallbacks(reader, settings_relay_rows, relay);
	relay->name = xstrdup("local");
	relay->host = xstrdup("127.0.0.1");
	relay->port = 25;
	relay->security = RELAY_PLAIN;
	relay->quota.per_ms = 0;
}

static void complete(const struct settings_reader *reader, struct settings *settings)
{
	complete_paths(settings, reader->folder);
	settings_join_store_and_bus(reader, settings);
	if (settings->relays_count == 0)
		default_relay(reader, settings);
	for (size_t i = 0; i < settings->relays_count; i++) {
		settings->relays[i].connections_limited = settings->relays[i].connections != 0;
		if (settings->relays[i].connections == 0)
			settings->relays[i].connections = settings->mailer.connections;
	}
	if (settings->mailer.ehlo == NULL) {
		char name[HOST_NAME_MAX + 1] = "";
		if (gethostname(name, sizeof name - 1) != 0 || name[0] == '\0')
			settings->mailer.ehlo = xstrdup("localhost");
		else
			settings->mailer.ehlo = xstrdup(name);
	}
}

static void check_together(const struct settings_reader *reader, const struct settings *settings)
{
	if (settings->mailer.urgent_connections >= settings->mailer.connections &&
		settings->mailer.connections > 1)
		yaml_problem(&reader->yaml, PROBLEM_ERROR, NULL, "mailer.urgent_connections", NULL,
			"%s",
			tr("should be less than mailer.connections",
				"должно быть меньше mailer.connections"));
	if (settings->planner.look_ahead_least > settings->planner.look_ahead_most)
		yaml_problem(&reader->yaml, PROBLEM_ERROR, NULL, "planner.look_ahead_least", NULL,
			"%s",
			tr("should not be more than planner.look_ahead_most",
				"должно быть не больше planner.look_ahead_most"));
	if (settings->mailer.breaker_open_ms > settings->mailer.breaker_open_most_ms)
		yaml_problem(&reader->yaml, PROBLEM_ERROR, NULL, "mailer.breaker_open", NULL, "%s",
			tr("should not be more than mailer.breaker_open_most",
				"должно быть не больше mailer.breaker_open_most"));
}

struct settings *settings_load(const char *path, struct problems *problems)
{
	size_t before = problems->errors;
	struct settings *settings = xcalloc(1, sizeof *settings);
	settings->file = find_file(path);
	char *folder = folder_of(settings->file);
	struct settings_reader reader = {
		.yaml = {.file = settings->file, .problems = problems}, .folder = folder};
	settings->lang = lang_of_environment();
	settings->kafka = xcalloc(1, sizeof *settings->kafka);
	settings_fallbacks(&reader, settings_rows, settings);
	struct yaml_node *root =
		settings->file == NULL ? NULL : yaml_load_file(settings->file, problems);
	if (root != NULL && yaml_as_map(&reader.yaml, root, NULL))
		settings_read_map(&reader, settings_rows, root, "", settings);
	/* Entries that were all commented out must not open the bus to everybody. */
	if (root != NULL && settings_has_key(root, "sources") && !settings->sources_given)
		yaml_problem(&reader.yaml, PROBLEM_ERROR, root, "sources", "sources: []", "%s",
			tr("is empty: write what it should be, or take the key out",
				"пусто: напишите, что нужно, или уберите ключ"));
	yaml_node_free(&root);
	if (problems->errors == before) {
		complete(&reader, settings);
		check_together(&reader, settings);
	}
	free(folder);
	if (problems->errors > before)
		settings_free(&settings);
	return settings;
}

static void free_secret(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
}

void settings_free(struct settings **settings)
{
	struct settings *s = *settings;
	*settings = NULL;
	if (s == NULL)
		return;
	free(s->file);
	free(s->zone);
	free(s->data_dir);
	free_secret(s->store_url);
	free_secret(s->store_password);
	free(s->bus_url);
	for (size_t i = 0; i < s->kafka_count; i++) {
		free(s->kafka[2 * i]);
		free_secret(s->kafka[2 * i + 1]);
	}
	free(s->kafka);
	free(s->key_file);
	free(s->run_dir);
	free(s->log_level);
	free(s->sender.name);
	free(s->sender.address);
	free(s->sender.reply_to);
	free(s->public_url);
	free(s->calendar.name);
	free(s->calendar.folder);
	for (size_t i = 0; i < s->calendar.regions_count; i++) {
		free(s->calendar.regions[i].region);
		free(s->calendar.regions[i].calendar);
	}
	free(s->calendar.regions);
	free(s->mailer.ehlo);
	for (size_t i = 0; i < s->mailer.domains_count; i++)
		free(s->mailer.domains[i].domain);
	free(s->mailer.domains);
	free(s->notifier.ca_file);
	settings_intake_fini(s);
	free(s->portal.listen);
	free(s->portal.proxies);
	free(s->portal.name);
	free(s->portal.colour);
	free(s->portal.privacy_url);
	free(s->portal.contact);
	free(s->portal.assets);
	free(s->console.listen);
	free(s->console.proxies);
	free(s->console.url);
	free(s->console.tls_cert_file);
	free(s->console.tls_key_file);
	for (size_t i = 0; i < s->relays_count; i++)
		settings_relay_fini(&s->relays[i]);
	free(s->relays);
	for (size_t i = 0; i < s->sources_count; i++)
		settings_source_fini(&s->sources[i]);
	free(s->sources);
	free(s);
}

int settings_make_folder(const char *path, struct error *e)
{
	char *part = xstrdup(path);
	int rc = 0;
	for (char *slash = strchr(part + 1, '/'); rc == 0 && slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, 0755) != 0 && errno != EEXIST)
			rc = error_errno(e, "%s", part);
		*slash = '/';
	}
	struct stat st;
	if (rc == 0 && mkdir(path, 0700) != 0 && errno != EEXIST)
		rc = error_errno(e, "%s", path);
	if (rc == 0 && stat(path, &st) != 0)
		rc = error_errno(e, "%s", path);
	if (rc == 0 && !S_ISDIR(st.st_mode))
		rc = error_set(e, ERROR_INPUT, "%s: %s", path, strerror(ENOTDIR));
	free(part);
	return rc;
}

int settings_make_folders(const struct settings *settings, struct error *e)
{
	return settings_make_folder(settings->data_dir, e) != 0 || settings_make_folder(settings->run_dir, e) != 0
		       ? -1
		       : 0;
}
