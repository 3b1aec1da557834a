#include "intake/poller.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/lang.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "intake/imap.h"
#include "intake/inbox.h"
#include "intake/mail.h"
#include "intake/maildir.h"
#include "store/again.h"

/* Longer than any mail takes to fetch and record; a poller that died is replaced after it. */
#define LEASE_MS 30000
#define LEASE_RETRY_MS 5000
/* Reading an empty folder costs some microseconds; what somebody waits for is there at once. */
#define MAILDIR_POLL_MS 200
/* After trouble, doubling: providers lock out who tries a wrong password all the time. */
#define BACKOFF_LEAST_MS 1000
#define BACKOFF_MOST_MS (5 * 60 * 1000)
/* How often a quiet mailbox's row says that it was read. */
#define NOTE_EVERY_MS 5000
/* UIDs of one look: the lease is taken again between looks. */
#define UIDS_MAX 1000
#define KEEP_BYTES (1024 * 1024)
/* UIDs remembered of mails that stay in the folder: more of them within two days are no mailbox of ours. */
#define LEFT_MAX 1000
/* A mailbox that was made anew is read again from a little before the last look. */
#define OVERLAP_MS (24LL * 3600 * 1000)

struct poller {
	struct daemon *daemon;
	const struct settings_mailbox *mailbox;
	struct poller_totals *totals;
	pthread_t thread;
	char *lease_name;
	struct lease lease;
	bool held;
	struct inbox inbox;     /* inbox.db NULL: no connection */
	struct imap *imap;
	struct maildir *maildir;
	struct buf bytes;
	int64_t *left;          /* mails that stay in the folder although others are put away: not fetched again */
	size_t left_count;
	int64_t left_validity;
	char odd[512];          /* the last thing in the Maildir that is no mail: said once */
	int64_t noted_ms;       /* monotonic */
	int64_t leased_ms;      /* monotonic: when the lease was last taken */

	pthread_mutex_t lock;
	char trouble[512];
	bool leads;
};

static int64_t real_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A server's or a file's time is the machine's; ours may be a rehearsal's. Never in the future. */
static int64_t moment_of(int64_t arrived_ms)
{
	int64_t age_ms = real_ms() - arrived_ms;
	return clock_now_ms() - (arrived_ms == 0 || age_ms < 0 ? 0 : age_ms);
}

static void set_state(struct poller *p, const char *trouble)
{
	pthread_mutex_lock(&p->lock);
	snprintf(p->trouble, sizeof p->trouble, "%s", trouble);
	p->leads = p->held;
	pthread_mutex_unlock(&p->lock);
}

bool poller_trouble(struct poller *p, char *out, size_t size)
{
	pthread_mutex_lock(&p->lock);
	bool leads = p->leads;
	if (p->trouble[0] == '\0')
		out[0] = '\0';
	else
		snprintf(out, size, "%s: %s", p->mailbox->name, p->trouble);
	pthread_mutex_unlock(&p->lock);
	return leads;
}

/* ---- one mail ---------------------------------------------------------------------- */

static int take(struct poller *p, const struct inbox_mail *mail, const struct inbox_place *place,
	struct inbox_result *result, struct error *e)
{
	if (inbox_take(&p->inbox, mail, place, result, e) != 0)
		return -1;
	p->totals->taken += !result->repeated;
	p->totals->repeated += result->repeated;
	p->totals->review += !result->repeated && strcmp(result->state, "review") == 0;
	return 0;
}

/* One mail of 64 MB must not cost that much for ever. */
static void forget_large(struct poller *p)
{
	if (p->bytes.cap > KEEP_BYTES)
		buf_fini(&p->bytes);
}

/* ---- Maildir ------------------------------------------------------------------------- */

static int take_file(struct poller *p, size_t i, struct error *e)
{
	struct maildir_mail found;
	struct inbox_result result;
	struct inbox_place place = {.lease = &p->lease};
	if (maildir_read(p->maildir, i, MAIL_BYTES_MAX, &found, &p->bytes, e) != 0) {
		if (e->retriable)
			return -1;
		if (strncmp(p->odd, e->text, sizeof p->odd - 1) != 0)
			log_warn("not_a_mail", "mailbox=%s error=%s", p->mailbox->name, log_quote(e->text));
		snprintf(p->odd, sizeof p->odd, "%s", e->text);
		return 0;
	}
	if (found.gone)
		return 0;
	struct inbox_mail mail = {.mailbox = p->mailbox->name, .bytes = buf_str(&p->bytes),
		.len = p->bytes.len, .received_ms = moment_of(found.arrived_ms),
		.too_large = found.too_large ? found.path : NULL};
	if (take(p, &mail, &place, &result, e) != 0)
		return -1;
	return maildir_done(p->maildir, i, !result.kept, e);
}

