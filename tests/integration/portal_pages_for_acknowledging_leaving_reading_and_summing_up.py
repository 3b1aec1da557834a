"""Acknowledging takes the button; leaving follows RFC 8058; the text for passing on holds nobody's
figures or links; annexes keep their names; a municipality sees its schools and confirms or changes their sum."""
import json
import os
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests/support"))
from portal_bed import PortalBed, want, want_in, want_not_in  # noqa: E402

LETTER = """# О конкурсе: {{recipient.name}}

Уважаемые коллеги!

Просим в срок {{deadline.full}} сообщить о результатах ({{campaign.title}}).

По {{recipient.municipality}} видно, что дел там {{recipient.kind | default: много}}.

{{#recipient.region}}
Только для {{recipient.region}}: {{recipient.name}}.
{{/recipient.region}}

[Заполнить форму]({{link.answer}})

Материалы: <https://materials.example.org/a>.
"""
GOOD = {"f.measures": "Провели классные часы", "name": "И. О. Фамилия"}


def acknowledging_takes_the_button(bed):
    person = bed.expect("И. О. Фамилия <b>", "Директор")
    organisation = bed.value("SELECT id FROM organisation WHERE key = 's1'")
    other = bed.expect("Другой Человек", "Заместитель", organisation, 2)
    link = bed.acknowledge(person)
    for _ in range(2):
        page = bed.get(link)
        bed.request("HEAD", link)
    for part in ("И. О. Фамилия <b>, Директор", "Ознакомлен(а)", "не является электронной подписью", "№ 01-12/345 от 15 мая 2026 г.", "Приложение 1.pdf"):
        want_in("page", part, page.text)
    want_not_in("a name is text", "<b>,", page.html)
    want("a scanner that opens the link does nothing", bed.value("SELECT time_ms FROM acknowledgement WHERE id = ?", person), None)
    page = bed.post(link)
    want_in("done", "Ознакомлен(а): И. О. Фамилия <b>,", page.text)
    want_not_in("no second button", "<button", page.html)
    first = bed.rows("SELECT time_ms, way FROM acknowledgement WHERE id = ?", person)
    want("way", first[0][1], "button")
    bed.post(link)
    want("the first time stays", bed.rows("SELECT time_ms, way FROM acknowledgement WHERE id = ?", person), first)
    want("the other is not touched", bed.value("SELECT time_ms FROM acknowledgement WHERE id = ?", other), None)
    want_in("the organisation", "Школа № 1", bed.get(bed.acknowledge(other)).text)
    events = bed.rows("SELECT data FROM bus_vestnik_status WHERE ce_type = 'vestnik.acknowledged'")
    want("one event", len(events), 1)
    event = json.loads(events[0][0])
    want("event", (event["acknowledgement"], event["slug"], event["way"]), (person, "flagships", "button"))
    want_not_in("without names", "Фамилия", json.dumps(event, ensure_ascii=False))


def leaving_is_one_click(bed):
    for key, address in ((77, "school-1@example.org"), (78, "school-2@example.org")):
        bed.change("INSERT INTO delivery (key, campaign, round, step, recipient, contact, address, fields, state, updated_ms)"
                   " VALUES (?, ?, ?, 0, ?, 1, ?, '{}', 5, 0)", key, bed.campaign_id, bed.round, key, address)

    def link(key):
        return f"/u/{key}.{bed.mac('unsubscribe', str(key))}"
    page = bed.get(link(77))
    want("asked", page.status, 200)
    want_in("asked", "s***@example.org", page.text)
    want_not_in("the address is not told whole", "school-1@example.org", page.html)
    want("reading changes nothing", bed.value("SELECT count(*) FROM suppression"), 0)
    page = bed.post(link(77), {"leave": "1"})
    want_in("left", "Писем больше не будет", page.text)
    # RFC 8058: by the mail program, without cookies, as either kind of form
    body = "List-Unsubscribe=One-Click"
    want("one click", bed.request("POST", link(78), body, {"Content-Type": "application/x-www-form-urlencoded"}).status, 200)
    want("both", [a for a, in bed.rows("SELECT address FROM suppression ORDER BY address")], ["school-1@example.org", "school-2@example.org"])
    want("source", bed.rows("SELECT DISTINCT source FROM suppression"), [("portal",)])
    want("again", bed.post(link(77)).status, 200)
    want("another's number", bed.post(link(77).replace("77.", "78.")).status, 404)
    want("a letter that is gone", bed.post(f"/u/99.{bed.mac('unsubscribe', '99')}").status, 404)
    bed.change("DELETE FROM suppression")


