"""S5, a road map of 2018. Its Word table becomes a campaign: who is responsible is said once, a
letter goes out three working days before each term begins, the result is asked for three working
days after it ends. One table shows what is done, running and overdue."""

import os
import sys

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from story import Story, expect, fill_in  # noqa: E402

CENTRE, SCHOOL = "methodist@centre.example.org", "school-5@schools.example.test"
CONTROLLER = "controller@committee.example.org"
CONTEST, FESTIVAL, SEMINAR = 1, 2, 3
RESPONSIBLE = [("Комитет образования", ["--department", "Комитет образования"]),
               ("МКУ «Центр сопровождения образовательной деятельности»", ["--to", "centre"]),
               ("МАОУ СОШ № 5", ["--to", "school-5"]), ("город", ["--nobody"])]


def imported(story):
    """The Word table gives the folder that ships, once everybody in it is known."""
    folder = os.path.join(story.bed.folder, "made")
    command = ["roadmap", "import", os.path.join(story.folder, "plan.docx"), "--campaign", story.slug,
               "--folder", folder, "--controller", CONTROLLER]
    said = story.bed.run(*command, code=1)
    assert not os.path.exists(folder), "a folder although nobody said who is responsible"
    for text, who in RESPONSIBLE:
        assert text in said.stdout + said.stderr, (text, said.stdout, said.stderr)
        story.bed.run("roadmap", "map", text, *who)
    story.bed.run(*command)
    with open(os.path.join(folder, "campaign.yaml"), encoding="utf-8") as f:
        made = f.read().split("\nstages:\n")[1]
    with open(os.path.join(story.folder, "campaign.yaml"), encoding="utf-8") as f:
        expect("the stages that ship", f.read().split("\nstages:\n")[1], made)


def status(story):
    """step -> {organisation's key, None our own department: state}"""
    table = {}
    for row in story.bed.json("roadmap", "status", story.slug):
        if row["kind"] == "step":
            table.setdefault(row["number"], {})[row["key"]] = row["state"]
    return table


def seminar(story):
    expect("28 August", story.until("2018-08-28 12:00"), [])
    expect("29 August: the contest begins on 1 September", story.until("2018-08-29 12:00").addresses(), [CENTRE])
    sent = story.until("2018-09-26 12:00")
    expect("26 September: the seminar is in October", sent.addresses(), [CENTRE, SCHOOL])
    assert all(not letter.links("answer") for letter in sent), "nothing is asked before the term"
    expect("in October", (story.until("2018-10-15 12:00"), status(story)),
           ([], {CONTEST: {"centre": "running", None: "running"}, FESTIVAL: {"centre": "planned", None: "planned"},
                 SEMINAR: {"centre": "running", "school-5": "running", None: "running"}}))
    # 31 October and three working days: 1, 2 and, after the holidays of the 3rd to the 5th, 6 November
    expect("5 November, a holiday", story.until("2018-11-05 12:00"), [])
    asked = story.until("2018-11-06 12:00")
    expect("6 November", asked.addresses(), [CENTRE, SCHOOL])
    assert "до 13 ноября 2018 г. включительно, 18:00 (МСК)" in asked[0].words, asked[0].text
    fill_in(asked.to(CENTRE), outcome="выполнено", text="Семинар прошёл, 40 участников")
    expect("12 November: only the silent", story.until("2018-11-12 12:00").addresses(), [SCHOOL])
    story.until("2018-11-13 19:00")
    sent = story.until("2018-11-14 19:00")
    expect("escalated", sent.addresses(), [CONTROLLER])
    assert "МАОУ СОШ № 5" in sent[0].words and "Центр сопровождения" not in sent[0].words, sent[0].text
    expect("in November", status(story)[SEMINAR], {"centre": "done", "school-5": "overdue", None: "overdue"})
    # late, and then it is done
    fill_in(asked.to(SCHOOL), outcome="выполнено", text="Провели открытые уроки")
    expect("after the late answer", status(story)[SEMINAR], {"centre": "done", "school-5": "done", None: "overdue"})
    # our own department gets no letters: staff say so
    story.bed.run("roadmap", "mark", story.slug, str(SEMINAR), "--done", "--note", "отдел общего образования: проведён")
    expect("marked", status(story)[SEMINAR][None], "done")


def festival(story):
    expect("26 February", story.until("2019-02-26 12:00").addresses(), [CENTRE])
    asked = story.until("2019-04-03 12:00")
    expect("3 April", asked.addresses(), [CENTRE])
    fill_in(asked[0], outcome="перенесено", moved_to="20.05.2019", text="Из-за ремонта")
    expect("no reminder", story.until("2019-04-09 12:00"), [])
    expect("moved", status(story)[FESTIVAL], {"centre": "moved", None: "asked"})


def contest(story):
    story.until("2019-04-10 19:00")
    expect("7 May", story.until("2019-05-07 12:00"), [])
    # 30 April and three working days: 6, 7, 8 May
    asked = story.until("2019-05-08 12:00")
    expect("8 May", asked.addresses(), [CENTRE])
    expect("16 May", story.until("2019-05-16 12:00").addresses(), [CENTRE])
    # on the telephone, and by hand for our own department
    story.bed.run("roadmap", "mark", story.slug, str(CONTEST), "--done", "--note", "по телефону: 60 участников")
    expect("at the end", {step: set(states.values()) for step, states in status(story).items()},
           {CONTEST: {"done"}, FESTIVAL: {"moved", "overdue"}, SEMINAR: {"done"}})
    totals, = [row for row in story.bed.json("roadmap", "status", story.slug) if row["kind"] == "plan"]
    expect("steps by their worst line", (totals["total"], totals["done"], totals["overdue"]), (3, 2, 1))


def main():
    with Story("s5-roadmap", "s5-city.csv", start="2018-06-25 10:00") as story:
        imported(story)
        story.launch()
        seminar(story)
        festival(story)
        contest(story)


main()
