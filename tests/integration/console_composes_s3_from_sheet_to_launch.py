"""Scenario S3 in the browser's pages alone: the directory from a sheet, a letter with a preview, recipients with
their figures, dates and questions, the summary, the launch; two who write at once; what is refused."""
import datetime
import io
import os
import sys
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from bed import SOURCE, wait_for  # noqa: E402
from console_bed import ConsoleBed, want, want_in, want_not_in  # noqa: E402

S3 = os.path.join(SOURCE, "config", "campaigns", "s3-flagships")
ACCEPTED = 5  # enum delivery_state
TODAY = datetime.date.today()
DEADLINE = TODAY + datetime.timedelta(days=30)
while DEADLINE.weekday() > 4:
    DEADLINE += datetime.timedelta(days=1)


def has(what, whole, part):
    want_in(what, part, whole)


def has_not(what, whole, part):
    want_not_in(what, part, whole)


def read(name, mode="r"):
    with open(os.path.join(S3, name), mode, **({} if "b" in mode else {"encoding": "utf-8"})) as f:
        return f.read()


def step(who, slug, name, fields, files=(), do="next", version=None, follow=True):
    page = who.get(f"/compose/{slug}/{name}")
    want(f"the page {name}", page.status, 200)
    pairs = [("version", version or page.field("version"))] + list(fields) + [("do", do)]
    return who.post(f"/compose/{slug}/{name}", pairs, files=files, follow=follow)


def begin(who, title):
    page = who.post("/compose", {"title": title}, follow=False)
    want("beginning a draft", page.status, 303)
    return page.location.rsplit("/", 1)[1]


LETTER = [("title", "«Флагманы образования»: информационная поддержка"), ("organisation", "Министерство образования"),
          ("from.name", "Министерство образования"), ("from.address", "outreach@ministry.example.org"),
          ("reply_to", "answers@ministry.example.org"), ("document.number", "01-12/245"), ("document.date", str(TODAY)),
          ("document.signatory.position", "Заместитель министра"), ("document.signatory.name", "И. О. Фамилия"),
          ("has", "may_leave"), ("has", "document.in_subject"),
          ("letters.first", read("letter.md")), ("letters.reminder", read("reminder.md")),
          ("letters.collect", read("collect.md")), ("letters.collect_reminder", read("collect-reminder.md"))]
DATES = [("x.send.date", ""), ("x.send.time", ""), ("x.send.from", ""), ("x.send.to", ""), ("has", "send.local"),
         ("has", "ask.wanted"), ("ask.wanted", "1"), ("ask.verb", "просим"), ("x.ask.date", str(DEADLINE)),
         ("x.ask.time", "18:00"), ("ask.if_day_off", "next"), ("x.remind", "7, 4 и 1"),
         ("has", "ask.answer.0.required"), ("ask.answer.0.label", "Количество участников"), ("ask.answer.0.type", "count"),
         ("ask.answer.0.required", "1"), ("ask.ways", "link"), ("ask.ways", "reply"), ("ask.through", "municipality"),
         ("x.collect", "3"), ("ask.report.to", "head@ministry.example.org\ncontroller"), ("ask.report.formats", "xlsx"),
         ("controller.name", "И. О. Фамилия"), ("controller.address", "controller@ministry.example.org")]


def write_s3(bed, who):
    slug = begin(who, "Флагманы образования")
    want("the name made of the title", slug, "flagmany-obrazovaniya")
    page = step(who, slug, "letter", LETTER, files=[("file", "Результаты.pdf", "application/pdf", read("monitoring.pdf", "rb"))])
    want("after the letter", (page.status, page.path.split("?")[0]), (200, f"/compose/{slug}/audience"))
    page = who.get(f"/compose/{slug}/letter")
    has("the attachment", page.html, "Результаты.pdf")
    has("a figure whose table is not there yet", page.text, "поля «monitoring.registered» нет (letter.md, строка 7)")

    page = step(who, slug, "audience", [("has", "audience.kinds"), ("audience.kinds", "municipal-authority")],
                files=[("table", "monitoring.csv", "text/csv", read("monitoring.csv", "rb"))], do="save")
    has("the count", page.text, "10 адресатов")
    has("a column of the table", page.html, "<code>registered</code>")
    has("the deadline's stand-in", who.get(f"/compose/{slug}/letter").text, "в письме показан пример")
    page = who.get(f"/compose/{slug}/audience?why=mo-01")
    has("why", page.text, "входит в число адресатов")
    page = who.get(f"/compose/{slug}/audience?find=%D1%88%D0%BA%D0%BE%D0%BB%D0%B0")
    has("found organisations", page.html, 'value="key:')

    page = step(who, slug, "dates", DATES)
    want("after the dates", page.path.split("?")[0], f"/compose/{slug}/check")
    has("the recipients in words", page.text, "10 адресатов, через них ещё 100 организаций.")
    has("the reminders in words", page.text, "Напоминания не ответившим –")
    has("the report in words", page.text, "Сводный отчёт –")
    has("the timeline", page.text, "Срок ответа")
    return slug


