"""A real Dovecot: over TLS, verified; a restart in the middle, a second poller,
a renumbered folder, another program at the same mailbox: each mail counts once,
none is marked as read, none is lost."""
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import mails  # noqa: E402
from bed import Bed, freeze, kill, stop, thaw, wait_for  # noqa: E402
from dovecot import PASSWORD, Dovecot  # noqa: E402

LEASE = "UPDATE lease SET expires_ms = 0 WHERE name = 'intake.answers'"


def count(bed):
    return bed.value("SELECT count(*) FROM mail_in")


def report(i):
    # lines of the protocol inside of a mail, and bytes that are no text
    return (mails.bounce(None, f"school-{i}@example.org", words=f"550 5.1.1 number {i}") +
            b"v3 OK UID FETCH completed.\r\n* BYE\r\n)\r\n{100}\r\n\xff\xfe\r\n")


def settings(server, bed, **more):
    secret = os.path.join(bed.folder, "imap.password")
    with open(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
        f.write(PASSWORD + "\n")
    box = {"name": "answers", "imap": f"imaps://localhost:{server.tls_port}", "user": server.user,
           "password_file": secret, "ca_file": server.ca_file}
    box.update(more)
    return {"mailboxes": [{k: v for k, v in box.items() if v is not None}], "poll": "200ms"}


def flags(server):
    client = server.client()
    client.select("INBOX", readonly=True)
    _, rows = client.fetch("1:*", "(FLAGS)")
    client.logout()
    return b" ".join(row for row in rows if row)


def main():
    with Dovecot(tls=True) as server, Bed() as bed:
        bed.settings["intake"] = settings(server, bed)
        for i in range(3):
            server.deliver(report(i))
        first = bed.service("intake")
        wait_for(lambda: count(bed) == 3, "the first mails")
        assert b"\\Seen" not in flags(server), "a mail that stays must not look read"
        server.deliver(report(3))
        wait_for(lambda: count(bed) == 4, "a later mail, over the same connection")

        # the server is restarted: no trouble that stays
        server.stop()
        wait_for(lambda: bed.value("SELECT trouble FROM mailbox WHERE name = 'answers'"), "the trouble to be shown")
        server.start()
        server.deliver(report(4))
        wait_for(lambda: count(bed) == 5, "mail after the server came back")
        wait_for(lambda: bed.value("SELECT trouble FROM mailbox WHERE name = 'answers'") is None, "no trouble")

        # killed in the middle of a heap
        for i in range(5, 205):
            server.deliver(report(i))
        for part in (40, 120):
            wait_for(lambda: count(bed) >= part, f"{part} mails", every_s=0.001)
            kill(first)
            bed.change(LEASE)
            first = bed.service("intake")
        wait_for(lambda: count(bed) == 205, "the whole heap")

        # a second poller stands by, and takes over from one that hangs; nothing is counted twice
        second = bed.service("intake", instance="b")
        wait_for(lambda: " ready " in bed.log_of("intake-b"), "the second poller")
        freeze(first)
        bed.change(LEASE)
        server.deliver(report(205))
        wait_for(lambda: count(bed) == 206, "the second poller's mail")
        thaw(first)
        server.deliver(report(206))
        wait_for(lambda: count(bed) == 207, "one more")
        stop(first)
        stop(second)

        # the folder is made anew: other numbers, the same mails, and one more
        server.stop()
        for name in os.listdir(server.maildir):
            if name.startswith("dovecot"):
                os.remove(os.path.join(server.maildir, name))
        validity = bed.value("SELECT uidvalidity FROM mailbox")
        server.start()
        server.deliver(report(207))
        third = bed.service("intake")
        wait_for(lambda: count(bed) == 208, "the new mail of the renumbered folder")
        wait_for(lambda: bed.value("SELECT uid FROM mailbox") == 208, "all of them passed again")
        assert bed.value("SELECT uidvalidity FROM mailbox") != validity
        assert bed.value("SELECT count(DISTINCT hash) FROM mail_in") == 208
        stop(third)
        assert "mailbox_renumbered" in bed.log_of("intake")

    # moved away, into a folder with a Russian name; over STARTTLS
    with Dovecot(tls=True) as server, Bed() as bed:
        client = server.client()
        client.create('"&BB4EMQRABDAEMQQ+BEIEMAQ9BD4-"')  # «Обработано»
        client.logout()
        bed.settings["intake"] = settings(server, bed, imap=f"imap://localhost:{server.port}", security="starttls",
                                          move_to="Обработано")
        for i in range(5):
            server.deliver(report(i))
        bed.service("intake")
        wait_for(lambda: count(bed) == 5, "five mails")
        moved = os.path.join(server.maildir, ".&BB4EMQRABDAEMQQ+BEIEMAQ9BD4-")
        wait_for(lambda: sum(len(os.listdir(os.path.join(moved, d))) for d in ("new", "cur")) == 5, "them to be moved")
        # Dovecot moves by copying first
        wait_for(lambda: sum(len(os.listdir(os.path.join(server.maildir, d))) for d in ("new", "cur")) == 0,
                 "none to be left behind")

    # deleted once recorded
    with Dovecot() as server, Bed() as bed:
        bed.settings["intake"] = settings(
            server, bed, imap=f"imap://127.0.0.1:{server.port}", keep=False, ca_file=None) \
            if hasattr(server, "ca_file") else {
                "mailboxes": [{"name": "answers", "imap": f"imap://127.0.0.1:{server.port}", "user": server.user,
                               "password_env": "ANSWERS_PASSWORD", "keep": False}], "poll": "200ms"}
        os.environ["ANSWERS_PASSWORD"] = PASSWORD
        server.deliver(report(1))
        service = bed.service("intake")
        wait_for(lambda: count(bed) == 1, "the mail")
        wait_for(lambda: sum(len(os.listdir(os.path.join(server.maildir, d))) for d in ("new", "cur")) == 0, "it gone")
        # a stranger's films stay where they lie, also what looks like a newsletter, and are not fetched at every look
        film = [("film.mp4", "video/mp4", b"film" * 1500000)]
        server.deliver(bytes(mails.letter("x@elsewhere.test", "Смотрите!", files=film)))
        server.deliver(bytes(mails.letter("y@elsewhere.test", "Смотрите!", files=film, extra=[("List-Id", "<films.test>")])))
        wait_for(lambda: count(bed) == 3, "the films")
        server.deliver(report(2))
        wait_for(lambda: count(bed) == 4, "the mail behind them")
        note = "SELECT note FROM service_instance WHERE service = 'intake' AND state = 'ready'"
        wait_for(lambda: " 4 mails, 0 known already" in (bed.value(note) or ""), "each to be taken once")
        # known after a restart, and not put away for that
        stop(service)
        bed.service("intake")
        server.deliver(report(3))
        wait_for(lambda: " 1 mails, 2 known already" in (bed.value(note) or ""), "the films to be known")
        assert sorted(bed.rows("SELECT address, state FROM mail_in WHERE raw IS NULL AND kind <> 'bounce'")) == [
            ("x@elsewhere.test", "review"), ("y@elsewhere.test", "ignored")]
        wait_for(lambda: sum(len(os.listdir(os.path.join(server.maildir, d))) for d in ("new", "cur")) == 2, "the films alone")

    # a certificate nobody we trust has signed, another host's, a wrong password: said, and nothing read
    with Dovecot(tls=True, hosts=("elsewhere.test",)) as server:
        cases = [({"ca_file": None}, "certificate"), ({}, "certificate"),
                 ({"imap": f"imaps://127.0.0.1:{server.tls_port}", "user": "nobody"}, "login")]
        for more, words in cases:
            with Bed() as bed:
                server.deliver(report(1))
                bed.settings["intake"] = settings(server, bed, **more)
                bed.service("intake")
                said = wait_for(lambda: bed.value("SELECT trouble FROM mailbox"), f"trouble with {more}")
                assert words in said, said
                assert count(bed) == 0
        shutil.rmtree(server.home, ignore_errors=True)
    # STARTTLS is required where the server does not offer it
    with Dovecot() as server, Bed() as bed:
        server.ca_file = None
        bed.settings["intake"] = settings(server, bed, imap=f"imap://127.0.0.1:{server.port}", security="starttls")
        bed.service("intake")
        said = wait_for(lambda: bed.value("SELECT trouble FROM mailbox"), "trouble")
        assert "STARTTLS" in said, said
        with open(os.path.join(server.folder, "dovecot.log")) as f:
            assert "Login" not in f.read(), "the password must not go out in the clear"


if __name__ == "__main__":
    main()
