#!/usr/bin/env python3
"""A campaign broken off on the embedded bus and SQLite, moved with `vestnik store copy`, goes on with Kafka
and PostgreSQL: every letter arrives, those that had gone do not go again, and the counters are right."""
import collections
import os
import sys

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests/support"))
from bed import SERVICES, Bed, kill, skip, stop, wait_for  # noqa: E402
from kafka import Kafka, KafkaAbsent  # noqa: E402
from postgres import Postgres, PostgresAbsent  # noqa: E402

LETTERS = 3000
ACCEPTED = 5
CONNECTIONS = 16
UNRECORDED_MOST = 256


def main():
    try:
        with Postgres() as postgres, Kafka() as kafka:
            for how in (stop, kill):
                moved(postgres, kafka, how)
    except (KafkaAbsent, PostgresAbsent) as absent:
        skip(absent)


def moved(postgres, kafka, how):
    with Bed(bus="embedded", store="sqlite", settings={
            "mailer": {"connections": CONNECTIONS, "unrecorded_most": UNRECORDED_MOST}}) as bed:
        bed.sink("--latency-ms", "10", connections=CONNECTIONS)
        bed.directory(LETTERS)
        services = bed.services()
        bed.launch(bed.campaign("moving"))
        wait_for(lambda: len(bed.remembered()) > LETTERS / 4, "a quarter of the letters")
        for name in SERVICES:
            how(services[name])
        before = len(bed.remembered())
        old = bed.store_url

        # the same installation with other settings: the same folder, so the same key
        bed.postgres, bed.kafka = postgres, kafka
        bed.database, bed.prefix = f"moved{how.__name__}", f"moved{how.__name__}"
        bed.settings["store_url"] = postgres.database(bed.database)
        bed.settings["bus_url"] = kafka.url(bed.prefix)
        bed.settings["bus_partitions"] = bed.partitions
        bed.written = False
        bed.make_topics()
        wait_for(lambda: quiet(bed, old), "the old services to be known as gone", 60, 0.5)
        bed.services()
        bed.wait_state("moving", "finished")

        arrived = collections.Counter(recipient for _, recipient in bed.remembered())
        lost, doubled = LETTERS - len(arrived), sum(n - 1 for n in arrived.values())
        bound = CONNECTIONS + UNRECORDED_MOST if how is kill else 0
        print(f"{how.__name__}: letters={LETTERS} before={before} lost={lost} doubled={doubled} bound={bound}", flush=True)
        assert LETTERS / 4 < before < LETTERS, f"moved after {before} letters"
        assert lost == 0 and doubled <= bound
        accepted = {address for (address,) in bed.rows("SELECT address FROM delivery WHERE state = 5")}
        assert accepted == set(arrived), "the store and the sink disagree"
        assert bed.counters("moving") == {ACCEPTED: LETTERS}, bed.counters("moving")
        wait_for(lambda: bed.value("SELECT count(*) FROM outbox") == 0, "the outbox to be empty")
        assert bed.value("SELECT count(*) FROM schedule") == 0


def quiet(bed, old):
    done = bed.run("store", "copy", "--from", old, code=None)
    assert done.returncode == 0 or "stop them first" in done.stderr, done.stderr
    return done.returncode == 0


main()
