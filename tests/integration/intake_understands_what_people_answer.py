"""What people write back, by a real Maildir and real SMTP: who is believed, what is
read out of it, who gets a receipt, what staff see and decide."""
import datetime
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import mails  # noqa: E402
from bed import Bed, wait_for  # noqa: E402
from dovecot import deliver  # noqa: E402
from mail_server import MailServer  # noqa: E402

SCHOOLS = 17
ASKED = [
    {"field": "registered", "label": "Количество участников", "type": "count", "required": True},
    {"field": "measures", "label": "Результаты мероприятий", "type": "text", "required": True},
]
ABSENT, REVIEW = 4, 8


class House:
    def __init__(self, bed, server, maildir):
        self.bed, self.server, self.maildir = bed, server, maildir
        self.count = 0

    def school(self, n):
        return f"school-{n:07}@example.org"

    def letter_id(self, n):
        """Message-ID of the letter school n got."""
        letter = self.server.to(self.school(n))[0]
        return letter.message["Message-ID"].strip("<>")

    def put(self, mail):
        """Delivers it and returns its row, once it is recorded."""
        deliver(self.maildir, mail)
        self.count += 1
        wait_for(lambda: self.bed.value("SELECT count(*) FROM mail_in") == self.count, f"mail {self.count}")
        return self.bed.rows("SELECT id, kind, state, trusted, ask, note FROM mail_in ORDER BY id DESC LIMIT 1")[0]

    def ask(self, n):
        """(state, trouble, fields of the latest version, its state, what is missing)"""
        rows = self.bed.rows(
            "SELECT k.state, k.trouble, a.fields, a.state, a.missing FROM ask k JOIN organisation o ON o.id = k.organisation"
            " LEFT JOIN answer a ON a.ask = k.id AND a.version = k.versions WHERE o.key = ?", f"s{n:07}")
        state, trouble, fields, version, missing = rows[0]
        return state, trouble, json.loads(fields) if fields else None, version, json.loads(missing) if missing else None

    def receipts(self, n):
        return [letter for letter in self.server.to(self.school(n))[1:]]

    def reply(self, n, text, **more):
        more.setdefault("reply_to", self.letter_id(n))
        return self.put(mails.letter(more.pop("sender", self.school(n)), text, **more))


def believed(house):
    _, kind, state, trusted, ask, note = house.reply(1, "Добрый день!\n\nЗарегистрировано 25 участников.\n\n> Просим сообщить до 30 мая, было 7 участников\n")
    assert (kind, state, trusted) == ("reply", "review", 1), (kind, state, trusted, note)
    assert house.ask(1) == ("received", REVIEW, {"registered": 25}, "proposed", ["measures"]), house.ask(1)
    receipt, = wait_for(lambda: house.receipts(1), "the receipt")
    assert receipt.sender in (None, "", "<>"), receipt.sender
    assert receipt.message["Auto-Submitted"] == "auto-replied", receipt.message.items()
    assert receipt.message["In-Reply-To"].strip("<>").endswith("@school.test")
    words = receipt.message.get_body(("plain",)).get_content()
    assert "Количество участников: 25" in words and "Результаты мероприятий" in words, words
    assert "https://answers.example.org/a/" in words, words

    # a second one the same day is recorded, and gets no second receipt
    house.reply(1, "Уточняем: 27 участников")
    assert house.ask(1)[2] == {"registered": 27}
    # answered on top of the receipt: the same ask
    house.reply(1, "Спасибо. 28 участников", reply_to=receipt.message["Message-ID"].strip("<>"))
    assert house.ask(1)[2] == {"registered": 28}

    # two figures: never guessed; somebody else's, quoted: not his
    house.reply(2, "От района 12 участников, от школы 14 участников.")
    assert house.ask(2)[:4] == ("received", REVIEW, {}, "proposed"), house.ask(2)
    house.reply(3, "Ознакомились.\n\n29.05.2023 10:00, Другая школа пишет:\n> Зарегистрировано 40 участников\n")
    assert house.ask(3)[:3] == ("received", REVIEW, {}), house.ask(3)

    # the official letter in a new message: with its number, attached; a program beside it is left out
    row = house.put(mails.letter(house.school(4), "Направляем ответ на письмо № 01-12/345.", subject="Ответ на № 01-12/345",
                                 files=[("Ответ.pdf", "application/pdf", b"%PDF-1.4 signed"),
                                        ("start.exe", "application/octet-stream", b"MZ\x90\0 program")]))
    assert row[2:4] == ("review", 1), row
    assert house.ask(4)[0] == "received"
    files = house.bed.rows("SELECT f.name, b.size FROM answer_file f JOIN blob b ON b.hash = f.hash")
    assert files == [("Ответ.pdf", 15)], files
    receipt, = wait_for(lambda: house.receipts(4), "the receipt")
    assert "пропущено: 1" in receipt.message.get_body(("plain",)).get_content()


