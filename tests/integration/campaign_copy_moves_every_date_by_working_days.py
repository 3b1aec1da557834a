"""vestnik campaign copy: from a folder and from the store; dates move by working days, comments stay,
the number is emptied; the copy passes the check of its new day."""

import datetime
import os
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from vestnik_cli import Place, expect, fail  # noqa: E402

SETTINGS = """public_url: https://answers.example.org
sender: {name: Ministry, address: outreach@ministry.example.org}
"""
# After Friday 28 April 2023 people work on 2 to 5 May and on the 10th: the 5th working day.
CAMPAIGN = """# Вопросы: отдел информации
campaign: survey-2023
title: "Опрос «Весна»"   # для людей
document: {number: "01-12/345", date: 28.04.2023}
audience: {kinds: [school]}
data: {plan: {file: tables/plan.csv, key: ИНН}}
letters: {first: texts/letter.md}
attachments: [{file: annex.txt, signature: annex.txt.sig}]
send: {at: 2023-04-28 10:00, hours: 09:00-18:00}
ask:
  answer: [{field: n, label: Число, type: count}]
  deadline: 2023-05-10 18:00     # после праздников
"""
# After Monday 13 May 2024 the 5th working day is Monday the 20th.
COPY = CAMPAIGN.replace("survey-2023", "survey-2024-05-13").replace('"01-12/345"', '""') \
    .replace("28.04.2023", "13.05.2024").replace("2023-04-28", "2024-05-13").replace("2023-05-10", "2024-05-20")


def write(place, name, data):
    with open(place.path(name), "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())


def read(place, name):
    with open(place.path(name), "rb") as f:
        return f.read()


def set_clock(place, year, month, day):
    then = datetime.datetime(year, month, day, 9, tzinfo=datetime.timezone.utc).timestamp()
    write(place, "clock", struct.pack("=q", int((then - time.time()) * 1000)))
    place.environment["VESTNIK_CLOCK"] = place.path("clock")


def main():
    with Place(SETTINGS) as place:
        os.makedirs(place.path("old/texts"))
        os.makedirs(place.path("old/tables"))
        write(place, "old/campaign.yaml", CAMPAIGN)
        write(place, "old/texts/letter.md", "# Опрос\n\nДо {{deadline.date}} ({{plan.план}}), весна 2023 года.\n")
        write(place, "old/tables/plan.csv", 'ИНН;план\nschool-1;"10;5"\nschool-2;"он сказал ""да"""\n')
        write(place, "old/annex.txt", b"annex")
        write(place, "old/annex.txt.sig", bytes(range(256)))
        write(place, "old/.hidden", "x")
        write(place, "schools.csv", "Ключ;Наименование;Вид;E-mail\nschool-1;Школа 1;school;a@schools.example.test\n"
                                    "school-2;Школа 2;school;b@schools.example.test\n")
        place.ok("directory", "import", place.path("schools.csv"))

        result = place.run("campaign", "copy", place.path("old"), "--start", "13.05.2024", "--to", place.path("new"))
        expect("exit", result.returncode, 0)
        expect("campaign.yaml", read(place, "new/campaign.yaml").decode(), COPY)
        for change in ("send.at: 2023-04-28 → 2024-05-13", "ask.deadline: 2023-05-10 → 2024-05-20",
                       "letter.md:3: note: a year stands in the text: 2023"):
            if change not in result.stderr:
                fail(f"«{change}» is not in\n{result.stderr}")
        for name in ("texts/letter.md", "tables/plan.csv", "annex.txt", "annex.txt.sig"):
            expect(name, read(place, "new/" + name), read(place, "old/" + name))
        expect("hidden files", os.path.exists(place.path("new/.hidden")), False)

        # The copy is good on its day, but for the number.
        set_clock(place, 2024, 5, 13 - 3)
        checked = place.run("campaign", "check", place.path("new"))
        expect("check", (checked.returncode, checked.stderr.count("error"), checked.stderr.count("the number is empty")),
               (0, 0, 1))

        # What was launched or stored can be written out again, though its folder is gone.
        set_clock(place, 2023, 4, 27)
        place.ok("campaign", "store", place.path("old"))
        place.ok("campaign", "copy", "survey-2023", "--start", "2024-05-13", "--to", place.path("again"))
        expect("campaign.yaml from the store", read(place, "again/campaign.yaml").decode(), COPY)
        for name in ("texts/letter.md", "annex.txt", "annex.txt.sig"):
            expect(name, read(place, "again/" + name), read(place, "old/" + name))
        expect("table", read(place, "again/tables/plan.csv").decode(),
               '"ИНН";"план"\n"school-1";"10;5"\n"school-2";"он сказал ""да"""\n')
        set_clock(place, 2024, 5, 10)
        place.ok("campaign", "check", place.path("again"))

        place.refused("campaign", "copy", place.path("old"), "--start", "2024-05-13", "--to", place.path("new"), code=1,
                      says="File exists")
        place.refused("campaign", "copy", place.path("old"), code=2, says="--start")
        place.refused("campaign", "copy", "nobody", "--start", "2024-05-13", code=1, says="neither a folder nor a campaign")
        place.refused("campaign", "copy", place.path("old"), "--start", "2024-05-13", "--name", "Big Name", code=2,
                      says="--name")
    print("ok")


main()
