"""S3, «Флагманы образования». The first letter asks ten municipal authorities, each collects
from its ten schools. People answer by form, by reply, by a letter of their own, by telephone,
through the sum of their schools; one mail bounces, two people differ, one answers late, one
never. The repeated letter follows with their answers and reaches only whom it should."""

import os
import sys

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from story import SOURCE, Story, browse, expect, fill_in, wait_for, workbook  # noqa: E402

MO = [f"mo-{i:02}" for i in range(1, 11)]
PDF = b"%PDF-1.4\n% signed letter no. 17\n%%EOF\n"
REPEAT = os.path.join(SOURCE, "config", "campaigns", "s3-flagships-repeat")
NEW_07 = "new-07@district.example.org"
HEAD, CONTROLLER = "head@ministry.example.org", "controller@ministry.example.org"


def address(key):
    kind, number = key.split("-")
    return f"education-{number}@district.example.org" if kind == "mo" else f"school-{number}@schools.example.test"


def head(key):
    return f"head-{key[3:]}@district.example.org"


def addresses(*keys):
    return sorted(map(address, keys))


def schools_of(*municipalities):
    return [f"school-{i:03}" for mo in municipalities for i in range(int(mo[3:]) * 10 - 9, int(mo[3:]) * 10 + 1)]


# ---- April: the first letter ---------------------------------------------------------------

def foretold(story):
    """What will happen, before it does."""
    expect("simulated", story.simulated("2023-05-04"), [
        ("2023-04-10 10:00", "letters", 0), ("2023-04-10 10:00", "collect", 1), ("2023-04-18 09:00", "reminder", 1),
        ("2023-04-21 09:00", "reminder", 1), ("2023-04-21 09:00", "reminder", 0), ("2023-04-24 09:00", "reminder", 1),
        ("2023-04-25 09:00", "reminder", 0), ("2023-04-25 18:00", "close", 1), ("2023-04-27 09:00", "reminder", 0),
        ("2023-04-28 18:00", "close", 0), ("2023-04-28 18:00", "report", 0), ("2023-05-02 18:00", "escalation", 0)])


def first_letters(story):
    story.launch()
    first = story.until("2023-04-10 12:00")
    expect("first letters", first.addresses(), addresses(*MO, *schools_of(*MO)))
    mo, school = first.to(address("mo-03")), first.to(address("school-021"))
    for words in ("№ 01-12/245", "до 28 апреля 2023 г. включительно, 18:00 (МСК)", "37 участников"):
        assert words in mo.words, (words, mo.text)
    # the schools' figures are wanted three working days earlier
    assert "до 25 апреля 2023 г. включительно, 18:00 (МСК)" in school.words, school.text
    assert "Результаты мониторинга.pdf" in mo.attachments()
    assert school.links("cascade") == [] and len(mo.links("cascade")) == 1
    return {letter.address: letter for letter in first}


def who_may_answer(story, letter):
    """What is forwarded reads, and no more; a link with one character changed opens nothing."""
    page = browse(letter.link("forward"))
    assert page.forms() == [] and "/a/" not in page.html, page
    assert "Флагманы образования" in page.words
    link = letter.link("answer")
    spoilt = link[:-1] + ("2" if link[-1] != "2" else "3")
    expect("a spoilt link", browse(spoilt, want=None).status, 404)
    page = browse(link)
    assert "Вы отвечаете за: Управление образования Восточного района" in page.words, page
    expect("reading a form answers nothing", story.asks()["mo-03"], ("open", 0))


