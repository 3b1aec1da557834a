#!/usr/bin/env python3
"""Every SQL statement that stands in the house's programs is prepared on a store with the present
schema: SQLite, and PostgreSQL (one started here, or $VESTNIK_TEST_STORE). PostgreSQL must also have found
out the type of every parameter, and none that an integer of 64 bits does not fit into.

The statements are found by the compiler's own preprocessor, so that those put together from macros
are seen too. What is put together at run time is the business of the tests that run it.
"""
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import uuid

SOURCE = os.environ["VESTNIK_SOURCE"]
sys.path.insert(0, os.path.join(SOURCE, "tests/support"))
from postgres import SKIPPED, Postgres, PostgresAbsent  # noqa: E402
BUILD = os.environ["VESTNIK_BUILD"]
PROBE = os.path.join(os.environ["VESTNIK_BIN"], "sql_probe")

# SQLite's own words: these files never meet PostgreSQL
SQLITE_ONLY = re.compile(r"/(db_sqlite\w*|maintenance|bus_embedded|embedded_\w+)\.c$")
# and these never meet SQLite
POSTGRES_ONLY = re.compile(r"/db_postgres\w*\.c$")
# and single statements, by what they ask
SQLITE_WORDS = re.compile(r"\bsqlite_|\bbus_(group|stop|vestnik_\w+)\b")
POSTGRES_WORDS = re.compile(r"\bpg_|to_regclass|information_schema")
STATEMENT = re.compile(r"^\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH)\b")
LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
KNOWN_TYPES = {"bigint", "text", "bytea", "json"}


def literals(text):
    """String literals as C sees them: neighbours are one."""
    found, whole, end = [], None, 0
    # character constants would look like the start of a string
    text = re.sub(r"'(?:\\.|[^'\\\n])'", lambda m: "0" if '"' in m.group() else m.group(), text)
    for match in LITERAL.finditer(text):
        between = text[end:match.start()]
        part = match.group(1)
        if whole is not None and between.strip() == "":
            whole += part
        else:
            if whole is not None:
                found.append(whole)
            whole = part
        end = match.end()
    if whole is not None:
        found.append(whole)
    return [bytes(s, "utf-8").decode("unicode_escape").encode("latin-1").decode("utf-8", "replace") for s in found]


def statements():
    commands = json.load(open(os.path.join(BUILD, "compile_commands.json"), encoding="utf-8"))
    for command in commands:
        path = os.path.realpath(os.path.join(command["directory"], command["file"]))
        if not path.startswith((SOURCE + "/common/", SOURCE + "/services/")):
            continue
        with open(path, encoding="utf-8") as file:
            if not re.search(r'"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b', file.read()):
                continue
        words = [w for w in shlex.split(command["command"]) if not re.match(r"-(o|c|MF|MT|MD|fsanitize.*)$", w)]
        words = [w for w in words if not w.endswith((".o", ".o.d", ".c"))]
        if words[0].endswith("ccache"):
            words = words[1:]
        out = subprocess.run([*words, "-E", "-P", path], cwd=command["directory"], capture_output=True,
                             text=True, check=True).stdout
        for text in literals(out):
            if STATEMENT.match(text) and "%s" not in text and len(text) > 12:
                yield os.path.relpath(path, SOURCE), text


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
    found = sorted(set(statements()))
    if len(found) < 160:
        sys.exit(f"got {len(found)} statements, want at least 160: the search is broken")
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
