#!/usr/bin/env python3
"""Two mailers keep one relay's limits together: its rate, its connections, its quota; and `vestnik status`
shows both, and marks one that died."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from many import fleet, kill, launch, member, sent, wait_for, wait_mailer, wait_ready  # noqa: E402

LETTERS = 2000
RATE = 60
CONNECTIONS = 6
QUOTA = 900
SPANS, SPAN_S = 4, 2


def shares(bed, name, mailers):
    return f"relays_shared mailers={mailers}" in bed.log_of(f"mailer-{name}")


def services(bed):
    return [row for row in bed.json("status", code=None) if row["kind"] == "service" and row["service"] == "mailer"]


def main():
    with fleet(mailer={"connections": 16}) as bed:
        bed.sink("--latency-ms", "20", connections=CONNECTIONS, rate=f"{RATE}/s", quota={"letters": QUOTA, "per": "24h"})
        member(bed, "planner", "p")
        member(bed, "ledger", "l")
        member(bed, "mailer", "a")
        other = member(bed, "mailer", "b")
        wait_ready(bed, "mailer", 2)
        for name in "ab":
            wait_mailer(bed, name)
            wait_for(lambda: shares(bed, name, 2), f"mailer {name} to share", 30)
        launch(bed, "many", LETTERS)
        wait_for(lambda: sent(bed) >= 3 * RATE, "letters")
        seen = [(time.monotonic(), sent(bed))]
        most = 0
        for _ in range(SPANS):
            while time.monotonic() - seen[-1][0] < SPAN_S:
                most = max(most, connections(bed))
                time.sleep(0.05)
            seen.append((time.monotonic(), sent(bed)))
        rate = speed(seen[0], seen[-1])
        spans = sorted(speed(a, b) for a, b in zip(seen, seen[1:]))
        print(f"rate={rate:.1f}/s of {RATE}, spans {spans}, connections={most} of {CONNECTIONS}", flush=True)
        assert rate <= RATE * 1.1, f"{rate:.1f} letters a second, want {RATE}"
        assert spans[SPANS // 2] >= RATE * 0.7, f"{spans} letters a second, want {RATE}: a busy machine may slow half of them"
        assert most <= CONNECTIONS, f"{most} connections at once, at most {CONNECTIONS} may be"

        alive = services(bed)
        assert len(alive) == 2 and all(s["state"] == "ready" for s in alive), alive
        assert len({s["instance"] for s in alive}) == 2, alive
        kill(other)
        dead = [s for s in services(bed) if s["state"] == "dead"]
        assert [s["pid"] for s in dead] == [other.pid], services(bed)
        wait_for(lambda: shares(bed, "a", 1), "the other mailer to take the whole limit", 40)
        wait_for(lambda: bed.value("SELECT parked_until_ms FROM relay_state") > time.time() * 1000, "the quota to be used up",
                 60, 0.1)
        used = bed.value("SELECT window_used FROM relay_state")
        went = sent(bed)
        # the killed one had taken a block of the quota, a hundredth, and what was on its wire is not known
        print(f"quota={QUOTA} used={used} letters={went}")
        assert used <= QUOTA and QUOTA - 2 * QUOTA // 100 - CONNECTIONS <= went <= QUOTA, f"{went} letters of {QUOTA}"


def speed(before, after):
    return (after[1] - before[1]) / (after[0] - before[0])


def connections(bed):
    """Sessions the sink has open, by the kernel."""
    with open("/proc/net/tcp") as f:
        wanted = f":{bed.smtp_port:04X}"
        return sum(1 for line in f if line.split()[1].endswith(wanted) and line.split()[3] == "01")


if __name__ == "__main__":
    main()
