/* Starting and stopping; what all pages share. */
#include "portal/portal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "campaign/campaign.h"
#include "portal/annex_file.h"
#include "web/asset.h"

/* A whole district may sit behind one address: generous. */
#define VISITORS_BURST 400
#define VISITORS_PER_MINUTE 1200
/* Links that are none, per address. 80 bits are not guessed; this keeps the noise down. */
#define GUESSES_BURST 20
#define GUESSES_PER_MINUTE 20
/* What is sent with one link. A person corrects himself some times; a machine does not stop. */
#define TOKENS_BURST 20
#define TOKENS_PER_MINUTE 10
/* Letters looked up by number and date, per address: a registry's morning; numbers are not to be walked through. */
#define CHECKS_BURST 15
#define CHECKS_PER_MINUTE 6
#define STYLE_MAX_BYTES (256 * 1024)
#define WAIT_MS 3600000
#define FILL_ROWS 100 /* campaigns in one transaction */

extern const struct embedded_set portal_page_files, askform_page_files, web_assets_own;

/* ---- what stands around each page --------------------------------------------------- */

static int add_style(struct portal *portal, struct error *e)
{
	const struct embedded_file *ours = embedded_find(&web_assets_own, "style.css");
	const struct asset *theirs = web_assets_find(portal->assets, "style.css");
	struct buf css;
	buf_init(&css, STYLE_MAX_BYTES);
	(void)buf_puts(&css, ours->data);
	(void)buf_printf(&css, "\n:root { --accent: %s; }\n", portal->settings->portal.colour);
	if (theirs != NULL)
		(void)buf_append(&css, theirs->data, theirs->len);
	int rc = buf_ok(&css) ? web_assets_add(portal->assets, "style.css", buf_str(&css), css.len, e)
			      : error_set(e, ERROR_FULL, "style.css: too large");
	buf_fini(&css);
	return rc;
}

/* An envelope in the ministry's colour, unless it brings its own. */
static int add_icon(struct portal *portal, struct error *e)
{
	static const char *const own[] = {"icon.svg", "icon.png", "favicon.ico"};
	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		if (web_assets_find(portal->assets, own[i]) != NULL)
			return 0;
	char *svg = xasprintf("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\">"
			      "<rect x=\"2\" y=\"6\" width=\"28\" height=\"20\" rx=\"3\" fill=\"%s\"/>"
			      "<path d=\"M5 10l11 8 11-8\" fill=\"none\" stroke=\"#fff\" stroke-width=\"2.5\"/></svg>",
		portal->settings->portal.colour);
	int rc = web_assets_add(portal->assets, "icon.svg", svg, strlen(svg), e);
	free(svg);
	return rc;
}

static json_t *asset_url(const struct portal *portal, const char *const *names)
{
	for (; *names != NULL; names++) {
		char *url = web_assets_url(portal->assets, *names);
		if (url == NULL)
			continue;
		json_t *text = json_string(url);
		free(url);
		return text;
	}
	return json_null();
}

static int prepare_pages(struct portal *portal, struct error *e)
{
	static const char *const style[] = {"style.css", NULL}, *const logo[] = {"logo.svg", "logo.png", NULL},
			 *const icon[] = {"icon.svg", "icon.png", "favicon.ico", NULL};
	const struct embedded_set *const sets[] = {&portal_page_files, &askform_page_files};
	const struct settings *s = portal->settings;
	struct problems problems = {0};
	portal->assets = web_assets_new();
	if (s->portal.assets != NULL && web_assets_add_folder(portal->assets, s->portal.assets, e) != 0)
		return error_context(e, "portal.assets");
	if (add_style(portal, e) != 0 || add_icon(portal, e) != 0)
		return -1;
	json_t *site = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "name",
		s->portal.name != NULL ? s->portal.name : s->sender.name != NULL ? s->sender.name : "", "privacy_url",
		s->portal.privacy_url != NULL ? s->portal.privacy_url : "", "contact",
		s->portal.contact != NULL ? s->portal.contact : "", "style", asset_url(portal, style), "logo",
		asset_url(portal, logo), "icon", asset_url(portal, icon));
	if (site == NULL)
		return error_set(e, ERROR_INPUT, "portal: the settings are not UTF-8");
	portal->pages = web_pages_new(sets, sizeof sets / sizeof sets[0], site, &problems);
	json_decref(site);
	if (portal->pages == NULL)
		error_set(e, ERROR_INTERNAL, "%s",
			problems.count > 0 ? problems.item[0].text : "the pages do not compile");
	problems_fini(&problems);
	return portal->pages != NULL ? 0 : -1;
}

