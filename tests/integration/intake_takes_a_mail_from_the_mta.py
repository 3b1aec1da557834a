"""One mail on standard input, as an alias or pipe of the MTA hands it over: recorded once
whatever comes first, exit codes the MTA understands, nothing lost while something is away.
And every real bounce there is, scripts, noise, 64 MB: each becomes one row, nothing falls over."""
import glob
import os
import random
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import mails  # noqa: E402
from bed import BIN, SOURCE, Bed, wait_for  # noqa: E402
from dovecot import deliver  # noqa: E402

OK, USAGE, DATAERR, TEMPFAIL = 0, 64, 65, 75
MB = 1024 * 1024


def hand_over(bed, mail, *words, config=None, environment=None):
    done = subprocess.run([os.path.join(BIN, "vestnik-intake"), "--stdin", "--config", config or bed.config, *words],
                          input=mail, capture_output=True, timeout=120,
                          env={**bed.environment(), **(environment or {})})
    return done.returncode, done.stderr.decode()


def count(bed):
    return bed.value("SELECT count(*) FROM mail_in")


def from_the_mta(bed):
    bed.services("planner", "mailer", "ledger")
    bed.directory(3)
    bed.launch(bed.campaign("mta"))
    bed.wait_state("mta", "finished")
    ids = {address: message_id for message_id, address in bed.remembered()}
    first, second, third = sorted(ids)

    mail = mails.bounce(ids[first], first)
    assert hand_over(bed, mail)[0] == OK
    wait_for(lambda: bed.value("SELECT state FROM delivery WHERE address = ?", first) == 7, "the bounce")
    # handed over again after a crash: with another moment in its first line, other line ends, other hops
    again = (b"From MAILER-DAEMON  Tue May 30 10:00:00 2023\nReturn-Path: <>\nX-Original-To: a@b.test\n"
             b"Received: from x by y;\n\tTue, 30 May 2023\n" +
             mail.replace(b"\r\n", b"\n").removeprefix(b"Return-Path: <>\n"))
    assert hand_over(bed, again)[0] == OK
    assert count(bed) == 1, bed.rows("SELECT hash FROM mail_in")

    # the envelope's recipient names the letter, the mail does not (VERP)
    tag = ids[second].split("@")[0]
    assert hand_over(bed, mails.bounce(None, second), "--recipient", f"bounces+{tag}@ministry.example.org")[0] == OK
    assert bed.value("SELECT matched FROM mail_in ORDER BY id DESC LIMIT 1") == "verp"
    tag = ids[third].split("@")[0]
    code, _ = hand_over(bed, mails.bounce(None, third), environment={"ORIGINAL_RECIPIENT": f"b+{tag.upper()}@x.test"})
    assert code == OK
    wait_for(lambda: bed.value("SELECT count(*) FROM delivery WHERE state = 7") == 3, "all three")

    # what a person can mend is tried again by the MTA; nothing is bounced, nothing is lost
    broken = os.path.join(bed.folder, "broken.yaml")
    with open(broken, "w") as f:
        f.write("intake: {mailboxs: []}\n")
    code, said = hand_over(bed, mail, config=broken)
    assert code == TEMPFAIL and "mailboxs" in said, (code, said)
    away = os.path.join(bed.folder, "away.yaml")
    with open(away, "w") as f:
        f.write(f"data_dir: {bed.folder}/away\nstore_url: postgresql://nobody@127.0.0.1:1/none\n"
                "bus_url: kafka://127.0.0.1:1\n")
    code, said = hand_over(bed, mail, config=away)
    assert code == TEMPFAIL and said, (code, said)
    assert hand_over(bed, b"")[0] == TEMPFAIL
    assert hand_over(bed, mail, "--recipent", "x")[0] == USAGE
    code, said = hand_over(bed, b"From: a@b.test\n\n" + b"x" * (64 * MB))
    assert code == DATAERR and "64 MB" in said, (code, said)
    before = count(bed)
    assert hand_over(bed, b"#!/bin/sh\necho no mail\n")[0] == OK  # it is here now: staff see it
    assert bed.value("SELECT state FROM mail_in ORDER BY id DESC LIMIT 1") == "review"
    assert count(bed) == before + 1


