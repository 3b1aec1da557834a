"""deploy/quickstart.sh with programs that are built already: the demo campaign goes round the
loop, letters arrive at a real SMTP server (aiosmtpd) and signed events at the receiver; what it
says to look at is there; run again, in the other language, nothing is sent twice. Packages and
build are not tested here."""

import email
import email.policy
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

BIN, SOURCE = os.environ["VESTNIK_BIN"], os.environ["VESTNIK_SOURCE"]
PYTHON = "/usr/bin/python3"  # the script's: Debian's, for its packages
FIRST = 110
# and a receipt, 3 reminders of 100 schools, 3 of 8 municipalities, the report, the silent
LETTERS = FIRST + 1 + 300 + 24 + 1 + 1
PATIENCE_S = 240


def quickstart(demo, locale):
    environment = dict(os.environ, VESTNIK_BIN=BIN, VESTNIK_DEMO_DIR=demo, LC_ALL=locale)
    done = subprocess.run([os.path.join(SOURCE, "deploy", "quickstart.sh")], env=environment, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE_S)
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def letters(demo):
    folder = os.path.join(demo, "Maildir", "new")
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as f:
            letter = email.message_from_binary_file(f, policy=email.policy.default)
        if "relay check" not in letter["Subject"]:
            yield letter


def logs_in(said):
    """The console's address, login and password as they are shown."""
    words = said.split()
    url = next(word for word in words if word.startswith("http://") and word.endswith("/"))
    password = words[next(i for i, word in enumerate(words) if word in ("пароль", "password")) + 1]
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with browser.open(url, timeout=30) as page:
        assert page.url.startswith(url + "login"), page.url
        csrf = re.search(r'name="csrf" value="([^"]+)"', page.read().decode())[1]
    form = urllib.parse.urlencode({"csrf": csrf, "login": "demo", "password": password, "next": "/campaigns"}).encode()
    with browser.open(url + "login", form, timeout=30) as page:
        shown = page.read().decode()
    assert page.url == url + "campaigns" and "flagships-2023" in shown, (page.url, shown[:2000])


def check(demo, said):
    got = list(letters(demo))
    assert len(got) == LETTERS, f"{len(got)} letters, want {LETTERS}"
    assert len({letter["Message-ID"] for letter in got}) == LETTERS
    first = [letter for letter in got if letter["Date"].datetime.strftime("%d.%m") == "10.04"]
    assert len(first) == len({letter["X-RcptTo"] for letter in first}) == FIRST, "a recipient got two"
    report, = [letter for letter in got if letter["X-RcptTo"] == "head@ministry.example.org"]
    assert [part.get_filename() for part in report.iter_attachments() if part.get_filename().endswith(".xlsx")], report
    for letter in first:
        assert "bounces+" in letter["X-MailFrom"], letter["X-MailFrom"]
        assert list(letter.iter_attachments()), f"{letter['X-RcptTo']}: no attachment"
    with open(os.path.join(demo, "webhook-events.jsonl"), encoding="utf-8") as f:
        events = [json.loads(line) for line in f]
    accepted = {e["data"]["key"] for e in events if e["type"] == "vestnik.delivery.accepted"}
    assert len(accepted) == LETTERS, f"{len(accepted)} accepted events, want {LETTERS}"
    assert {e["data"]["state"] for e in events if e["type"].startswith("vestnik.ask.")} == {"confirmed", "received"}
    logs_in(said)
    shown = [word for word in said.split() if word.startswith(demo) and "Maildir/new/" in word]
    assert len(shown) == 1 and os.path.exists(shown[0]), f"no letter to look at: {shown}"
    for name in ("vestnik.yaml", "webhook-events.jsonl", "data/log/vestnik.log", "report.html"):
        path = os.path.join(demo, name)
        assert path in said and os.path.exists(path), f"{path} is not there or not said"


def stop(demo):
    subprocess.run([os.path.join(BIN, "vestnik"), "--config", os.path.join(demo, "vestnik.yaml"), "down"],
                   capture_output=True, timeout=PATIENCE_S, check=False)
    for name in ("mail_catcher", "webhook_receiver"):
        try:
            with open(os.path.join(demo, "run", name + ".pid"), encoding="ascii") as f:
                os.kill(int(f.read()), 15)
        except (OSError, ValueError):
            pass


def main():
    if subprocess.run([PYTHON, "-c", "import aiosmtpd"], capture_output=True, check=False).returncode != 0:
        print("skipped: python3-aiosmtpd is not installed")
        sys.exit(77)
    folder = tempfile.mkdtemp(prefix="vestnik-quickstart-")
    demo = os.path.join(folder, "demo")
    try:
        said = quickstart(demo, "ru_RU.UTF-8")
        assert f"Готово: писем на почтовом сервере — {LETTERS}" in said, said[-2000:]
        check(demo, said)
        said = quickstart(demo, "C.UTF-8")
        assert f"Done: {LETTERS} letters at the mail server" in said, said[-2000:]
        check(demo, said)
        print("ok")
    finally:
        stop(demo)
        shutil.rmtree(folder, ignore_errors=True)


main()
