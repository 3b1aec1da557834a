#!/usr/bin/env python3
"""`vestnik store copy` in the middle of a campaign: every row of every table arrives, what the embedded
bus had not finished stands in the outbox, and on the way back in the bus again. It refuses a source on
which services run and a target that is not empty, and then writes nothing."""
import collections
import json
import os
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests/support"))
from bed import SERVICES, Bed, kill, skip, wait_for  # noqa: E402
from postgres import Postgres, PostgresAbsent  # noqa: E402

SCHOOLS = 3000
ATTACHMENT = bytes(range(256)) * 200


def sqlite_dump(path):
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    db.text_factory = lambda text: text.decode("utf-8", "replace")
    tables = {}
    for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"):
        rows = db.execute(f"SELECT * FROM {name}")
        columns = [c[0] for c in rows.description]
        tables[name] = [{c: "\\x" + v.hex() if isinstance(v, bytes) else v for c, v in zip(columns, row)} for row in rows]
    db.close()
    return tables


def postgres_dump(postgres):
    names = [row[0] for row in postgres.query("SELECT table_name FROM information_schema.tables"
                                              " WHERE table_schema = 'public'")]
    return {name: [json.loads(row[0]) for row in postgres.query(f"SELECT row_to_json(t) FROM {name} t")]
            for name in names}


def same(table, got, want):
    """As multisets."""
    counted = [collections.Counter(json.dumps(row, sort_keys=True) for row in rows) for rows in (got, want)]
    missing, extra = counted[1] - counted[0], counted[0] - counted[1]
    assert not missing and not extra, f"{table}: missing {list(missing)[:3]}, not wanted {list(extra)[:3]}"


def without_the_copys_own(tables):
    """The copy itself stands in the target's audit log, behind all the others: checked, and taken off."""
    entries = sorted(tables["audit_entry"], key=lambda row: row["number"])
    assert entries[-1]["action"] == "store.copy", entries[-1]
    assert [row["number"] for row in tables["audit_head"]] == [len(entries)], tables["audit_head"]
    return entries[:-1]


def unfinished(tables):
    """What some group has not passed, by topic, in order; of the dead everything."""
    found = {}
    for topic in ("vestnik.tasks", "vestnik.mail", "vestnik.mail.urgent", "vestnik.status", "vestnik.dead"):
        places = [g["pos"] for g in tables["bus_group"] if g["topic"] == topic]
        passed = 0 if topic == "vestnik.dead" else min(places, default=0)
        rows = sorted(tables["bus_" + topic.replace(".", "_")], key=lambda row: row["id"])
        found[topic] = [message(row) for row in rows if row["id"] > passed]
    return found


def message(row):
    return {c: row[c] for c in ("key", "ce_id", "ce_source", "ce_type", "ce_time_ms", "content_type", "headers",
                                "logged_ms", "data")}


def prepare(bed):
    """A campaign broken off in the middle: services killed with letters in their hands."""
    bed.sink("--latency-ms", "100", connections=4)  # some forty letters a second: there is time to kill in
    bed.directory(SCHOOLS)
    services = bed.services()
    bed.launch(bed.campaign("moving", attachments=[("table.bin", ATTACHMENT)]))
    wait_for(lambda: sum(bed.counts("moving").values()) == SCHOOLS and bed.counts("moving").get(5, 0) > SCHOOLS / 20,
             "all letters planned, and some sent")
    for name in SERVICES:
        kill(services[name])
    # a wrong task ends in vestnik.dead: put by hand, as nobody is there to do it
    db = sqlite3.connect(bed.store_url.removeprefix("sqlite:"))
    db.execute("INSERT INTO bus_vestnik_dead (ce_id, ce_type, ce_time_ms, logged_ms, data, headers) VALUES"
               " ('d1', 'x', 1, 1, x'00ff', '{\"vestnik-reason\":\"a test\"}')")
    db.execute("UPDATE delivery SET reason = CAST(x'd0bfff' AS TEXT) WHERE key = 1")
    db.commit()
    db.close()


