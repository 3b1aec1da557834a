#!/usr/bin/env python3
"""PostgreSQL under a running campaign: its connections cut again and again, an immediate shutdown
and recovery, frozen, its disk full. Nothing is restarted but the server; the services go on by
themselves. Lost 0, doubled 0 (no mailer dies here), and the store agrees with the sink.

    postgresql_failures_lose_no_letter.py [cut | restarted | frozen | full …]
"""
import collections
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from bed import Bed, SERVICES, skip, wait_for  # noqa: E402
from kafka import Kafka, KafkaAbsent  # noqa: E402
from postgres import Postgres, PostgresAbsent  # noqa: E402

LETTERS = int(os.environ.get("VESTNIK_CHAOS_LETTERS", "6000"))
ACCEPTED = 5
DISK_BYTES = 220 * 1024 * 1024


def letters(bed):
    return len(bed.remembered())


def reach(bed, share):
    wait_for(lambda: letters(bed) >= LETTERS * share, f"{share:.0%} of the letters", 120, 0.01)


def cut(bed, postgres):
    """Some thirty times, at moments that have nothing to do with what the services do."""
    times, sessions = 0, 0
    while letters(bed) < LETTERS * 0.9 and times < 30:
        sessions += postgres.cut_connections(bed.database)
        times += 1
        time.sleep(0.15)
    assert sessions >= len(SERVICES), f"only {sessions} connections were there to be cut"
    return f"{times} times, {sessions} connections"


def restarted(bed, postgres):
    for share in (0.2, 0.4, 0.6):
        reach(bed, share)
        postgres.immediate()
        postgres.start()
    return "3 immediate shutdowns"


def frozen(bed, postgres):
    """Longer than the planner's lease and the database's patience with idle transactions."""
    reach(bed, 0.3)
    postgres.freeze()
    time.sleep(14)
    postgres.thaw()
    return "14 s"


def full(bed, postgres):
    filler = os.path.join(os.path.dirname(postgres.data), "filler")
    said = collections.Counter()
    for share in (0.2, 0.5):
        reach(bed, share)
        # until somebody noticed: the server said so in its log, or gave up
        before = len(log_of(postgres))
        subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=64k"], capture_output=True)
        wait_for(lambda: "No space left" in log_of(postgres)[before:] or postgres.process.poll() is not None,
                 "the disk to be found full", 60, 0.05)
        said["full"] += 1
        time.sleep(1)
        os.remove(filler)
        if postgres.process.poll() is not None:  # a full log ends the server; somebody starts it again
            said["ended"] += 1
            postgres.start(ready=False)
        wait_for(lambda: answers(postgres), "the server to answer again", 60, 0.1)
    return f"full {said['full']} times, the server ended {said['ended']} times"


def answers(postgres):
    try:
        return postgres.value("SELECT 1") == "1"
    except AssertionError:
        return False


def log_of(postgres):
    with open(postgres.log_file, errors="replace") as file:
        return file.read()


def one(name, kafka, postgres):
    with Bed(bus=kafka, store=postgres, settings={"mailer": {"connections": 16}, "planner": {"lease": "2s"}}) as bed:
        # a full disk is noticed by who still has something to write: those letters take their time
        bed.sink("--latency-ms", "60" if name == "full" else "15", connections=16)
        running = bed.services()
        bed.directory(LETTERS)
        bed.launch(bed.campaign("chaos"))
        reach(bed, 0.05)
        start = time.monotonic()
        what = globals()[name](bed, postgres)
        bed.wait_state("chaos", "finished", 240)
        seconds = time.monotonic() - start

        arrived = collections.Counter(recipient for _, recipient in bed.remembered())
        lost, doubled = LETTERS - len(arrived), sum(n - 1 for n in arrived.values())
        print(f"{name}: {what}; letters={LETTERS} arrived={sum(arrived.values())} unique={len(arrived)} lost={lost}"
              f" doubled={doubled} seconds={seconds:.0f}", flush=True)
        dead = {service: process.poll() for service, process in running.items() if process.poll() is not None}
        assert not dead, f"ended by themselves: {dead}"
        assert lost == 0, f"{lost} letters lost"
        assert doubled == 0, f"{doubled} letters doubled"
        accepted = {address for (address,) in bed.rows("SELECT address FROM delivery WHERE state = 5")}
        assert accepted == set(arrived), "the store and the sink disagree"
        assert bed.counters("chaos") == {ACCEPTED: LETTERS}, f"counters: {bed.counters('chaos')}"
        assert bed.value("SELECT count(*) FROM schedule") == 0, "rows left in schedule"
        assert bed.value("SELECT count(*) FROM history WHERE state = 5") == LETTERS


class SmallDisk:
    """A file system that can be filled; needs root."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="vestnik-small-disk-")
        os.chmod(self.folder, 0o755)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", self.folder],
                              capture_output=True, text=True)
        self.mounted = done.returncode == 0
        if self.mounted:
            os.chmod(self.folder, 0o755)
        else:
            print("full: left out, a small disk cannot be mounted here:", done.stderr.strip())
        return self

    def __exit__(self, *unused):
        if self.mounted:
            subprocess.run(["umount", "-l", self.folder])
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    names = sys.argv[1:] or ["cut", "restarted", "frozen", "full"]
    try:
        with Kafka() as kafka:
            for name in names:
                if name != "full":
                    with Postgres() as postgres:
                        one(name, kafka, postgres)
                    continue
                with SmallDisk() as disk:
                    if disk.mounted:
                        with Postgres({"max_wal_size": "64MB", "shared_buffers": "16MB"}, disk.folder) as postgres:
                            one(name, kafka, postgres)
    except (KafkaAbsent, PostgresAbsent) as absent:
        skip(absent)


main()
