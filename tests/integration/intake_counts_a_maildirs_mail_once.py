"""A real Maildir: bounces reach the ledger, a forged one changes nothing, and
whatever is killed or delivered twice, each mail counts once."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import mails  # noqa: E402
from bed import Bed, kill, stop, wait_for  # noqa: E402
from dovecot import deliver  # noqa: E402

SCHOOLS = 9
ACCEPTED, DELIVERED, BOUNCED = 5, 6, 7


def state_of(bed, address):
    return bed.value("SELECT state FROM delivery WHERE address = ?", address)


def main():
    with Bed() as bed:
        maildir = os.path.join(bed.folder, "Maildir")
        for name in ("new", "cur", "tmp"):
            os.makedirs(os.path.join(maildir, name))
        bed.settings["intake"] = {"mailboxes": [{"name": "answers", "maildir": maildir}]}
        bed.sink()
        bed.services("planner", "mailer", "ledger")
        bed.directory(SCHOOLS)
        bed.launch(bed.campaign("maildir"))
        bed.wait_state("maildir", "finished")
        ids = {address: message_id for message_id, address in bed.remembered()}
        schools = sorted(ids)
        assert len(schools) == SCHOOLS, ids

        intake = bed.service("intake")
        hard = mails.bounce(ids[schools[0]], schools[0])
        deliver(maildir, hard)
        deliver(maildir, hard)  # once more under another name
        deliver(maildir, mails.bounce(ids[schools[1]], schools[1], "4.2.2", words="452 4.2.2 Mailbox full"))
        deliver(maildir, mails.bounce(ids[schools[2]], schools[2], "2.0.0", "delivered", "250 2.0.0 Ok"))
        wrong = ids[schools[3]].replace("@", "a@", 1)[1:]
        deliver(maildir, mails.bounce(wrong, schools[3]))         # a MAC that is not ours
        deliver(maildir, mails.bounce(None, schools[4]))          # names no letter
        deliver(maildir, mails.bounce(None, "stranger@nowhere.test"))
        # a bounce of our bounce report: what is inside says nothing about our letter
        inner = mails.bounce(ids[schools[5]], schools[5]).decode()
        deliver(maildir, (
            "Return-Path: <>\r\nFrom: MAILER-DAEMON@relay.test\r\nSubject: Undelivered Mail\r\nMIME-Version: 1.0\r\n"
            "Content-Type: multipart/report; report-type=delivery-status; boundary=o\r\n\r\n"
            "--o\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.test\r\n\r\n"
            "Final-Recipient: rfc822; postmaster@elsewhere.test\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
            "--o\r\nContent-Type: message/rfc822\r\n\r\n" + inner + "--o--\r\n").encode())
        deliver(maildir, b"\x7fELF\x02\x01\x01\x00 no mail at all")
        deliver(maildir, b"#!/bin/sh\nrm -rf everything\n")
        deliver(maildir, b"")
        os.symlink("/etc/passwd", os.path.join(maildir, "new", "1.link.host"))
        os.mkfifo(os.path.join(maildir, "new", "1.pipe.host"))

        recorded = 10  # the two hard ones are one mail; link and pipe are none
        wait_for(lambda: bed.value("SELECT count(*) FROM mail_in") == recorded, f"{recorded} mails")
        wait_for(lambda: len(os.listdir(os.path.join(maildir, "new"))) == 2, "new/ to be empty but for what is no mail")
        assert len(os.listdir(os.path.join(maildir, "cur"))) == recorded + 1
        wait_for(lambda: state_of(bed, schools[0]) == BOUNCED, "the hard bounce")
        wait_for(lambda: state_of(bed, schools[1]) == BOUNCED, "the soft bounce")
        wait_for(lambda: state_of(bed, schools[2]) == DELIVERED, "the report of delivery")
        assert [state_of(bed, s) for s in schools[3:]] == [ACCEPTED] * 6
        assert bed.rows("SELECT address, source FROM suppression") == [(schools[0], "intake")]
        states = dict(bed.rows("SELECT state, count(*) FROM mail_in GROUP BY state"))
        # for staff: wrong MAC, no letter, the two outer and the three that are no mail
        assert states == {"applied": 3, "review": 5, "ignored": 2}, bed.rows("SELECT kind, state, note FROM mail_in")
        kept = bed.value("SELECT count(*) FROM mail_in m JOIN blob b ON b.hash = m.raw WHERE m.state = 'review'")
        assert kept == states["review"] - 1, kept  # the empty one has nothing to keep

        # kill -9 in the middle of a heap of them, again and again: each counts once
        heap = [mails.bounce(ids[schools[6]], schools[6], words=f"452 4.2.2 full, attempt {i}", status="4.2.2")
                for i in range(300)]
        before = bed.value("SELECT count(*) FROM mail_in")
        for i, mail in enumerate(heap):
            deliver(maildir, mail, f"h{i}")
        for part in (30, 90, 180):
            wait_for(lambda: bed.value("SELECT count(*) FROM mail_in") >= before + part, f"{part} of the heap", every_s=0.001)
            kill(intake)
            bed.change("UPDATE lease SET expires_ms = 0 WHERE name = 'intake.answers'")
            intake = bed.service("intake")
        wait_for(lambda: bed.value("SELECT count(*) FROM mail_in") == before + len(heap), "the whole heap")
        wait_for(lambda: len(os.listdir(os.path.join(maildir, "new"))) == 2, "new/ empty again")
        log = bed.log_of("intake")
        assert "not_a_mail" in log
        wait_for(lambda: bed.counts("maildir") == bed.counters("maildir") == {ACCEPTED: 5, DELIVERED: 1, BOUNCED: 3},
                 "counters that agree")

        # Who complains about letters one may leave gets no more of them.
        deliver(maildir, mails.complaint(ids[schools[8]], schools[8]))
        wait_for(lambda: bed.value("SELECT reason FROM suppression WHERE address = ?", schools[8]), "the complaint")
        assert state_of(bed, schools[8]) == ACCEPTED

        # Another program opened the Maildir and moved a new mail to cur/ before we came.
        stop(intake)
        name = deliver(maildir, mails.bounce(ids[schools[7]], schools[7]))
        os.rename(os.path.join(maildir, "new", name), os.path.join(maildir, "cur", name + ":2,RS"))
        intake = bed.service("intake")
        wait_for(lambda: state_of(bed, schools[7]) == BOUNCED, "the mail somebody else had moved")
        assert os.path.exists(os.path.join(maildir, "cur", name + ":2,RS"))


if __name__ == "__main__":
    main()
