"""A campaign under way, in the browser alone: its figures are those of `vestnik report`, lists lose nobody between
their pages, an answer is entered by telephone and corrected with a reason and an actor, a mail counts when staff
confirm it, whoever may not do a thing is refused, and what strangers wrote is shown and never obeyed."""
import io
import json
import os
import re
import subprocess
import sys
import time
import zipfile
from urllib.parse import quote

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import mails  # noqa: E402
from bed import BIN, wait_for  # noqa: E402
from console_bed import ConsoleBed, want, want_in, want_not_in  # noqa: E402

SCHOOLS = 120
SLUG = "flagships"
HOSTILE = "Школа <script>alert(1)</script> & \"Ы\""
FIELDS = [{"field": "registered", "label": "Количество участников", "type": "count", "required": True},
          {"field": "measures", "label": "Что сделано", "type": "text", "required": True},
          {"field": "protocol", "label": "Протокол", "type": "file"}]


def set_up(bed):
    path = os.path.join(bed.folder, "schools.csv")
    with open(path, "w") as f:
        f.write("key;name;kind;region;municipality;email;contact;phone\n")
        for i in range(1, SCHOOLS + 1):
            name = '"' + HOSTILE.replace('"', '""') + '"' if i == 7 else f"Школа № {i}"
            f.write(f"s{i:04};{name};school;Область;Район {i % 3 + 1};school-{i}@example.org;Директор № {i};+7 (000) 000-10-{i % 100:02}\n")
    bed.run("directory", "import", path)
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 9 * 86400))
    bed.launch(bed.campaign(SLUG, title="Флагманы: <i>итоги</i>", lang="ru",
                            letter="# О конкурсе: {{recipient.name}}\n\nПросим ответить до {{deadline.date}}.\n",
                            document={"number": "01-12/345", "date": "2026-05-15",
                                      "signatory": {"position": "Заместитель министра", "name": "И. О. Фамилия"}},
                            ask={"verb": "просим", "answer": FIELDS, "ways": ["reply"], "deadline": day + " 18:00"}))
    wait_for(lambda: bed.value("SELECT count(*) FROM delivery WHERE state = 5") == SCHOOLS, "all letters")


def ask_of(bed, key):
    return bed.value("SELECT a.id FROM ask a JOIN organisation o ON o.id = a.organisation WHERE o.key = ?", key)


def hand_over(bed, mail):
    subprocess.run([os.path.join(BIN, "vestnik-intake"), "--stdin", "--config", bed.config], input=mail, check=True,
                   env=bed.environment(), timeout=120)
    return bed.value("SELECT max(id) FROM mail_in")


def answers_are_entered(bed, staff):
    ask = ask_of(bed, "s0001")
    page = staff.get(f"/asks/{ask}/enter?way=phone")
    want_in("the form", "Количество участников", page.text)
    page = staff.post(f"/asks/{ask}/enter", {"f.registered": "двенадцать с половиной", "f.measures": "", "way": "phone"})
    want("a wrong figure and no name", page.status, 422)
    want("an error beside each", (page.html.count("f-registered-error"), "said_by-error" in page.html), (2, True))
    page = staff.post(f"/asks/{ask}/enter", {"f.registered": "12", "f.measures": "Провели <b>собрание</b>", "way": "phone",
                                             "said_by": "И. О. <u>Директор</u>", "said_phone": "+7 (000) 000-00-00"})
    want("entered", page.status, 200)
    want_in("what was said is there", "Провели <b>собрание</b>", page.text.replace("&lt;", "<"))
    want_not_in("and no element", "<b>собрание", page.html)
    want("its row", bed.rows("SELECT version, way, state, name, actor FROM answer WHERE ask = ?", ask),
         [(1, "phone", "counts", "И. О. <u>Директор</u>", "console/ivanova")])

    page = staff.post(f"/asks/{ask}/enter", {"f.registered": "15", "f.measures": "Провели собрание", "way": "staff"})
    want("a correction without a reason", page.status, 422)
    page = staff.post(f"/asks/{ask}/enter", {"f.registered": "15", "f.measures": "Провели собрание", "way": "staff",
                                             "why": "перепутали строки"}, files=[("f.protocol", "Протокол.pdf", "application/pdf", b"%PDF-1.4")])
    want("corrected", page.status, 200)
    want("the version that counts", bed.rows("SELECT version, actor, note FROM answer WHERE ask = ? AND state = 'counts'", ask)[0][0], 2)
    want("in the audit log", [(a[0], a[1]) for a in bed.audited() if a[1].startswith("answer.")],
         [("console/ivanova", "answer.enter"), ("console/ivanova", "answer.correct")])
    link = re.search(r'/answers/\d+/files/\d+', page.html).group(0)
    page = staff.get(link)
    want("the file comes to be kept", (page.body, page.headers["content-type"]), (b"%PDF-1.4", "application/octet-stream"))
    want_in("as an attachment", "attachment", page.headers["content-disposition"])

    # somebody else says something else: it waits, staff decide
    page = staff.post(f"/asks/{ask}/enter", {"f.registered": "40", "f.measures": "Провели собрание", "way": "mail",
                                             "said_by": "Заместитель", "why": "пришло письмо"})
    want_in("it differs", "differ", page.text)
    want_in("it is among those to be decided", f"/asks/{ask}", staff.get("/answers").html)
    page = staff.post(f"/asks/{ask}/decide", {"decision": "refuse", "version": "3"})
    want("refused", bed.value("SELECT state FROM answer WHERE ask = ? AND version = 3", ask), "refused")
    want_not_in("nothing to decide is left", f"/asks/{ask}", staff.get("/answers").html)


