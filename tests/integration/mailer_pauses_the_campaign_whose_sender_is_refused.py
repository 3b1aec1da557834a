"""5xx at MAIL is about the sender: that campaign is paused with the relay's
words, no recipient fails, another sender's campaign goes on; resume finishes."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from bed import Bed  # noqa: E402
from odd_relay import OddRelay  # noqa: E402

LETTERS = 40
refused = {"bad@ministry.example.org"}


def mail(sender):
    return "550 5.7.1 you may not use this sender" if sender in refused else None


with OddRelay(mail=mail) as relay, Bed({"mailer": {"connections": 4}, "sources": []}) as bed:
    bed.relay(relay.port, connections=4)
    bed.services()
    bed.directory(LETTERS)
    bed.launch(bed.campaign("bad", **{"from": {"name": "Министерство", "address": "bad@ministry.example.org"}}))
    bed.wait_state("bad", "paused")
    reason = bed.value("SELECT state_reason FROM campaign WHERE slug = 'bad'")
    assert "you may not use this sender" in reason, f"reason: {reason}"
    assert "you may not use this sender" in bed.run("campaign", "status", "bad").stdout
    bed.launch(bed.campaign("good"))
    bed.wait_state("good", "finished")
    assert bed.counters("good") == {5: LETTERS}, bed.counters("good")
    assert bed.counters("bad") == {0: LETTERS}, bed.counters("bad")
    refused.clear()
    bed.run("campaign", "resume", "bad")
    bed.wait_state("bad", "finished")
    assert bed.counters("bad") == {5: LETTERS}, bed.counters("bad")
    assert len(relay.taken) == 2 * LETTERS, f"got {len(relay.taken)} letters"