static int look_into_maildir(struct poller *p, bool *more, struct error *e)
{
	if (p->maildir == NULL) {
		struct inbox_mailbox row;
		if (inbox_mailbox_of(&p->inbox, p->mailbox->name, &row, e) != 0)
			return -1;
		int64_t since_ms = row.seen_ms == 0 ? 0 : row.seen_ms - (clock_now_ms() - real_ms());
		if (maildir_open(&p->maildir, p->mailbox, since_ms, e) != 0)
			return -1;
	}
	int count = maildir_scan(p->maildir, e);
	for (int i = 0; i < count && !daemon_stopping(p->daemon); i++) {
		int rc = take_file(p, (size_t)i, e);
		forget_large(p);
		if (rc != 0)
			return -1;
	}
	*more = false;
	return count < 0 ? -1 : 0;
}

/* ---- IMAP ------------------------------------------------------------------------------ */

static int put_away(struct poller *p, int64_t uid, bool kept, struct error *e)
{
	const struct settings_mailbox *mailbox = p->mailbox;
	if (!kept)
		return 0;
	if (mailbox->move_to != NULL)
		return imap_move(p->imap, uid, mailbox->move_to, e);
	return mailbox->keep ? 0 : imap_delete(p->imap, uid, e);
}

/* It is recorded, and only its mailbox has all of it (too large): 60 MB at every look otherwise. */
static void note_left(struct poller *p, int64_t uidvalidity, int64_t uid)
{
	if (p->left == NULL)
		p->left = xcalloc(LEFT_MAX, sizeof *p->left);
	if (p->left_validity != uidvalidity || p->left_count == LEFT_MAX)
		p->left_count = 0;
	p->left_validity = uidvalidity;
	p->left[p->left_count++] = uid;
}

static bool is_left(const struct poller *p, int64_t uidvalidity, int64_t uid)
{
	for (size_t i = 0; i < p->left_count && p->left_validity == uidvalidity; i++)
		if (p->left[i] == uid)
			return true;
	return false;
}

static int take_uid(struct poller *p, int64_t uidvalidity, int64_t uid, struct error *e)
{
	struct imap_mail found;
	struct inbox_result result;
	char where[400];
	struct inbox_place place = {.lease = &p->lease, .uidvalidity = uidvalidity, .uid = uid};
	if (imap_fetch(p->imap, uid, MAIL_BYTES_MAX, &found, &p->bytes, e) != 0)
		return -1;
	if (found.gone)
		return inbox_pass(&p->inbox, p->mailbox->name, &place, e);
	snprintf(where, sizeof where, "%s/%s UID %lld (%lld MB)", p->mailbox->host, p->mailbox->folder,
		(long long)uid, (long long)(found.size >> 20));
	/* Of a mail that is too large nothing was fetched: its place stands for its bytes. */
	char *stand_in = found.too_large ? xasprintf("%s %lld", where, (long long)uidvalidity) : NULL;
	struct inbox_mail mail = {.mailbox = p->mailbox->name,
		.bytes = stand_in != NULL ? stand_in : buf_str(&p->bytes),
		.len = stand_in != NULL ? strlen(stand_in) : p->bytes.len,
		.received_ms = moment_of(found.arrived_ms),
		.too_large = stand_in != NULL ? where : NULL};
	int rc = take(p, &mail, &place, &result, e);
	free(stand_in);
	if (rc == 0 && !result.kept)
		note_left(p, uidvalidity, uid);
	return rc != 0 ? -1 : put_away(p, uid, result.kept, e);
}

/* Recorded mails do not stay in the folder: whatever is there was not put away yet, even when its
 * number was passed (killed between the commit and the move). */
static bool puts_away(const struct settings_mailbox *mailbox)
{
	return !mailbox->keep || mailbox->move_to != NULL;
}

/* Where to go on. A folder that was made anew, or never read, is read from a moment on; what was
 * read before is known by its hash. */
