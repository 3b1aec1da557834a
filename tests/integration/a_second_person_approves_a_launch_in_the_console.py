"""approve_from = 1: who writes a campaign asks, and cannot decide himself; another approves, and only then letters go. A
refusal is shown with its words; what was changed or deleted after the request is approved by nobody. Also: what a killed
console left in the run folder goes, and the audit log's links lead to pages."""
import os
import re
import signal
import sys

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from bed import wait_for  # noqa: E402
from console_bed import ConsoleBed, want, want_in, want_not_in  # noqa: E402

ACCEPTED = 5  # enum delivery_state
LETTER = [("title", "Приглашение"), ("organisation", "Министерство образования"), ("from.name", "Министерство образования"),
          ("from.address", "outreach@ministry.example.org"), ("letters.first", "# Приглашение\n\nПриглашаем Вас на семинар.\n")]
DATES = [("x.send.date", ""), ("x.send.time", ""), ("x.send.from", ""), ("x.send.to", ""), ("has", "ask.wanted")]


def step(who, slug, name, fields):
    page = who.get(f"/compose/{slug}/{name}")
    page = who.post(f"/compose/{slug}/{name}", [("version", page.field("version"))] + fields + [("do", "next")])
    want(f"after {name}", page.status, 200)
    return page


def write(who):
    page = who.post("/compose", {"title": "Приглашение"}, follow=False)
    slug = page.location.rsplit("/", 1)[1]
    step(who, slug, "letter", LETTER)
    step(who, slug, "audience", [("has", "audience.everybody"), ("audience.everybody", "1"), ("has", "audience.kinds"), ("audience.kinds", "school")])
    return slug, step(who, slug, "dates", DATES)


def ask(who, slug):
    version = who.get(f"/compose/{slug}/check").field("version")
    page = who.post(f"/compose/{slug}/check", {"version": version, "do": "launch"})
    want("asked", (page.status, page.path.split("?")[0]), (200, f"/compose/{slug}/check"))
    return page


def decide(bed, who, slug, decision, note=""):
    hash_of = bed.value("SELECT content_hash FROM approval WHERE campaign = ? AND state = 'asked'", slug)
    who.get("/approvals")
    return who.post(f"/approvals/{slug}", {"hash": hash_of, "decision": decision, "note": note})


def main():
    bed = ConsoleBed(sink=True, up=True, lang="ru", approve_from=1)
    with bed:
        bed.account("avtor", "staff")
        bed.account("soglasuyu", "approver")
        bed.directory(3)
        author = bed.login("avtor", Accept_Language="ru")
        other = bed.login("soglasuyu", Accept_Language="ru")
        admin = bed.login(Accept_Language="ru")
        slug, page = write(author)
        want_in("the button", "Отправить на согласование", page.text)
        page = ask(author, slug)
        want_in("the check page", "ждёт согласования", page.text)
        want_in("the author", "Решает другой человек", page.text)
        want_not_in("no second request", "Отправить на согласование", page.text)
        want_in("the campaign's page", "ждёт согласования", author.get(f"/campaigns/{slug}").text)
        want_in("the approver's first page", "Запуски ждут согласования", other.get("/").text)
        page = other.get(f"/campaigns/{slug}")
        want_in("the approver decides beside the campaign", "Согласовать и запустить", page.text)
        want_in("and sees the letter", "Приглашение", other.get(f"/campaigns/{slug}/letters").text)
        want("staff may not", decide(bed, author, slug, "approve").status, 403)

        page = decide(bed, other, slug, "refuse", "Исправьте дату семинара")
        want("refused", page.status, 200)
        page = author.get(f"/compose/{slug}/check")
        want_in("its words", "Исправьте дату семинара", page.text)
        want_in("and may ask again", "Отправить на согласование", page.text)

        # whoever may decide everything, but asked himself
        ask(admin, slug)
        want_not_in("his first page", "Запуски ждут согласования", admin.get("/").text)
        want("the same person", decide(bed, admin, slug, "approve").status, 403)
        want("nothing was ordered", bed.audited("campaign.launch"), [])

        # nor through a key of his own
        asked_by_a_key_of(bed, admin, slug)
        want("the person whose key asked", decide(bed, admin, slug, "approve").status, 403)
        for path in ("/", "/approvals", f"/campaigns/{slug}"):
            want_not_in("is offered no decision", "Согласовать и запустить", admin.get(path).text)
        want_not_in("nor a task", "Запуски ждут согласования", admin.get("/").text)

        # written on after the request: it is not what would go
        step(author, slug, "letter", LETTER)
        want("changed since", decide(bed, other, slug, "approve").status, 409)
        want_in("it says so", "Рассылку с тех пор изменили", other.get("/approvals").text)
        ask(author, slug)
        page = decide(bed, other, slug, "approve", "Хорошо")
        want_in("approved", "Согласовано", page.text)
        wait_for(lambda: bed.counts(slug) == {ACCEPTED: 3}, "the letters")
        want("who launched it", bed.audited("campaign.launch")[-1][0], "console/soglasuyu")
        want("the old address of the draft", author.get(f"/compose/{slug}/check", follow=True).status, 200)

        gone, _ = write(author)
        ask(author, gone)
        author.post(f"/compose/{gone}/drop")
        want("a deleted draft waits for nobody", bed.value("SELECT count(*) FROM approval WHERE campaign = ?", gone), 0)

        a_late_refusal_loses_nothing(bed, admin)
        gone = [gone] + thrown_away_is_not_launched(bed, admin)
        bed.run("delivery", "readdress", "s0000001", "new-1@example.org")
        links(bed, admin, gone)
        leftovers(bed)


