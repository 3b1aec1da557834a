#!/usr/bin/env python3
"""Posts per second of the notifier, from the bus to a local nginx, beside bare
libcurl posts of the same size to the same server with as many connections.
Also what an event costs that no endpoint wants."""
import json
import os
import statistics
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from webhook_bed import BIN, WebhookBed, wait_for  # noqa: E402

EVENTS = int(os.environ.get("VESTNIK_BENCH_EVENTS", "20000"))
RUNS = int(os.environ.get("VESTNIK_BENCH_RUNS", "3"))
AT_ONCE = 16
BODY_BYTES = 520  # of an enriched event: printed below, so that a drift shows


def cpu_s(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def posts_per_s():
    with WebhookBed() as bed:
        url = f"http://127.0.0.1:{bed.nginx(None)}/quick"
        bed.add(url, "--concurrency", str(AT_ONCE))
        bed.feed(1, EVENTS)
        notifier = bed.notifier()
        wait_for(lambda: bed.value("SELECT count(*) FROM webhook_message WHERE state = 'delivered'") == EVENTS,
                 "all posts", 300, 0.1)
        first, last = bed.rows("SELECT min(time_ms), max(time_ms + duration_ms) FROM webhook_attempt")[0]
        body = bed.value("SELECT avg(length(CAST(body AS BLOB))) FROM webhook_message")
        used = cpu_s(notifier.pid)
        bare = subprocess.run([os.path.join(BIN, "bare_posts"), url, str(EVENTS), str(AT_ONCE), str(BODY_BYTES)],
                              capture_output=True, text=True, check=True)
        return EVENTS * 1000 / (last - first), float(bare.stdout), used / EVENTS * 1e6, body


def unwanted_us():
    """CPU of an event that nobody wants, reading it from the bus included."""
    with WebhookBed() as bed:
        notifier = bed.notifier()
        before = cpu_s(notifier.pid)
        bed.feed(1, 10 * EVENTS)

        wait_for(lambda: bed.value("SELECT pos FROM bus_group WHERE grp = 'notifier'") ==
                 bed.value("SELECT max(id) FROM bus_vestnik_status"), "the bus to be passed", 60)
        return (cpu_s(notifier.pid) - before) / (10 * EVENTS) * 1e6


def main():
    runs = [posts_per_s() for _ in range(RUNS)]
    value, bare = statistics.median(r[0] for r in runs), statistics.median(r[1] for r in runs)
    print(json.dumps({"bench": "webhook", "value": round(value), "unit": "posts/s", "reference": "bare libcurl",
                      "reference_value": round(bare), "ratio": round(value / bare, 2),
                      "cpu_us_per_post": round(statistics.median(r[2] for r in runs), 1),
                      "body_bytes": round(runs[0][3]), "connections": AT_ONCE}))
    print(json.dumps({"bench": "webhook_unwanted", "value": round(unwanted_us(), 2), "unit": "us CPU/event"}))


if __name__ == "__main__":
    main()
