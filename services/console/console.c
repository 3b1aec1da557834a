/* Starting and stopping; what all pages share. */
#include "console/console.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "compose/compose.h"
#include "console/api/api.h"
#include "console/gate.h"
#include "console/leftovers.h"
#include "console/operate/tail.h"
#include "console/campaign/case_file.h"
#include "console/parts.h"
#include "console/people/personal.h"
#include "directory/search.h"
#include "retention/retention.h"
#include "intake/mail.h"
#include "web/asset.h"

/* A whole ministry may sit behind one address; htmx asks often. */
#define VISITORS_BURST 600
#define VISITORS_PER_MINUTE 1800
/* Logging in, per address: a person errs some times. Beside it each account locks itself (account.h). */
#define LOGINS_BURST 20
#define LOGINS_PER_MINUTE 10
/* Per browser that has been logged in before (and per session that asks for the own password). */
#define BROWSERS_BURST 5
#define BROWSERS_PER_MINUTE 1
/* Lines in the audit log about logins that were refused, of all together. */
#define REFUSALS_BURST 200
#define REFUSALS_PER_MINUTE 30
#define STYLE_MAX_BYTES (512 * 1024)
#define SWEEP_EVERY_MS 600000
#define FILL_ROWS 500 /* in one transaction: 30 ms, so that others get in between */
#define EXPIRE_EVERY_MS (INT64_C(24) * 3600 * 1000)

extern const struct embedded_set console_page_files, askform_page_files, console_assets, web_assets_own;

/* ---- what stands around each page --------------------------------------------------- */

static int add_files(struct console *console, struct error *e)
{
	for (size_t i = 0; i < console_assets.count; i++) {
		const struct embedded_file *file = &console_assets.file[i];
		if (web_assets_add(console->assets, file->name, file->data, file->len, e) != 0)
			return -1;
	}
	return 0;
}

/* One stylesheet: the portal's words, the console's, the ministry's colour and what it adds. */
static int add_style(struct console *console, struct error *e)
{
	const struct embedded_file *ours = embedded_find(&web_assets_own, "style.css");
	const struct embedded_file *own = embedded_find(&console_assets, "console.css");
	const struct asset *theirs = web_assets_find(console->assets, "style.css");
	struct buf css;
	buf_init(&css, STYLE_MAX_BYTES);
	(void)buf_puts(&css, ours->data);
	(void)buf_puts(&css, own->data);
	(void)buf_printf(&css, "\n:root { --accent: %s; }\n", console->settings->portal.colour);
	if (theirs != NULL)
		(void)buf_append(&css, theirs->data, theirs->len);
	int rc = buf_ok(&css) ? web_assets_add(console->assets, "style.css", buf_str(&css), css.len, e)
			      : error_set(e, ERROR_FULL, "style.css: too large");
	buf_fini(&css);
	return rc;
}

static void set_url(const struct console *console, json_t *site, const char *member, const char *const *names)
{
	for (; *names != NULL; names++) {
		char *url = web_assets_url(console->assets, *names);
		if (url == NULL)
			continue;
		json_object_set_new(site, member, json_string(url));
		free(url);
		return;
	}
}

static json_t *site_of(const struct console *console)
{
	static const struct {
		const char *member, *names[4];
	} files[] = {{"style", {"style.css"}}, {"logo", {"logo.svg", "logo.png"}}, {"icon", {"icon.svg", "icon.png", "favicon.ico"}},
		{"htmx", {"htmx.min.js"}}, {"sse", {"sse.min.js"}}, {"uplot", {"uPlot.iife.min.js"}},
		{"uplot_style", {"uPlot.min.css"}}, {"script", {"console.js"}}};
	const struct settings *s = console->settings;
	json_t *site = json_pack("{s:s, s:s}", "name", s->portal.name != NULL ? s->portal.name : s->sender.name != NULL ? s->sender.name : "",
		"version", VESTNIK_VERSION);
	for (size_t i = 0; site != NULL && i < sizeof files / sizeof files[0]; i++)
		set_url(console, site, files[i].member, files[i].names);
	return site;
}

