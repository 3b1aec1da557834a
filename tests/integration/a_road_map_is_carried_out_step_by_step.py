#!/usr/bin/env python3
"""A road map (S5): a Word table, merged and broken over pages, becomes a campaign; terms and
responsibles that are not understood stop it, are said once and remembered. Before a term begins its
people are told, three working days after it ends they are asked; one table says what was done, runs,
was moved, is overdue."""
import json
import os
import sys
import zipfile

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from bed import wait_for  # noqa: E402
from portal_bed import PortalBed  # noqa: E402

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
TYPE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
DIRECTORY = ("key;name;kind;region;municipality;email;contact\n"
             "centre;МКУ «Центр сопровождения образовательной деятельности»;organisation;Область;Город;c@example.org;Методист\n"
             "school-5;МАОУ СОШ № 5;school;Область;Город;s5@example.org;Директор\n")
WHO = "Комитет образования, МКУ «Центр сопровождения образовательной деятельности», город N"
HEADER = ["", "Планируемые действия", "Ожидаемые результаты", "Сроки реализации", "Ответственный исполнитель"]
FIRST = [["v:Задачи: 1. Организовать взаимодействие", "Конкурсы мастерства", "Создание условий", "Сентябрь 2018 – апрель 2019", WHO],
         ["^", "Фестиваль", "Распространение практик", "Март 2019", WHO],
         ["^", "Семинар", "Обмен опытом", "Октябрь 2018", "Комитет образования, МКУ «Центр"]]
SECOND = [["педагогов", "", "", "", "сопровождения образовательной деятельности», МАОУ СОШ № 5, город N"],
          ["", "Слёт", "", "осенью", "МАОУ СОШ № 5"],
          ["", "Совещание", "Протокол", "Август 2018", "Комитет образования"]]


def cell(text):
    merge = {"v:": '<w:vMerge w:val="restart"/>', "^": "<w:vMerge/>"}
    for mark, xml in merge.items():
        if text.startswith(mark):
            return f"<w:tc><w:tcPr>{xml}</w:tcPr><w:p><w:r><w:t>{text[len(mark):]}</w:t></w:r></w:p></w:tc>"
    return f"<w:tc><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>"


def table(rows):
    return "<w:tbl>" + "".join("<w:tr>" + "".join(map(cell, row)) + "</w:tr>" for row in rows) + "</w:tbl><w:p/>"