def preview(who, slug):
    page = who.get(f"/compose/{slug}/letter?for=mo-01")
    has("the preview's frame", page.html, f"/compose/{slug}/letter/html?letter=first&amp;for=mo-01")
    letter = who.get(f"/compose/{slug}/letter/html?letter=first&for=mo-01")
    has("the letter", letter.text, "44 участника")
    has("the frame's policy", letter.headers["content-security-policy"], "sandbox")
    typed = LETTER[:11] + [("letters.first", "# Другая тема\n\nСлово {{нет.такого}}.\n"), ("for", "mo-01")]
    version = page.field("version")
    piece = who.post(f"/compose/{slug}/letter", [("version", version)] + typed, headers={"HX-Request": "true"})
    has("the mistake beside the text", piece.text, "строка 3")
    has_not("a piece is no page", piece.html, "<html")
    want("the piece's version", piece.field("version"), str(int(version) + 1))
    who.post(f"/compose/{slug}/letter", [("version", piece.field("version"))] + LETTER)


def two_write_at_once(bed, who, slug):
    other = bed.login("ivanova", Accept_Language="ru")
    mine = who.get(f"/compose/{slug}/dates").field("version")
    step(other, slug, "dates", DATES + [("x.remind", "7")], do="save")
    page = who.post(f"/compose/{slug}/dates", [("version", mine)] + [(n, "2" if n == "x.collect" else v) for n, v in DATES]
                    + [("controller.position", "Мой вариант")])
    want("a page that grew old", page.status, 409)
    has("who was quicker", page.text, "console/ivanova")
    has("what was typed", page.html, "Мой вариант")
    page = who.post(f"/compose/{slug}/dates", [("version", page.field("version"))] + DATES + [("do", "save")])
    want("saved knowingly", page.status, 200)


def launch(bed, who, slug):
    page = who.get(f"/compose/{slug}/check")
    done = who.post(f"/compose/{slug}/check", {"version": page.field("version"), "do": "launch"}, follow=False)
    want("the launch", (done.status, (done.location or done.text)[:60].split("?")[0]), (303, f"/campaigns/{slug}"))
    want("the draft is gone", bed.value("SELECT count(*) FROM composition WHERE slug = ?", slug), 0)
    wait_for(lambda: bed.counts(slug) == {ACCEPTED: 110}, "ten authorities and a hundred schools")
    want("the launch in the audit log", [a[:1] + a[2:3] for a in bed.audited("campaign.launch")][-1], ("console/admin", f"campaign:{slug}"))


def heavy_questions_are_told(bed, who):
    """The same question to the same people again."""
    slug = begin(who, "Ещё раз")
    step(who, slug, "letter", [(n, v) for n, v in LETTER if n not in ("letters.collect", "letters.collect_reminder")]
         [:-2] + [("letters.first", "# Тема\n\nТекст [форма]({{link.answer}})\n")])
    step(who, slug, "audience", [("has", "audience.kinds"), ("audience.kinds", "municipal-authority")])
    page = step(who, slug, "dates", DATES)
    has("the burden", page.text, "У 10 из 10 адресатов уже есть открытые запросы.")
    has("the question", page.text, "«Количество участников» уже запрашивалось")


def zips(bed, who):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as z:
        for name in os.listdir(S3):
            z.write(os.path.join(S3, name), "s3/" + name)
    page = who.post("/compose/archive", files=[("archive", "s3.zip", "application/zip", packed.getvalue())], follow=False)
    want("a folder as ZIP", (page.status, page.location), (303, "/compose/flagships-2023"))
    has("its letter", who.get("/compose/flagships-2023/letter").html, "оператором конкурса в 2023 году")
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("campaign.yaml", "campaign: bomb\n")
        z.writestr("zeros.bin", b"\0" * 60_000_000)
    for name, data, want_text in (("bomb.zip", bomb.getvalue(), "обычные архивы"), ("no.zip", b"not a zip", "не архив ZIP"),
                                  ("empty.zip", b"", "Выберите архив")):
        page = who.post("/compose/archive", files=[("archive", name, "application/zip", data)])
        want(name, page.status, 422)
        has(name, page.text, want_text)


def copies_and_text(bed, who, slug):
    page = who.post("/compose/copy", {"campaign": slug, "start": str(TODAY + datetime.timedelta(days=90))}, follow=False)
    want("a copy", page.status, 303)
    copy = page.location.rsplit("/", 1)[1]
    has("the copy's letter", who.get(f"/compose/{copy}/letter").html, "муниципальных органов")
    version = who.get(f"/compose/{copy}/letter").field("version")
    page = who.post(f"/compose/{copy}/text", {"version": version, "do": "become"})
    has("the text of the campaign", page.html, f"campaign: {copy}")
    page = who.post(f"/compose/{copy}/text", {"version": page.field("version"), "yaml": "campaign: [", "do": "save"})
    has("a mistake of YAML", page.text, "Нужно поправить")
    page = who.post(f"/compose/{copy}/drop")
    has_not("the deleted draft", page.html, f"/compose/{copy}\"")


def main():
    bed = ConsoleBed(sink=True, up=True, lang="ru")
    bed.settings["public_url"] = "https://answers.ministry.test"
    with bed:
        bed.account("ivanova", "staff")
        bed.account("chitatel", "read-only")
        bed.run("directory", "import", os.path.join(SOURCE, "config", "demo", "schools.csv"))
        who = bed.login(Accept_Language="ru")
        want("who only reads", bed.login("chitatel").get("/compose").status, 403)
        has("nothing there yet", who.get("/compose").text, "Черновиков пока нет")
        slug = write_s3(bed, who)
        preview(who, slug)
        two_write_at_once(bed, who, slug)
        launch(bed, who, slug)
        heavy_questions_are_told(bed, who)
        zips(bed, who)
        copies_and_text(bed, who, slug)


if __name__ == "__main__":
    main()
