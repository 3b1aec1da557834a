#!/usr/bin/env python3
"""What a feed may rely on, for both transports: caps, stop, abort, before_end,
time limits, SIZE, addresses that cannot be sent, DSN; and what a transport
refuses to open."""

import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import probe  # noqa: E402
from faulty_peer import Fault, Peer  # noqa: E402

ALL = ["PIPELINING", "CHUNKING", "SIZE 99000000", "ENHANCEDSTATUSCODES", "DSN", "8BITMIME"]
MS = 15000


def plan(transport, port, letters, **more):
    return dict({"transport": transport, "port": port, "sessions": 6, "letters": letters,
                 "connect_ms": MS, "greeting_ms": MS, "command_ms": MS, "transfer_ms": MS,
                 "final_ms": MS}, **more)


def clean(checks, case, result, peer, letters):
    probe.check_probe(checks, case, result)
    probe.check_bodies(checks, case, letters, peer, result)


def cap(checks, transport, per_session, want):
    case = "%s, %d letters a session" % (transport, per_session)
    letters = [probe.letter("u%d" % i) for i in range(120)]
    with Peer(ALL) as peer:
        result = probe.run_probe(plan(transport, peer.port, letters, per_session=per_session, sessions=99))
    clean(checks, case, result, peer, letters)
    checks.equal([s["letters"] for s in result.sessions], want, case, "letters by session")
    checks.equal(set(result.ends()), {"ok"}, case, "ends")
    checks.equal(peer.commands().count("QUIT"), len(want), case, "QUITs")


def facts(checks, transport):
    case = "%s, facts of EHLO" % transport
    for extensions, want in ((ALL, (True, True, True, 99000000)), ([], (False, False, False, -1)),
                             (["SIZE"], (False, False, False, 0)), (["SIZE 0", "dsn"], (False, True, False, 0))):
        with Peer(extensions) as peer:
            s = probe.run_probe(plan(transport, peer.port, [probe.letter("u0")])).sessions[0]
        checks.equal((s["pipelining"], s["dsn"], s["8bitmime"], s["size"]), want, case, str(extensions))
        checks.that(s["ehlo_seen"], case, "EHLO was not seen")


def stop(checks, transport):
    case = "%s, stopped after 2 letters" % transport
    letters = [probe.letter("u%d" % i) for i in range(6)]
    with Peer(ALL) as peer:
        result = probe.run_probe(plan(transport, peer.port, letters, stop_after=2))
    clean(checks, case, result, peer, letters)
    checks.equal(sorted(result.outcomes), [0, 1], case, "letters with an outcome")
    checks.equal(result.ends(), ["stopped"], case, "sessions")
    checks.equal(peer.commands().count("QUIT"), 1, case, "QUITs")


def abort(checks, transport, point, do, shape):
    case = "%s, aborted while the peer does not answer %s" % (transport, point)
    letters = [probe.letter("u0"), probe.letter("u1", shape), probe.letter("u2")]
    first = point in ("greeting", "EHLO")
    with Peer(ALL, [Fault(point, do, 1 if first else 2)], receive_buffer=8192) as peer:
        result = probe.run_probe(plan(transport, peer.port, letters, abort_ms=400), timeout=10)
    clean(checks, case, result, peer, letters)
    checks.equal(result.ends(), ["stopped"], case, "sessions")
    hit = 0 if first else 1
    checks.equal(result.verdicts(hit), ["uncertain" if point == "end" else "not_sent"], case, "outcome")
    checks.equal(result.verdicts(2), [], case, "a letter after the abort")


def abort_at_end(checks, transport):
    """The latest moment at which a letter can still be certainly unsent."""
    case = "%s, aborted before the final dot" % transport
    letters = [probe.letter("u0", "lines"), probe.letter("u1")]
    with Peer(ALL) as peer:
        result = probe.run_probe(plan(transport, peer.port, letters, abort_at="end"))
    probe.check_probe(checks, case, result)
    checks.equal(result.ends(), ["stopped"], case, "sessions")
    checks.among(result.verdicts(0)[0], {"not_sent", "uncertain"}, case, "outcome")
    checks.that(len(peer.taken) <= result.verdicts(0).count("uncertain"), case, "taken, but not uncertain")


