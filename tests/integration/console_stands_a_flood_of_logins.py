#!/usr/bin/env python3
"""The console under people who mean harm: a flood of logins from everywhere leaves its pages open and its memory
bounded, and what is hostile in a request opens nothing."""
import os
import socket
import sys
import threading
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
from console_bed import ConsoleBed, want  # noqa: E402

MIB = 1024
ARGON2_KIB = 64 * MIB
CHECKS_AT_ONCE = 2
FLOODERS = 24
PAGES = 150
SANITIZED = any(word in os.environ.get("VESTNIK_BUILD", "") for word in ("asan", "tsan"))


def peak_kib(process):
    with open(f"/proc/{process.pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmHWM:"))


def a_flood_of_logins(bed):
    admin = bed.login()
    want("before", admin.get("/").status, 200)
    form = bed.visitor()
    form.get("/login")
    cookie, body = f"vestnik-form={form.cookies['vestnik-form']}", {"login": "admin", "password": "wrong password", "csrf": form.csrf}
    before = peak_kib(bed.console)
    over = threading.Event()
    answers, lock = {}, threading.Lock()

    def flood(number):
        tries = 0
        while not over.is_set():
            tries += 1
            page = bed.request("POST", "/login", urllib.parse.urlencode(body), {
                "Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie,
                "X-Forwarded-For": f"10.{number}.{tries >> 8 & 255}.{tries & 255}"})
            with lock:
                answers[page.status] = answers.get(page.status, 0) + 1

    threads = [threading.Thread(target=flood, args=(n,)) for n in range(FLOODERS)]
    for thread in threads:
        thread.start()
    try:
        statuses = {}
        for _ in range(PAGES):
            page = admin.get("/accounts")
            statuses[page.status] = statuses.get(page.status, 0) + 1
    finally:
        over.set()
        for thread in threads:
            thread.join()
    want("pages meanwhile", statuses, {200: PAGES})
    want("kinds of answers to the flood", set(answers) <= {422, 503}, True)
    if not answers.get(503):
        raise AssertionError(f"nobody was sent away: {answers}")
    grown = peak_kib(bed.console) - before
    if not SANITIZED and grown > (CHECKS_AT_ONCE + 1) * ARGON2_KIB:  # one check was measured before the flood
        raise AssertionError(f"the flood cost {grown} KiB")
    recorded = len(bed.audited("session.refused"))
    if recorded > 240:
        raise AssertionError(f"the flood filled the audit log with {recorded} lines of {answers}")
    want("who is not the flood's aim logs in afterwards", bed.login("second").get("/").status, 200)
    want("who was logged in still is", admin.get("/").status, 200)
    return answers, grown


def raw(bed, text, body=b""):
    """The status line of what comes back; "" when the connection is closed."""
    with socket.create_connection(("127.0.0.1", bed.port), 30) as s:
        answer = b""
        try:
            s.sendall(text.encode("latin-1") + body)
            s.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # refused and closed before all of it was sent
        try:
            while chunk := s.recv(65536):
                answer += chunk
        except ConnectionResetError:
            pass
        return answer.decode("latin-1")


def status_of(answer):
    return int(answer.split(" ", 2)[1]) if answer.startswith("HTTP/") else 0


