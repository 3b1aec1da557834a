#!/usr/bin/env python3
"""A notifier joins and one leaves while events flow: each event is posted, none twice, and the two do not
post the same retry. Then one is killed: at most what was on the wire or unrecorded comes twice."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from many import fleet, kill, launch, member, settle, stop, wait_for, wait_ready, wait_sent  # noqa: E402
from webhook_bed import Receiver  # noqa: E402

LETTERS = 1500
FAILS_EACH = 150  # every so manieth event is refused once
PER_KILL = 300   # requests in flight and outcomes not yet recorded (10 ms or 256)


def failing_once(handler, number):
    receiver = handler.server.receiver
    key = json.loads(receiver.at("/fails")[number - 1][2])["data"]["key"]
    with receiver.lock:
        receiver.posts[key] = receiver.posts.get(key, 0) + 1
        first = receiver.posts[key] == 1
    handler.reply(500 if key % FAILS_EACH == 0 and first else 204)


def shares(bed, name):
    return bed.log_of(f"notifier-{name}").count("bus-assigned group=notifier")


def add(bed, url, slug):
    return bed.run("webhook", "add", url, "--allow-private", "--events", "vestnik.delivery.accepted", "--campaign",
                   slug)


def wait_all(receiver, path, count):
    wait_for(lambda: len(set(receiver.keys(path))) >= count, f"{count} events at {path}", every_s=0.1)


def twice(receiver, path, count):
    keys = receiver.keys(path)
    return len(keys) - len(set(keys))


def wait_share(bed, name, before=0):
    wait_for(lambda: shares(bed, name) > before, f"notifier {name}'s share", 40, 0.05)


def main():
    with Receiver() as receiver, fleet(mailer={"connections": 8}, notifier={"timeout": "2s"}) as bed:
        receiver.posts = {}
        receiver.behaviours["/fails"] = failing_once
        bed.sink("--latency-ms", "15", connections=64)
        member(bed, "planner", "p")
        member(bed, "ledger", "l")
        member(bed, "mailer", "m")
        first = member(bed, "notifier", "a")
        wait_ready(bed, "notifier")
        wait_share(bed, "a")
        for path in ["/good", "/fails"]:
            add(bed, receiver.url(path), "first")
        add(bed, receiver.url("/killed"), "second")

        launch(bed, "first", LETTERS)
        wait_for(lambda: len(receiver.at("/good")) >= LETTERS // 5, "events")
        second = member(bed, "notifier", "b")
        wait_share(bed, "b")
        wait_for(lambda: len(receiver.at("/good")) >= LETTERS // 2, "events")
        stop(first)
        settle(bed, "first")
        wait_all(receiver, "/good", LETTERS)
        wait_all(receiver, "/fails", LETTERS)
        refused = sum(1 for key in receiver.posts if key % FAILS_EACH == 0)
        wait_for(lambda: sum(receiver.posts.values()) >= LETTERS + refused, "the retries", 60, 0.1)
        wait_for(lambda: not bed.value("SELECT count(*) FROM webhook_message WHERE state = 'pending'"), "no rows due", 60,
                 0.1)
        good, fails = twice(receiver, "/good", LETTERS), sum(receiver.posts.values()) - LETTERS - refused
        print(f"join and leave: events={LETTERS} posted={len(receiver.at('/good'))} doubled={good};"
              f" refused once={refused} retries doubled={fails}", flush=True)
        assert good == 0, f"{good} events came twice"
        assert fails == 0, f"{fails} posts too many where retries were asked for"

        third = member(bed, "notifier", "c")
        wait_share(bed, "c")
        sent = len(bed.remembered())
        bed.launch(bed.campaign("second"))
        wait_sent(bed, sent + LETTERS // 3)
        wait_for(lambda: len(receiver.at("/killed")) >= LETTERS // 4, "events")
        kill(second)
        settle(bed, "second")
        wait_all(receiver, "/killed", LETTERS)
        doubled = twice(receiver, "/killed", LETTERS)
        print(f"one killed: events={LETTERS} posted={len(receiver.at('/killed'))} doubled={doubled} bound={PER_KILL}")
        assert doubled <= PER_KILL, f"{doubled} events came twice"
        stop(third)


if __name__ == "__main__":
    main()
