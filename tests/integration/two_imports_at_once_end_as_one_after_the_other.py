#!/usr/bin/env python3
"""Two people import two states of the same directory at the same moment: both are told that it was done,
and what stands there afterwards is the one or the other, never a mixture. On each store."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests/support"))
from bed import BIN, Bed, skip  # noqa: E402
from postgres import Postgres, PostgresAbsent  # noqa: E402

SCHOOLS = 1500
ROUNDS = 4


def sheet(bed, word):
    path = os.path.join(bed.folder, word + ".csv")
    with open(path, "w", encoding="utf-8") as file:
        file.write("key;name;kind;email\n")
        for i in range(SCHOOLS):
            file.write(f"s{i};School {word};school;{word}-{i}@schools.example.org\n")
    return path


def main():
    try:
        with Postgres() as postgres:
            for store in ("sqlite", postgres):
                with Bed(store=store, bus="embedded") as bed:
                    if store == postgres:
                        bed.settings["bus_url"] = "kafka://127.0.0.1:1"  # not asked
                    both(bed, store if store == "sqlite" else "postgres")
    except PostgresAbsent as absent:
        skip(absent)


def both(bed, name):
    for number in range(ROUNDS):
        words = [f"a{number}", f"b{number}"]
        sheets = [sheet(bed, word) for word in words]
        running = [subprocess.Popen([os.path.join(BIN, "vestnik"), "directory", "import", path], stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, text=True, env=bed.environment()) for path in sheets]
        for process in running:
            out, err = process.communicate(timeout=120)
            assert process.returncode == 0, f"{name}: exit {process.returncode}: {out}{err}"
        names = dict(bed.rows("SELECT name, count(*) FROM organisation GROUP BY name"))
        assert len(names) == 1 and list(names.values()) == [SCHOOLS], f"{name}: a mixture: {names}"
        winner = list(names)[0].split()[-1]
        assert winner in words, names
        addresses = bed.value("SELECT count(*) FROM contact WHERE active = 1 AND address LIKE ?", winner + "-%")
        assert addresses == SCHOOLS, f"{name}: {addresses} addresses of {winner}"
    revisions = bed.value("SELECT count(*) FROM directory_revision")
    assert revisions == 2 * ROUNDS, f"{name}: got {revisions} revisions, want {2 * ROUNDS}"
    print(name, "ok")


main()
