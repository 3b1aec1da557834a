#!/usr/bin/env python3
"""The README's section on two machines, here two folders with settings of their
own: each runs `vestnik up`, both send letters of one campaign, each shows the
same figures, and when one is stopped in order the other goes on alone."""
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from bed import ALL_SERVICES, BIN, Bed, wait_for  # noqa: E402

LETTERS = 2000
MACHINES = ["first", "second"]


def ask(bed, machine, *arguments):
    done = subprocess.run([os.path.join(BIN, "vestnik"), *arguments], capture_output=True, text=True,
                          env=bed.environment(machine), timeout=60)
    assert done.returncode == 0, f"vestnik {' '.join(arguments)} on {machine}: {done.stdout} {done.stderr}"
    return done.stdout


def senders(bed):
    """Letters by who sent them."""
    return dict(bed.rows("SELECT worker, count(*) FROM history WHERE state = 5 GROUP BY worker"))


def main():
    with Bed(bus="kafka", store="postgres") as bed:
        bed.sink("--latency-ms", "20", connections=16)
        ups = {name: bed.up(machine=name) for name in MACHINES}
        bed.directory(LETTERS)

        bed.launch(bed.campaign("both"))
        bed.wait_state("both", "finished")
        counts = bed.sink_counts()
        print(f"both: letters={LETTERS} {counts} senders={senders(bed)}")
        assert counts == {"accepted": LETTERS, "unique": LETTERS, "doubled": 0}, counts
        assert len(senders(bed)) == 2, f"letters were sent by {senders(bed)}, want both machines"
        first, second = (ask(bed, name, "--json", "campaign", "status", "both") for name in MACHINES)
        assert first == second, f"the machines disagree:\n{first}\n{second}"
        status = ask(bed, "second", "status")
        print(status)
        for name in ALL_SERVICES:
            shown = [line for line in status.splitlines() if line.startswith(name)]
            assert len(shown) == len(MACHINES), f"status shows {len(shown)} of {name}, want {len(MACHINES)}"
        assert len(bed.ready()) == len(MACHINES) * len(ALL_SERVICES)

        # One machine is taken away in the middle of a campaign.
        bed.launch(bed.campaign("one-leaves"))
        wait_for(lambda: bed.sink_counts()["unique"] >= LETTERS + LETTERS // 4, "a quarter of the letters")
        ups["second"].send_signal(signal.SIGTERM)
        ups["second"].wait(60)
        bed.wait_state("one-leaves", "finished")
        counts = bed.sink_counts()
        print(f"one-leaves: {counts}")
        assert counts == {"accepted": 2 * LETTERS, "unique": 2 * LETTERS, "doubled": 0}, counts
        assert bed.counters("one-leaves") == {5: LETTERS}, bed.counters("one-leaves")


if __name__ == "__main__":
    main()
