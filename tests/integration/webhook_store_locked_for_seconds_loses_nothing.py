#!/usr/bin/env python3
"""Somebody holds the store's write lock: for three seconds, which the notifier
sits out, and until it gives up waiting. Either way it goes on by itself and
every event arrives."""
import contextlib
import os
import sqlite3
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from webhook_bed import Receiver, WebhookBed, wait_for  # noqa: E402

EVENTS = 600
LOCK_S = 3


@contextlib.contextmanager
def locked(bed):
    db = sqlite3.connect(os.path.join(bed.folder, "data", "vestnik.db"), timeout=30, isolation_level=None)
    db.execute("PRAGMA wal_autocheckpoint = 0")  # only one process may checkpoint a live store
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        db.execute("ROLLBACK")
        db.close()


def main():
    # slow enough that the lock finds work in hand, quick enough to be posted from memory
    def slowly(handler, number):
        time.sleep(0.005)
        handler.reply(204)

    with Receiver({"/all": slowly}) as receiver, WebhookBed() as bed:
        bed.add(receiver.url("/all"))
        notifier = bed.notifier()

        def under_lock(first, hold):
            bed.feed(first, EVENTS)
            wait_for(lambda: first in receiver.keys("/all"), "the first post")
            with locked(bed):
                recorded = bed.value("SELECT count(*) FROM webhook_attempt")
                assert recorded < first - 1 + EVENTS, "all was recorded before the lock"
                hold()
                assert bed.value("SELECT count(*) FROM webhook_attempt") == recorded, "that was no lock"
            last = first + EVENTS
            bed.feed(last, 1)
            wait_for(lambda: len(set(receiver.keys("/all"))) == last, "every event")
            wait_for(lambda: bed.value("SELECT count(*) FROM webhook_message WHERE state = 'delivered'") == last,
                     "every outcome to be recorded")
            assert notifier.poll() is None, "the notifier ended"

        under_lock(1, lambda: time.sleep(LOCK_S))
        assert "notifier.waits" not in bed.log_of("notifier"), "3 s were too long for it"
        under_lock(EVENTS + 2, lambda: wait_for(lambda: "notifier.waits" in bed.log_of("notifier"),
                                                "the notifier to give up waiting"))
        keys = receiver.keys("/all")
        assert len(keys) == len(set(keys)), f"{len(keys) - len(set(keys))} came twice, with nothing killed"


main()
