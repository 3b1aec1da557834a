#!/usr/bin/env python3
"""A series of stages (S4): each goes at its moment to its own recipients and becomes public with
its letters; a stage without a date is a visible draft that never goes out and is never public,
until somebody gives it a date. Page, feed and event name nobody."""
import json
import os
import sys
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from bed import Bed, free_port, wait_for  # noqa: E402
from webhook_bed import Receiver  # noqa: E402

ATOM = "{http://www.w3.org/2005/Atom}"
SCHOOL, BUSINESS = "Школа № 1", "ООО «Обучение»"
DIRECTORY = ("key;name;kind;region;municipality;email;contact\n"
             f"s1;{SCHOOL};school;Область;Город;school@example.org;Директор\n"
             f"b1;{BUSINESS};business;Область;Город;office@example.org;Руководитель\n")
LETTERS = {
    "start.md": "# Область стала участником проекта\n\nУважаемые коллеги!\n\nПросим {{recipient.name}} рассказать о нём.\n\n"
                "Подробнее: <https://example.org/about>.\n",
    "business.md": "# Область стала участником проекта: предпринимателям\n\nПриглашаем.\n",
    "survey.md": "# Опрос\n\nСколько вас? Ответьте {{deadline.full}}.\n\n[Ответить]({{link.answer}})\n",
    "event.md": "# Тренд-сессия\n\nПриглашаем специалистов.\n"}
SERIES = {
    "campaign": "series", "title": "Проект «Флагманы» & Ко", "zone": "Asia/Yekaterinburg",
    "from": {"name": "Министерство", "address": "outreach@ministry.example.org"},
    "contacts": [{"role": "Координатор", "name": "И. О. Фамилия", "phone": "+7 (000) 000-00-00"}],
    "audience": "all", "send": {"hours": "09:00-18:00"}, "attachments": [{"file": "annex.pdf", "title": "Приложение № 1"}],
    "stages": [
        {"title": "Начало", "at": "2023-05-15 10:00", "audience": {"kinds": ["school"]}, "letter": "start.md"},
        {"title": "Предпринимателям", "at": "2023-05-16 10:00", "audience": {"kinds": ["business"]}, "letter": "business.md"},
        {"title": "Тренд-сессия", "audience": {"kinds": ["school"]}, "letter": "event.md"},
        {"title": "Опрос", "audience": {"kinds": ["school"]}, "letter": "survey.md", "ask": True}],
    "ask": {"answer": [{"field": "count", "label": "Сколько", "type": "count", "required": True}], "ways": ["link"],
            "deadline": "2023-11-30 18:00", "remind": ["-1d"]},
    "publish": {"page": True, "feed": True}}


