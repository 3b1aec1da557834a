#!/usr/bin/env python3
"""A machine starts with a wrong clock and is set right when its services already run: `vestnik status` and the console
say since when they run in the time as it is now, and one that dies then is as young as it is."""
import datetime
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
from bed import wait_for  # noqa: E402
from console_bed import ConsoleBed, want  # noqa: E402

MINUTES = 10  # the whole test is shorter


def ages(bed):
    """Of all that status tells of, in minutes."""
    now = datetime.datetime.fromtimestamp(bed.clock.now_ms() / 1000, datetime.timezone.utc)
    told = [line for line in bed.json("status", code=None) if line["kind"] in ("supervisor", "service")]
    return {line.get("service", "supervisor"): (now - datetime.datetime.fromisoformat(line["since"])).total_seconds() / 60 for line in told}


def all_young(bed):
    return all(-MINUTES < age < MINUTES for age in ages(bed).values())


bed = ConsoleBed(up=True)
bed.clock.jump_to("2023-04-01 10:00")
with bed:
    services = set(ages(bed))
    want("told of", len(services) > 7, True)
    wait_for(lambda: all_young(bed), "since the start")
    bed.clock.forward(days=1300)
    wait_for(lambda: all_young(bed), "since the start, in the new time")
    wait_for(lambda: bed.value("SELECT min(started_ms) FROM service_instance") > bed.clock.now_ms() - MINUTES * 60000,
             "the same seen from another machine")
    api = bed.key("operate.read")
    rows = bed.api("GET", "/api/v1/services", key=api).json["services"]
    now = datetime.datetime.fromtimestamp(bed.clock.now_ms() / 1000, datetime.timezone.utc)
    want("services over HTTP", len(rows) >= 7, True)
    for row in rows:
        age = (now - datetime.datetime.fromisoformat(row["since"])).total_seconds() / 60
        want(f"{row['service']} over HTTP", -MINUTES < age < MINUTES, True)
    pid = next(line["pid"] for line in bed.json("status", code=None) if line.get("service") == "intake")
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: any(line.get("service") == "intake" and line["state"] == "ready" and line["pid"] != pid
                         for line in bed.json("status", code=None)), "its successor")
    want("all", set(ages(bed)), services)
    want("young", all_young(bed), True)
