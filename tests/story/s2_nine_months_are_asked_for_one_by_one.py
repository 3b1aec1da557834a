"""S2, internship sites. Nine rounds, September 2022 to May 2023, due «до 1 числа месяца,
следующего за отчётным»: the sites report to the methodical centre three working days earlier,
the centre confirms their sum. Four of the nine dates are days off. Two officials acknowledge the
order; one does not, and stays a blank on the sheet."""

import os
import sys

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from story import Story, browse, expect, fill_in  # noqa: E402

SITES = [f"site-{i}" for i in range(1, 9)]
UMC, DEPUTY, DIRECTOR = "methodist@umc.example.org", "deputy@education.example.org", "director@umc.example.org"
# period; the sites' day, the centre's day; the 1st was a day off
ROUNDS = [
    ("за сентябрь 2022 года", "2022-09-28", "2022-10-03", True),
    ("за октябрь 2022 года", "2022-10-27", "2022-11-01", False),
    ("за ноябрь 2022 года", "2022-11-28", "2022-12-01", False),
    ("за декабрь 2022 года", "2022-12-28", "2023-01-09", True),
    ("за январь 2023 года", "2023-01-27", "2023-02-01", False),
    ("за февраль 2023 года", "2023-02-22", "2023-03-01", False),
    ("за март 2023 года", "2023-03-29", "2023-04-03", True),
    ("за апрель 2023 года", "2023-04-26", "2023-05-02", True),
    ("за май 2023 года", "2023-05-29", "2023-06-01", False),
]


# when each round's letters go: 14 days before its deadline, on a working day
OPENS = [None, "2022-10-18", "2022-11-17", "2022-12-26", "2023-01-18", "2023-02-15", "2023-03-20", "2023-04-18", "2023-05-18"]


def address(key):
    return f"{key}@sites.example.test"


def moved_deadlines(story):
    """The check says what became of the four dates that are days off, before anything is sent."""
    said = story.bed.run("campaign", "check", story.folder)
    notes = [line for line in (said.stdout + said.stderr).splitlines() if "ask.deadline" in line]
    expect("days off", len(notes), 4)
    for _, _, day, moved in ROUNDS:
        told = [line for line in notes if f"срок – {in_words(day)}, 18:00 (МСК)" in line]
        expect(f"{day} in the notes", len(told), 1 if moved else 0)


MONTHS = ["января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября",
          "ноября", "декабря"]


def in_words(day):
    year, month, number = day.split("-")
    return f"{int(number)} {MONTHS[int(month) - 1]} {year} г."


def acknowledgement(story, sent):
    """Opening the link does nothing: mail scanners open links. The button does."""
    letter = sent.to(DEPUTY)
    page = browse(letter.link("acknowledge"))
    expect("opened", story.bed.rows("SELECT count(*) FROM acknowledgement WHERE time_ms IS NOT NULL"), [(0,)])
    assert "электронной подписью" in page.words and "И. О. Первая" in page.words, page
    page.submit()
    expect("pressed", story.bed.rows("SELECT name FROM acknowledgement WHERE time_ms IS NOT NULL"), [("И. О. Первая",)])
    page.submit(want=None)  # once more: nothing else happens
    expect("pressed twice", story.bed.rows("SELECT count(*) FROM acknowledgement WHERE time_ms IS NOT NULL"), [(1,)])


def answered(story, sent, number, keys):
    for i, key in enumerate(keys, 1):
        fill_in(sent.to(address(key)), events=i, teachers=10 * number, managers=1)


def confirmed(story, letter):
    """The centre looks at the sum of its sites and confirms it."""
    page = browse(letter.link("cascade"))
    page.submit(name="И. О. Фамилия", phone="+7 (000) 000-00-01")
    return page


REMINDED, ESCALATED = 2, 4  # October: a site and the centre are late; December: the centre says nothing


