#!/usr/bin/env python3
"""`vestnik answer`: by telephone, decisions, a table of many, the Excel form; every row's fate is told, nothing
is recorded of a table with a mistake; what happened stands in the store and on the bus."""
import json
import os
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests/support"))
from vestnik_cli import Place, expect, fail  # noqa: E402

FIELDS = [{"field": "registered", "label": "Зарегистрировано участников", "type": "count", "required": True},
          {"field": "measures", "label": "Результаты мероприятий", "type": "text", "required": True},
          {"field": "winners", "label": "Победители", "type": "table",
           "columns": [{"field": "name", "label": "ФИО", "type": "text"}]}]


def seed(place):
    place.ok("campaign", "list")
    db = sqlite3.connect(place.store)
    definition = {"slug": "flagships", "title": "Флагманы", "zone": "Europe/Moscow", "lang": "ru",
                  "ask": {"verb": "просим", "fields": FIELDS}}
    db.execute("INSERT INTO campaign (id, slug, kind, title, content_hash, definition, sender, state, priority, created_ms,"
               " launched_ms, expanded) VALUES (1, 'flagships', 'campaign', 'Флагманы', 'h', ?, 'a@example.org', 'running', 1, 0,"
               " 0, 1)", (json.dumps(definition, ensure_ascii=False),))
    for number in (1, 2):
        db.execute("INSERT INTO round (id, campaign, number, label, starts_ms, deadline_ms, state) VALUES (?, 1, ?, ?, 0,"
                   " 4000000000000, 'open')", (number, number, f"период {number}"))
    for n in range(1, 6):
        db.execute("INSERT INTO organisation (id, key, kind, name, revision, updated_ms) VALUES (?, ?, 'school', ?, 1, 0)",
                   (n, f"0{n}", f"Школа № {n}"))
        for number in (1, 2):
            db.execute("INSERT INTO ask (campaign, round, organisation, place, deadline_ms, state, opened_ms, updated_ms)"
                       " VALUES (1, ?, ?, 'Europe/Moscow', 4000000000000, 'open', 0, 0)", (number, n))
    db.commit()
    db.close()


def table(place, name, text):
    with open(place.path(name), "w", encoding="utf-8") as f:
        f.write(text)
    return place.path(name)


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


def refused(place, words, *want):
    result = place.run("--lang", "ru", *words)
    if result.returncode == 0 or any(w not in result.stdout + result.stderr for w in want):
        fail(f"{words}: got exit {result.returncode}, {result.stdout + result.stderr!r}, want {want}")
    return result


def events(place):
    with sqlite3.connect(place.store) as db:
        return [(t.removeprefix("vestnik.ask."), json.loads(d)) for t, d in
                db.execute("SELECT ce_type, data FROM bus_vestnik_status WHERE ce_type LIKE 'vestnik.ask.%' ORDER BY id")]


def states(place, *more):
    return {o["key"]: o["state"] for o in objects(place.ok("--json", "answer", "list", "flagships", *more))}


