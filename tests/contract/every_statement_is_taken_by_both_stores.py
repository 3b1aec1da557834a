#!/usr/bin/env python3
"""Every SQL statement that stands in the house's programs is prepared on a store with the present
schema: SQLite, and PostgreSQL (one started here, or $VESTNIK_TEST_STORE). PostgreSQL must also have found
out the type of every parameter, and none that an integer of 64 bits does not fit into.

What is put together at run time is the business of the tests that run it.
"""
import os
import subprocess
import sys
import tempfile
import uuid

SOURCE = os.environ["VESTNIK_SOURCE"]
sys.path.insert(0, os.path.join(SOURCE, "tests/support"))
from postgres import SKIPPED, Postgres, PostgresAbsent  # noqa: E402
from sql_statements import POSTGRES_ONLY, POSTGRES_WORDS, SQLITE_ONLY, SQLITE_WORDS, statements  # noqa: E402

PROBE = os.path.join(os.environ["VESTNIK_BIN"], "sql_probe")

KNOWN_TYPES = {"bigint", "text", "bytea", "json"}


def probe(url, wanted):
    done = subprocess.run([PROBE, url], input=b"".join(s.encode() + b"\0" for _, s in wanted), capture_output=True,
                          check=False)
    if done.returncode != 0:
        sys.exit(f"sql_probe: {done.stderr.decode()}")
    answers = done.stdout.decode().splitlines()
    if len(answers) != len(wanted):
        sys.exit(f"got {len(answers)} answers, want {len(wanted)}")
    bad = 0
    for (path, sql), answer in zip(wanted, answers):
        types = answer[3:].split(",") if answer.startswith("ok ") and len(answer) > 3 else []
        strange = [t for t in types if t not in KNOWN_TYPES]
        if answer.startswith("ok") and not strange:
            continue
        bad += 1
        print(f"{path}: {sql}\n   {answer if not strange else 'parameters of type ' + ', '.join(strange)}\n")
    print(f"{url.split(':')[0]}: {len(wanted)} statements, {bad} refused")
    return bad


def probe_in_schema(server, wanted):
    schema = "vestnik_test_" + uuid.uuid4().hex
    subprocess.run(["psql", "-q", server, "-c", f"CREATE SCHEMA {schema}"], check=True)
    try:
        return probe(f"{server}{'&' if '?' in server else '?'}options=-csearch_path%3D{schema}", wanted)
    finally:
        subprocess.run(["psql", "-q", server, "-c", f"SET client_min_messages = error; DROP SCHEMA {schema} CASCADE"],
                       check=True)


def main():
    found = statements()
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        both = [(p, s) for p, s in found if not POSTGRES_ONLY.search("/" + p)]
        bad += probe(f"sqlite:{folder}/store.db", [(p, s) for p, s in both if not POSTGRES_WORDS.search(s)])
    ours = [(p, s) for p, s in found if not SQLITE_ONLY.search("/" + p) and not SQLITE_WORDS.search(s)]
    if os.environ.get("VESTNIK_TEST_STORE"):
        bad += probe_in_schema(os.environ["VESTNIK_TEST_STORE"], ours)
    else:
        try:
            with Postgres() as postgres:
                bad += probe(postgres.url(), ours)
        except PostgresAbsent as absent:
            print("PostgreSQL was not asked:", absent)
            sys.exit(1 if bad else SKIPPED)
    sys.exit(1 if bad else 0)


main()
