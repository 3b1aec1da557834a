"""On a Kafka with several partitions: log -f tells of every letter once, dead messages are listed,
shown and replayed, status says what waits for whom. While the broker is away what was asked for
waits in the outbox, status says so, and it goes out when the broker is back."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from bed import BIN, Bed, wait_for  # noqa: E402

LETTERS = 60
PARTITIONS = 5


def follow(bed):
    path = os.path.join(bed.folder, "followed")
    out = open(path, "w")
    process = subprocess.Popen([os.path.join(BIN, "vestnik"), "log", "-f", "--json", "--state", "accepted"],
                               stdout=out, env=bed.environment())
    bed.processes.append(process)

    def lines():
        with open(path) as f:
            return [json.loads(line) for line in f.read().splitlines(keepends=True) if line.endswith("\n")]
    return process, lines


def dead_messages(bed):
    bed.kafka.produce("vestnik.tasks", "{no json", headers={"content-type": "application/cloudevents+json"})
    letter, = wait_for(lambda: bed.json("dead", "list"), "the dead message")
    assert letter["topic"] == "vestnik.tasks" and letter["by"] == "planner" and letter["reason"], letter
    shown, = bed.json("dead", "show", str(letter["id"]))
    assert shown["data"] == "{no json", shown
    bed.run("dead", "replay", str(letter["id"]))
    again = wait_for(lambda: (lambda all: all if len(all) == 2 else None)(bed.json("dead", "list")), "it to die again")
    assert [("replayed" in d) for d in again] == [True, False], again
    bed.run("dead", "show", "9:9", code=1)


def queues(status):
    """What waits for each service, by topic."""
    return {s["service"]: s["queue"] for s in status if s["kind"] == "service"}


def main():
    with Bed(bus="kafka", store="postgres", partitions=PARTITIONS) as bed:
        bed.sink()
        bed.up()
        bed.directory(LETTERS)
        bed.launch(bed.campaign("first"))
        bed.wait_state("first", "finished")
        process, lines = follow(bed)
        wait_for(lambda: len(lines()) == min(LETTERS, 50), "the past")  # what log shows without --limit
        bed.launch(bed.campaign("second"))
        bed.wait_state("second", "finished")
        wait_for(lambda: len([x for x in lines() if x["campaign"] == "second"]) >= LETTERS, "every letter to be followed")
        process.terminate()
        assert process.wait(30) == 0
        second = [x["key"] for x in lines() if x["campaign"] == "second"]
        assert len(second) == len(set(second)) == LETTERS, len(second)

        dead_messages(bed)

        wait_for(lambda: bed.run("status", code=None).returncode == 0, "status to say all is well")
        status = bed.json("status")
        want = {"planner": {"vestnik.tasks"}, "mailer": {"vestnik.mail", "vestnik.mail.urgent"},
                "ledger": {"vestnik.status"}, "notifier": {"vestnik.status"}, "intake": set(), "portal": set(),
                "console": set()}
        assert {name: set(topics) for name, topics in queues(status).items()} == want, queues(status)
        assert all(n == 0 for topics in queues(status).values() for n in topics.values()), queues(status)
        assert not [s for s in status if s["kind"] == "outbox"], status

        bed.kafka.kill(1)
        said = bed.run("campaign", "launch", bed.campaign("third"), "--yes", code=None)
        assert said.stderr.count("they wait in the store") == 1, said.stderr
        status = bed.json("status", code=1)
        box, = [s for s in status if s["kind"] == "outbox"]
        assert box["messages"] >= 1 and box["refused"] == 0 and box["oldest"], box
        assert {s["service"] for s in status if s["kind"] == "service"} == set(want), status
        said = bed.run("status", code=1)
        assert "messages waiting for Kafka" in said.stdout and said.stderr, said

        bed.kafka.restart(1)
        bed.wait_state("third", "finished")
        wait_for(lambda: bed.run("status", code=None).returncode == 0, "status to say all is well again")
        assert bed.sink_counts() == {"accepted": 3 * LETTERS, "unique": 3 * LETTERS, "doubled": 0}, bed.sink_counts()


main()
