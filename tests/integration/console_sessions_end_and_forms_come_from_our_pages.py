#!/usr/bin/env python3
"""Who is logged in, how, and when that ends: with real HTTP against the console, in simulated time."""
import html
import itertools
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
from bed import wait_for  # noqa: E402
from console_bed import PASSWORD, ConsoleBed, want, want_in, want_not_in  # noqa: E402

NEW_PASSWORD = "reka-les-pole-41"
numbers = itertools.count(1)


def visitor(bed, **headers):
    """From an address nobody else has: its share of tries is whole."""
    n = next(numbers)
    return bed.visitor(X_Forwarded_For=f"10.7.{n >> 8}.{n & 255}", Accept_Language="en", **headers)


def logged_in(bed, login, password=PASSWORD):
    someone = visitor(bed)
    want(f"{login} logs in", someone.login(login, password).status, 303)
    return someone


def without_what_was_typed(page):
    text = re.sub(r'value="[^"]*"', "", page.html).replace(" autofocus", "")
    return re.sub(r"[a-z2-7]{32}", "TOKEN", text)


def a_new_cookie_each_time(bed):
    someone = visitor(bed)
    someone.cookies["vestnik"] = "a" * 32
    someone.cookies["vestnik-form"] = "b" * 32  # planted by somebody else, too
    page = someone.login("admin")
    want("login with planted cookies", page.status, 303)
    cookie = someone.cookies["vestnik"]
    if cookie == "a" * 32 or len(cookie) != 32:
        raise AssertionError(f"the cookie after logging in: got {cookie}")
    planted = visitor(bed)
    planted.cookies["vestnik"] = "a" * 32
    want("the planted cookie", planted.get("/").status, 303)
    flags = [v for k, v in page.all_headers if k == "set-cookie" and v.startswith("vestnik=")][0]
    for flag in ("HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=43200"):
        want_in("the cookie's flags", flag, flags)
    # Again from the same browser: the first session is over.
    someone.get("/password")
    again = someone.request("POST", "/login", f"csrf={someone.csrf}&login=admin&password={PASSWORD}",
                            {"Content-Type": "application/x-www-form-urlencoded"})
    want("logging in anew", again.status, 303)
    if someone.cookies["vestnik"] == cookie:
        raise AssertionError("logging in anew kept the cookie")
    old = visitor(bed)
    old.cookies["vestnik"] = cookie
    want("the cookie of before", old.get("/").status, 303)


def over_https_the_names_are_bound_to_the_host(bed):
    someone = visitor(bed, X_Forwarded_Proto="https")
    page = someone.login("admin")
    names = sorted(someone.cookies)
    want("cookies over HTTPS", names, ["__Host-vestnik", "__Host-vestnik-browser"])
    for name, value in page.all_headers:
        if name == "set-cookie":
            want_in("a cookie over HTTPS", "; Secure", value)
    someone.cookies = {"vestnik": someone.cookies["__Host-vestnik"]}
    want("the session under the plain name", someone.get("/").status, 303)


def what_was_stolen_is_worth_nothing_after_logging_out(bed):
    someone = logged_in(bed, "admin")
    thief = visitor(bed)
    thief.cookies = dict(someone.cookies)
    want("before", thief.get("/").status, 200)
    page = someone.post("/logout", follow=False)
    want("logging out", (page.status, page.location), (303, "/login"))
    want("after", thief.get("/").status, 303)
    thief.csrf = someone.csrf
    want("a POST after", thief.post("/password", {"current": PASSWORD}, follow=False).location, "/login")


def one_answer_for_everything_wrong(bed):
    answers = {}
    for what, login, password in (("password", "petrova", "wrong password"), ("login", "petrovb", PASSWORD),
                                  ("disabled", "gone", PASSWORD), ("not a login", "<b>", PASSWORD), ("nothing", "", ""),
                                  ("far too long", "petrova", "x" * 5000)):
        page = visitor(bed).login(login, password)
        answers[what] = (page.status, without_what_was_typed(page), sorted(k for k, _ in page.all_headers if k != "content-length"))
    for what, answer in answers.items():
        if answer != answers["password"]:
            raise AssertionError(f"the answer to a wrong {what} differs: {answer} / {answers['password']}")
    want("its status", answers["password"][0], 422)


