/* The settings file (config/vestnik.yaml), checked. One table row per setting
 * (settings_table.c): name, type, default, least, most, help in two languages;
 * the reference page docs/reference/settings.md is printed from it. Unknown keys
 * and bad values are problems with file, line, column and what would be right. */
#ifndef VESTNIK_SETTINGS_SETTINGS_H
#define VESTNIK_SETTINGS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/lang.h"
#include "base/problem.h"

struct settings_rate { /* "1000/h", "20/s", "5/m"; count 0 = no limit */
	int64_t count;
	int64_t per_ms;
};

enum relay_security { RELAY_PLAIN, RELAY_STARTTLS, RELAY_TLS };
enum relay_transport { RELAY_LIBESMTP, RELAY_LIBCURL };
enum relay_envelope { RELAY_VERP, RELAY_FIXED };
enum relay_reply { RELAY_TAGGED, RELAY_PLAIN_REPLY };

struct settings_relay {
	char *name;               /* slug */
	char *host;
	int port;                 /* default 25, 587 with auth, 465 with tls */
	enum relay_security security; /* none | starttls | tls */
	enum relay_transport transport; /* default libesmtp; tls needs libcurl and gets it */
	char *ca_file;
	char *user;               /* auth: {user, password_file | password_env} */
	char *password;           /* read from the file or environment; never printed */
	int weight;               /* share of the letters; 0 = only when others are down */
	int connections;          /* at most */
	bool connections_limited; /* the settings say so: of all mailers together; else of each */
	struct settings_rate rate;
	struct settings_rate quota; /* quota: {letters: 500, per: 24h} */
	enum relay_envelope envelope; /* verp | fixed */
	char *envelope_sender;    /* bounces@…; verp puts +tag before the @ */
	enum relay_reply reply;   /* tagged | plain */
	char **senders;           /* From addresses this relay may carry; empty = all */
	size_t senders_count;
	int connect_timeout_ms, greeting_timeout_ms, command_timeout_ms, transfer_timeout_ms,
		final_timeout_ms;
	int letters_per_session;
	int line;                 /* in the settings file, for messages */
};

/* What a producer on the bus may ask for: the CloudEvents source it claims decides. */
struct settings_source {
	char *source;             /* exact, or a beginning with '*' at its end */
	char **tasks;             /* of settings_task_names */
	size_t tasks_count;
	char **senders;           /* From addresses, or domains as "@example.org"; empty = all */
	size_t senders_count;
	int64_t audience_max;     /* recipients of one task; 0 = no limit */
	int line;                 /* in the settings file, for messages */
};

struct settings_region { /* calendar.regions: {Республика Башкортостан: ru-ba} */
	char *region;             /* as the directory has it */
	char *calendar;           /* calendar/workdays.h's name */
};

enum mailbox_security { MAILBOX_PLAIN, MAILBOX_STARTTLS, MAILBOX_TLS };

/* Where answers and bounces arrive: a Maildir or an IMAP folder. */
struct settings_mailbox {
	char *name;               /* slug; also of its lease and its row in the store */
	char *maildir;            /* absolute path; NULL: it is IMAP */
	char *host;               /* IMAP */
	int port;                 /* 993 with imaps://, else 143 */
	enum mailbox_security security; /* imaps:// is tls; imap:// starttls, on this machine none */
	char *user, *password;    /* the password from a file or the environment; never printed */
	char *ca_file;
	char *folder;             /* INBOX */
	bool keep;                /* false: mails are deleted once they are recorded */
	char *move_to;            /* IMAP folder, or path of a Maildir; NULL = they stay */
	int line;                 /* in the settings file, for messages */
};

struct settings_domain_rate { /* domains: {gmail.com: 20/s} */
	char *domain;
	struct settings_rate rate;
};

struct settings {
	char *file;               /* it came from; NULL = built-in defaults */
	enum lang lang;           /* of people-facing text; default from the environment */
	char *zone;               /* of the ministry: Europe/Moscow */
	char *data_dir;           /* everything below stands here unless named */
	/* sqlite:PATH | postgresql://…; default sqlite:<data_dir>/vestnik.db. Holds the
	 * password: people are shown url_shown() of it (base/url.h). */
	char *store_url;
	char *store_password;     /* of PostgreSQL, from a file or the environment; in store_url, too */
	char *bus_url;            /* embedded | kafka://host:port,host:port[/prefix] */
	/* librdkafka's: name, value, name, value, …, NULL, as struct bus_config wants them;
	 * never NULL. Values may be secrets. */
	char **kafka;
	size_t kafka_count;       /* of names */
	int bus_partitions;       /* Kafka: of mail and status */
	int bus_replication;      /* Kafka; 0 = three, or as many as there are brokers */
	int64_t bus_keep_ms;      /* a notifier further behind is cut off: 7 days */
	int64_t bus_max_bytes;    /* of a topic that one group has not read: 10 GB */
	char *key_file;           /* <data_dir>/vestnik.key */
	char *run_dir;            /* sockets, pid files, locks: <data_dir>/run */
	char *log_level;
	int drain_ms;             /* how long a stopping service may finish its work: 10 s */

	struct {
		char *name, *address; /* default sender of notices and campaigns without `from` */
		char *reply_to;
	} sender;
	char *public_url;         /* the portal's; NULL = no links yet */
	int64_t attachments_max_bytes; /* 5 MB a letter */
	int64_t audience_max;     /* a launch over this needs --yes and says so; 0 = none */