def fetch(url):
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def write(path, text):
    with open(path, "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())


def published(receiver):
    return [json.loads(body)["data"] for _, _, body, _ in receiver.at("/events")
            if b'"vestnik.campaign.published"' in body]


def check_schema(receiver):
    """What a site receives is what config/schemas/ promises; tests/run.sh installs jsonschema."""
    try:
        import jsonschema
    except ImportError:
        return
    with open(os.path.join(os.environ["VESTNIK_SOURCE"], "config/schemas/webhook.json")) as f:
        validator = jsonschema.Draft202012Validator(json.load(f))
    for _, _, body, _ in receiver.at("/events"):
        validator.validate(json.loads(body))


def main():
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    receiver = Receiver()
    with Bed({"public_url": base, "portal": {"listen": f"127.0.0.1:{port}"}, "zone": "Asia/Yekaterinburg"}) as bed:
        bed.sink()
        bed.clock.jump_to("2023-05-10 12:00")
        write(os.path.join(bed.folder, "directory.csv"), DIRECTORY)
        bed.run("directory", "import", os.path.join(bed.folder, "directory.csv"))
        bed.run("webhook", "add", f"http://127.0.0.1:{receiver.port}/events", "--allow-private", "--events", "campaign.published")
        folder = os.path.join(bed.folder, "series")
        os.mkdir(folder)
        for name, text in LETTERS.items():
            write(os.path.join(folder, name), text)
        write(os.path.join(folder, "annex.pdf"), b"%PDF-1.4 annex")
        write(os.path.join(folder, "campaign.yaml"), json.dumps(SERIES, ensure_ascii=False))
        bed.services("planner", "mailer", "ledger", "notifier", "portal")

        def rounds():
            return [row["state"] for row in bed.json("campaign", "rounds", "series")]

        bed.launch(folder)
        assert rounds() == ["planned", "planned", "draft", "draft"], rounds()
        shown = bed.run("--lang", "ru", "campaign", "rounds", "series").stdout
        assert "черновик" in shown, shown
        assert fetch(base + "/c/series")[0] == 404, "a page before anything has gone out"

        # the first stage: its letter, its page, its event
        bed.clock.jump_to("2023-05-15 10:01")
        wait_for(lambda: len(bed.remembered()) == 1, "the school's letter")
        wait_for(lambda: len(published(receiver)) == 1, "the event")
        assert "school@example.org" in bed.remembered()[0][1], bed.remembered()
        status, headers, page = fetch(base + "/c/series")
        page = page.decode()
        assert status == 200 and "noindex" not in page, (status, page)
        for words in ("Область стала участником проекта", "Координатор", "Скопировать текст для сайта",
                      "/c/series/files/", "Приложение № 1", "https://example.org/about"):
            assert words in page, f"«{words}» is not on\n{page}"
        for words in (SCHOOL, "school@", "Тренд-сессия", "предпринимателям", "{{"):
            assert words not in page, f"«{words}» is on\n{page}"
        position = page.split("/c/series/files/")[1].split('"')[0]
        status, headers, annex = fetch(f"{base}/c/series/files/{position}")
        assert (status, annex) == (200, b"%PDF-1.4 annex"), (status, annex)
        for path in ("/c/series/files/99", "/c/series/files/x", "/c/other", "/c/SERIES", "/c/..%2f"):
            assert fetch(base + path)[0] in (400, 404), path
        event = published(receiver)[0]
        assert event["url"] == base + "/c/series#1" and "Уважаемые коллеги!" in event["text"], event
        assert SCHOOL not in json.dumps(event, ensure_ascii=False), event

        # the second, to others
        bed.clock.jump_to("2023-05-16 10:01")
        wait_for(lambda: len(bed.remembered()) == 2, "the business's letter")
        wait_for(lambda: len(published(receiver)) == 2, "the second event")
        assert "office@example.org" in bed.remembered()[1][1], bed.remembered()
        status, headers, feed = fetch(base + "/feed.atom")
        assert headers["Content-Type"].startswith("application/atom+xml"), headers["Content-Type"]
        root = ET.fromstring(feed)
        titles = [entry.find(ATOM + "title").text for entry in root.iter(ATOM + "entry")]
        assert titles == ["Область стала участником проекта: предпринимателям, Предпринимателям",
                          "Область стала участником проекта, Начало"], titles
        ids = [entry.find(ATOM + "id").text for entry in root.iter(ATOM + "entry")]
        assert len(set(ids)) == 2 and all(i.startswith("tag:ministry.example.org,2023-05-10:series/") for i in ids), ids
        assert root.find(ATOM + "updated").text[:10] == "2023-05-16", feed

        # months later: the draft has not moved; it gets its date and goes
        bed.clock.jump_to("2023-09-01 12:00")
        assert rounds()[2] == "draft" and len(bed.remembered()) == 2, rounds()
        bed.run("campaign", "stage", "series", "3", "--at", "2023-08-01 10:00", code=1)   # past
        bed.run("campaign", "stage", "series", "1", "--at", "2023-09-15 10:00", code=1)   # no draft
        bed.run("campaign", "stage", "series", "9", "--at", "2023-09-15 10:00", code=1)   # no such
        bed.run("campaign", "stage", "series", "3", "--at", "15.09.2023 10:00")
        assert rounds()[2] == "planned", rounds()
        assert len(bed.remembered()) == 2
        bed.clock.jump_to("2023-09-15 10:01")
        wait_for(lambda: len(bed.remembered()) == 3, "the letter of the stage that was a draft")
        wait_for(lambda: len(published(receiver)) == 3, "its event")
        assert "Тренд-сессия" in fetch(base + "/c/series")[2].decode()
        check_schema(receiver)

        # a draft that asks: its own deadline or the campaign's, and not one before it
        stage = ["campaign", "stage", "series", "4", "--at", "2023-10-02 10:00"]
        bed.run(*stage, "--deadline", "2023-09-29 18:00", code=1)
        bed.run("campaign", "stage", "series", "4", "--at", "2023-12-04 10:00", code=1)
        bed.run(*stage, "--deadline", "2023-10-15 18:00")        # a Sunday: the Monday after
        row = bed.json("campaign", "rounds", "series")[3]
        assert (row["state"], row["deadline"][:16]) == ("planned", "2023-10-16T13:00"), row
        bed.clock.jump_to("2023-10-02 10:01")
        wait_for(lambda: len(bed.remembered()) == 4, "the letter that asks")
        assert "до 16 октября 2023 г. включительно" in fetch(base + "/c/series")[2].decode()
        # postponed: the page has the new deadline, the feed says that it changed
        bed.run("campaign", "postpone", "series", "--round", "4", "--deadline", "2023-10-17 18:00")
        wait_for(lambda: "до 17 октября 2023 г. включительно" in fetch(base + "/c/series")[2].decode(), "the new deadline")
        newest = next(ET.fromstring(fetch(base + "/feed.atom")[2]).iter(ATOM + "entry"))
        assert newest.find(ATOM + "updated").text > newest.find(ATOM + "published").text, ET.tostring(newest)
        wait_for(lambda: bed.value("SELECT state FROM campaign") == "running", "the change to be made")
        bed.clock.jump_to("2023-10-16 10:00")
        wait_for(lambda: len(bed.remembered()) == 5, "the reminder")

        # the text to copy: for any stage, without what speaks to one
        text = bed.run("--lang", "ru", "campaign", "text", "series")
        assert text.stdout == ("Область стала участником проекта\n\nУважаемые коллеги!\n\n"
                               "Подробнее: https://example.org/about.\n"), text.stdout
        assert "пропущено" in text.stderr, text.stderr
        html = bed.run("campaign", "text", "series", "--html", "--round", "3").stdout
        assert html == "<p>Приглашаем специалистов.</p>\n", html

        # recalled: the page says so, the feed forgets it
        bed.run("campaign", "recall", "series", "--reason", "отменено", "--yes")
        wait_for(lambda: fetch(base + "/c/series")[0] == 410, "the page to be withdrawn")
        assert not list(ET.fromstring(fetch(base + "/feed.atom")[2]).iter(ATOM + "entry"))
        assert fetch(f"{base}/c/series/files/{position}")[0] == 404


main()
