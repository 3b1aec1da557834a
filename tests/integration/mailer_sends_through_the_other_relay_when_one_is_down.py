"""A relay that is down is no recipient's fault: its breaker opens, the letters
go through the next relay, nothing is counted against anybody."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from bed import Bed, free_port  # noqa: E402

LETTERS = 300

with Bed({"mailer": {"connections": 8, "breaker_failures": 3}}) as bed:
    bed.relay(free_port(), name="down", weight=10, connections=8)
    bed.sink(connections=8)
    bed.services()
    bed.directory(LETTERS)
    bed.launch(bed.campaign("failover"))
    bed.wait_state("failover", "finished")
    got = [recipient for _, recipient in bed.remembered()]
    assert len(got) == LETTERS and len(set(got)) == LETTERS, f"got {len(got)} letters, {len(set(got))} recipients"
    assert bed.counters("failover") == {5: LETTERS}, bed.counters("failover")
    assert bed.value("SELECT max(attempts) FROM delivery") == 0, "an attempt was counted against a recipient"
    assert bed.value("SELECT breaker FROM relay_state WHERE relay = 'down'") in ("open", "half-open"), "no open breaker"
    assert "relay_breaker relay=down state=open" in bed.log_of("mailer")
