#!/usr/bin/env python3
"""One of two notifiers is stopped until its partitions are the other's, then goes on: every event is posted,
and twice at most what was on the wire or not recorded yet."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from many import fleet, freeze, launch, member, settle, thaw, wait_for, wait_ready  # noqa: E402
from webhook_bed import Receiver  # noqa: E402

LETTERS = 2500
BOUND = 300  # as after a kill: requests in flight, outcomes of 10 ms or 256


def shares(bed, name):
    return bed.log_of(f"notifier-{name}").count("bus-assigned group=notifier")


def slow(handler, number):
    time.sleep(0.01)
    handler.reply(204)


def main():
    with Receiver({"/slow": slow}) as receiver, fleet(mailer={"connections": 4}, notifier={"timeout": "2s"}) as bed:
        bed.sink("--latency-ms", "15", connections=64)
        for name in ("planner", "ledger", "mailer"):
            member(bed, name, "m")
        frozen = member(bed, "notifier", "a")
        wait_ready(bed, "notifier")
        member(bed, "notifier", "b")
        wait_for(lambda: shares(bed, "b") > 0, "the second notifier's share", 40)
        bed.run("webhook", "add", receiver.url("/slow"), "--allow-private", "--events", "vestnik.delivery.accepted")
        launch(bed, "many", LETTERS)
        wait_for(lambda: len(receiver.at("/slow")) >= LETTERS // 8, "events")
        before = shares(bed, "b")
        freeze(frozen)
        wait_for(lambda: shares(bed, "b") > before, "the other to take over", 40)
        thaw(frozen)
        settle(bed, "many")
        wait_for(lambda: len(set(receiver.keys("/slow"))) >= LETTERS, "every event", 60, 0.1)
        keys = receiver.keys("/slow")
        doubled = len(keys) - len(set(keys))
        print(f"events={LETTERS} posted={len(keys)} doubled={doubled} bound={BOUND}")
        assert doubled <= BOUND, f"{doubled} events came twice"
        assert "lost=1" in bed.log_of("notifier-a"), "the frozen notifier never saw that it lost its share"


if __name__ == "__main__":
    main()