def forms(house):
    """The filled-in Excel form, in a message of its own: its code says whose it is."""
    key = os.path.join(house.bed.settings["data_dir"], "vestnik.key")

    def send(n, values, sender=None, ask=None):
        ask = ask or house.bed.value("SELECT k.id FROM ask k JOIN organisation o ON o.id = k.organisation WHERE o.key = ?",
                                     f"s{n:07}")
        return house.put(mails.letter(sender or house.school(n), "Форма во вложении", subject="Форма", files=[
            ("Ответ.xlsx", mails.XLSX, mails.workbook(key, ask, values))]))

    row = send(15, {"registered": 41, "measures": "Провели собрания; разместили на сайте"})
    assert row[2:4] == ("applied", 1), row
    assert house.ask(15) == ("confirmed", 0, {"registered": 41, "measures": "Провели собрания; разместили на сайте"},
                             "counts", []), house.ask(15)
    receipt, = wait_for(lambda: house.receipts(15), "the receipt")
    assert "Это записано" in receipt.message.get_body(("plain",)).get_content()
    # thanks, or the same figure once more: nobody need look at it; another figure: somebody must
    # and so must somebody when words only say that something is to be changed
    changes = "Просим исправить наш ответ: собрания с родителями перенесены, вместо них проведён день открытых дверей."
    for text, want in (("Спасибо!", "applied"), ("Итого: 41 участник", "applied"), ("Уточняем: 43 участника", "review"),
                       (changes, "review")):
        row = house.reply(15, text)
        assert row[2:4] == (want, 1), (text, row)
    assert house.ask(15)[0] == "confirmed" and len(house.receipts(15)) == 1
    # a wrong cell is named; nothing of it counts
    row = send(16, {"registered": "5-7", "measures": "Собрание"})
    assert row[2:4] == ("review", 1) and house.ask(16)[:3] == ("received", REVIEW, {}), (row, house.ask(16))
    receipt, = wait_for(lambda: house.receipts(16), "the receipt")
    words = receipt.message.get_body(("plain",)).get_content()
    assert "C2" in words and "5-7" in words, words
    # another school's form from this school's address: not believed, nothing recorded
    row = send(17, {"registered": 1, "measures": "x"}, sender=house.school(1))
    assert row[2:4] == ("review", 0) and house.ask(17)[:3] == ("open", REVIEW, None), row
    # an ask that does not exist, a code of nobody's key
    row = send(17, {"registered": 1, "measures": "x"}, ask=10 ** 6)
    assert row[2] == "review", row