def black_hole():
    """A port that takes no more connections: its queue is full."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    kept = [listener]
    for _ in range(8):
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex(listener.getsockname())
        kept.append(s)
    return kept, listener.getsockname()[1]


def connecting(checks, transport, what):
    case = "%s, connecting: %s" % (transport, what)
    kept, port = black_hole() if what in ("no answer", "aborted") else ([], 1)
    more = {"no answer": {"connect_ms": 300}, "aborted": {"abort_ms": 300}, "refused": {},
            "no such host": {"host": "no-such-host.invalid"}}[what]
    result = probe.run_probe(plan(transport, port, [probe.letter("u0")], sessions=1, **more), timeout=40)
    for s in kept:
        s.close()
    probe.check_probe(checks, case, result)
    checks.equal(result.verdicts(0), ["not_sent"], case, "outcome")
    checks.equal(result.ends(), ["stopped" if what == "aborted" else "connect"], case, "session")
    checks.that(what == "aborted" or "cannot connect" in result.sessions[0]["text"], case,
                "text: %r", result.sessions[0]["text"])


def before_end(checks, transport, shape):
    case = "%s, before_end says no, %s" % (transport, shape)
    letters = [probe.letter("u0"), probe.letter("u1", shape), probe.letter("u2", "dots")]
    with Peer(ALL) as peer:
        result = probe.run_probe(plan(transport, peer.port, letters, refuse_end=[1], requeue=True))
    clean(checks, case, result, peer, letters)
    checks.equal([result.verdicts(i) for i in range(3)],
                 [["accepted"], ["not_sent", "accepted"], ["accepted"]], case, "outcomes")
    checks.equal(set(result.ends()), {"ok"}, case, "sessions")


def size(checks, transport, first, extensions, faults, want):
    """A letter larger than the relay's SIZE is refused here, unsent."""
    case = "%s, too large, %s, %s" % (transport, "first" if first else "second", extensions)
    big, small = probe.letter("big", "large"), probe.letter("small")
    letters = [big, small, dict(probe.letter("big2", "large")), probe.letter("small2")]
    if not first:
        letters = [letters[1], letters[0]] + letters[2:]
    with Peer(extensions, faults) as peer:
        result = probe.run_probe(plan(transport, peer.port, letters, sessions=1))
        commands = peer.commands()
    clean(checks, case, result, peer, letters)
    for i, l in enumerate(letters):
        is_big = l["to"].startswith("big")
        checks.equal(result.verdicts(i), [want if is_big else "accepted"], case, l["to"])
        if is_big and want != "accepted":
            reply = result.outcomes[i][0]
            checks.equal((reply["code"], reply["enhanced"]), (552, "5.3.4"), case, "reply")
            if not faults:
                bytes_ = str(len(probe.content(l)))
                checks.that(bytes_ in reply["text"] and "20000" in reply["text"], case,
                            "text %r names not both sizes", reply["text"])
    checks.that(faults or want == "accepted" or not any("big" in c for c in commands), case,
                "the relay was asked: %r", commands)
    checks.equal(result.ends(), ["ok"], case, "sessions")


def addresses(checks, transport):
    case = "%s, addresses" % transport
    bad = ["школа@example.org", "a@b.org>\r\nRCPT TO:<x@example.org", "a b@example.org", "", "a@\x01b.org",
           "a" * 400 + "@example.org"]
    letters = [probe.letter("u%d" % i) for i in range(len(bad) + 3)]
    for i, address in enumerate(bad):
        letters[i + 1]["to"] = address
    letters[-2]["from"] = "отправитель@example.org"
    letters[-1]["from"] = ""
    with Peer(ALL) as peer:
        result = probe.run_probe(plan(transport, peer.port, letters))
        commands = peer.commands()
    clean(checks, case, result, peer, [l for l in letters])
    for i in range(len(bad)):
        checks.equal(result.verdicts(i + 1), ["recipient_refused"], case, repr(bad[i][:30]))
    first, sender = result.outcomes[1][0], result.outcomes[len(letters) - 2][0]
    checks.equal((first["code"], first["enhanced"]), (553, "5.6.7"), case, "non-ASCII recipient")
    checks.that("SMTPUTF8" in first["text"], case, "text: %r", first["text"])
    checks.equal((sender["verdict"], sender["code"]), ("sender_refused", 553), case, "non-ASCII sender")
    checks.equal(result.verdicts(0) + result.verdicts(len(letters) - 1), ["accepted"] * 2, case, "the others")
    checks.that(any(c.startswith("MAIL FROM:<>") for c in commands), case, "no null sender in %r", commands)
    checks.equal(len([c for c in commands if c.startswith("RCPT")]), 2, case, "RCPTs")


