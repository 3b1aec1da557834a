"""vestnik bus init and check on a real Kafka, of one node and of three: topics are made as they
should be and never changed; every difference is told, and only those that harm make the exit
code 1. With an embedded bus there is nothing to do."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from bed import BIN, Bed  # noqa: E402

TOPICS = {"vestnik.tasks", "vestnik.mail", "vestnik.mail.urgent", "vestnik.status", "vestnik.dead"}


def expect(what, got, want):
    assert got == want, f"{what}: got {got!r}, want {want!r}"


def one_node():
    with Bed(bus="kafka", store="sqlite", partitions=6) as bed:
        missing = bed.json("bus", "check", code=1)
        expect("missing", {(d["topic"], d["what"], d["bad"]) for d in missing}, {(t, "missing", True) for t in TOPICS})

        said = bed.json("bus", "init")
        made = {t["topic"]: t for t in said if t["kind"] == "topic"}
        expect("made", {name: t["result"] for name, t in made.items()}, dict.fromkeys(TOPICS, "made"))
        there = bed.kafka.topics()
        expect("partitions", there, {name: t["partitions"] for name, t in made.items()})
        expect("of mail and status", (there["vestnik.mail"], there["vestnik.status"]), (6, 6))
        expect("replication", {t["replication"] for t in made.values()}, {1})
        acls = [a for a in said if a["kind"] == "acl"]
        outside = [a for a in acls if a["pattern"] == "literal"]
        expect("an outside producer's rights", [(a["principal"], a["name"], a["operations"]) for a in outside],
               [("User:producer", "vestnik.tasks", ["Write", "Describe"])])
        assert all(a["name"] == "vestnik." for a in acls if a not in outside), acls

        again = bed.json("bus", "init")
        expect("again", {t["result"] for t in again if t["kind"] == "topic"}, {"there"})
        expect("check", bed.json("bus", "check"), [])
        assert "as they should be" in bed.run("bus", "check").stdout

        fewer = bed.json("bus", "check", "--partitions", "12", code=1)
        assert {(d["topic"], d["what"], d["wanted"], d["found"], d["bad"]) for d in fewer} >= {
            ("vestnik.mail", "partitions", "12", "6", True), ("vestnik.status", "partitions", "12", "6", True)}, fewer
        more = bed.json("bus", "check", "--partitions", "2")
        assert {(d["topic"], d["what"], d["bad"]) for d in more} >= {("vestnik.mail", "partitions", False)}, more
        bed.run("bus", "check", "--partitions", "65", code=2)
        text = bed.run("bus", "check", "--partitions", "12", code=1).stdout
        assert "vestnik.mail: partitions: 6, wanted: 12\n" in text, text
        said = bed.run("bus", "init", "--principal", "User:o'hara", "--lang", "ru").stdout
        assert "vestnik.mail: уже есть" in said and r"""--allow-principal 'User:o'\''hara'""" in said, said

        # an installation of its own behind a prefix; there messages are kept an hour
        other = os.path.join(bed.folder, "other.yaml")
        settings = dict(bed.settings, bus_url=bed.kafka.url("other"), bus_keep="1h")
        with open(other, "w") as f:
            json.dump(settings, f)
        subprocess.run([os.path.join(BIN, "vestnik"), "--config", other, "bus", "init"], check=True, capture_output=True)
        expect("both", set(bed.kafka.topics()), TOPICS | {"other." + t for t in TOPICS})
        with open(other, "w") as f:
            json.dump(dict(settings, bus_keep="7d"), f)
        done = subprocess.run([os.path.join(BIN, "vestnik"), "--config", other, "bus", "check", "--json"],
                              capture_output=True, text=True)
        found = [json.loads(line) for line in done.stdout.splitlines()]
        expect("exit code", done.returncode, 1)
        assert {(d["topic"], d["what"], d["found"], d["bad"]) for d in found} >= {
            ("other.vestnik.mail", "retention.ms", "3600000", True)}, found
        assert all(not d["topic"].endswith("dead") for d in found if d["what"] == "retention.ms"), found

        bed.kafka.kill(1)
        said = bed.run("bus", "check", code=1)
        assert bed.bus_url in said.stderr, said.stderr


def three_nodes():
    with Bed(bus="kafka", store="sqlite", nodes=3) as bed:
        made = [t for t in bed.json("bus", "init") if t["kind"] == "topic"]
        expect("replication", {t["replication"] for t in made}, {3})
        expect("in sync", {t["settings"].get("min.insync.replicas") for t in made}, {"2"})
        for topic in bed.kafka.metadata()["topics"]:
            for partition in topic["partitions"]:
                if topic["topic"] in TOPICS:
                    expect(f"replicas of {topic['topic']}", len(partition["replicas"]), 3)
        expect("check", bed.json("bus", "check"), [])
        wanted = bed.json("bus", "check", "--replication", "2")
        assert all(not d["bad"] for d in wanted), wanted


def embedded():
    with Bed(bus="embedded", store="sqlite") as bed:
        for command in ("init", "check"):
            assert "nothing to do" in bed.run("bus", command).stdout
            expect(command, bed.json("bus", command), [{"kind": "bus", "bus": "embedded"}])


embedded()
one_node()
three_nodes()
