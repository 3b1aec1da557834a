/* A store and an embedded bus of its own for a benchmark in one process, and a directory of schools. */
#ifndef VESTNIK_SUPPORT_BENCH_BED_H
#define VESTNIK_SUPPORT_BENCH_BED_H

#include <stdint.h>

#include "base/error.h"
#include "bus/bus.h"
#include "settings/settings.h"
#include "store/db.h"
#include "store/maintenance.h"

struct bench_bed {
	const char *name; /* of the benchmark, for messages */
	char folder[256];
	char *url;
	struct db *db;
	struct bus *bus;
	struct settings *settings;
	struct maintenance *maintenance;
};

/* In a new folder of $BENCH_DIR, else /tmp. */
void bench_open(struct bench_bed *bed, const char *name);
/* The folder goes, too. */
void bench_close(struct bench_bed *bed);
/* n schools, each with a coordinator. */
void bench_schools(struct bench_bed *bed, int64_t n);
/* rc below 0: says the error and ends the program. */
void bench_must(const struct bench_bed *bed, int rc, const struct error *e);

#endif
