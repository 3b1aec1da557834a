"""The answer form by real HTTP: whose answer it is, errors beside the field with the values kept, rows of
a table without JavaScript, files, corrections, late answers, a second person's other figure, both
languages, and text that is HTML."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests/support"))
from portal_bed import DAY_MS, FIELDS, PortalBed, want, want_in, want_not_in  # noqa: E402

ALL = FIELDS + [
    {"field": "day", "label": "Дата проведения", "type": "date"},
    {"field": "done", "label": "Мероприятие проведено", "type": "choice", "options": ["да", "перенесено", "нет"]},
    {"field": "share", "label": "Доля участников", "type": "number"},
    {"field": "protocol", "label": "Протокол", "type": "file"},
    {"field": "winners", "label": "Победители", "type": "table",
     "columns": [{"field": "name", "label": "Фамилия, имя", "type": "text", "required": True},
                 {"field": "class", "label": "Класс", "type": "count"}]},
]
GOOD = {"f.registered": "12", "f.measures": "Провели классные часы", "name": "И. О. Фамилия"}


def says_whose_answer_it_is(bed):
    ask = bed.ask("s1")
    page = bed.get(bed.answer(ask))
    want("status", page.status, 200)
    for part in ("Вы отвечаете за: Школа № 1", "Просим сообщить до", "включительно", "№ 01-12/345 от 15 мая 2026 г.",
                 "Количество участников, прошедших регистрацию", "Министерство образования"):
        want_in("page", part, page.text)
    want_in("privacy notice", 'href="https://ministry.example.org/privacy"', page.html)
    want_in("English", "You are answering for: Школа № 1", bed.get(bed.answer(ask) + "?lang=en").text)
    want_in("by the browser's wish", "You are answering for", bed.get(bed.answer(ask), Accept_Language="en").text)
    want_in("its form stays English", f'action="{bed.answer(ask)}?lang=en"', bed.get(bed.answer(ask) + "?lang=en").html)
    for _ in range(3):
        bed.get(bed.answer(ask))
        bed.request("HEAD", bed.answer(ask))
    want("reading changes nothing", (bed.ask_state(ask), bed.answers(ask)), ("open", []))
    return ask


def refuses_what_is_not_meant(bed, ask):
    typed = {"f.registered": "5-7", "f.measures": "Провели <b>всё</b>", "f.publications": "javascript:alert(1)", "f.day": "31.02.2026",
             "f.done": "может быть", "f.share": "много", "f.winners.0.name": "", "f.winners.0.class": "9"}
    page = bed.post(bed.answer(ask), typed)
    want("status", page.status, 422)
    for kept in ("5-7", "javascript:alert(1)", "31.02.2026", "много", "Провели &lt;b&gt;всё&lt;/b&gt;"):
        want_in("typed values stay", kept, page.html)
    want("marked", page.html.count('aria-invalid="true"'), 6)  # five fields, a cell and the name; a radio has no mark of its own
    want("nothing was recorded", bed.answers(ask), [])
    for figure in ("−5", "3.7", "пять", "5-7", "12 34", "1e5", "99999999999999999999", "x" * 3000):
        want(f"figure {figure[:20]}", bed.post(bed.answer(ask), {**GOOD, "f.registered": figure}).status, 422)
    page = bed.post(bed.answer(ask), {**GOOD, "f.registered": ""})
    want_in("a missing figure can be sent later", "Отправить так, дополнить позже", page.text)
    want("10 GB of text", bed.post(bed.answer(ask), {**GOOD, "f.measures": "ж" * 600_000}, follow=False).status, 413)
    want("text beyond the field's limit", bed.post(bed.answer(ask), {**GOOD, "f.measures": "ж" * 30_000}).status, 422)
    want("still nothing", bed.answers(ask), [])


def rows_are_added_without_a_script(bed, ask):
    page = bed.post(bed.answer(ask), {**GOOD, "f.winners.0.name": "Первый", "add": "winners"})
    want("status", page.status, 200)
    want("rows", page.html.count('name="f.winners.'), 2 * 4)  # one came, three were added
    want_in("typed values stay", "Первый", page.html)
    want("add is not send", bed.answers(ask), [])
    want_in("the enter key sends, it does not add", 'class="unseen" type="submit" name="send"', page.html)
    want_in("a table nobody has", "Ответ получен".lower(), bed.post(bed.answer(ask), {**GOOD, "add": "nonsense"}).text.lower())


def takes_an_answer_and_corrections(bed):
    ask = bed.ask("s2")
    page = bed.post(bed.answer(ask), {"f.registered": "12", "name": "И. О. Фамилия", "send": "part"})
    want_in("part", "Ещё не хватает: Результаты проведённых мероприятий", page.text)
    want("state", bed.ask_state(ask), "partial")
    page = bed.post(bed.answer(ask), {**GOOD, "f.registered": "1 250", "f.share": "3,5", "f.day": "2026-11-20", "f.done": "да",
                                      "f.publications": "https://example.org/a\nhttps://example.org/b",
                                      "f.winners.0.name": "Первый", "f.winners.0.class": "9", "f.winners.1.name": " ",
                                      "f.winners.2.name": "Третий <script>alert(1)</script>"},
                    files=[("f.protocol", "Протокол № 1.pdf", "application/pdf", b"%PDF-1.4 one"),
                           ("attachment", "Письмо.pdf", "application/pdf", b"%PDF-1.4 two")])
    want_in("thanks", "Спасибо, ответ получен", page.text)
    for part in ("1250", "3,5", "20 ноября 2026 г.", "Протокол № 1.pdf", "Третий <script>alert(1)</script>", "Файлов: 2"):
        want_in("what was understood", part, page.text)
    want_not_in("text is text", "<script>alert", page.html)
    want("state", bed.ask_state(ask), "confirmed")
    version, way, state, fields, name = bed.answers(ask)[-1]
    want("recorded", (version, way, state, name), (2, "form", "counts", "И. О. Фамилия"))
    want("fields", fields, {"registered": 1250, "measures": "Провели классные часы", "publications": ["https://example.org/a", "https://example.org/b"],
                            "day": "2026-11-20", "done": "да", "share": 3.5, "protocol": ["Протокол № 1.pdf"],
                            "winners": [{"name": "Первый", "class": 9}, {"name": "Третий <script>alert(1)</script>"}]})
    page = bed.get(bed.answer(ask))
    for part in ('value="1250"', 'value="3,5"', 'value="2026-11-20"', ">\nПервый</textarea>", 'name="keep.protocol" value="Протокол № 1.pdf" checked'):
        want_in("the form is filled with what counts", part, page.html)
    want_in("earlier versions", "Версия 1", page.text)
    page = bed.post(bed.answer(ask), {**GOOD, "f.registered": "1300", "keep.protocol": "Протокол № 1.pdf"})
    want_in("corrected", "1300", page.text)
    want("kept and dropped", {k: bed.answers(ask)[-1][3].get(k) for k in ("registered", "protocol", "winners")},
         {"registered": 1300, "protocol": ["Протокол № 1.pdf"], "winners": None})
    want("a file of somebody's cannot be kept", bed.post(bed.answer(ask), {**GOOD, "keep.protocol": "../../etc/passwd"}).status, 200)
    want("versions", [(v, state) for v, _, state, _, _ in bed.answers(ask)],
         [(1, "superseded"), (2, "superseded"), (3, "superseded"), (4, "counts")])
    page = bed.post(bed.answer(ask), {**GOOD, "f.registered": "7", "name": "Другой Человек"})
    want_in("another person's other figure", "отличается от полученного раньше", page.text)
    want("what counts stays", [(v, state) for v, _, state, _, _ in bed.answers(ask)][3:], [(4, "counts"), (5, "differs")])
    want("events", bed.value("SELECT count(*) FROM bus_vestnik_status WHERE ce_type LIKE 'vestnik.ask.%' AND key = ?", f"a{ask}"), 5)


def programs_are_no_documents(bed):
    ask = bed.ask("s3")
    for name, data in (("отчёт.pdf.exe", b"MZ\x90\x00"), ("run.sh", b"#!/bin/sh\nrm -rf /\n"), ("page.html", b"<script>alert(1)</script>"),
                       ("vid.svg", b"<svg onload='alert(1)'/>"), ("report.js", b"alert(1)")):
        page = bed.post(bed.answer(ask), GOOD, files=[("attachment", name, "application/pdf", data)])
        want(f"{name}", page.status, 422)
        want_in("the browser forgets files, and the page says so", "Файлы нужно выбрать ещё раз", page.text)
    page = bed.post(bed.answer(ask), GOOD, files=[("f.registered", "a.pdf", "application/pdf", b"%PDF-1.4")])
    want("a file where none belongs", page.status, 422)
    want("nothing was recorded", bed.answers(ask), [])


def too_many_corrections_are_refused_by_their_name(bed):
    ask = bed.value("SELECT max(id) FROM ask WHERE state = 'open'")
    bed.change("UPDATE ask SET versions = 1000 WHERE id = ?", ask)
    page = bed.post(bed.answer(ask), GOOD)
    want("status", page.status, 422)
    want_in("why", "ответ исправляли слишком много раз", page.text)
    want_not_in("it was not withdrawn", "отозван", page.text)


def late_answers_are_taken_and_marked(bed):
    ask = bed.ask("m1", deadline_ms=bed.now() - DAY_MS)
    want_in("late", "Срок прошёл. Ответ ещё принимается", bed.get(bed.answer(ask)).text)
    want_in("taken", "позже срока", bed.post(bed.answer(ask), GOOD).text)
    want("marked", bed.value("SELECT late FROM answer WHERE ask = ?", ask), 1)


def a_table_too_large_for_a_page_stays_as_it_is(bed):
    """500 rows came as a workbook: the page says so, and a correction of the figure does not lose them."""
    ask = bed.ask("s4")
    bed.post(bed.answer(ask), GOOD)
    rows = [{"name": f"Участник {i}", "class": 9} for i in range(1200)]
    fields = {"registered": 12, "measures": "Провели", "winners": rows}
    bed.change("UPDATE answer SET fields = ? WHERE ask = ?", json.dumps(fields, ensure_ascii=False), ask)
    page = bed.get(bed.answer(ask))
    want_in("said", "В таблице 1200 строк", page.text)
    want_not_in("not shown as a form", 'name="f.winners.', page.html)
    page = bed.post(bed.answer(ask), {**GOOD, "f.registered": "пять", "keep.winners": "1"})
    want_in("after a mistake, too", 'name="keep.winners"', page.html)
    fields["winners"] = rows[:500]
    bed.change("UPDATE answer SET fields = ? WHERE ask = ?", json.dumps(fields, ensure_ascii=False), ask)
    bed.post(bed.answer(ask), {**GOOD, "f.registered": "14", "keep.winners": "1"})
    want("kept as it is", (bed.answers(ask)[-1][3]["registered"], len(bed.answers(ask)[-1][3]["winners"])), (14, 500))
    fields = bed.answers(ask)[-1][3]
    page = bed.get(bed.answer(ask))
    want("500 rows fit", page.html.count('name="f.winners.'), 1000)
    sent = {**GOOD, "f.registered": "13", **{f"f.winners.{i}.{c}": str(r[c]) for i, r in enumerate(rows[:500]) for c in r}}
    want_in("and are taken", "Участник 499", bed.post(bed.answer(ask), sent).text)
    want("kept", len(bed.answers(ask)[-1][3]["winners"]), 500)
    # twenty versions, each shown whole, may be larger than a page may be
    page = bed.get(bed.answer(ask))
    want_in("versions tell how many rows", "500 строк", page.text)
    want("a row stands in the form alone", page.html.count("Участник 499"), 1)


with PortalBed() as bed:
    bed.store(fields=ALL, schools=4)
    ask = says_whose_answer_it_is(bed)
    refuses_what_is_not_meant(bed, ask)
    rows_are_added_without_a_script(bed, ask)
    takes_an_answer_and_corrections(bed)
    programs_are_no_documents(bed)
    too_many_corrections_are_refused_by_their_name(bed)
    late_answers_are_taken_and_marked(bed)
    a_table_too_large_for_a_page_stays_as_it_is(bed)
    want_not_in("no personal data in the log", "Фамилия", bed.log_of("portal"))
