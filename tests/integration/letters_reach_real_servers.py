#!/usr/bin/env python3
"""Both transports against SMTP servers that are not ours: postfix's smtp-sink,
and aiosmtpd over STARTTLS and over implicit TLS, with AUTH, from eight threads.
Every body arrives byte by byte at the one it belongs to."""

import logging
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import warnings

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import probe  # noqa: E402
from test_certificates import Authority  # noqa: E402

try:
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import SMTP, AuthResult
except ImportError:
    print("skipped: the Python module aiosmtpd is missing (tests/support/requirements.txt)")
    sys.exit(77)

LETTERS, THREADS = 240, 8
USER, PASSWORD = "mailer", "s3cret"
MS = 30000


def letters():
    return [probe.letter("u%d" % i, probe.SHAPE_NAMES[i % len(probe.SHAPE_NAMES)]) for i in range(LETTERS)]


def plan(transport, port, all_letters, **more):
    return dict({"transport": transport, "host": "localhost", "port": port, "threads": THREADS,
                 "sessions": 50, "per_session": 20, "letters": all_letters, "connect_ms": MS,
                 "greeting_ms": MS, "command_ms": MS, "transfer_ms": MS, "final_ms": MS}, **more)


class Taken:
    def __init__(self):
        self.bodies, self.secure, self.users = {}, set(), set()

    async def handle_DATA(self, server, session, envelope):
        for rcpt in envelope.rcpt_tos:
            self.bodies.setdefault(rcpt, []).append(envelope.original_content)
        self.secure.add(session.ssl is not None or server.transport.get_extra_info("sslcontext") is not None)
        self.users.add(session.authenticated)
        return "250 2.0.0 taken"


class Server(Controller):
    def __init__(self, handler, context, implicit):
        self.context, self.implicit = context, implicit
        super().__init__(handler, hostname="127.0.0.1", port=free_port(),
                         ssl_context=context if implicit else None)

    def factory(self):
        def authenticate(server, session, envelope, mechanism, data):
            good = data.login == USER.encode() and data.password == PASSWORD.encode()
            return AuthResult(success=good, handled=False)  # it answers 535 itself
        return SMTP(self.handler, hostname="localhost", data_size_limit=40 << 20,
                    tls_context=None if self.implicit else self.context,
                    require_starttls=not self.implicit, auth_required=True,
                    auth_require_tls=not self.implicit, authenticator=authenticate)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def with_aiosmtpd(checks, authority, transport, security):
    case = "%s, aiosmtpd, %s" % (transport, security)
    taken = Taken()
    server = Server(taken, authority.context(addresses=("127.0.0.1",)), security == "tls")
    server.start()
    all_letters = letters()
    try:
        result = probe.run_probe(plan(transport, server.port, all_letters, security=security,
                                      ca_file=authority.ca_file, user=USER, password=PASSWORD), 120)
        wrong = probe.run_probe(plan(transport, server.port, all_letters[:1], security=security, threads=1,
                                     sessions=1, ca_file=authority.ca_file, user=USER, password="no"))
    finally:
        server.stop()
    probe.check_probe(checks, case, result)
    for i, l in enumerate(all_letters):
        checks.equal(result.verdicts(i), ["accepted"], case, "letter %d" % i)
        bodies = taken.bodies.get(l["to"], [])
        checks.that(bodies == [probe.content(l)], case, "letter %d came %d times, or changed", i, len(bodies))
    checks.equal(taken.secure, {True}, case, "TLS")
    checks.equal(taken.users, {True}, case, "authenticated")
    checks.equal((wrong.verdicts(0), wrong.ends()), (["not_sent"], ["auth"]), case, "a wrong password")


def with_smtp_sink(checks, transport):
    sink = shutil.which("smtp-sink", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if sink is None:
        print("smtp-sink (package postfix) is not here: left out")
        return
    case, all_letters, port = "%s, smtp-sink" % transport, letters(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        # -d: each letter to a file of its own.
        server = subprocess.Popen([sink] + user + ["-d", "letter.", "-R", folder, "127.0.0.1:%d" % port, "100"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
        try:
            for _ in range(200):
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    time.sleep(0.02)  # until it listens
            result = probe.run_probe(plan(transport, port, all_letters), 120)
        finally:
            server.terminate()
            server.wait()
        files = [open(os.path.join(folder, name), "rb").read() for name in os.listdir(folder)]
    probe.check_probe(checks, case, result)
    by_rcpt = {}
    for text in files:
        head = text.split(b"\n", 40)
        rcpts = [h.split(b"<")[1].split(b">")[0].decode() for h in head if h.startswith(b"X-Rcpt-Args: ")]
        for rcpt in rcpts:
            by_rcpt.setdefault(rcpt, []).append(text)
    for i, l in enumerate(all_letters):
        checks.equal(result.verdicts(i), ["accepted"], case, "letter %d" % i)
        # The file has LF line ends and headers of its own before ours.
        want = probe.content(l).replace(b"\r\n", b"\n")
        got = by_rcpt.get(l["to"], [])
        checks.that(len(got) == 1 and got[0].rstrip(b"\n").endswith(want.rstrip(b"\n")), case,
                    "letter %d came %d times, or changed", i, len(got))


def main():
    probe.program("transport_probe")
    warnings.simplefilter("ignore")  # aiosmtpd's, about AUTH without its own STARTTLS
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    checks = probe.Checks()
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(folder)
        for transport, security in (("libesmtp", "starttls"), ("libcurl", "starttls"), ("libcurl", "tls")):
            with_aiosmtpd(checks, authority, transport, security)
        for transport in probe.TRANSPORTS:
            with_smtp_sink(checks, transport)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
