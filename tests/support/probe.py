"""What the tests of the mailer's transports share: letters of awkward shapes,
running transport_probe, and judging what came of it."""

import concurrent.futures
import json
import os
import subprocess
import sys

BIN = os.environ.get("VESTNIK_BIN", "build/dev/bin")
TRANSPORTS = ("libesmtp", "libcurl")


def program(name):
    path = os.path.join(BIN, name)
    if not os.path.exists(path):
        print("%s is not built" % path)
        sys.exit(77)
    return path


def headers(key):
    return ("Message-ID: <%s@letters.example.org>\r\n"
            "Date: Sat, 21 Nov 2026 10:00:00 +0300\r\n"
            "From: =?UTF-8?B?0JLQtdGB0YLQvdC40Lo=?= <sender@example.org>\r\n"
            "To: <%s@example.org>\r\n"
            "Subject: =?UTF-8?B?0J/QuNGB0YzQvNC+?=\r\n"
            " =?UTF-8?B?IG5yIA==?= %s\r\n"
            "MIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n\r\n" % (key, key, key))


# Each takes the letter's key, so that no two bodies are alike.
SHAPES = {
    "small": lambda k: [headers(k), "Hello %s.\r\n" % k],
    "dots": lambda k: [headers(k), ".%s\r\n..\r\n.\r\n", "x\r\n.", ".\r\n", ".dot\r\n%s\r\n.\r\n" % k],
    "open-end": lambda k: [headers(k), "no line end %s" % k],
    "no-body": lambda k: [headers(k)],
    "blank": lambda k: [headers(k), "\r\n\r\n\r\n%s\r\n\r\n" % k],
    "torn": lambda k: [headers(k)] + [c for c in "torn %s\r\n.x\r\n..y\r\nend\r\n" % k],
    "cut-at-crlf": lambda k: [headers(k), "line %s\r" % k, "\n.", "next\r", "\n", "", "z\r\n"],
    "lines": lambda k: [headers(k), {"text": "%s 0123456789 abcdefghij\r\n" % k, "repeat": 300}],
    "block": lambda k: [headers(k), {"text": "%-62s\r\n" % k, "repeat": 1024}],
    "large": lambda k: [headers(k), {"text": "%-70s\r\n.%s\r\n" % (k, k), "repeat": 4000}, "end\r\n"],
}
SHAPE_NAMES = list(SHAPES)
# Larger than all buffers between two ends of a loopback connection.
SHAPES["huge"] = lambda k: [headers(k), {"text": "%-70s\r\n.%s\r\n" % (k, k), "repeat": 100000}]


def letter(key, shape="small", **more):
    segments = SHAPES[shape](key)
    return dict({"to": "%s@example.org" % key, "segments": segments}, **more)


def content(l):
    """The bytes that belong to the letter, as a relay must get them."""
    text = "".join(s if isinstance(s, str) else s["text"] * s["repeat"] for s in l["segments"])
    return (text if text.endswith("\r\n") else text + "\r\n").encode()


class Result:
    def __init__(self, lines, code, stderr):
        self.code, self.stderr = code, stderr
        self.outcomes = {}
        for line in lines:
            if "verdict" in line:
                self.outcomes.setdefault(line["letter"], []).append(line)
        self.sessions = [line for line in lines if "end" in line]
        self.complaints = [line for line in lines if "complaint" in line]
        self.opens = [line for line in lines if "open" in line]

    def verdicts(self, i):
        return [o["verdict"] for o in self.outcomes.get(i, [])]

    def ends(self):
        return [s["end"] for s in self.sessions]


def run_probe(plan, timeout=60):
    try:
        done = subprocess.run([program("transport_probe")], input=json.dumps(plan).encode(),
                              capture_output=True, timeout=timeout)
    except subprocess.TimeoutExpired as late:
        text = (late.stdout or b"").decode()
        return Result([json.loads(l) for l in text.splitlines() if l.endswith("}")], -1,
                      "transport_probe hangs")
    lines = [json.loads(l) for l in done.stdout.decode().splitlines()]
    return Result(lines, done.returncode, done.stderr.decode("utf-8", "replace"))


class Checks:
    """Collects what is wrong; says it all at the end."""

    def __init__(self):
        self.wrong, self.count = [], 0

    def that(self, good, case, text, *args):
        self.count += 1
        if not good:
            self.wrong.append("%s: %s" % (case, text % args if args else text))
        return good

    def equal(self, got, want, case, what):
        return self.that(got == want, case, "%s: got %r, want %r", what, got, want)

    def among(self, got, want, case, what):
        return self.that(got in want, case, "%s: got %r, want one of %r", what, got, sorted(want))

    def finish(self):
        for line in self.wrong[:60]:
            print(line)
        if len(self.wrong) > 60:
            print("... and %d more" % (len(self.wrong) - 60))
        print("%d checks, %d wrong" % (self.count, len(self.wrong)))
        return 1 if self.wrong else 0


def check_bodies(checks, case, letters, peer, result):
    """Every body the peer took belongs, byte by byte, to the one it came for;
    nothing counts as accepted that was not taken, nothing as refused or unsent
    that was."""
    by_address = {l["to"]: i for i, l in enumerate(letters)}
    taken = {}
    for t in peer.taken:
        if not checks.equal(len(t.rcpts), 1, case, "recipients of one letter"):
            continue
        i = by_address.get(t.rcpts[0])
        if not checks.that(i is not None, case, "a letter for %r, whom nobody wrote to", t.rcpts[0]):
            continue
        taken[i] = taken.get(i, 0) + 1
        want = content(letters[i])
        checks.that(t.body == want, case, "letter %d came as %d bytes %.80r, want %d bytes %.80r", i,
                    len(t.body), t.body[:200], len(want), want[:200])
    for i in range(len(letters)):
        verdicts = result.verdicts(i)
        sure, unsure = verdicts.count("accepted"), verdicts.count("uncertain")
        checks.that(sure <= taken.get(i, 0) <= sure + unsure, case,
                    "letter %d was taken %d times, outcomes %r", i, taken.get(i, 0), verdicts)
    for text in peer.trouble:
        checks.that(False, case, "the peer saw %s", text)


def check_probe(checks, case, result):
    checks.equal(result.code, 0, case, "exit code (%s)" % result.stderr.strip()[-1500:])
    for c in result.complaints:
        checks.that(False, case, "%r", c)


def run_cases(checks, cases, waits):
    """(function, arguments) each. Those for which waits() holds spend their time
    waiting for a limit and need no processor: they run beside the two others."""
    with concurrent.futures.ThreadPoolExecutor(2) as busy, \
            concurrent.futures.ThreadPoolExecutor(6) as idle:
        for done in [(idle if waits(f, args) else busy).submit(f, checks, *args) for f, args in cases]:
            done.result()
    print("%d cases" % len(cases))