def not_believed(house):
    # DMARC failed, no word about it, the word of a server that is not ours: staff decide, the ask stays open
    for n, more in ((5, {"dmarc": "fail"}), (6, {"dmarc": None}), (7, {"authserv": "mx.bad.test"})):
        row = house.reply(n, "30 участников", **more)
        assert row[1:4] == ("reply", "review", 0), row
        assert house.ask(n)[:3] == ("open", REVIEW, None), house.ask(n)
        receipt, = wait_for(lambda: house.receipts(n), "word to the school's own address")
        words = receipt.message.get_body(("plain",)).get_content()
        assert "посмотрят сотрудники" in words and "30" not in words.replace("2030", ""), words
    # whom the letter was forwarded to, DMARC or not: no receipt to a stranger
    before = len(house.server.letters)
    row = house.reply(8, "99 участников", sender="colleague@elsewhere.test")
    assert row[2:4] == ("review", 0) and house.ask(8)[0] == "open", row
    # a name that looks like the school's address
    row = house.reply(8, "98 участников", sender=f'"{house.school(8)}" <colleague@elsewhere.test>')
    assert row[2:4] == ("review", 0) and house.ask(8)[0] == "open", row
    # a forged mark in References, from a stranger
    row = house.put(mails.letter("x@elsewhere.test", "5 участников", reply_to="1.0.aaaaaaaaaaaaaaaa@ministry.example.org"))
    assert row[2:5] == ("review", 0, None), row
    # only the sender fits: proposed, not recorded
    row = house.put(mails.letter(house.school(9), "У нас 17 участников.", subject="Здравствуйте"))
    assert row[2:4] == ("review", 0) and row[4] is not None and house.ask(9)[:3] == ("open", REVIEW, None), row
    assert len(house.server.letters) == before, "receipts to strangers"


def no_person(house):
    row = house.reply(10, "Я в отпуске до 1 июня", auto="auto-replied", dmarc=None)
    assert row[1:3] == ("auto-reply", "applied"), row
    assert house.ask(10)[:2] == ("open", ABSENT)
    row = house.put(mails.letter(house.school(10), "Новости школы", extra=[("List-Id", "<news.school.test>")]))
    assert row[2] == "ignored", row
    own = house.server.to(house.school(10))[0]
    row = house.put(own.data)
    assert row[2] == "ignored" and "own letter" in row[5], row
    loop = mails.letter(house.school(11), "12 участников", reply_to=house.letter_id(11),
                        extra=[("Received", f"from a by b; {i}") for i in range(120)])
    row = house.put(loop)
    assert row[2] == "ignored" and "circle" in row[5] and house.ask(11)[0] == "open", row
    assert len(house.receipts(10)) == len(house.receipts(11)) == 0
    # a complaint about letters nobody may leave: staff
    row = house.put(mails.complaint(house.letter_id(12), house.school(12)))
    assert row[1:3] == ("complaint", "review"), row


