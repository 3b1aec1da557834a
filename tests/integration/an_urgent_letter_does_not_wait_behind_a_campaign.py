"""While a long campaign fills every connection, a notice goes out before the
campaign is half done."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from bed import Bed, wait_for  # noqa: E402

LETTERS = 3000

with Bed({"mailer": {"connections": 4}}) as bed:
    bed.sink("--latency-ms", "5", connections=4)
    bed.services()
    bed.directory(LETTERS)
    bed.launch(bed.campaign("long"))
    wait_for(lambda: len(bed.remembered()) >= 100, "the campaign to run")
    task = {"specversion": "1.0", "id": "u1", "source": "/test", "type": "vestnik.task.notify",
            "data": {"subject": "Срочно", "text": "Текст.", "to": [{"address": "duty@example.org"}]}}
    bed.run("task", "put", "-", text=json.dumps(task))
    wait_for(lambda: any(r == "duty@example.org" for _, r in bed.remembered()), "the urgent letter")
    bed.wait_state("long", "finished")
    order = [recipient for _, recipient in bed.remembered()]
    place = order.index("duty@example.org")
    assert len(order) == LETTERS + 1, f"got {len(order)} letters"
    assert place < LETTERS / 2, f"the urgent letter went out as number {place} of {len(order)}"
