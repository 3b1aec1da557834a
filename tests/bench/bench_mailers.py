#!/usr/bin/env python3
"""Two mailers against one, into a sink that takes 50 ms for each letter: Kafka and
PostgreSQL, SESSIONS connections a mailer. The rate is that of the letters between
the first tenth and the last, by the sink's clock. The reference is one mailer in
the same run; what they can reach at most is SESSIONS / 50 ms each."""
import json
import os
import statistics
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from bed import Bed, wait_for  # noqa: E402
from kafka import Kafka  # noqa: E402
from postgres import Postgres  # noqa: E402

LETTERS = int(os.environ.get("VESTNIK_BENCH_LETTERS", "10000"))
RUNS = int(os.environ.get("VESTNIK_BENCH_RUNS", "3"))
SESSIONS = 32
LATENCY_MS = 50


def one_run(mailers):
    with Kafka(as_a_server=True) as kafka, Postgres() as postgres, Bed(
            {"mailer": {"connections": SESSIONS}, "log_level": "info"}, bus=kafka, store=postgres) as bed:
        # The relay's own limit is shared by the mailers: it must have room for both.
        bed.sink("--latency-ms", str(LATENCY_MS), connections=2 * SESSIONS)
        bed.directory(LETTERS)
        for name in ("planner", "ledger", "notifier"):
            bed.service(name)
        for i in range(mailers):
            bed.service("mailer", instance=f"m{i + 1}")
        wait_for(lambda: len(bed.ready()) == 3 + mailers, "all services ready")
        path = bed.campaign("bench")
        bed.launch(path)
        wait_for(lambda: bed.value("SELECT sum(n) FROM counter WHERE state = 5") == LETTERS,
                 "the last letter", 600, 0.5)
        return rate(bed.remembered_file)


def rate(record):
    with open(record) as f:
        at_ms = sorted(int(line.split("\t")[5]) for line in f)
    first, last = len(at_ms) // 10, len(at_ms) * 9 // 10
    return (last - first) * 1000 / (at_ms[last] - at_ms[first])


def main():
    one, two = [], []
    for _ in range(RUNS):
        one.append(one_run(1))
        two.append(one_run(2))
    value, alone = statistics.median(two), statistics.median(one)
    print(json.dumps({"bench": "mailers", "value": round(value), "unit": "letters/s, two mailers",
                      "reference": f"one mailer, {SESSIONS} connections, a sink of {LATENCY_MS} ms",
                      "reference_value": round(alone), "ratio": round(value / alone, 3),
                      "ceiling_of_one": round(SESSIONS * 1000 / LATENCY_MS), "runs": [round(r) for r in two],
                      "reference_runs": [round(r) for r in one], "letters": LETTERS}))


if __name__ == "__main__":
    main()
