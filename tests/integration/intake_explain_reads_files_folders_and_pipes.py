"""`vestnik intake explain`: one object per recipient from files, folders, mbox and
standard input; what is no mail is said and stops nothing; a letter is named
only when its mark was made with this installation's key."""

import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
import tempfile

BIN = os.path.join(os.environ["VESTNIK_BIN"], "vestnik")
KEY = bytes(range(32))
BOUNCE = """From: MAILER-DAEMON@relay.example.org
Subject: Undelivered
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

failed
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example.org

Final-Recipient: rfc822; school@example.org
Action: failed
Status: 5.1.1

--b
Content-Type: text/rfc822-headers

Message-ID: <%s@ministry.example.org>

--b--
"""
REPLY = "From: school@example.org\nTo: outreach@ministry.example.org\nSubject: Re: contest\n\n25\n"


def tag(delivery, dispatch, key=KEY):
    text = f"{delivery}.{dispatch}"
    mac = hmac.new(key, b"letter\0" + text.encode(), hashlib.sha256).digest()[:10]
    return text + "." + base64.b32encode(mac).decode().lower()


def write(folder, name, text):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())
    return path


def explain(config, *paths, given=b"", options=("--json",), code=0):
    run = subprocess.run([BIN, "--config", config, "intake", "explain", *options, *paths], input=given,
                         capture_output=True, timeout=120)
    if run.returncode != code:
        sys.exit(f"{paths}: got exit {run.returncode}, want {code}: {run.stderr.decode()}")
    if "--text" in options:
        return run.stdout.decode(), run.stderr.decode()
    return [json.loads(line) for line in run.stdout.decode().splitlines()], run.stderr.decode()


def want(got, **members):
    for name, value in members.items():
        if got.get(name) != value:
            sys.exit(f"{name}: got {got.get(name)!r}, want {value!r} in {got}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "data")
        config = write(folder, "vestnik.yaml", f"data_dir: {data}\n")
        ours = write(folder, "ours.eml", BOUNCE % tag(42, 0))

        # No key yet: nothing is ours, and none is made.
        (one,), _ = explain(config, ours)
        want(one, file=ours, kind="bounce", recipient="school@example.org", action="failed", status="5.1.1",
             **{"class": "hard"}, delivery=None, matched_by="address")
        if os.path.exists(data):
            sys.exit("explaining made a data folder")

        write(data, "vestnik.key", KEY.hex() + "\n")
        (one,), _ = explain(config, ours)
        want(one, delivery=42, dispatch=0, matched_by="message-id", forged=False)
        (one,), _ = explain(config, write(folder, "forged.eml", BOUNCE % tag(42, 0, b"x" * 32)))
        want(one, delivery=None, matched_by="address", forged=True, kind="bounce")
        (one,), _ = explain(config, "-", given=(f"Delivered-To: b+{tag(7, 3)}@x.example.org\n" + REPLY).encode())
        want(one, file="-", kind="reply", recipient="school@example.org", action=None, status=None,
             **{"class": "none"}, delivery=7, dispatch=3, matched_by="verp")

        # Programs read a pipe without --json, too; people ask for text.
        (one,), _ = explain(config, ours, options=())
        want(one, delivery=42)
        text, _ = explain(config, ours, options=("--text", "--lang", "ru"))
        if "письмо 42" not in text or "не доставлено" not in text:
            sys.exit(f"text: got {text!r}")

        # What is no mail is said, the others go on.
        bad = [write(folder, "empty", b""), write(folder, "binary", b"\x7fELF\0\0\0\0" * 100),
               write(folder, "notes.yaml", "campaign: x\ntitle: y\n"), os.path.join(folder, "missing"), "/dev/zero"]
        huge = os.path.join(folder, "huge")
        with open(huge, "wb") as f:
            f.write(REPLY.encode())
            f.truncate(10 << 30)
        hole = os.path.join(folder, "hole")
        with open(hole, "wb") as f:
            f.truncate(10 << 30)
        got, said = explain(config, *bad, huge, hole, ours, code=1)
        if len(got) != 1:
            sys.exit(f"got {len(got)} objects beside bad files, want 1: {got}")
        want(got[0], file=ours, kind="bounce")
        for path in (*bad, huge, hole):
            if path not in said:
                sys.exit(f"nothing was said about {path}: {said}")

        # A name of any bytes, an address of too many: still JSON.
        strange = os.path.join(folder.encode(), b"\xff\xfe.eml")
        with open(strange, "wb") as f:
            f.write((BOUNCE % "x").replace("school@example.org", "я" * 300).encode())
        (one,), _ = explain(config, strange)
        want(one, kind="bounce", status="5.1.1", delivery=None, inner=False)

        # Folders, Maildir, mbox.
        box = os.path.join(folder, "box")
        write(box, "new/1.eml", REPLY)
        write(box, "cur/2.eml:2,S", BOUNCE % tag(43, 0))
        write(box, "tmp/3.eml", REPLY)
        write(box, ".hidden/4.eml", REPLY)
        got, _ = explain(config, box)
        if [(o["kind"], o["delivery"]) for o in got] != [("bounce", 43), ("reply", None)]:
            sys.exit(f"Maildir: got {got}")
        mark = "From school@example.org Thu May 15 10:00:00 2023\n"
        mbox = write(folder, "mbox", (mark + REPLY + "\n>From me\n\n") * 2 + mark + BOUNCE % tag(44, 0))
        got, _ = explain(config, mbox)
        if [(o["file"], o["kind"], o["delivery"]) for o in got] != [
                (mbox + "#1", "reply", None), (mbox + "#2", "reply", None), (mbox + "#3", "bounce", 44)]:
            sys.exit(f"mbox: got {got}")
        fifo = os.path.join(folder, "fifo")
        os.mkfifo(fifo)
        explain(config, fifo, code=1)
        explain(config, code=2)
    print("files, folders, mbox and standard input are explained; forged marks are not believed")


main()