static void start_of(const struct poller *p, const struct inbox_mailbox *row,
	const struct imap_folder *folder, int64_t *after, int64_t *since_ms)
{
	*since_ms = 0;
	*after = row->uid;
	bool same = row->uidvalidity == folder->uidvalidity;
	if (same && !puts_away(p->mailbox))
		return;
	*after = 0;
	int64_t back_ms = daemon_settings(p->daemon)->intake.first_ms;
	*since_ms = row->seen_ms == 0 ? real_ms() - back_ms
				      : row->seen_ms - (clock_now_ms() - real_ms()) - OVERLAP_MS;
	if (*since_ms < 1)
		*since_ms = 1;
	if (row->uidvalidity != 0 && !same)
		log_warn("mailbox_renumbered", "mailbox=%s uidvalidity=%lld was=%lld", p->mailbox->name,
			(long long)folder->uidvalidity, (long long)row->uidvalidity);
}

static int look_into_folder(struct poller *p, const struct imap_folder *folder, bool *more, struct error *e)
{
	struct inbox_mailbox row;
	int64_t after, since_ms, *uids = NULL;
	size_t count;
	if (inbox_mailbox_of(&p->inbox, p->mailbox->name, &row, e) != 0)
		return -1;
	start_of(p, &row, folder, &after, &since_ms);
	if (folder->uidnext != 0 && after + 1 >= folder->uidnext)
		return 0;
	if (imap_uids(p->imap, after, since_ms, UIDS_MAX, &uids, &count, more, e) != 0)
		return -1;
	int rc = 0;
	bool fresh = false;
	for (size_t i = 0; i < count && rc == 0 && !daemon_stopping(p->daemon); i++) {
		if (is_left(p, folder->uidvalidity, uids[i]))
			continue;
		fresh = true;
		rc = take_uid(p, folder->uidvalidity, uids[i], e);
		forget_large(p);
	}
	*more = *more && fresh;
	/* A folder without mail since that moment: from now on by number. */
	if (rc == 0 && count == 0 && since_ms != 0 && folder->uidnext > 1)
		rc = inbox_pass(&p->inbox, p->mailbox->name,
			&(struct inbox_place){.lease = &p->lease, .uidvalidity = folder->uidvalidity,
				.uid = folder->uidnext - 1},
			e);
	free(uids);
	return rc;
}

static int look_into_imap(struct poller *p, bool *more, struct error *e)
{
	struct imap_folder folder;
	const struct settings_mailbox *mailbox = p->mailbox;
	bool fresh = p->imap == NULL;
	*more = false;
	if (fresh && imap_open(&p->imap, mailbox, daemon_stop_fd(p->daemon), e) != 0)
		return -1;
	int rc = imap_select(p->imap, mailbox->folder, !puts_away(mailbox), &folder, e);
	if (rc != 0 && !fresh && e->code == ERROR_UNAVAILABLE && !daemon_stopping(p->daemon)) {
		/* Servers close what was idle: no trouble, once. */
		imap_close(&p->imap);
		if (imap_open(&p->imap, mailbox, daemon_stop_fd(p->daemon), e) != 0)
			return -1;
		rc = imap_select(p->imap, mailbox->folder, !puts_away(mailbox), &folder, e);
	}
	return rc != 0 ? -1 : look_into_folder(p, &folder, more, e);
}

/* ---- the thread ---------------------------------------------------------------------------- */

static int open_store(struct poller *p, struct error *e)
{
	if (p->inbox.db != NULL)
		return 0;
	return daemon_open_store(p->daemon, &p->inbox.db, e);
}

/* Not at every look: that would be a commit each. Between two, the mails' own transactions confirm it. */
static int keep_lease(struct poller *p, struct error *e)
{
	int64_t now_ms = clock_mono_ms();
	if (p->held && now_ms - p->leased_ms < LEASE_MS / 3)
		return 0;
	if (lease_take(p->inbox.db, &p->lease, false, &p->held, e) != 0)
		return -1;
	p->leased_ms = now_ms;
	return 0;
}

