#!/usr/bin/env python3
"""Every address of the running console, asked by every role, by nobody and by programs: opens exactly to whom
common/account/role.c and the routes' rights say. Every form refuses without its token. docs/reference/rights.md is
what the program prints."""
import itertools
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
from bed import BIN, SOURCE  # noqa: E402
from console_bed import PASSWORD, ConsoleBed, want, want_in  # noqa: E402
from portal_bed import multipart  # noqa: E402

PROBE = os.path.join(BIN, "rights_probe")
NOT_FOR_ROLE = "This is not for your role"
OLD_PAGE = "The page has grown old"
NOBODY_THERE = "999999"

addresses = itertools.count(1)


def elsewhere():
    """Each request from another address: it is not the throttle that is tested here."""
    n = next(addresses)
    return {"X-Forwarded-For": f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}", "Accept-Language": "en"}


def docs_are_what_the_program_prints():
    for name, lang in (("rights.md", "en"), ("rights.ru.md", "ru")):
        printed = subprocess.run([PROBE, "page", lang], capture_output=True, text=True, check=True).stdout
        with open(os.path.join(SOURCE, "docs/reference", name)) as f:
            if f.read() != printed:
                raise AssertionError(f"docs/reference/{name} differs from the program: "
                                     f"build/dev/bin/rights_probe page {lang} > docs/reference/{name}")


def example(path):
    return re.sub(r"\{\w+\}", NOBODY_THERE, path)