static int prepare_pages(struct console *console, struct error *e)
{
	const struct embedded_set *const sets[] = {&console_page_files, &askform_page_files};
	const struct settings *s = console->settings;
	struct problems problems = {0};
	console->assets = web_assets_new();
	if (add_files(console, e) != 0)
		return -1;
	if (s->portal.assets != NULL && web_assets_add_folder(console->assets, s->portal.assets, e) != 0)
		return error_context(e, "portal.assets");
	if (add_style(console, e) != 0)
		return -1;
	json_t *site = site_of(console);
	if (site == NULL)
		return error_set(e, ERROR_INPUT, "portal: the settings are not UTF-8");
	console->pages = web_pages_new(sets, sizeof sets / sizeof sets[0], site, &problems);
	json_decref(site);
	if (console->pages == NULL)
		error_set(e, ERROR_INTERNAL, "%s", problems.count > 0 ? problems.item[0].text : "the pages do not compile");
	problems_fini(&problems);
	return console->pages != NULL ? 0 : -1;
}

/* ---- routes ---------------------------------------------------------------------------- */

static struct web_route *make_routes(void)
{
	size_t count = 0, at = 0;
	for (size_t t = 0; t < console_tables_count; t++)
		for (const struct console_route *row = console_tables[t]; row->path != NULL; row++)
			count++;
	struct web_route *routes = xcalloc(count + 1, sizeof *routes);
	for (size_t t = 0; t < console_tables_count; t++)
		for (const struct console_route *row = console_tables[t]; row->path != NULL; row++)
			routes[at++] = (struct web_route){row->method, row->path, console_gate, row->body_max, row->files_max};
	return routes;
}

/* ---- workers, limits ------------------------------------------------------------------ */

static int worker_open(void *arg, void **out, struct error *e)
{
	struct console *console = arg;
	struct worker *worker = xcalloc(1, sizeof *worker);
	worker->console = console;
	if (daemon_open_store(console->daemon, &worker->db, e) != 0) {
		free(worker);
		return -1;
	}
	*out = worker;
	return 0;
}

static void worker_close(void *arg, void *handle)
{
	struct worker *worker = handle;
	(void)arg;
	db_close(&worker->db);
	free(worker);
}

static bool admit(void *arg, const struct web_request *request)
{
	struct console *console = arg;
	return gate_known_program(console, request) || /* counted by its key: others may come from the same address */
		throttle_take(console->visitors, web_neighbourhood(request), clock_mono_ms());
}

/* ---- the service ------------------------------------------------------------------------ */

static int open_pages(struct console *console, struct address_set *proxies, struct error *e)
{
	const struct settings *s = console->settings;
	if (address_set_read(proxies, s->console.proxies, e) != 0)
		return error_context(e, "console.proxies");
	console->routes = make_routes();
	static const struct web_route *tables[1];
	tables[0] = console->routes;
	const struct web_config config = {.listen = s->console.listen,
		.threads = s->console.threads,
		.tls_cert_file = s->console.tls_cert_file,
		.tls_key_file = s->console.tls_key_file,
		.folder = s->run_dir,
		.proxies = proxies,
		.tables = tables,
		.tables_count = 1,
		.pages = console->pages,
		.assets = console->assets,
		.worker_open = worker_open,
		.worker_close = worker_close,
		.admit = admit,
		.known = gate_known,
		.problem = api_refusal,
		.words = gate_words,
		.arg = console};
	return web_start(&console->web, &config, e);
}