def main():
    try:
        postgres = Postgres()
    except PostgresAbsent as absent:
        skip(absent)
    with postgres, Bed() as bed:
        prepare(bed)
        source, target = bed.store_url, postgres.url()

        refused = bed.run("store", "copy", "--to", target, code=1)
        assert "planner@" in refused.stderr and "stop them first" in refused.stderr, refused.stderr
        assert all(not rows for name, rows in postgres_dump(postgres).items() if name != "schema_version")

        before = sqlite_dump(source.removeprefix("sqlite:"))
        # killed ones are known to be gone when they have said nothing for ten seconds
        answers = copy_when_quiet(bed, target)
        after = postgres_dump(postgres)
        counts = {row["table"]: row for row in answers if "table" in row}
        for name, rows in before.items():
            if name == "schema_version" or (name.startswith("bus_") and name != "bus_gap"):
                continue
            assert counts[name]["source"] == counts[name]["read"] == counts[name]["target"] == len(rows), counts[name]
            if name == "delivery":
                rows = [dict(row, reason="п") if row["key"] == 1 else row for row in rows]
            if name == "audit_head":
                continue
            if name == "audit_entry":
                same(name, without_the_copys_own(after), rows)
                continue
            if name == "lease":
                after[name] = [row for row in after[name] if row["name"] != "outbox.store-copy"]
            if name != "outbox":
                same(name, after[name], rows)
        assert answers[-1]["mended"] == 1, answers[-1]
        assert len(before["delivery"]) == SCHOOLS and any(row["data"] == "\\x" + ATTACHMENT.hex() for row in after["blob"])

        wanted = unfinished(before)
        assert wanted["vestnik.mail"] and wanted["vestnik.dead"], {t: len(m) for t, m in wanted.items()}
        moved = sorted(after["outbox"], key=lambda row: row["id"])
        for topic, messages in wanted.items():
            got = [message(row) for row in moved if row["topic"] == topic]
            assert got == messages, f"{topic}: got {len(got)} messages, want {len(messages)}, in order"
        assert answers[-1]["messages"] == len(moved)
        print("moved:", sum(len(rows) for rows in after.values()), "rows,", len(moved), "messages of them;",
              {topic: len(messages) for topic, messages in wanted.items()})

        # ids go on behind those copied
        highest = int(postgres.value("SELECT max(id) FROM organisation"))
        postgres.query("INSERT INTO organisation (key, kind, name, revision, updated_ms) VALUES ('x', 'y', 'z', 1, 1)")
        assert int(postgres.value("SELECT id FROM organisation WHERE key = 'x'")) == highest + 1
        postgres.query("DELETE FROM organisation WHERE key = 'x'")

        again = bed.run("store", "copy", "--to", target, code=1)
        assert "is not empty" in again.stderr, again.stderr
        # who starts on the old store by mistake pauses: it says itself that it is a copy
        assert bed.value("SELECT value FROM meta WHERE name = 'restored'") == "1"

        back = os.path.join(bed.folder, "back.db")
        answers = bed.json("store", "copy", "--from", target, "--to", "sqlite:" + back)
        returned = sqlite_dump(back)
        for name, rows in after.items():
            if name in ("schema_version", "outbox", "audit_head"):
                continue
            if name == "audit_entry":
                same(name, without_the_copys_own(returned), rows)
                continue
            if name == "lease":
                returned[name] = [row for row in returned[name] if row["name"] != "outbox.store-copy"]
            same(name, returned[name], rows)
        assert not returned["outbox"] and answers[-1]["messages"] == len(moved)
        for topic, messages in wanted.items():
            got = [message(row) for row in sorted(returned["bus_" + topic.replace(".", "_")], key=lambda row: row["id"])]
            assert got == messages, f"back: {topic}"

        restored_is_said(bed, postgres)


def copy_when_quiet(bed, target):
    answers = []

    def quiet():
        done = bed.run("--json", "store", "copy", "--to", target, code=None)
        if done.returncode == 0:
            answers.extend(json.loads(line) for line in done.stdout.splitlines())
            return True
        assert "stop them first" in done.stdout + done.stderr, done.stdout + done.stderr
        return False
    wait_for(quiet, "the killed services to be known as gone", 60, 0.5)
    return answers


def restored_is_said(bed, postgres):
    """The same word for a PostgreSQL that came back from pg_restore."""
    postgres.query("DELETE FROM meta WHERE name = 'restored'")
    config = os.path.join(bed.folder, "restored.yaml")
    with open(config, "w", encoding="utf-8") as file:
        json.dump({**bed.settings, "store_url": postgres.url(), "bus_url": "kafka://127.0.0.1:1"}, file)
    refused = bed.run("--config", config, "store", "backup", os.path.join(bed.folder, "x.db"), code=1)
    assert "pg_dump" in refused.stderr and "store restored" in refused.stderr, refused.stderr
    said = bed.run("--config", config, "store", "restored")
    assert "paused" in said.stdout, said.stdout
    assert postgres.value("SELECT value FROM meta WHERE name = 'restored'") == "1"


main()
