"""vestnik calendar show: a month's grid in two languages with signs instead of colours,
objects for programs, a folder that adds years, mistakes of a clerk by file and line."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from vestnik_cli import Place, expect, fail  # noqa: E402

MAY_2026 = """май 2026
  пн   вт   ср   чт   пт   сб   вс
                    [ 1] [ 2] [ 3]
  4    5    6    7    8' [ 9] [10]
[11]  12   13   14   15  [16] [17]
 18   19   20   21   22  [23] [24]
 25   26   27   28   29  [30] [31]
рабочих дней: 19, выходных: 12
"""
APRIL_2024 = """April 2024
 Mon  Tue  Wed  Thu  Fri  Sat  Sun
  1    2    3    4    5  [ 6] [ 7]
  8    9   10   11   12  [13] [14]
 15   16   17   18   19  [20] [21]
 22   23   24   25   26   27+ [28]
[29] [30]
working days: 21, days off: 9
"""


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


def shows_a_month(place):
    text = place.ok("calendar", "show", "2026-05", "--lang", "ru")
    if not text.startswith(MAY_2026):
        fail(f"got\n{text}\nwant\n{MAY_2026}")
    for line in ("1 мая, пятница: праздничный день (Праздник Весны и Труда)",
                 "8 мая, пятница: сокращённый рабочий день",
                 "11 мая, понедельник: выходной, перенесённый с 9 мая 2026 г.",
                 "№ 1466"):
        if line not in text:
            fail(f"«{line}» is not in\n{text}")
    text = place.ok("calendar", "show", "04.2024", "--lang", "en")
    if not text.startswith(APRIL_2024):
        fail(f"got\n{text}\nwant\n{APRIL_2024}")
    if "27 April, Saturday: a working day (its day off was moved to 29 April 2024)" not in text:
        fail(text)
    if "\x1b" in text:
        fail("colours in a pipe")


def shows_a_year(place):
    text = place.ok("calendar", "show", "2024", "--lang", "en")
    expect("months", text.count("working days: "), 12)
    for line in ("In all of 2024: working days 248, days off 118.", "1 January – 6 January: a holiday"):
        if line not in text:
            fail(f"«{line}» is not in\n{text}")
    rows = objects(place.ok("calendar", "show", "2024", "--json"))
    expect("objects", len(rows), 367)
    days = {row["date"]: row for row in rows if row["kind"] == "day"}
    expect("30 April", (days["2024-04-30"]["off"], days["2024-04-30"]["what"], days["2024-04-30"]["other"]),
           (True, "moved", "2024-11-02"))
    expect("2 November", (days["2024-11-02"]["off"], days["2024-11-02"]["shortened"]), (False, True))
    expect("the year", (rows[-1]["kind"], rows[-1]["status"], rows[-1]["working_days"]), ("calendar", "published", 248))
    if not any("1314" in source for source in rows[-1]["sources"]):
        fail(f"no resolution: {rows[-1]}")
    place.ok("calendar", "show")  # this month


def years_without_a_file_warn(place):
    result = place.run("calendar", "show", "2031-05", "--lang", "en")
    expect("exit", result.returncode, 0)
    if "no production calendar for 2031" not in result.stderr or "[ 9]" in result.stdout:
        fail(result.stdout + result.stderr)
    result = place.run("calendar", "show", "2024-05", "--calendar", "ru-ba", "--lang", "en")
    if "no file ru-ba-2024.csv" not in result.stderr:
        fail(result.stderr)
    if "[28]" not in place.ok("calendar", "show", "2023-06", "--calendar", "ru-ba"):
        fail("the region's holiday is missing")


def a_folder_adds_years(place):
    folder = place.path("data/calendars")
    os.makedirs(folder)
    with open(os.path.join(folder, "ru-2031.csv"), "w", encoding="utf-8") as f:
        f.write("вид;с;по;пояснение\nисточник;;;проект закона\nсостояние;;;проект\nпраздник;09.05.2031;;День Победы\n")
    result = place.run("calendar", "show", "2031-05", "--lang", "en")
    if "[ 9]" not in result.stdout or "not yet published" not in result.stderr:
        fail(result.stdout + result.stderr)
    with open(os.path.join(folder, "ru-2031.csv"), "w", encoding="utf-8") as f:
        f.write("источник;;;закон\nсостояние;;;проект\nпразник;09.05.2031\nпраздник;31.06.2031\n")
    result = place.run("calendar", "show", "2031-05", "--lang", "en")
    expect("exit", result.returncode, 1)
    for line in ("ru-2031.csv:3: error: unknown kind «празник»", "ru-2031.csv:4: error: с: there is no 31.06.2031"):
        if line not in result.stderr:
            fail(f"«{line}» is not in {result.stderr}")
    place.ok("calendar", "show", "2026-05", "--folder", place.folder)
    place.refused("calendar", "show", "2026-05", "--folder", place.path("nowhere"), code=1, says="nowhere")


def wrong_use_is_refused(place):
    for when in ("2026-13", "2026-00", "26", "may", "2026-5", "0000", "13.2026", "2026/05", "2026-05-01"):
        place.refused("calendar", "show", when, code=2, says="2026-05")
    place.refused("calendar", "show", "2026-05", "--calendar", "xx", code=1, says="xx")
    place.refused("calendar", "show", "2026-05", "--calendar", "../x", code=1, says="ru-ba")


def main():
    with Place() as place:
        shows_a_month(place)
        shows_a_year(place)
        years_without_a_file_warn(place)
        wrong_use_is_refused(place)
        a_folder_adds_years(place)


main()