def nobody_is_locked_out_for_ever(bed):
    owner = logged_in(bed, "petrova")
    owner.post("/logout")
    known = {k: v for k, v in owner.cookies.items() if k == "vestnik-browser"}
    want("the browser is remembered", len(known), 1)
    shut = None
    for _ in range(5):
        shut = visitor(bed).login("petrova", "wrong password")
    stranger = visitor(bed)
    locked = stranger.login("petrova", PASSWORD)
    want("the right password from a new browser", locked.status, 422)
    want("what it says", without_what_was_typed(locked), without_what_was_typed(shut))
    for what, cookie in (("of another login", logged_in(bed, "admin").cookies["vestnik-browser"]),
                         ("forged", "a" * 32 + "." + "b" * 16), ("empty", "."), ("odd", "%%%...."),
                         ("long", "a" * 3000 + "." + "b" * 16)):
        other = visitor(bed)
        other.cookies["vestnik-browser"] = cookie
        want(f"with a cookie {what}", other.login("petrova", PASSWORD).status, 422)
    owner = visitor(bed)
    owner.cookies = dict(known)
    want("from her own browser", owner.login("petrova", PASSWORD).status, 303)
    for _ in range(5):
        visitor(bed).login("petrova", "wrong password")
    page = bed.login("admin").get(f"/accounts/{bed.value('SELECT id FROM account WHERE login = ?', 'petrova')}")
    want_in("the administrator sees it", "Слишком много неверных паролей", page.text)
    bed.clock.forward(minutes=1, seconds=1)
    want("a minute later", visitor(bed).login("petrova", PASSWORD).status, 303)
    # Her browser's cookie is no way round: its tries are counted.
    thief = visitor(bed)
    statuses = []
    for _ in range(8):
        visitor(bed).login("petrova", "wrong password")
    for _ in range(7):
        thief.cookies = dict(known)
        statuses.append(thief.login("petrova", "wrong password").status)
    thief.cookies = dict(known)
    want("the right one after seven wrong with the cookie", thief.login("petrova", PASSWORD).status, 422)
    bed.run("account", "enable", "petrova")
    want("after `account enable`", visitor(bed).login("petrova", PASSWORD).status, 303)


def one_address_cannot_try_for_ever(bed):
    someone = visitor(bed)
    statuses = []
    while 429 not in statuses and len(statuses) < 200:  # ten a minute more come while we try
        statuses.append(someone.login(f"nobody{len(statuses)}", PASSWORD).status)
    if statuses[:20] != [422] * 20 or statuses[-1] != 429:
        raise AssertionError(f"tries from one address: got {statuses}, want 20 times 422 and 429 in the end")
    want("the right one is not heard any more", someone.login("admin", PASSWORD).status, 429)
    want("from another address", visitor(bed).login("admin", PASSWORD).status, 303)


