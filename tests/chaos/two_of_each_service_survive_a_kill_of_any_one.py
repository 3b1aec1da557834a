#!/usr/bin/env python3
"""Two of each service on Kafka and PostgreSQL: one of them is killed in the middle
of a campaign, the other takes over; later it comes back."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from distributed import Distributed  # noqa: E402

VICTIMS = ["planner", "mailer", "ledger", "notifier"]


def main():
    with Distributed() as house:
        for name in VICTIMS:
            house.survives(f"{name}-killed", lambda: house.kill(name, "a"),
                           doubled_most=house.bound(1 if name == "mailer" else 0))
            house.start(name, "a")
            house.wait_ready()
        house.survives("mailer-leaves-and-joins",
                       lambda: (house.stop("mailer", "b"), house.start("mailer", "c")))


if __name__ == "__main__":
    main()
