"""vestnik task put: what is wrong is told with line and column and does not reach
the bus; what is right is there, as it was written, when the id is printed."""

import json
import os
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from vestnik_cli import Place, expect  # noqa: E402


def task(ident, **members):
    event = {"specversion": "1.0", "id": ident, "source": "//example.org/app",
             "type": "vestnik.task.notify",
             "data": {"subject": "Тема", "text": "Текст", "to": [{"address": "head@example.org"}]}}
    event.update(members)
    return json.dumps(event, ensure_ascii=False)


def queued(place):
    db = sqlite3.connect(place.store)
    try:
        rows = db.execute("SELECT key, content_type, data FROM bus_vestnik_tasks ORDER BY id").fetchall()
    except sqlite3.OperationalError:  # the topic is made with its first message
        rows = []
    db.close()
    return rows


def main():
    with Place() as place:
        wrong = [
            ('{"specversion": "1.0",\n  "id": }', ":2:"),
            ("[]", "standard input:1:"),
            ("", "standard input:1:"),
            (task("a", specversion="2.0"), "specversion"),
            (task("a", type="vestnik.task.fly"), "vestnik.task.fly"),
            (task("a", source=""), "source"),
            (task("a", data={"subject": "x", "text": "y", "to": []}), "to"),
            (task("a", data={"subject": "x", "text": "y", "to": [{"address": "a b@example.org"}]}),
             "address"),
            (task("a", data={"subject": "x" * 1100000, "text": "y", "to": [{"address": "a@b.test"}]}),
             "longer than 1048576 bytes"),
            ('{"id": "a", "id": "b"}', "duplicate"),
        ]
        for text, says in wrong:
            place.refused("task", "put", "-", code=1, says=says, text=text)
        expect("queued", queued(place), [])
        place.refused("task", "put", place.path("absent.json"), code=1, says="absent.json")
        place.refused("task", "put", code=2, says="FILE")

        expect("prints", place.ok("task", "put", "-", text=task("first")), "first\n")
        key, content_type, data = queued(place)[0]
        expect("as it was written", (key, content_type, data.decode() if isinstance(data, bytes) else data),
               (None, "application/cloudevents+json", task("first")))
        pause = task("p", type="vestnik.task.campaign.pause", data={"campaign": "flagships"})
        expect("prints", place.objects("task", "put", "-", text=pause),
               [{"id": "p", "source": "//example.org/app", "type": "vestnik.task.campaign.pause"}])
        expect("in order with its campaign", queued(place)[1][0], "flagships")

        many = [task(f"m{i}") for i in range(600)]  # over two batches
        with open(place.path("many"), "w", encoding="utf-8") as f:
            f.write("\n".join(many[:300]) + "\n\n" + "\r\n".join(many[300:]))
        expect("lines", place.ok("task", "put", "--lines", place.path("many")).split(),
               [f"m{i}" for i in range(600)])
        expect("queued", len(queued(place)), 602)
        # what stands before a mistake is kept, and said
        result = place.run("task", "put", "--lines", "-", text=task("x") + "\n{\n" + task("z"))
        expect("exit", result.returncode, 1)
        expect("kept", result.stdout, "x\n")
        if "standard input:2:" not in result.stderr:
            raise AssertionError(result.stderr)
        expect("queued", len(queued(place)), 603)
    limited = "sources: [{source: //example.org/app, tasks: [campaign.pause]}]\n"
    with Place(limited) as place:
        place.refused("task", "put", "-", code=1, says="may not ask for notify (sources, line 3", text=task("a"))
        place.refused("task", "put", "-", code=1, says="«/x» is not listed", text=task("a", source="/x"))
        place.refused("task", "put", "-", code=1, says="kept for Vestnik's own programs",
                      text=task("own", source="vestnik/cli/root"))
        place.ok("task", "put", "-", text=task("p", type="vestnik.task.campaign.pause", data={"campaign": "demo"}))
        expect("queued", len(queued(place)), 1)


main()
