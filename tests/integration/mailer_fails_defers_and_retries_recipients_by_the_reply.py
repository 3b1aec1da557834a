"""5xx at RCPT fails that recipient with the reply's code and words; 4xx defers
it and it goes out later; everybody else is sent. `campaign retry` sends the
failed again."""
import collections
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from bed import Bed, wait_for  # noqa: E402
from odd_relay import OddRelay  # noqa: E402

LETTERS = 60
seen, lock, mended = collections.Counter(), threading.Lock(), []


def rcpt(address):
    number = int(address[7:14])
    with lock:
        seen[address] += 1
        times = seen[address]
    if number % 10 == 3 and not mended:
        return "550-5.1.1 no such user\r\n550 5.1.1 ask the school"
    if number % 10 == 4 and times <= 2:
        return "450 4.2.0 greylisted"
    return None


with OddRelay(rcpt=rcpt) as relay, Bed({"mailer": {"connections": 4}, "planner": {"retry": ["200ms", "300ms"]}}) as bed:
    bed.relay(relay.port, connections=4)
    bed.services()
    bed.directory(LETTERS)
    bed.launch(bed.campaign("mixed"))
    bed.wait_state("mixed", "finished")
    assert bed.counters("mixed") == {5: 54, 8: 6}, bed.counters("mixed")
    failed = bed.rows("SELECT code, reason FROM delivery WHERE state = 8")
    assert all(code == 550 and "no such user" in reason and "ask the school" in reason for code, reason in failed), failed
    assert {n for a, n in seen.items() if int(a[7:14]) % 10 == 4} == {3}, "deferred twice, then taken"
    assert bed.value("SELECT count(*) FROM delivery WHERE attempts = 2 AND state = 5") == 6
    mended.append(True)
    bed.run("campaign", "retry", "mixed", "--state", "failed")
    wait_for(lambda: bed.counters("mixed") == {5: LETTERS}, "the retried letters")
    took = collections.Counter(recipient for _, recipient in relay.taken)
    assert len(took) == LETTERS and set(took.values()) == {1}, "each recipient once"
