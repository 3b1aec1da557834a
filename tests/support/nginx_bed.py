"""A configuration of deploy/nginx as it ships, only ports, paths and user changed, in front of a bed's service."""
import os
import shutil
import subprocess

from bed import can_connect, free_port, skip, wait_for

NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")


def need_nginx():
    if NGINX is None:
        skip("nginx is not installed")


class Nginx:
    """plain, secure: its ports; certificate: a file to trust, for localhost."""

    def __init__(self, bed, name, backend_was, backend_port, label="nginx"):
        self.folder = folder = os.path.join(bed.folder, label)
        os.makedirs(folder)
        self.certificate = f"{folder}/fullchain.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{folder}/privkey.pem", "-out",
                        self.certificate, "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                       check=True, capture_output=True)
        with open(os.path.join(os.environ["VESTNIK_SOURCE"], "deploy/nginx", name)) as f:
            text = f.read()
        self.plain, self.secure = free_port(), free_port()
        for was, now in (("listen 80;", f"listen 127.0.0.1:{self.plain};"), ("listen [::]:80;", ""),
                         ("listen 443 ssl", f"listen 127.0.0.1:{self.secure} ssl"), ("listen [::]:443 ssl http2;", ""),
                         ("/etc/ssl/vestnik", folder), ("/var/log/nginx", folder), (backend_was, f"127.0.0.1:{backend_port}")):
            assert was in text, f"{was} is not in {name}"
            text = text.replace(was, now)
        temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        with open(f"{folder}/nginx.conf", "w") as f:
            f.write(f"{'user root;' if os.geteuid() == 0 else ''} pid {folder}/pid; error_log {folder}/error.log; daemon off;\n"
                    f"events {{}} http {{ {temporary}\n{text}\n}}\n")
        bed.start(label, NGINX, "-p", folder, "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log")
        wait_for(lambda: can_connect(self.secure), label)

    def log(self, name):
        with open(os.path.join(self.folder, name)) as f:
            return f.read()