static int console_start(struct daemon *daemon, void **state, struct error *e)
{
	static struct address_set proxies; /* as long as the server */
	struct console *console = xcalloc(1, sizeof *console);
	*state = console;
	mail_init(); /* staff look at mails */
	console->daemon = daemon;
	console->settings = daemon_settings(daemon);
	console->key = daemon_key(daemon);
	console->bus = daemon_bus(daemon);
	console->visitors = throttle_new(VISITORS_BURST, VISITORS_PER_MINUTE);
	console->programs = throttle_new(console->settings->console.api_per_minute, console->settings->console.api_per_minute);
	console->logins = throttle_new(LOGINS_BURST, LOGINS_PER_MINUTE);
	console->browsers = throttle_new(BROWSERS_BURST, BROWSERS_PER_MINUTE);
	console->refusals = throttle_new(REFUSALS_BURST, REFUSALS_PER_MINUTE);
	console->known = known_new();
	console->tail = tail_new(console);
	proxies = (struct address_set){0};
	struct timespec begun;
	(void)clock_gettime(CLOCK_REALTIME_COARSE, &begun);
	if (prepare_pages(console, e) != 0 || open_pages(console, &proxies, e) != 0)
		return -1;
	leftovers_sweep(console->settings->run_dir, &begun);
	log_info("console.listening", "port=%d", web_port(console->web));
	return 0;
}

static bool leaving(void *arg)
{
	const struct console *console = arg;
	return daemon_stopping(console->daemon);
}

/* Once a day, and after a start. */
static int expire(struct console *console, struct db *db, struct error *e)
{
	const struct orderer who = {.settings = console->settings, .key = console->key, .bus = console->bus, .actor = "vestnik/console"};
	struct retention_counts counts;
	int64_t now_ms = clock_now_ms();
	if (now_ms - console->expired_ms < EXPIRE_EVERY_MS && now_ms >= console->expired_ms)
		return 0;
	int rc = retention_run(&who, db, now_ms, leaving, console, &counts, e);
	if (rc == 0)
		console->expired_ms = now_ms;
	return rc;
}

/* After an upgrade, once: organisations older than the search are made to be found. */
static int fill(const struct console *console, struct db *db, struct error *e)
{
	int rc = 0;
	for (bool left = true; rc == 0 && left && !daemon_stopping(console->daemon);)
		rc = search_fill(db, FILL_ROWS, &left, e);
	return rc;
}

static int sweep(void *arg, int wait_ms, struct error *e)
{
	struct console *console = arg;
	struct db *db = NULL;
	int rc = daemon_open_store(console->daemon, &db, e);
	if (rc == 0)
		rc = fill(console, db, e);
	if (rc == 0)
		rc = session_sweep(db, clock_now_ms(), console->settings->console.idle_ms, e);
	if (rc == 0)
		rc = once_sweep(db, clock_now_ms(), e);
	if (rc == 0)
		rc = compose_sweep(db, e);
	if (rc == 0)
		rc = expire(console, db, e);
	db_close(&db);
	if (rc == 0)
		daemon_wait(console->daemon, wait_ms);
	return rc;
}

static int console_run(struct daemon *daemon, void *state, struct error *e)
{
	return daemon_run_steps(daemon, sweep, state, SWEEP_EVERY_MS, e);
}

static void console_stop(struct daemon *daemon, void *state)
{
	struct console *console = state;
	erasing_stop();
	tail_stop(console->tail); /* its streams end before the server waits for them */
	web_stop(&console->web, daemon_settings(daemon)->drain_ms);
	tail_free(&console->tail);
	case_files_stop();
	web_pages_free(&console->pages);
	web_assets_free(&console->assets);
	throttle_free(&console->visitors);
	throttle_free(&console->programs);
	known_free(&console->known);
	throttle_free(&console->logins);
	throttle_free(&console->browsers);
	throttle_free(&console->refusals);
	free(console->routes);
	free(console);
}

static void console_note(void *state, char *out, size_t size)
{
	struct console *console = state;
	struct web_counts counts;
	if (console->web == NULL)
		return;
	web_counts(console->web, &counts);
	snprintf(out, size, tr("%s, %lld pages, %lld refused, %d connections", "%s, страниц %lld, отказов %lld, соединений %d"),
		console->settings->console.listen, (long long)counts.requests, (long long)counts.refused,
		counts.connections);
}

const struct daemon_service console_service = {.name = "console",
	.summary = "serves the pages of staff and operators, and the REST API",
	.start = console_start,
	.run = console_run,
	.stop = console_stop,
	.note = console_note};
