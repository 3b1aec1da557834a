"""deploy/nginx/vestnik-portal.conf as it ships (only ports, paths and user changed) in front of a portal:
TLS, an answer with a file, the visitor's own address, headers, tokens out of nginx's log."""
import http.client
import os
import re
import ssl
import sys

SOURCE = os.environ["VESTNIK_SOURCE"]
sys.path.insert(0, os.path.join(SOURCE, "tests/support"))
from nginx_bed import Nginx, need_nginx  # noqa: E402
from portal_bed import Page, PortalBed, multipart, want, want_in, want_not_in  # noqa: E402

need_nginx()

with PortalBed() as bed:
    nginx = Nginx(bed, "vestnik-portal.conf", "127.0.0.1:8090", bed.port)
    secure, plain = nginx.secure, nginx.plain
    context = ssl.create_default_context(cafile=nginx.certificate)

    def ask(method, path, body=None, headers=None):
        connection = http.client.HTTPSConnection("localhost", secure, timeout=30, context=context)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Page(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    bed.store()
    number = bed.ask("s1")
    link = bed.answer(number)
    page = ask("GET", link, headers={"X-Forwarded-For": "203.0.113.66"})
    want("status", page.status, 200)
    want_in("form", "Вы отвечаете за: Школа № 1", page.text)
    want("HTTPS from now on", page.headers["strict-transport-security"], "max-age=31536000")
    want("headers of ours pass", page.headers["referrer-policy"], "no-referrer")
    body, headers = multipart([("f.registered", "12"), ("f.measures", "Провели"), ("name", "И. О. Фамилия")],
                              [("attachment", "Письмо.pdf", "application/pdf", b"%PDF-1.4 " + os.urandom(3_000_000))])
    page = ask("POST", link, body, headers)
    want("sent", page.status, 303)
    want_in("thanks", "Спасибо, ответ получен", ask("GET", page.headers["location"]).text)
    want("a path trick", ask("GET", "/a/..%2f..%2fetc%2fpasswd").status in (400, 404), True)
    want("more than an answer can have", ask("POST", link, b"x" * 10, {"Content-Type": "text/plain", "Content-Length": str(100 << 20)}).status, 413)
    connection = http.client.HTTPConnection("127.0.0.1", plain, timeout=20)
    connection.request("GET", link, headers={"Host": "answers.example.org"})
    response = connection.getresponse()
    want("plain HTTP", (response.status, response.getheader("location")), (301, "https://answers.example.org" + link))
    connection.close()

    log = bed.log_of("portal")
    want_not_in("what a visitor says of himself is not believed", "203.0.113.66", log)
    lines = nginx.log("vestnik-portal.log")
    want_in("nginx's log", "/a/***", lines)
    want_not_in("tokens", re.search(r"\.([a-z2-7]{16})$", link)[1], lines)
