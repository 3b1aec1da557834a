"""The directory in the console: empty, a sheet uploaded, every row's fate before anything is stored (filtered, paged,
Windows-1251 and XLSX too), imported by its hash, found, one contact changed by hand; the file belongs to its account and
is of one use; roles; the audit log."""
import os
import re
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests/support"))
from console_bed import ConsoleBed, multipart, want, want_in, want_not_in  # noqa: E402

HEAD = "ИНН;Наименование;Вид;Регион;Район;Часовой пояс;Вышестоящая организация;E-mail;ФИО;Телефон;Телефон директора;E-mail директора;Число классов"


def row(n, name=None, address=None, parent="2700", classes="10"):
    address = f"school{n}@example.org" if address is None else address
    return (f"27{n:05d};{name or f'Школа № {n}'};школа;Хабаровский край;Нанайский район;МСК+7;{parent};{address};И. О. Фамилия;"
            f"+7 (000) 000-00-00;+7 (000) 000-00-01;head{n}@example.org;{classes}")


def sheet(*rows):
    return "\r\n".join([HEAD, "2700;Управление образования Нанайского района;муниципальный орган;Хабаровский край;Нанайский район;МСК+7;;"
                        "uo@example.org;И. О. Фамилия;;;;", *rows]) + "\r\n"


def upload(visitor, name, data, kind="text/csv"):
    """The preview's address."""
    page = visitor.post("/directory/import", files=[("file", name, kind, data)], follow=False)
    want("uploaded", page.status, 303)
    return page.location


def fates(page):
    return re.findall(r'<td class="number">(\d+)</td><th scope="row">(.*?)<span class="sub">(.*?)</span></th>\s*<td><span class="badge (\w+)">',
                      page.html)


def take(visitor, address, follow=True, **fields):
    page = visitor.get(address)
    return visitor.post(address, {"hash": page.field("hash"), **({"skip": "1"} if page.field("skip") else {}), **fields}, follow=follow)