def leads_only_to_our_own_pages(bed):
    for asked, led in (("/accounts?x=1&y=%2F", "/accounts?x=1&y=%2F"), ("/keys#a", "/keys#a"), ("", "/"), ("//evil.test/", "/"),
                       ("https://evil.test/", "/"), ("/\\evil.test", "/"), ("\\\\evil.test", "/"), ("/\t/evil.test", "/"),
                       ("javascript:alert(1)", "/"), ("evil.test", "/"), ("/ /x", "/"), ("/x\r\nSet-Cookie: a=b", "/"),
                       ("/%0d%0aSet-Cookie:a=b", "/%0d%0aSet-Cookie:a=b")):
        page = visitor(bed).login("admin", next_page=asked)
        want(f"next={asked!r}", (page.status, page.location), (303, led))
        want_not_in("headers", "a=b", str([h for h in page.all_headers if h[0] == "set-cookie"]))
    page = visitor(bed).get("/accounts?a=1&b=x%20y%26z&lang=en")
    want("who is not logged in", page.location, "/login?next=%2Faccounts%3Fa%3D1%26b%3Dx%2520y%2526z%26lang%3Den")
    someone = visitor(bed)
    form = someone.get(page.location)
    want("and comes back", someone.login("admin", next_page=form.field("next")).location,
         "/accounts?a=1&b=x%20y%26z&lang=en")
    for asked, led in (("%2Faccounts%3Fa%3D1", "/accounts?a=1"), ("%2F%2Fevil.test", "/"), ("%2Flogin", "/login")):
        want("the login page when logged in", someone.get("/login?next=" + asked).location, led)
    want("and without a page to go to", someone.get("/login").location, "/")
    # The other language's link leads to the same place, and a wrong password leaves the language as it is.
    link = re.search(r'class="language" href="([^"]*)"', visitor(bed).get(page.location).html).group(1)
    russian = visitor(bed).get(html.unescape(link))
    want("the page behind the link", (russian.headers["content-language"], russian.field("next")), ("ru", form.field("next")))
    reader = visitor(bed)
    page = reader.get("/login?lang=ru")
    action = html.unescape(re.search(r'<form method="post" action="([^"]*)"', page.html).group(1))
    page = reader.post(action, {"login": "admin", "password": "wrong password"})
    want("after a wrong password", (page.status, page.headers["content-language"]), (422, "ru"))
    page = visitor(bed).request("POST", "/password", "x=1", {"Content-Type": "application/x-www-form-urlencoded"})
    want("a POST of nobody", (page.status, page.location), (303, "/login"))
    page = visitor(bed, HX_Request="true").get("/accounts")
    want("a piece for nobody", (page.status, page.headers.get("hx-redirect")), (401, "/login"))
    page = visitor(bed, Accept="text/event-stream").get("/")
    want("a stream for nobody", (page.status, page.location), (401, None))


def a_password_that_was_given_out_has_to_be_changed(bed):
    made = bed.json("account", "add", "fresh", "--role", "staff", "--name", "И. О. Новая")[0]["password"]
    someone = visitor(bed)
    want("first login", someone.login("fresh", made).status, 303)
    want("the first page", someone.get("/").location, "/password")
    want("another page", someone.get("/campaigns").location, "/password")
    someone.get("/password")
    want("not for this role anyway", someone.get("/accounts").status, 403)
    for fields, says in (({"current": "x", "new": NEW_PASSWORD, "again": NEW_PASSWORD}, "not your present password"),
                         ({"current": made, "new": "short", "again": "short"}, "at least 10 characters"),
                         ({"current": made, "new": NEW_PASSWORD, "again": NEW_PASSWORD + "x"}, "different"),
                         ({"current": made, "new": made, "again": made}, "old password"), ({}, "present password")):
        page = someone.post("/password", fields)
        want(f"{fields}", page.status, 422)
        want_in("what it says", says, page.text)
        for typed in fields.values():
            if len(typed) > 5:
                want_not_in("the page", typed, page.html)
    other = visitor(bed)
    other.login("fresh", made)
    bed.clock.forward(minutes=1)
    # Too many tries with one session: the right one does not count either, until there is room again.
    page = someone.post("/password", {"current": made, "new": NEW_PASSWORD, "again": NEW_PASSWORD})
    want_in("after four wrong ones", "The password was changed", page.text)
    want("the session that did it", someone.get("/").status, 200)
    want("the other one", other.get("/").status, 303)
    want("the old password", visitor(bed).login("fresh", made).status, 422)
    want("the new one", visitor(bed).login("fresh", NEW_PASSWORD).location, "/")


