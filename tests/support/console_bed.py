"""A console with an administrator, and people who log in.

    with ConsoleBed() as bed:
        admin = bed.login()                                  # the administrator of the bed
        page = admin.get("/accounts")                        # page.status, .text, .html, .headers
        page = admin.post("/accounts", {"login": "ivanova"})  # with the csrf of the page seen last; follows a 303
        admin.post("/directory/import", files=[("file", "schools.csv", "text/csv", b"...")])
        bed.account("ivanova", "staff")                      # vestnik account add
        staff = bed.login("ivanova")
        answer = bed.api("GET", "/api/v1/campaigns", key=bed.key("campaign.read"))   # answer.status, .json

Other settings of the console: ConsoleBed(idle="1m"); of everything: bed.settings before it is entered.
`sink=True`: a mail relay that remembers; `up=True`: all services run (vestnik up), not the console alone.
"""
import html
import http.client
import json
import re
import urllib.parse

from bed import Bed, free_port, wait_for
from portal_bed import multipart, want, want_in, want_not_in  # noqa: F401

ADMIN = "admin"
PASSWORD = "gorod-more-veter-17"  # of every account of the bed


class Page:
    def __init__(self, status, headers, body, path=""):
        self.status, self.body, self.path = status, body, path
        self.all_headers = [(k.lower(), v) for k, v in headers]
        self.headers = dict(self.all_headers)

    @property
    def text(self):
        """What a reader sees, in one line."""
        return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", self.html)).split())

    @property
    def html(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def location(self):
        return self.headers.get("location")

    def field(self, name):
        """What stands in a field of the page's forms; None when there is none."""
        for tag in re.findall(r"<input\b[^>]*>", self.html):
            if re.search(rf'\bname="{re.escape(name)}"', tag):
                value = re.search(r'\bvalue="([^"]*)"', tag)
                return html.unescape(value.group(1)) if value else ""
        return None


class Visitor:
    """A browser: cookies, and the csrf of the page seen last."""

    def __init__(self, bed, source=None, headers=None):
        self.bed, self.source = bed, source
        self.headers = headers or {}
        self.cookies = {}
        self.csrf = None

    def request(self, method, path, body=None, headers=None):
        all_headers = {**self.headers, **(headers or {})}
        if self.cookies and "Cookie" not in all_headers:
            all_headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        page = self.bed.request(method, path, body, all_headers, self.source)
        for name, value in page.all_headers:
            if name == "set-cookie":
                key, rest = value.split("=", 1)
                text = rest.split(";", 1)[0]
                self.cookies[key] = text
                if text == "" or "max-age=0" in value.lower():
                    del self.cookies[key]
        if page.headers.get("content-type", "").startswith("text/html"):
            self.csrf = page.field("csrf") or self.csrf
        return page

    def get(self, path, follow=False, **headers):
        page = self.request("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        return self.get(page.location) if follow and page.status == 303 else page

    def post(self, path, fields=(), files=(), follow=True, csrf=True, headers=None):
        """fields: a dictionary or pairs; files: (field, name, type, bytes). csrf: True, of the page seen last
        (the first page is fetched when none was); False, none; a text, this one."""
        pairs = list(fields.items()) if isinstance(fields, dict) else list(fields)
        if csrf is True:
            if self.csrf is None:
                self.get("/password")
            csrf = self.csrf
        if csrf:
            pairs.insert(0, ("csrf", csrf))
        if files:
            body, all_headers = multipart(pairs, files)
        else:
            body, all_headers = urllib.parse.urlencode(pairs), {"Content-Type": "application/x-www-form-urlencoded"}
        page = self.request("POST", path, body, {**all_headers, **(headers or {})})
        return self.get(page.location) if follow and page.status == 303 else page

    def login(self, login, password=PASSWORD, next_page=None, follow=False):
        fields = {"login": login, "password": password}
        if next_page is not None:
            fields["next"] = next_page
        self.get("/login")
        page = self.post("/login", fields, follow=follow)
        self.csrf = None
        return page

    @property
    def logged_in(self):
        return self.get("/").status == 200


class ConsoleBed(Bed):
    def __init__(self, sink=False, up=False, lang="en", bed=None, **console):
        """bed: further arguments of Bed."""
        self.console = None
        self.wants_up, self.wants_sink = up, sink
        super().__init__(**(bed or {}))
        self.port = free_port()
        self.settings["lang"] = lang
        self.settings["console"] = {"listen": f"127.0.0.1:{self.port}", **console}
        self.settings.setdefault("portal", {"name": "Министерство образования"})
        self.made_keys = {}

    def __enter__(self):
        super().__enter__()
        if self.wants_sink:
            self.sink()
        self.make_topics()
        self.account(ADMIN, "admin", name="И. О. Администратор")
        if self.wants_up:
            self.up()
            self.wait_console()
        else:
            self.open_console()
        return self

    def __exit__(self, kind, *rest):
        """A console that leaked, raced or died under a sanitizer says so in its exit code."""
        code = 0
        if kind is None and self.console is not None:
            if self.console.poll() is None:
                self.console.terminate()
            code = self.console.wait(60)
            if code != 0:
                self.show_logs()
        super().__exit__(kind, *rest)
        want("the console's exit code", code, 0)

    def open_console(self):
        before = set(self.ready())
        self.console = self.service("console")
        wait_for(lambda: {r for r in self.ready() if r[0] == "console"} - before or self.console.poll() is not None,
                 "the console")
        if self.console.poll() is not None:
            raise AssertionError("the console ended: " + self.log_of("console"))

    def wait_console(self):
        wait_for(lambda: [r for r in self.ready() if r[0] == "console"], "the console")

    # ---- people -------------------------------------------------------------------------

    def account(self, login, role, name=None, password=PASSWORD):
        self.run("account", "add", login, "--role", role, "--name", name or f"И. О. {login}", "--password-file", "-",
                 text=password + "\n")

    def visitor(self, source=None, **headers):
        return Visitor(self, source, {k.replace("_", "-"): v for k, v in headers.items()})

    def login(self, login=ADMIN, password=PASSWORD, **headers):
        """A visitor who is logged in. headers: Accept_Language="en" …"""
        visitor = self.visitor(**headers)
        page = visitor.login(login, password)
        if page.status != 303:
            raise AssertionError(f"logging in as {login}: got {page.status}, want 303: {page.text[:500]}")
        return visitor

    # ---- programs ---------------------------------------------------------------------------

    def key(self, *scopes, name="test", senders=()):
        """An API key with these rights; the same one when asked again."""
        asked = (scopes, name, tuple(senders))
        if asked not in self.made_keys:
            words = [word for sender in senders for word in ("--sender", sender)]
            self.made_keys[asked] = self.json("api-key", "add", name, "--scopes", ",".join(scopes), *words)[0]["key"]
        return self.made_keys[asked]

    def api(self, method, path, body=None, key=None, headers=None, source=None):
        """body: an object (sent as JSON), bytes, or None."""
        all_headers = dict(headers or {})
        if key:
            all_headers["Authorization"] = f"Bearer {key}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body, ensure_ascii=False).encode()
            all_headers.setdefault("Content-Type", "application/json")
        return self.request(method, path, body, all_headers, source)

    # ---- HTTP ----------------------------------------------------------------------------------

    def request(self, method, path, body=None, headers=None, source=None, endless=False):
        """endless: of a stream of events only the header is read."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60,
                                                source_address=(source, 0) if source else None)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            stream = endless and (response.getheader("Content-Type") or "").startswith("text/event-stream")
            return Page(response.status, response.getheaders(), b"" if stream else response.read(), path)
        finally:
            connection.close()

    # ---- the audit log ----------------------------------------------------------------------------

    def audited(self, action=None):
        """[(actor, action, subject, facts)], oldest first."""
        return [(actor, what, subject, json.loads(facts)) for actor, what, subject, facts in self.rows(
            "SELECT actor, action, subject, facts FROM audit_entry ORDER BY number")
            if action is None or what == action]
