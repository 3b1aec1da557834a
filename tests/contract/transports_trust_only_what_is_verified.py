#!/usr/bin/env python3
"""TLS and AUTH of both transports: nothing is sent to a relay whose certificate,
name or lifetime is wrong, nothing without the TLS or AUTH that was asked for, and
words from before TLS count for nothing inside it."""

import os
import ssl
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import probe  # noqa: E402
from faulty_peer import Fault, Peer  # noqa: E402
from test_certificates import Authority  # noqa: E402

ALL = ["PIPELINING", "STARTTLS", "CHUNKING", "SIZE 99000000", "ENHANCEDSTATUSCODES", "DSN"]
USERS = {"mailer": "пароль s3cret!"}
TLS12 = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)
TLS13 = (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3)
MS = 15000
STALL_MS = 1500


def plan(transport, peer, letters, authority, security="starttls", ms=MS, **more):
    return dict({"transport": transport, "host": "localhost", "port": peer.port, "security": security,
                 "ca_file": authority.ca_file, "sessions": 4, "letters": letters, "connect_ms": ms,
                 "greeting_ms": ms, "command_ms": ms, "transfer_ms": ms, "final_ms": ms}, **more)


def ways():
    """(transport, security): each kind of TLS a transport can do."""
    return [("libesmtp", "starttls"), ("libcurl", "starttls"), ("libcurl", "tls")]


def good_tls(checks, authority, transport, security, versions):
    case = "%s, %s, good certificate, %s" % (transport, security, versions[0].name)
    letters = [probe.letter("u%d" % i, s) for i, s in enumerate(probe.SHAPE_NAMES * 2 + ["huge"])]
    with Peer(ALL, tls=authority.context(versions=versions), implicit=security == "tls",
              writing="late") as peer:
        result = probe.run_probe(plan(transport, peer, letters, authority, security, sessions=2))
    probe.check_probe(checks, case, result)
    probe.check_bodies(checks, case, letters, peer, result)
    for i in range(len(letters)):
        checks.equal(result.verdicts(i), ["accepted"], case, "letter %d" % i)
    checks.that(set(peer.server_names) == {"localhost"}, case, "SNI: got %r", peer.server_names)
    checks.that(all(d.secure for d in peer.dialogues), case, "a session without TLS")


def many_sessions(checks, authority, transport, security):
    """TLS 1.3 tickets arrive while EHLO waits; contexts are shared by threads
    and sessions. One stall, one freed context, and a letter would not arrive."""
    case = "%s, %s, many sessions" % (transport, security)
    letters = [probe.letter("u%d" % i) for i in range(80)]
    with Peer(ALL, tls=authority.context(versions=TLS13), implicit=security == "tls") as peer:
        result = probe.run_probe(plan(transport, peer, letters, authority, security, sessions=80,
                                      per_session=1, threads=4))
    probe.check_probe(checks, case, result)
    probe.check_bodies(checks, case, letters, peer, result)
    checks.equal([result.verdicts(i) for i in range(80)], [["accepted"]] * 80, case, "outcomes")


def nothing_sent(checks, case, result, peer, end, words=""):
    probe.check_probe(checks, case, result)
    checks.equal(result.verdicts(0), ["not_sent"], case, "outcome")
    checks.equal(result.ends(), [end], case, "session")
    checks.that(not any(c.startswith(("MAIL", "RCPT", "DATA")) for c in peer.commands()), case,
                "the peer saw %r", peer.commands())
    checks.equal(peer.taken, [], case, "taken")
    text = result.sessions[0]["text"] if result.sessions else ""
    checks.that(words in text, case, "text %r lacks %r", text, words)
    checks.that("s3cret" not in str(result.sessions) + result.stderr, case, "the password shows")


def bad_certificate(checks, authority, transport, security, what):
    how = {"another name": (dict(hosts=("elsewhere.example.org",)), ""),
           "expired": (dict(age_days=30), "expired"),
           "unknown authority": (dict(self_signed=True), ""),
           "only an address": (dict(hosts=(), addresses=("127.0.0.9",)), "")}[what]
    case = "%s, %s, %s" % (transport, security, what)
    with Peer(ALL, tls=authority.context(**how[0]), implicit=security == "tls") as peer:
        result = probe.run_probe(plan(transport, peer, [probe.letter("u0")], authority, security, sessions=1))
    nothing_sent(checks, case, result, peer, "tls", how[1])