def october(story, sent):
    """One site is silent: it is reminded before its own, earlier day. The centre waits for it."""
    answered(story, sent, 2, SITES[:7])
    # the sites' 27 October: three days before is Monday the 24th, one day before the 26th
    expect("24 October", story.until("2022-10-24 12:00").addresses(), [address("site-8")])
    expect("26 October", story.until("2022-10-26 12:00").addresses(), [address("site-8")])
    story.until("2022-10-27 19:00")
    # the centre's 1 November: three days before is a Saturday, so Friday; one day before Monday
    expect("28 October", story.until("2022-10-28 12:00").addresses(), [UMC])
    expect("29 October, a Saturday", story.until("2022-10-29 12:00"), [])
    expect("31 October", story.until("2022-10-31 12:00").addresses(), [UMC])
    page = browse(sent.to(UMC).link("cascade"))
    for words in ("7 из 8", "Дом творчества"):
        assert words in page.words, (words, page)
    confirmed(story, sent.to(UMC))
    expect("the report", story.until("2022-11-01 19:00").addresses(), [DEPUTY])


def december(story, sent):
    """Everybody but the centre: the report says so, and it is named to the controller."""
    answered(story, sent, 4, SITES)
    # 9 January after the holidays: three days and one day before are days off, one letter on 30 December
    expect("29 December", story.until("2022-12-29 12:00"), [])
    expect("30 December", story.until("2022-12-30 12:00").addresses(), [UMC])
    expect("the holidays", story.until("2023-01-08 12:00"), [])
    expect("the report", story.until("2023-01-09 19:00").addresses(), [DEPUTY])
    sent = story.until("2023-01-10 19:00")
    expect("escalated", sent.addresses(), [DEPUTY])
    assert "Учебно-методический центр" in sent[0].words, sent[0].text


def month(story, number, sent, day):
    """Nobody is late: no reminders, a report, the sums of the month."""
    answered(story, sent, number, SITES)
    confirmed(story, sent.to(UMC))
    sent = story.until(day + " 19:00")
    expect(f"round {number}: nothing but the report", sent.addresses(), [DEPUTY])
    return sent[0]


def main():
    with Story("s2-internship-sites", "s2-sites.csv", start="2022-09-26 09:30") as story:
        moved_deadlines(story)
        simulated = story.simulated("2023-06-10")
        for kind, level, column in (("close", 1, 1), ("close", 0, 2), ("report", 0, 2)):
            expect(f"simulated: {kind}, level {level}", [at for at, *what in simulated if what == [kind, level]],
                   [f"{row[column]} 18:00" for row in ROUNDS])
        story.launch()
        for number, (label, site_day, day, _) in enumerate(ROUNDS, 1):
            if number > 1:
                expect("before the working hours", story.until(OPENS[number - 1] + " 08:00"), [])
            sent = story.until(("2022-09-26" if number == 1 else OPENS[number - 1]) + " 12:00")
            to_persons = [DEPUTY, DIRECTOR] if number == 1 else []
            expect(f"{label}: letters", sent.addresses(), sorted([address(site) for site in SITES] + [UMC] + to_persons))
            for letter in sent:
                if letter.address == UMC or "site" in letter.address:
                    want = in_words(day if letter.address == UMC else site_day)
                    assert label in letter.words and f"до {want} включительно, 18:00 (МСК)" in letter.words, letter.text
            if number == 1:
                acknowledgement(story, sent)
            {REMINDED: lambda: october(story, sent), ESCALATED: lambda: december(story, sent)}.get(
                number, lambda: month(story, number, sent, day))()
        sheet(story)


def sheet(story):
    """Every expected name; who has not pressed has a blank."""
    said = story.bed.run("report", "acknowledgements", story.slug).stdout
    first, second = [next(line for line in said.splitlines() if name in line) for name in ("И. О. Первая", "И. О. Вторая")]
    assert "26.09.2022" in first and "2022" not in second, said


main()
