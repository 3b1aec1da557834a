#!/usr/bin/env python3
"""One letter hangs at the relay while the others pass: after some seconds it is
published as `sending` and its job is done, so that neither the window nor the
planner's look-ahead stops at it; its outcome follows."""
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from bed import Bed, wait_for  # noqa: E402
from odd_relay import OddRelay  # noqa: E402

LETTERS = 600
STUCK = "school-0000001@example.org"
SENDING = 1
go_on = threading.Event()


def data(recipient):
    if recipient == STUCK:
        go_on.wait(150)


with OddRelay(data=data) as relay, Bed({"mailer": {"connections": 8}}) as bed:
    bed.relay(relay.port, connections=8)
    bed.services()
    bed.directory(LETTERS)
    bed.launch(bed.campaign("stuck"))
    wait_for(lambda: bed.counters("stuck").get(5) == LETTERS - 1, "all the others", 150)
    key = bed.value("SELECT key FROM delivery WHERE address = ?", STUCK)
    assert bed.rows("SELECT state FROM history WHERE key = ?", key) == [(SENDING,)], "no `sending` in its history"
    assert bed.value("SELECT state FROM delivery WHERE key = ?", key) == SENDING
    go_on.set()
    bed.wait_state("stuck", "finished")
    assert bed.counters("stuck") == {5: LETTERS}, bed.counters("stuck")
    assert sum(r == STUCK for _, r in relay.taken) == 1, "sent twice"