def by_telephone(place):
    said = place.ok("--lang", "ru", "answer", "set", "flagships", "01", "registered=12", "--said-by", "Иванова М. П.",
                    "--phone", "+7 (000) 000-00-00")
    if "частично" not in said or "не хватает: Результаты мероприятий" not in said:
        fail(f"got {said!r}")
    said = place.ok("--lang", "ru", "answer", "set", "flagships", "01", "measures=Провели собрание", "--said-by",
                    "Иванова М. П.")
    expect("completed", said, "Школа № 1: отвечено\n")
    place.ok("answer", "set", "flagships", "01", "measures=Провели собрание", "--said-by", "Иванова М. П.")  # the same: nothing
    said = place.ok("--lang", "ru", "answer", "set", "flagships", "01", "registered=14", "--said-by", "Петрова")
    if "расходится с засчитанным" not in said:
        fail(f"got {said!r}, want a difference")
    shown = place.ok("--lang", "ru", "answer", "show", "flagships", "01")
    for want in ("Школа № 1 (01), период 2", "отвечено (расхождение)", "Версия 3: расхождение", "Версия 2: засчитан", "Версия 1: заменён",
                 "по телефону, Петрова (внёс ", "Зарегистрировано участников: 14", "Зарегистрировано участников: 12",
                 "Результаты мероприятий: Провели собрание", "Иванова М. П., +7 (000) 000-00-00"):
        if want not in shown:
            fail(f"got {shown}, want {want!r} in it")
    expect("who differs", list(states(place, "--state", "differs")), ["01"])
    expect("who is silent", list(states(place, "--state", "silent")), ["02", "03", "04", "05"])
    expect("round 1 is another", set(states(place, "--round", "1").values()), {"open"})
    confirmed = objects(place.ok("--json", "answer", "confirm", "flagships", "01", "--note", "звонили ещё раз"))[0]
    expect("confirmed", (confirmed["version"], confirmed["state"], confirmed["differs"]), (3, "confirmed", False))
    expect("reopened", objects(place.ok("--json", "answer", "reopen", "flagships", "01"))[0]["state"], "open")
    expect("nothing but a note", objects(place.ok("--json", "answer", "set", "flagships", "01", "--said-by", "Иванова", "--note",
                                                  "обещали завтра"))[0]["state"], "received")
    expect("refused", objects(place.ok("--json", "answer", "refuse", "flagships", "01"))[0]["state"], "open")
    expect("staff count at once", objects(place.ok("--json", "answer", "set", "flagships", "01", "registered=15", "measures=да"))[0]["state"], "confirmed")
    told = events(place)
    expect("events", [word for word, _ in told],
           ["partial", "confirmed", "differs", "confirmed", "reopened", "received", "reopened", "confirmed"])
    expect("what the last tells", (told[-1][1]["key"], told[-1][1]["fields"], told[-1][1]["way"]), ("01", {"registered": 15}, "staff"))
    for _, data in told:
        if "Иванова" in json.dumps(data, ensure_ascii=False):
            fail(f"an event names a person: {data}")


def what_is_wrong_is_told(place):
    refused(place, ["answer", "set", "flagships", "02", "registered=5-7", "--said-by", "И"], "registered: Укажите целое число",
            "это промежуток")
    refused(place, ["answer", "set", "flagships", "02", "other=5", "--said-by", "И"], "other", "registered, measures, winners")
    refused(place, ["answer", "set", "flagships", "02", "winners=5", "--said-by", "И"], "формой Excel")
    refused(place, ["answer", "set", "flagships", "99", "registered=5", "--said-by", "И"], "«99»")
    refused(place, ["answer", "set", "nothing", "01", "registered=5", "--said-by", "И"], "nothing")
    refused(place, ["answer", "set", "flagships", "02", "registered=5", "--way", "phone"], "--said-by")
    refused(place, ["answer", "confirm", "flagships", "02"], "ответа ещё не было")
    refused(place, ["answer", "confirm", "flagships", "01", "--version", "99"], "99")
    refused(place, ["answer", "list", "flagships", "--round", "7"], "7")
    for words in (["answer", "set", "flagships", "02", "registered", "--said-by", "И"], ["answer", "set", "flagships"],
                  ["answer", "list", "flagships", "--state", "late"]):
        expect(f"exit of {words}", place.run(*words).returncode, 2)
    expect("nothing of it was recorded", states(place)["02"], "open")


