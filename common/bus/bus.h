/* The bus: topics, consumer groups, at least once.
 *
 * The promise, the weaker of the two drivers' (embedded log, Kafka):
 *  - a message published in a store transaction reaches the topic if and only
 *    if the transaction commits;
 *  - within one partition messages of one key come in order; after a crash or a
 *    lost assignment messages not marked done come again;
 *  - there is no per-message delay: what is due later waits in the store.
 * Messages may be finished in any order: only the longest finished prefix is
 * stored (bus/watermark.h). */
#ifndef VESTNIK_BUS_BUS_H
#define VESTNIK_BUS_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "store/db.h"

#define BUS_TASKS "vestnik.tasks"
#define BUS_MAIL "vestnik.mail"
#define BUS_MAIL_URGENT "vestnik.mail.urgent"
#define BUS_STATUS "vestnik.status"
#define BUS_DEAD "vestnik.dead"

/* A task may be this long; a longer message is refused at publishing and, from
 * outside producers, dead-lettered with its head only. */
#define BUS_MESSAGE_MAX_BYTES (1024 * 1024)

/* CloudEvents attributes travel as headers or columns (binary mode); an outside
 * task may be structured instead (content_type application/cloudevents+json). */
struct bus_message {
	const char *topic;
	const char *key;          /* partition key, NULL = none */
	const char *id;           /* ce_id; NULL only in structured mode */
	const char *source;       /* ce_source */
	const char *type;         /* ce_type */
	int64_t time_ms;          /* ce_time */
	const char *content_type; /* NULL = application/json */
	const char *headers;      /* further headers: JSON object of strings, or NULL */
	const void *data;
	size_t len;
	/* set by bus_poll and bus_browse only: */
	int32_t partition;
	int64_t offset;
	struct bus_token {
		int32_t partition;
		uint32_t generation;
		uint64_t index;
	} token;
};

struct bus;
struct bus_config {
	const char *url;       /* "embedded" or "kafka://host:port,host:port[/prefix]" */
	const char *store_url; /* the embedded log lives in this store */
	const char *client_id; /* service name */
	/* How far a group may be behind before bus_trim acts; 0 = no limit. */
	int64_t keep_ms;
	int64_t most_bytes;    /* of one topic */
	/* Name of this process, the only one of that name and client_id in the installation and
	 * the same after a restart (letters, digits, '.', '_', '-'): what it was reading waits
	 * for it a while. NULL: nothing is known, another takes its place at once. */
	const char *instance;
	/* Further settings of the driver's library: name, value, name, value, …, NULL; or NULL.
	 * Values may be secrets. */
	const char *const *properties;
};

int bus_open(struct bus **out, const struct bus_config *config, struct error *e);
void bus_close(struct bus **bus);

/* Topics: lower-case letters, digits and '.', at most BUS_NAME_MAX; groups also
 * '-'. Embedded: subscribing to or publishing on a topic that is not there makes it
 * (bus_publish_tx does not: ERROR_NOT_FOUND). Kafka: only bus/bus_admin.h makes
 * topics; each of these gives ERROR_NOT_FOUND with a text that says so. */
#define BUS_NAME_MAX 60
/* All headers of a message together; key and each attribute. */
#define BUS_HEADERS_MAX_BYTES (64 * 1024)
#define BUS_ATTRIBUTE_MAX_BYTES 1024

/* Inside tx (DB_WRITE). Strings are copied. Consumers are woken after commit. */
int bus_publish_tx(struct bus *bus, struct db *tx, const struct bus_message *message,
	struct error *e);
/* Many at once, in this order: cheaper than one by one. */
int bus_publish_all_tx(struct bus *bus, struct db *tx, const struct bus_message *messages, size_t n,
	struct error *e);
/* For those without a transaction. All n are durable when it returns 0; on -1
 * any of them may or may not be there. Callable from any thread. */
int bus_publish(struct bus *bus, const struct bus_message *messages, size_t n, struct error *e);

/* ---- consuming ----------------------------------------------------------- */

struct bus_consumer;
struct bus_consumer_options {
	const char *group;
	const char *const *topics; /* NULL-terminated; earlier topics are served first */
	size_t window;             /* unfinished messages per partition before polling stops */
	bool from_end;             /* a new group starts at the end instead of the beginning */
	/* Too far behind (bus_config), the group loses its oldest messages and an event
	 * (bus/gap.h) says so. For any other group publishing on the topic stops instead:
	 * ERROR_FULL, retriable, until it has caught up. */
	bool may_be_cut_off;
	/* Called inside bus_poll by the polling thread. revoke: finish what is on
	 * the wire, bounded; tokens of that generation are ignored afterwards. The
	 * embedded bus calls assign once, on the first poll. May be NULL. */
	void (*on_assign)(void *arg, const char *topic, int32_t partition);
	void (*on_revoke)(void *arg, const char *topic, int32_t partition, bool lost);
	void *arg;
};

/* ERROR_CONFLICT (retriable) while another live consumer of this group has the
 * embedded topic (file lock). Used by one thread, except bus_done. */
int bus_subscribe(struct bus *bus, const struct bus_consumer_options *options,
	struct bus_consumer **out, struct error *e);
void bus_unsubscribe(struct bus_consumer **consumer);

/* Up to max messages; waits at most timeout_ms when there are none. max 0: takes
 * none, only sees to partitions and offsets (whoever has no room must go on
 * polling all the same). Returns the number (0 = none), -1 on error. What messages point to is valid until the
 * next bus_poll: copy what you keep. A message longer than
 * BUS_MESSAGE_MAX_BYTES comes cut to its first 64 KiB with
 * content_type "application/x-vestnik-oversized".
 * Not inside a write transaction of the same thread: the embedded bus stores positions through a connection of its own,
 * which would wait for that transaction in vain. */
