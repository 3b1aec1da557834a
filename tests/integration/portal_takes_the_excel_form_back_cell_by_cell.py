"""The Excel form is fetched, filled in and uploaded: what is wrong is named by cell, a form of another
organisation, a changed one and what is no form at all are refused, and the answer counts like any other."""
import io
import os
import re
import sys
import zipfile

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests/support"))
from portal_bed import FIELDS, PortalBed, want, want_in  # noqa: E402

TABLE = {"field": "winners", "label": "Победители", "type": "table",
         "columns": [{"field": "name", "label": "Имя", "type": "text", "required": True}, {"field": "class", "label": "Класс", "type": "count"}]}
SHEET = "xl/worksheets/sheet1.xml"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def filled(workbook, cells, replace=()):
    """The workbook with empty cells filled in, as Excel would write them."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name).decode()
            for cell, value in cells.items() if name == SHEET else ():
                kind = f"><v>{value}</v></c>" if isinstance(value, (int, float)) else f' t="inlineStr"><is><t>{value}</t></is></c>'
                data, n = re.subn(rf'<c r="{cell}"( s="\d+")?/>', lambda m: f'<c r="{cell}"{m.group(1) or ""}{kind}', data)
                assert n == 1, f"no empty cell {cell}"
            for was, now in replace:
                data = data.replace(was, now)
            new.writestr(name, data)
    return out.getvalue()


with PortalBed() as bed:
    bed.store(fields=FIELDS + [TABLE])
    ask, other = bed.ask("s1"), bed.ask("s2")

    def form(ask):
        path = re.search(r'href="(/x/[^"]*)"', bed.get(bed.answer(ask)).html)[1]
        page = bed.get(path)
        want("type", (page.status, page.headers["content-type"]), (200, TYPE))
        return page.body

    def upload(ask, data, name="И. О. Фамилия"):
        return bed.post(bed.answer(ask), {"send": "sheet", "name": name}, files=[("sheet", "Ответ s1.xlsx", TYPE, data)])

    empty = form(ask)
    good = {"C7": 12, "C8": "Провели классные часы", "B16": "Первый", "C16": 9, "B17": "Второй"}
    page = upload(ask, filled(empty, {**good, "C7": "пять", "C16": "девятый"}))
    want("status", page.status, 422)
    for cell in ("C7", "C16"):
        want_in("the cell is named", cell, page.text)
    page = upload(ask, filled(empty, good), name="")
    want("nobody's", page.status, 422)
    want_in("who", "Напишите, кто заполнил форму", page.text)
    page = upload(ask, form(other))
    want_in("another organisation's", "для другой организации", page.text)
    for what, data in (("no file", b""), ("text", b"12\n"), ("cut off", empty[:5000]), ("no form", b"PK\x03\x04" + os.urandom(500)),
                       ("another's number", filled(empty, good, [(f">{ask}.", f">{other}.")]))):
        page = upload(ask, data)
        want(what, page.status, 422)
        want_in(what, "Файл не принят", page.text)
    want("nothing was recorded", bed.answers(ask) + bed.answers(other), [])

    page = upload(ask, filled(empty, good))
    want_in("thanks", "Спасибо, ответ получен", page.text)
    want("recorded", bed.answers(ask), [(1, "sheet", "counts", {"registered": 12, "measures": "Провели классные часы",
                                                                "winners": [{"name": "Первый", "class": 9}, {"name": "Второй"}]}, "И. О. Фамилия")])
    upload(ask, filled(empty, {**good, "C10": "П. П. Петрова"}), name="  ")
    want("the name in the file, where only blanks were typed", bed.answers(ask)[-1][4], "П. П. Петрова")
    want_in("the page is filled with it", 'value="12"', bed.get(bed.answer(ask)).html)
    with zipfile.ZipFile(io.BytesIO(form(ask))) as z:
        want_in("and so is the next form", "Провели классные часы", z.read("xl/sharedStrings.xml").decode())
    want("a sheet's link answers nothing", bed.request("POST", bed.link("x", "sheet", ask)).status, 405)