def hostile_requests(bed):
    cookie = "Cookie: " + "; ".join(f"{k}={v}" for k, v in bed.login().cookies.items()) + "\r\n"
    host = "Host: console.test\r\nConnection: close\r\n"
    for what, text, statuses in (
            ("two Content-Length", f"POST /login HTTP/1.1\r\n{host}Content-Length: 5\r\nContent-Length: 6\r\n\r\nlogin=", (400,)),
            ("length and chunks", f"POST /login HTTP/1.1\r\n{host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", (400,)),
            ("two hosts", f"GET /login HTTP/1.1\r\n{host}Host: other.test\r\n\r\n", (400,)),
            ("a header of 300 KB", f"GET /login HTTP/1.1\r\n{host}X: {'a' * 300000}\r\n\r\n", (0, 400, 431, 413)),
            ("30000 headers", f"GET /login HTTP/1.1\r\n{host}" + "X: y\r\n" * 30000 + "\r\n", (0, 400, 431, 413)),
            ("TRACE", f"TRACE / HTTP/1.1\r\n{host}{cookie}\r\n", (405, 501)),
            ("CONNECT", f"CONNECT / HTTP/1.1\r\n{host}{cookie}\r\n", (400, 405, 501)),
            ("another method in a header", f"GET /logout HTTP/1.1\r\n{host}{cookie}X-HTTP-Method-Override: POST\r\n\r\n", (405,))):
        got = status_of(raw(bed, text))
        if got not in statuses:
            raise AssertionError(f"{what}: got {got}, want one of {statuses}")
    before = peak_kib(bed.console)
    for body, kind in ((b"login=" + b"a" * 10485760, "application/x-www-form-urlencoded"), (b"a" * 10485760, "application/json"),
                       (b"&a=b" * 2500000, "application/x-www-form-urlencoded")):
        try:
            want(f"10 MB of {kind}", bed.request("POST", "/login", body, {"Content-Type": kind}).status, 413)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before it was all sent
    if not SANITIZED and peak_kib(bed.console) - before > 8 * MIB:
        raise AssertionError(f"bodies of 10 MB cost {peak_kib(bed.console) - before} KiB")
    for path in ("/accounts/../accounts", "//accounts", "/./accounts", "/accounts%2f", "/accounts%2Fnew", "/%2e%2e/accounts",
                 "/login/../accounts", "/assets/../accounts", "/assets/%2e%2e/accounts", "/assets/..%2f..%2fvestnik.key",
                 "/ACCOUNTS", "/accounts;x=1", "/accounts\\", "/accounts%00", "/accounts%0d%0aX:y", "/api/../accounts", "/api/v1/../../accounts",
                 "/%61ccounts", "/accounts?x=%00", "/accounts/", "http://evil.test/accounts"):
        for who, header in (("nobody", ""), ("a key", f"Authorization: Bearer {bed.key('metrics')}\r\n")):
            answer = raw(bed, f"GET {path} HTTP/1.1\r\n{host}{header}\r\n")
            got = status_of(answer)
            if got in (200, 0) or got >= 500 or "admin" in answer:
                raise AssertionError(f"{path} as {who}: got {got} {answer[:500]}")
    # A cookie opens nothing under /api/, however the address is written; a key opens no page.
    for path in ("/api/v1/me", "/%61pi/v1/me", "/api/v1/campaigns"):
        got = status_of(raw(bed, f"GET {path} HTTP/1.1\r\n{host}{cookie}\r\n"))
        if got not in (401, 404):
            raise AssertionError(f"{path} with a cookie: got {got}")
    key = bed.key("campaign.read")
    for header in (f"Authorization: Basic {key}", f"Authorization: {key}", "Authorization: Bearer", f"Authorization: Bearer {key} x",
                   f"Authorization: Bearer {key},{key}", f"X-Authorization: Bearer {key}", f"Cookie: Authorization={key}",
                   f"Authorization: Bearer x\r\nAuthorization: Bearer {key}"):
        got = status_of(raw(bed, f"GET /metrics HTTP/1.1\r\n{host}{header}\r\n\r\n"))
        if got not in (303, 401, 404):
            raise AssertionError(f"{header!r}: got {got}")


def strangers_leave_room_for_people_at_work(bed):
    """Of the disk for bodies on their way in. The one who is logged in is refused for his form, which is not one."""
    mib = 1024 * 1024
    want_room = f"POST /asks/7/enter HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: {209 * mib}\r\n\r\n"
    admin = bed.login()
    admin.get("/")  # let in: until then its cookie is one like any other
    with socket.create_connection(("127.0.0.1", bed.port), 30) as stranger:
        stranger.sendall(want_room.encode())
        for _ in range(208):
            stranger.sendall(b"x" * mib)

        def refused_to(headers):
            return bed.request("POST", "/asks/7/enter", b"x" * (100 * mib), {"Content-Type": "text/plain", **headers}).status
        want("another stranger", refused_to({}), 503)
        want("a cookie of one's own making", refused_to({"Cookie": "vestnik=good"}), 503)
        want("who is logged in", refused_to({"Cookie": f"vestnik={admin.cookies['vestnik']}"}), 403)


def main():
    with ConsoleBed(bed={"settings": {"log_level": "warn"}}) as bed:
        hostile_requests(bed)
        strangers_leave_room_for_people_at_work(bed)
        bed.account("second", "admin")
        answers, grown = a_flood_of_logins(bed)
        print(f"flood: {answers}, {grown} KiB more")


main()
