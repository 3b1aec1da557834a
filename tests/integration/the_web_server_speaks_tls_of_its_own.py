"""common/web with a certificate: only TLS 1.2 and 1.3, verified by the system's own library and by curl; HSTS,
Secure cookies; forms, large files and events go through; silent and plain clients are dropped; what is no
certificate is told at the start."""
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import warnings

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests/support"))
from test_certificates import Authority  # noqa: E402

PROBE = os.path.join(os.environ["VESTNIK_BIN"], "web_probe")


def want(what, got, wanted):
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r}, want {wanted!r}")


def start(*arguments):
    return subprocess.Popen([PROBE, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def connect(context, **named):
    return http.client.HTTPSConnection("localhost", PORT, timeout=30, context=context, **named)


def ask(path, method="GET", body=None, headers=None):
    connection = connect(TRUSTING)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
    finally:
        connection.close()


def pages_forms_and_files():
    status, headers, body = ask("/echo")
    told = json.loads(body)
    want("secure", (status, told["secure"], told["address"]), (200, True, "127.0.0.1"))
    for path in ("/echo", "/nothing", "/assets/a.css", "/save"):
        want(f"HSTS {path}", ask(path)[1].get("strict-transport-security"), "max-age=31536000")
    cookie = ask("/move", "POST", "")[1]["set-cookie"]
    want("cookie", "; Secure" in cookie and "HttpOnly" in cookie, True)
    data = os.urandom(3_000_000)
    body = (b'--b0undary\r\nContent-Disposition: form-data; name="f"; filename="a.bin"\r\n'
            b"Content-Type: application/octet-stream\r\n\r\n" + data + b"\r\n--b0undary--\r\n")
    status, _, answer = ask("/upload", "POST", body, {"Content-Type": "multipart/form-data; boundary=b0undary"})
    want("upload", status, 200)
    told = json.loads(answer)
    want("a file", told["files"][0]["len"], len(data))
    want("a large answer", len(ask("/large")[2]), 40 * 1024 * 1024)
    if curl := shutil.which("curl"):
        out = subprocess.run([curl, "-sS", "--cacert", CA.ca_file, "-o", os.devnull, "-w", "%{http_code} %{ssl_verify_result}",
                              f"https://localhost:{PORT}/echo"], capture_output=True, text=True, timeout=30)
        want("curl", (out.stdout, out.stderr), ("200 0", ""))


def events_over_tls():
    listening = connect(TRUSTING)
    listening.request("GET", "/listen", headers={"Last-Event-ID": "7"})
    response = listening.getresponse()
    want("hello", [response.readline() for _ in range(5)], [b"retry: 3000\n", b"\n", b"event: hello\n", b"data: 7\n", b"\n"])
    for n in range(50):
        want("said", ask("/say", "POST", f"data={n}", {"Content-Type": "application/x-www-form-urlencoded"})[2], b"1")
        want("heard", (response.readline(), response.readline()), (b"data: %d\n" % n, b"\n"))
    response.close()
    listening.close()
    until = time.monotonic() + 30
    while ask("/viewers")[2] != b"0":
        want("the server sees that he has gone", time.monotonic() < until, True)


def only_new_versions_and_who_trusts():
    for version, taken in ((ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)):
        context = ssl.create_default_context(cafile=CA.ca_file)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            context.minimum_version = context.maximum_version = version
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        try:
            connection = connect(context)
            connection.request("GET", "/echo")
            got = connection.getresponse().status == 200
            connection.close()
        except (ssl.SSLError, OSError):
            got = False
        want(f"{version.name} taken", got, taken)
    try:
        connect(ssl.create_default_context()).request("GET", "/echo")
        raise AssertionError("a client that does not know the authority was satisfied")
    except ssl.SSLCertVerificationError:
        pass


def who_speaks_no_tls_is_dropped():
    for said in (b"", b"GET /echo HTTP/1.1\r\nHost: x\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", PORT), timeout=20) as s:
            s.sendall(said)
            got = b""
            try:
                while piece := s.recv(1000):
                    got += piece
            except OSError:
                pass
            want("no page without TLS", b"HTTP" in got, False)


with tempfile.TemporaryDirectory() as FOLDER:
    CA = Authority(FOLDER)
    CA.context()
    TRUSTING = ssl.create_default_context(cafile=CA.ca_file)
    file, broken = os.path.join(FOLDER, "good.pem"), os.path.join(FOLDER, "broken.pem")
    os.rename(CA.last_file, file)
    CA.context()
    other = CA.last_file
    with open(broken, "w") as f:
        f.write("-----BEGIN CERTIFICATE-----\nthis is none\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\nnor this\n")
    for what, certificate, key in (("no such file", FOLDER + "/none.pem", file), ("no certificate", os.devnull, file),
                                   ("a broken one", broken, broken), ("another's key", file, other)):
        if what == "another's key":  # of two files: one holds both
            with open(other) as f:
                text = f.read()
            key = os.path.join(FOLDER, "other.key")
            with open(key, "w") as f:
                f.write(text[:text.index("-----BEGIN CERTIFICATE")])
        probe = start(FOLDER, certificate, key)
        error = probe.communicate(timeout=30)[1]
        want(what, probe.returncode, 1)
        want(f"{what}: the file is named", os.path.basename(certificate) in error or os.path.basename(key) in error, True)
    probe = start(FOLDER, file, file)
    try:
        PORT = int(probe.stdout.readline())
        for test in (pages_forms_and_files, events_over_tls, only_new_versions_and_who_trusts, who_speaks_no_tls_is_dropped):
            began = time.monotonic()
            test()
            print(f"{test.__name__}: {time.monotonic() - began:.1f} s")
        _, errors = probe.communicate(timeout=30)
        want("exit", probe.returncode, 0)
    finally:
        probe.kill()
