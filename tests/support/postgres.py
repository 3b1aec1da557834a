"""A real PostgreSQL for tests: a cluster of its own in a temporary folder, on a
port and a socket of its own.

    with Postgres() as postgres:
        postgres.url()                   # postgresql://vestnik@127.0.0.1:…/vestnik
        postgres.database("other")       # makes it; its address
        postgres.query("SELECT count(*) FROM delivery")
        postgres.cut_connections()
        postgres.restart(); postgres.immediate(); postgres.kill(); postgres.start()

As a program it runs a command beside one and ends with its exit code:

    python3 tests/support/postgres.py -- command …

with VESTNIK_TEST_STORE=postgresql://…; without a command it prints the address
and waits for Ctrl-C. PostgreSQL refuses to run as root: it runs as postgres then.
"""
import glob
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from kafka import run_beside, wait_for_end  # noqa: E402
from reaper import Reaper  # noqa: E402
from server_port import server_port  # noqa: E402

SKIPPED = 77
START_S = 60
STOP_S = 30
USER = "vestnik"
SERVER_USER = "postgres"

# Durable as in production (what is tested is also what survives); small and quick otherwise.
SETTINGS = {
    "max_connections": 200,
    "shared_buffers": "128MB",
    "log_line_prefix": "'%m [%p] '",
    "log_min_messages": "warning",
    "wal_level": "minimal",
    "max_wal_senders": 0,
    "max_wal_size": "256MB",
    "min_wal_size": "32MB",
    "timezone": "'UTC'",
}


class PostgresAbsent(Exception):
    """The programs are not here, or nobody may run them."""


def programs():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"))
    if not found:
        raise PostgresAbsent("PostgreSQL is not installed (deploy/install-packages.sh --tests)")
    return os.path.dirname(found[-1])


def server_user():
    """Arguments for subprocess that make a process run as somebody who may."""
    if os.geteuid() != 0:
        return {}
    try:
        account = pwd.getpwnam(SERVER_USER)
    except KeyError:
        raise PostgresAbsent(f"there is no user {SERVER_USER}, and PostgreSQL refuses to run as root") from None
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


