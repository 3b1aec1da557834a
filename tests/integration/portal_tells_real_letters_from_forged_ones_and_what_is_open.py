"""/check: number and date as printed → title, sender, contacts, deadline, nobody's name; the same words for what is not there,
a draft, a test and what has not gone out; throttled per address. /o/…: all an organisation is asked just now. The notice
on personal data stands at the fields."""
import glob
import os
import re
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests/support"))
from bed import SOURCE, wait_for  # noqa: E402
from portal_bed import DAY_MS, PortalBed, want, want_in, want_not_in  # noqa: E402

CONTACTS = [{"role": "Оператор", "name": "И. О. Оператор", "phone": "+7 (000) 000-00-09", "address": "operator@example.org"}]


def check(bed, number, date, source=None, **more):
    query = urllib.parse.urlencode({"number": number, "date": date, **more})
    return bed.request("GET", "/check?" + query, source=source, headers={"Accept-Language": "ru"})


def letters_are_told(bed):
    page = bed.get("/check")
    want("the form", (page.status, page.headers["content-language"]), (200, "ru"))
    want_in("the form", "Настоящее ли письмо?", page.text)
    want_not_in("anybody may find it", "noindex", page.html)
    want_in("the bare address leads there", 'href="/check"', bed.get("/").html)
    for i, (number, date) in enumerate((("01-12/345", "15.05.2026"), ("№ 01-12/345", "15 мая 2026 г."), ("01–12/345", "2026-05-15"),
                                        (" 01-12/345 ", "15 Мая 2026"), ("No. 01-12/345", "15 May 2026"), ("01-12/345", "15.05.2026 г."))):
        page = check(bed, number, date, source=f"127.0.1.{i}")
        want(f"{number} {date}", page.status, 200)
        want_in(f"{number} {date}", "Письмо с таким номером и датой мы отправляли", page.text)
    for words in ("О результатах информационной поддержки конкурса", "№ 01-12/345 от 15 мая 2026 г.", "Оператор И. О. Оператор",
                  "+7 (000) 000-00-09", "operator@example.org", "включительно"):
        want_in("what the letter says", words, page.text)
    for secret in ("Школа", "school-1", "Директор", "s1", "flagships"):
        want_not_in("nothing of recipients", secret, page.text)
    page = check(bed, "01-12/345", "15.05.2026", source="127.0.1.9", lang="en")
    want_in("English", "We have sent a letter with this number and date", page.text)
    want_in("the language is kept", 'name="lang" value="en"', page.html)


def campaigns_older_than_the_page_are_found_after_an_upgrade(bed):
    bed.portal.terminate()
    want("the portal ends", bed.portal.wait(60), 0)
    bed.change("UPDATE campaign SET document_key = NULL")
    bed.change("DELETE FROM schema_version WHERE number >= 36")
    for script in glob.glob(os.path.join(SOURCE, "common/store/schema/*.sql")):  # what comes again
        if int(os.path.basename(script)[:3]) >= 36:
            for index in re.findall(r"CREATE INDEX (\w+)", open(script, encoding="utf-8").read()):
                bed.change(f"DROP INDEX {index}")
    bed.open_portal()
    wait_for(lambda: bed.value("SELECT count(*) FROM campaign WHERE document_key = '?'") == 0, "the keys")
    want_in("found again", "Письмо с таким номером и датой мы отправляли", check(bed, "01-12/345", "15.05.2026", source="127.0.3.1").text)


def what_is_not_there_looks_the_same(bed):
    not_found = "Письма с таким номером и датой мы не отправляли"
    bodies = set()
    for i, (number, date) in enumerate((("01-12/346", "15.05.2026"), ("01-12/345", "16.05.2026"), ("07-1", "01.06.2026"),
                                        ("%", "15.05.2026"), ("01-12", "15.05.2026"), ("' OR 1=1 --", "15.05.2026"), ("|", "15.05.2026"))):
        page = check(bed, number, date, source=f"127.0.2.{i}")
        want(f"{number}: status", page.status, 200)
        want_in(number, not_found, page.text)
        bodies.add(re.sub(r'value="[^"]*"', "", page.html))
    want("the same words for all", len(bodies), 1)
    page = check(bed, "07-2", "01.06.2026", source="127.0.2.20")
    want_in("planned, not sent", not_found, page.text)
    bed.change("UPDATE round SET state = 'withdrawn' WHERE id = ?", bed.round)
    want_in("recalled", "Это письмо отозвано", check(bed, "01-12/345", "15.05.2026", source="127.0.2.21").text)
    bed.change("UPDATE round SET state = 'open' WHERE id = ?", bed.round)
    page = check(bed, "", "когда-то", source="127.0.2.22")
    want("errors beside the fields", (page.status, 'id="number-error"' in page.html, 'id="date-error"' in page.html), (422, True, True))
    page = check(bed, '"><script>alert(1)</script>', "31.02.2026", source="127.0.2.23")
    want("a day that does not exist", page.status, 422)
    want_not_in("escaped", "<script>", page.html)
    statuses = [check(bed, f"01-{n}", "15.05.2026", source="127.0.2.24").status for n in range(20)]
    want("throttled", (statuses[:15], set(statuses[15:])), ([200] * 15, {429}))
    want("others are not", check(bed, "01-12/345", "15.05.2026", source="127.0.2.25").status, 200)


