#!/usr/bin/env python3
"""An endpoint added, rotated, enabled or removed: the very next event is treated
as the change says. What was published after it was added must not be missed."""
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

        # ---- enabled again after 410
        id, _ = bed.add(receiver.url("/gone"))
        feed(1)
        wait_for(lambda: bed.endpoint(id)["state"] == "disabled", "410 to disable")
        receiver.behaviours["/gone"] = None
        bed.run("webhook", "enable", id)
        keys = feed(EVENTS)
        wait_for(lambda: set(keys) <= set(receiver.keys("/gone")), "all events after the endpoint was enabled")


main()
