#!/usr/bin/python3
"""People who get letters and do something with them: fill in the form behind the link in
their own letter, reply, write a letter of their own. For the demo and for the tests.

    people.py form  --maildir DIR --to ADDRESS registered=12 measures=Собрание
    people.py reply --maildir DIR --to ADDRESS --incoming DIR --text 56
    people.py link  --maildir DIR --to ADDRESS                  # of its form

The form is the portal's own page, read and sent as a browser does."""
import argparse
import email
import email.policy
import email.utils
import glob
import html
import html.parser
import mimetypes
import os
import re
import struct
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from email.message import EmailMessage

# The word of our own mail server about who really sent a mail: settings intake.trusted_authserv
OUR_MX = "mx.ministry.example.org"
# Letters of links: common/link/link.h
LINKS = {"answer": "a", "acknowledge": "k", "cascade": "m", "forward": "f", "file": "d", "sheet": "x"}


# ---- letters as they arrived -----------------------------------------------------------

class Letter:
    def __init__(self, path):
        with open(path, "rb") as f:
            self.raw = f.read()
        self.message = email.message_from_bytes(self.raw, policy=email.policy.default)
        self.address = self.message["X-RcptTo"]
        self.envelope_from = self.message["X-MailFrom"]
        self.subject = str(self.message["Subject"])
        self.id = self.message["Message-ID"]
        self.sent_ms = int(email.utils.parsedate_to_datetime(self.message["Date"]).timestamp() * 1000)

    def __repr__(self):
        return f"<{self.address}: {self.subject}>"

    def part(self, kind):
        for part in self.message.walk():
            if part.get_content_type() == kind and not part.is_attachment():
                return part.get_content().replace("\u00a0", " ")
        return ""

    @property
    def text(self):
        return self.part("text/plain")

    @property
    def html(self):
        return self.part("text/html")

    @property
    def words(self):
        """The text on one line, for looking for a sentence in it."""
        return " ".join(self.text.split())

    def attachments(self):
        return {part.get_filename(): part.get_payload(decode=True) for part in self.message.iter_attachments()}

    def links(self, purpose):
        """Addresses of the portal in the letter, each once."""
        found = re.findall(r"https?://[^\s<>\"']+/%s/[a-z0-9.]+" % LINKS[purpose], self.text + " " + self.html)
        return list(dict.fromkeys(found))

    def link(self, purpose):
        found = self.links(purpose)
        assert len(found) == 1, f"{self}: {len(found)} links to {purpose}, want one:\n{self.text}"
        return found[0]


# ---- the portal as a browser sees it -----------------------------------------------------

class FormReader(html.parser.HTMLParser):
    """The first form of a page that has a field: where it goes, and what stands in it."""

    def __init__(self, text):
        super().__init__()
        self.forms, self.form, self.select, self.area = [], None, None, None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        a = dict(attributes)
        if tag == "form":
            self.form = {"action": a.get("action", ""), "method": a.get("method", "get").lower(),
                         "enctype": a.get("enctype", ""), "fields": {}}
            self.forms.append(self.form)
        if self.form is None:
            return
        name = a.get("name")
        if tag == "input" and name:
            if a.get("type") in ("radio", "checkbox"):
                if "checked" in a:
                    self.form["fields"][name] = a.get("value", "on")
                else:
                    self.form["fields"].setdefault(name, "")
            elif a.get("type") not in ("submit", "file", "button"):
                self.form["fields"][name] = a.get("value", "")
        elif tag == "button" and name:
            self.form.setdefault("buttons", []).append((name, a.get("value", "")))
        elif tag == "textarea" and name:
            self.area = name
            self.form["fields"][name] = ""
        elif tag == "select" and name:
            self.select = name
            self.form["fields"][name] = ""
        elif tag == "option" and self.select and "selected" in a:
            self.form["fields"][self.select] = a.get("value", "")

    def handle_data(self, data):
        if self.area and self.form is not None:
            self.form["fields"][self.area] += data

    def handle_endtag(self, tag):
        if tag == "form":
            self.form = None
        elif tag == "select":
            self.select = None
        elif tag == "textarea":
            self.area = None


class Page:
    def __init__(self, url, status, body, headers):
        self.url, self.status, self.body, self.headers = url, status, body, headers
        self.html = body.decode("utf-8", "replace") if "html" in headers.get("Content-Type", "html") else ""
        text = re.sub(r"<(script|style).*?</\1>", " ", self.html, flags=re.S)
        self.words = " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).replace("\u00a0", " ").split())

    def __repr__(self):
        return f"<{self.status} {self.words[:2000]}>"

    def forms(self):
        return FormReader(self.html).forms

    def submit(self, number=0, button=None, want=200, **values):
        """Fills in the form as a person would (names as the page has them) and sends it."""
        forms = [form for form in self.forms() if form["method"] == "post"]
        assert len(forms) > number, f"no form on {self}"
        form = forms[number]
        for name in values:
            assert name in form["fields"], f"the form has no {name}: {sorted(form['fields'])}"
        fields = {**form["fields"], **{name: str(value) for name, value in values.items()}}
        if button:
            fields[button[0]] = button[1]
        return browse(urllib.parse.urljoin(self.url, form["action"] or self.url), fields,
                      multipart="multipart" in form["enctype"], want=want)


