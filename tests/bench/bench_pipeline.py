#!/usr/bin/env python3
"""Letters per second from launch to the last `accepted` in the store, into
postfix's smtp-sink on loopback; beside it smtp-source -d alone into the same
sink with as many sessions. All services, embedded store and bus; with

    bench_pipeline.py --bus kafka --store postgres

also on a Kafka broker and a PostgreSQL of their own on this machine, and the
embedded rate of the same run stands beside it. CPU by process."""
import argparse
import collections
import contextlib
import glob
import json
import os
import re
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from bed import Bed, SERVICES, wait_for  # noqa: E402
from kafka import Kafka  # noqa: E402
from postgres import Postgres  # noqa: E402

LETTERS = int(os.environ.get("VESTNIK_BENCH_LETTERS", "50000"))
RUNS = int(os.environ.get("VESTNIK_BENCH_RUNS", "3"))
SESSIONS = int(os.environ.get("VESTNIK_BENCH_SESSIONS", "32"))
BYTES = 4096
POLL_S = 0.1


def cpu_of(pid):
    """Seconds, with those of children that have ended."""
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return sum(int(n) for n in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """Of a process and those it started (PostgreSQL has one for each connection)."""
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        children = f.read().split()
    total = cpu_of(pid)
    for child in children:
        with contextlib.suppress(FileNotFoundError):
            total += cpu_seconds(child)
    return total


def peak_mb(pid):
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(r"VmHWM:\s+(\d+)", f.read()).group(1)) / 1024


def reference(port):
    begin = time.monotonic()
    subprocess.run(["smtp-source", "-d", "-s", str(SESSIONS), "-m", str(LETTERS), "-l", str(BYTES),
                    f"127.0.0.1:{port}"], check=True, env=dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin"))
    return LETTERS / (time.monotonic() - begin)


def bus_bytes(kafka):
    """On disk, of one node: by topic."""
    total = collections.Counter()
    for path in glob.glob(os.path.join(kafka.folder, "data1", "*vestnik.*", "*.log")):
        topic = os.path.basename(os.path.dirname(path)).rsplit("-", 1)[0]
        total[topic[topic.index("vestnik."):]] += os.path.getsize(path)
    return total


def store_bytes(postgres, database):
    """Rows and bytes (with indexes) of the tables that grow with the letters; and of the write-ahead log so far."""
    tables = postgres.query("SELECT relname, pg_total_relation_size(relid), n_live_tup FROM pg_stat_user_tables"
                            " WHERE relname IN ('delivery', 'history', 'schedule', 'outbox')", database)
    return ({name: int(size) for name, size, _ in tables},
            int(postgres.query("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')")[0][0]))


def cost(bed, wal_before):
    """Bytes a letter."""
    out = {}
    if bed.kafka:
        out["bus"] = {topic: round(size / LETTERS / 2) for topic, size in sorted(bus_bytes(bed.kafka).items())}
    if bed.postgres:
        tables, wal = store_bytes(bed.postgres, bed.database)
        out["store"] = {name: round(size / LETTERS / 2) for name, size in sorted(tables.items())}
        out["store_log"] = round((wal - wal_before) / LETTERS)
    return out


def wait_accepted(bed, letters):
    """Until the store has so many accepted letters. One psql looks again and again: starting one for each
    look would be a tenth of what is measured."""
    question = "SELECT sum(n) FROM counter WHERE state = 5"
    if not bed.postgres:
        wait_for(lambda: bed.value(question) == letters, "the last letter", 600, POLL_S)
        return
    psql = subprocess.Popen([os.path.join(bed.postgres.bin, "psql"), "-AtqX", bed.store_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    psql.stdin.write(f"{question} \\watch {POLL_S}\n")
    psql.stdin.flush()
    for line in psql.stdout:
        if line.strip() == str(letters):
            break
    psql.kill()
    psql.wait()


def finish(bed, path, accepted):
    """Launches a campaign and waits until the store has so many accepted letters; seconds."""
    begin = time.monotonic()
    bed.launch(path)
    wait_accepted(bed, accepted)
    return time.monotonic() - begin


def one_run(bus, store):
    """Rate, rate of the reference, CPU µs a letter by process, peak MB by process, bytes a letter."""
    with contextlib.ExitStack() as stack:
        kafka = stack.enter_context(Kafka(as_a_server=True)) if bus == "kafka" else None
        postgres = stack.enter_context(Postgres()) if store == "postgres" else None
        bed = stack.enter_context(Bed({"mailer": {"connections": SESSIONS}, "log_level": "info"},
                                      bus=kafka or "embedded", store=postgres or "sqlite"))
        sink = bed.smtp_sink(connections=SESSIONS)
        bed.directory(LETTERS)
        running = {name: process.pid for name, process in bed.services().items()}
        wait_for(lambda: len(bed.ready()) == len(SERVICES), "all services ready")
        running["sink"] = sink.pid
        if kafka is not None:
            running["kafka"] = kafka.process[1].pid
        if postgres is not None:
            running["postgres"] = postgres.process.pid
        finish(bed, bed.campaign("warm-up"), LETTERS)  # of the broker's and the database's processes too
        wal = store_bytes(postgres, bed.database)[1] if postgres is not None else 0
        path = bed.campaign("bench")
        before = {name: cpu_seconds(pid) for name, pid in running.items()}
        seconds = finish(bed, path, 2 * LETTERS)
        cpu = {name: (cpu_seconds(pid) - before[name]) * 1e6 / LETTERS for name, pid in running.items()}
        memory = {name: round(peak_mb(pid), 1) for name, pid in running.items()}
        bytes_a_letter = cost(bed, wal)
        return LETTERS / seconds, reference(bed.smtp_port), cpu, memory, bytes_a_letter


def summary(runs):
    cpu = {name: round(statistics.median(run[2][name] for run in runs), 1) for name in runs[0][2]}
    return {"value": round(statistics.median(run[0] for run in runs)), "runs": [round(run[0]) for run in runs],
            "cpu_us_per_letter": cpu, "cpu_us_sum": round(sum(cpu.values()), 1), "peak_mb": runs[-1][3],
            **({"bytes_a_letter": runs[-1][4]} if runs[-1][4] else {})}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bus", choices=["embedded", "kafka"], default="embedded")
    parser.add_argument("--store", choices=["sqlite", "postgres"], default="sqlite")
    wish = parser.parse_args()
    distributed = (wish.bus, wish.store) != ("embedded", "sqlite")
    runs, embedded = [], []
    for _ in range(RUNS):  # in turn, so that the machine's moods meet both
        runs.append(one_run(wish.bus, wish.store))
        if distributed:
            embedded.append(one_run("embedded", "sqlite"))
    source = statistics.median(run[1] for run in runs + embedded)
    result = {"bench": "pipeline", "bus": wish.bus, "store": wish.store, "unit": "letters/s", **summary(runs),
              "reference": f"smtp-source -d -s {SESSIONS} -l {BYTES}", "reference_value": round(source),
              "letters": LETTERS}
    result["ratio"] = round(result["value"] / source, 3)
    if distributed:
        result["embedded"] = summary(embedded)
        result["ratio_to_embedded"] = round(result["value"] / result["embedded"]["value"], 3)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
