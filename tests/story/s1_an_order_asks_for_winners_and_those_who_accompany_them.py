"""S1, «Педагогический альянс – 2024». An order with an annex and a detached signature goes to
three kinds of authorities at once. What comes back are rows, not numbers: winners and those who
accompany them, by form and in the Excel sheet. Only who has named nobody is reminded, on working
days; the controller gets the list, the operator the report, in the region's own time."""

import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from story import Story, browse, expect, fill_in, fill_workbook, wait_for, workbook  # noqa: E402

MS = [f"ms-{i:02}" for i in range(1, 14)]
OPERATOR, CONTROLLER = "operator@institute.example.org", "controller@ministry.example.org"


def addresses(*keys):
    return sorted(f"education-{key[3:]}@municipal.example.org" for key in keys)


def address(key):
    return addresses(key)[0]


def warned_of_the_certificate(story):
    said = story.bed.run("campaign", "check", story.folder)
    warnings = [line for line in (said.stdout + said.stderr).splitlines() if "предупреждение" in line]
    expect("one warning", len(warnings), 1)
    assert "29 сентября 2023 г." in warnings[0] and "5 марта 2024 г." in warnings[0], warnings


def foretold(story):
    """What will happen, before it does."""
    expect("simulated", story.simulated("2024-04-30"), [
        ("2024-03-06 10:00", "letters", 0), ("2024-04-08 09:00", "reminder", 0), ("2024-04-12 09:00", "reminder", 0),
        ("2024-04-15 18:00", "close", 0), ("2024-04-15 18:00", "report", 0), ("2024-04-16 18:00", "escalation", 0)])


def first_letters(story):
    story.launch()
    first = story.until("2024-03-06 12:00")
    expect("first letters", first.addresses(), addresses(*MS))
    for letter in first:
        files = letter.attachments()
        for name in ("order.pdf", "order.pdf.sig", "annex-1.pdf"):
            with open(os.path.join(story.folder, name), "rb") as f:
                assert f.read() in files.values(), f"{letter}: {name} is not there as it is on disk"
        assert "до 15 апреля 2024 г. включительно, 18:00 (МСК+6)" in letter.words, letter.text
    return {letter.address: letter for letter in first}


def answers(story, first):
    story.until("2024-04-01 12:00")
    winner = {"role": "победитель", "name": "И. О. Победитель", "position": "учитель", "organisation": "Школа № 1"}
    guide = {"role": "сопровождающий", "name": "И. О. Сопровождающий", "position": "методист", "organisation": "Отдел"}
    for key in ("ms-01", "ms-07", "ms-11"):
        rows = {f"participants.{i}.{column}": value for i, row in enumerate((winner, guide), 1) for column, value in row.items()}
        fill_in(first[address(key)], taking_part="да", **rows)
        expect(key, story.asks()[key][0], "confirmed")
    # nobody will come: an answer, too
    fill_in(first[address("ms-02")], taking_part="нет")
    expect("ms-02", story.asks()["ms-02"][0], "confirmed")
    # something human that is no answer yet: no reminders, staff look at it
    story.reply(first[address("ms-03")], "Уточняем списки, ответим на следующей неделе.")
    story.wait_ask("ms-03", "received")
    receipt, = story.letters()
    expect("the receipt", receipt.address, address("ms-03"))
    for words in ("Ваше письмо получено", "Осталось сообщить: Участвует ли муниципалитет"):
        assert words in receipt.words, receipt.text
    expect("a receipt starts no loop", (receipt.envelope_from, receipt.message["Auto-Submitted"]), ("<>", "auto-replied"))


def by_workbook(story, first):
    """The Excel form of the letter, filled in and sent back; one of two has a date that does not exist."""
    for key, arrival in (("ms-04", "24.04.2024"), ("ms-05", "31.02.2024")):
        attached, = [data for name, data in first[address(key)].attachments().items() if name.endswith(f"{key}.xlsx")]
        form = attached if key == "ms-04" else browse(first[address(key)].link("sheet")).body
        filled = fill_workbook(form, C7="да", C8=arrival, B16="победитель", C16="И. О. Победитель", D16="учитель", E16="Школа № 4")
        story.reply(first[address(key)], "Таблица во вложении.", files=[(f"Ответ {key}.xlsx", filled)])
    story.wait_ask("ms-04", "confirmed")
    story.wait_ask("ms-05", "received")
    sent = story.letters()
    wrong = sent.to(address("ms-05"))
    assert "C8" in wrong.text and "31.02.2024" in wrong.text, wrong.text