def multipart_body(fields):
    boundary = "vestnik-story-7d1f"
    out = b""
    for name, value in fields.items():
        out += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'.encode()
        if isinstance(value, tuple):
            out += f'; filename="{value[0]}"\r\nContent-Type: application/octet-stream\r\n\r\n'.encode() + value[1] + b"\r\n"
        else:
            out += b"\r\n\r\n" + str(value).encode() + b"\r\n"
    return out + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def browse(url, fields=None, multipart=False, want=200):
    """GET, or POST of fields; redirects are followed. want: the status, None = any."""
    data, headers = None, {"Accept-Language": "ru"}
    if fields is not None:
        if multipart:
            data, headers["Content-Type"] = multipart_body(fields)
        else:
            data = urllib.parse.urlencode(fields).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=30) as r:
            page = Page(r.url, r.status, r.read(), r.headers)
    except urllib.error.HTTPError as refused:
        page = Page(url, refused.code, refused.read(), refused.headers)
    assert want is None or page.status == want, f"{url}: got {page.status}, want {want}: {page}"
    return page


# ---- mail ---------------------------------------------------------------------------------

def now():
    """Of the services, in simulated time, too."""
    offset_ms = 0
    if os.environ.get("VESTNIK_CLOCK"):
        with open(os.environ["VESTNIK_CLOCK"], "rb") as f:
            offset_ms = struct.unpack("=q", f.read(8))[0]
    return time.time() + offset_ms / 1000


def written(sender, to, subject, text, files=(), dmarc="pass", at=None, **headers):
    """A person's mail, as our mail server took it. files: (name, bytes)."""
    message = EmailMessage()
    message["Authentication-Results"] = f"{OUR_MX}; dmarc={dmarc} header.from={sender.split('@')[1]}"
    message["Delivered-To"] = email.utils.parseaddr(to)[1]
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"] = email.utils.formatdate(now() if at is None else at)
    message["Message-ID"] = email.utils.make_msgid(domain=sender.split("@")[1])
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    for name, data in files:
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        message.add_attachment(data, maintype=kind.split("/")[0], subtype=kind.split("/")[1], filename=name)
    return message


def replied(letter, text, sender=None, **more):
    """As a mail program replies: the old text quoted below, to Reply-To."""
    quoted = "\n".join("> " + line for line in letter.text.splitlines())
    date = letter.message["Date"].datetime.strftime("%d.%m.%Y %H:%M")
    return written(sender or letter.address, str(letter.message["Reply-To"] or letter.message["From"]),
                   "Re: " + letter.subject, f"{text}\n\n{date}, {letter.message['From']} пишет:\n{quoted}\n",
                   In_Reply_To=letter.id, References=letter.id, **more)


def deliver(message, maildir):
    """Puts a mail where the ministry's mail server would: whole, or not at all."""
    name = f"{time.time_ns()}.{os.getpid()}.people"
    raw = message if isinstance(message, bytes) else message.as_bytes(policy=email.policy.SMTP)
    with open(os.path.join(maildir, "tmp", name), "wb") as f:
        f.write(raw)
    os.rename(os.path.join(maildir, "tmp", name), os.path.join(maildir, "new", name))


# ---- the command --------------------------------------------------------------------------

# Names of the answer form's inputs (services/portal).
SENDER, PHONE, FIELD = "name", "phone", "f."


def fill_in(letter, name="И. О. Фамилия", phone="+7 (000) 000-00-00", **values):
    """Opens the letter's own form, fills it in, sends it; the page that follows."""
    page = browse(letter.link("answer"))
    return page.submit(**{SENDER: name, PHONE: phone, **{FIELD + k: v for k, v in values.items()}})


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["form", "reply", "link"])
    parser.add_argument("--maildir", required=True, help="where the letters are")
    parser.add_argument("--to", required=True, help="whose letter")
    parser.add_argument("--incoming", help="reply: where the ministry's mail arrives")
    parser.add_argument("--text", help="reply: what is written")
    parser.add_argument("fields", nargs="*", help="form: field=value")
    options = parser.parse_intermixed_args()
    letters = [Letter(path) for path in sorted(glob.glob(os.path.join(options.maildir, "new", "*")))]
    mine = [letter for letter in letters if letter.address == options.to and letter.links("answer")]
    if not mine:
        sys.exit(f"people: no letter to {options.to} in {options.maildir}")
    if options.what == "reply":
        deliver(replied(mine[0], options.text), options.incoming)
    elif options.what == "link":
        print(mine[0].link("answer"))
    else:
        fill_in(mine[0], **dict(field.split("=", 1) for field in options.fields))


if __name__ == "__main__":
    main()