def address_certificate(checks, authority, transport, security):
    case = "%s, %s, certificate of an address" % (transport, security)
    letters = [probe.letter("u0")]
    with Peer(ALL, tls=authority.context(hosts=(), addresses=("127.0.0.1",)),
              implicit=security == "tls") as peer:
        result = probe.run_probe(plan(transport, peer, letters, authority, security, host="127.0.0.1"))
    probe.check_probe(checks, case, result)
    checks.equal(result.verdicts(0), ["accepted"], case, "outcome (%r)" % result.sessions)


def unsettled_home(checks, authority):
    """libESMTP looks for a client certificate below $HOME and takes any answer
    but "not there" for a failure."""
    case = "libesmtp, a home that is no folder"
    saved = dict(os.environ)
    try:
        os.environ.update(HOME="/dev/null", XDG_CONFIG_HOME="/dev/null", XDG_CONFIG_DIR="/dev/null")
        with Peer(ALL, tls=authority.context()) as peer:
            result = probe.run_probe(plan("libesmtp", peer, [probe.letter("u0")], authority))
    finally:
        os.environ.clear()
        os.environ.update(saved)
    checks.equal(result.verdicts(0), ["accepted"], case, "outcome (%r)" % result.sessions)


def starttls_fault(checks, authority, transport, what):
    case = "%s, STARTTLS: %s" % (transport, what)
    extensions, faults, ends, ms = ALL, [], ("tls",), MS
    if what == "not offered":
        extensions = [e for e in ALL if e != "STARTTLS"]
    elif what == "no EHLO":
        faults, ends = [Fault("EHLO", "502 5.5.1 what", 0)], ("tls", "greeting")
    elif what == "injection":
        faults, ends = [Fault("STARTTLS", "inject")], ("lost", "tls")
    elif what.startswith("handshake "):
        faults, ends = [Fault("handshake", what.split(" ", 1)[1])], ("tls", "lost")
    else:
        faults, ends = [Fault("STARTTLS", what)], ("tls", "lost")
    if "stall" in what or what == "handshake garbage":  # looks like the start of a record
        ms = STALL_MS
    with Peer(extensions, faults, tls=authority.context(),
              extensions_after_tls=["PIPELINING"]) as peer:
        result = probe.run_probe(plan(transport, peer, [probe.letter("u0")], authority, sessions=1, ms=ms))
    nothing_sent(checks, case, result, peer, result.ends()[0] if result.ends()[:1] and
                 result.ends()[0] in ends else ends[0])


def implicit_fault(checks, authority, what):
    case = "libcurl, implicit TLS: %s" % what
    with Peer(ALL, [Fault("handshake", what)], tls=authority.context(), implicit=True) as peer:
        result = probe.run_probe(plan("libcurl", peer, [probe.letter("u0")], authority, "tls", sessions=1,
                                      ms=MS if what == "drop" else STALL_MS))
    nothing_sent(checks, case, result, peer, "tls")


def tls_dialogue_fault(checks, authority, transport, security, point, do):
    """The faults of the big matrix, inside TLS."""
    case = "%s, %s, %s at %s" % (transport, security, do, point)
    letters = [probe.letter("u0", "dots"), probe.letter("u1", "large"), probe.letter("u2", "torn")]
    with Peer(ALL, [Fault(point, do, 2)], tls=authority.context(), implicit=security == "tls") as peer:
        result = probe.run_probe(plan(transport, peer, letters, authority, security, requeue=True))
    probe.check_probe(checks, case, result)
    probe.check_bodies(checks, case, letters, peer, result)
    if do[0].isdigit():
        want = ["sender_refused"] if point == "MAIL" else ["recipient_refused"]
    else:
        want = ["uncertain"] if point == "end" else ["not_sent", "accepted"]
    checks.equal(result.verdicts(1), want, case, "letter 1")
    checks.equal([result.verdicts(i)[-1:] for i in (0, 2)], [["accepted"]] * 2, case, "letters 0, 2")


