"""vestnik simulate: every letter, reminder, escalation and report of a campaign over three time zones
with a cascade, at moments worked out by hand; the same in words of both languages; how long a quota
makes it last. Nothing is stored or sent."""

import os
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from vestnik_cli import Place, expect, fail  # noqa: E402

SETTINGS = """public_url: https://answers.example.org
sender: {name: Ministry, address: outreach@ministry.example.org}
relays: [{name: provider, host: 127.0.0.1, quota: {letters: 2, per: 24h}}]
"""
DIRECTORY = """Ключ;Наименование;Вид;Регион;Муниципалитет;Часовой пояс;Вышестоящая организация;E-mail
mo-1;Управление 1;municipal-authority;Область;Город;МСК;;mo-1@district.example.org
mo-2;Управление 2;municipal-authority;Край;Порт;МСК+9;;mo-2@district.example.org
s-1;Школа 1;school;Область;Город;МСК;mo-1;s-1@schools.example.test
s-2;Школа 2;school;Край;Порт;МСК+9;mo-2;s-2@schools.example.test
s-3;Школа 3;school;Край;Порт;МСК+7;mo-2;s-3@schools.example.test
"""
CAMPAIGN = """campaign: timeline
title: Timeline
lang: en
audience: {kinds: [municipal-authority]}
letters: {first: letter.md}
send: {at: 2023-05-15 10:00, hours: 09:00-18:00, local: true}
controller: {name: Controller, address: controller@ministry.example.org}
ask:
  answer: [{field: n, label: Number, type: count}]
  through: municipality
  collect: 3d
  deadline: 2023-05-30 18:00
  remind: [-3d, -2h]
  escalate: [{after: 0d, to: parent}, {after: 1d, to: controller}]
  report: {to: [head@ministry.example.org]}
"""
# 15 May 2023 is a Monday. 10:00 is 22:00 UTC of the day before in Kamchatka, 00:00 in Vladivostok,
# 07:00 in Moscow. The deadline, Tuesday the 30th 18:00 in Moscow, is 15:00 UTC; the schools' lies three
# working days before, Thursday the 25th. «3 days before» the 30th is a Saturday: Friday the 26th; before
# the 25th it is Monday the 22nd; at 09:00 there. «2 hours before» 18:00 in Moscow is 16:00 there; in the
# east that is night: two hours before they close, 16:00, the same day.
TIMELINE = [
    ("2023-05-14T22:00", "letters", 0, "Asia/Kamchatka", 1),
    ("2023-05-14T22:00", "collect", 1, "Asia/Kamchatka", 1),
    ("2023-05-15T00:00", "collect", 1, "Asia/Vladivostok", 1),
    ("2023-05-15T07:00", "letters", 0, "Europe/Moscow", 1),
    ("2023-05-15T07:00", "collect", 1, "Europe/Moscow", 1),
    ("2023-05-21T21:00", "reminder", 1, "Asia/Kamchatka", 1),
    ("2023-05-21T23:00", "reminder", 1, "Asia/Vladivostok", 1),
    ("2023-05-22T06:00", "reminder", 1, "Europe/Moscow", 1),
    ("2023-05-25T04:00", "reminder", 1, "Asia/Kamchatka", 1),
    ("2023-05-25T06:00", "reminder", 1, "Asia/Vladivostok", 1),
    ("2023-05-25T13:00", "reminder", 1, "Europe/Moscow", 1),
    ("2023-05-25T15:00", "close", 1, None, None),
    ("2023-05-25T15:00", "escalation", 1, None, None),
    ("2023-05-25T21:00", "reminder", 0, "Asia/Kamchatka", 1),
    ("2023-05-26T06:00", "reminder", 0, "Europe/Moscow", 1),
    ("2023-05-30T04:00", "reminder", 0, "Asia/Kamchatka", 1),
    ("2023-05-30T13:00", "reminder", 0, "Europe/Moscow", 1),
    ("2023-05-30T15:00", "close", 0, None, None),
    ("2023-05-30T15:00", "report", 0, None, None),
    ("2023-05-31T15:00", "escalation", 0, None, None),
]
SUMMARY = {"kind": "summary", "campaign": "timeline", "launched": "2023-05-12T09:00:00.000Z", "drafts": 0,
           "letters": 5, "letters_per_day": 2, "days": 3}
