"""A launched campaign changes: another deadline replans what has not gone out and tells those reached;
mended letters go to those not yet reached and a correction to the others; one recipient gets a new
address; a recall withdraws what was asked and says so. Nobody gets a letter twice or the wrong one."""
import collections
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from bed import BIN, Bed, wait_for  # noqa: E402

SCHOOLS = 40
FIRST = "# Об участии\n\nОтветьте {{deadline.full}}: [форма]({{link.answer}}).\n"
CANCELLED, ACCEPTED = 10, 5

with Bed({"public_url": "https://vestnik.example.org"}) as bed:
    bed.clock.jump_to("2023-05-15 10:00")
    bed.sink()
    bed.services()
    bed.directory(SCHOOLS)

    def write(folder, name, text):
        with open(os.path.join(folder, name), "w") as f:
            f.write(text)

    def campaign(slug, folder=None, letter=FIRST, **keys):
        path = bed.campaign(slug, letter=letter, **{
            "letters": {"first": "letter.md", "reminder": "reminder.md", "correction": "correction.md"},
            "send": {"hours": "09:00-18:00"},
            "ask": {"verb": "просим", "deadline": "2023-05-30 18:00", "remind": ["-3d", "-1d"], "ways": ["link"],
                    "answer": [{"field": "registered", "label": "Сколько", "type": "count", "required": True}]},
            **keys})
        write(os.path.dirname(path), "reminder.md", "# Напоминание\n\nЖдём {{deadline.full}}.\n")
        write(os.path.dirname(path), "correction.md", "# Поправка\n\nВерно так: 25 мая. [форма]({{link.answer}})\n")
        return path

    def letters(slug):
        """Letters that arrived, by what they are."""
        rows = bed.rows("SELECT d.step, d.state, count(*) FROM delivery d JOIN campaign c ON c.id = d.campaign"
                        " WHERE c.slug = ? GROUP BY d.step, d.state", slug)
        definition = json.loads(bed.value("SELECT definition FROM campaign WHERE slug = ?", slug))
        kinds = {step["step"]: step["kind"] + ("*" if "corrects" in step else "") for step in definition["steps"]}
        counts = collections.Counter()
        for step, state, n in rows:
            counts[kinds[step], state] += n
        return counts

    def settled(slug):
        return (bed.value("SELECT state FROM campaign WHERE slug = ?", slug) != "paused"
                and bed.value("SELECT count(*) FROM schedule s JOIN campaign c ON c.id = s.campaign WHERE c.slug = ?"
                              " AND s.due_ms <= ?", slug, bed.clock.now_ms()) == 0
                and bed.value("SELECT count(*) FROM expand x JOIN campaign c ON c.id = x.campaign"
                              " WHERE c.slug = ? AND x.done = 0", slug) == 0)

    # ---- postponed, slowly enough that half of the letters wait: 20 an hour ----
    bed.launch(campaign("moved", rate="20/h"))
    wait_for(lambda: letters("moved")["first", ACCEPTED] >= 1, "the first letters")
    bed.clock.forward(hours=1)
    wait_for(lambda: letters("moved")["first", ACCEPTED] >= 20, "an hour's letters", 30)
    bed.run("campaign", "postpone", "moved", "--deadline", "2023-06-06 18:00", "--tell")
    wait_for(lambda: settled("moved"), "the change to be made", 30)
    sent = letters("moved")["first", ACCEPTED]
    wait_for(lambda: letters("moved")["postponed", ACCEPTED] == sent, "those reached to be told", 30)
    assert letters("moved")["first", CANCELLED] == SCHOOLS - sent, letters("moved")
    bed.clock.forward(hours=3)
    wait_for(lambda: letters("moved")["first*", ACCEPTED] == SCHOOLS - sent, "the others' letters", 30)
    texts = bed.rows("SELECT d.fields FROM delivery d JOIN campaign c ON c.id = d.campaign WHERE c.slug = 'moved'"
                     " AND d.state = ?", ACCEPTED)
    told = collections.Counter(json.loads(text)["deadline"]["full"][:12] for (text,) in texts)
    assert told == {"до 30 мая 20": sent, "до 6 июня 20": SCHOOLS}, told
    assert bed.value("SELECT count(*) FROM ask WHERE deadline_ms = ?", bed.clock.ms("2023-06-06 18:00")) == SCHOOLS
    assert {bed.clock.text(due)[:10] for due, in bed.rows("SELECT due_ms FROM plan WHERE kind = 'reminder'")} == \
        {"2023-06-02", "2023-06-05"}, "working days before the new deadline"
    bed.clock.jump_to("2023-05-26 09:00")
    bed.clock.jump_to("2023-06-02 09:00")
    wait_for(lambda: bed.value("SELECT letters FROM plan WHERE kind = 'reminder' AND step = 1") == SCHOOLS, "a reminder", 30)
    bed.clock.forward(hours=3)  # the rate is theirs, too
    wait_for(lambda: letters("moved")["reminder", ACCEPTED] == SCHOOLS, "one reminder", 30)

    # ---- a new address for one ----
    key, ask, address = bed.rows("SELECT o.key, a.id, c.address FROM ask a JOIN organisation o ON o.id = a.organisation"
                                 " JOIN contact c ON c.organisation = o.id ORDER BY a.id LIMIT 1")[0]
    bed.change("UPDATE ask SET trouble = 2 WHERE id = ?", ask)
    bed.run("delivery", "readdress", key, "new@school.example.org")
    wait_for(lambda: [r for _, r in bed.remembered()].count("new@school.example.org") == 1, "the letter there", 30)
    assert bed.value("SELECT trouble FROM ask WHERE id = ?", ask) == 0
    refused = bed.run("delivery", "readdress", "nobody", "new@school.example.org", code=1)
    assert "nobody" in refused.stderr, refused.stderr
    bed.clock.jump_to("2023-06-05 09:00")
    wait_for(lambda: bed.value("SELECT letters FROM plan WHERE kind = 'reminder' AND step = 2") == SCHOOLS, "a reminder", 30)
    bed.clock.forward(hours=3)
    wait_for(lambda: letters("moved")["reminder", ACCEPTED] == 2 * SCHOOLS, "the second reminder", 30)
    arrived = collections.Counter(r for _, r in bed.remembered())
    assert arrived["new@school.example.org"] == 2 and arrived[address] == 3, (arrived[address], address)
    bed.clock.jump_to("2023-06-06 18:00")
    bed.wait_state("moved", "finished")

    # ---- corrected ----
    ask = {"verb": "просим", "deadline": "2023-06-30 18:00", "remind": ["-1d"], "ways": ["link"],
           "answer": [{"field": "registered", "label": "Сколько", "type": "count", "required": True}]}
    bed.clock.jump_to("2023-06-07 10:00")
    path = campaign("mended", rate="20/h", ask=ask)
    bed.launch(path)
    wait_for(lambda: letters("mended")["first", ACCEPTED] >= 1, "the first letters")
    bed.clock.forward(hours=1)
    wait_for(lambda: letters("mended")["first", ACCEPTED] >= 20, "an hour's letters", 30)
    write(os.path.dirname(path), "letter.md", FIRST + "\n25 мая, а не 26.\n")
    bed.run("campaign", "correct", "mended", path)
    wait_for(lambda: settled("mended"), "the change to be made", 30)
    sent = letters("mended")["first", ACCEPTED]
    wait_for(lambda: letters("mended")["correction", ACCEPTED] == sent, "the correction", 30)
    bed.clock.forward(hours=4)
    wait_for(lambda: letters("mended")["first*", ACCEPTED] == SCHOOLS - sent, "the mended letters", 30)
    assert letters("mended")["first", CANCELLED] == SCHOOLS - sent
    assert bed.counters("mended") == bed.counts("mended"), (bed.counters("mended"), bed.counts("mended"))
    again = bed.run("campaign", "launch", path, "--yes", code=1)
    assert "mended" in again.stderr, again.stderr

    # ---- recalled, by a planner that is killed in the middle ----
    asks = "SELECT count(*) FROM ask a JOIN campaign c ON c.id = a.campaign WHERE c.slug = 'mended' AND a.state = ?"
    planner = next(p for p in bed.processes if p.args[0].endswith("vestnik-planner"))
    bed.run("campaign", "recall", "mended", "--reason", "ошибка в приказе", "--yes")
    planner.kill()
    planner.wait()
    bed.service("planner")
    wait_for(lambda: bed.value(asks, "withdrawn") == SCHOOLS, "the asks to be withdrawn", 30)
    wait_for(lambda: letters("mended")["recall", ACCEPTED] == SCHOOLS, "those reached to be told", 30)
    bed.wait_state("mended", "finished")
    assert letters("mended")["reminder", ACCEPTED] == 0 and bed.value(asks, "open") == 0
    assert bed.value("SELECT count(*) FROM plan p JOIN campaign c ON c.id = p.campaign WHERE c.slug = 'mended'"
                     " AND p.state = 'planned'") == 0
    assert max(collections.Counter(bed.remembered()).values()) == 1, "a letter went twice"
    shown = bed.json("campaign", "rounds", "mended", "--plan")
    assert any(row.get("state") == "withdrawn" and row.get("plan") == "reminder" for row in shown), shown