int bus_poll(struct bus_consumer *consumer, int timeout_ms, struct bus_message *out, size_t max,
	struct error *e);
/* Wakes a bus_poll that waits. Any thread; async-signal-safe. */
void bus_interrupt(struct bus_consumer *consumer);

/* Finished, in any order, from any thread; stored by bus_poll about every 100 ms
 * and at bus_unsubscribe. Late tokens of an older generation are ignored. */
void bus_done(struct bus_consumer *consumer, const struct bus_token *tokens, size_t n);

/* The recorder's call: publishes messages and, only when they are durable,
 * marks tokens done. Embedded: one transaction. Any thread, one at a time. On -1
 * nothing was marked; the messages may be there if the error is `fatal`. */
int bus_publish_then_done(struct bus_consumer *consumer, const struct bus_message *messages,
	size_t n, const struct bus_token *tokens, size_t tokens_n, struct error *e);

/* The ledger's call, inside its transaction: everything polled so far is done
 * if and only if tx commits (Kafka: the offset is stored after the commit). */
int bus_done_tx(struct bus_consumer *consumer, struct db *tx, struct error *e);
/* After a rollback: what was polled and is not done comes again. */
int bus_rewind(struct bus_consumer *consumer, struct error *e);

/* ---- looking ---------------------------------------------------------------- */

/* "Everything published to topic until now": has group passed it? (Start of a
 * mailer: bus_mark(STATUS), then wait until bus_passed(ledger).) */
#define BUS_PARTITIONS_MAX 64 /* of one topic */
struct bus_mark {
	char topic[64];
	int64_t position[BUS_PARTITIONS_MAX];
	int partitions;
	int64_t outbox; /* Kafka: rows up to this one come first; 0 = none */
};
int bus_mark(struct bus *bus, const char *topic, struct bus_mark *mark, struct error *e);
/* 1 passed, 0 not yet, -1 error. On Kafka a mark taken while messages of the topic were still
 * in the outbox gets its positions here, once they are out. */
int bus_passed(struct bus *bus, const char *group, struct bus_mark *mark, struct error *e);
/* Messages published and not yet passed by the group, those in the outbox included. */
int bus_lag(struct bus *bus, const char *topic, const char *group, int64_t *lag, struct error *e);

/* The offset the next message of each partition will have; what is in the outbox does not
 * count. Returns how many partitions there are. -1: ERROR_NOT_FOUND, ERROR_UNAVAILABLE. */
int bus_ends(struct bus *bus, const char *topic, int64_t end[static BUS_PARTITIONS_MAX],
	struct error *e);
/* Reads without a group, oldest first, from offset on. Returns how many were
 * given to each(); it may stop by returning non-zero. (dead list, replay) */
int bus_browse(struct bus *bus, const char *topic, int32_t partition, int64_t offset, int max,
	int (*each)(void *arg, const struct bus_message *message), void *arg, struct error *e);
/* The same many times on end, for who follows a topic live: what leads to the brokers stays open
 * between the calls. *open: NULL at first; of one topic and one thread. */
struct bus_browser;
int bus_browse_on(struct bus *bus, struct bus_browser **open, const char *topic, int32_t partition, int64_t offset,
	int max, int (*each)(void *arg, const struct bus_message *message), void *arg, struct error *e);
void bus_browse_end(struct bus *bus, struct bus_browser **open);

/* Puts message (as it came) on BUS_DEAD with headers dead-reason, dead-time,
 * dead-topic, dead-partition, dead-offset, dead-by. Inside tx when tx is not
 * NULL. The caller marks the original done afterwards. */
int bus_dead_letter(struct bus *bus, struct db *tx, const struct bus_message *message,
	const char *by, const char *reason, struct error *e);

/* Trims what every registered group has passed (dead: what is older than 30
 * days); a chore for store/maintenance.h. bus, a struct bus or NULL: first cuts
 * off, or stops publishing for, groups that are further behind than its
 * bus_config allows. */
int bus_trim(struct db *db, void *bus, struct error *e);

/* Kafka: what waits in the outbox (all zero for the embedded bus). */
struct bus_waiting {
	int64_t messages;
	int64_t oldest_ms;   /* published then; 0 = none */
	int64_t refused;     /* never to be sent: the broker said so */
	char refused_why[200]; /* of one of them */
};
int bus_waiting(struct db *db, struct bus_waiting *out, struct error *e);

/* Kafka: messages a group will never read, because retention had passed it. */
struct bus_gap {
	char topic[BUS_NAME_MAX + 1], group[BUS_NAME_MAX + 1];
	int32_t partition;
	int64_t from, to; /* offsets, both included */
	int64_t noticed_ms;
};
/* The newest first, up to max; how many, or -1. Kept for 30 days. */
int bus_gaps(struct db *db, struct bus_gap *out, size_t max, struct error *e);

/* A topic nobody may publish on because a group is too far behind. */
struct bus_stop {
	char topic[BUS_NAME_MAX + 1];
	char group[BUS_NAME_MAX + 1]; /* "" = nobody ever subscribed */
	int64_t messages, bytes;      /* behind */
	int64_t since_ms;
};
/* Up to max of them; how many, or -1. */
int bus_stops(struct db *db, struct bus_stop *out, size_t max, struct error *e);
/* 1 and *out when the topic is stopped, else 0, or -1. */
int bus_stop_of(struct db *db, const char *topic, struct bus_stop *out, struct error *e);
#define BUS_STOP_TEXT_SIZE 400
/* For people: who is behind and how far. Returns out. */
const char *bus_stop_text(const struct bus_stop *stop, char out[static BUS_STOP_TEXT_SIZE]);

#endif