def the_text_for_passing_on_is_everybodys(bed):
    page = bed.get(bed.forward(bed.round))
    want("status", page.status, 200)
    for part in ("О конкурсе: …", "Уважаемые коллеги!", "включительно", "О результатах информационной поддержки конкурса",
                 "https://materials.example.org/a", "личная ссылка адресата", "Заместитель министра", "Приложение 1.pdf", "в нём нет ничьих личных ссылок"):
        want_in("text", part, page.text)
    for part in ("Школа", "Только для", "personal-link.invalid", "/a/", "/u/", "{{"):
        want_not_in("text", part, page.text)
    want_not_in("no links that act", 'href="/a/', page.html)
    want("not by POST", bed.request("POST", bed.forward(bed.round)).status, 405)
    # postponed and corrected, as the planner writes it
    before = bed.value("SELECT deadline_ms FROM round WHERE id = ?", bed.round)
    definition = bed.value("SELECT definition FROM campaign WHERE id = ?", bed.campaign_id)
    mended = json.loads(definition)
    first = next(s for s in mended["steps"] if s["kind"] == "first")
    mended["steps"].append({"step": 1 + max(s["step"] for s in mended["steps"]), "kind": "first", "letter": "mended", "corrects": first["step"]})
    text = LETTER.replace("Уважаемые коллеги!", "Уважаемые коллеги, исправлено!").encode()
    bed.change("INSERT INTO blob (hash, size, data) VALUES ('mended', ?, ?)", len(text), text)
    bed.change("INSERT INTO campaign_file (campaign, position, purpose, name, hash) VALUES (?, 900, 'letter', 'mended', 'mended')", bed.campaign_id)
    bed.change("UPDATE round SET deadline_ms = 1893769200000 WHERE id = ?", bed.round)  # 4 January 2030, 18:00
    bed.change("UPDATE campaign SET definition = ? WHERE id = ?", json.dumps(mended, ensure_ascii=False), bed.campaign_id)
    page = bed.get(bed.forward(bed.round))
    want_in("the postponed deadline", "4 января 2030", page.text)
    want_in("the mended letter", "Уважаемые коллеги, исправлено!", page.text)
    bed.change("UPDATE round SET deadline_ms = ? WHERE id = ?", before, bed.round)
    bed.change("UPDATE campaign SET definition = ? WHERE id = ?", definition, bed.campaign_id)


def annexes_keep_their_names(bed, data):
    page = bed.get(bed.file(bed.campaign_id, 1))
    want("bytes", page.body, data)
    name = urllib.parse.unquote(page.headers["content-disposition"].split("UTF-8''")[1])
    want("name", name, "Приложение 1.pdf")
    want("kept as a file", page.headers["content-disposition"].split(";")[0], "attachment")
    want_in("never a page of ours", "sandbox", page.headers["content-security-policy"])
    want("from the cache", bed.get(bed.file(bed.campaign_id, 1)).body, data)
    cache = os.path.join(bed.settings["data_dir"], "portal-files")
    want("one file kept", len(os.listdir(cache)), 1)
    os.unlink(os.path.join(cache, os.listdir(cache)[0]))
    want("the cache may go", bed.get(bed.file(bed.campaign_id, 1)).body, data)
    want("HEAD", len(bed.request("HEAD", bed.file(bed.campaign_id, 1)).body), 0)
    want("no such annex", bed.get(bed.file(bed.campaign_id, 7)).status, 404)
    want("a letter is no annex", bed.get(bed.file(bed.campaign_id + 1, 1)).status, 404)


