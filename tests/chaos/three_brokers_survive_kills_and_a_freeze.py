#!/usr/bin/env python3
"""Three Kafka nodes: one dies, the coordinator of the mailers' group dies, two die
(no majority) and come back, one stands still past every session timeout."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from distributed import Distributed  # noqa: E402

FROZEN_S = 12  # past the sessions of brokers (3 s) and of members (4 s)
AWAY_S = 5


def main():
    with Distributed(nodes=3, instances=("a",)) as house:
        kafka = house.kafka
        coordinator = kafka.coordinator_of(house.group("mailer"))
        others = [i for i in kafka.nodes if i != coordinator]
        # A mailer that loses its partitions gives up what it has in hand.
        bound = house.bound(1)

        house.survives("one-broker-killed", lambda: kafka.kill(others[0]), bound)
        kafka.restart(others[0])

        house.survives("coordinator-killed", lambda: kafka.kill(kafka.coordinator_of(house.group("mailer"))), bound)
        kafka.restart(coordinator)

        def no_majority():
            for i in others:
                kafka.kill(i)
            time.sleep(AWAY_S)  # how long they are away, not a wait for something
            for i in others:
                kafka.restart(i, ready=False)
            kafka.wait_ready(3)
        house.survives("two-brokers-killed-and-back", no_majority, bound)

        def frozen():
            kafka.freeze(others[1])
            time.sleep(FROZEN_S)
            kafka.thaw(others[1])
        house.survives("one-broker-frozen", frozen, bound)


if __name__ == "__main__":
    main()
