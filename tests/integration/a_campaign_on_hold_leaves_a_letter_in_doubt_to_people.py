#!/usr/bin/env python3
"""`hold`: `sending` is durable before end-of-data. A mailer killed while the
relay has the letter does not send it again: the letter is uncertain and waits
for an operator."""
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from bed import Bed, kill, wait_for  # noqa: E402
from odd_relay import OddRelay  # noqa: E402

LETTERS = 20
STUCK = "school-0000005@example.org"
SENDING, UNCERTAIN = 1, 2
here, go_on = threading.Event(), threading.Event()


def data(recipient):
    if recipient == STUCK:
        here.set()
        go_on.wait(100)


with OddRelay(data=data) as relay, Bed({"mailer": {"connections": 4}, "planner": {"retry": ["200ms"]}}) as bed:
    bed.relay(relay.port, connections=4)
    running = bed.services()
    bed.directory(LETTERS)
    bed.launch(bed.campaign("hold", hold=True))
    wait_for(here.is_set, "the letter at the relay")
    key = bed.value("SELECT key FROM delivery WHERE address = ?", STUCK)
    wait_for(lambda: bed.value("SELECT state FROM delivery WHERE key = ?", key) == SENDING, "`sending` in the store")
    wait_for(lambda: bed.counters("hold").get(5) == LETTERS - 1, "all the others")
    kill(running["mailer"])
    go_on.set()
    bed.service("mailer")
    wait_for(lambda: bed.value("SELECT state FROM delivery WHERE key = ?", key) == UNCERTAIN, "it to be uncertain")
    bed.wait_state("hold", "finished")
    assert sum(r == STUCK for _, r in relay.taken) == 1, "sent again without being asked"
    assert bed.value("SELECT count(*) FROM schedule") == 0, "it is planned again"
