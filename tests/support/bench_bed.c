#include "support/bench_bed.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/problem.h"
#include "base/xalloc.h"
#include "store/schema.h"

void bench_must(const struct bench_bed *b, int rc, const struct error *e)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "%s: %s\n", b->name, e->text);
	exit(1);
}

void bench_open(struct bench_bed *b, const char *name)
{
	struct error e = {0};
	*b = (struct bench_bed){.name = name};
	const char *dir = getenv("BENCH_DIR");
	snprintf(b->folder, sizeof b->folder, "%s/vestnik-%s-XXXXXX", dir == NULL ? "/tmp" : dir, name);
	if (mkdtemp(b->folder) == NULL)
		bench_must(b, error_errno(&e, "%s", b->folder), &e);
	b->url = xasprintf("sqlite:%s/vestnik.db", b->folder);
	bench_must(b, db_open(&b->db, b->url, &e), &e);
	bench_must(b, schema_migrate(b->db, &e), &e);
	bench_must(b, bus_open(&b->bus, &(struct bus_config){.url = "embedded", .store_url = b->url, .client_id = "bench"}, &e), &e);
	bench_must(b, maintenance_start(&b->maintenance, b->url, NULL, 0, &e), &e);
	struct problems problems = {0};
	char *path = xasprintf("%s/vestnik.yaml", b->folder);
	FILE *file = fopen(path, "w");
	if (file == NULL)
		bench_must(b, error_errno(&e, "%s", path), &e);
	fputs("zone: Europe/Moscow\nsender: {name: Ministry, address: outreach@ministry.example.org}\n", file);
	fclose(file);
	b->settings = settings_load(path, &problems);
	free(path);
	if (b->settings == NULL)
		bench_must(b, error_set(&e, ERROR_INTERNAL, "no settings"), &e);
	problems_fini(&problems);
}

void bench_close(struct bench_bed *b)
{
	maintenance_stop(&b->maintenance);
	bus_close(&b->bus);
	db_close(&b->db);
	settings_free(&b->settings);
	char *command = xasprintf("rm -rf '%s'", b->folder);
	if (system(command) != 0)
		fprintf(stderr, "%s: %s stays\n", b->name, b->folder);
	free(command);
	free(b->url);
}

void bench_schools(struct bench_bed *b, int64_t n)
{
	struct error e = {0};
	for (int64_t i = 0; i < n; i++) {
		char key[32], name[64], address[64];
		int64_t id;
		if (i % 5000 == 0)
			bench_must(b, db_begin(b->db, DB_WRITE, &e), &e);
		snprintf(key, sizeof key, "s%07lld", (long long)i);
		snprintf(name, sizeof name, "Школа № %lld", (long long)i);
		snprintf(address, sizeof address, "school-%lld@d%lld.example.org", (long long)i, (long long)i % 50);
		bench_must(b, db_query_int(b->db, &id, &e,
			     "INSERT INTO organisation (key, kind, name, region, municipality, revision, updated_ms)"
			     " VALUES ($1, 'school', $2, 'Область', 'Район', 1, 0) RETURNING id",
			     "ss", key, name) == DB_ROW ? 0 : -1,
			&e);
		bench_must(b, db_exec(b->db, &e,
			     "INSERT INTO contact (organisation, role, name, address, updated_ms)"
			     " VALUES ($1, 'coordinator', 'Директор школы', $2, 0)",
			     "is", id, address),
			&e);
		if (i % 5000 == 4999 || i == n - 1)
			bench_must(b, db_commit(b->db, DB_RELAXED, &e), &e);
	}
}
