#!/usr/bin/env python3
"""S1 asks for rows: each letter carries the recipient's own Excel form, filled in it comes back attached to a
reply and counts; wrong cells are named in the receipt, and the next form has what counts in it; another's
form, a changed code and a form from a stranger answer for nobody."""
import io
import os
import re
import sys
import zipfile
from xml.etree import ElementTree

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from bed import wait_for  # noqa: E402
from story import Story, expect  # noqa: E402

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
ElementTree.register_namespace("", MAIN)
TAG = "{" + MAIN + "}"


def one(key):
    return f"education-{key[3:]}@municipal.example.org"


class Form:
    """A workbook as a person's spreadsheet program sees it: cells by marker of column A."""

    def __init__(self, data):
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            self.parts = {name: book.read(name) for name in book.namelist()}
        self.strings = ["".join(t.text or "" for t in item.iter(TAG + "t"))
                        for item in ElementTree.fromstring(self.parts["xl/sharedStrings.xml"])]
        self.sheet = ElementTree.fromstring(self.parts["xl/worksheets/sheet1.xml"])
        self.cells = {cell.get("r"): cell for cell in self.sheet.iter(TAG + "c")}

    def text(self, reference):
        cell = self.cells.get(reference)
        value = None if cell is None else cell.find(TAG + "v")
        if value is None:
            return None
        return self.strings[int(value.text)] if cell.get("t") == "s" else value.text

    def rows(self, marker):
        return [int(r[1:]) for r in self.cells if re.fullmatch("A[0-9]+", r) and self.text(r) == marker]

    def fill(self, reference, text):
        cell = self.cells[reference]
        for child in list(cell):
            cell.remove(child)
        cell.set("t", "inlineStr")
        ElementTree.SubElement(ElementTree.SubElement(cell, TAG + "is"), TAG + "t").text = text

    def bytes(self):
        self.parts["xl/worksheets/sheet1.xml"] = ElementTree.tostring(self.sheet, encoding="utf-8", xml_declaration=True)
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
            for name, data in self.parts.items():
                book.writestr(name, data)
        return out.getvalue()


def form_of(letter):
    found = [(name, data) for name, data in letter.attachments().items() if name.endswith(".xlsx")]
    expect(f"forms with {letter}", len(found), 1)
    return found[0][0], Form(found[0][1])


def filled(form, people, taking_part="да"):
    form.fill(f"C{form.rows('field:taking_part')[0]}", taking_part)
    form.fill(f"C{form.rows('person:name')[0]}", "И. О. Заполнившая")
    for row, (role, name) in zip(form.rows("row:participants"), people):
        for column, value in zip("BCDE", (role, name, "учитель", "Школа № 1")):
            form.fill(f"{column}{row}", value)
    return form


def versions(story, key):
    return story.bed.rows("SELECT n.way, n.state, n.fields FROM answer n JOIN ask a ON a.id = n.ask"
                          " JOIN organisation o ON o.id = a.organisation WHERE o.key = ? ORDER BY n.version", key)


def main():
    with Story("s1-alliance", "s1-districts.csv", start="2024-03-06 09:30", zone="Asia/Yakutsk") as story:
        story.launch()
        first = {letter.address: letter for letter in story.until("2024-03-06 12:00")}
        name, form = form_of(first[one("ms-01")])
        expect("its name", name, "Ответ ms-01.xlsx")
        expect("made for him alone", form_of(first[one("ms-02")])[1].text("B1") != form.text("B1"), True)

        # filled in and attached to a reply
        filled(form, [("победитель", "И. О. Победитель"), ("сопровождающий", "И. О. Сопровождающий")])
        story.reply(first[one("ms-01")], "Заполненная форма во вложении.", files=[(name, form.bytes())])
        story.wait_ask("ms-01", "confirmed")
        (way, state, fields), = versions(story, "ms-01")
        expect("recorded", (way, state), ("sheet", "counts"))
        told, = story.wait_events("vestnik.ask.confirmed", 1)  # signed, at the webhook
        expect("told", (told["key"], told["way"], told["fields"], told["late"]), ("ms-01", "sheet", {"taking_part": "да"}, False))
        for want in ("И. О. Победитель", "И. О. Сопровождающий", '"taking_part":"да"'):
            assert want in fields, fields

        # a wrong cell is named to the sender, the mail counts as something received
        story.letters()
        name, form = form_of(first[one("ms-02")])
        filled(form, [("зритель", "И. О. Победитель")])
        cell = f"B{form.rows('row:participants')[0]}"
        story.reply(first[one("ms-02")], "Форма во вложении.", files=[(name, form.bytes())])
        story.wait_ask("ms-02", "received")
        receipt, = story.letters()
        expect("the receipt goes to", receipt.address, one("ms-02"))
        assert cell in receipt.words and "победитель" in receipt.words, receipt.text

        # a changed code, another's form: nobody is answered for
        name, form = form_of(first[one("ms-03")])
        code = form.text("B1")
        filled(form, [("победитель", "И. О. Чужой")])
        form.fill("B1", code[:-1] + ("a" if code[-1] != "a" else "b"))
        story.reply(first[one("ms-03")], "Форма во вложении.", files=[(name, form.bytes())])
        story.wait_ask("ms-03", "received")
        assert not any("Чужой" in fields for _, _, fields in versions(story, "ms-03"))
        name, form = form_of(first[one("ms-04")])
        filled(form, [("победитель", "И. О. Посторонний")])
        story.write("stranger@elsewhere.example.org", "outreach@ministry.example.org", "Форма", "Форма во вложении.",
                    files=[(name, form.bytes())], dmarc="fail")
        wait_for(lambda: story.busy() is None, "the stranger's mail to be read")
        assert not any(state == "counts" for _, state, _ in versions(story, "ms-04")), versions(story, "ms-04")

        # reminded: the form has what came, and who is reminded has his own
        reminded = {letter.address: letter for letter in story.until("2024-04-08 12:00")}
        assert one("ms-05") in reminded and one("ms-01") not in reminded, sorted(reminded)
        shown = story.bed.run("answer", "form", story.slug, "ms-01", os.path.join(story.bed.folder, "again.xlsx"))
        expect("written", shown.returncode, 0)
        with open(os.path.join(story.bed.folder, "again.xlsx"), "rb") as f:
            again = Form(f.read())
        expect("filled in beforehand", again.text(f"C{again.rows('row:participants')[0]}"), "И. О. Победитель")


main()
