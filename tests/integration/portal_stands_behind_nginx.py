"""deploy/nginx/vestnik-portal.conf as it ships (only ports, paths and user changed) in front of a portal:
TLS, an answer with a file, the visitor's own address, headers, tokens out of nginx's log."""
import http.client
import os
import re
import shutil
import ssl
import subprocess
import sys

SOURCE = os.environ["VESTNIK_SOURCE"]
sys.path.insert(0, os.path.join(SOURCE, "tests/support"))
from bed import can_connect, free_port, skip, wait_for  # noqa: E402
from portal_bed import Page, PortalBed, multipart, want, want_in, want_not_in  # noqa: E402

NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
if NGINX is None:
    skip("nginx is not installed")

with PortalBed() as bed:
    folder = os.path.join(bed.folder, "nginx")
    os.makedirs(folder)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{folder}/privkey.pem", "-out",
                    f"{folder}/fullchain.pem", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                   check=True, capture_output=True)
    with open(os.path.join(SOURCE, "deploy/nginx/vestnik-portal.conf")) as f:
        text = f.read()
    plain, secure = free_port(), free_port()
    for was, now in (("listen 80;", f"listen 127.0.0.1:{plain};"), ("listen [::]:80;", ""), ("listen 443 ssl", f"listen 127.0.0.1:{secure} ssl"),
                     ("listen [::]:443 ssl http2;", ""), ("/etc/ssl/vestnik", folder), ("/var/log/nginx", folder),
                     ("127.0.0.1:8090", f"127.0.0.1:{bed.port}")):
        assert was in text, f"{was} is not in the file"
        text = text.replace(was, now)
    temporary = "".join(f"{name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    with open(f"{folder}/nginx.conf", "w") as f:
        f.write(f"{'user root;' if os.geteuid() == 0 else ''} pid {folder}/pid; error_log {folder}/error.log; daemon off;\n"
                f"events {{}} http {{ {temporary}\n{text}\n}}\n")
    bed.start("nginx", NGINX, "-p", folder, "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log")
    wait_for(lambda: can_connect(secure), "nginx")

    context = ssl.create_default_context(cafile=f"{folder}/fullchain.pem")

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
    want_in("HTTPS from now on", "max-age", page.headers["strict-transport-security"])
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
    with open(f"{folder}/vestnik-portal.log") as f:
        lines = f.read()
    want_in("nginx's log", "/a/***", lines)
    want_not_in("tokens", re.search(r"\.([a-z2-7]{16})$", link)[1], lines)