	struct {
		char *name;           /* the production calendar: ru */
		char *folder;         /* of files that add to the built-in ones: NULL = none */
		struct settings_region *regions;
		size_t regions_count;
	} calendar;
	struct {
		int look_ahead_ms;    /* 5 s of the measured rate */
		int look_ahead_least, look_ahead_most; /* 100, 20000 */
		int stuck_after_ms;   /* 30 min */
		int64_t retry_ms[12]; /* 1m 5m 15m 1h 2h 4h … the last repeats */
		size_t retry_count;
		int64_t give_up_ms;   /* 3 days */
		int lease_ms;         /* 10 s */
	} planner;
	struct {
		int connections;      /* W: sender threads, 64 */
		int urgent_connections; /* of them kept for urgent letters, 1 */
		int unrecorded_most;  /* 256 */
		char *ehlo;           /* default: the host's name */
		int breaker_failures; /* in a row before a relay's breaker opens: 5 */
		int64_t breaker_open_ms, breaker_open_most_ms; /* 10 s doubling to 10 min */
		struct settings_domain_rate *domains;
		size_t domains_count;
	} mailer;
	struct {
		int connections;      /* in all, 64 */
		int connections_per_endpoint; /* 4 */
		int timeout_ms;       /* 20 s */
		int64_t response_max_bytes; /* kept: 4 KiB, read: 64 KiB */
		int64_t keep_ms;      /* messages and attempts: 30 days */
		int64_t disable_after_ms; /* 5 days of failure */
		bool allow_private;   /* SSRF guard off for all endpoints */
		char *ca_file;
	} notifier;

	struct {
		int poll_ms;          /* between looks into an IMAP mailbox: 30 s */
		int64_t first_ms;     /* how far back a mailbox is read that was never read before: 7 d */
		bool receipts;        /* tell who answered by mail what was understood */
		/* Names in Authentication-Results fields that our own mail servers write; empty: no
		 * sender is believed, staff look at every mail. */
		char **trusted_authserv;
		size_t trusted_authserv_count;
		struct settings_mailbox *mailboxes;
		size_t mailboxes_count;
	} intake;
	struct {
		char *listen;         /* 127.0.0.1:8090; nothing is served without public_url */
		int threads;          /* pages made at once: 4 */
		char *proxies;        /* addresses and networks, a blank between them */
		char *name;           /* the ministry's, above each page; NULL = sender.name */
		char *colour;         /* #1a4b8c */
		char *privacy_url;    /* where the notice about personal data stands; NULL = none */
		char *contact;        /* one line below each page: whom to ask; NULL = none */
		char *assets;         /* folder with logo.svg or logo.png …; NULL = none */
	} portal;
	struct {                      /* name, colour, emblem are the portal's */
		char *listen;         /* 127.0.0.1:8091 */
		int threads;          /* pages made at once: 8 */
		char *proxies;        /* addresses and networks, a blank between them */
		char *url;            /* how people reach it, for links in notices; NULL = not said */
		char *tls_cert_file, *tls_key_file; /* PEM; NULL: nginx in front, or this machine only */
		int64_t session_ms, idle_ms; /* how long a login holds: 12 h; without use: 2 h */
		int64_t approve_from; /* recipients from which on a second person approves a launch; 0 = never */
		int api_per_minute;      /* requests of one API key */
	} console;

	struct { /* how long after its end; 0 = for ever (common/retention) */
		int64_t letters_ms, files_ms, mails_ms, audit_details_ms;
	} retention;

	struct settings_relay *relays;
	size_t relays_count;

	bool sources_given;       /* false: anyone who can write the bus may ask for anything */
	struct settings_source *sources;
	size_t sources_count;
};

/* A key of the file is the member's name without its unit: drain: 10s, planner: {lease: 10s},
 * attachments_max: 5 MB, relays: [{name, host, auth: {user, password_file}}, …].
 * path NULL: $VESTNIK_CONFIG, then ./vestnik.yaml, then /etc/vestnik/vestnik.yaml, then defaults.
 * Relative paths in the file are relative to the file. NULL when problems->errors grew. */
struct settings *settings_load(const char *path, struct problems *problems);
void settings_free(struct settings **settings);
/* A folder for letters and keys: mode 0700, those above it as mkdir -p makes them. */
int settings_make_folder(const char *path, struct error *e);
/* data_dir and run_dir. */
int settings_make_folders(const struct settings *settings, struct error *e);
/* The reference page (Markdown), from the table. */
int settings_reference(enum lang lang, struct buf *out);

/* How the sources of Vestnik's own programs begin (vestnik/cli/…): no limit holds for them, but
 * where there is a list they carry a proof of the key (message/task.h). */
#define SETTINGS_OWN_SOURCE "vestnik/"
bool settings_source_own(const char *source);
/* The entry for this source: the exact one, else the longest beginning. NULL: not listed. */
const struct settings_source *settings_source_of(const struct settings *settings, const char *source);
bool settings_source_may_ask(const struct settings_source *source, const char *task);
/* address passed gate_address. */
bool settings_source_may_send_as(const struct settings_source *source, const char *address);
/* "notify", "campaign.launch", …; NULL-terminated. */
extern const char *const settings_task_names[];

/* "90s", "15m", "1h", "3d", "500ms" → ms. -1 when it is something else. */
int settings_parse_duration(const char *text, int64_t *ms);
/* "20/s", "1000/h", "none". */
int settings_parse_rate(const char *text, struct settings_rate *rate);

#endif
