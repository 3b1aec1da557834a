"""A real Dovecot as a process of its own, with a configuration in a temporary folder:

    with Dovecot(tls=True) as server:
        server.deliver(b"From: ...")        # into INBOX, as an LDA would
        server.ca_file, server.port, server.tls_port, server.user, server.password
"""
import grp
import imaplib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bed import can_connect, free_port, skip, wait_for  # noqa: E402
from reaper import Reaper  # noqa: E402

PASSWORD = "пароль «с» пробелом"


class Dovecot:
    user, password = "answers", PASSWORD

    def __init__(self, tls=False, hosts=("localhost",)):
        self.program = shutil.which("dovecot", path=os.environ.get("PATH", "") + ":/usr/sbin")
        if self.program is None or not os.path.exists("/usr/lib/dovecot/imap"):
            skip("dovecot (packages dovecot-core, dovecot-imapd) is not installed")
        self.folder = tempfile.mkdtemp(prefix="vestnik-dovecot-")
        self.reaper = Reaper()
        self.reaper.folder(self.folder)
        os.chmod(self.folder, 0o755)
        self.port, self.tls_port = free_port(), free_port()
        self.process = None
        self.certificate = None
        if tls:
            from test_certificates import Authority
            authority = Authority(self.folder)
            authority.context(hosts=hosts, addresses=["127.0.0.1"])
            self.certificate, self.ca_file = authority.last_file, authority.ca_file
        # As root Dovecot drops to other users, who must exist; else it stays who it is.
        me = pwd.getpwuid(os.geteuid())
        self.owner = pwd.getpwnam("nobody") if me.pw_uid == 0 else me
        self.home = os.path.join(self.folder, "mail", self.user)
        self.maildir = os.path.join(self.home, "Maildir")
        for name in ("new", "cur", "tmp"):
            os.makedirs(os.path.join(self.maildir, name))
        self.own(os.path.join(self.folder, "mail"))
        self.counter = 0

    def own(self, path):
        if os.geteuid() != 0:
            return
        os.chown(path, self.owner.pw_uid, self.owner.pw_gid)
        for folder, folders, files in os.walk(path):
            for name in folders + files:
                os.chown(os.path.join(folder, name), self.owner.pw_uid, self.owner.pw_gid)

    def config(self):
        base = self.folder
        user, group = self.owner.pw_name, grp.getgrgid(self.owner.pw_gid).gr_name
        with open(os.path.join(base, "users"), "w") as f:
            f.write(f"{self.user}:{{PLAIN}}{PASSWORD}\n")
        os.chmod(os.path.join(base, "users"), 0o644)
        tls = f"ssl = yes\nssl_cert = <{self.certificate}\nssl_key = <{self.certificate}\n" if self.certificate \
            else "ssl = no\n"
        path = os.path.join(base, "dovecot.conf")
        with open(path, "w") as f:
            f.write(f"""base_dir = {base}/run
state_dir = {base}/state
log_path = {base}/dovecot.log
protocols = imap
listen = 127.0.0.1
{tls}disable_plaintext_auth = no
mail_location = maildir:~/Maildir
mailbox_list_index = no
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {base}/users
}}
userdb {{
  driver = static
  args = uid={self.owner.pw_uid} gid={self.owner.pw_gid} home={base}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {self.port}
  }}
  inet_listener imaps {{
    port = {self.tls_port if self.certificate else 0}
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
""")
        return path

    def __enter__(self):
        self.start()
        return self

    def start(self):
        self.process = subprocess.Popen([self.program, "-F", "-c", self.config()], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        self.reaper.process(self.process.pid)
        wait_for(lambda: can_connect(self.port), "Dovecot")

    def stop(self):
        if self.process is None:
            return
        # all of it at once: the master would wait half a minute for connected clients
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None
        wait_for(lambda: not can_connect(self.port), "Dovecot to be gone")

    def __exit__(self, kind, *rest):
        self.stop()
        if kind is not None and os.path.exists(os.path.join(self.folder, "dovecot.log")):
            with open(os.path.join(self.folder, "dovecot.log"), errors="replace") as f:
                sys.stderr.write("--- dovecot.log\n" + "".join(f.readlines()[-25:]))
        shutil.rmtree(self.folder, ignore_errors=True)
        self.reaper.close()

    def deliver(self, message, folder=""):
        self.counter += 1
        deliver(os.path.join(self.maildir, folder), message, f"{self.counter}",
                self.owner if os.geteuid() == 0 else None)

    def client(self):
        """Another program that looks into the mailbox."""
        client = imaplib.IMAP4("127.0.0.1", self.port)
        client.authenticate("PLAIN", lambda _: b"\0" + self.user.encode() + b"\0" + PASSWORD.encode())
        return client


def deliver(maildir, message, name=None, owner=None):
    """As a local delivery agent does: tmp, then new. Returns the name."""
    name = f"{time.time_ns()}.{name or 'm'}.host"
    path = os.path.join(maildir, "tmp", name)
    with open(path, "wb") as f:
        f.write(message)
    if owner:
        os.chown(path, owner.pw_uid, owner.pw_gid)
    os.rename(path, os.path.join(maildir, "new", name))
    return name