static int look(struct poller *p, bool *more, struct error *e)
{
	*more = false;
	if (open_store(p, e) != 0 || keep_lease(p, e) != 0)
		return -1;
	if (!p->held)
		return 0;
	if ((p->mailbox->maildir != NULL ? look_into_maildir : look_into_imap)(p, more, e) != 0)
		return -1;
	int64_t now_ms = clock_mono_ms();
	if (*more || (p->noted_ms != 0 && now_ms - p->noted_ms < NOTE_EVERY_MS))
		return 0;
	if (inbox_note_look(&p->inbox, p->mailbox->name, &p->lease, NULL, e) != 0)
		return -1;
	p->noted_ms = now_ms;
	return 0;
}

static void close_sources(struct poller *p)
{
	imap_close(&p->imap);
	maildir_close(&p->maildir);
}

/* Shown, written beside the mailbox where the store allows, and waited for. */
static void suffer(struct poller *p, int *backoff_ms, const struct error *e)
{
	struct error ignored;
	close_sources(p);
	p->noted_ms = 0;
	if (e->code == ERROR_LOST) { /* another poller reads on */
		p->lease.token = 0;
		p->held = false;
		set_state(p, "");
		return;
	}
	if (e->fatal)
		db_close(&p->inbox.db);
	set_state(p, e->text);
	if (*backoff_ms == 0)
		log_warn("mailbox_waits", "mailbox=%s reason=%s", p->mailbox->name, log_quote(e->text));
	if (p->inbox.db != NULL && p->held)
		(void)inbox_note_look(&p->inbox, p->mailbox->name, &p->lease, e->text, &ignored);
	*backoff_ms = *backoff_ms == 0 ? BACKOFF_LEAST_MS : *backoff_ms * 2;
	if (*backoff_ms > BACKOFF_MOST_MS)
		*backoff_ms = BACKOFF_MOST_MS;
	/* The lease goes while we wait: another machine may reach what we cannot. */
	if (p->inbox.db != NULL && *backoff_ms > LEASE_MS) {
		lease_release(p->inbox.db, &p->lease);
		p->held = false;
	}
	daemon_wait(p->daemon, *backoff_ms);
}

static void *run(void *arg)
{
	struct poller *p = arg;
	int backoff_ms = 0;
	struct again again = {0};
	while (!daemon_stopping(p->daemon)) {
		struct error e = {0};
		bool more;
		if (look(p, &more, &e) != 0) {
			if (!daemon_stopping(p->daemon) && !again_after_conflict(&again, &e))
				suffer(p, &backoff_ms, &e);
			continue;
		}
		if (backoff_ms > 0)
			log_info("mailbox_goes_on", "mailbox=%s", p->mailbox->name);
		backoff_ms = 0;
		again = (struct again){0};
		set_state(p, "");
		if (!p->held)
			close_sources(p);
		if (!more)
			daemon_wait(p->daemon,
				!p->held ? LEASE_RETRY_MS
				: p->mailbox->maildir != NULL
					? MAILDIR_POLL_MS
					: daemon_settings(p->daemon)->intake.poll_ms);
	}
	close_sources(p);
	if (p->inbox.db != NULL && p->lease.token != 0)
		lease_release(p->inbox.db, &p->lease);
	db_close(&p->inbox.db);
	return NULL;
}

struct poller *poller_start(struct daemon *daemon, const struct settings_mailbox *mailbox,
	struct poller_totals *totals)
{
	struct poller *p = xcalloc(1, sizeof *p);
	p->daemon = daemon;
	p->mailbox = mailbox;
	p->totals = totals;
	p->inbox = (struct inbox){.bus = daemon_bus(daemon), .key = daemon_key(daemon),
		.settings = daemon_settings(daemon)};
	p->lease_name = xasprintf("intake.%s", mailbox->name);
	p->lease = (struct lease){.name = p->lease_name, .holder = daemon_instance(daemon),
		.duration_ms = LEASE_MS};
	buf_init(&p->bytes, MAIL_BYTES_MAX);
	pthread_mutex_init(&p->lock, NULL);
	int rc = pthread_create(&p->thread, NULL, run, p);
	if (rc != 0)
		PANIC("pthread_create: %s", strerror(rc));
	return p;
}

void poller_stop(struct poller **poller)
{
	struct poller *p = *poller;
	if (p == NULL)
		return;
	*poller = NULL;
	pthread_join(p->thread, NULL);
	pthread_mutex_destroy(&p->lock);
	buf_fini(&p->bytes);
	free(p->left);
	free(p->lease_name);
	free(p);
}
