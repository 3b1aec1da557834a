#!/usr/bin/env python3
"""/accounts, /keys, and the same through `vestnik account` and `vestnik api-key`: what is typed wrong is told beside
its field, secrets are shown once, everything stands in the audit log."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
from console_bed import PASSWORD, ConsoleBed, want, want_in, want_not_in  # noqa: E402

MADE = r"\b[a-z]{6}-[a-z]{6}-[a-z]{6}\d\d\b"
KEY = r"\bvk_[a-z2-7]{8}_[a-z2-7]{32}\b"


def error_beside(page, field):
    """The text of the error the field is described by; None when there is none."""
    found = re.search(rf'<p class="error" id="{field}-error">([^<]*)</p>', page.html)
    described = " ".join(re.findall(r'aria-describedby="([^"]*)"', page.html)).split()
    return found.group(1) if found and f"{field}-error" in described else None


def accounts(bed, admin):
    page = admin.get("/accounts/new")
    for fields, field, says in (
            ({"login": "Иванова", "name": "И", "role": "staff"}, "login", "Latin letters"),
            ({"login": "admin", "name": "И", "role": "staff"}, "login", "already"),
            ({"login": "", "name": "И", "role": "staff"}, "login", "empty"),
            ({"login": "ivanova", "name": " ", "role": "staff"}, "name", "empty"),
            ({"login": "ivanova", "name": "И", "role": "root"}, "role", "Choose a role"),
            ({"login": "ivanova", "name": "И", "role": "staff", "address": "ivanova"}, "address", "@")):
        page = admin.post("/accounts", fields)
        want(f"{fields}", page.status, 422)
        want_in(f"{fields}", says, error_beside(page, field) or "nothing")
        want("what was typed stays", page.field("login"), fields["login"])
    want("nobody was added", bed.value("SELECT count(*) FROM account"), 1)
    page = admin.post("/accounts", {"login": "Ivanova", "name": "Иванова М. П.", "role": "staff", "address": "i@example.org"})
    want("added", page.status, 200)
    made = re.search(MADE, page.text).group(0)
    ident = bed.value("SELECT id FROM account WHERE login = ?", "ivanova")
    for path in ("/accounts", f"/accounts/{ident}"):
        want_not_in("shown once", made, admin.get(path).html)
    someone = bed.visitor(Accept_Language="en")
    want("the made password", someone.login("ivanova", made).location, "/")
    want("has to be changed", someone.get("/").location, "/password")
    admin.get(f"/accounts/{ident}")
    page = admin.post(f"/accounts/{ident}", {"name": "Иванова М. П.", "role": "operator", "address": "", "lang": "en"})
    want_in("saved", "Saved", page.text)
    want("the role", bed.value("SELECT role FROM account WHERE login = ?", "ivanova"), "operator")
    want("her session ended with the rights", someone.get("/").location, "/login")
    page = admin.post(f"/accounts/{ident}/password")
    second = re.search(MADE, page.text).group(0)
    if second == made:
        raise AssertionError("the same password again")
    want("the old one", bed.visitor(Accept_Language="en").login("ivanova", made).status, 422)
    want("the new one", bed.visitor(Accept_Language="en").login("ivanova", second).status, 303)
    admin.get(f"/accounts/{ident}")
    want_in("disabled", "disabled", admin.post(f"/accounts/{ident}/disable").text)
    want("a disabled one", bed.visitor(Accept_Language="en").login("ivanova", second).status, 422)
    admin.get(f"/accounts/{ident}")
    admin.post(f"/accounts/{ident}/enable/")  # a slash at the end is the same button
    want("enabled again", bed.visitor(Accept_Language="en").login("ivanova", second).status, 303)
    own = bed.value("SELECT id FROM account WHERE login = ?", "admin")
    admin.get(f"/accounts/{own}")
    page = admin.post(f"/accounts/{own}", {"name": "A", "role": "staff", "address": "", "lang": ""})
    want("the last administrator", page.status, 422)
    want_in("the last administrator", "last administrator", error_beside(page, "role"))
    want("disabling her", admin.post(f"/accounts/{own}/disable").status, 409)
    want("her own password is not made by a button", admin.post(f"/accounts/{own}/password", follow=False).location, "/password")
    for path in ("/accounts/0", "/accounts/x", "/accounts/99999999999999999999", "/accounts/-1"):
        want(path, admin.get(path).status, 404)


def keys(bed, admin):
    want_in("no keys", "no keys yet", admin.get("/keys").text)
    admin.get("/keys/new")
    for fields, field in (([("name", ""), ("scope", "metrics")], "name"), ([("name", "m")], "scopes"),
                          ([("name", "m"), ("scope", "account")], "scopes"), ([("name", "m"), ("scope", "own")], "scopes"),
                          ([("name", "m"), ("scope", "metrics"), ("until", "2020-01-01")], "until"),
                          ([("name", "m"), ("scope", "metrics"), ("until", "soon")], "until"),
                          ([("name", "m"), ("scope", "metrics"), ("senders", "a@example.org\nb")], "senders")):
        page = admin.post("/keys", fields)
        want(f"{fields}", (page.status, error_beside(page, field) is not None), (422, True))
    want("none was made", bed.value("SELECT count(*) FROM api_key"), 0)
    day = bed.clock.now().strftime("%Y-%m-%d")
    page = admin.post("/keys", [("name", "сайт"), ("scope", "metrics"), ("scope", "notify"), ("until", day),
                                ("senders", "a@example.org\r\nb@example.org")])
    key = re.search(KEY, page.text).group(0)
    want_not_in("shown once", key, admin.get("/keys").html)
    want_in("its name is", key[:11], admin.get("/keys").html)
    want("it opens", bed.api("GET", "/metrics", key=key).status, 200)
    want("its use is seen", bed.value("SELECT used_ms FROM api_key") is not None, True)
    want("what it was not made for", bed.api("GET", "/api/v1/campaigns", key=key).status, 403)
    bed.clock.forward(days=1)
    want("the day after its last", bed.api("GET", "/metrics", key=key).status, 401)
    bed.login()
    other = bed.key("metrics", name="monitoring")
    want("another", bed.api("GET", "/metrics", key=other).status, 200)
    admin = bed.login(Accept_Language="en")
    admin.get("/keys")
    admin.post(f"/keys/{other[3:11]}/revoke")
    want("revoked", bed.api("GET", "/metrics", key=other).status, 401)
    want("twice", admin.post(f"/keys/{other[3:11]}/revoke").status, 404)
    text = str(bed.rows("SELECT facts FROM audit_entry")) + bed.log_of("console")
    for secret in (key, other, key[12:], other[12:]):
        want_not_in("log and audit", secret, text)


def commands(bed):
    want("the list", {a["login"]: (a["role"], a["state"]) for a in bed.json("account", "list")},
         {"admin": ("admin", "active"), "ivanova": ("operator", "active")})
    want_in("for people", "ivanova", bed.run("account", "list").stdout)
    for arguments, code in ((("account", "add", "x"), 2), (("account", "add", "x", "--role", "root", "--name", "x"), 2),
                            (("account", "add", "x y", "--role", "staff", "--name", "x"), 1),
                            (("account", "role", "nobody", "staff"), 1), (("account", "role", "admin", "staff"), 1),
                            (("account", "disable", "admin"), 1), (("account", "passwd", "admin", "--password-file", "/nowhere"), 1),
                            (("api-key", "add", "x"), 2), (("api-key", "add", "x", "--scopes", "account"), 2),
                            (("api-key", "add", "x", "--scopes", "everything"), 2), (("api-key", "revoke", "aaaaaaaa"), 1),
                            (("api-key", "add", "x", "--scopes", "notify", "--sender", "nobody"), 1)):
        bed.run(*arguments, code=code)
    bed.run("account", "passwd", "ivanova", "--password-file", "-", text="short\n", code=1)
    bed.run("account", "passwd", "ivanova", "--password-file", "-", text=PASSWORD + "\n")
    bed.login("ivanova")
    want("her sessions", [s["origin"] for s in bed.json("account", "sessions", "ivanova")], ["127.0.0.1"])
    bed.run("account", "sessions", "ivanova", "--end")
    want("none any more", bed.json("account", "sessions", "ivanova"), [])
    made = bed.json("api-key", "add", "short", "--scopes", "notify,campaign.read", "--days", "1", "--sender", "a@example.org")[0]
    listed = {k["id"]: k for k in bed.json("api-key", "list")}
    want("listed", (listed[made["id"]]["scopes"], listed[made["id"]]["senders"], listed[made["id"]]["state"]),
         (["campaign.read", "notify"], ["a@example.org"], "active"))
    want_not_in("the list", made["key"][12:], bed.run("--json", "api-key", "list").stdout)
    bed.clock.forward(days=1, minutes=1)
    want("a day later", {k["id"]: k["state"] for k in bed.json("api-key", "list")}[made["id"]], "expired")
    bed.run("api-key", "revoke", made["id"])


def main():
    bed = ConsoleBed()
    assert bed.clock
    with bed:
        accounts(bed, bed.login(Accept_Language="en"))
        keys(bed, bed.login(Accept_Language="en"))
        commands(bed)
        did = {action for _, action, _, _ in bed.audited()}
        for action in ("account.create", "account.change", "account.password", "account.disable", "account.enable", "session.end",
                       "api_key.create", "api_key.revoke"):
            if action not in did:
                raise AssertionError(f"the audit log lacks {action}: {sorted(did)}")
        want("the chain holds", bed.run("audit", "verify").returncode, 0)


main()
