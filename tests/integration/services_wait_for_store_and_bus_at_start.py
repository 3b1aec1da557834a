#!/usr/bin/env python3
"""Services that start before their store and their bus wait, say so once, tell systemd to have patience, and
go on by themselves; the same when both go away later."""
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from many import fleet, launch, member, ready, verdict, wait_for  # noqa: E402

SERVICES = ["planner", "mailer", "ledger", "notifier"]
LETTERS = 300


class Systemd:
    """What services tell it."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.setblocking(False)
        self.told = []

    def has(self, word):
        try:
            while True:
                self.told += self.socket.recv(4096).decode().split("\n")
        except BlockingIOError:
            return sum(word in line for line in self.told)


def main():
    with fleet(mailer={"connections": 4}) as bed:
        bed.sink(connections=64)
        bed.make_topics()
        bed.kafka.kill(1)
        bed.postgres.stop()
        systemd = Systemd(bed.folder)
        os.environ["NOTIFY_SOCKET"] = systemd.path
        for name in SERVICES:
            member(bed, name, "x")
        for name in SERVICES:
            wait_for(lambda: " waits reason=" in bed.log_of(f"{name}-x"), f"{name} to say that it waits", 30)
        wait_for(lambda: systemd.has("EXTEND_TIMEOUT_USEC=") >= 2 * len(SERVICES), "services to ask for patience", 30)
        assert systemd.has("READY=1") == 0, "a service called itself ready without its store"
        bed.postgres.start()
        bed.kafka.restart(1)
        for name in SERVICES:
            wait_for(lambda: ready(bed, name) == 1, f"{name} to be ready", 60, 0.1)
        for name in SERVICES:
            said = bed.log_of(f"{name}-x").count(" waits reason=")
            assert said <= 2, f"{name} said {said} times that it waits"  # once for the store, once for the bus
        assert systemd.has("READY=1") == len(SERVICES)
        launch(bed, "first", LETTERS)
        verdict(bed, "first", LETTERS, bound=0, what="after a start without store and bus")

        bed.postgres.stop()
        bed.kafka.kill(1)
        wait_for(lambda: " waits reason=" in bed.log_of("planner-x").split("leading")[-1], "the planner to miss its store",
                 60)
        bed.postgres.start()
        bed.kafka.restart(1)
        path = bed.campaign("second")
        wait_for(lambda: bed.run("campaign", "launch", path, "--yes", code=None).returncode == 0, "a launch", 60, 0.5)
        bed.wait_state("second", "finished")
        assert len(bed.remembered()) == 2 * LETTERS, f"{len(bed.remembered())} letters, want {2 * LETTERS}"
        for process in bed.processes:
            if "vestnik-" in process.args[0]:
                assert process.poll() is None, f"{process.args[0]} ended with {process.returncode}"
        print("after store and bus were away: letters =", len(bed.remembered()))


if __name__ == "__main__":
    main()