RUSSIAN = [
    "26.05.2023 09:00  напоминание",
    "за 3 дня: 26 мая 2023 г., 09:00 (МСК); 27 мая 2023 г. – суббота, поэтому в рабочий день перед этим",
    "за 2 часа: 30 мая 2023 г., 16:00 (МСК+9); 31 мая 2023 г.",
    "в срок, 25 мая 2023 г., 18:00 (МСК): список не ответивших – вышестоящему",
    "через 1 день после срока, 31 мая 2023 г., 18:00 (МСК): список не ответивших – ответственному за контроль",
    "Asia/Kamchatka: 1 адресат, через них 1 адресат",
    "При этой квоте или скорости (2 письма в день) рассылка (5 писем) займёт 3 дня.",
]
ENGLISH = [
    "3 days before: 26 May 2023, 09:00 (MSK); 27 May 2023 is Saturday, therefore on the working day before",
    "1 day after the deadline, 31 May 2023, 18:00 (MSK): the list of the silent to the controller",
    "At this quota or rate (2 letters a day) sending 5 letters takes 3 days.",
]


def write(place, name, text):
    with open(place.path(name), "w", encoding="utf-8") as f:
        f.write(text)


def rows(objects):
    return [(o["at"][:16], o["kind"], o["level"], o.get("zone"), o.get("recipients")) for o in objects if "at" in o]


def contains(what, text, lines):
    for line in lines:
        # the table pads its cells
        if " ".join(line.split()) not in " ".join(text.split()):
            fail(f"{what}: «{line}» is not in\n{text}")


def main():
    with Place(SETTINGS) as place:
        os.mkdir(place.path("c"))
        write(place, "schools.csv", DIRECTORY)
        write(place, "c/campaign.yaml", CAMPAIGN)
        write(place, "c/letter.md", "# Subject\n\nBy {{deadline.full}}: {{link.answer}}\n")
        words = ("simulate", place.path("c"), "--from", "2023-05-12 12:00")

        # An empty directory: the moments alone, in the campaign's zone.
        got = rows(place.objects(*words, "--until", "2023-05-15"))
        expect("empty directory", [(at, kind) for at, kind, *_ in got],
               [("2023-05-15T07:00", "letters"), ("2023-05-15T07:00", "collect")])

        place.ok("directory", "import", place.path("schools.csv"))
        got = place.objects(*words)
        expect("timeline", rows(got), TIMELINE)
        summary = got[-1]
        zones = {z["zone"]: (z["recipients"], z["collected"]) for z in summary.pop("zones")}
        expect("summary", summary, SUMMARY)
        expect("zones", zones, {"Europe/Moscow": (1, 1), "Asia/Kamchatka": (1, 1), "Asia/Vladivostok": (0, 1)})
        expect("until", rows(place.objects(*words, "--until", "2023-05-22")), TIMELINE[:8])

        contains("ru", place.ok(*words, "--lang", "ru"), RUSSIAN[:2] + RUSSIAN[3:])
        contains("en", place.ok(*words, "--lang", "en"), ENGLISH)

        # Launched too late for the first reminder: it is shown, and why it does not go.
        late = place.objects("simulate", place.path("c"), "--from", "2023-05-26 12:00")
        gone = [o["reason"] for o in late if o.get("overtaken") and o["level"] == 0 and o["zone"] == "Europe/Moscow"]
        expect("late", gone, ["3 days before: is not sent: 26 May 2023, 09:00 (MSK) is in the past"])

        # Without --from a campaign of the past is seen from its own first day.
        expect("past", place.objects(*words[:2])[-1]["launched"], "2023-05-15T07:00:00.000Z")

        place.refused(*words[:2], "--until", "soon", code=2, says="--until")
        place.refused(*words, "--until", "2023-05-01", code=2, says="--until lies before --from")
        write(place, "c/campaign.yaml", CAMPAIGN.replace("[-3d, -2h]", "[3d]"))
        place.refused(*words, code=1, says="campaign.yaml:13:12: error: ask.remind: «3d» is not before the deadline")

        db = sqlite3.connect(place.store)
        for table in ("campaign", "plan", "ask", "delivery", "round"):
            expect(table, db.execute(f"SELECT count(*) FROM {table}").fetchone()[0], 0)
        db.close()
    print("ok")


main()