def sessions_end_with_rights(bed):
    bed.account("sidorova", "approver")
    for what, command in (("another role", ("role", "sidorova", "staff")), ("a new password", ("passwd", "sidorova")),
                          ("disabling", ("disable", "sidorova")), ("ending them", ("sessions", "sidorova", "--end"))):
        bed.run("account", "enable", "sidorova")
        bed.run("account", "passwd", "sidorova", "--password-file", "-", text=PASSWORD + "\n")
        first, second = logged_in(bed, "sidorova"), logged_in(bed, "sidorova")
        want("both are in", (first.get("/").status, second.get("/").status), (200, 200))
        bed.run("account", *command)
        want(f"after {what}", (first.get("/").status, second.get("/").status), (303, 303))
    bed.run("account", "enable", "sidorova")
    bed.run("account", "passwd", "sidorova", "--password-file", "-", text=PASSWORD + "\n")
    first = logged_in(bed, "sidorova")
    bed.run("account", "role", "sidorova", "approver")
    want("after more rights", first.get("/").status, 200)
    # One from the page of another.
    page = first.get("/password")
    second = logged_in(bed, "sidorova")
    marks = re.findall(r"/password/sessions/(\w+)/end", first.get("/password").html)
    want("sessions shown", len(marks), 2)
    own = re.findall(r"/password/sessions/(\w+)/end", page.html)[0]
    theirs = [m for m in marks if m != own][0]
    want("of somebody else", logged_in(bed, "admin").post(f"/password/sessions/{theirs}/end").status, 404)
    want("still in", second.get("/").status, 200)
    first.post(f"/password/sessions/{theirs}/end")
    want("ended from the other", second.get("/").status, 303)
    want("who ended it", first.get("/").status, 200)
    admin = logged_in(bed, "admin")
    ident = bed.value("SELECT id FROM account WHERE login = ?", "sidorova")
    admin.get(f"/accounts/{ident}")
    admin.post(f"/accounts/{ident}/sessions/end")
    want("ended by the administrator", first.get("/").status, 303)


def sessions_end_by_themselves(bed):
    someone, idle = logged_in(bed, "admin"), logged_in(bed, "admin")
    for _ in range(6):
        bed.clock.forward(minutes=50)
        want("who works", someone.get("/").status, 200)
    want("who does not, for five hours", idle.get("/").status, 303)
    for _ in range(8):
        bed.clock.forward(minutes=50)
        someone.get("/")
    bed.clock.forward(minutes=40)
    want("12 h after logging in", someone.get("/").status, 303)
    rows = bed.value("SELECT count(*) FROM account_session")
    # The sweep waits on its own clock; a console that starts sweeps first.
    bed.console.terminate()
    want("the console's exit code", bed.console.wait(60), 0)
    bed.open_console()
    wait_for(lambda: bed.value("SELECT count(*) FROM account_session") < rows, "old sessions to be swept")
    want("sessions left", bed.value("SELECT count(*) FROM account_session"), 0)


def forms_of_nobody_carry_a_token_too(bed):
    plain = {"Content-Type": "application/x-www-form-urlencoded"}
    body = f"login=admin&password={PASSWORD}"
    someone = visitor(bed)
    want("without having seen the page", someone.request("POST", "/login", body, plain).status, 403)
    someone.get("/login")
    want("without its token", someone.request("POST", "/login", body, plain).status, 403)
    want("with another's", someone.request("POST", "/login", body + "&csrf=" + "a" * 32, plain).status, 403)
    good = body + "&csrf=" + someone.csrf
    want("from another site", someone.request("POST", "/login", good, {**plain, "Sec-Fetch-Site": "cross-site"}).status, 403)
    want("from another origin", someone.request("POST", "/login", good, {**plain, "Origin": "https://evil.test"}).status, 403)
    for origin, host in (("http://127.0.0.1.evil.test", None), ("http://127.0.0.1", None), (f"http://127.0.0.1:{bed.port}1", None),
                         ("https://vestnik.test.evil.test", "vestnik.test"), ("https://vestnik.test", "vestnik.test:8443"),
                         ("vestnik.test", "vestnik.test"), ("https://evil.test:8443", "vestnik.test")):
        headers = {**plain, "Origin": origin, **({"Host": host} if host else {})}
        want(f"from {origin} to {host}", someone.request("POST", "/login", good, headers).status, 403)
    bad = good.replace(PASSWORD, "wrong password")
    for origin, host in ((f"http://127.0.0.1:{bed.port}", None), ("https://vestnik.test:8443", "vestnik.test"),
                         ("https://vestnik.test", "vestnik.test"), ("https://[::1]:8443", "[::1]:8443")):
        headers = {**plain, "Origin": origin, **({"Host": host} if host else {})}
        want(f"from {origin} to {host}", someone.request("POST", "/login", bad, headers).status, 422)
    hidden = {**plain, "Origin": "null", "Sec-Fetch-Site": "same-origin"}  # what browsers send under our Referrer-Policy
    want("from our page", someone.request("POST", "/login", good, hidden).status, 303)