def mails_are_settled(bed, staff, operator):
    ids = {address: message_id for message_id, address in bed.remembered()}
    first = hand_over(bed, mails.letter("Секретарь <school-2@example.org>", "Зарегистрировано 25 человек.",
                                        reply_to=ids["school-2@example.org"], dmarc="fail",
                                        files=[("Справка.pdf", "application/pdf", b"%PDF-1.4 x")]))
    stranger = hand_over(bed, mails.letter("<somebody@mail.example.net>", "Ответ: <script>alert(2)</script> 11 участников",
                                           subject="<img src=x onerror=alert(3)>", dmarc=None))
    bounce = hand_over(bed, mails.bounce(None, "school-9@example.org"))

    page = staff.get(f"/mail/{stranger}")
    want("a stranger's mail", page.status, 200)
    for evil in ("<script>alert", "<img src=x"):
        want_not_in("nothing of it is an element", evil, page.html)
    page = staff.get(f"/mail/{first}")
    want("what was read stands in the form", page.field("f.registered"), "25")
    page = staff.get(f"/mail/{first}/raw")
    want_in("the mail as it came is a file to keep", "attachment", page.headers["content-disposition"])
    want("its file", staff.get(f"/mail/{first}/files/0").body, b"%PDF-1.4 x")

    page = staff.post(f"/mail/{first}", {"action": "confirm", "f.registered": "26", "f.measures": ""})
    want_in("the next one comes at once", f"/mail/{stranger}", page.path)
    ask = ask_of(bed, "s0002")
    want("the figure as staff read it counts", json.loads(bed.value("SELECT fields FROM answer WHERE ask = ? AND state = 'counts'", ask)),
         {"registered": 26, "protocol": ["Справка.pdf"]})
    want("a partial answer", bed.value("SELECT state FROM ask WHERE id = ?", ask), "partial")

    page = staff.get(f"/mail/{stranger}?find=" + quote("школа"))
    want_in("organisations are found, whatever the case", 'name="ask"', page.html)
    page = staff.post(f"/mail/{stranger}", {"action": "assign", "ask": str(ask_of(bed, "s0003"))})
    want("it is theirs", bed.value("SELECT ask FROM mail_in WHERE id = ?", stranger), ask_of(bed, "s0003"))
    want("then its figure can be confirmed", page.status, 200)
    page = staff.post(f"/mail/{stranger}", {"action": "ignore", "reason": "не от школы"})
    want("put aside", bed.value("SELECT state FROM mail_in WHERE id = ?", stranger), "ignored")
    want("nothing waits for staff", "Nothing waits" in page.text, True)
    page = staff.post(f"/mail/{stranger}", {"action": "confirm", "f.registered": "11"})
    want("decided is decided", page.status, 409)

    want("reports of mail systems are not for staff", staff.get("/bounces").status, 403)
    want("and staff's mails not for operators", operator.get("/mail").status, 403)
    want("nor under the other address", (operator.get(f"/bounces/{first}").status, staff.get(f"/mail/{bounce}").status), (404, 404))
    operator.get(f"/bounces/{bounce}")
    operator.post(f"/bounces/{bounce}", {"action": "confirm"})
    want("the address gets no more letters", bed.value("SELECT count(*) FROM suppression WHERE address = 'school-9@example.org'"), 1)
    want("each decision stands in the audit log", [a[1] for a in bed.audited() if a[1].startswith("mail.") and a[0].startswith("console/")],
         ["mail.confirm", "mail.assign", "mail.ignore", "mail.confirm"])


