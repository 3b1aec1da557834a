"""All relays down: nothing fails, `campaign status` says why nothing goes out,
and everything goes out when the relay is back."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from bed import BIN, Bed, free_port, wait_for  # noqa: E402

LETTERS = 200

with Bed({"mailer": {"connections": 8, "breaker_failures": 2, "breaker_open": "300ms", "breaker_open_most": "1s"}}) as bed:
    port = free_port()
    bed.relay(port, connections=8)
    bed.services()
    bed.directory(LETTERS)
    bed.launch(bed.campaign("down"))
    wait_for(lambda: bed.value("SELECT breaker FROM relay_state WHERE relay = 'main'") == "open", "the breaker to open")
    said = bed.run("campaign", "status", "down").stdout
    assert "main" in said, f"status does not name the relay:\n{said}"
    bed.remembered_file = os.path.join(bed.folder, "remembered")
    bed.start("sink", os.path.join(BIN, "smtp-remember"), "--port", str(port), "--record", bed.remembered_file)
    bed.wait_state("down", "finished")
    assert len(bed.remembered()) == LETTERS, f"got {len(bed.remembered())} letters"
    assert bed.counters("down") == {5: LETTERS}, bed.counters("down")
    assert bed.value("SELECT max(attempts) FROM delivery") == 0, "an attempt was counted against a recipient"
