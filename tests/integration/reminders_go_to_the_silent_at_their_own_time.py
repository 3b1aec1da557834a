"""Reminders in simulated time, through real services and a real relay: who is silent is reminded at
its own morning and never on a day off; who has answered is not, also when the answer comes between
the decision and the sending; the deadline closes the round, the controller and the report get their
letters, and the campaign is finished."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from bed import Bed, wait_for  # noqa: E402

DIRECTORY = """key;name;kind;region;municipality;zone;email;contact
moscow;Управление Москвы;municipal-authority;Область;Район 1;Europe/Moscow;moscow@example.org;И. О. Фамилия
answers;Управление, которое отвечает;municipal-authority;Область;Район 2;Europe/Moscow;answers@example.org;И. О. Фамилия
late;Управление, которое отвечает в последний миг;municipal-authority;Область;Район 3;Europe/Moscow;late@example.org;И. О. Фамилия
kamchatka;Управление Камчатки;municipal-authority;Край;Район 4;Asia/Kamchatka;kamchatka@example.org;И. О. Фамилия
"""
LETTER = """# Об участии: {{recipient.name}}

Просим ответить {{deadline.full}}: [форма]({{link.answer}}).
"""
REMINDER = """# Напоминание: {{recipient.name}}

Ждём ответа {{deadline.full}}: [форма]({{link.answer}}), [для пересылки]({{link.forward}}).
"""
CANCELLED = 10

with Bed({"public_url": "https://vestnik.example.org"}) as bed:
    bed.clock.jump_to("2023-05-15 10:00")
    bed.sink()
    sheet = os.path.join(bed.folder, "authorities.csv")
    with open(sheet, "w") as f:
        f.write(DIRECTORY)
    bed.services()
    bed.run("directory", "import", sheet)
    path = bed.campaign("demo", letter=LETTER, audience={"kinds": ["municipal-authority"]},
                        letters={"first": "letter.md", "reminder": "reminder.md"},
                        send={"hours": "09:00-18:00", "local": True},
                        ask={"verb": "просим", "deadline": "2023-05-30 18:00", "remind": ["-3d", "-1d"],
                             "answer": [{"field": "registered", "label": "Сколько", "type": "count", "required": True}],
                             "ways": ["link"], "escalate": [{"after": "1d", "to": "controller"}],
                             "report": {"to": ["head@ministry.example.org"], "formats": ["xlsx", "html"]}},
                        controller={"name": "И. О. Фамилия", "address": "controller@ministry.example.org"})
    with open(os.path.join(os.path.dirname(path), "reminder.md"), "w") as f:
        f.write(REMINDER)
    bed.launch(path)

    def got(address):
        return sum(1 for _, recipient in bed.remembered() if recipient == address)

    def wait_letters(address, count):
        wait_for(lambda: got(address) == count, f"{count} letters to {address}, it has {got(address)}", 30)

    def letters():
        return {name: got(f"{name}@example.org") for name in ("moscow", "answers", "late", "kamchatka")}

    for name in ("moscow", "answers", "late"):
        wait_letters(f"{name}@example.org", 1)
    assert letters()["kamchatka"] == 0, "it is 19:00 in Kamchatka"
    bed.clock.jump_to("2023-05-16 09:30", "Asia/Kamchatka")
    wait_letters("kamchatka@example.org", 1)

    # What the letter knows: the deadline in words, a link that is ours.
    fields = json.loads(bed.value("SELECT fields FROM delivery WHERE address = ?", "moscow@example.org"))
    assert fields["deadline"]["full"].startswith("до 30 мая 2023"), fields
    asks = dict(bed.rows("SELECT o.key, a.id FROM ask a JOIN organisation o ON o.id = a.organisation"))
    assert fields["@"]["ask"] == asks["moscow"], (fields, asks)

    # 27 May is a Saturday: on Friday, in Kamchatka nine hours earlier.
    bed.run("answer", "set", "demo", "answers", "--value", "registered=12", "--by", "И. О. Фамилия", code=None)
    if bed.value("SELECT state FROM ask WHERE id = ?", asks["answers"]) == "open":  # no such command yet
        bed.change("UPDATE ask SET state = 'confirmed' WHERE id = ?", asks["answers"])
    bed.clock.jump_to("2023-05-26 09:00", "Asia/Kamchatka")
    wait_letters("kamchatka@example.org", 2)
    assert letters() == {"moscow": 1, "answers": 1, "late": 1, "kamchatka": 2}, letters()

    # The mailers stand still while a reminder is decided: an answer that comes then is in time.
    bed.run("campaign", "pause", "demo")
    bed.clock.jump_to("2023-05-26 09:00")
    bed.run("campaign", "resume", "demo")
    wait_letters("moscow@example.org", 2)
    wait_letters("late@example.org", 2)
    bed.clock.jump_to("2023-05-29 09:00", "Asia/Kamchatka")
    wait_letters("kamchatka@example.org", 3)
    mailer = next(p for p in bed.processes if p.args[0].endswith("vestnik-mailer"))
    mailer.terminate()
    mailer.wait(60)
    bed.clock.jump_to("2023-05-29 09:00")
    wait_for(lambda: bed.value("SELECT count(*) FROM plan WHERE kind = 'reminder' AND state = 'done'") == 4,
             "the reminder to be decided", 30)
    bed.change("UPDATE ask SET state = 'received' WHERE id = ?", asks["late"])
    bed.service("mailer")
    wait_letters("moscow@example.org", 3)
    wait_for(lambda: bed.rows("SELECT d.state, d.reason FROM delivery d WHERE d.address = ? AND d.state = ?",
                              "late@example.org", CANCELLED) == [(CANCELLED, "answered meanwhile")],
             "the reminder of one who answered to be cancelled", 30)
    assert letters() == {"moscow": 3, "answers": 1, "late": 2, "kamchatka": 3}, letters()

    # The deadline.
    bed.clock.jump_to("2023-05-30 18:00")
    wait_letters("head@ministry.example.org", 1)
    assert bed.value("SELECT state FROM round WHERE deadline_ms IS NOT NULL") == "closed"
    bed.clock.jump_to("2023-05-31 18:00")
    wait_letters("controller@ministry.example.org", 1)
    bed.wait_state("demo", "finished")
    moved = bed.rows("SELECT kind, state, reason FROM plan ORDER BY id")
    assert all(reason for _, _, reason in moved), moved
    assert {state for _, state, _ in moved} == {"done"}, moved
    wait_for(lambda: bed.value("SELECT count(*) FROM schedule") == 0, "the ledger to have ended every letter")
