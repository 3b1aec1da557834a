"""A connection lost between end-of-data and the reply: nobody knows. The letter
is sent once more with the same Message-ID; lost again, it waits for an operator."""
import collections
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from bed import Bed, wait_for  # noqa: E402
from odd_relay import OddRelay  # noqa: E402

LETTERS = 30
seen, lock = collections.Counter(), threading.Lock()
UNCERTAIN = 2


def data(recipient):
    number = int(recipient[7:14])
    with lock:
        seen[recipient] += 1
        times = seen[recipient]
    if number == 7 or (number == 15 and times == 1):
        return "CLOSE"
    return None


with OddRelay(data=data) as relay, Bed({"mailer": {"connections": 2}, "planner": {"retry": ["200ms"]}}) as bed:
    bed.relay(relay.port, connections=2)
    bed.services()
    bed.directory(LETTERS)
    bed.launch(bed.campaign("doubt"))
    wait_for(lambda: bed.counters("doubt") == {5: LETTERS - 1, UNCERTAIN: 1}, "one letter left in doubt")
    first, second = "school-0000007@example.org", "school-0000015@example.org"
    assert seen[first] == 2, f"sent {seen[first]} times, want 2"
    assert seen[second] == 2, f"sent {seen[second]} times, want 2"
    assert bed.value("SELECT uncertain FROM delivery WHERE address = ?", first) == 2
    # the operator decides
    bed.run("campaign", "retry", "doubt", "--state", "uncertain")
    wait_for(lambda: seen[first] == 3, "the operator's retry")
