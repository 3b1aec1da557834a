"""A portal with a campaign's asks behind it, and a visitor who follows its links.

    with PortalBed() as bed:
        ask = bed.ask("s0000001")
        page = bed.get(bed.answer(ask))
        bed.post(bed.answer(ask), {"f.registered": "12", "name": "И. О. Фамилия"})

The rows are those the planner would have written; the links are made here, by the installation's key.
"""
import base64
import hashlib
import hmac
import html
import http.client
import json
import os
import re
import time
import urllib.parse

from bed import Bed, free_port, wait_for

FIELDS = [
    {"field": "registered", "label": "Количество участников, прошедших регистрацию", "type": "count", "required": True},
    {"field": "measures", "label": "Результаты проведённых мероприятий", "type": "text", "required": True},
    {"field": "publications", "label": "Ссылки на публикации", "type": "links"},
]
HOUR_MS = 3600 * 1000
DAY_MS = 24 * HOUR_MS


class Page:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        """What a reader sees, in one line."""
        return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", self.body.decode())).split())

    @property
    def html(self):
        return self.body.decode()


class PortalBed(Bed):
    def __init__(self, **portal):
        self.portal = None
        super().__init__()
        self.port = free_port()
        self.settings["public_url"] = f"http://127.0.0.1:{self.port}"
        self.settings["portal"] = {"listen": f"127.0.0.1:{self.port}", "name": "Министерство образования",
                                   "privacy_url": "https://ministry.example.org/privacy",
                                   "contact": "региональный координатор, +7 (000) 000-00-00", **portal}

    def __enter__(self):
        super().__enter__()
        self.make_topics()
        self.open_portal()
        return self

    def __exit__(self, kind, *rest):
        """A portal that leaked, raced or died under a sanitizer says so in its exit code."""
        code = 0
        if kind is None and self.portal is not None:
            if self.portal.poll() is None:
                self.portal.terminate()
            code = self.portal.wait(60)
            if code != 0:
                self.show_logs()
        super().__exit__(kind, *rest)
        want("the portal's exit code", code, 0)

    def open_portal(self):
        before = set(self.ready())
        self.portal = self.service("portal")
        wait_for(lambda: {r for r in self.ready() if r[0] == "portal"} - before or self.portal.poll() is not None,
                 "the portal")
        if self.portal.poll() is not None:
            raise AssertionError("the portal ended: " + self.log_of("portal"))

    # ---- links -----------------------------------------------------------------------

    @property
    def key(self):
        with open(os.path.join(self.settings["data_dir"], "vestnik.key")) as f:
            return bytes.fromhex(f.read().strip())

    def mac(self, purpose, text):
        digest = hmac.new(self.key, purpose.encode() + b"\0" + text.encode(), hashlib.sha256).digest()
        return base64.b32encode(digest[:10]).decode().lower()

    def link(self, letter, purpose, number, expires_ms=None):
        """expires_ms None: never."""
        hours = 0 if expires_ms is None else -(-expires_ms // HOUR_MS)
        text = f"{number}.{hours}"
        return f"/{letter}/{text}.{self.mac('link.' + purpose, text)}"

    def answer(self, ask, expires_ms=None):
        return self.link("a", "answer", ask, expires_ms)

    def cascade(self, ask):
        return self.link("m", "cascade", ask)

    def acknowledge(self, number):
        return self.link("k", "acknowledge", number)

    def forward(self, round_id):
        return self.link("f", "forward", round_id)

    def file(self, campaign, position):
        return self.link("d", "file", (position << 32) | campaign)

    # ---- the visitor -------------------------------------------------------------------

    def request(self, method, path, body=None, headers=None, source=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30,
                                                source_address=(source, 0) if source else None)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Page(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.request("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def post(self, path, fields=(), files=(), follow=True):
        """fields: a dictionary or pairs; files: (field, name, type, bytes). Follows to the page after."""
        pairs = list(fields.items()) if isinstance(fields, dict) else list(fields)
        if files:
            body, headers = multipart(pairs, files)
        else:
            body = urllib.parse.urlencode(pairs)
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
        page = self.request("POST", path, body, headers)
        return self.get(page.headers["location"]) if follow and page.status == 303 else page

    # ---- rows, as the planner writes them -------------------------------------------------

    def store(self, slug="flagships", fields=FIELDS, letter=None, attachments=(), schools=3, verb="просим", **keys):
        """A campaign in the store, its one round opened, schools of one municipality in the directory."""
        if not self.value("SELECT count(*) FROM organisation"):
            path = os.path.join(self.folder, "directory.csv")
            with open(path, "w") as f:
                f.write("key;name;kind;region;municipality;parent;email;contact;phone\n"
                        "m1;Управление образования Северного района;municipal-authority;Область;Северный район;;"
                        "uo@example.org;Начальник управления;+7 (000) 000-00-01\n")
                for i in range(1, schools + 1):
                    f.write(f"s{i};Школа № {i};school;Область;Северный район;m1;school-{i}@example.org;"
                            f"Директор школы № {i};+7 (000) 000-10-{i:02}\n")
            self.run("directory", "import", path)
        day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 7 * 86400))
        settings = dict(
            title="О результатах информационной поддержки конкурса",
            audience={"kinds": ["school", "municipal-authority"]},
            document={"number": "01-12/345", "date": "2026-05-15",
                      "signatory": {"position": "Заместитель министра", "name": "И. О. Фамилия"}},
            ask={"verb": verb, "answer": fields, "ways": ["link", "reply"], "deadline": day + " 18:00"})
        settings.update(keys)
        path = self.campaign(slug, letter=letter, attachments=attachments, **{k: v for k, v in settings.items() if v is not None})
        self.run("campaign", "store", path)
        campaign = self.value("SELECT id FROM campaign WHERE slug = ?", slug)
        deadline_ms = self.now() + 7 * DAY_MS
        self.change("UPDATE campaign SET state = 'running' WHERE id = ?", campaign)
        self.change("INSERT INTO round (campaign, number, label, starts_ms, deadline_ms, state) VALUES (?, 1, '', 0, ?, 'open')",
                    campaign, deadline_ms)
        self.round = self.value("SELECT id FROM round WHERE campaign = ?", campaign)
        self.campaign_id = campaign
        return campaign

    @staticmethod
    def now():
        return int(time.time() * 1000)

    def ask(self, key, level=0, parent=None, deadline_ms=None):
        organisation = self.value("SELECT id FROM organisation WHERE key = ?", key)
        assert organisation, key
        deadline_ms = deadline_ms or self.now() + 7 * DAY_MS
        self.change("INSERT INTO ask (campaign, round, organisation, level, parent, place, deadline_ms, state, opened_ms,"
                    " updated_ms) VALUES (?, ?, ?, ?, ?, 'Europe/Moscow', ?, 'open', 0, 0)",
                    self.campaign_id, self.round, organisation, level, parent, deadline_ms)
        return self.value("SELECT max(id) FROM ask")

    def expect(self, name, title, organisation=0, position=1):
        self.change("INSERT INTO acknowledgement (campaign, round, organisation, position, name, title) VALUES (?, ?, ?, ?, ?, ?)",
                    self.campaign_id, self.round, organisation, position, name, title)
        return self.value("SELECT max(id) FROM acknowledgement")

    def answers(self, ask):
        """[(version, way, state, fields, name)], oldest first."""
        return [(v, way, state, json.loads(fields), name) for v, way, state, fields, name in self.rows(
            "SELECT version, way, state, fields, name FROM answer WHERE ask = ? ORDER BY version", ask)]

    def ask_state(self, ask):
        return self.value("SELECT state FROM ask WHERE id = ?", ask)


def multipart(fields, files):
    boundary = "b0undary" + os.urandom(8).hex()
    out = b""
    for name, value in fields:
        out += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    for field, name, media_type, data in files:
        out += (f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
                f"Content-Type: {media_type}\r\n\r\n").encode() + data + b"\r\n"
    return out + f"--{boundary}--\r\n".encode(), {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def want(what, got, wanted):
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r}, want {wanted!r}")


def want_in(what, part, whole):
    if part not in whole:
        raise AssertionError(f"{what}: {part!r} is not in {whole[:3000]!r}")


def want_not_in(what, part, whole):
    if part in whole:
        raise AssertionError(f"{what}: {part!r} is in {whole[:3000]!r}")
