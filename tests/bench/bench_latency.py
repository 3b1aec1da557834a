#!/usr/bin/env python3
"""One `notify` task on an idle system: from the start of `vestnik task put` to
`accepted` (the relay's 250), and of it what comes after the planner took the task."""
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
        began = {}
        for i in range(NOTICES):
            address = f"person-{i}@example.org"
            task = {"specversion": "1.0", "id": f"n{i}", "source": "/bench", "type": "vestnik.task.notify",
                    "data": {"subject": "Проверка", "text": "Уважаемые коллеги!", "to": [{"address": address}]}}
            began[address] = time.time() * 1000
            bed.run("task", "put", "-", text=json.dumps(task))
            wait_for(lambda: bed.value("SELECT count(*) FROM delivery WHERE state = 5") == i + 1, "the letter",
                     every_s=0.002)
            time.sleep(IDLE_S)
        rows = bed.rows("SELECT d.address, h.time_ms, t.accepted_ms FROM history h JOIN delivery d ON d.key = h.key"
                        " JOIN task_seen t ON t.id = 'n' || substr(d.address, 8, instr(d.address, '@') - 8)"
                        " WHERE h.state = 5")
        whole = sorted(time_ms - began[address] for address, time_ms, _ in rows)
        inside = sorted(time_ms - accepted_ms for _, time_ms, accepted_ms in rows)
        assert len(whole) == NOTICES, f"{len(whole)} of {NOTICES} notices measured"

        def p99(spans):
            return round(spans[max(0, int(len(spans) * 0.99) - 1)], 1)

        starts = []
        for _ in range(20):
            before = time.monotonic()
            bed.run("--version")
            starts.append((time.monotonic() - before) * 1000)
        value, start = statistics.median(whole), statistics.median(starts)
        print(json.dumps({"bench": "latency", "value": round(value, 1),
                          "unit": "ms p50, start of `vestnik task put` to the relay's 250", "p99": p99(whole),
                          "reference": "starting the program alone (`vestnik --version`)",
                          "reference_value": round(start, 1), "ratio": round(value / start, 2),
                          "after_the_planner_took_it_ms": {"p50": statistics.median(inside), "p99": p99(inside)},
                          "notices": NOTICES}))


if __name__ == "__main__":
    main()