with ConsoleBed(lang="ru") as bed:
    bed.account("petrova", "staff")
    bed.account("reader", "read-only")
    staff = bed.login("petrova", Accept_Language="ru")
    page = staff.get("/directory")
    want_in("empty, and what to do", "Справочник пуст", page.text)
    want_in("where to", 'href="/directory/import"', page.html)
    page = staff.post("/directory/import", files=[("file", "", "text/csv", b"")])
    want("no file", page.status, 422)
    want_in("no file", "Сначала выберите файл", page.text)

    # ---- a sheet as a ministry has it: Windows-1251, three rows that will not do -------------------------
    rows = [row(n) for n in range(1, 251)]
    rows[9] = row(10, address="не адрес")
    rows[19] = row(5, name="Школа № 5 ещё раз")
    rows[29] = row(30, parent="9999")
    address = upload(staff, "Справочник края.csv", sheet(*rows).encode("cp1251"))
    page = staff.get(address)
    want("preview", page.status, 200)
    for words in ("Справочник края.csv", "WINDOWS-1251", "разделитель «;»", "Пока ничего не изменено", "Новые 248", "Не подходят 3", "Все 251"):
        want_in("preview", words, page.text)
    want_in("columns", "E-mail директора руководитель: адрес электронной почты", page.text)
    want_in("columns", "Число классов дополнительное поле", page.text)
    want("nothing is stored yet", bed.rows("SELECT COUNT(*) FROM organisation"), [(0,)])
    seen = fates(page)
    want("rows of a page", len(seen), 100)
    while link := re.search(r'<a href="([^"]*)" rel="next"', page.html):
        page = staff.get(link[1].replace("&amp;", "&"))
        seen += fates(page)
    want("every row is seen once, in order", [int(line) for line, *_ in seen], list(range(2, 253)))
    page = staff.get(address + "?fate=s")
    want("those that do not fit", [(line, kind) for line, _, _, kind in fates(page)], [("12", "bad"), ("22", "bad"), ("32", "bad")])
    for words in ("не адрес", "строке 7", "9999"):
        want_in("why", words, page.text)
    want("an unknown filter shows all", len(fates(staff.get(address + "?fate=zz"))), 100)

    # ---- whose it is -----------------------------------------------------------------------------------------
    admin = bed.login(Accept_Language="ru")
    want("another account's upload", admin.get(address).status, 404)
    want("another account's upload", admin.post(address, {"hash": page.field("hash"), "skip": "1"}).status, 404)
    want("a reader may look", bed.login("reader").get("/directory").status, 200)
    reader = bed.login("reader", Accept_Language="ru")
    want("a reader imports nothing", reader.get("/directory/import").status, 403)
    want_not_in("no button for a reader", "/directory/import", reader.get("/directory").html)
    want("a wrong hash", staff.post(address, {"hash": "0" * 64, "skip": "1"}).status, 409)
    want("without its token", staff.post(address, {"hash": page.field("hash")}, csrf=False).status, 403)

    # ---- the import ----------------------------------------------------------------------------------------------
    page = take(staff, address)
    want_in("done", "Загружено: новых 248, изменено 0, без изменений 0, не подошло 3.", page.text)
    want("organisations", bed.rows("SELECT COUNT(*) FROM organisation"), [(248,)])
    want("the file is gone", staff.get(address).status, 404)
    want("once only", bed.rows("SELECT COUNT(*) FROM directory_upload"), [(0,)])
    actor, action, subject, facts = bed.audited("directory.import")[0]
    want("audit", (actor, subject, facts["added"], facts["skipped"], facts["file"]), ("console/petrova", "directory:1", 248, 3, "Справочник края.csv"))
    want("revision", bed.rows("SELECT source, actor, added, skipped FROM directory_revision"), [("Справочник края.csv", "console/petrova", 248, 3)])
    want_in("revisions", "Справочник края.csv", staff.get("/directory/revisions").text)

    # ---- finding --------------------------------------------------------------------------------------------------
    def found(query):
        page = staff.get("/directory?" + urllib.parse.quote(query, safe="=&+%"))
        want(query, page.status, 200)
        return re.findall(r'<th scope="row"><a href="/directory/\d+">(.*?)</a>', page.html)

    want("by a word, in any case", found("text=управление+НАНАЙ"), ["Управление образования Нанайского района"])
    want("by a number", found("text=школа+№+17&municipality="), ["Школа № 17"] + [f"Школа № {n}" for n in range(170, 180)])
    want("by key", found("text=2700003"), ["Школа № 3"])
    want("by address", found("text=SCHOOL7@"), ["Школа № 7"])
    want("by the beginning of an address", found("text=head25"), [])
    want("by the beginning of an address", found("text=head25@"), ["Школа № 25"])
    want("by kind", found("kind=municipal-authority"), ["Управление образования Нанайского района"])
    want("by place", found("region=Нигде"), [])
    want_in("nothing found", "Ничего не найдено", staff.get("/directory?text=" + urllib.parse.quote("колледж")).text)
    want("no trick with a pattern", found("text=%25"), found(""))
    all_found, page = found(""), staff.get("/directory")
    while link := re.search(r'<a href="([^"]*)" rel="next"', page.html):
        page = staff.get(link[1].replace("&amp;", "&"))
        all_found += re.findall(r'<th scope="row"><a href="/directory/\d+">(.*?)</a>', page.html)
    want("all pages", (len(all_found), len(set(all_found))), (248, 248))
    want_in("how many", "Организаций: 248", page.text)

    # ---- one organisation, a contact by hand -------------------------------------------------------------------------
    page = staff.get("/directory/2700003")
    for words in ("Школа № 3", "school3@example.org", "head3@example.org", "Управление образования Нанайского района", "число классов 10", "Asia/Vladivostok"):
        want_in("organisation", words, page.text)
    id = re.search(r"/directory/(\d+)\?edit=head", page.html)[1]
    page = staff.get(f"/directory/{id}?edit=head")
    want("filled in", page.field("address"), "head3@example.org")
    wrong = staff.post(f"/directory/{id}/contact", {"role": "head", "name": "И. О. Фамилия", "address": "head3@", "phone": ""})
    want("a wrong address", (wrong.status, wrong.field("address"), wrong.field("name")), (422, "head3@", "И. О. Фамилия"))
    want_in("beside the field", 'id="address-error"', wrong.html)
    page = staff.post(f"/directory/{id}/contact", {"role": "head", "name": "И. О. Новая", "address": "new3@example.org", "phone": "+7 (000) 000-00-03"})
    want_in("saved", "Контакт сохранён", page.text)
    want("the contact", bed.rows(f"SELECT name, address, phone, active FROM contact WHERE organisation = {id} AND role = 'head'"),
         [("И. О. Новая", "new3@example.org", "+7 (000) 000-00-03", 1)])
    actor, action, subject, facts = bed.audited("directory.contact")[0]
    want("audit", (actor, subject, facts), ("console/petrova", f"organisation:{id}", {"role": "head"}))
    want_in("what stood there is a detail, erasable", "head3@example.org", bed.rows("SELECT detail FROM audit_detail ORDER BY number DESC LIMIT 1")[0][0])
    want_in("the same again", "Ничего не изменилось", staff.post(f"/directory/{id}/contact", {
        "role": "head", "name": "И. О. Новая", "address": "new3@example.org", "phone": "+7 (000) 000-00-03"}).text)
    staff.post(f"/directory/{id}/contact", {"role": "deputy", "name": "И. О. Третья", "address": "deputy3@example.org", "phone": ""})
    page = staff.post(f"/directory/{id}/contact", {"role": "head", "name": "И. О. Новая", "address": "", "phone": ""})
    want_in("an ended contact", "не действует", page.text)
    want("contacts", bed.rows(f"SELECT role, active FROM contact WHERE organisation = {id} ORDER BY role"), [("coordinator", 1), ("deputy", 1), ("head", 0)])
    want("a strange role", staff.post(f"/directory/{id}/contact", {"role": "../x", "address": "a@example.org"}).status, 422)
    want("of no organisation", staff.post("/directory/99999/contact", {"role": "head", "address": "a@example.org"}).status, 404)
    want("a reader changes nothing", reader.post(f"/directory/{id}/contact", {"role": "head", "address": "a@example.org"}).status, 403)
    bed.run("suppression", "add", "school3@example.org", "--reason", "просили не писать")
    want_in("suppressed", "просили не писать", staff.get(f"/directory/{id}").text)
    want("nobody", staff.get("/directory/0000").status, 404)

    # ---- again: what changes, what stays; XLSX; the directory changed meanwhile -----------------------------------------
    page = staff.get("/directory/export.csv")
    want("export", (page.status, page.headers["content-type"].split(";")[0]), (200, "text/csv"))
    want("who took it away", bed.audited("directory.export"),
         [("console/petrova", "directory.export", "directory:all", {"file": "Справочник.csv"})])
    want("the exported sheet changes nothing", (lambda p: "Всё, что есть в таблице, уже есть в справочнике" in p.text)(
        staff.get(upload(staff, "Справочник.csv", page.body))), True)
    first = upload(staff, "1.csv", sheet(row(1, name="Гимназия № 1"), row(2), row(901)).encode())
    page = staff.get(first)
    want("changed, unchanged, new", [kind for *_, kind in fates(page)], ["quiet", "warn", "quiet", "good"])
    second = upload(admin, "2.csv", sheet(row(902)).encode("utf-8-sig"))
    want_in("imported by another", "новых 1", take(admin, second).text)
    page = take(staff, first)
    want("the directory has changed", page.status, 409)
    want_in("it is looked through anew", "Справочник за это время изменился", page.text)
    want_in("then it is taken", "новых 1, изменено 1, без изменений 2", take(staff, first).text)
    want("changed", bed.rows("SELECT name FROM organisation WHERE key = '2700001'"), [("Гимназия № 1",)])
    want("found by its new name", found("text=гимназия"), ["Гимназия № 1"])

    # ---- what is no sheet, another encoding, put aside ------------------------------------------------------------------
    page = staff.get(upload(staff, "Приказ.pdf", b"%PDF-1.4 \x00\x01\x02" * 50, "application/pdf"))
    want_in("no sheet", "Таблицу не удалось прочитать", page.text)
    want_not_in("no button then", 'name="skip"', page.html)
    page = staff.get(upload(staff, "x.csv", "Кто;Что\r\nя;оно\r\n".encode()))
    want_in("no header", "Таблицу не удалось прочитать", page.text)
    page = staff.get(upload(staff, "bad.xlsx", b"PK\x03\x04" + b"\x00" * 100))
    want_in("a broken workbook", "Таблицу не удалось прочитать", page.text)
    address = upload(staff, "koi.csv", sheet(row(777, name="Лицей")).encode("koi8-r", "replace"))
    want_not_in("taken for Windows-1251", "Лицей", staff.get(address).text)
    page = staff.post(address + "/read", {"encoding": "KOI8-R", "delimiter": ""})
    want_in("read as told", "Лицей", page.text)
    want("chosen", re.search(r"<option selected>(.*?)</option>", page.html)[1], "KOI8-R")
    page = staff.post(address + "/drop")
    want_in("put aside", "Файл отложен", page.text)
    want("it is gone", staff.get(address).status, 404)
    address = upload(staff, "old.csv", sheet(row(940)).encode())
    bed.change("UPDATE directory_upload SET created_ms = created_ms - 90000000")
    want("after a day", staff.get(address).status, 404)
    for n in range(5):
        upload(staff, f"{n}.csv", sheet(row(950 + n)).encode())
    want("three at most are kept", bed.rows("SELECT COUNT(*) FROM directory_upload"), [(3,)])
    body, headers = multipart([("csrf", staff.csrf)], [("file", "big.csv", "text/csv", b"x" * (33 << 20))])
    want("too large", staff.request("POST", "/directory/import", body, headers).status, 413)
    want("progress of nothing", staff.get("/directory/import/none/progress").json, {})
    want_in("English", "Every row", bed.login("petrova", Accept_Language="en").get(upload(staff, "e.csv", sheet(row(990)).encode())).text)
