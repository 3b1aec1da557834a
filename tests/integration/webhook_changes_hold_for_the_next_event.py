#!/usr/bin/env python3
"""An endpoint added, changed, rotated, enabled or removed: the very next event is treated
as the change says. What was published after it was added must not be missed. What waited for
one that moved, or was on the wire to it, comes to its new address."""
import base64
import hashlib
import hmac
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from webhook_bed import Receiver, WebhookBed, wait_for  # noqa: E402

ROUNDS = 20
EVENTS = 5


def signatures(secret, request):
    """(number of signatures, is one of them made with secret)"""
    _, headers, body, _ = request
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    want = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = headers["webhook-signature"].split()
    return len(given), want in given


def moved(bed, receiver, feed):
    # ---- what failed before waits for its next attempt: two of them 5 s, one an hour, and so would the endpoint
    receiver.behaviours["/failing"] = lambda handler, number: \
        handler.reply(500) if number <= 2 else handler.reply(429, Retry_After="3600")
    id, secret = bed.add(receiver.url("/failing"))
    waited = feed(2)
    wait_for(lambda: len(bed.attempts(id, "--failed")) == 2, "the attempts to fail")
    [much_later] = feed(1)
    wait_for(lambda: len(bed.attempts(id, "--failed")) == 3 and bed.endpoint(id)["first_failure_ms"] != 0, "the third, too")
    bed.run("webhook", "change", id, "--url", "http://192.0.2.1/", "--public", code=1)  # http is for the own network
    bed.run("webhook", "change", id, "--url", receiver.url("/moved"))
    [new] = feed(1)
    wait_for(lambda: new in receiver.keys("/moved"), "the event after the change")
    assert bed.endpoint(id)["first_failure_ms"] == 0, "the new address was not well"
    wait_for(lambda: set(waited) <= set(receiver.keys("/moved")), "what waited")
    assert much_later not in receiver.keys("/moved"), "what was asked to wait came at once"
    bed.run("webhook", "replay", id, "--since", "1h", "--state", "pending")
    wait_for(lambda: much_later in receiver.keys("/moved"), "what was asked to wait, sent again")
    assert len(receiver.at("/failing")) == 3, "something went to the old address"
    assert all(signatures(secret, request) == (1, True) for request in receiver.at("/moved")), "another secret"

    # ---- what is on the wire to an address that never answers
    receiver.behaviours["/hanging"] = lambda handler, number: handler.hang()
    bed.run("webhook", "change", id, "--url", receiver.url("/hanging"), "--concurrency", "2")
    waited = feed(EVENTS)
    wait_for(lambda: len(receiver.at("/hanging")) == 2, "requests on the wire")
    bed.run("webhook", "change", id, "--url", receiver.url("/answering"))
    wait_for(lambda: set(waited) <= set(receiver.keys("/answering")) and bed.settled(), "what was on the wire")
    of_now = bed.attempts(id)[:EVENTS]
    assert [(a["attempt"], a["status"]) for a in of_now] == [(1, 204)] * EVENTS, f"old attempts count: {of_now}"

    # ---- which events, of which campaign
    for options, comes in ((("--events", "failed"), False), (("--events", "failed,accepted"), True), (("--campaign", "other"), False),
                           (("--campaign", "demo", "--events", ""), True), (("--campaign", ""), True)):
        bed.run("webhook", "change", id, *options)
        [one] = feed(1)
        if comes:
            wait_for(lambda one=one: one in receiver.keys("/answering"), f"the event after {options}")
        else:  # late enough for any notifier: what is sent after it
            bed.json("webhook", "test", id)
            wait_for(bed.settled, "the test event")
            assert one not in receiver.keys("/answering"), f"an event came after {options}"
    assert bed.json("webhook", "change", id, "--concurrency", "2")[0]["changed"] == "", "what is as it was was changed"
    bed.run("webhook", "change", id, "--public", "--allow-private", code=2)
    bed.run("webhook", "change", id, "--events", "nonsense", code=2)
    bed.run("webhook", "remove", id)
    bed.run("webhook", "change", id, "--url", "https://example.org/", code=1)


def main():
    with Receiver({"/gone": lambda handler, number: handler.reply(410)}) as receiver, WebhookBed() as bed:
        bed.add(receiver.url("/watch"))
        bed.notifier()
        key = 0

        def feed(count):
            """Publishes at once and waits until the notifier has dealt with it; the keys."""
            nonlocal key
            keys = list(range(key + 1, key + 1 + count))
            bed.feed(keys[0], count)
            key += count
            wait_for(lambda: set(keys) <= set(receiver.keys("/watch")), "the endpoint that was there before")
            return keys

        missed, stale = [], []
        for i in range(ROUNDS):
            path = f"/round-{i}"
            id, _ = bed.add(receiver.url(path), "--events", "accepted")
            first = feed(EVENTS)
            # what was missed never comes, so wait for what is published late enough to be seen by any notifier
            bed.json("webhook", "test", id)
            wait_for(lambda: bed.settled() and len(receiver.at(path)) > 0, "what was queued")
            came = receiver.keys(path)
            missed += [f"round {i}: {k}" for k in first if k not in came]
            assert len(came) == len(set(came)), f"round {i}: twice: {sorted(came)}"

            secret = bed.json("webhook", "rotate", id, "--keep", "0s")[0]["secret"]
            [new] = feed(1)
            wait_for(lambda: new in receiver.keys(path), "the event after the rotation")
            if signatures(secret, receiver.at(path)[-1]) != (1, True):
                stale.append(f"round {i}: not signed with the new secret alone")

            bed.run("webhook", "remove", id)
            [late] = feed(1)
            if late in receiver.keys(path):
                stale.append(f"round {i}: an event after the endpoint was removed")
        assert not missed and not stale, \
            f"{len(missed)} of {ROUNDS * EVENTS} events missed: {missed[:5]}; {len(stale)} changes late: {stale[:5]}"

        moved(bed, receiver, feed)

        # ---- enabled again after 410
        id, _ = bed.add(receiver.url("/gone"))
        feed(1)
        wait_for(lambda: bed.endpoint(id)["state"] == "disabled", "410 to disable")
        receiver.behaviours["/gone"] = None
        bed.run("webhook", "enable", id)
        keys = feed(EVENTS)
        wait_for(lambda: set(keys) <= set(receiver.keys("/gone")), "all events after the endpoint was enabled")


main()
