"""A story: one of the shipped campaigns from the launch to the case file, in simulated time,
with the real programs, a real SMTP server whose mailbox can be read, the real portal and a
real Maildir that intake polls.

    with Story("s3-flagships", "schools.csv", start="2023-04-10 09:30") as story:
        story.launch()
        first = story.until("2023-04-10 12:00")         # letters sent since the last look
        story.person(first.to("education-01@…")).answers(registered=12, measures="…")
        assert story.until("2023-04-21 12:00").addresses() == […]

Nothing here knows what should happen: the tests say it, day by day."""
import collections
import datetime
import email.utils
import glob
import io
import json
import os
import re
import subprocess
import sys
import time
import zipfile
from xml.etree import ElementTree

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bed import BIN, SOURCE, Bed, can_connect, free_port, skip, wait_for  # noqa: E402
from webhook_bed import Receiver  # noqa: E402

sys.path.insert(0, os.path.join(SOURCE, "deploy", "demo"))
import people  # noqa: E402
from people import Letter, browse, fill_in  # noqa: E402,F401

PYTHON = "/usr/bin/python3"  # Debian's: aiosmtpd comes as a package


def expect(what, got, want):
    if got != want:
        raise AssertionError(f"{what}:\n got  {got!r}\n want {want!r}")


class Letters(list):
    def addresses(self):
        return sorted(letter.address for letter in self)

    def to(self, address, subject=""):
        found = [letter for letter in self if letter.address == address and subject in letter.subject]
        assert len(found) == 1, f"{len(found)} letters to {address} «{subject}», want one: {found} of {len(self)}"
        return found[0]

    def about(self, subject):
        return Letters(letter for letter in self if subject in letter.subject)

    def counts(self):
        return dict(collections.Counter(letter.address for letter in self))


# ---- a sheet of a workbook ----------------------------------------------------------------

SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def cell_value(cell, strings):
    value, kind = cell.find(SHEET + "v"), cell.get("t")
    if kind == "inlineStr":
        return "".join(t.text or "" for t in cell.iter(SHEET + "t"))
    if value is None:
        return ""
    if kind == "s":
        return strings[int(value.text)]
    if kind == "str":
        return value.text or ""
    number = float(value.text)
    return int(number) if number == int(number) else number


def workbook(data):
    """name of a sheet -> its rows of values: texts are str, numbers int or float."""
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        strings = []
        if "xl/sharedStrings.xml" in book.namelist():
            for item in ElementTree.fromstring(book.read("xl/sharedStrings.xml")):
                strings.append("".join(t.text or "" for t in item.iter(SHEET + "t")))
        names = [sheet.get("name") for sheet in ElementTree.fromstring(book.read("xl/workbook.xml")).iter(SHEET + "sheet")]
        sheets = [ElementTree.fromstring(book.read(f"xl/worksheets/sheet{i}.xml")) for i in range(1, len(names) + 1)]
    return {name: [[cell_value(cell, strings) for cell in row.iter(SHEET + "c")] for row in sheet.iter(SHEET + "row")]
            for name, sheet in zip(names, sheets)}


def fill_workbook(data, **cells):
    """The same workbook with texts in cells of its first sheet, as Excel would save them: C7="да"."""
    out, path = io.BytesIO(), "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            content = old.read(item)
            if item.filename == path:
                text = content.decode()
                for cell, value in cells.items():
                    text, n = re.subn(rf'<c r="{cell}"( s="\d+")?/>', rf'<c r="{cell}"\1 t="inlineStr"><is><t>{value}</t></is></c>', text)
                    assert n == 1, f"no empty cell {cell}"
                content = text.encode()
            new.writestr(item, content)
    return out.getvalue()


# ---- the story ------------------------------------------------------------------------------

