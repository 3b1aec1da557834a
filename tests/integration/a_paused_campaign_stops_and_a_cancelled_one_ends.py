"""Pause stops the line and loses nothing; resume goes on where it stopped;
cancel turns what waits into cancelled; every recipient ends in one state."""
import collections
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from bed import Bed, wait_for  # noqa: E402

LETTERS = 4000
WAITING, ACCEPTED, CANCELLED = 0, 5, 10

with Bed({"mailer": {"connections": 4}}) as bed:
    bed.sink("--latency-ms", "5", connections=4)
    bed.services()
    bed.directory(LETTERS)
    bed.launch(bed.campaign("stop"))
    wait_for(lambda: len(bed.remembered()) >= 200, "letters")
    bed.run("campaign", "pause", "stop", "--reason", "проверка")

    def quiet():
        before = len(bed.remembered())
        time.sleep(2.5)  # longer than a check is good for
        return len(bed.remembered()) == before

    wait_for(quiet, "the line to stop")
    paused_at = len(bed.remembered())
    assert paused_at < LETTERS, "everything went out before the pause"
    assert bed.value("SELECT count(*) FROM delivery WHERE attempts > 0") == 0, "a pause was counted against somebody"
    bed.run("campaign", "resume", "stop")
    wait_for(lambda: len(bed.remembered()) >= paused_at + 200, "letters after resume")
    bed.run("campaign", "cancel", "stop", "--reason", "отменено", "--yes")
    wait_for(lambda: bed.counts("stop").get(WAITING, 0) == 0, "the sweep")
    wait_for(lambda: sum(bed.counts("stop").values()) == LETTERS
             and set(bed.counts("stop")) <= {ACCEPTED, CANCELLED}, "every recipient to end")
    counts, arrived = bed.counts("stop"), collections.Counter(r for _, r in bed.remembered())
    assert counts[ACCEPTED] == len(arrived) and max(arrived.values()) == 1, (counts, len(arrived))
    assert counts[CANCELLED] > 0 and bed.counters("stop") == counts, (counts, bed.counters("stop"))
    assert bed.value("SELECT count(*) FROM schedule") == 0, "rows left in schedule"
