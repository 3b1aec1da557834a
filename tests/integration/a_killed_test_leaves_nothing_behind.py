"""kill -9 of a test that runs a Kafka, a PostgreSQL and services: all of it ends, and the
folders go."""
import glob
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from bed import Bed, kill, skip, wait_for  # noqa: E402
from kafka import KafkaAbsent, jars  # noqa: E402
from postgres import PostgresAbsent, programs  # noqa: E402


def victim():
    bed = Bed(bus="kafka", store="postgres")
    bed.sink()
    processes = [bed.processes[0].pid, bed.kafka.process[1].pid, bed.postgres.process.pid, *bed.postgres.children()]
    print(*processes, flush=True)
    print(bed.folder, bed.kafka.folder, bed.postgres.folder, flush=True)
    sys.stdin.read()


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"  # ended, its parent did not look yet
    except OSError:
        return False


def main():
    try:
        jars()
        programs()
    except (KafkaAbsent, PostgresAbsent) as absent:
        skip(absent)
    test = subprocess.Popen([sys.executable, __file__, "victim"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    processes = test.stdout.readline().split()
    folders = test.stdout.readline().split()
    assert len(processes) > 5 and len(folders) == 3, (processes, folders)
    assert all(alive(pid) for pid in processes) and all(os.path.isdir(folder) for folder in folders)
    kill(test)
    wait_for(lambda: not any(alive(pid) for pid in processes), "the programs to end", 30)
    wait_for(lambda: not any(glob.glob(folder) for folder in folders), "the folders to go", 30)


if sys.argv[1:] == ["victim"]:
    victim()
else:
    main()