def a_table(place):
    bad = table(place, "bad.csv", "Ключ;Название;Зарегистрировано участников;measures\n02;Школа;5;да\n03;Школа;пять;да\n"
                "77;Школа;1;да\n02;Школа;6;да\n;Школа;6;да\n04;Школа;;\n")
    shown = refused(place, ["answer", "import", "flagships", bad], "ничего не записано").stdout
    for want in ("     3  03                    неверно: «Зарегистрировано участников»: Укажите целое число цифрами",
                 "     2  02                    верно", "     4  77                    неверно: такую организацию не спрашивали",
                 "     5  02                    неверно: ключ уже есть в строке 2", "     6                        неверно: в строке нет ключа",
                 "     7  04                    пусто"):
        if want not in shown:
            fail(f"got\n{shown}, want {want!r} in it")
    expect("nothing of it was recorded", states(place)["02"], "open")
    place.run("answer", "import", "flagships", bad, "--dry-run", "--skip-bad")
    expect("nor of a dry run", states(place)["02"], "open")
    stored = objects(place.ok("--json", "answer", "import", "flagships", bad, "--skip-bad"))
    fates = {(o["line"], o["fate"]) for o in stored if "line" in o and "fate" in o}
    expect("fates", fates, {(2, "recorded"), (3, "bad"), (4, "bad"), (5, "bad"), (6, "bad"), (7, "empty")})
    expect("the sum", {k: v for k, v in stored[-1].items() if v}, {"stored": True, "recorded": 1, "empty": 1, "bad": 4})
    good = table(place, "good.csv", "key;кто ответил;телефон;registered;Результаты мероприятий\n02;;;7;да\n03;Сидорова;+7;8;\n"
                 "01;Сидорова;;99;да\n")
    stored = objects(place.ok("--json", "answer", "import", "flagships", good))
    expect("fates", [(o["key"], o["fate"], o["text"]) for o in stored[:3]],
           [("02", "recorded", ""), ("03", "incomplete", "Результаты мероприятий"), ("01", "differs", "")])
    again = objects(place.ok("--json", "answer", "import", "flagships", good))
    expect("again", [o["fate"] for o in again[:3]], ["repeated", "repeated", "repeated"])
    refused(place, ["answer", "import", "flagships", table(place, "x.csv", "Название;Счёт\nа;1\n")], "нет столбца с ключами",
            "«Зарегистрировано участников»")
    refused(place, ["answer", "import", "flagships", table(place, "x.csv", "Ключ;Победители\n02;x\n")], "в ячейку не помещается")
    refused(place, ["answer", "import", "flagships", place.path("absent.csv")], "absent.csv")


def the_form(place):
    form = place.path("form.xlsx")
    place.ok("answer", "form", "flagships", "05", form)
    refused(place, ["answer", "import", "flagships", form], "ничего не заполнено")
    import zipfile
    with zipfile.ZipFile(form) as z:
        parts = {name: z.read(name) for name in z.namelist()}
    strings = parts["xl/sharedStrings.xml"].decode()
    code = strings[strings.index("<t>5.") if "<t>5." in strings else strings.index("<t>10."):]
    code = code[3:code.index("</t>")]
    # filled in and saved as CSV, as some programs do
    filled = table(place, "filled.csv", f"vestnik-form;{code}\nfield:registered;Зарегистрировано;21\nfield:measures;Меры;Собрание\n"
                   "columns:winners;name\nrow:winners;Участник 1\nrow:winners;Участник 2\nend;\nperson:name;Кто;Орлова\n")
    said = place.ok("--lang", "ru", "answer", "import", "flagships", filled)
    expect("the form", said, "заполненная форма: отвечено\n")
    shown = place.ok("--lang", "ru", "answer", "show", "flagships", "05")
    for want in ("формой Excel, Орлова", "Зарегистрировано участников: 21", "Победители: 2 строки", "2. ФИО: Участник 2"):
        if want not in shown:
            fail(f"got {shown}, want {want!r} in it")
    spoilt = table(place, "spoilt.csv", open(filled, encoding="utf-8").read().replace(code, "1" + code))
    refused(place, ["answer", "import", "flagships", spoilt], "код формы изменён")
    wrong = table(place, "wrong.csv", open(filled, encoding="utf-8").read().replace(";21", ";много"))
    refused(place, ["answer", "import", "flagships", wrong], "C2 («Зарегистрировано участников»)")


def main():
    with Place() as place:
        seed(place)
        by_telephone(place)
        what_is_wrong_is_told(place)
        a_table(place)
        the_form(place)


main()
