#!/usr/bin/env python3
"""The contract of services/mailer/transport.h under faults, for both transports:
point of the dialogue x fault x extensions offered x body shapes. After each run
every letter had exactly one outcome per feeding, the verdict is the one that
fault allows, and each body the peer took is byte by byte what belongs to that
recipient. A fault fires once; letters that were not sent go back to the queue
and must then arrive."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import probe  # noqa: E402
from faulty_peer import Fault, Peer, Taken  # noqa: E402

EXTENSIONS = {
    "bare": [],
    "pipelining": ["PIPELINING"],
    "everything": ["PIPELINING", "CHUNKING", "8BITMIME", "SIZE 10240000", "DSN",
                   "ENHANCEDSTATUSCODES", "BINARYMIME", "ETRN", "XUSR", "AUTH PLAIN LOGIN",
                   "SMTPUTF8"],
    "chunking": ["8BITMIME", "chunking", "ENHANCEDSTATUSCODES", "SIZE"],
}
WRITING = ("whole", "late", "bytes")
STALL_MS = 1000     # the limits where a stall must end; elsewhere nothing may time out
PATIENT_MS = 15000  # shared, slow machines; sanitizers

FORBIDDEN = {"MAIL": "354 odd", "RCPT": "354 odd", "DATA": "250 odd", "end": "354 odd",
             "EHLO": "354 odd", "greeting": "354 odd"}
LOST = ("stall", "drop", "reset", "garbage", "half", "half-refusal", "half-long", "overlong", "nul",
        "other-code", "drip")
FINE = ("multiline", "bare")
POINTS = ("greeting", "EHLO", "MAIL", "RCPT", "DATA", "end")


def expected(point, do, transport):
    """(allowed first outcomes of the letter that is hit, allowed end of that session)."""
    if do in FINE:
        return {"accepted"}, {"ok"}
    if do == "endless":  # 5 KB of lines: libESMTP gives up at 4
        if transport == "libcurl":
            return {"accepted"}, {"ok"}
        return ({"uncertain", "accepted"} if point == "end" else {"not_sent", "accepted"},
                {"lost", "ok"})
    if do == "twice":  # an answer nobody asked for ends the session, not the letter before it
        late = {"uncertain"} if point == "DATA" else set()  # it may come after the whole body
        return {"accepted", "not_sent"} | late, {"lost", "ok"}
    if point == "greeting" and do == "reset":  # may come before the connection stands
        return {"not_sent"}, {"lost", "connect"}
    if point in ("greeting", "EHLO"):
        return {"not_sent"}, {"lost"} if do in LOST or do == FORBIDDEN[point] else {"greeting"}
    if do in LOST or do == FORBIDDEN[point]:
        return {"uncertain"} if point == "end" else {"not_sent"}, {"lost"}
    if do.startswith("421"):
        return {"not_sent"}, {"lost"}
    return ({"sender_refused"} if point == "MAIL" else {"recipient_refused"}), {"ok"}


def plan_of(transport, peer, letters, patient):
    ms = PATIENT_MS if patient else STALL_MS
    return {"transport": transport, "host": "127.0.0.1", "port": peer.port, "sessions": 8,
            "requeue": True, "letters": letters, "connect_ms": PATIENT_MS, "greeting_ms": ms,
            "command_ms": ms, "transfer_ms": ms, "final_ms": ms}


def judge(checks, case, letters, hit, peer, result, allowed, ends, point):
    probe.check_probe(checks, case, result)
    probe.check_bodies(checks, case, letters, peer, result)
    checks.that(peer.fired, case, "the fault never fired")
    for i in range(len(letters)):
        verdicts = result.verdicts(i)
        if not checks.that(verdicts, case, "letter %d got no outcome", i):
            continue
        if i == hit:
            checks.among(verdicts[0], allowed, case, "letter %d (hit), first outcome" % i)
        else:
            checks.that(verdicts[0] in ("accepted", "not_sent"), case,
                        "letter %d was not hit, outcomes %r", i, verdicts)
        checks.that(all(v == "not_sent" for v in verdicts[:-1]), case,
                    "letter %d had an outcome and went out again: %r", i, verdicts)
        checks.that(verdicts[-1] != "not_sent", case, "letter %d was never sent: %r", i, verdicts)
        if i != hit:
            checks.equal(verdicts[-1], "accepted", case, "letter %d, last outcome" % i)
    unlike = [e for e in result.ends() if e != "ok"]
    checks.that(len(unlike) <= 1, case, "more than one session was hit: %r", result.ends())
    checks.among(unlike[0] if unlike else "ok", ends, case, "end of the session that was hit")


def fault_case(checks, transport, point, do, extensions, writing, shift):
    names = [probe.SHAPE_NAMES[(shift + i) % len(probe.SHAPE_NAMES)] for i in range(4)]
    letters = [probe.letter("u%d" % i, name) for i, name in enumerate(names)]
    early = point in ("greeting", "EHLO")
    hit = 0 if early else 1
    case = "%s, %s at %s, %s, %s, %s" % (transport, do, point, extensions, writing, names[hit])
    nobody = "354 go on" if shift % 2 else "554 5.5.1 no valid recipients"
    with Peer(EXTENSIONS[extensions], [Fault(point, do, 1 if early else 2)], writing,
              data_for_nobody=nobody) as peer:
        result = probe.run_probe(plan_of(transport, peer, letters, do not in ("stall", "drip")))
    allowed, ends = expected(point, do, transport)
    judge(checks, case, letters, hit, peer, result, allowed, ends, point)
    reply = (result.outcomes.get(hit) or [{}])[0]
    if do[0].isdigit() and do != FORBIDDEN.get(point) and reply.get("verdict") != "accepted" and not early:
        checks.equal(reply.get("code"), int(do[:3]), case, "code")
        want = " / ".join(p[10:] if i == 0 else p for i, p in enumerate(do.split("|")))
        checks.equal((reply.get("enhanced"), reply.get("text")), (do[4:9], want), case, "words")


def all_cases():
    refusals = ("450 4.2.0 busy now", "550 5.1.1 not here|neither there", "421 4.3.2 going down")
    shift = 0
    for transport in probe.TRANSPORTS:
        for point in POINTS:
            for do in refusals + LOST + FINE + ("endless", "twice", FORBIDDEN[point]):
                slow = do in ("stall", "drip")
                for extensions in (("pipelining", "chunking") if slow else EXTENSIONS):
                    shift += 1
                    writing = WRITING[shift % 3]
                    if do in ("twice", "endless") and point in ("greeting", "EHLO"):
                        continue
                    yield fault_case, (transport, point, do, extensions, writing, shift)
    for transport in probe.TRANSPORTS:
        for extensions in EXTENSIONS:
            # Larger than the peer's buffer, smaller than ours: sent for us, not for it.
            yield body_case, (transport, extensions, "large", "stop-reading")
            for shape in ("small", "huge"):
                for do in ("drop", "reset", "stop-reading", "552 5.3.4 too much", "421 4.3.2 going down",
                           "250 2.0.0 too soon", "garbage"):
                    if do == "stop-reading" and extensions not in ("pipelining", "chunking"):
                        continue
                    yield body_case, (transport, extensions, shape, do)
                yield clean_case, (transport, extensions, shape)
            yield quit_case, (transport, extensions)
            yield reset_case, (transport, extensions)
            yield helo_case, (transport, extensions)


def body_case(checks, transport, extensions, shape, do):
    """Faults while the body is on its way: without the final dot nothing can have been taken."""
    letters = [probe.letter("u0"), probe.letter("u1", shape), probe.letter("u2", "dots")]
    case = "%s, %s inside a %s body, %s" % (transport, do, shape, extensions)
    with Peer(EXTENSIONS[extensions], [Fault("body", do, 2, close=True)], receive_buffer=8192) as peer:
        plan = plan_of(transport, peer, letters, do != "stop-reading")
        if shape == "huge":
            plan["final_ms"] = PATIENT_MS  # the next attempt has all of it to swallow
        result = probe.run_probe(plan)
    # A small body is out, dot and all, before the peer goes wrong.
    allowed = {"not_sent", "uncertain"} if shape == "small" else {"not_sent"}
    if do.startswith("552"):
        # Its words may be lost with the connection.
        allowed = allowed | {"recipient_refused"}
    if do.startswith("250") and shape == "small":
        # Sent before the peer had seen the dot, read after: it cannot be told apart.
        allowed = allowed | {"accepted"}
        if result.verdicts(1)[:1] == ["accepted"]:
            peer.taken.append(Taken("", ["u1@example.org"], probe.content(letters[1]), True))
    judge(checks, case, letters, 1, peer, result, allowed, {"lost", "ok"}, "body")


def clean_case(checks, transport, extensions, shape):
    names = [n for n in probe.SHAPE_NAMES]
    letters = [probe.letter("u%d" % i, name) for i, name in enumerate(names)]
    case = "%s, no fault, %s, read %s" % (transport, extensions, shape)
    with Peer(EXTENSIONS[extensions], writing="bytes" if shape == "small" else "late",
              receive_buffer=4096, read_limit=700 if shape == "small" else None) as peer:
        result = probe.run_probe(plan_of(transport, peer, letters, True))
        commands = peer.commands()
    probe.check_probe(checks, case, result)
    probe.check_bodies(checks, case, letters, peer, result)
    for i in range(len(letters)):
        checks.equal(result.verdicts(i), ["accepted"], case, "letter %d (%s)" % (i, names[i]))
    checks.equal(result.ends(), ["ok"], case, "sessions")
    checks.equal(commands.count("QUIT"), 1, case, "QUITs")


def quit_case(checks, transport, extensions):
    """What happens at QUIT is nobody's concern."""
    for do in ("drop", "garbage", "421 4.3.2 too late", "stall"):
        letters = [probe.letter("u%d" % i) for i in range(2)]
        case = "%s, %s at QUIT, %s" % (transport, do, extensions)
        with Peer(EXTENSIONS[extensions], [Fault("QUIT", do)]) as peer:
            result = probe.run_probe(plan_of(transport, peer, letters, do != "stall"))
        probe.check_probe(checks, case, result)
        probe.check_bodies(checks, case, letters, peer, result)
        checks.equal([result.verdicts(0), result.verdicts(1)], [["accepted"]] * 2, case, "outcomes")
        checks.equal(result.ends(), ["ok"], case, "sessions")


