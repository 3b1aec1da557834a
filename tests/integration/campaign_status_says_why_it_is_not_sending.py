#!/usr/bin/env python3
"""vestnik campaign list, status, pause, resume, cancel, retry against the real
planner and ledger: each order is applied when the command returns, is refused
with the planner's reason, and `status` says why nothing is sent."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from bed import Bed, kill, wait_for  # noqa: E402


def codes(bed, slug):
    return [why["code"] for why in bed.json("campaign", "status", slug)[0]["why"]]


def notify(bed, number, recipients=3):
    task = {"specversion": "1.0", "id": f"n{number}", "source": "test", "type": "vestnik.task.notify",
            "data": {"subject": "Проверка", "text": "Уважаемые коллеги!",
                     "to": [{"address": f"person-{i}@example.org"} for i in range(recipients)]}}
    bed.run("task", "put", "-", text=json.dumps(task))
    return wait_for(lambda: bed.value("SELECT slug FROM campaign WHERE created_by = ?", f"test#n{number}"),
                    "the notice to be taken up")


def main():
    with Bed() as bed:
        bed.sink()
        running = bed.services("planner", "ledger")
        wait_for(lambda: len(bed.ready()) == 2, "planner and ledger")
        slug = notify(bed, 1)

        assert codes(bed, slug) == ["mailer-down"], codes(bed, slug)
        assert "no mailer is running" in bed.run("campaign", "status", slug).stdout

        bed.run("campaign", "pause", slug, "--reason", "a mistake in the text")
        seen = bed.json("campaign", "status", slug)[0]
        assert seen["state"] == "paused" and seen["why"][0]["code"] == "paused", seen
        assert "a mistake in the text" in seen["why"][0]["text"] and "vestnik/cli/" in seen["state_reason"], seen
        bed.run("campaign", "pause", slug)  # as it is: no mistake
        bed.run("campaign", "resume", slug)
        assert bed.json("campaign", "status", slug)[0]["state"] == "running"

        # Refusals are the planner's words, exit 1; wrong use is 2.
        assert "cannot be resumed" in bed.run("campaign", "resume", notify_cancelled(bed), code=1).stderr
        bed.run("campaign", "status", "nobody", code=1)
        bed.run("campaign", "pause", "nobody", code=1)
        bed.run("campaign", "retry", slug, code=2)
        bed.run("campaign", "retry", slug, "--state", "eaten", code=2)

        # The mailer comes; the letters go; nothing is left to explain.
        running["mailer"] = bed.service("mailer")
        bed.wait_state(slug, "finished")
        seen = bed.json("campaign", "status", slug)[0]
        assert seen["counts"] == {"accepted": 3} and seen["open"] == 0 and seen["why"] == [], seen
        assert "100 %" in bed.run("campaign", "status", slug, "--watch").stdout

        listed = {row["campaign"]: row for row in bed.json("campaign", "list", "--all")}
        assert listed[slug]["state"] == "finished" and listed[slug]["done"] == 3, listed
        assert bed.json("campaign", "list") == []  # notices are no campaigns of people

        # Nobody is there: the order is safe on the bus, and applied when the planner is back.
        for name in ("planner", "mailer"):
            kill(running[name])
        told = bed.run("campaign", "retry", slug, "--state", "failed")
        assert "queued" in told.stderr, told.stderr
        running["planner"] = bed.service("planner")
        wait_for(lambda: bed.value("SELECT count(*) FROM task_seen WHERE type = 'vestnik.task.campaign.retry'"
                                   " AND result = 'accepted'"), "the retry to be taken up")
        bed.wait_state(slug, "finished")  # nothing had failed


def notify_cancelled(bed):
    slug = notify(bed, 2)
    bed.run("campaign", "cancel", slug, code=1)  # nobody can answer: --yes is needed
    bed.run("campaign", "cancel", slug, "--yes")
    return slug


if __name__ == "__main__":
    main()
