"""vestnik roadmap show: a plan's steps with their terms as they were understood; terms
that were not are named by row and make the exit code 1."""

import json
import os
import sys
import zipfile

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from vestnik_cli import Place, expect, fail  # noqa: E402

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
TYPE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
HEADER = ["№", "Мероприятие", "Сроки реализации", "Ответственный исполнитель"]
ROWS = [["1", "Конкурсы мастерства", "Сентябрь 2018 – апрель 2019", "Комитет образования"],
        ["2", "Фестиваль", "Март 2019", "Центр сопровождения"],
        ["3", "Отчёт", "до 1 числа месяца, следующего за отчетным", "Центр сопровождения"]]
OPEN = [["4", "Семинар", "до 30 мая", "школа"], ["5", "Слёт", "осенью", "школа"]]


def docx(path, rows):
    def cell(text):
        return f"<w:tc><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>"
    table = "".join("<w:tr>" + "".join(map(cell, row)) + "</w:tr>" for row in rows)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("_rels/.rels", f'<Relationships><Relationship Id="a" Type="{TYPE}" '
                                  'Target="word/document.xml"/></Relationships>')
        z.writestr("word/document.xml", f'<w:document xmlns:w="{WORD}"><w:body><w:tbl>{table}</w:tbl>'
                                        "</w:body></w:document>")


def main():
    with Place() as place:
        plan = place.path("plan.docx")
        docx(plan, [HEADER, *ROWS])
        text = place.ok("roadmap", "show", plan, "--lang", "ru")
        for words in ("таблица 1, строка 2", "с 1 сентября 2018 г. по 30 апреля 2019 г.",
                      "ежемесячно, до 1 числа месяца, следующего за отчётным периодом"):
            if words not in text:
                fail(f"«{words}» is not in\n{text}")
        steps = [json.loads(line) for line in place.ok("roadmap", "show", plan, "--json").splitlines()]
        expect("steps", [(s["number"], s["term_kind"], s["begin"], s["end"], s["rrule"]) for s in steps],
               [("1", "range", "2018-09-01", "2019-04-30", ""), ("2", "period", "2019-03-01", "2019-03-31", ""),
                ("3", "recurring", None, None, "FREQ=MONTHLY;BYMONTHDAY=1")])
        docx(plan, [HEADER, *ROWS, *OPEN])
        result = place.run("roadmap", "show", plan, "--lang", "en")
        expect("exit", result.returncode, 1)
        for words in ("table 1, row 5: term «до 30 мая»: the year is missing: say which",
                      "table 1, row 6: term «осенью»: not understood: “осенью”"):
            if words not in result.stderr:
                fail(f"«{words}» is not in\n{result.stderr}")
        result = place.run("roadmap", "show", plan, "--year", "2019", "--lang", "en")
        if "«до 30 мая»" in result.stderr or "by 30 May 2019" not in result.stdout:
            fail(result.stderr + result.stdout)
        sheet = place.path("plan.csv")
        with open(sheet, "w", encoding="windows-1251") as f:
            f.write("\n".join(";".join(row) for row in [HEADER[1:], *[row[1:] for row in [*ROWS[:2], OPEN[1]]]]) + "\n")
        place.refused("roadmap", "show", sheet, "--lang", "en", code=1, says="plan.csv:4: error: term «осенью»")
        place.refused("roadmap", "show", place.path("nothing.docx"), code=1, says="nothing.docx")
        place.refused("roadmap", "show", plan, "--year", "soon", code=2, says="--year")


main()