def asked_by_a_key_of(bed, who, slug):
    who.get("/keys/new")
    page = who.post("/keys", [("name", "сайт"), ("scope", "campaign.launch"), ("until", "")])
    key = re.search(r"vk_[a-z0-9]+_[A-Za-z0-9_-]+", page.html).group(0)
    answer = bed.api("POST", f"/api/v1/drafts/{slug}/launch", {}, key=key)
    want("asked through the API", answer.status, 202)
    want("by the key", bed.value("SELECT requested_by FROM approval WHERE campaign = ? AND state = 'asked'", slug)[:4], "api/")


def launch_approved(bed, who, slug):
    bed.change("UPDATE approval SET state = 'approved', decided_by = 'console/soglasuyu', decided_ms = 1 WHERE campaign = ?", slug)
    page = who.get(f"/compose/{slug}/check")
    want_in("approved already: it launches", "Запустить рассылку", page.text)
    done = who.post(f"/compose/{slug}/check", {"version": page.field("version"), "do": "launch"}, follow=False)
    want("launched", (done.status, (done.location or done.text).split("?")[0]), (303, f"/campaigns/{slug}"))
    orders = len(bed.audited("campaign.launch"))
    again = who.post(f"/compose/{slug}/check", {"version": page.field("version"), "do": "launch"}, follow=False)
    want("an old page launches no second time", (again.status in (303, 409), len(bed.audited("campaign.launch"))), (True, orders))


def a_late_refusal_loses_nothing(bed, who):
    """The planner comes to the order after the console has stopped waiting, and refuses."""
    slug, _ = write(who)
    ask(who, slug)
    planner = int(next(r for r in bed.ready() if r[0] == "planner")[1])
    os.kill(planner, signal.SIGSTOP)
    try:
        launch_approved(bed, who, slug)
        bed.change("DELETE FROM approval WHERE campaign = ?", slug)
    finally:
        os.kill(planner, signal.SIGCONT)
    wait_for(lambda: bed.value("SELECT count(*) FROM task_seen WHERE result LIKE 'refused%'") == 1, "the refusal")
    page = who.get(f"/compose/{slug}/check")
    want_in("what was written is there", "Отправить на согласование", page.text)
    ask(who, slug)
    launch_approved(bed, who, slug)
    want("taken up: gone", bed.value("SELECT count(*) FROM composition WHERE slug = ?", slug), 0)


def thrown_away_is_not_launched(bed, who):
    """The order waits for the planner; until it is taken up the author may delete his draft, or give it another name."""
    planner = int(next(r for r in bed.ready() if r[0] == "planner")[1])
    refused = "SELECT count(*) FROM task_seen WHERE result LIKE 'refused%'"
    before = bed.value(refused)
    slugs = []
    for what in ("drop", "rename"):
        slug, _ = write(who)
        ask(who, slug)
        os.kill(planner, signal.SIGSTOP)
        try:
            launch_approved(bed, who, slug)
            if what == "drop":
                want("deleted", who.post(f"/compose/{slug}/drop").status, 200)
            else:
                version = who.get(f"/compose/{slug}/letter").field("version")
                page = who.post(f"/compose/{slug}/letter", [("version", version), ("slug", "another-name")] + LETTER + [("do", "next")])
                want("another name", (page.status, bed.value("SELECT count(*) FROM composition WHERE slug = 'another-name'")), (200, 1))
        finally:
            os.kill(planner, signal.SIGCONT)
        slugs.append(slug)
        wait_for(lambda: bed.value(refused) == before + len(slugs), "the refusal")
    want("nothing of it is sent", [bed.counts(slug) for slug in slugs], [{}, {}])
    who.get("/compose/another-name/letter")
    who.post("/compose/another-name/drop")
    return slugs + ["another-name"]


def links(bed, admin, gone):
    """Each link of the audit log leads to a page, but to what is deleted."""
    page = admin.get("/audit")
    found = set(re.findall(r'<span class="sub"><a href="([^"]*)"', page.html))
    want("links of several kinds", len(found) >= 4, True)
    for link in found:
        want(link, admin.get(link, follow=True).status, 404 if link in [f"/compose/{slug}" for slug in gone] else 200)
    want_not_in("an action without words", ">draft.", page.html)


def leftovers(bed):
    run = os.path.join(bed.folder, "data", "run")
    os.makedirs(os.path.join(run, "compose-abcdef", "data"))
    left = [os.path.join(run, "compose-abcdef", "data", "list.csv"), os.path.join(run, "case-0123.zip"),
            os.path.join(run, "case-0123.zip.AbCdEf"), os.path.join(run, "api-abcdef")]
    for name in left:
        with open(name, "w", encoding="utf-8") as f:
            f.write("personal")
    keep = sorted(n for n in os.listdir(run) if not n.startswith(("compose-", "case-", "api-")))
    pid = int(next(r for r in reversed(bed.ready()) if r[0] == "console")[1])
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not any(os.path.exists(name) for name in left), "the new console to sweep")
    wait_for(lambda: bed.value("SELECT count(*) FROM composition") == 0, "launched drafts to go")
    want("the folder", os.path.isdir(os.path.join(run, "compose-abcdef")), False)
    want("others stay", [n for n in keep if not os.path.exists(os.path.join(run, n))], [])


if __name__ == "__main__":
    main()
