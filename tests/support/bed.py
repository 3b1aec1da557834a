"""The test bed: a folder of its own with settings, a real SMTP sink, the real
programs. Everything is stopped by its own process id and leaves nothing behind.

    with Bed() as bed:
        bed.sink()                          # smtp-remember on a free port
        bed.up()                            # vestnik up
        bed.directory(5000)
        bed.launch(bed.campaign("demo"))
        bed.wait_state("demo", "finished")
"""
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

BIN = os.environ.get("VESTNIK_BIN") or os.path.join(os.path.dirname(__file__), "../../build/dev/bin")
SOURCE = os.environ.get("VESTNIK_SOURCE") or os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
SERVICES = ["planner", "mailer", "ledger", "notifier"]
SKIPPED = 77
# Waits are for conditions; this is only how long until a test gives up.
PATIENCE_S = 120


def skip(why):
    print("skipped:", why)
    sys.exit(SKIPPED)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(condition, what, patience_s=PATIENCE_S, every_s=0.02):
    """Waits until condition() is true and returns its value."""
    until = time.monotonic() + patience_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"gave up after {patience_s} s waiting for {what}")
        time.sleep(every_s)


def can_connect(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class Bed:
    def __init__(self, settings=None, keep=False):
        self.folder = tempfile.mkdtemp(prefix="vestnik-bed-")
        self.keep = keep or bool(os.environ.get("VESTNIK_KEEP"))
        self.processes = []
        self.smtp_port = None
        self.settings = {
            "lang": "en",
            "zone": "Europe/Moscow",
            "data_dir": os.path.join(self.folder, "data"),
            "log_level": "info",
            "sender": {"name": "Ministry", "address": "outreach@ministry.example.org"},
        }
        self.settings.update(settings or {})
        self.written = False

    # ---- life ------------------------------------------------------------------

    def __enter__(self):
        return self

    def __exit__(self, kind, *rest):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
        for process in reversed(self.processes):
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if kind is not None:
            self.show_logs()
        if self.keep:
            print("kept:", self.folder)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def show_logs(self):
        for name in sorted(os.listdir(self.folder)):
            if name.endswith(".log"):
                with open(os.path.join(self.folder, name), errors="replace") as f:
                    lines = [line for line in f if " attempt " not in line][-25:]
                sys.stderr.write(f"--- {name}\n" + "".join(lines))

    @property
    def config(self):
        path = os.path.join(self.folder, "vestnik.yaml")
        if not self.written:
            with open(path, "w") as f:
                json.dump(self.settings, f, ensure_ascii=False, indent=1)  # JSON is YAML
            self.written = True
        return path

    def environment(self):
        return dict(os.environ, VESTNIK_CONFIG=self.config, LC_ALL="C.UTF-8")  # settings are fixed from here on

    def start(self, name, *arguments, **options):
        """Starts a program; its standard error goes to <name>.log."""
        log = open(os.path.join(self.folder, name + ".log"), "ab")
        process = subprocess.Popen(arguments, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                   env=self.environment(), **options)
        log.close()
        self.processes.append(process)
        return process

    def log_of(self, name):
        path = os.path.join(self.folder, name + ".log")
        if not os.path.exists(path):
            return ""
        with open(path, errors="replace") as f:
            return f.read()

    # ---- servers ------------------------------------------------------------------

    def relay(self, port, **settings):
        """Adds a relay to the settings; call before any program starts."""
        assert not self.written
        relay = {"name": "main", "host": "127.0.0.1", "port": port, "security": "none", "connections": 64}
        relay.update(settings)
        self.settings.setdefault("relays", []).append(relay)

    def sink(self, *options, **relay_settings):
        """smtp-remember: accepts fast and remembers every letter it said 250 to."""
        port = free_port()
        self.remembered_file = os.path.join(self.folder, "remembered")
        self.relay(port, **relay_settings)
        process = self.start("sink", os.path.join(BIN, "smtp-remember"), "--port", str(port), "--record",
                             self.remembered_file, *options)
        wait_for(lambda: can_connect(port), "the sink")
        self.smtp_port = port
        return process

    def smtp_sink(self, **relay_settings):
        """postfix's smtp-sink."""
        program = shutil.which("smtp-sink", path=os.environ.get("PATH", "") + ":/usr/sbin")
        if program is None:
            skip("smtp-sink (package postfix) is not installed")
        port = free_port()
        arguments = [program, "-c"] if os.environ.get("VESTNIK_SINK_COUNT") else [program]
        if os.geteuid() == 0:
            arguments += ["-u", "nobody"]
        self.relay(port, **relay_settings)
        process = self.start("sink", *arguments, f"127.0.0.1:{port}", "1024")
        wait_for(lambda: can_connect(port), "smtp-sink")
        self.smtp_port = port
        return process

    def remembered(self):
        """What the sink took, answered or not: a list of (message id, recipient)."""
        if not os.path.exists(self.remembered_file):
            return []
        with open(self.remembered_file) as f:
            rows = [line.rstrip("\n").split("\t") for line in f if line.endswith("\n")]
        return [(row[1], row[2]) for row in rows if row[0] in ("accepted", "dropped")]

    # ---- services --------------------------------------------------------------------

    def service(self, name, *arguments):
        return self.start(name, os.path.join(BIN, "vestnik-" + name), "--config", self.config, *arguments)

    def services(self, *names):
        return {name: self.service(name) for name in (names or SERVICES)}

    def up(self):
        process = self.start("up", os.path.join(BIN, "vestnik"), "up")
        wait_for(lambda: len(self.ready()) == len(SERVICES), "all services ready")
        return process

    def ready(self):
        return self.rows("SELECT service, pid FROM service_instance WHERE state = 'ready'")

    # ---- the command line ----------------------------------------------------------------

    def run(self, *arguments, code=0, text=None):
        done = subprocess.run([os.path.join(BIN, "vestnik"), *arguments], capture_output=True, text=True,
                              input=text, env=self.environment(), timeout=600)
        if code is not None and done.returncode != code:
            raise AssertionError(f"vestnik {' '.join(arguments)}: exit {done.returncode}, want {code}\n"
                                 f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done

    def json(self, *arguments, code=0, text=None):
        out = self.run("--json", *arguments, code=code, text=text).stdout
        return [json.loads(line) for line in out.splitlines() if line.strip()]

    # ---- the store, read only -----------------------------------------------------------

    def rows(self, sql, *values):
        path = os.path.join(self.folder, "data", "vestnik.db")
        if not os.path.exists(path):
            return []
        try:
            # Read-only: a second program must never checkpoint a live store.
            db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
            try:
                return db.execute(sql, values).fetchall()
            finally:
                db.close()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error) or "unable to open" in str(error):
                return []
            raise

    def value(self, sql, *values):
        rows = self.rows(sql, *values)
        return rows[0][0] if rows else None

    def counts(self, slug):
        """Letters of a campaign by state number, counted (not the counters)."""
        return dict(self.rows("SELECT d.state, count(*) FROM delivery d JOIN campaign c ON c.id = d.campaign"
                              " WHERE c.slug = ? GROUP BY d.state", slug))

    def counters(self, slug):
        return {state: n for state, n in self.rows(
            "SELECT n.state, sum(n.n) FROM counter n JOIN campaign c ON c.id = n.campaign"
            " WHERE c.slug = ? GROUP BY n.state", slug) if n != 0}

    def wait_state(self, slug, state, patience_s=PATIENCE_S):
        wait_for(lambda: self.value("SELECT state FROM campaign WHERE slug = ?", slug) == state,
                 f"campaign {slug} to be {state}", patience_s, 0.1)

    # ---- campaigns -----------------------------------------------------------------------

    def directory(self, count, zone=None, domain="example.org"):
        """Imports count schools, school-000001@… and so on."""
        path = os.path.join(self.folder, "schools.csv")
        with open(path, "w") as f:
            f.write("key;name;kind;region;municipality;email;contact;phone\n")
            for i in range(1, count + 1):
                f.write(f"s{i:07};Школа № {i};school;Область;Район {i % 40 + 1};"
                        f"school-{i:07}@{domain};Директор школы № {i};+7 (000) 000-00-00\n")
        if os.environ.get("VESTNIK_IMPORT"):
            print(subprocess.run([os.environ["VESTNIK_IMPORT"], self.config, path], capture_output=True, text=True).stdout)
            return path
        self.run("directory", "import", path)
        return path

    def campaign(self, slug, letter=None, attachments=(), **keys):
        """Writes a campaign's folder and returns the path of its campaign.yaml."""
        folder = os.path.join(self.folder, slug)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "letter.md"), "w") as f:
            f.write(letter or "# О конкурсе: {{recipient.name}}\n\nУважаемые коллеги!\n\n"
                              "Просим довести информацию о конкурсе до педагогов ({{recipient.municipality}}).\n")
        for name, data in attachments:
            with open(os.path.join(folder, name), "wb") as f:
                f.write(data)
        definition = {"campaign": slug, "title": "Проверка", "audience": {"kinds": ["school"]},
                      "from": {"name": "Министерство образования", "address": "outreach@ministry.example.org"},
                      "letters": {"first": "letter.md"}}
        if attachments:
            definition["attachments"] = [{"file": name, "title": name} for name, _ in attachments]
        definition.update(keys)
        path = os.path.join(folder, "campaign.yaml")
        with open(path, "w") as f:
            json.dump(definition, f, ensure_ascii=False, indent=1)
        return path

    def launch(self, path):
        return self.run("campaign", "launch", path, "--yes")


def kill(process):
    """kill -9, and waits until it is gone."""
    process.send_signal(signal.SIGKILL)
    process.wait()
