"""A relay with a quota of 50 letters a day carries 50, also when the mailer is
restarted meanwhile, and is not asked again before its window ends."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from bed import Bed, kill, wait_for  # noqa: E402

LETTERS, QUOTA = 80, 50

with Bed({"mailer": {"connections": 4}}) as bed:
    bed.sink("--latency-ms", "20", connections=4, quota={"letters": QUOTA, "per": "24h"})
    running = bed.services()
    bed.directory(LETTERS)
    bed.launch(bed.campaign("quota"))
    wait_for(lambda: len(bed.remembered()) >= 20, "twenty letters")
    running["mailer"].terminate()
    running["mailer"].wait()
    running["mailer"] = bed.service("mailer")
    wait_for(lambda: (bed.value("SELECT parked_until_ms FROM relay_state") or 0) > 0, "the relay to be parked")
    wait_for(lambda: (bed.counters("quota").get(5) or 0) == QUOTA, f"{QUOTA} accepted")
    kill(running["mailer"])
    bed.service("mailer")
    wait_for(lambda: bed.value("SELECT count(*) FROM service_instance WHERE service = 'mailer' AND state = 'ready'"
                               " AND pid <> ?", running["mailer"].pid), "the mailer")
    said = bed.run("campaign", "status", "quota").stdout
    assert len(bed.remembered()) == QUOTA, f"after the restart {len(bed.remembered())} letters"
    assert "main" in said, f"status does not say why:\n{said}"
    assert bed.value("SELECT count(*) FROM delivery WHERE attempts > 0 OR state = 8") == 0
