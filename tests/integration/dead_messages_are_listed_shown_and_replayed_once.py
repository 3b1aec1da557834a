"""vestnik dead: a dead message keeps its attributes, says why it is dead, goes back
to its topic unchanged but for the mark, and is listed as replayed from then on."""

import json
import os
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from vestnik_cli import Place, expect, fail  # noqa: E402


def tasks(place):
    db = sqlite3.connect(place.store)
    rows = db.execute("SELECT key, ce_id, ce_source, ce_type, headers, data FROM bus_vestnik_tasks"
                      " ORDER BY id").fetchall()
    db.close()
    return rows


def main():
    with Place() as place:
        place.ok("check-config")
        expect("at first", place.objects("dead", "list"), [])
        place.publish("vestnik.tasks", "vestnik.task.notify", "live", "{}")
        for name in ("one", "two"):
            place.publish("vestnik.tasks", "vestnik.task.notify", name, '{"subject":"Тема"}',
                          "planner", f"«to» is missing in {name}")
        rows = place.objects("dead", "list")
        expect("listed", [(r["event_id"], r["by"], r["topic"], r["reason"]) for r in rows],
               [(n, "planner", "vestnik.tasks", f"«to» is missing in {n}") for n in ("one", "two")])
        if any("replayed" in r for r in rows):
            fail(f"replayed already: {rows}")
        first = str(rows[0]["id"])
        shown = place.objects("dead", "show", first)[0]
        expect("data", shown["data"], {"subject": "Тема"})
        expect("headers", shown["headers"]["traceparent"], "00-1")
        expect("text", "«to» is missing in one" in place.ok("dead", "show", first), True)
        place.ok("dead", "replay", first)
        live, again = tasks(place)
        expect("the same message", again[:4], ("key-of-it", "one", "test", "vestnik.task.notify"))
        expect("its data", json.loads(again[5]), {"subject": "Тема"})
        headers = json.loads(again[4])
        expect("its headers", headers, {"traceparent": "00-1", "replayed": "0:" + first})
        rows = place.objects("dead", "list")
        expect("marked", [("replayed" in r) for r in rows], [True, False])
        # --all leaves what was replayed; by its number it may go again
        expect("all", len(place.objects("dead", "replay", "--all")), 1)
        expect("all again", place.objects("dead", "replay", "--all"), [])
        expect("published", [t[1] for t in tasks(place)], ["live", "one", "two"])
        place.ok("dead", "replay", first)
        expect("published", [t[1] for t in tasks(place)], ["live", "one", "two", "one"])
        expect("still two", len(place.objects("dead", "list")), 2)
        place.refused("dead", "replay", code=2, says="say which")
        place.refused("dead", "replay", first, "--all", code=2, says="say which")
        # what nobody needs is told apart from what waits for a replay
        place.publish("vestnik.tasks", "vestnik.task.notify", "three", "{}", "planner", "no «to»")
        third = str(place.objects("dead", "list")[2]["id"])
        place.refused("dead", "drop", third, code=2, says="--reason")
        place.ok("dead", "drop", third, "--reason", "a trial")
        expect("dropped", [r.get("dropped_why") for r in place.objects("dead", "list")], [None, None, "a trial"])
        expect("nothing is left", place.objects("dead", "replay", "--all"), [])
        place.refused("dead", "show", "999", code=1, says="there is no dead message 999")
        place.refused("dead", "show", "x", code=1, says="there is no dead message x")


main()