def odd_cookies_are_nobody(bed):
    for cookie in ("vestnik=", "vestnik", "vestnik==", "vestnik=\"quoted\"", "vestnik=a;vestnik=b", "=x", ";;;", "vestnik=" + "a" * 4000,
                   "vestnik=%00%0a", "vestnik=\xff\xfe", "vestnik=' OR 1=1 --", "a=b; " * 200 + "vestnik=x"):
        page = visitor(bed).request("GET", "/", None, {"Cookie": cookie.encode("latin-1")})
        if page.status not in (303, 400, 431):
            raise AssertionError(f"cookie {cookie[:40]!r}: got {page.status}")
    want("and the console is still there", bed.login().get("/").status, 200)


def names_are_only_text(bed):
    bed.account("mallory", "staff", name="<script>alert(1)</script>{{csrf}}")
    page = bed.login().get("/accounts")
    want_not_in("the list", "<script>alert", page.html)
    want_in("the list", "&lt;script&gt;alert(1)", page.html)
    want_in("as it was typed", "{{csrf}}", page.text)


def everything_stands_in_the_audit_log(bed):
    did = {action for _, action, _, _ in bed.audited()}
    for action in ("account.create", "account.change", "account.password", "account.disable", "account.enable", "session.open",
                   "session.close", "session.end", "session.refused"):
        if action not in did:
            raise AssertionError(f"the audit log lacks {action}: {sorted(did)}")
    refused = bed.audited("session.refused")
    want("who was refused as nobody", {(actor, facts.get("login")) for actor, _, _, facts in refused}, {("console/?", None)})
    text = str(bed.rows("SELECT actor, subject, facts FROM audit_entry")) + str(bed.rows("SELECT detail FROM audit_detail"))
    for secret in (PASSWORD, NEW_PASSWORD, "wrong password", "nobody1"):
        want_not_in("the audit log", secret, text)
        want_not_in("the service's log", secret, bed.log_of("console"))


def main():
    bed = ConsoleBed(idle="1h", session="12h")
    assert bed.clock
    with bed:
        bed.account("petrova", "staff")
        bed.account("gone", "staff")
        bed.run("account", "disable", "gone")
        a_new_cookie_each_time(bed)
        over_https_the_names_are_bound_to_the_host(bed)
        what_was_stolen_is_worth_nothing_after_logging_out(bed)
        forms_of_nobody_carry_a_token_too(bed)
        one_answer_for_everything_wrong(bed)
        leads_only_to_our_own_pages(bed)
        a_password_that_was_given_out_has_to_be_changed(bed)
        nobody_is_locked_out_for_ever(bed)
        one_address_cannot_try_for_ever(bed)
        sessions_end_with_rights(bed)
        odd_cookies_are_nobody(bed)
        names_are_only_text(bed)
        sessions_end_by_themselves(bed)
        everything_stands_in_the_audit_log(bed)


main()