def figures_are_those_of_the_report(bed, staff):
    report = bed.json("report", SLUG, "--format", "json")[0]
    page = staff.get(f"/campaigns/{SLUG}")
    tiles = [" ".join(re.sub(r"<[^>]*>", " ", tile).split()) for tile in re.findall(r'<(?:a|div) class="card tile".*?</(?:a|div)>', page.html, re.S)]
    want("the first tile", tiles[0].split()[:3], [str(report["answered"]), "of", str(report["asked"])])
    want("the silent", tiles[1].split()[0], str(report["silent"]))
    for name, words in (("partial", "in part"), ("undelivered", "may not know"), ("differing", "different figures"), ("late", "after the deadline")):
        shown = [tile.split()[0] for tile in tiles if words in tile]
        want(name, shown, [str(report[name])] if report[name] else [])
    want("nothing of the title is an element", "<i>итоги" in page.html, False)
    downloaded = staff.get(f"/campaigns/{SLUG}/report.json").json
    downloaded.pop("made", None), report.pop("made", None)
    want("the same file", downloaded, report)
    want("a workbook", staff.get(f"/campaigns/{SLUG}/report.xlsx").body[:2], b"PK")
    want_in("CSV", "Школа № 5".encode(), staff.get(f"/campaigns/{SLUG}/report.csv").body)
    page = staff.get(f"/campaigns/{SLUG}/report-frame")
    want_in("the page is sandboxed", "sandbox", page.headers["content-security-policy"])
    want_not_in("and what stands in it escaped", "<script>alert", page.html)
    page = staff.get(f"/campaigns/{SLUG}/letter?step=0&as=s0007")
    want_not_in("the letter, too", "<script>alert", page.html)
    rows = re.findall(r'<td class="number">(\d+)</td></tr>', staff.get(f"/campaigns/{SLUG}/municipalities").html)
    want("the silent of all municipalities", sum(map(int, rows)), report["silent"])


def pages(staff, path, pattern):
    found = []
    while path:
        page = staff.get(path)
        want(path, page.status, 200)
        want_not_in(path, "<script>alert", page.html)
        found += re.findall(pattern, page.html)
        following = re.search(r'<a href="([^"]+)" rel="next"', page.html)
        path = following and following.group(1).replace("&amp;", "&")
    return found


