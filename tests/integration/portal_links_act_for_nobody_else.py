"""Links: one with a character changed, of another purpose, expired, withdrawn, of another installation; a
visitor who guesses, sends too much, or plays tricks with the path. Nothing that is no link tells
what exists. GET changes nothing, tokens stay out of the log, limits hold behind a proxy."""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests/support"))
from portal_bed import HOUR_MS, PortalBed, want, want_in, want_not_in  # noqa: E402

GOOD = {"f.registered": "12", "f.measures": "Провели классные часы", "name": "И. О. Фамилия"}


def from_address(bed, path, address, method="GET", body=None, headers=None):
    return bed.request(method, path, body, {"X-Forwarded-For": address, **(headers or {})})


def changed_characters_open_nothing(bed, ask):
    link = bed.answer(ask, bed.now() + HOUR_MS)
    token = link.split("/")[2]
    wrong = set()
    for i, c in enumerate(token):
        for other in ("a", "7", ".", c.upper(), "%41"):
            if other != c:
                wrong.add("/a/" + token[:i] + other + token[i + 1:])
    wrong |= {link + "a", link[:-1], "/a/" + token + token, "/a/0" + token, "/a/%20" + token, "/a/", "/a/x", "/a/1.0." + "a" * 16,
              "/a/-1.0.x", "/a/" + "9" * 200, "/a/999999999999999999999.0.aaaaaaaaaaaaaaaa"}
    wrong |= {link.replace("/a/", f"/{letter}/") for letter in "kmfdux"}
    same = set()
    for i, path in enumerate(sorted(wrong)):
        page = from_address(bed, path, f"198.51.{i // 200}.{i % 200}")
        if page.status not in (400, 404):
            raise AssertionError(f"{path}: got {page.status}, want 404")
        if page.status == 404 and path.startswith("/a/") and len(path) > 10:
            same.add(page.text)
        page = from_address(bed, path, f"198.51.{i // 200}.{i % 200}", "POST", "name=x", {"Content-Type": "application/x-www-form-urlencoded"})
        if page.status not in (400, 404, 405):
            raise AssertionError(f"POST {path}: got {page.status}, want 404")
    want("pages for what is no link differ", len(same), 1)
    want("a right link to what is not there looks the same", bed.get(bed.answer(10 ** 9)).text, same.pop())
    want("the link itself", bed.get(link).status, 200)
    want("case is the link's own", bed.get("/a/" + token.upper()).status, 200 if token.upper() == token else 404)
    want("nothing was recorded", bed.answers(ask), [])


def expired_and_withdrawn_links_say_what_to_do(bed, ask):
    page = bed.get(bed.answer(ask, bed.now() - 2 * HOUR_MS))
    want("expired", page.status, 410)
    want_in("what to do", "ответьте на письмо", page.text)
    want("expired, sent", bed.post(bed.answer(ask, bed.now() - 2 * HOUR_MS), GOOD).status, 410)
    gone = bed.ask("s2")
    bed.change("UPDATE ask SET state = 'withdrawn' WHERE id = ?", gone)
    for page in (bed.get(bed.answer(gone)), bed.post(bed.answer(gone), GOOD), bed.get(bed.cascade(gone))):
        want("withdrawn", page.status, 410)
        want_in("withdrawn", "Этот запрос отозван", page.text)
    want("nothing was recorded", (bed.answers(ask), bed.answers(gone)), ([], []))
    person = bed.expect("И. О. Фамилия", "Директор")
    bed.change("UPDATE round SET state = 'withdrawn' WHERE id = ?", bed.round)
    for path in (bed.acknowledge(person), bed.forward(bed.round), bed.answer(ask)):
        want("withdrawn with its round", bed.get(path).status, 410)
    want("no button then", bed.post(bed.acknowledge(person)).status, 410)
    want("not noted", bed.value("SELECT time_ms FROM acknowledgement WHERE id = ?", person), None)
    bed.change("UPDATE round SET state = 'open' WHERE id = ?", bed.round)


