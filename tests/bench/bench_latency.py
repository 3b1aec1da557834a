#!/usr/bin/env python3
"""One `notify` task on an idle system: from `task put` returning to `accepted`
in the history, by the store's own times; and from the sink's side."""
import json
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from bed import Bed, SERVICES, wait_for  # noqa: E402

NOTICES = int(os.environ.get("VESTNIK_BENCH_NOTICES", "100"))
IDLE_S = 0.1  # between two notices: the system is idle again


def main():
    with Bed() as bed:
        bed.sink()
        bed.services()
        wait_for(lambda: len(bed.ready()) == len(SERVICES), "all services ready")
        spans = []
        for i in range(NOTICES):
            task = {"specversion": "1.0", "id": f"n{i}", "source": "/bench", "type": "vestnik.task.notify",
                    "data": {"subject": "Проверка", "text": "Уважаемые коллеги!", "to": [
                        {"address": f"person-{i}@example.org"}]}}
            bed.run("task", "put", "-", text=json.dumps(task))
            # campaign.created_ms is when the planner took the task up; the bus row is older by the wake-up.
            wait_for(lambda: bed.value("SELECT count(*) FROM delivery WHERE state = 5") == i + 1, "the letter",
                     every_s=0.002)
            time.sleep(IDLE_S)
        rows = bed.rows("SELECT h.time_ms - t.accepted_ms FROM history h JOIN delivery d ON d.key = h.key"
                        " JOIN campaign c ON c.id = d.campaign JOIN task_seen t ON c.created_by = t.source || '#' || t.id"
                        " WHERE h.state = 5")
        spans = sorted(row[0] for row in rows)
        if len(spans) < NOTICES:
            raise SystemExit(f"{len(spans)} of {NOTICES} notices can be measured")
        print(json.dumps({"bench": "latency", "value": statistics.median(spans), "unit": "ms (p50)",
                          "p99": spans[int(len(spans) * 0.99) - 1], "most": spans[-1], "notices": NOTICES}))


if __name__ == "__main__":
    main()
