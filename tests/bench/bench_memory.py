#!/usr/bin/env python3
"""Peak memory of each service: a campaign with a 5 MB attachment, planned for
10,000 and for 1,000,000 recipients, of which the first thousands are sent."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
sys.path.insert(0, os.path.dirname(__file__))
from bed import Bed, SERVICES, wait_for  # noqa: E402
from bench_pipeline import peak_mb  # noqa: E402

SIZES = [int(n) for n in os.environ.get("VESTNIK_BENCH_SIZES", "10000 1000000").split()]
SENT = int(os.environ.get("VESTNIK_BENCH_SENT", "2000"))
ATTACHMENT = 5_000_000


def one(recipients):
    with Bed({"attachments_max": "6 MB", "audience_max": 0}) as bed:
        bed.smtp_sink()
        bed.directory(recipients)
        running = bed.services()
        wait_for(lambda: len(bed.ready()) == len(SERVICES), "all services ready")
        path = bed.campaign("memory", attachments=[("annex.pdf", os.urandom(ATTACHMENT))])
        bed.launch(path)
        wait_for(lambda: bed.value("SELECT expanded FROM campaign WHERE slug = 'memory'") == 1, "expansion", 900, 0.2)
        wait_for(lambda: (bed.value("SELECT sum(n) FROM counter WHERE state = 5") or 0) >= SENT, "letters", 900, 0.2)
        return {name: round(peak_mb(process.pid), 1) for name, process in running.items()}


def main():
    peaks = {size: one(size) for size in SIZES}
    largest = peaks[SIZES[-1]]
    print(json.dumps({"bench": "memory", "value": round(sum(largest.values()), 1), "unit": "MB, sum of peaks",
                      "recipients": SIZES[-1], "attachment_bytes": ATTACHMENT,
                      "reference": f"{SIZES[0]} recipients", "reference_value": round(sum(peaks[SIZES[0]].values()), 1),
                      "ratio": round(sum(largest.values()) / sum(peaks[SIZES[0]].values()), 2), "by_service": largest}))


if __name__ == "__main__":
    main()
