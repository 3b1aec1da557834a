"""An IMAP server that lies, floods, breaks off or talks nonsense: the mailbox is in trouble and says
so, the service lives, takes no more memory than a mail, and reads on when the server is sane."""
import os
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import mails  # noqa: E402
from bed import Bed, wait_for  # noqa: E402

HANG_UP = b"\0"  # after this answer
SELECTED = b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 20] ok\r\n"


class Server:
    """Answers commands by script(mail, word, tag, line) → bytes, None = hang up."""

    def __init__(self, script, number):
        self.script, self.commands = script, []
        self.mail = mails.bounce(None, f"school-{number}@example.org")
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            try:
                self.talk(peer)
            except OSError:
                pass
            peer.close()

    def talk(self, peer):
        peer.sendall(self.script(self.mail, "GREETING", b"*", b"") or b"* OK ready\r\n")
        for line in peer.makefile("rb"):
            tag, _, rest = line.strip().partition(b" ")
            words = rest.upper().split()
            word = (words[1] if words[:1] == [b"UID"] else words[0]).decode() if words else ""
            self.commands.append(rest.decode(errors="replace"))
            answer = self.script(self.mail, word, tag, rest)
            if answer is None:
                return
            peer.sendall(answer.removeprefix(HANG_UP))
            if answer.startswith(HANG_UP):
                return


def sane(mail, word, tag, line):
    """What a good server says; scripts change a part of it."""
    if word == "GREETING":
        return b"* OK ready\r\n"
    if word == "CAPABILITY":
        return b"* CAPABILITY IMAP4rev1\r\n" + tag + b" OK\r\n"
    if word in ("SELECT", "EXAMINE"):
        return SELECTED + tag + b" OK [READ-ONLY] done\r\n"
    if word == "SEARCH":
        return b"* SEARCH 12\r\n" + tag + b" OK\r\n"
    if word == "FETCH" and b"BODY" in line.upper():
        return b"* 1 FETCH (UID 12 BODY[] {%d}\r\n%s)\r\n" % (len(mail), mail) + tag + b" OK\r\n"
    if word == "FETCH":
        return b'* 1 FETCH (UID 12 RFC822.SIZE %d INTERNALDATE "17-Jul-2023 02:44:25 -0700")\r\n' % len(mail) + tag + b" OK\r\n"
    return tag + b" OK\r\n"


def instead(word, make, body=None):
    """sane, but for one command; body: only FETCHes of the body (True) or of the facts (False)."""
    def script(mail, at, tag, line):
        fits = at == word and (body is None or body == (b"BODY" in line.upper()))
        return make(tag, line) if fits else sane(mail, at, tag, line)
    return script


TROUBLE = {  # what the server does, and a word of what is said about it
    "wants nobody": (instead("GREETING", lambda t, _: b"* BYE too many connections\r\n"), "no connection"),
    "refuses the login": (instead("LOGIN", lambda t, _: t + b" NO no\r\n"), "login"),
    "has no such folder": (instead("EXAMINE", lambda t, _: t + b" NO [NONEXISTENT] unknown\r\n"), "EXAMINE"),
    "shows no UIDVALIDITY": (instead("EXAMINE", lambda t, _: b"* 1 EXISTS\r\n" + t + b" OK\r\n"), "UIDVALIDITY"),
    "says good-bye": (instead("SEARCH", lambda t, _: b"* BYE overload\r\n"), "overload"),
    "hangs up": (instead("SEARCH", lambda t, _: None), "lost"),
    "speaks another protocol": (instead("SEARCH", lambda t, _: b"250 2.0.0 Ok\r\n"), "not IMAP"),
    "sends a line without end": (instead("SEARCH", lambda t, _: b"* SEARCH" + b" 1" * (9 << 20)), "too long"),
    "announces a literal of 1 GB": (
        instead("FETCH", lambda t, _: b"* 1 FETCH (UID 12 BODY[] {1073741824}\r\nabc", body=True), "at most"),
    "announces more than it sends": (
        instead("FETCH", lambda t, _: HANG_UP + b"* 1 FETCH (UID 12 BODY[] {5000}\r\nFrom: a@b.test\r\n", body=True),
        "lost"),
    "refuses to fetch": (instead("FETCH", lambda t, _: t + b" BAD no\r\n"), "FETCH"),
}

def chatty(mail, word, tag, line):
    before = b"* 9 FETCH (FLAGS (\\Seen) UID 99)\r\n* 4 EXISTS\r\n" if word == "FETCH" else b""
    return before + sane(mail, word, tag, line)


ODD = {  # odd, but a mail comes of it
    "answers other mails' flags in between": chatty,
    "names mails that were passed, twice, and nonsense": instead(
        "SEARCH", lambda t, _: b"* SEARCH 12 12 3 99999999999999999999 x\r\n* SEARCH\r\n" + t + b" OK\r\n"),
    "lies about the size": instead(
        "FETCH", lambda t, _: b"* 1 FETCH (RFC822.SIZE 3 UID 12)\r\n" + t + b" OK\r\n", body=False),
    "says more than it was asked": instead(
        "EXAMINE", lambda t, _: b"* LIST () \"/\" {6}\r\n* BYE \r\n" + SELECTED + t + b" OK\r\n"),
}


def main():
    os.environ["ANSWERS_PASSWORD"] = "secret"
    cases = [(what, script, words) for what, (script, words) in TROUBLE.items()]
    cases += [(what, script, None) for what, script in ODD.items()]
    servers = [Server(script, n) for n, (_, script, _) in enumerate(cases)]
    with Bed() as bed:  # all at once: each has a thread of its own
        bed.settings["intake"] = {"poll": "200ms", "mailboxes": [
            {"name": f"box-{n}", "imap": f"imap://127.0.0.1:{server.port}", "user": "u",
             "password_env": "ANSWERS_PASSWORD"} for n, server in enumerate(servers)]}
        process = bed.service("intake")

        def row(n):
            return (bed.rows("SELECT uidvalidity, uid, trouble FROM mailbox WHERE name = ?", f"box-{n}") or [(0, 0, None)])[0]

        for n, (what, _, words) in enumerate(cases[:len(TROUBLE)]):
            said = wait_for(lambda: row(n)[2], f"trouble: {what}")
            assert words in said and row(n)[1] == 0, (what, said)
        for n, (what, _, _) in list(enumerate(cases))[len(TROUBLE):]:
            wait_for(lambda: row(n)[:2] == (7, 12), what)
        assert bed.value("SELECT count(*) FROM mail_in") == len(ODD)
        with open(f"/proc/{process.pid}/status") as f:
            peak_kb = int([line for line in f if line.startswith("VmHWM")][0].split()[1])
        assert peak_kb < 400 * 1024, peak_kb
        for server in servers:
            server.script = sane
        for n, (what, _, _) in enumerate(cases):
            wait_for(lambda: row(n)[:2] == (7, 12), f"the mail after: {what}")
        assert bed.value("SELECT count(*) FROM mail_in") == len(cases)
        asked = [c.upper() for server in servers for c in server.commands]
        assert not [c for c in asked if "BODY[" in c and "PEEK" not in c], "a mail that was read is marked as read"
        assert process.poll() is None


if __name__ == "__main__":
    main()