def corrected(story):
    """The letter said nothing of the place: who has it gets the correction, with the same power to answer."""
    story.until("2024-04-02 12:00")
    mended = os.path.join(story.bed.folder, "mended")
    shutil.copytree(story.folder, mended)
    with open(os.path.join(mended, "letter.md"), "a", encoding="utf-8") as f:
        f.write("\nРегистрация участников – в институте развития образования.\n")
    story.bed.run("campaign", "correct", story.slug, mended)
    wait_for(lambda: story.bed.value("SELECT state FROM campaign WHERE slug = ?", story.slug) == "running", "it to run")
    sent = story.until("2024-04-03 12:00")
    expect("corrections", sent.addresses(), addresses(*MS))
    assert all("Исправление" in letter.subject and letter.links("answer") for letter in sent), sent


def postponed(story):
    """From Monday the 15th to Wednesday the 17th; who has answered need not know."""
    story.until("2024-04-09 12:00")
    story.bed.run("campaign", "postpone", story.slug, "--deadline", "2024-04-17 18:00", "--tell")
    # the reports' own letters have rounds, too
    wait_for(lambda: story.bed.value("SELECT r.deadline_ms FROM round r JOIN campaign c ON c.id = r.campaign"
                                     " WHERE c.slug = ?", story.slug) == story.bed.clock.ms("2024-04-17 18:00"), "it")
    sent = story.until("2024-04-09 17:00")
    done = ("ms-01", "ms-02", "ms-04", "ms-07", "ms-11")
    expect("told of it", sent.addresses(), addresses(*[key for key in MS if key not in done]))
    assert all("до 17 апреля 2024 г. включительно, 18:00 (МСК+6)" in letter.words for letter in sent), sent[0].text


def reminders(story):
    silent = [key for key in MS if key not in ("ms-01", "ms-02", "ms-03", "ms-04", "ms-05", "ms-07", "ms-11")]
    expect("before 8 April", story.until("2024-04-07 12:00"), [])
    expect("8 April, a week before", story.until("2024-04-08 12:00").addresses(), addresses(*silent))
    postponed(story)
    # three days before the new one is a Sunday: on Friday
    expect("12 April", story.until("2024-04-12 12:00").addresses(), addresses(*silent))
    expect("to the 15th, the old deadline", story.until("2024-04-15 20:00"), [])
    expect("16 April, a day before", story.until("2024-04-16 12:00").addresses(), addresses(*silent))
    return silent


def end(story, silent):
    sent = story.until("2024-04-17 19:00")
    expect("the report", sent.addresses(), [OPERATOR])
    data, = [data for name, data in sent[0].attachments().items() if name.endswith(".xlsx")]
    rows, = [rows for name, rows in workbook(data).items() if name.startswith("Победители")]
    for name, role, count in (("И. О. Победитель", "победитель", 4), ("И. О. Сопровождающий", "сопровождающий", 3)):
        expect(f"{name} in the workbook", len([row for row in rows if name in row and role in row]), count)
    sent = story.until("2024-04-18 19:00")
    expect("escalated to", sent.addresses(), [CONTROLLER])
    names = dict(story.bed.rows("SELECT key, name FROM organisation"))
    expect("silent by name", sorted(key for key in MS if names[key] in sent[0].words), silent)
    data, = sent[0].attachments().values()
    rows, = workbook(data).values()
    expect("on the call list", sorted(key for key in MS if any(names[key] in row for row in rows)), silent)


def main():
    with Story("s1-alliance", "s1-districts.csv", start="2024-03-06 09:30", zone="Asia/Yakutsk") as story:
        warned_of_the_certificate(story)
        foretold(story)
        first = first_letters(story)
        answers(story, first)
        by_workbook(story, first)
        corrected(story)
        end(story, reminders(story))


main()
