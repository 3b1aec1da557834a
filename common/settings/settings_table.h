/* One row per setting: reading, checking, defaults and the reference page all
 * come from here. Private to this room. */
#ifndef VESTNIK_SETTINGS_SETTINGS_TABLE_H
#define VESTNIK_SETTINGS_SETTINGS_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "settings/settings.h"
#include "settings/yaml_read.h"

enum setting_type {
	SETTING_LINE,	     /* char *: one line */
	SETTING_SLUG,	     /* char * */
	SETTING_HOST,	     /* char *: a host's name or an IP address */
	SETTING_PATH,	     /* char *: made absolute from the file's folder */
	SETTING_STORE,	     /* char * */
	SETTING_BUS,	     /* char * */
	SETTING_ADDRESS,     /* char *: passed gate_address */
	SETTING_ADDRESSES,   /* settings_relay.senders */
	SETTING_URL,	     /* char *: without a slash at the end */
	SETTING_ZONE,	     /* char * */
	SETTING_INT,	     /* int */
	SETTING_INT64,	     /* int64_t */
	SETTING_BYTES,	     /* int64_t */
	SETTING_DURATION,    /* int, ms */
	SETTING_DURATION64,  /* int64_t, ms */
	SETTING_DURATIONS,   /* planner.retry_ms */
	SETTING_BOOL,	     /* bool */
	SETTING_RATE,	     /* struct settings_rate */
	SETTING_CHOICE,	     /* an enum: the word's position in `words` */
	SETTING_LANG,	     /* enum lang */
	SETTING_LEVEL,	     /* char *: one of `words` */
	SETTING_SECRET_FILE, /* char *: what stands in the file */
	SETTING_SECRET_ENV,  /* char *: what stands in the environment */
	SETTING_DOMAINS,     /* mailer.domains */
	SETTING_REGIONS,     /* calendar.regions */
	SETTING_KAFKA,	     /* kafka: names and values of librdkafka */
	SETTING_RELAYS,	     /* relays: rows of their own */
	SETTING_AUTHSERV,    /* intake.trusted_authserv */
	SETTING_IMAP,	     /* settings_mailbox: host, port, security */
	SETTING_MAILBOXES,   /* intake.mailboxes: rows of their own */
	SETTING_SOURCE,	     /* char *: a CloudEvents source, or its beginning and '*' */
	SETTING_TASKS,	     /* settings_source.tasks */
	SETTING_SENDERS,     /* settings_source.senders */
	SETTING_SOURCES,     /* sources: rows of their own */
	SETTING_LISTEN,      /* char *: 127.0.0.1:8090, [::1]:8090 */
	SETTING_NETS,        /* char *: IP addresses and networks, a blank between them */
	SETTING_COLOUR,      /* char *: #1a4b8c, dark enough for white text on it */
	SETTING_TYPES
};

struct setting_row {
	const char *path; /* planner.lease; at most one dot */
	enum setting_type type;
	size_t at;	      /* offset in struct settings, settings_relay or settings_source */
	const char *fallback; /* as it would stand in the file; NULL = not set or computed */
	int64_t least, most;  /* of numbers; durations in ms */
	const char *const *words;
	const char *en, *ru; /* what it is for; also how a computed default comes about */
};

extern const struct setting_row settings_rows[]; /* ends with path NULL */
extern const struct setting_row settings_relay_rows[];
extern const struct setting_row settings_source_rows[];
extern const struct setting_row settings_mailbox_rows[];

/* Properties of librdkafka nobody may set, and why. A name that ends in '.' stands for all that
 * begin so. Ends with name NULL. */
struct setting_reserved {
	const char *name, *en, *ru;
};
extern const struct setting_reserved settings_kafka_reserved[];

struct settings_reader {
	struct yaml_reader yaml;
	const char *folder; /* absolute: relative paths start here */
};

/* Every row's fallback into base. */
void settings_fallbacks(
	const struct settings_reader *reader, const struct setting_row *rows, void *base);
/* Reads a map whose rows are given; what it does not know is a problem. shown:
 * how the map is called in problems ("relays[0]" or ""). */
void settings_read_map(const struct settings_reader *reader, const struct setting_row *rows,
	struct yaml_node *map, const char *shown, void *base);
/* One value. */
void setting_set(const struct settings_reader *reader, const struct setting_row *row,
	const struct yaml_node *node, const char *shown, void *base);

int settings_parse_bytes(const char *text, int64_t *bytes);
bool settings_zone_known(const char *zone);
char *settings_absolute(const char *folder, const char *path);

/* The list at `relays:` into settings. list NULL: the default relay. */
void settings_read_relays(const struct settings_reader *reader, const struct yaml_node *list,
	struct settings *settings);
void settings_relay_fini(struct settings_relay *relay);
bool settings_has_key(const struct yaml_node *map, const char *key);

/* The list at `sources:` into settings, and the values only its entries have. */
void settings_read_sources(const struct settings_reader *reader, const struct yaml_node *list,
	struct settings *settings);
void settings_set_source(const struct settings_reader *reader, const struct yaml_node *node,
	const char *shown, struct settings_source *source);
void settings_set_tasks(const struct settings_reader *reader, const struct yaml_node *node,
	const char *shown, struct settings_source *source);
void settings_set_senders(const struct settings_reader *reader, const struct yaml_node *node,
	const char *shown, struct settings_source *source);
void settings_source_fini(struct settings_source *source);

/* The list at `intake.mailboxes`, and values of intake only. */
void settings_read_mailboxes(const struct settings_reader *reader, const struct yaml_node *list,
	const char *shown, struct settings *settings);
void settings_set_authserv(const struct settings_reader *reader, const struct yaml_node *node,
	const char *shown, struct settings *settings);
void settings_set_imap(const struct settings_reader *reader, const struct yaml_node *node,
	const char *shown, struct settings_mailbox *mailbox);
void settings_intake_fini(struct settings *settings);

/* The store's address as it will be used, or NULL and a problem; owned by the caller. */
char *settings_store_address(const struct settings_reader *reader, const struct yaml_node *node,
	const char *shown, const char *text);
char *settings_bus_address(const struct settings_reader *reader, const struct yaml_node *node,
	const char *shown, const char *text);
/* The map at `kafka:`. */
void settings_read_kafka(const struct settings_reader *reader, const struct yaml_node *map,
	const char *shown, struct settings *settings);
/* Once everything is read: do store, bus and password go together? Puts the
 * password into the store's address. */
void settings_join_store_and_bus(const struct settings_reader *reader, struct settings *settings);

/* What the setting means by it, in the form it is kept; NULL: it is not that. The caller frees. */
char *settings_listen(const char *text);
char *settings_nets(const char *text);
/* *pale: a colour, but white text on it is hard to read. */
char *settings_colour(const char *text, bool *pale);

/* Contents of a secret's file, or NULL and a problem. Warns when others may read it. */
char *settings_secret_file(const struct settings_reader *reader, const struct yaml_node *node,
	const char *shown, const char *path);
char *settings_secret_env(const struct settings_reader *reader, const struct yaml_node *node,
	const char *shown, const char *name);

#endif