def dsn(checks, transport):
    case = "%s, DSN" % transport
    for extensions in (ALL, []):
        letters = [probe.letter("u0", envid="k+4=7.a1"), probe.letter("u1")]
        with Peer(extensions) as peer:
            result = probe.run_probe(plan(transport, peer.port, letters))
            mails = [c for c in peer.commands() if c.startswith("MAIL")]
        clean(checks, case, result, peer, letters)
        offered = bool(extensions)
        checks.equal("ENVID=k+2B4+3D7.a1" in mails[0], offered, case, "ENVID in %r" % mails[0])
        checks.equal("RET=HDRS" in mails[0], offered, case, "RET in %r" % mails[0])
        checks.equal("ENVID" in mails[1], False, case, "ENVID in %r" % mails[1])
        checks.equal("SIZE=%d" % len(probe.content(letters[0])) in mails[0], offered, case, "SIZE in %r" % mails[0])


def threads(checks, transport):
    case = "%s, 8 threads" % transport
    letters = [probe.letter("u%d" % i, probe.SHAPE_NAMES[i % 8]) for i in range(400)]
    faults = [Fault("RCPT", "550 5.1.1 no", n) for n in range(7, 400, 31)] + \
        [Fault("end", "drop", n) for n in range(11, 350, 47)] + \
        [Fault("DATA", "451 4.3.0 busy", n) for n in range(13, 350, 53)]
    with Peer(ALL, faults, writing="late") as peer:
        result = probe.run_probe(plan(transport, peer.port, letters, threads=8, sessions=99, per_session=20,
                                      requeue=True, use_before_end=True))
    clean(checks, case, result, peer, letters)
    counts = {}
    for i in range(len(letters)):
        for v in result.verdicts(i):
            counts[v] = counts.get(v, 0) + 1
    checks.equal((counts.get("uncertain"), counts.get("recipient_refused")),
                 (peer.fired.count("end"), peer.fired.count("RCPT") + peer.fired.count("DATA")), case,
                 "uncertain and refused")
    checks.equal(len(result.outcomes), 400, case, "letters with an outcome")


def refused_to_open(checks):
    for more, words in (({"security": "tls"}, "implicit TLS"), ({"host": "::1"}, "IPv6"),
                        ({"port": 0}, "port"), ({"user": "u"}, "password"),
                        ({"security": "starttls", "ca_file": "/nonexistent"}, "certificates")):
        for transport in probe.TRANSPORTS:
            if transport == "libcurl" and words in ("implicit TLS", "IPv6"):
                continue
            case = "%s, %r" % (transport, more)
            result = probe.run_probe(plan(transport, more.get("port", 25), [probe.letter("u0")], **{
                k: v for k, v in more.items() if k != "port"}))
            checks.that(result.opens and words in result.opens[0]["text"], case, "got %r", result.opens)
            checks.equal(result.outcomes, {}, case, "outcomes")


def all_cases():
    for t in probe.TRANSPORTS:
        yield cap, (t, 50, [50, 50, 20])
        yield cap, (t, 1000, [100, 20])
        for f in (facts, stop, abort_at_end, addresses, dsn, threads):
            yield f, (t,)
        for point in ("greeting", "EHLO", "MAIL", "RCPT", "DATA", "end"):
            yield abort, (t, point, "stall", "small")
        yield abort, (t, "body", "stop-reading", "huge")
        for what in ("no answer", "aborted", "refused", "no such host"):
            yield connecting, (t, what)
        for shape in ("small", "torn", "large", "no-body"):
            yield before_end, (t, shape)
        for first in (True, False):
            yield size, (t, first, ["PIPELINING", "SIZE 20000"], [], "recipient_refused")
            yield size, (t, first, ["SIZE 0"], [], "accepted")
            yield size, (t, first, ["SIZE"], [Fault("MAIL", "552 5.3.4 too big", 1 if first else 2),
                                             Fault("MAIL", "552 5.3.4 too big", 3)], "recipient_refused")
    yield refused_to_open, ()


def main():
    probe.program("transport_probe")
    checks, only = probe.Checks(), sys.argv[1] if len(sys.argv) > 1 else ""
    cases = [(f, args) for f, args in all_cases()
             if only in "%s %s" % (f.__name__, " ".join(map(str, args)))]
    probe.run_cases(checks, cases, lambda f, args: f in (abort, connecting))
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
