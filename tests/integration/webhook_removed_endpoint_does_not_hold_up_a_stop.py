#!/usr/bin/env python3
"""A stop waits for open requests, but not for those of an endpoint that was
removed, not even when it was removed only just before."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from webhook_bed import Receiver, WebhookBed, wait_for  # noqa: E402

# Whoever waits for the hanging request waits longer than the test does.
DRAIN, TIMEOUT, PATIENCE_S = "10m", "5m", 60


def main():
    behaviours = {"/hang": lambda handler, number: handler.hang(),
                  "/late": lambda handler, number: (released(), handler.reply(204))}
    with WebhookBed({"timeout": TIMEOUT}) as bed:
        bed.settings["drain"] = DRAIN

        def released():
            """Answers only after the notifier has begun to stop."""
            wait_for(lambda: bed.value("SELECT count(*) FROM service_instance WHERE service = 'notifier'"
                                       " AND state = 'draining'"), "the stop")

        with Receiver(behaviours) as receiver:
            hanging, _ = bed.add(receiver.url("/hang"))
            kept, _ = bed.add(receiver.url("/late"))
            notifier = bed.notifier()
            bed.feed(1, 3)
            wait_for(lambda: receiver.at("/hang") and receiver.at("/late"), "both to be asked")
            bed.run("webhook", "remove", hanging)
            notifier.terminate()
            notifier.wait(PATIENCE_S)
            assert notifier.returncode == 0, notifier.returncode
            done = [a for a in bed.attempts(kept) if a["status"] == 204]
            assert done, "the request of the other endpoint was not waited for"

            # ---- what was not sent before the stop comes now, and nothing for the removed one
            asked = len(receiver.at("/hang"))
            behaviours["/late"] = None
            bed.notifier()
            wait_for(lambda: set(receiver.keys("/late")) == {1, 2, 3}, "the rest")
            wait_for(bed.settled, "everything settled")
            assert len(receiver.at("/hang")) == asked, "the removed endpoint was asked again"


main()