def tricks_with_requests(bed, ask):
    link = bed.answer(ask)
    for path in ("/../etc/passwd", "/a/..%2f..%2fetc%2fpasswd", "/assets/..%2fvestnik.yaml", "/assets/%2e%2e", "/.git/config",
                 "/assets/", "/d/..", "//" + link, link + "/..", "/a%00", link + "%00", "/assets/style.css%00.html"):
        page = bed.get(path)
        if page.status not in (400, 404):
            raise AssertionError(f"{path}: got {page.status}")
        want_in("calm", "text/html; charset=utf-8", page.headers["content-type"])
    for method in ("PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"):
        want(method, bed.request(method, link).status, 405)
    options = bed.request("OPTIONS", link)
    want("OPTIONS", (options.status, options.headers["allow"], options.body), (204, "GET, HEAD, POST, OPTIONS", b""))
    want("a script of ours is nowhere", bed.get("/assets/app.js").status, 404)
    policy = bed.get(link).headers["content-security-policy"]
    want_in("policy", "default-src 'self'", policy)
    want_not_in("no exceptions", "unsafe", policy)
    page = bed.get(link + "?lang=%3Cscript%3E&done=1%27%20OR%201%3D1&x=<b>")
    want("query nonsense is ignored", page.status, 200)
    want_not_in("nor shown", "<script>", page.html)
    for done in ("99", "-1", "0", "1' OR 1=1", "9" * 30):
        want(f"?done={done}", bed.get(link + "?done=" + done.replace(" ", "%20")).status in (200, 404), True)
    page = bed.request("POST", link, "{}", {"Content-Type": "application/json"})
    want("no form", page.status, 422)
    want("no cookies", [k for k in page.headers if k == "set-cookie"], [])
    want("nothing was recorded", bed.answers(ask), [])


def limits_hold(bed, ask):
    """Per address for guesses, per link for sending; the others are not bothered."""
    statuses = [from_address(bed, f"/a/{i}.0.aaaaaaaaaaaaaaaa", "203.0.113.7").status for i in range(60)]
    want("guesses end", (statuses[0], statuses[-1]), (404, 429))
    want("a right link from there", from_address(bed, bed.answer(ask), "203.0.113.7").status, 200)
    want("a neighbour's guess", from_address(bed, "/a/1.0.aaaaaaaaaaaaaaaa", "203.0.113.8").status, 404)
    page = from_address(bed, "/a/1.0.aaaaaaaaaaaaaaaa", "203.0.113.7")
    want("when to come again", page.headers.get("retry-after"), "60")
    body = "f.registered={}&f.measures=%D0%B4%D0%B0&name=%D0%AF"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    sent = [from_address(bed, bed.answer(ask), f"192.0.2.{i}", "POST", body.format(i), form).status for i in range(40)]
    want("a machine that corrects itself for ever is stopped", (sent[0], sent[-1], sent.count(303) < 30), (303, 429, True))
    other = bed.ask("s3")
    want("another link goes on", from_address(bed, bed.answer(other), "192.0.2.1", "POST", body.format(1), form).status, 303)
    crowd = [from_address(bed, "/", "2001:db8:1:2::" + format(i, "x")).status for i in range(1, 1200)]
    want("one network's share", (crowd[0], crowd[-1]), (200, 429))
    want("the next network", from_address(bed, "/", "2001:db8:1:3::1").status, 200)


with PortalBed() as bed:
    bed.store()
    ask = bed.ask("s1")
    changed_characters_open_nothing(bed, ask)
    expired_and_withdrawn_links_say_what_to_do(bed, ask)
    tricks_with_requests(bed, ask)
    limits_hold(bed, ask)
    log = bed.log_of("portal")
    for secret in (bed.answer(ask).split(".")[-1], bed.answer(ask).split("/")[2]):
        want_not_in("tokens stay out of the log", secret, log)
    want_in("the log", 'path="/a/***"', log)