def by_form_and_by_reply(story, first):
    story.until("2023-04-11 10:00")
    page = fill_in(first[address("mo-03")], registered=44, measures="Собрания в семи школах")
    assert "ответ получен" in page.words, page
    expect("mo-03", story.asks()["mo-03"][0], "confirmed")
    # a number alone, by reply: proposed; the receipt says what was understood and asks for the rest
    story.reply(first[address("mo-04")], "56\n\nС уважением,\nИ. О. Фамилия")
    story.wait_ask("mo-04", "received")
    # a stranger to whom the letter was forwarded: shown to staff, answers for nobody, gets nothing
    story.reply(first[address("mo-09")], "77", sender="stranger@example.com", dmarc="fail")
    story.bounce(first[address("mo-07")])
    for key, n in (("school-001", 5), ("school-002", 7), ("school-003", 9), ("school-011", 12)):
        fill_in(first[address(key)], registered=n, measures="Педсовет")
    receipts = story.until("2023-04-11 12:00")
    expect("receipts", receipts.addresses(), addresses("mo-04"))
    expect("what a stranger said", story.asks()["mo-09"][0], "open")
    assert "56" in receipts[0].words, receipts[0].text
    wait_for(lambda: story.asks()["mo-07"][1] & 2, "mo-07 to be marked as bounced", 20)
    return receipts[0]


def by_letter_and_two_who_differ(story, first, receipt):
    story.until("2023-04-12 10:00")
    # the official answer: a signed letter in a new mail, from the head's own mailbox
    story.write("head-05@district.example.org", "answers@ministry.example.org", "О предоставлении информации",
                "Направляем ответ на письмо № 01-12/245.", files=[("Ответ № 17.pdf", PDF)])
    story.wait_ask("mo-05", "received")
    # mo-08 corrects its own figure; then somebody else says another one
    fill_in(first[address("mo-08")], name="И. О. Первая", registered=20, measures="Собрание")
    fill_in(first[address("mo-08")], name="И. О. Первая", registered=25, measures="Собрание")
    expect("a corrected figure", story.asks()["mo-08"], ("confirmed", 0))
    fill_in(first[address("mo-08")], name="И. О. Второй", phone="+7 (000) 000-00-99", registered=40, measures="Собрание")
    expect("another person's figure", story.asks()["mo-08"], ("confirmed", 1))
    # mo-04 fills in the rest behind the link of the receipt
    page = browse(receipt.link("answer"))
    assert "56" in page.html, page
    page.submit(**{"name": "И. О. Фамилия", "phone": "+7 (000) 000-00-04", "f.registered": 56, "f.measures": "Сайт, СМИ"})
    expect("mo-04", story.asks()["mo-04"][0], "confirmed")
    letters = story.until("2023-04-13 12:00")
    # staff: the figure of the signed letter; which of the two figures is right
    waiting = {mail["organisation"]: mail for mail in story.bed.json("mail", "list")}
    expect("mails that wait", sorted(waiting), ["mo-04", "mo-05", "mo-09"])
    expect("read to its end", waiting["mo-04"]["subject"], "Re: " + first[address("mo-04")].subject)
    story.bed.run("mail", "confirm", str(waiting["mo-05"]["id"]), "--set", "registered=33", "--set", "measures=Совещание")
    story.bed.run("answer", "refuse", story.slug, "mo-08")
    expect("mo-05, mo-08", (story.asks()["mo-05"][0], story.asks()["mo-08"]), ("confirmed", ("confirmed", 0)))
    return letters


def reminders(story):
    answered = ["school-001", "school-002", "school-003", "school-011"]
    silent_schools = [key for key in schools_of(*MO) if key not in answered]
    expect("18 April: the schools, a week before", story.until("2023-04-18 12:00").addresses(), addresses(*silent_schools))
    expect("20 April: nobody", story.until("2023-04-20 12:00"), [])
    sent = story.until("2023-04-21 12:00")
    # the schools' «three days before» is a Saturday: the day before it; the municipalities' week
    expect("21 April, schools", [a for a in sent.addresses() if "school" in a], addresses(*silent_schools))
    expect("21 April, municipalities", [a for a in sent.addresses() if "school" not in a],
           addresses("mo-01", "mo-02", "mo-06", "mo-09", "mo-10"))
    assert all(letter.subject.startswith("Напоминание") for letter in sent), sent
    expect("22 April, a Saturday", story.until("2023-04-22 12:00"), [])


