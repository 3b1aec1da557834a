#!/usr/bin/env python3
"""Letters per second from launch to the last `accepted` in the store: all
services, embedded store and bus, into postfix's smtp-sink on loopback; beside
it smtp-source -d alone into the same sink with as many sessions."""
import json
import os
import re
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from bed import Bed, SERVICES, wait_for  # noqa: E402

LETTERS = int(os.environ.get("VESTNIK_BENCH_LETTERS", "50000"))
RUNS = int(os.environ.get("VESTNIK_BENCH_RUNS", "3"))
SESSIONS = int(os.environ.get("VESTNIK_BENCH_SESSIONS", "32"))
BYTES = 4096


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mb(pid):
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(r"VmHWM:\s+(\d+)", f.read()).group(1)) / 1024


def reference(port):
    begin = time.monotonic()
    subprocess.run(["smtp-source", "-d", "-s", str(SESSIONS), "-m", str(LETTERS), "-l", str(BYTES),
                    f"127.0.0.1:{port}"], check=True, env=dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin"))
    return LETTERS / (time.monotonic() - begin)


def one_run():
    with Bed({"mailer": {"connections": SESSIONS}, "log_level": "info"}) as bed:
        sink = bed.smtp_sink(connections=SESSIONS)
        bed.directory(LETTERS)
        running = bed.services()
        wait_for(lambda: len(bed.ready()) == len(SERVICES), "all services ready")
        path = bed.campaign("bench")
        before = {name: cpu_seconds(p.pid) for name, p in running.items()}
        before["sink"] = cpu_seconds(sink.pid)
        begin = time.monotonic()
        bed.launch(path)
        wait_for(lambda: bed.value("SELECT sum(n) FROM counter WHERE state = 5") == LETTERS,
                 "the last letter", 600, 0.05)
        seconds = time.monotonic() - begin
        running["sink"] = sink
        cpu = {name: round((cpu_seconds(p.pid) - before[name]) * 1e6 / LETTERS, 1) for name, p in running.items()}
        memory = {name: round(peak_mb(p.pid), 1) for name, p in running.items()}
        return LETTERS / seconds, reference(bed.smtp_port), cpu, memory


def main():
    runs = [one_run() for _ in range(RUNS)]
    value = statistics.median(run[0] for run in runs)
    source = statistics.median(run[1] for run in runs)
    cpu = {name: round(statistics.median(run[2][name] for run in runs), 1) for name in runs[0][2]}
    print(json.dumps({"bench": "pipeline", "value": round(value), "unit": "letters/s",
                      "reference": f"smtp-source -d -s {SESSIONS} -l {BYTES}", "reference_value": round(source),
                      "ratio": round(value / source, 3), "runs": [round(run[0]) for run in runs],
                      "cpu_us_per_letter": cpu, "peak_mb": runs[-1][3], "letters": LETTERS}))


if __name__ == "__main__":
    main()