def reset_case(checks, transport, extensions):
    """A refusal, and then RSET goes wrong: the next letter is unsent, not refused."""
    for do in ("drop", "garbage", "421 4.3.2 going down"):
        letters = [probe.letter("u%d" % i) for i in range(3)]
        case = "%s, refusal and then %s at RSET, %s" % (transport, do, extensions)
        with Peer(EXTENSIONS[extensions], [Fault("end", "550 5.7.1 no", 1), Fault("RSET", do)]) as peer:
            result = probe.run_probe(plan_of(transport, peer, letters, True))
        probe.check_probe(checks, case, result)
        probe.check_bodies(checks, case, letters, peer, result)
        checks.equal(result.verdicts(0), ["recipient_refused"], case, "letter 0")
        checks.that(result.verdicts(1) in (["not_sent", "accepted"], ["accepted"]), case,
                    "letter 1: got %r", result.verdicts(1))
        checks.equal(result.verdicts(2)[-1:], ["accepted"], case, "letter 2")


def helo_case(checks, transport, extensions):
    """A relay that knows no EHLO."""
    letters = [probe.letter("u%d" % i) for i in range(2)]
    case = "%s, EHLO unknown, %s" % (transport, extensions)
    with Peer([], [Fault("EHLO", "502 5.5.1 what", 0)]) as peer:
        result = probe.run_probe(plan_of(transport, peer, letters, True))
    probe.check_probe(checks, case, result)
    probe.check_bodies(checks, case, letters, peer, result)
    checks.equal([result.verdicts(0), result.verdicts(1)], [["accepted"]] * 2, case, "outcomes")


def main():
    probe.program("transport_probe")
    checks, only = probe.Checks(), sys.argv[1] if len(sys.argv) > 1 else ""
    cases = [(f, args) for f, args in all_cases()
             if only in "%s %s" % (f.__name__, " ".join(map(str, args)))]
    probe.run_cases(checks, cases, lambda f, args: f is quit_case or bool({"stall", "drip", "stop-reading"} & set(args)))
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