def a_municipality_sums_up_its_schools(bed):
    parent = bed.ask("m1")
    asks = [bed.ask(f"s{i}", 1, parent) for i in range(1, 4)]
    for ask, figure in zip(asks[:2], ("12", "1 030")):
        want("school", bed.post(bed.answer(ask), {**GOOD, "f.registered": figure}).status, 200)
    link = bed.cascade(parent)
    page = bed.get(link)
    for part in ("Вы отвечаете за: Управление образования Северного района", "Ответили: 2 из 3", "Школа № 1 ответ получен 12",
                 "Директор школы № 3 +7 (000) 000-10-03 не ответили", "Итого 2 из 3 1042", "по ответам школ: 1042 (ответили 2 из 3)"):
        want_in("page", part, page.text)
    want_not_in("who answered is not to be called", "000-10-01", page.text)
    want_in("the sum is filled in", 'name="f.registered" type="text" value="1042"', page.html)
    page = bed.post(link, {**GOOD, "f.registered": "1100"})
    want("a change without a reason", page.status, 422)
    want_in("asked why", "Число отличается от суммы по школам", page.text)
    want("nothing was recorded", bed.answers(parent), [])
    page = bed.post(link, {**GOOD, "f.registered": "1042"})
    want_in("confirmed", "Спасибо, ответ получен", page.text)
    want("way", bed.answers(parent)[-1][1:3], ("cascade", "counts"))
    page = bed.post(link, {**GOOD, "f.registered": "1100", "reason": "Школа № 3 сообщила по телефону: 58"})
    want_in("changed", "Пояснение : Школа № 3 сообщила по телефону: 58".replace(" :", ":", 1), page.text)
    want("figure", bed.answers(parent)[-1][3]["registered"], 1100)
    want("schools keep theirs", [bed.answers(ask)[-1][3]["registered"] for ask in asks[:2]], [12, 1030])
    want_in("both are shown", "по ответам школ: 1042", bed.get(link).text)
    want_in("the last one is filled in", 'value="1100"', bed.get(link).html)
    want("a school's link does not sum up", bed.get(link.replace("/m/", "/a/")).status, 404)


def schools_stand_in_the_order_of_their_numbers(bed):
    parent = bed.ask("m1")
    for number in (10, 2, 11, 1):
        bed.ask(f"s{number}", 1, parent)
    text = bed.get(bed.cascade(parent)).text
    places = [text.find(f"Школа № {number} ") for number in (1, 2, 10, 11)]
    if -1 in places or places != sorted(places):
        raise AssertionError(f"schools 1, 2, 10, 11 stand at {places}")


def a_sum_of_fractions_is_confirmed_as_it_stands(bed):
    parent = bed.ask("m1")
    for number, share in ((1, "0,1"), (2, "0,2")):
        bed.post(bed.answer(bed.ask(f"s{number}", 1, parent)), {"f.share": share, "name": "И. О. Фамилия"})
    page = bed.get(bed.cascade(parent))
    want_in("the sum is filled in", 'name="f.share" type="text" value="0,3"', page.html)
    want("no reason is asked for", bed.post(bed.cascade(parent), {"f.share": "0,3", "name": "И. О. Фамилия"}).status, 200)
    want("for another figure it is", bed.post(bed.cascade(parent), {"f.share": "0,31", "name": "И. О. Фамилия"}).status, 422)


with PortalBed() as bed:
    data = b"%PDF-1.4\n" + bytes(range(256)) * 4000
    bed.store(letter=LETTER, attachments=[("Приложение 1.pdf", data)], schools=11)
    acknowledging_takes_the_button(bed)
    leaving_is_one_click(bed)
    the_text_for_passing_on_is_everybodys(bed)
    annexes_keep_their_names(bed, data)
    a_municipality_sums_up_its_schools(bed)
    bed.store("numbers")
    schools_stand_in_the_order_of_their_numbers(bed)
    bed.store("fractions", fields=[{"field": "share", "label": "Доля", "type": "number", "required": True}])
    a_sum_of_fractions_is_confirmed_as_it_stands(bed)