def staff(house):
    bed = house.bed
    waiting = {m["id"]: m for m in bed.json("mail", "list")}
    mine = [m for m in waiting.values() if m["organisation"] == "s0000005"][0]
    shown, = bed.json("mail", "show", str(mine["id"]))
    assert shown["proposed"] == {"registered": 30} and shown["ask"]["state"] == "open", shown
    text = bed.run("mail", "show", str(mine["id"])).stdout
    assert "30" in text and "registered" in text and "not confirmed" in text, text
    done, = bed.json("mail", "confirm", str(mine["id"]))
    assert done["ask_state"] == "partial", done
    assert house.ask(5)[0] == "partial" and house.ask(5)[1] & REVIEW == 0, house.ask(5)
    assert mine["id"] not in {m["id"] for m in bed.json("mail", "list")}
    assert mine["id"] in {m["id"] for m in bed.json("mail", "list", "--all")}

    # read otherwise by a person; both fields: complete
    mine = [m for m in waiting.values() if m["organisation"] == "s0000002"][0]
    refused = bed.run("mail", "confirm", str(mine["id"]), code=1).stderr
    assert "registered" in refused and "--set" in refused, refused
    bed.run("mail", "confirm", str(mine["id"]), "--set", "registered=пять-семь", code=1)
    done, = bed.json("mail", "confirm", str(mine["id"]), "--set", "registered=26", "--set", "measures=Собрание")
    assert done["ask_state"] == "confirmed", done
    assert house.ask(2)[2] == {"registered": 26, "measures": "Собрание"}

    # no answer after all: open again, reminders go on
    mine = [m for m in waiting.values() if m["organisation"] == "s0000003"][0]
    done, = bed.json("mail", "ignore", str(mine["id"]), "--reason", "только ознакомились")
    assert done["ask_state"] == "open" and house.ask(3)[0] == "open", done

    # whose it is says a person
    mine = [m for m in waiting.values() if m["organisation"] is None and m["from"] == "x@elsewhere.test"][0]
    bed.run("mail", "confirm", str(mine["id"]), code=1)
    # of several periods the last that asked is meant, unless it is said
    campaign = bed.value("SELECT id FROM campaign WHERE slug = 'answers'")
    bed.change("INSERT INTO round (id, campaign, number, label, starts_ms, deadline_ms, state)"
               f" VALUES (900001, {campaign}, 2, '', 0, 0, 'closed')")
    bed.change("INSERT INTO ask (id, campaign, round, organisation, level, place, deadline_ms, state, trouble, versions, opened_ms, updated_ms)"
               f" SELECT 900002, {campaign}, 900001, id, 0, 'Europe/Moscow', 0, 'open', 0, 0, 0, 0 FROM organisation WHERE key = 's0000013'")
    bed.run("mail", "assign", str(mine["id"]), "answers", "s0000013")
    assert bed.value(f"SELECT ask FROM mail_in WHERE id = {mine['id']}") == 900002
    bed.run("mail", "assign", str(mine["id"]), "answers", "s0000013", "--round", "1")
    bed.change("DELETE FROM ask WHERE id = 900002")
    bed.change("DELETE FROM round WHERE id = 900001")
    done, = bed.json("mail", "confirm", str(mine["id"]))
    assert done["ask_state"] == "partial" and house.ask(13)[2] == {"registered": 5}
    bed.run("mail", "assign", str(mine["id"]), "answers", "nobody", code=1)
    bed.run("mail", "show", "x", code=2)
    bed.run("mail", "show", "99999", code=1)

    # the same things once more change nothing, and the mail as it came can be had
    raw = bed.run("mail", "show", str(mine["id"]), "--save", "-").stdout
    assert "5 участников" in raw or "Content-Transfer-Encoding" in raw

    # a bounce without a proof, believed by staff
    row = house.put(mails.bounce(None, house.school(14)))
    assert row[2] == "review"
    done, = bed.json("mail", "confirm", str(row[0]))
    assert done["suppressed"] == 1
    assert bed.value("SELECT count(*) FROM suppression WHERE address = ?", house.school(14)) == 1


def main():
    with MailServer() as server, Bed() as bed:
        maildir = os.path.join(bed.folder, "Maildir")
        for name in ("new", "cur", "tmp"):
            os.makedirs(os.path.join(maildir, name))
        bed.settings["intake"] = {"mailboxes": [{"name": "answers", "maildir": maildir}],
                                  "trusted_authserv": ["mx.ministry.example.org"]}
        bed.settings["public_url"] = "https://answers.example.org"
        bed.relay(server.port)
        bed.services("planner", "mailer", "ledger", "intake")
        bed.directory(SCHOOLS)
        deadline = (datetime.date.today() + datetime.timedelta(days=30)).isoformat() + " 18:00"
        bed.launch(bed.campaign(
            "answers", letter="# О конкурсе\n\nПросим ответить: [форма]({{link.answer}})\n",
            document={"number": "01-12/345", "date": "2023-05-15"}, may_leave=False,
            ask={"verb": "просим", "answer": ASKED, "ways": ["link", "reply"], "deadline": deadline}))
        wait_for(lambda: len({r for letter in list(server.letters) for r in letter.recipients}) == SCHOOLS, "the letters")
        wait_for(lambda: bed.value("SELECT count(*) FROM delivery WHERE state = 5") == SCHOOLS, "them recorded")
        house = House(bed, server, maildir)
        believed(house)
        forms(house)
        not_believed(house)
        no_person(house)
        staff(house)
        assert not bed.rows("SELECT note FROM mail_in WHERE note LIKE '%could not be processed%'")


if __name__ == "__main__":
    main()
