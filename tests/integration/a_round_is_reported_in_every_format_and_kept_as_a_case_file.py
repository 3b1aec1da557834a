"""vestnik report, report calls, report acknowledgements, campaign archive, campaign verify: by hand, as
staff use them, on the store of tests/support/report_bed.h. The workbook is looked at as XML (what Excel
will do with it), the case file is checked by sha256sum, too."""

import csv
import io
import json
import os
import re
import stat
import subprocess
import sys
import zipfile

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from vestnik_cli import Place, expect, fail  # noqa: E402

SLUG = "monitoring-2022"


def contains(what, text, *parts):
    for part in parts:
        if part not in text:
            fail(f"{what}: «{part}» is not in\n{text}")


def look_at_text(place):
    contains("text", place.ok("report", SLUG, "--lang", "ru"), "Отчёт: Стажировочные площадки, за октябрь 2022 года",
             "Ответили 3 из 5, 60 %  ████████████░░░░░░░░", "Город", "Не ответили: 2", "Ёлкинская школа")
    contains("English", place.ok("report", SLUG, "--lang", "en", "--round", "1"), "Answered: 1 of 2, 50 %", "No answer: 1")
    contains("calls", place.ok("report", "calls", SLUG, "--lang", "ru"), "Ёлкинская школа", "+7 (000) 000-00-04",
             "550 no such user")
    contains("sheet", place.ok("report", "acknowledgements", SLUG, "--lang", "ru"), "Директор центра",
             "не является электронной подписью")
    contains("calls as a page", place.ok("report", "calls", SLUG, "--lang", "ru", "--format", "html"), "<!DOCTYPE html>",
             "Не ответили и не доставлено", "Ёлкинская школа", "+7 (000) 000-00-04", "Отметка о звонке")
    calls = place.objects("report", "calls", SLUG)
    expect("calls", [(c["key"], c["delivery"], c["contacts"][0]["phone"]) for c in calls],
           [("s4", "not delivered", "+7 (000) 000-00-04"), ("s7", "", "+7 (000) 000-00-07")])
    whole, = place.objects("report", SLUG)
    expect("sums", (whole["sums"], len(whole["rows"])), ({"people": 31, "done": {"да": 1, "нет": 0}}, 7))


def look_at_csv(place):
    path = place.path("report.csv")
    place.ok("report", SLUG, "--output", path)
    with open(path, "rb") as f:
        data = f.read()
    expect("BOM", data[:3], b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(data[3:].decode(), newline=""), delimiter=";"))
    expect("rows", (len(rows), {len(row) for row in rows}), (8, {22}))
    for row in rows:
        for cell in row:
            if cell[:1] in ("=", "+", "-", "@"):
                fail(f"a cell begins with {cell[0]}: {cell}")


def look_at_workbook(place):
    path = place.path("report.xlsx")
    place.ok("report", SLUG, "--format", "xlsx", "--output", path)
    with zipfile.ZipFile(path) as z:
        names = re.findall(r'<sheet name="([^"]+)"', z.read("xl/workbook.xml").decode())
        expect("sheets", names, ["Сводка", "По регионам", "По муниципалитетам", "Ответы", "Не ответили",
                                 "Подведомственные", "Участники занятия все"])
        contains("titles", z.read("xl/workbook.xml").decode(), "_xlnm.Print_Titles", "_xlnm._FilterDatabase")
        sheet = z.read("xl/worksheets/sheet4.xml").decode()
        everything = "".join(z.read(n).decode() for n in z.namelist() if n.startswith("xl/worksheets/sheet"))
    contains("answers", sheet, 'orientation="landscape"', 'paperSize="9"', "<autoFilter", 'state="frozen"', "<v>31</v>",
             "<t>=cmd|' /C calc'!A0</t>", "Итого")
    if "<f>" in everything or "<f " in everything:
        fail("there is a formula in the workbook")


def look_at_pages(place):
    for words, name, parts in ((["report"], "report.html", ["Школа &lt;b&gt;№ 6&lt;/b&gt;", "bgcolor"]),
                               (["report", "acknowledgements"], "sheet.html", ["Лист ознакомления", "Директор центра"])):
        path = place.path(name)
        place.ok(*words, SLUG, "--output", path)
        with open(path, encoding="utf-8") as f:
            text = f.read()
        contains(name, text, *parts)
        if re.search(r"<script|<img|src=|@import|url\(", text):
            fail(f"{name} loads something")


def look_at_case_file(place):
    path, folder = place.path("case.zip"), place.path("case")
    made = place.objects("campaign", "archive", SLUG, "--output", path)[0]
    expect("mode", stat.S_IMODE(os.stat(path).st_mode), 0o600)
    verdict = place.objects("campaign", "verify", path)[0]
    expect("verdict", (verdict["good"], verdict["flaws"], verdict["sums_sha256"]), (made["files"], 0, made["sums_sha256"]))
    with zipfile.ZipFile(path) as z:
        z.extractall(folder)
    subprocess.run(["sha256sum", "--quiet", "--strict", "-c", "SHA256SUMS"], cwd=folder, check=True)
    with open(os.path.join(folder, "letters", "first-0.txt"), encoding="utf-8") as f:
        contains("letter", f.read(), "Просим Управление", "https://link.invalid/")
    spoiled = place.path("spoiled.zip")
    with zipfile.ZipFile(path) as z, zipfile.ZipFile(spoiled, "w") as out:
        for item in z.infolist():
            if item.filename != "plan.csv":
                out.writestr(item.filename, z.read(item) + (b" " if item.filename == "outcomes.csv" else b""))
        out.writestr("more.txt", "more")
    result = place.run("campaign", "verify", spoiled, "--lang", "en")
    expect("exit", result.returncode, 1)
    contains("flaws", result.stdout, "differs: outcomes.csv", "missing: plan.csv", "extra: more.txt", "Flaws: 3")
    expect("left over", [n for n in os.listdir(place.folder) if n.startswith("case.zip.")], [])


def main():
    with Place() as place:
        os.makedirs(os.path.dirname(place.store), exist_ok=True)
        subprocess.run([os.path.join(os.environ["VESTNIK_BIN"], "report_store"), "sqlite:" + place.store], check=True)
        look_at_text(place)
        look_at_csv(place)
        look_at_workbook(place)
        look_at_pages(place)
        look_at_case_file(place)
        place.refused("report", "nobody", "--lang", "en", code=1, says="there is no campaign «nobody»")
        place.refused("report", SLUG, "--round", "9", "--lang", "en", code=1, says="has no round 9")
        place.refused("report", SLUG, "--format", "xlsx", "--lang", "en", code=2, says="needs --output FILE")
        place.refused("report", SLUG, "--format", "pdf", code=2, says="pdf")
        place.refused("report", SLUG, "--output", "/nowhere/x.csv", code=1, says="/nowhere/x.csv")
        place.refused("campaign", "archive", SLUG, "--lang", "en", code=2, says="--output FILE.zip")
        place.refused("campaign", "verify", place.config, "--lang", "en", code=1, says="is not a ZIP file")


main()
