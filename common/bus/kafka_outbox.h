/* Inside of the outbox; kafka_outbox.c (publishing, the thread) and kafka_adopt.c (leases, what
 * dead processes left) only. */
#ifndef VESTNIK_BUS_KAFKA_OUTBOX_H
#define VESTNIK_BUS_KAFKA_OUTBOX_H

#include "base/ident.h"
#include "bus/kafka_pump.h"

#define OUTBOX_OWNER_SIZE (64 + IDENT_SIZE)
#define OUTBOX_LEASE_SIZE (OUTBOX_OWNER_SIZE + 16)

struct kafka_outbox {
	struct kafka_bus *bus;
	pthread_mutex_t lock; /* everything to the blank line */
	pthread_cond_t wake;
	char owner[OUTBOX_OWNER_SIZE];
	bool started, wanted, stop;
	bool used; /* rows were written */
	int64_t stop_ms;

	pthread_t thread;
	/* the thread's own */
	struct pump pump;
	struct lease lease;
	char lease_name[OUTBOX_LEASE_SIZE], lease_holder[OUTBOX_OWNER_SIZE];
	struct lease *adopted; /* while a dead one's rows are sent, else NULL */
	int64_t renewed_ms, adopted_ms, looked_ms, swept_ms;
	bool in_trouble;
};

bool outbox_is_closing(struct kafka_outbox *outbox);

/* All of these are the thread's. */
void outbox_new_owner(struct kafka_outbox *outbox);
/* Takes, renews, or goes on under a new name; and the lease of the one adopted: its token is 0 when
 * another took it. */
int outbox_keep_leases(struct kafka_outbox *outbox, struct error *e);
void outbox_forget_lease(struct db *db, struct lease *lease);
/* Sends what processes left whose lease has run out; once a second. */
int outbox_look_for_dead(struct kafka_outbox *outbox, struct error *e);

#endif