/* ---- workers, limits ------------------------------------------------------------------ */

static int worker_open(void *arg, void **out, struct error *e)
{
	struct portal *portal = arg;
	struct worker *worker = xcalloc(1, sizeof *worker);
	worker->portal = portal;
	if (daemon_open_store(portal->daemon, &worker->db, e) != 0) {
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
	struct portal *portal = arg;
	return throttle_take(portal->visitors, web_neighbourhood(request), clock_mono_ms());
}

/* ---- the service ------------------------------------------------------------------------ */

static int open_pages(struct portal *portal, struct address_set *proxies, struct error *e)
{
	const struct settings *s = portal->settings;
	if (address_set_read(proxies, s->portal.proxies, e) != 0)
		return error_context(e, "portal.proxies");
	const struct web_config config = {.listen = s->portal.listen,
		.threads = s->portal.threads,
		.folder = s->run_dir,
		.proxies = proxies,
		.tables = portal_tables,
		.tables_count = portal_tables_count,
		.pages = portal->pages,
		.assets = portal->assets,
		.worker_open = worker_open,
		.worker_close = worker_close,
		.admit = admit,
		.arg = portal};
	return web_start(&portal->web, &config, e);
}

static int portal_start(struct daemon *daemon, void **state, struct error *e)
{
	static struct address_set proxies; /* as long as the server */
	struct portal *portal = xcalloc(1, sizeof *portal);
	*state = portal;
	portal->daemon = daemon;
	portal->settings = daemon_settings(daemon);
	portal->key = daemon_key(daemon);
	portal->bus = daemon_bus(daemon);
	portal->visitors = throttle_new(VISITORS_BURST, VISITORS_PER_MINUTE);
	portal->guesses = throttle_new(GUESSES_BURST, GUESSES_PER_MINUTE);
	portal->tokens = throttle_new(TOKENS_BURST, TOKENS_PER_MINUTE);
	portal->checks = throttle_new(CHECKS_BURST, CHECKS_PER_MINUTE);
	proxies = (struct address_set){0};
	if (portal->settings->public_url == NULL)
		return 0;
	portal->files = annex_folder(portal->settings->data_dir, e);
	if (portal->files == NULL || prepare_pages(portal, e) != 0 || open_pages(portal, &proxies, e) != 0)
		return -1;
	log_info("portal.listening", "port=%d", web_port(portal->web));
	return 0;
}

/* After an upgrade, once: campaigns launched before there was /check are made to be found by it. */
static int fill(void *arg, int wait_ms, struct error *e)
{
	struct portal *portal = arg;
	struct db *db = NULL;
	int rc = daemon_open_store(portal->daemon, &db, e);
	for (bool left = true; rc == 0 && left && !daemon_stopping(portal->daemon);)
		rc = campaign_fill_document_keys(db, FILL_ROWS, &left, e);
	db_close(&db);
	if (rc == 0)
		daemon_wait(portal->daemon, wait_ms);
	return rc;
}

static int portal_run(struct daemon *daemon, void *state, struct error *e)
{
	struct portal *portal = state;
	if (portal->web == NULL)
		log_info("portal.idle", "reason=%s", log_quote("public_url is not set: letters have no links"));
	return daemon_run_steps(daemon, fill, portal, WAIT_MS, e);
}

static void portal_stop(struct daemon *daemon, void *state)
{
	struct portal *portal = state;
	web_stop(&portal->web, daemon_settings(daemon)->drain_ms);
	web_pages_free(&portal->pages);
	web_assets_free(&portal->assets);
	throttle_free(&portal->visitors);
	throttle_free(&portal->guesses);
	throttle_free(&portal->tokens);
	throttle_free(&portal->checks);
	free(portal->files);
	free(portal);
}

static void portal_note(void *state, char *out, size_t size)
{
	struct portal *portal = state;
	struct web_counts counts;
	if (portal->web == NULL) {
		snprintf(out, size, "%s", tr("idle: public_url is not set", "не нужен: public_url не задан"));
		return;
	}
	web_counts(portal->web, &counts);
	snprintf(out, size, tr("%s, %lld pages, %lld refused, %d connections", "%s, страниц %lld, отказов %lld, соединений %d"),
		portal->settings->portal.listen, (long long)counts.requests, (long long)counts.refused,
		counts.connections);
}

const struct daemon_service portal_service = {.name = "portal",
	.summary = "serves the recipients' pages: answers, acknowledgements, leaving, reading",
	.start = portal_start,
	.run = portal_run,
	.stop = portal_stop,
	.note = portal_note};
