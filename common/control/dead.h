/* Messages that could not be processed: the topic vestnik.dead.
 *
 * A dead message is never changed. A replay publishes it again on its old topic, with the header
 * `replayed`; dropping says that nobody will. Either leaves a marker on vestnik.dead in the same
 * transaction, and the list reads both. */
#ifndef VESTNIK_CONTROL_DEAD_H
#define VESTNIK_CONTROL_DEAD_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "bus/bus.h"
#include "store/db.h"

struct dead {
	int32_t partition;
	int64_t offset;
	char *key, *id, *source, *type, *content_type;
	char *topic;     /* where it came from; NULL: it does not say */
	char *reason, *by;
	char *when;      /* RFC 3339 */
	json_t *headers; /* all of them, object */
	char *data;
	size_t len;      /* of the message; */
	size_t kept;     /* … of it in data */
	int64_t time_ms, replayed_ms, dropped_ms;
	char *dropped_why;
};

/* The newest that the console and the API look at: there should be none. */
#define DEAD_LOOK_MOST 5000
struct dead_marker;
struct dead_list {
	struct dead *item; /* by the time of death, oldest first */
	size_t count;
	size_t passed;     /* older ones, beyond what was asked for */
	struct dead_marker *marker;
	size_t marker_count;
	int64_t next;
};

/* Of each at most data_most bytes; the newest `most` of them (both: SIZE_MAX = all). Reads the whole
 * topic, which should be empty: 30 days of messages that should not exist. The caller calls
 * dead_list_fini whatever came back. */
int dead_list_read(struct bus *bus, size_t most, size_t data_most, struct dead_list *list, struct error *e);
void dead_list_fini(struct dead_list *list);

/* Its number for people: "5", and "2:5" outside of the first partition. Returns out. */
#define DEAD_ID_SIZE 40
const char *dead_id(const struct dead *d, char out[static DEAD_ID_SIZE]);
/* NULL: there is none. */
const struct dead *dead_named(const struct dead_list *list, const char *id);
/* One of dead_list_read, whole: list gets this one alone (0 when it is gone), without its markers. */
int dead_read(struct bus *bus, int32_t partition, int64_t offset, struct dead_list *list, struct error *e);
/* Many on end (bus_browse_on); bus_browse_end afterwards. */
int dead_read_on(struct bus *bus, struct bus_browser **open, int32_t partition, int64_t offset, struct dead_list *list,
	struct error *e);

/* Inside tx (DB_WRITE). The message must be whole. ERROR_INPUT: it does not say where it came from. */
int dead_replay(struct bus *bus, struct db *tx, const struct dead *d, struct error *e);
int dead_drop(struct bus *bus, struct db *tx, const struct dead *d, const char *why, struct error *e);

#endif