def lists_lose_nobody(bed, staff):
    everybody = {str(n) for n, in bed.rows("SELECT id FROM ask")}
    shown = pages(staff, f"/campaigns/{SLUG}/answers", r'href="/asks/(\d+)"')
    want("each once", (len(shown), set(shown)), (SCHOOLS, everybody))
    silent = {str(n) for n, in bed.rows("SELECT id FROM ask WHERE state = 'open'")}
    want("the silent", set(pages(staff, f"/campaigns/{SLUG}/answers?show=silent", r'href="/asks/(\d+)"')), silent)
    want("those to call", sorted(pages(staff, f"/campaigns/{SLUG}/calls", r'href="/asks/(\d+)/enter')), sorted(silent))
    want_in("a telephone is dialled", 'href="tel:+70000001004"', staff.get(f"/campaigns/{SLUG}/calls").html)
    district = pages(staff, f"/campaigns/{SLUG}/answers?municipality=" + quote("Район 2"), r'href="/asks/(\d+)"')
    want("one municipality", len(district), SCHOOLS // 3)
    want("by words", len(pages(staff, f"/campaigns/{SLUG}/answers?text=" + quote("№ 11"), r'href="/asks/(\d+)"')), 11)


def campaigns_are_changed(bed, staff, operator):
    want("an operator may pause", operator.post(f"/campaigns/{SLUG}/change/pause", {"reason": "тихо"}).status, 200)
    want("it is paused", bed.value("SELECT state FROM campaign WHERE slug = ?", SLUG), "paused")
    for action in ("resume", "cancel", "recall", "postpone"):
        want(f"but not {action}", operator.post(f"/campaigns/{SLUG}/change/{action}", {"reason": "x"}).status, 403)
    want("nor enter an answer", operator.post(f"/asks/{ask_of(bed, 's0004')}/enter", {"way": "phone"}).status, 403)
    want_in("the page says why nothing goes", "тихо", staff.get(f"/campaigns/{SLUG}").text)
    want("resumed", staff.post(f"/campaigns/{SLUG}/change/resume", {}).status, 200)
    want("it goes on", bed.value("SELECT state FROM campaign WHERE slug = ?", SLUG), "running")

    want("no date", staff.post(f"/campaigns/{SLUG}/change/postpone", {"date": ""}).status, 422)
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 20 * 86400))
    page = staff.post(f"/campaigns/{SLUG}/change/postpone", {"date": day, "time": "17:00"})
    want("postponed", page.status, 200)
    want_in("the page names the new deadline", "17:00", page.text)
    words = staff.get(f"/campaigns/{SLUG}/date-words?date=2027-01-01&time=18:00").text
    want_in("what a date means", "2027", words)

    page = staff.post(f"/campaigns/{SLUG}/correct", {"first": "# О конкурсе\n\n{{nothing.here}}\n", "correction": "# Поправка\n\nТекст.\n"})
    want("a letter that does not compile", page.status, 422)
    want_in("says what is wrong", "nothing.here", page.text)
    letter = bed.value("SELECT count(*) FROM delivery")
    page = staff.post(f"/campaigns/{SLUG}/correct", {"first": "# О конкурсе: {{recipient.name}}\r\n\r\nПросим ответить, исправлено.\r\n",
                                                     "correction": "# Поправка: {{campaign.title}}\r\n\r\nТекст.\r\n"})
    want_in("corrected", "Corrected", page.text)
    wait_for(lambda: bed.value("SELECT count(*) FROM delivery") >= letter + SCHOOLS - 2, "the corrections")

    page = staff.post(f"/campaigns/{SLUG}/repeat", follow=False)
    want("a draft for the silent", page.status, 303)
    want("who began it", bed.audited("draft.create")[-1][0::3], ("console/ivanova", {"campaign": SLUG}))
    form = bed.value("SELECT form FROM composition")
    for part in ("not answered", f'"follows":"{SLUG}"'):
        want_in("its audience", part, form.replace('": "', '":"'))

    want("a moment nobody saw", staff.get(f"/campaigns/{SLUG}/progress?seen=0.-9223372036854775808").status, 200)
    want("no case file yet", staff.get(f"/campaigns/{SLUG}/case.zip").status, 404)
    staff.post(f"/campaigns/{SLUG}/case")
    wait_for(lambda: "case.zip" in staff.get(f"/campaigns/{SLUG}/case-state").html, "the case file")
    page = staff.get(f"/campaigns/{SLUG}/case.zip")
    want_in("the answers are in it", "rounds/1/answers.csv", zipfile.ZipFile(io.BytesIO(page.body)).namelist())
    path = os.path.join(bed.folder, "case.zip")
    with open(path, "wb") as f:
        f.write(page.body)
    bed.run("campaign", "verify", path)
    want("an operator gets none", operator.get(f"/campaigns/{SLUG}/case.zip").status, 403)
    want("who took it away", bed.audited("campaign.download")[-1],
         ("console/ivanova", "campaign.download", f"campaign:{SLUG}", {"file": f"{SLUG}-case.zip"}))

    want("a recall without a reason", staff.post(f"/campaigns/{SLUG}/change/recall", {}).status, 422)
    page = staff.post(f"/campaigns/{SLUG}/change/recall", {"reason": "ошибка в приказе"})
    want("recalled", page.status, 200)
    wait_for(lambda: bed.value("SELECT count(*) FROM ask WHERE state = 'open'") == 0, "no ask is open")
    want("an answer is refused then", staff.get(f"/asks/{ask_of(bed, 's0100')}/enter").status, 409)
    orders = [a[1] for a in bed.audited() if a[1].startswith("campaign.") and a[0].startswith("console/") and a[1] != "campaign.download"]
    want("orders in the audit log", orders, ["campaign.pause", "campaign.resume", "campaign.postpone", "campaign.correct",
                                             "campaign.archive", "campaign.recall"])


def the_first_page_says_what_is_to_do(bed, staff, operator):
    page = staff.get("/")
    want_in("a deadline is beyond the week, a mail waits", "waits for your decision", page.text)
    want_in("an operator's are bounces", "/bounces", operator.get("/").html)
    want_in("the list", f"/campaigns/{SLUG}", staff.get("/campaigns?state=running&text=" + quote("флагманы")).html)
    want_not_in("filtered", f"/campaigns/{SLUG}", staff.get("/campaigns?text=" + quote("нет такой")).html)
    want("no such campaign", staff.get("/campaigns/none").status, 404)
    want("no such ask", staff.get("/asks/999999").status, 404)


with ConsoleBed(sink=True, up=True) as bed:
    bed.account("ivanova", "staff")
    bed.account("petrov", "operator")
    staff, operator = bed.login("ivanova", Accept_Language="en"), bed.login("petrov", Accept_Language="en")
    want_in("a first day", "Three steps", staff.get("/").text)
    want_in("no campaigns", "no campaigns yet", staff.get("/campaigns").text)
    set_up(bed)
    answers_are_entered(bed, staff)
    hand_over(bed, mails.letter("<x@mail.example.net>", "?", dmarc=None))
    hand_over(bed, mails.bounce(None, "school-8@example.org"))
    the_first_page_says_what_is_to_do(bed, staff, operator)
    for mail, in bed.rows("SELECT id FROM mail_in"):
        bed.run("mail", "ignore", str(mail))
    mails_are_settled(bed, staff, operator)
    figures_are_those_of_the_report(bed, staff)
    lists_lose_nobody(bed, staff)
    campaigns_are_changed(bed, staff, operator)