class Postgres:
    def __init__(self, settings=None, folder=None):
        """settings: lines of postgresql.conf, a dictionary; folder: where the data
        shall stand (a small disk; the log does not: it tells when that is full)."""
        self.bin = programs()
        self.account = server_user()
        self.settings = {**SETTINGS, **(settings or {})}
        self.given_folder = folder
        self.process = None
        self.folder = None

    # ---- life ------------------------------------------------------------------

    def __enter__(self):
        self.make()
        try:
            return self.start()
        except BaseException:
            self.show_log()
            self.remove()
            raise

    def __exit__(self, kind, *rest):
        if kind is not None:
            self.show_log()
        self.remove()

    def own(self, path):
        if self.account:
            os.chown(path, self.account["user"], self.account["group"])

    def make(self):
        self.folder = tempfile.mkdtemp(prefix="vestnik-postgres-")
        self.own(self.folder)
        self.reaper = Reaper()
        self.reaper.folder(self.folder)
        self.port = server_port()
        self.data = os.path.join(self.given_folder or self.folder, "data")
        os.mkdir(self.data, 0o700)
        self.own(self.data)
        done = subprocess.run(
            [os.path.join(self.bin, "initdb"), "-D", self.data, "-U", USER, "-A", "trust", "-E", "UTF8",
             "--locale=C.UTF-8", "--no-sync", "--no-instructions", "--wal-segsize=4"],
            capture_output=True, text=True, cwd="/", **self.account)
        if done.returncode != 0:
            raise AssertionError("initdb: " + done.stderr)

    def start(self, ready=True):
        """Starts the server; after stop(), immediate() or kill() with the same data and port."""
        log = open(self.log_file, "ab")
        self.own(self.log_file)
        options = [f"-c{name}={str(value).strip(chr(39))}" for name, value in self.settings.items()
                   if value is not None]
        self.process = subprocess.Popen(
            [os.path.join(self.bin, "postgres"), "-D", self.data, f"-p{self.port}", f"-k{self.folder}",
             "-clisten_addresses=127.0.0.1", *options],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/", start_new_session=True, **self.account)
        log.close()
        # asked first, so that it removes its shared memory
        self.reaper.process(self.process.pid, signal.SIGQUIT)
        if ready:
            self.wait_ready()
        return self

    def wait_ready(self, patience_s=START_S):
        until = time.monotonic() + patience_s
        while True:
            done = subprocess.run([os.path.join(self.bin, "pg_isready"), "-q", "-U", USER, "-d", "postgres", "-h", "127.0.0.1", "-p", str(self.port)])
            if done.returncode == 0:
                break
            if self.process.poll() is not None:
                raise AssertionError(f"PostgreSQL ended with {self.process.returncode}")
            if time.monotonic() > until:
                raise AssertionError(f"PostgreSQL is not ready after {patience_s} s")
            time.sleep(0.02)
        if not self.query("SELECT 1 FROM pg_database WHERE datname = 'vestnik'", database="postgres"):
            self.database("vestnik")

    def end(self, number):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(number)
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait(STOP_S)

    def stop(self):
        """Fast shutdown: connections are cut, everything is on disk."""
        self.end(signal.SIGINT)

    def immediate(self):
        """Immediate shutdown: the next start recovers from the log."""
        self.end(signal.SIGQUIT)

    def kill(self):
        """kill -9 of the postmaster; its processes see that and go, and only then may a new one start."""
        children = self.children()
        self.process.kill()
        self.process.wait()
        until = time.monotonic() + STOP_S
        while any(os.path.exists(f"/proc/{pid}") for pid in children) and time.monotonic() < until:
            time.sleep(0.01)

    def restart(self):
        self.stop()
        self.start()

    def freeze(self):
        """The postmaster and all its processes."""
        self.signal_all(signal.SIGSTOP)

    def thaw(self):
        self.signal_all(signal.SIGCONT)

    def children(self):
        done = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True)
        return [int(pid) for pid in done.stdout.split()]

    def signal_all(self, number):
        for pid in [self.process.pid, *self.children()]:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def remove(self):
        if self.folder is None:
            return
        self.immediate()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder = None
        self.reaper.close()

    @property
    def log_file(self):
        return os.path.join(self.folder, "server.log")

    def show_log(self):
        if self.folder and os.path.exists(self.log_file):
            with open(self.log_file, errors="replace") as f:
                sys.stderr.write("--- postgres\n" + "".join(f.readlines()[-15:]))

    # ---- what clients need --------------------------------------------------------

    def url(self, database="vestnik"):
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def database(self, name):
        """Makes an empty database; its address."""
        self.query(f'CREATE DATABASE "{name}"', database="postgres")
        return self.url(name)

    def query(self, sql, database="vestnik"):
        """Rows as lists of text (None for NULL), by psql itself: /usr/bin has a wrapper in Perl that costs
        ten times as much."""
        done = subprocess.run(
            [os.path.join(self.bin, "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-P", "null=\\N",
             "-F", "\x1f", "-R", "\x1e", "-d", self.url(database), "-c", sql], capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise AssertionError(f"psql: {done.stderr}")
        out = done.stdout.rstrip("\n")
        return [[None if cell == "\\N" else cell for cell in row.split("\x1f")] for row in out.split("\x1e")] if out else []

    def value(self, sql, database="vestnik"):
        rows = self.query(sql, database)
        return rows[0][0] if rows else None

    def cut_connections(self, database="vestnik"):
        """Ends every other session of a database; how many there were."""
        return int(self.value("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                              f"WHERE pid <> pg_backend_pid() AND datname = '{database}'", "postgres"))


def main(arguments):
    if arguments and arguments[0] != "--":
        print(__doc__)
        return 2
    try:
        with Postgres() as postgres:
            if arguments[1:]:
                return run_beside(postgres, {"VESTNIK_TEST_STORE": postgres.url()}, arguments[1:])
            print(postgres.url(), flush=True)
            wait_for_end()
            return 0
    except PostgresAbsent as absent:
        print("skipped:", absent)
        return SKIPPED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