def telephone_and_sums(story, first):
    expect("24 April: the schools, a day before", len(story.until("2023-04-24 12:00")), 96)
    story.telephone("mo-06", "И. О. Фамилия, координатор", "registered=30", "measures=Собрание")
    expect("mo-06", story.asks()["mo-06"][0], "confirmed")
    expect("25 April: three days before", story.until("2023-04-25 12:00").addresses(),
           addresses("mo-01", "mo-02", "mo-09", "mo-10"))
    # after the schools' deadline the municipalities see who answered, and the sum
    story.until("2023-04-26 12:00")
    page = browse(first[address("mo-01")].link("cascade"))
    for words in ("Школа № 1", "Школа № 10", "21"):
        assert words in page.words, (words, page)
    page.submit(**{"name": "И. О. Фамилия", "phone": "+7 (000) 000-00-01", "f.measures": "По школам"})
    browse(first[address("mo-02")].link("cascade")).submit(**{
        "name": "И. О. Фамилия", "phone": "+7 (000) 000-00-02", "f.registered": 15, "f.measures": "По школам",
        "reason": "Две школы сообщили по телефону"})
    expect("27 April: a day before", story.until("2023-04-27 12:00").addresses(), addresses("mo-09", "mo-10"))


FIGURES = {"mo-01": 21, "mo-02": 15, "mo-03": 44, "mo-04": 56, "mo-05": 33, "mo-06": 30, "mo-08": 25}


def report_and_escalation(story, first):
    sent = story.until("2023-04-28 18:05")
    expect("the report", sent.addresses(), [HEAD])
    reason = story.bed.value("SELECT reason FROM plan WHERE kind = 'report'")
    assert "когда учтено всё полученное до него" in reason, f"it did not wait for mailbox and ledger: {reason}"
    report = sent[0]
    for words in ("– 224; сумма по подведомственным 33", "Управление образования Горного района", "Ответили 7 из 10"):
        assert words in report.words, (words, report.text)
    check_workbook(report)
    event, = story.wait_events("vestnik.report.ready", 1)
    expect("the webhook's figures", [event[name] for name in ("asked", "answered", "silent", "undelivered", "sums")],
           [10, 7, 3, 1, {"registered": sum(FIGURES.values())}])
    expect("what the schools said", event["below"], {"asked": 100, "answered": 4, "sums": {"registered": 33}})
    expect("nothing on days off", story.until("2023-05-01 12:00"), [])
    sent = story.until("2023-05-02 19:00")
    expect("escalated to", sent.addresses(), [CONTROLLER])
    for name, there in (("Лесного района", True), ("Горного района", True), ("Заречного района", True), ("Северного", False)):
        expect(f"{name} among the silent", name in sent[0].words, there)
    # late, but not lost
    fill_in(first[address("mo-10")], registered=18, measures="Собрание")
    expect("late", story.bed.rows("SELECT late FROM answer w JOIN ask a ON a.answer = w.id JOIN organisation o"
                                  " ON o.id = a.organisation WHERE o.key = 'mo-10'"), [(1,)])


def check_workbook(report):
    data, = [data for name, data in report.attachments().items() if name.endswith(".xlsx")]
    rows = [row for sheet in workbook(data).values() for row in sheet]
    for row in rows:
        for cell in row:
            if cell == sum(FIGURES.values()) and any("Итого" in str(c) for c in row):
                return
    raise AssertionError(f"no «Итого» with {sum(FIGURES.values())}: {rows}")


# ---- May: the repeated letter ----------------------------------------------------------------

