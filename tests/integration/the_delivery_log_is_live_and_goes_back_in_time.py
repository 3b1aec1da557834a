"""The console's delivery log beside a real campaign: every step of every letter arrives by itself, once, also after
the connection was lost; filters hold; pages go back line by line; what a relay says cannot act on the page; one
letter's page tells its story and sends it once more. Some 15 s: letters, a retry, a logout noticed by the stream."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from bed import wait_for  # noqa: E402
from console_bed import ConsoleBed, want, want_in, want_not_in  # noqa: E402
from live_log import ROW, Live, history, no_doubles, stream_of  # noqa: E402
from odd_relay import OddRelay  # noqa: E402

LETTERS = 60
HOSTILE = '550 5.1.1 <script>alert(1)</script> "no such" & user'
seen, mended = {}, []


def rcpt(address):
    number = int(address[7:14])
    seen[address] = seen.get(address, 0) + 1
    if number % 10 == 3 and not mended:
        return HOSTILE
    if number % 10 == 4 and seen[address] == 1:
        return "450 4.2.0 greylisted"
    return None


def every_step_arrives(bed, admin):
    page = admin.get("/log")
    want_in("an empty log says what happens next", "appears here by itself", page.text)
    everything = Live(bed, admin, stream_of(page))
    refused = Live(bed, admin, stream_of(admin.get("/log?state=failed")))
    one = Live(bed, admin, stream_of(admin.get("/log?address=school-0000007%40EXAMPLE.org")))
    words = Live(bed, admin, stream_of(admin.get("/log?text=GREYLIST&campaign=")))
    lost = Live(bed, admin, stream_of(page))
    bed.launch(bed.campaign("mixed"))
    wait_for(lambda: len(lost.rows()) >= 5, "the first lines")
    lost.close()
    before = lost.rows()
    bed.wait_state("mixed", "finished")
    all_lines = history(bed)
    wait_for(lambda: set(everything.rows()) >= all_lines, "every line, live")
    want("lines that the store does not know", set(everything.rows()) - all_lines, set())
    no_doubles("live", everything.rows())
    again = Live(bed, admin, stream_of(page), last_id=lost.last_id)
    wait_for(lambda: set(before) | set(again.rows()) >= all_lines, "the lines after the connection was lost")
    no_doubles("after the connection was lost", before + again.rows())
    want("no gap", [e for e, _ in again.events if e == "gap"], [])
    wait_for(lambda: set(refused.rows()) == history(bed, "WHERE state = 8"), "the refused ones")
    wait_for(lambda: set(words.rows()) == history(bed, "WHERE state = 3"), "those with the words")
    want("letters to one address", len(one.rows()), 1)
    for live in (refused, one, words, again):
        live.close()
    html = "".join(data for _, data in everything.events)
    want_not_in("a relay's words", "<script", html)
    want_in("a relay's words", "&lt;script&gt;alert(1)&lt;/script&gt;", html)
    want_in("what it means", "there is no such mailbox", html)
    unknown = Live(bed, admin, stream_of(page), last_id="somewhereelse-17")
    wait_for(lambda: unknown.events, "an answer to an unknown place")
    want("an unknown place", unknown.events[0][0], "gap")
    unknown.close()
    return everything


def pages_go_back_and_forth(bed, admin):
    all_lines = history(bed)
    times = {f"l{k}-{d}-{s}": t for k, d, s, t in bed.rows("SELECT key, dispatch, state, time_ms FROM history")}
    found, page, middle = [], admin.get("/log"), None
    while True:
        rows = ROW.findall(page.html)
        found += rows
        link = re.search(r'<a href="([^"]+)" rel="next"', page.html)
        if link is None:
            break
        middle = middle or page
        page = admin.get(link.group(1).replace("&amp;", "&"))
        want("page", page.status, 200)
    want("all lines, once", (set(found), len(found)), (all_lines, len(all_lines)))
    want("newest first", [times[row] for row in found], sorted((times[row] for row in found), reverse=True))
    back = re.search(r'<a href="([^"]+)" rel="prev"', page.html).group(1).replace("&amp;", "&")
    newer = ROW.findall(admin.get(back).html)
    want("the page before the last", newer, found[-len(rows) - len(newer):-len(rows)])
    for path, ids in (("/log?campaign=mixed&state=failed", history(bed, "WHERE state = 8")),
                      ("/log?state=deferred", history(bed, "WHERE state = 3")),
                      ("/log?text=greylisted", history(bed, "WHERE state = 3")),
                      ("/log?relay=main&state=failed&address=@example.org", history(bed, "WHERE state = 8")),
                      ("/log?relay=other", set()), ("/log?until=2001-01-01T00:00", set()),
                      ("/log?from=2100-01-01+00:00", set())):
        page = admin.get(path)
        want(path, (page.status, set(ROW.findall(page.html))), (200, ids))
    page = admin.get("/log?campaign=none&address=a+b&until=yesterday")
    want("what is wrong", page.status, 422)
    for words in ("There is no such campaign", "Write a whole address", "That is no moment"):
        want_in("beside the fields", words, page.text)
    for path in ("/log.csv?campaign=none", "/log/live?campaign=none", "/log.csv?state=nonsense"):
        want(f"{path}: not everything instead", admin.get(path).status, 422)
    sheet = admin.get("/log.csv?state=failed")
    lines = sheet.body.decode("utf-8-sig").strip().split("\n")
    want("lines of the sheet", len(lines), 1 + len(history(bed, "WHERE state = 8")))
    want_in("its name", "delivery-log.csv", sheet.headers["content-disposition"])
    want_in("a line", "<script>", lines[1])
    want("who took it away", [entry[2:] for entry in bed.audited("delivery.export")], [("log:delivery", {"file": "delivery-log.csv"})])


def one_letter_tells_its_story(bed, admin):
    key = bed.value("SELECT min(key) FROM delivery WHERE state = 8")
    page = admin.get(f"/delivery/{key}")
    for words in ("refused", "That means: there is no such mailbox", "Школа № 3", "The campaign was launched",
                  "Nothing more happens by itself", "Send once more"):
        want_in("the story", words, page.text)
    want_not_in("the story", "<script>alert", page.html)
    message_id = re.search(r"Message-ID</dt><dd><code>&lt;([^&]+)&gt;", page.html).group(1)
    want_in("by its Message-ID", f"Letter {key}", admin.get(f"/delivery/{message_id}").text)
    frame = admin.get(f"/delivery/{key}/letter")
    want_in("the letter", "Школа № 3", frame.html)
    want_in("its policy", "sandbox", frame.headers["content-security-policy"])
    want_in("its text", "Уважаемые коллеги!", admin.get(f"/delivery/{key}/text").text)
    want("no such letter", admin.get("/delivery/999999").status, 404)
    want("nonsense", admin.get("/delivery/nonsense").status, 404)
    mended.append(True)
    page = admin.post(f"/delivery/{key}/again")
    want_in("sent again", "will be sent once more", page.text)
    wait_for(lambda: bed.value(f"SELECT state FROM delivery WHERE key = {key}") == 5, "the letter, sent again")
    want("the others stay as they were", bed.value("SELECT count(*) FROM delivery WHERE state = 8"), LETTERS // 10 - 1)
    want("a second time", admin.post(f"/delivery/{key}/again").status, 409)
    bed.wait_state("mixed", "finished")
    want("the task is in the audit log", [s for _, a, s, _ in bed.audited("campaign.retry")][:1], ["campaign:mixed"])
    other = bed.value("SELECT min(key) FROM delivery WHERE state = 8")
    page = admin.post(f"/delivery/{other}/suppress", {"reason": "no such school"})
    want_in("excluded", "This address gets no letters any more: no such school", page.text)
    page = admin.post(f"/delivery/{other}/readdress", {"address": "new-0000013@example.org"})
    want_in("readdressed", "The new address is noted", page.text)
    want("in the directory", bed.value("SELECT count(*) FROM contact WHERE address = 'new-0000013@example.org'"), 1)
    want("a wrong address", admin.post(f"/delivery/{other}/readdress", {"address": "a b"}).status, 422)


def rights_hold(bed, admin, live):
    want("nobody", bed.visitor().get("/log/live").status, 303)
    bed.account("reader", "read-only")
    reader = bed.login("reader", Accept_Language="en")
    key = bed.value("SELECT min(key) FROM delivery WHERE state = 8")
    page = reader.get(f"/delivery/{key}")
    want("a reader", page.status, 200)
    for words in ("Send once more", "Exclude the address", "Note it and send"):
        want_not_in("a reader's page", words, page.text)
    for act in ("again", "readdress", "suppress"):
        want(f"a reader may not {act}", reader.post(f"/delivery/{key}/{act}").status, 403)
    want("without csrf", admin.post(f"/delivery/{key}/again", csrf=False).status, 403)
    admin.post("/logout")
    wait_for(lambda: live.ended, "the end of the stream after the logout")
    want("the last word", live.events[-1][0], "over")


with OddRelay(rcpt=rcpt) as relay:
    main = {"name": "main", "host": "127.0.0.1", "port": relay.port, "security": "none", "connections": 4}
    with ConsoleBed(bed={"settings": {"relays": [main], "planner": {"retry": ["200ms"]}}}) as bed:
        bed.services()
        bed.directory(LETTERS)
        admin = bed.login(Accept_Language="en")
        live = every_step_arrives(bed, admin)
        pages_go_back_and_forth(bed, admin)
        one_letter_tells_its_story(bed, admin)
        rights_hold(bed, admin, live)