def auth(checks, authority, transport, security, offered, password, end, fault=None, ms=MS):
    case = "%s, %s, AUTH %s, %s" % (transport, security, offered,
                                    fault.do if fault else "right" if password == USERS["mailer"] else "wrong")
    extensions = ALL + (["AUTH " + offered] if offered else [])
    if security == "plain":
        extensions = [e for e in extensions if e != "STARTTLS"]
    letters = [probe.letter("u0"), probe.letter("u1")]
    # Offered before TLS too, where it must not be used.
    with Peer(extensions, [fault] if fault else [], tls=authority.context(), users=USERS,
              implicit=security == "tls", auth_needed=True) as peer:
        result = probe.run_probe(plan(transport, peer, letters, authority, security, sessions=1,
                                      user="mailer", password=password, ms=ms))
        users = [d.user for d in peer.dialogues]
    if end == "ok":
        probe.check_probe(checks, case, result)
        probe.check_bodies(checks, case, letters, peer, result)
        checks.equal([result.verdicts(0), result.verdicts(1)], [["accepted"]] * 2, case, "outcomes")
        checks.equal(users, ["mailer"], case, "who logged in")
        checks.that(security == "plain" or not any(
            c.startswith("AUTH") for d in peer.dialogues if not d.secure for c in d.commands), case,
            "AUTH before TLS")
        return
    nothing_sent(checks, case, result, peer, end)
    if end == "auth" and offered and "PLAIN" in offered and not fault:
        checks.equal((result.sessions[0]["code"], result.sessions[0]["reply"]), (535, "bad credentials"),
                     case, "the relay's words")


def all_cases(a):
    for transport, security in ways():
        for versions in (TLS12, TLS13):
            yield good_tls, (a, transport, security, versions)
        yield many_sessions, (a, transport, security)
        for what in ("another name", "expired", "unknown authority", "only an address"):
            yield bad_certificate, (a, transport, security, what)
        yield address_certificate, (a, transport, security)
        for point in ("MAIL", "RCPT", "DATA", "end"):
            for do in ("550 5.7.1 no", "drop", "garbage"):
                yield tls_dialogue_fault, (a, transport, security, point, do)
    yield unsettled_home, (a,)
    for transport in probe.TRANSPORTS:
        for what in ("not offered", "no EHLO", "injection", "454 4.7.0 not now", "garbage", "drop",
                     "handshake garbage", "handshake drop", "handshake stall", "stall"):
            yield starttls_fault, (a, transport, what)
    for what in ("garbage", "drop", "stall"):
        yield implicit_fault, (a, what)
    for transport, security in ways() + [(t, "plain") for t in probe.TRANSPORTS]:
        right = USERS["mailer"]
        for offered in ("PLAIN", "LOGIN", "PLAIN LOGIN", "XNONSENSE LOGIN"):
            yield auth, (a, transport, security, offered, right, "ok")
        yield auth, (a, transport, security, "PLAIN", "wrong", "auth")
        yield auth, (a, transport, security, "LOGIN PLAIN", "wrong", "auth")
        yield auth, (a, transport, security, "", right, "auth")
        yield auth, (a, transport, security, "XNONSENSE", right, "auth")
        for do, end in (("421 4.3.2 going down", "lost"), ("454 4.7.0 later", "auth"), ("drop", "lost"),
                        ("garbage", "lost"), ("half", "lost")):
            yield auth, (a, transport, security, "PLAIN", right, end, Fault("AUTH", do))
        yield auth, (a, transport, security, "PLAIN", right, "lost", Fault("AUTH", "stall"), STALL_MS)


def main():
    probe.program("transport_probe")
    checks, only = probe.Checks(), sys.argv[1] if len(sys.argv) > 1 else ""
    with tempfile.TemporaryDirectory() as folder:
        cases = [(f, args) for f, args in all_cases(Authority(folder))
                 if only in "%s %s" % (f.__name__, " ".join(map(str, args[1:])))]
        probe.run_cases(checks, [c for c in cases if c[0] is not unsettled_home],
                        lambda f, args: STALL_MS in args or any("stall" in str(x) or "garbage" in str(x) for x in args))
        for f, args in cases:
            if f is unsettled_home:  # changes the environment
                f(checks, *args)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