def repeat(story):
    moved = os.path.join(story.bed.folder, "mo-07.csv")
    with open(moved, "w", encoding="utf-8") as f:
        f.write("key;name;email\nmo-07;Управление образования Лесного района;new-07@district.example.org\n")
    story.bed.run("directory", "import", moved)
    story.until("2023-05-15 09:30")
    story.launch(REPEAT)
    sent = story.until("2023-05-15 12:00")
    # under 40, or silent: 03 and 04 had said 44 and 56; this time their heads, too
    asked = ["mo-01", "mo-02", "mo-05", "mo-06", "mo-07", "mo-08", "mo-09", "mo-10"]
    want = [NEW_07 if key == "mo-07" else address(key) for key in asked] + [head(key) for key in asked]
    expect("the repeated letter", sent.addresses(), sorted(want))
    told, silent = sent.to(address("mo-01")), sent.to(address("mo-09"))
    for letter, words in ((told, "на № 01-12/245 от 10.04.2023"), (told, "прошли регистрацию: 21"),
                          (told, "228 участников"), (silent, "На письмо от 10.04.2023 № 01-12/245 ответа от Вас не поступило"), (silent, "93 участника")):
        assert words in letter.words, (words, letter.text)
    return {letter.address: letter for letter in sent}


def may(story, sent):
    slug = "flagships-2023-repeat"
    for key, n in (("mo-01", 31), ("mo-02", 35), ("mo-05", 40)):
        fill_in(sent[address(key)], registered=n, measures="СМИ")
    silent = addresses("mo-06", "mo-08", "mo-09", "mo-10") + [NEW_07]
    reminders = story.until("2023-05-23 12:00")
    expect("23 May: the coordinators", reminders.addresses(), sorted(silent))
    # the automatic reply of one who is away: from now on the head is reminded, too
    story.reply(reminders.to(address("mo-10")), "Я в отпуске до 10 июня.", Auto_Submitted="auto-replied")
    wait_for(lambda: story.asks(slug)["mo-10"] == ("open", 4), "mo-10 to be marked as absent", 20)
    expect("26 May, for Saturday the 27th", story.until("2023-05-26 12:00").addresses(), sorted(silent + [head("mo-10")]))
    expect("27 May", story.until("2023-05-27 12:00"), [])
    # a figure by reply, confirmed by staff, and the rest on the telephone
    story.reply(sent[address("mo-10")], "22")
    story.wait_ask("mo-10", "received", slug)
    story.bed.run("answer", "confirm", slug, "mo-10")
    expect("partial", story.asks(slug)["mo-10"], ("partial", 0))
    expect("its mail", [mail for mail in story.bed.json("mail", "list", "--campaign", slug)], [])
    story.telephone("mo-10", "И. О. Фамилия", "measures=СМИ", slug=slug)
    story.letters()  # the receipt
    for key, n in (("mo-06", 38), ("mo-08", 41)):
        fill_in(sent[address(key)], registered=n, measures="СМИ")
    silent = [address("mo-09"), NEW_07]
    expect("29 May", story.until("2023-05-29 12:00").addresses(), sorted(silent))
    report = story.until("2023-05-30 19:00").to(HEAD)
    assert "207" in report.words, report.text
    event = story.wait_events("vestnik.report.ready", 2)[-1]
    expect("totals", (event["answered"], event["sums"]), (6, {"registered": 207}))
    expect("escalated", story.until("2023-05-31 19:00").addresses(), [CONTROLLER])
    calls = story.bed.json("report", "calls", slug)
    expect("the call list", sorted(row["key"] for row in calls), ["mo-07", "mo-09"])


def case_file(story):
    path = os.path.join(story.bed.folder, "case.zip")
    story.bed.run("campaign", "archive", story.slug, "--output", path)
    story.bed.run("campaign", "verify", path)
    with open(path, "r+b") as f:
        f.seek(200)
        f.write(b"\0\1\2\3")
    story.bed.run("campaign", "verify", path, code=1)


def main():
    with Story("s3-flagships", "schools.csv", start="2023-04-10 09:30") as story:
        foretold(story)
        first = first_letters(story)
        who_may_answer(story, first[address("mo-03")])
        receipt = by_form_and_by_reply(story, first)
        by_letter_and_two_who_differ(story, first, receipt)
        reminders(story)
        telephone_and_sums(story, first)
        report_and_escalation(story, first)
        may(story, repeat(story))
        case_file(story)


main()