def docx(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("_rels/.rels", f'<Relationships><Relationship Id="a" Type="{TYPE}" Target="word/document.xml"/></Relationships>')
        z.writestr("word/document.xml", f'<w:document xmlns:w="{WORD}"><w:body>{table([HEADER, *FIRST])}{table(SECOND)}</w:body></w:document>')


def main():
    bed = PortalBed()
    bed.sink()
    bed.clock.jump_to("2018-08-01 12:00")
    with bed:
        plan, folder = os.path.join(bed.folder, "план.docx"), os.path.join(bed.folder, "plan-2018")
        docx(plan)
        path = os.path.join(bed.folder, "directory.csv")
        with open(path, "w") as f:
            f.write(DIRECTORY)
        bed.run("directory", "import", path)
        words = ["roadmap", "import", plan, "--campaign", "plan-2018", "--folder", folder, "--title", "План на 2018/2019 год"]

        # nothing is guessed, nothing is written
        refused = bed.run("--lang", "ru", *words, code=1)
        assert "таблица 2, строка 2" in refused.stderr and "осенью" in refused.stderr, refused.stderr
        assert refused.stdout.split("\n")[:4] == ["  Комитет образования", "  МКУ «Центр сопровождения образовательной деятельности»",
                                                  "  город N", "  МАОУ СОШ № 5"], refused.stdout
        assert not os.path.exists(folder)
        open_texts = {row["text"]: [p["key"] for p in row["proposals"]] for row in bed.json("roadmap", "map")}
        assert open_texts["МАОУ СОШ № 5"] == ["school-5"] and len(open_texts) == 4, open_texts
        assert open_texts["МКУ «Центр сопровождения образовательной деятельности»"] == ["centre"], open_texts
        bed.run("roadmap", "map", "МАОУ СОШ № 5", "--to", "school-55", code=1)
        bed.run("roadmap", "map", "МАОУ СОШ № 5", "--to", "school-5")
        bed.run("roadmap", "map", "МКУ «Центр сопровождения образовательной деятельности»", "--to", "centre")
        bed.run("roadmap", "map", "Комитет образования", "--department", "Отдел общего образования")
        bed.run("roadmap", "map", "город N", "--nobody")
        assert bed.json("roadmap", "map") == []
        bed.run(*words, "--term", "2.2=октябрь 2018 – ноябрь 2018")
        bed.run("campaign", "check", folder)
        status = bed.json("roadmap", "status", "plan-2018")[-1]
        assert (status["total"], status["planned"], status["running"]) == (5, 4, 1), status

        bed.services("planner", "mailer", "ledger")
        bed.launch(folder)
        bed.run(*words, "--term", "2.2=ноябрь 2018", "--replace", code=1)     # a launched plan stays as it is

        def letters():
            return sorted(address.strip("<>") for _, address in bed.remembered())

        def state(number):
            return {row["key"] or row["who"]: row["state"] for row in bed.json("roadmap", "status", "plan-2018")
                    if row["kind"] == "step" and row["number"] == number}

        # before September begins
        bed.clock.jump_to("2018-08-29 10:01")
        wait_for(lambda: letters() == ["c@example.org"], "the letter before the contests")
        # before October: the seminar's two, the meeting's one
        bed.clock.jump_to("2018-09-26 10:01")
        wait_for(lambda: letters() == ["c@example.org"] * 2 + ["s5@example.org"] * 2, "the letters before October")
        assert state(3) == {"centre": "planned", "school-5": "planned", "Отдел общего образования": "planned"}, state(3)
        bed.clock.jump_to("2018-10-15 12:00")
        assert state(3)["centre"] == "running" and state(1)["centre"] == "running", state(3)
        assert state(5) == {"Отдел общего образования": "overdue"}, state(5)  # the department's own, in August
        bed.run("roadmap", "mark", "plan-2018", "5", "--done", "--note", "провели 20 августа")
        assert state(5) == {"Отдел общего образования": "done"}, state(5)

        # three working days after October: 1 November is a Thursday, 5 a day off, so the 6th
        bed.clock.jump_to("2018-11-02 12:00")
        assert len(letters()) == 4, letters()
        bed.clock.jump_to("2018-11-06 10:01")
        wait_for(lambda: len(letters()) == 6, "the ask for the seminar's result")
        assert state(3)["centre"] == "asked", state(3)
        asks = dict(bed.rows("SELECT o.key, a.id FROM ask a JOIN organisation o ON o.id = a.organisation"))
        assert set(asks) == {"centre", "school-5"}, asks
        page = bed.get(bed.answer(asks["centre"]))
        assert page.status == 200 and "перенесено" in page.text, page.text
        done = bed.post(bed.answer(asks["centre"]), {"f.outcome": "выполнено", "f.text": "30 участников", "name": "И. О. Фамилия",
                                                     "phone": "+7 (000) 000-00-00"})
        assert done.status == 200, (done.status, done.text)
        wait_for(lambda: state(3)["centre"] == "done", "the answer of the centre")
        assert state(3)["school-5"] == "asked", state(3)

        # one working day before the deadline only the silent one is reminded
        before = len(letters())
        bed.clock.jump_to("2018-11-12 10:00")
        wait_for(lambda: len(letters()) == before + 1, "the reminder")
        assert letters().count("s5@example.org") == 4, letters()

        # past the deadline it is overdue; late, it was moved
        bed.clock.jump_to("2018-11-14 12:00")
        assert state(3)["school-5"] == "overdue", state(3)
        bed.post(bed.answer(asks["school-5"]), {"f.outcome": "перенесено", "f.moved_to": "20.12.2018", "f.text": "ремонт", "name": "Директор",
                                                "phone": "+7 (000) 000-00-01"})
        wait_for(lambda: state(3)["school-5"] == "moved", "the late answer")
        row = next(r for r in bed.json("roadmap", "status", "plan-2018", "--state", "moved") if r["kind"] == "step")
        assert (row["moved_to"], row["note"], row["who"]) == ("2018-12-20", "ремонт", "МАОУ СОШ № 5"), row
        shown = bed.run("--lang", "ru", "roadmap", "status", "plan-2018").stdout
        for words in ("перенесено", "→ 20.12.2018 ремонт", "30 участников", "01.09.2018 – 30.04.2019", "мероприятий: выполнено 1"):
            assert words in shown, f"«{words}» is not in\n{shown}"
        sheet = os.path.join(bed.folder, "ход.xlsx")
        bed.run("--lang", "ru", "roadmap", "status", "plan-2018", "--xlsx", sheet)
        with zipfile.ZipFile(sheet) as z:
            texts = z.read("xl/sharedStrings.xml").decode()
            assert len([n for n in z.namelist() if n.startswith("xl/worksheets/sheet")]) == 2
        for words in ("перенесено", "30 участников", "Отдел общего образования", "По ответственным, 14 ноября 2018 г."):
            assert words in texts, words
        # a mark stands for those who have said nothing: here the department
        bed.run("roadmap", "mark", "plan-2018", "3", "--failed")
        assert state(3) == {"centre": "done", "school-5": "moved", "Отдел общего образования": "failed"}, state(3)
        bed.run("roadmap", "mark", "plan-2018", "3", "--clear")
        assert state(3)["Отдел общего образования"] == "overdue", state(3)
        # the day it was moved to has passed
        bed.clock.jump_to("2018-12-21 12:00")
        assert state(3)["school-5"] == "overdue", state(3)
        print(json.dumps(bed.json("roadmap", "status", "plan-2018")[-1]))


main()
