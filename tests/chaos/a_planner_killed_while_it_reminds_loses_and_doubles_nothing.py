"""kill -9 of the planner at random moments of a reminder step, again and again: every silent recipient
has its letter, each exactly once, and the counts agree.

    VESTNIK_CHAOS_SEED=1 tests/chaos/a_planner_killed_while_it_reminds_loses_and_doubles_nothing.py
"""
import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from bed import Bed, kill, wait_for  # noqa: E402

RECIPIENTS = int(os.environ.get("VESTNIK_CHAOS_LETTERS", "20000"))
SEED = int(os.environ.get("VESTNIK_CHAOS_SEED", str(int(time.time()) % 100000)))
ANSWERED = 7  # every so many has

print("seed", SEED)
choice = random.Random(SEED)
with Bed({"public_url": "https://vestnik.example.org", "planner": {"lease": "1s"}}) as bed:
    bed.clock.jump_to("2023-05-15 10:00")
    bed.relay(1)  # there is no mailer: what counts here is decided before
    bed.directory(RECIPIENTS)
    bed.service("ledger")
    planner = bed.service("planner")
    path = bed.campaign("remind", letters={"first": "letter.md", "reminder": "letter.md"},
                        ask={"verb": "просим", "deadline": "2023-05-30 18:00", "remind": ["-1d"], "ways": ["link"],
                             "answer": [{"field": "registered", "label": "Сколько", "type": "count", "required": True}]})
    bed.launch(path)
    wait_for(lambda: bed.value("SELECT count(*) FROM expand WHERE done = 1") == 1, "the recipients to be written out")
    kill(planner)
    # The first letters went long ago.
    bed.change("UPDATE delivery SET state = 5, dispatch = 1")
    bed.change("DELETE FROM schedule")
    bed.change("UPDATE counter SET state = 5")
    bed.change("UPDATE ask SET state = 'received' WHERE id % ? = 0", ANSWERED)
    want = bed.value("SELECT count(*) FROM ask WHERE state = 'open'")
    assert want > RECIPIENTS // 2, want

    bed.clock.jump_to("2023-05-29 09:00")
    kills = 0
    while bed.value("SELECT count(*) FROM plan WHERE kind = 'reminder' AND state = 'done'") == 0:
        before = bed.value("SELECT letters FROM plan WHERE kind = 'reminder'")
        planner = bed.service("planner")
        wait_for(lambda: bed.value("SELECT letters FROM plan WHERE kind = 'reminder'") != before
                 or bed.value("SELECT count(*) FROM plan WHERE kind = 'reminder' AND state = 'done'") == 1,
                 "a batch", every_s=0.001)
        time.sleep(choice.random() * 0.03)  # somewhere inside the next one
        kill(planner)
        kills += 1
    assert kills > 2, f"killed only {kills} times: too few recipients for this machine"
    letters = "SELECT count(*) FROM delivery WHERE reminds IS NOT NULL"
    got = bed.value(letters), bed.value("SELECT count(*) FROM (SELECT DISTINCT recipient FROM delivery"
                                        " WHERE reminds IS NOT NULL) d"), bed.value("SELECT count(*) FROM schedule")
    assert got == (want, want, want), f"{kills} kills: got {got}, want {want} of each"
    assert bed.value("SELECT letters FROM plan WHERE kind = 'reminder'") == want
    assert bed.value("SELECT count(*) FROM delivery d JOIN ask a ON a.id = d.reminds WHERE a.state <> 'open'") == 0
    assert bed.counters("remind") == bed.counts("remind"), (bed.counters("remind"), bed.counts("remind"))
    assert bed.value("SELECT total FROM campaign WHERE slug = 'remind'") == RECIPIENTS + want