def all_open_requests_of_one(bed, first):
    organisation = bed.value("SELECT id FROM organisation WHERE key = 's1'")
    link = bed.link("o", "organisation", organisation)
    page = bed.get(link)
    want_in("one", "О чём Вас сейчас просят : 1" if "просят : 1" in page.text else "О чём Вас сейчас просят: 1", page.text)
    page = bed.get(bed.answer(first))
    want_not_in("nothing else is open: no link", "Все открытые запросы", page.text)
    campaign, round_id = bed.campaign_id, bed.round
    bed.store("second", title="О втором деле", document=None)
    overdue = bed.ask("s1", deadline_ms=bed.now() - DAY_MS)
    bed.ask("s2")
    long_ago = bed.ask("m1", deadline_ms=bed.now() - 100 * DAY_MS)
    page = bed.get(bed.answer(first, expires_ms=bed.now() + 3 * DAY_MS))
    want_in("the form leads there", "Все открытые запросы Вашей организации: 2", page.text)
    path = re.search(r'href="(/o/[^"]*)"', page.html)[1]
    page = bed.get(path)
    want("the list", page.status, 200)
    for words in ("Школа № 1", "О результатах информационной поддержки конкурса", "О втором деле", "Срок прошёл"):
        want_in("the list", words, page.text)
    want_not_in("of nobody else", "Школа № 2", page.text)
    links = re.findall(r'href="(/a/[^"]*)"', page.html)
    want("the nearest deadline first", [re.search(r"/a/(\d+)\.", a)[1] for a in links], [str(overdue), str(first)])
    want("they lead to the forms", [bed.get(a).status for a in links], [200, 200])
    want("and expire with the link in hand", {a.split(".")[1] for a in links}, {path.split(".")[1]})
    page = bed.post(links[0], {"f.registered": "12", "f.measures": "Провели", "name": "И. О. Фамилия"})
    want_in("thanks lead there, too", "Все открытые запросы Вашей организации: 1", page.text)
    want_not_in("an answered one is gone", "О втором деле", bed.get(path).text)
    bed.post(bed.answer(first), {"f.registered": "12", "name": "И. О. Фамилия", "send": "part"})
    page = bed.get(path)
    want_in("a part", "Дополнить ответ", page.text)
    bed.post(bed.answer(first), {"f.registered": "12", "f.measures": "Провели", "name": "И. О. Фамилия"})
    want_in("nothing left", "на все запросы ответ получен", bed.get(path).text)
    m1 = bed.value("SELECT id FROM organisation WHERE key = 'm1'")
    want_not_in("what nobody waits for any more", "О втором деле", bed.get(bed.link("o", "organisation", m1)).text)
    above = bed.ask("s3")
    bed.change("UPDATE ask SET parent = ?, level = 1 WHERE id = ?", long_ago, above)
    bed.change("UPDATE ask SET deadline_ms = ? WHERE id = ?", bed.now() + DAY_MS, long_ago)
    want_in("who sums up is led to that page", f'href="/m/{long_ago}.', bed.get(bed.link("o", "organisation", m1)).html)
    # not by another's link, another purpose, a changed character
    want("an answer's link", bed.get(bed.answer(first).replace("/a/", "/o/")).status, 404)
    want("a changed one", bed.get(link.replace(f"/o/{organisation}.", f"/o/{organisation + 1}.")).status, 404)
    want("of nobody", bed.get(bed.link("o", "organisation", 9999)).status, 404)
    want("expired", bed.get(bed.link("o", "organisation", organisation, bed.now() - DAY_MS)).status, 410)
    want("reading only", bed.request("POST", link, "", {"Content-Type": "application/x-www-form-urlencoded"}).status, 405)
    bed.campaign_id, bed.round = campaign, round_id


def the_notice_stands_at_the_fields(bed, first):
    html = bed.get(bed.answer(first)).html
    fields = html[html.index('<fieldset class="sender"'):]
    want("before the first field", 0 < fields.index("https://ministry.example.org/privacy") < fields.index('id="name"'), True)


with PortalBed() as bed:
    bed.store(contacts=CONTACTS)
    first = bed.ask("s1")
    # a draft, a test, and a letter that has not gone out yet
    path = bed.campaign("draft", title="Черновик", document={"number": "07-1", "date": "2026-06-01"}, audience={"kinds": ["school"]})
    bed.run("campaign", "store", path)
    path = bed.campaign("planned", title="Ещё не ушло", document={"number": "07-2", "date": "2026-06-01"}, audience={"kinds": ["school"]})
    bed.run("campaign", "store", path)
    bed.change("UPDATE campaign SET state = 'running' WHERE slug = 'planned'")
    letters_are_told(bed)
    campaigns_older_than_the_page_are_found_after_an_upgrade(bed)
    what_is_not_there_looks_the_same(bed)
    the_notice_stands_at_the_fields(bed, first)
    all_open_requests_of_one(bed, first)