def every_real_one(bed, maildir):
    found = sorted(glob.glob(os.path.join(SOURCE, "../shared/bounces/mails/*")))
    before = count(bed)
    for path in found:
        with open(path, "rb") as f:
            deliver(maildir, f.read(), os.path.basename(path)[:60])
    # and what is none, or broken: cut anywhere, bytes changed, parts in parts
    chance = random.Random(7)
    noise = []
    for i in range(60):
        with open(found[i % len(found)], "rb") as f:
            mail = bytearray(f.read()[:200000])
        for _ in range(20):
            mail[chance.randrange(len(mail))] = chance.randrange(256)
        noise.append(bytes(mail[:chance.randrange(1, len(mail))]) if i % 2 else bytes(mail))
    deep = b"From: a@b.test\n" + b"".join(
        b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (i, i) for i in range(300))
    noise += [deep, b"From: a@b.test\nSubject: x\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 3000,
              b"From: a@b.test\n\n" + "25 участников ".encode() * 300000, os.urandom(100000),
              b"From: a@b.test\n" + b"X: y\n" * 50000 + b"\ntext\n"]
    for i, mail in enumerate(noise):
        deliver(maildir, mail, f"noise{i}")
    with open(os.path.join(maildir, "tmp", "large"), "wb") as f:
        f.write(b"From: a@b.test\nSubject: large\n\n")
        f.truncate(65 * MB)
    os.rename(os.path.join(maildir, "tmp", "large"), os.path.join(maildir, "new", "9999999999.large.host"))
    wait_for(lambda: not os.listdir(os.path.join(maildir, "new")), "all of them taken")
    # a stranger's film is left where it lies; a stranger's word is kept
    film = b"From: a@b.test\nSubject: film\n\n" + b"x" * 70 * 1000 * 100
    deliver(maildir, film, "film")
    deliver(maildir, b"From: a@b.test\nSubject: word\n\nx\n", "word")
    wait_for(lambda: not os.listdir(os.path.join(maildir, "new")), "both taken")
    assert bed.rows("SELECT raw FROM mail_in WHERE subject = 'film'") == [(None,)]
    assert bed.value("SELECT b.size FROM mail_in m JOIN blob b ON b.hash = m.raw WHERE subject = 'word'") == 32
    assert [name for name in os.listdir(os.path.join(maildir, "cur")) if "film" in name]
    assert not [name for name in os.listdir(os.path.join(maildir, "cur")) if "word" in name]
    assert hand_over(bed, film.replace(b"film", b"pipe"))[0] == OK  # no mailbox behind it: kept
    assert bed.value("SELECT b.size FROM mail_in m JOIN blob b ON b.hash = m.raw WHERE subject = 'pipe'") == len(film)
    states = dict(bed.rows("SELECT state, count(*) FROM mail_in GROUP BY state"))
    took = count(bed) - before
    assert took > len(found) * 0.9 + len(noise) * 0.9, (took, len(found), len(noise))  # some are twins
    assert set(states) <= {"applied", "review", "ignored"}, states
    assert not bed.rows("SELECT note FROM mail_in WHERE note LIKE '%could not be processed%'")
    large = bed.rows("SELECT state, raw, note FROM mail_in WHERE subject = 'large'")
    assert len(large) == 1 and large[0][0] == "review" and large[0][1] is None and "9999999999.large.host" in large[0][2], large
    assert os.path.exists(os.path.join(maildir, "cur", "9999999999.large.host:2,S"))
    assert bed.value("SELECT count(*) FROM suppression") == 3, "only bounces with our mark may stop an address"


def main():
    with Bed() as bed:
        maildir = os.path.join(bed.folder, "Maildir")
        for name in ("new", "cur", "tmp"):
            os.makedirs(os.path.join(maildir, name))
        # whatever is not kept must not be deleted either
        bed.settings["intake"] = {"mailboxes": [{"name": "answers", "maildir": maildir, "keep": False}]}
        bed.sink()
        from_the_mta(bed)
        intake = bed.service("intake")
        every_real_one(bed, maildir)
        assert intake.poll() is None


if __name__ == "__main__":
    main()
