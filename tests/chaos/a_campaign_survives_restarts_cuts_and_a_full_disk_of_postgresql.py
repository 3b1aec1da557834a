#!/usr/bin/env python3
"""PostgreSQL in the middle of a campaign: ended at once and started again, killed,
every connection cut again and again, its disk full for a while."""
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from bed import wait_for  # noqa: E402
from distributed import Distributed  # noqa: E402
from postgres import Postgres  # noqa: E402

DISK_MB = 1024
FULL_S = 5
CUTS = 10


class SmallDisk:
    """A file system of its own, when we may mount one."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="vestnik-disk-")
        self.mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=0755", "vestnik-test",
                                       self.folder], capture_output=True).returncode == 0
        return self

    def __exit__(self, *_):
        if self.mounted:
            subprocess.run(["umount", "-l", self.folder], check=False)
        os.rmdir(self.folder)

    def fill(self):
        with open(os.path.join(self.folder, "ballast"), "wb", buffering=0) as f:
            try:
                while True:
                    f.write(bytes(1 << 16))
            except OSError:
                pass

    def clear(self):
        os.remove(os.path.join(self.folder, "ballast"))


def main():
    with SmallDisk() as disk:
        with Distributed(postgres=Postgres(folder=disk.folder), instances=("a",)) as house:
            postgres = house.postgres

            def ended_at_once():
                postgres.immediate()
                postgres.start()
            house.survives("postgresql-restarted", ended_at_once)

            def killed():
                postgres.kill()
                time.sleep(2)
                postgres.start()
            house.survives("postgresql-killed", killed)

            def cut():
                for _ in range(CUTS):
                    postgres.cut_connections(house.bed.database)
                    time.sleep(0.3)
            house.survives("connections-cut", cut)

            if not disk.mounted:
                print("disk-full: skipped, mounting a file system needs root", flush=True)
                return

            def full():
                disk.fill()
                time.sleep(FULL_S)
                disk.clear()
                # PostgreSQL ends itself when its log cannot be written; as systemd would:
                if not answers(postgres):
                    postgres.start()
                wait_for(lambda: answers(postgres), "PostgreSQL to be back")
            house.survives("disk-full", full)


def answers(postgres):
    try:
        postgres.query("SELECT 1")
        return True
    except Exception:
        return False


if __name__ == "__main__":
    main()
