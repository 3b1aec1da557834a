"""The real services under vestnik up: a notice queued with `task put` arrives, the log shows
it, a killed mailer comes back and the next notice arrives, down stops everything."""

import json
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from bed import ALL_SERVICES, BIN, Bed, wait_for  # noqa: E402


def task(ident):
    return json.dumps({"specversion": "1.0", "id": ident, "source": "//example.org/app",
                       "type": "vestnik.task.notify",
                       "data": {"subject": "Тема", "text": "Текст",
                                "to": [{"address": f"{ident}@example.org"}]}})


def services(bed, code=0):
    rows = bed.json("status", code=code)
    return {r["service"]: r for r in rows if r["kind"] == "service"}


def main():
    with Bed() as bed:
        bed.sink()
        up = bed.up()
        # the rows say ready a moment before READY=1 has reached the supervisor
        wait_for(lambda: bed.run("status", code=None).returncode == 0, "status to say all is well")
        status = services(bed)
        assert sorted(status) == sorted(ALL_SERVICES), status
        assert all(s["state"] == "ready" and sum(s["queue"].values()) == 0 for s in status.values()), status

        follower = subprocess.Popen([os.path.join(BIN, "vestnik"), "log", "-f", "--state", "accepted", "--json"],
                                    env=bed.environment(), stdout=subprocess.PIPE, text=True)
        bed.processes.append(follower)
        for ident in ("first", "second"):
            assert bed.run("task", "put", "-", text=task(ident)).stdout == ident + "\n"
            line = json.loads(follower.stdout.readline())
            assert (line["address"], line["code"]) == (f"{ident}@example.org", 250), line
            story = wait_for(lambda: [s for s in bed.json("delivery", "show", str(line["key"]))
                                      if s["state"] == "accepted"], "the ledger")[0]
            assert story["address"] == f"{ident}@example.org", story
            mailer = services(bed)["mailer"]["pid"]
            if ident == "first":
                os.kill(mailer, signal.SIGKILL)
                wait_for(lambda: (lambda m: m["state"] == "ready" and m["pid"] != mailer)(
                    services(bed, code=None)["mailer"]), "the mailer again")
        # said twice, done once
        bed.run("task", "put", "-", text=task("first"))
        bed.run("task", "put", "-", text=task("third"))
        line = json.loads(follower.stdout.readline())
        assert line["address"] == "third@example.org", line
        addresses = sorted(address for _, address in bed.remembered())
        assert addresses == [f"{n}@example.org" for n in ("first", "second", "third")], addresses
        follower.send_signal(signal.SIGINT)
        assert follower.wait(60) == 0
        bed.run("down")
        assert up.wait(60) == 0
        assert services(bed, code=1) == {}


main()
