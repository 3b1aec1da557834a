"""The console behind deploy/nginx/vestnik-console.conf as it ships (only ports, paths and user changed): logging in, the
visitor's own address, headers once; events pass at once. Then the same console with a certificate of its own."""
import http.client
import os
import ssl
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests/support"))
from console_bed import ADMIN, ConsoleBed, Page, want, want_in, want_not_in  # noqa: E402
from nginx_bed import Nginx, need_nginx  # noqa: E402
from test_certificates import Authority  # noqa: E402

need_nginx()


class SecureBed(ConsoleBed):
    """Visitors come over TLS to localhost."""
    context, secure_port = None, None

    def request(self, method, path, body=None, headers=None, source=None):
        connection = http.client.HTTPSConnection("localhost", self.secure_port, timeout=60, context=self.context)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Page(response.status, response.getheaders(), response.read(), path)
        finally:
            connection.close()


def logs_in(bed, what):
    admin = bed.visitor(Accept_Language="en", X_Forwarded_For="203.0.113.66")
    page = admin.login(ADMIN)
    want(f"{what}: logging in", page.status, 303)
    cookie = page.headers["set-cookie"]
    want(f"{what}: the cookie travels over TLS only", "; Secure" in cookie and "HttpOnly" in cookie, True)
    page = admin.get("/")
    want(f"{what}: the first page", page.status, 200)
    want(f"{what}: HSTS once", [v for k, v in page.all_headers if k == "strict-transport-security"], ["max-age=31536000"])
    want(f"{what}: never kept", page.headers["cache-control"], "no-store")
    want(f"{what}: a path trick", admin.get("/..%2f..%2fetc%2fpasswd").status in (400, 404), True)
    want_not_in(f"{what}: what a visitor says of himself is not believed", "203.0.113.66", bed.log_of("console"))


with SecureBed() as bed:
    nginx = Nginx(bed, "vestnik-console.conf", "127.0.0.1:8091", bed.port)
    bed.context, bed.secure_port = ssl.create_default_context(cafile=nginx.certificate), nginx.secure
    logs_in(bed, "nginx")
    bed.visitor().get("/login?next=/log%3Fq=SECRET")
    want_in("nginx's log", '"GET /login"', nginx.log("vestnik-console.log"))
    want_not_in("nginx's log", "SECRET", nginx.log("vestnik-console.log"))
    connection = http.client.HTTPConnection("127.0.0.1", nginx.plain, timeout=20)
    connection.request("GET", "/log", headers={"Host": "vestnik.ministry.example.org"})
    response = connection.getresponse()
    want("plain HTTP", (response.status, response.getheader("location")), (301, "https://vestnik.ministry.example.org/log"))
    connection.close()

    # events, from a server that says what it is told
    probe = subprocess.Popen([os.path.join(os.environ["VESTNIK_BIN"], "web_probe"), bed.folder], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        front = Nginx(bed, "vestnik-console.conf", "127.0.0.1:8091", int(probe.stdout.readline()), "nginx-events")
        bed.context, bed.secure_port = ssl.create_default_context(cafile=front.certificate), front.secure
        listening = http.client.HTTPSConnection("localhost", front.secure, timeout=30, context=bed.context)
        listening.request("GET", "/listen", headers={"Last-Event-ID": "7"})
        response = listening.getresponse()
        want("media type", response.getheader("content-type"), "text/event-stream")
        want("hello", [response.readline() for _ in range(5)], [b"retry: 3000\n", b"\n", b"event: hello\n", b"data: 7\n", b"\n"])
        for n in range(20):
            said = bed.request("POST", "/say", f"data={n}", {"Content-Type": "application/x-www-form-urlencoded"})
            want("said", said.body, b"1")
            want("heard before the next is said", (response.readline(), response.readline()), (b"data: %d\n" % n, b"\n"))
        response.close()
        listening.close()
    finally:
        probe.communicate(timeout=30)

with tempfile.TemporaryDirectory() as folder:
    authority = Authority(folder)
    authority.context()
    with SecureBed(tls_cert_file=authority.last_file, tls_key_file=authority.last_file, proxies="192.0.2.1") as bed:
        bed.context, bed.secure_port = ssl.create_default_context(cafile=authority.ca_file), bed.port
        logs_in(bed, "its own")