class Asking:
    def __init__(self, bed, table):
        self.bed, self.table = bed, table
        self.people = {}
        self.refused = 0

    def person(self, role):
        """Logged in; anew when the last answer ended it."""
        visitor = self.people.get(role)
        if visitor is None or not visitor.cookies.get("vestnik"):
            visitor = self.bed.visitor()
            visitor.headers = elsewhere()
            page = visitor.login(role, PASSWORD)
            want(f"{role} logs in", page.status, 303)
            visitor.get("/password")
            self.people[role] = visitor
        return visitor

    def ask(self, route, visitor=None, key=None, csrf=None, headers=None, body=None):
        """(status, headers, text) without reading what never ends."""
        method, path = route["method"], example(route["path"])
        all_headers = {**elsewhere(), **(headers or {})}
        if visitor is not None and visitor.cookies:
            all_headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in visitor.cookies.items())
        if key:
            all_headers["Authorization"] = "Bearer " + key
        if method != "GET" and body is None:
            body = f"csrf={csrf}".encode() if csrf else b""
            if not route["path"].startswith("/api/"):
                all_headers["Content-Type"] = "application/x-www-form-urlencoded"
        return self.bed.request(method, path, body, all_headers, endless=True)

    # ---- pages ----------------------------------------------------------------------------

    def pages_by_role(self):
        for role, rights in self.table["roles"].items():
            for route in self.table["routes"]:
                if route["path"].startswith("/api/"):
                    continue
                visitor = self.person(role)
                answer = self.ask(route, visitor, csrf=visitor.csrf)
                what = f"{route['method']} {route['path']} as {role}"
                if answer.status == 405:
                    raise AssertionError(f"{what}: got 405")
                if OLD_PAGE in answer.html:
                    raise AssertionError(f"{what}: the token of the session was refused")
                refused = NOT_FOR_ROLE in answer.html
                want(f"{what} (right {route['right']}): refused", refused, route["right"] not in rights)
                if refused:
                    want(what, answer.status, 403)
                    self.refused += 1
                elif answer.status == 303 and answer.location.startswith("/login") and route["path"] != "/logout":
                    raise AssertionError(f"{what}: got {answer.location}")
                if answer.status >= 500:
                    raise AssertionError(f"{what}: got {answer.status} {answer.text[:300]}")
                if route["path"] in ("/logout", "/login"):
                    self.people.pop(role)

    def pages_by_nobody(self):
        key = self.bed.key("campaign.read", "delivery.read", "operate.read", "metrics", "audit", "personal")
        for route in self.table["routes"]:
            if route["path"].startswith("/api/"):
                continue
            for who, with_key in (("nobody", None), ("a program", key)):
                answer = self.ask(route, key=with_key)
                what = f"{route['method']} {route['path']} as {who}"
                if route["path"] == "/metrics" and with_key:
                    want(what, answer.status, 200)
                elif route["right"] == "none" and route["method"] == "GET":
                    if answer.status in (303, 401, 403) or answer.status >= 500:
                        raise AssertionError(f"{what}: got {answer.status}")
                elif route["right"] == "none":
                    want(what, (answer.status, OLD_PAGE in answer.html), (403, True))
                else:
                    want(what, (answer.status, answer.location and answer.location.split("?")[0]), (303, "/login"))
        other = self.bed.key("campaign.read")
        for route in self.table["routes"]:
            if route["path"] == "/metrics":
                want("/metrics with a key without the right", self.ask(route, key=other).status, 403)
                want("/metrics with a key that is none", self.ask(route, key="vk_x").status, 401)

    # ---- the API ----------------------------------------------------------------------------

    def api_by_key(self):
        admin = self.person("admin")
        everything = [right for right in self.table["keys"] if right != "none"]
        for route in self.table["routes"]:
            if not route["path"].startswith("/api/"):
                continue
            right = route["right"]
            what = f"{route['method']} {route['path']} (right {right})"
            if right == "none":
                continue
            for who, answer in (("nobody", self.ask(route)),
                                ("an administrator's cookie", self.ask(route, admin, csrf=admin.csrf)),
                                ("a key that is none", self.ask(route, key="vk_aaaaaaaa_" + "a" * 32))):
                want(f"{what} with {who}", (answer.status, answer.headers["content-type"].split(";")[0]),
                     (401, "application/problem+json"))
                want_in(f"{what} with {who}", "Bearer", answer.headers["www-authenticate"])
            if right == "own":
                answers = [(True, self.ask(route, key=self.bed.key("metrics")))]
            else:
                others = [r for r in everything if r != right]
                answers = [(False, self.ask(route, key=self.bed.key(*others, name="all but " + right))),
                           (True, self.ask(route, key=self.bed.key(right, name="only " + right)))]
            for allowed, answer in answers:
                if allowed:
                    if answer.status in (401, 403, 405) or answer.status >= 500:
                        raise AssertionError(f"{what} with this right: got {answer.status} {answer.body[:300]}")
                else:
                    want(f"{what} without this right", (answer.status, answer.headers["content-type"].split(";")[0]),
                         (403, "application/problem+json"))
                    self.refused += 1

    # ---- forms ------------------------------------------------------------------------------------

    def forms_need_their_token(self):
        """No token, a wrong one, another session's, in a multipart body without one, from another site."""
        admin, other = self.person("admin"), self.person("staff")
        before = self.bed.audited()
        count = 0
        for route in self.table["routes"]:
            if route["method"] == "GET" or route["path"].startswith("/api/"):
                continue
            count += 1
            body, form = multipart([("x", "1")], [("file", "x.csv", "text/csv", b"key;name\n")] if route["files"] else [])
            good, bad = {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "cross-site"}
            tries = [("no token", {}), ("an empty one", {"csrf": ""}), ("a wrong one", {"csrf": "x" * 32}),
                     ("the cookie itself", {"csrf": admin.cookies["vestnik"]}),
                     ("another session's", {"csrf": other.csrf}),
                     ("none in multipart", {"body": body, "headers": form}),
                     ("a wrong header", {"headers": {**good, "X-CSRF-Token": "x"}}),
                     ("the right one from another site", {"csrf": admin.csrf, "headers": bad}),
                     ("the right one from a neighbour", {"csrf": admin.csrf, "headers": {"Sec-Fetch-Site": "same-site"}}),
                     ("the right one from another origin", {"csrf": admin.csrf, "headers": {"Origin": "http://evil.test"}})]
            for how, arguments in tries:
                answer = self.ask(route, admin, **arguments)
                want(f"POST {route['path']} with {how}", (answer.status, OLD_PAGE in answer.html), (403, True))
        want("entries of the audit log after all that", self.bed.audited(), before)
        return count

    def a_get_posts_nothing(self):
        paths = {(r["method"], r["path"]) for r in self.table["routes"]}
        admin = self.person("admin")
        before = self.bed.audited()
        for method, path in sorted(paths):
            if method == "GET" or ("GET", path) in paths or path.startswith("/api/"):
                continue
            answer = self.ask({"method": "GET", "path": path + "?csrf=" + admin.csrf}, admin)
            if answer.status not in (404, 405):  # 404: another route's {part} may fit the address, and finds nothing
                raise AssertionError(f"GET {path}: got {answer.status}")
        want("entries of the audit log after GETs", self.bed.audited(), before)


def main():
    docs_are_what_the_program_prints()
    with ConsoleBed(bed={"settings": {"log_level": "warn"}}) as bed:
        table = json.loads(subprocess.run([PROBE], capture_output=True, text=True, check=True).stdout)
        for role in table["roles"]:
            if role != "admin":
                bed.account(role, role)
        asking = Asking(bed, table)
        asking.pages_by_nobody()
        forms = asking.forms_need_their_token()
        asking.a_get_posts_nothing()
        asking.pages_by_role()
        asking.api_by_key()
        print(f"{len(table['routes'])} routes, {forms} forms, {asking.refused} times refused")


main()