class Story:
    def __init__(self, campaign, directory, start, zone="Europe/Moscow", settings=None):
        self.folder = os.path.join(SOURCE, "config", "campaigns", campaign)
        self.directory = directory and os.path.join(SOURCE, "config", "demo", directory)
        self.start, self.zone, self.extra = start, zone, settings or {}
        self.seen, self.read = 0, []

    def __enter__(self):
        if subprocess.run([PYTHON, "-c", "import aiosmtpd"], capture_output=True, check=False).returncode != 0:
            skip("python3-aiosmtpd is not installed")
        self.bed, self.receiver = Bed({"lang": "ru", "zone": self.zone}), Receiver()
        try:
            self.set_up()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, *rest):
        self.receiver.__exit__()
        if kind is not None:
            self.tell()
        self.bed.__exit__(kind, *rest)

    def set_up(self):
        bed = self.bed
        bed.clock.zone = self.zone
        bed.clock.jump_to(self.start)
        self.mailbox = os.path.join(bed.folder, "mailbox")       # what was sent to people
        self.incoming = os.path.join(bed.folder, "incoming")     # what people send us
        for name in ("new", "cur", "tmp"):
            os.makedirs(os.path.join(self.incoming, name))
        port = free_port()
        bed.relay(port, envelope="verp", envelope_sender="bounces@ministry.example.org", reply="tagged")
        self.portal_port = free_port()
        self.public = bed.settings["public_url"] = f"http://127.0.0.1:{self.portal_port}"
        if os.path.exists(os.path.join(BIN, "vestnik-portal")):
            bed.settings["portal"] = {"listen": f"127.0.0.1:{self.portal_port}"}
        bed.settings["intake"] = {"trusted_authserv": [people.OUR_MX],
                                  "mailboxes": [{"name": "answers", "maildir": self.incoming}]}
        bed.settings.update(self.extra)
        bed.start("catcher", PYTHON, os.path.join(SOURCE, "deploy", "demo", "mail_catcher.py"), "--maildir",
                  self.mailbox, "--port", str(port), "--port-file", os.path.join(bed.folder, "catcher.port"))
        wait_for(lambda: can_connect(port), "the mail server")
        if self.directory:
            bed.run("directory", "import", self.directory)
        bed.run("webhook", "add", "--allow-private", f"http://127.0.0.1:{self.receiver.port}/events")
        bed.up()
        if os.path.exists(os.path.join(BIN, "vestnik-portal")):
            wait_for(lambda: can_connect(self.portal_port), "the portal")

    # ---- time -----------------------------------------------------------------------

    def busy(self):
        """What is due and not done yet, in words; None = nothing."""
        now, bed = self.bed.clock.now_ms(), self.bed
        for what, sql in (
                ("plan rows", "SELECT count(*) FROM plan WHERE state = 'planned' AND due_ms <= ?"),
                ("letters", "SELECT count(*) FROM schedule WHERE due_ms <= ?"),
                ("expansions", "SELECT count(*) FROM expand WHERE done = 0 AND ? > 0"),
                ("mails", None)):
            n = bed.value(sql, now) if sql else len(os.listdir(os.path.join(self.incoming, "new")))
            if n:
                return f"{n} {what}"
        return None

    def settle(self):
        """Until nothing is due and every accepted letter lies in the mailbox, looked at twice."""
        quiet, until = 0, time.monotonic() + 60
        while quiet < 2:
            quiet = quiet + 1 if self.busy() is None else 0
            assert time.monotonic() < until, f"gave up waiting at {self.bed.clock.now()}: {self.busy()}"
            time.sleep(0.05)

    def unread(self):
        """Messages of the bus that a service has still before it."""
        return sum(sum((row.get("queue") or {}).values()) for row in self.bed.json("status") if row["kind"] == "service")

    def until(self, wall):
        """Goes there; the letters sent since the last look. What the bus has kept for a week is cut
        off: nobody is to be taken months away from what he has not read."""
        wait_for(lambda: self.unread() == 0, "the bus to be read", 30)
        self.bed.clock.jump_to(wall)
        return self.letters()

    def letters(self):
        self.settle()
        names = glob.glob(os.path.join(self.mailbox, "new", "*"))
        fresh = [name for name in names if name not in self.read]
        self.read += fresh
        return Letters(sorted((Letter(name) for name in fresh), key=lambda letter: (letter.sent_ms, letter.address)))

    # ---- staff ------------------------------------------------------------------------

    def launch(self, folder=None):
        return self.bed.run("campaign", "launch", folder or self.folder, "--yes")

    def simulated(self, until):
        """What `vestnik simulate` says before anything is launched: (local time, what, level)."""
        rows = self.bed.json("simulate", self.folder, "--until", until)
        return [(self.bed.clock.text(datetime.datetime.fromisoformat(row["at"]).timestamp() * 1000, self.zone),
                 row["kind"], row["level"]) for row in rows if "at" in row and not row["overtaken"]]

    @property
    def slug(self):
        with open(os.path.join(self.folder, "campaign.yaml"), encoding="utf-8") as f:
            return re.search(r"^campaign: *(\S+)", f.read(), re.M).group(1)

    def asks(self, slug=None, round_number=1):
        """key -> (state, trouble) of every organisation that is asked."""
        return {key: (state, trouble) for key, state, trouble in self.bed.rows(
            "SELECT o.key, a.state, a.trouble FROM ask a JOIN organisation o ON o.id = a.organisation"
            " JOIN campaign c ON c.id = a.campaign JOIN round r ON r.id = a.round"
            " WHERE c.slug = ? AND r.number = ?", slug or self.slug, round_number)}

    def wait_ask(self, key, state, slug=None, round_number=1):
        wait_for(lambda: self.asks(slug, round_number).get(key, ("none", 0))[0] == state,
                 f"the ask of {key} to be {state}, it is {self.asks(slug, round_number).get(key)}", 20)

    def events(self, kind):
        """Data of the signed events of a type that reached the webhook."""
        return [json.loads(body)["data"] for _, _, body, _ in self.receiver.at("/events")
                if json.loads(body)["type"] == kind]

    def wait_events(self, kind, count):
        wait_for(lambda: len(self.events(kind)) >= count, f"{count} events {kind}", 20)
        return self.events(kind)

    def tell(self):
        """For a failed test: what the planner meant to do."""
        for row in self.bed.rows("SELECT r.number, p.kind, p.step, p.level, p.place, p.due_ms, p.state, p.letters,"
                                 " p.reason FROM plan p JOIN round r ON r.id = p.round ORDER BY p.due_ms, p.id"):
            sys.stderr.write(f"{self.bed.clock.text(row[5], self.zone)} {row}\n")

    # ---- people ------------------------------------------------------------------------

    def write(self, sender, to, subject, text, **more):
        people.deliver(people.written(sender, to, subject, text, at=self.bed.clock.now_ms() / 1000, **more), self.incoming)

    def reply(self, letter, text, **more):
        people.deliver(people.replied(letter, text, at=self.bed.clock.now_ms() / 1000, **more), self.incoming)

    def bounce(self, letter, status="5.1.1", text="550 5.1.1 User unknown"):
        """The delivery status notification of the recipient's mail server (RFC 3464)."""
        boundary, stamp = "=_bounce", email.utils.format_datetime(self.bed.clock.now())
        ident = email.utils.make_msgid(domain="mx.example.test")
        head = letter.raw.split(b"\r\n\r\n")[0] if b"\r\n\r\n" in letter.raw else letter.raw.split(b"\n\n")[0]
        returned = "\n".join(line for line in head.decode("ascii", "replace").splitlines()
                             if not line.startswith(("X-RcptTo", "X-MailFrom", "X-Peer")))
        raw = (f"From: MAILER-DAEMON@mx.example.test\nTo: {letter.envelope_from}\nSubject: Undelivered Mail\n"
               f"Delivered-To: {letter.envelope_from}\nReturn-Path: <>\nMIME-Version: 1.0\n"
               f"Date: {stamp}\n"
               f"Message-ID: {ident}\n"
               f'Content-Type: multipart/report; report-type=delivery-status; boundary="{boundary}"\n\n'
               f"--{boundary}\nContent-Type: text/plain\n\nYour message could not be delivered.\n\n"
               f"--{boundary}\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.test\n\n"
               f"Final-Recipient: rfc822; {letter.address}\nAction: failed\nStatus: {status}\n"
               f"Diagnostic-Code: smtp; {text}\n\n--{boundary}\nContent-Type: text/rfc822-headers\n\n{returned}\n\n"
               f"--{boundary}--\n")
        people.deliver(raw.replace("\n", "\r\n").encode(), self.incoming)

    def telephone(self, key, who, *fields, slug=None):
        """Staff write down what was said on the telephone."""
        return self.bed.run("answer", "set", slug or self.slug, key, *fields, "--said-by", who)
