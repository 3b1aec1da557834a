/* The Atom feed (RFC 4287). Identifiers are tag URIs (RFC 4151) of the sender's
 * domain and the day of the launch: they stay when the portal moves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "publish/publish_inside.h"

/* Text of XML 1.0: no control characters but tab and newline, no U+FFFE and U+FFFF. */
static void put_xml(struct buf *out, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
		bool noncharacter = p[0] == 0xef && p[1] == 0xbf && (p[2] == 0xbe || p[2] == 0xbf);
		if (*p == '&')
			(void)buf_puts(out, "&amp;");
		else if (*p == '<')
			(void)buf_puts(out, "&lt;");
		else if (*p == '>')
			(void)buf_puts(out, "&gt;");
		else if (*p == '"')
			(void)buf_puts(out, "&quot;");
		else if (noncharacter)
			p += 2;
		else if (*p >= 0x20 || *p == '\t' || *p == '\n')
			(void)buf_putc(out, (char)*p);
	}
}

static void put_element(struct buf *out, const char *name, const char *attributes, const char *text)
{
	(void)buf_printf(out, "<%s%s>", name, attributes);
	put_xml(out, text);
	(void)buf_printf(out, "</%s>\n", name);
}

struct feed {
	struct db *db;
	char *base;     /* public_url without a slash at its end */
	struct buf entries;
	int64_t updated_ms;
	struct publication loaded[PUBLISH_FEED_ENTRIES]; /* a series has many entries */
	size_t loaded_count;
};

static void put_tag_uri(struct buf *out, const struct publication *p, int64_t number)
{
	char at[CLOCK_RFC3339_SIZE];
	(void)clock_rfc3339(p->launched_ms, at);
	at[10] = '\0'; /* its date */
	(void)buf_printf(out, "<id>tag:%s,%s:%s/%lld</id>\n", gate_address_domain(p->sender), at, p->slug, (long long)number);
}

static void put_entry(struct feed *f, const struct publication *p, const struct publish_entry *entry)
{
	struct buf *out = &f->entries;
	char at[CLOCK_RFC3339_SIZE];
	(void)buf_puts(out, "<entry>\n");
	put_tag_uri(out, p, entry->number);
	char *title = xasprintf("%s%s%s", entry->title, entry->label[0] != '\0' ? ", " : "", entry->label);
	put_element(out, "title", "", title);
	put_element(out, "published", "", clock_rfc3339(entry->published_ms, at));
	put_element(out, "updated", "", clock_rfc3339(entry->updated_ms, at));
	(void)buf_printf(out, "<link rel=\"alternate\" type=\"text/html\" href=\"");
	put_xml(out, f->base);
	(void)buf_printf(out, "/c/%s#%lld\"/>\n<author>", p->slug, (long long)entry->number);
	put_element(out, "name", "", p->organisation[0] != '\0' ? p->organisation : p->title);
	(void)buf_puts(out, "</author>\n");
	put_element(out, "content", p->lang == LANG_RU ? " type=\"html\" xml:lang=\"ru\"" : " type=\"html\" xml:lang=\"en\"",
		entry->html);
	(void)buf_puts(out, "</entry>\n");
	if (entry->updated_ms > f->updated_ms)
		f->updated_ms = entry->updated_ms;
	free(title);
}

struct row {
	char *slug;
	int64_t round;
};

static int read_rows(struct db *db, struct row *rows, size_t *count, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	*count = 0;
	if (db_query(db, &stmt, e,
		    "SELECT c.slug, p.round FROM publication p JOIN campaign c ON c.id = p.campaign"
		    " WHERE p.feed = 1 AND c.state <> 'cancelled' ORDER BY p.published_ms DESC, p.campaign DESC, p.round DESC"
		    " LIMIT 40",
		    "") != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW && *count < PUBLISH_FEED_ENTRIES)
		rows[(*count)++] = (struct row){xstrdup(db_text(stmt, 0)), db_int(stmt, 1)};
	if (step == DB_ROW)
		db_reset(stmt);
	return step == DB_FAILED ? -1 : 0;
}

/* NULL: not to be had; *failed when the store is to blame. */
static const struct publication *load(struct feed *f, const char *slug, bool *failed, struct error *e)
{
	*failed = false;
	for (size_t i = 0; i < f->loaded_count; i++)
		if (strcmp(f->loaded[i].slug, slug) == 0)
			return &f->loaded[i];
	struct publication *p = &f->loaded[f->loaded_count];
	if (publication_load(f->db, slug, p, e) == 0) {
		f->loaded_count++;
		return p;
	}
	*failed = e->code != ERROR_NOT_FOUND && e->code != ERROR_INPUT;
	return NULL;
}

/* A campaign that cannot be shown (any more) is left out: the others must be. */
static int add_row(struct feed *f, const struct row *row, struct error *e)
{
	bool failed;
	const struct publication *p = load(f, row->slug, &failed, e);
	for (size_t i = 0; p != NULL && i < p->entries; i++)
		if (p->entry[i].number == row->round)
			put_entry(f, p, &p->entry[i]);
	return failed ? -1 : 0;
}

static void put_feed(struct feed *f, const char *title, int64_t now_ms, struct buf *out)
{
	char at[CLOCK_RFC3339_SIZE];
	(void)buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n<id>");
	put_xml(out, f->base);
	(void)buf_puts(out, "/feed.atom</id>\n");
	put_element(out, "title", "", title);
	/* of an empty feed: any moment will do, and this one is true */
	put_element(out, "updated", "", clock_rfc3339(f->updated_ms != 0 ? f->updated_ms : now_ms, at));
	(void)buf_puts(out, "<link rel=\"self\" type=\"application/atom+xml\" href=\"");
	put_xml(out, f->base);
	(void)buf_puts(out, "/feed.atom\"/>\n<generator>Vestnik</generator>\n");
	(void)buf_append(out, buf_str(&f->entries), f->entries.len);
	(void)buf_puts(out, "</feed>\n");
}

int publish_feed(struct db *db, const char *title, const char *public_url, int64_t now_ms, struct buf *out,
	struct error *e)
{
	struct feed *f = xcalloc(1, sizeof *f);
	struct row rows[PUBLISH_FEED_ENTRIES];
	size_t count, len = strlen(public_url);
	f->db = db;
	f->base = xstrndup(public_url, len > 0 && public_url[len - 1] == '/' ? len - 1 : len);
	buf_init(&f->entries, PUBLISH_FEED_MAX_BYTES);
	int rc = read_rows(db, rows, &count, e);
	for (size_t i = 0; i < count; i++) {
		if (rc == 0)
			rc = add_row(f, &rows[i], e);
		free(rows[i].slug);
	}
	if (rc == 0)
		put_feed(f, title, now_ms, out);
	if (rc == 0 && (!buf_ok(&f->entries) || !buf_ok(out)))
		rc = error_set(e, ERROR_FULL, "the feed grew over %d bytes", PUBLISH_FEED_MAX_BYTES);
	for (size_t i = 0; i < f->loaded_count; i++)
		publication_fini(&f->loaded[i]);
	buf_fini(&f->entries);
	free(f->base);
	free(f);
	return rc;
}
