"""The test bed: a folder of its own with settings, a real SMTP sink, the real
programs. Everything is stopped by its own process id and leaves nothing behind.

    with Bed() as bed:
        bed.sink()                          # smtp-remember on a free port
        bed.up()                            # vestnik up
        bed.directory(5000)
        bed.launch(bed.campaign("demo"))
        bed.wait_state("demo", "finished")

The same on Kafka and PostgreSQL, each chosen for itself; a Kafka or Postgres that
runs already may be given, each bed then has its own topics and database in it:

    with Bed(bus="kafka", store="postgres") as bed:
        bed.sink()
        bed.service("planner")
        first = bed.service("mailer", instance="a")     # as on another machine: a folder
        second = bed.service("mailer", instance="b")    # of its own, the key copied there
        freeze(first); thaw(first); kill(first); stop(second)
        bed.sink_counts()                   # accepted, unique, doubled

In simulated time (bed_clock.py); asked for before the first of our programs starts:

    bed.clock.jump_to("2023-05-15 09:00")

Without arguments $VESTNIK_BED says it ("kafka+postgres", "kafka+sqlite"), so that
a test written once runs on each.
"""
import collections
import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bed_clock import Clock  # noqa: E402
from kafka import Kafka, KafkaAbsent  # noqa: E402
from postgres import Postgres, PostgresAbsent  # noqa: E402
from reaper import Reaper  # noqa: E402

BIN = os.environ.get("VESTNIK_BIN") or os.path.join(os.path.dirname(__file__), "../../build/dev/bin")
SOURCE = os.environ.get("VESTNIK_SOURCE") or os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
SERVICES = ["planner", "mailer", "ledger", "notifier"]  # what a letter passes through
ALL_SERVICES = SERVICES + ["intake", "portal", "console"]
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


def shape_of_environment():
    words = os.environ.get("VESTNIK_BED", "").split("+")
    return ("kafka" if "kafka" in words else "embedded", "postgres" if "postgres" in words else "sqlite")


class Bed:
    def __init__(self, settings=None, keep=False, bus=None, store=None, nodes=1, partitions=4):
        """bus: "embedded", "kafka" or a Kafka; store: "sqlite", "postgres" or a Postgres.
        nodes: of a Kafka started here; partitions: of mail and status there."""
        usual_bus, usual_store = shape_of_environment()
        self.folder = tempfile.mkdtemp(prefix="vestnik-bed-")
        self.keep = keep or bool(os.environ.get("VESTNIK_KEEP"))
        self.reaper = Reaper()
        if not self.keep:
            self.reaper.folder(self.folder)
        self.processes = []
        self.smtp_port = None
        self.settings = {
            "lang": "en",
            "zone": "Europe/Moscow",
            "data_dir": os.path.join(self.folder, "data"),
            "log_level": "info",
            "sender": {"name": "Ministry", "address": "outreach@ministry.example.org"},
        }
        self.written = False
        self.the_clock = None
        self.in_real_time = False  # a program of ours has started without a clock
        self.machines = {}
        self.ours = []  # servers started here
        self.kafka = self.postgres = self.prefix = None
        self.partitions = partitions
        self.topics_made = False
        try:
            self.choose(bus or usual_bus, store or usual_store, nodes)
        except BaseException:
            self.__exit__(None)
            raise
        self.settings.update(settings or {})
        # tests run side by side: any port; who wants to know it names one
        self.settings["console"] = {"listen": "127.0.0.1:0", **self.settings.get("console", {})}

    def choose(self, bus, store, nodes):
        """Starts what is to be started, and says so in the settings."""
        try:
            if store == "postgres":
                self.postgres = Postgres().__enter__()
                self.ours.append(self.postgres)
            elif store != "sqlite":
                self.postgres = store
            if bus == "kafka":
                self.kafka = Kafka(nodes).start()
                self.ours.append(self.kafka)
            elif bus != "embedded":
                self.kafka = bus
        except (KafkaAbsent, PostgresAbsent) as absent:
            self.__exit__(None)
            skip(absent)
        self.database = "vestnik"
        if self.postgres:
            if self.postgres not in self.ours:
                self.database = f"bed{random.randrange(10 ** 12)}"
                self.postgres.database(self.database)
            self.settings["store_url"] = self.postgres.url(self.database)
        else:
            self.settings["store_url"] = "sqlite:" + os.path.join(self.folder, "data", "vestnik.db")
        if self.kafka:
            self.prefix = None if self.kafka in self.ours else f"bed{random.randrange(10 ** 12)}"
            self.settings["bus_url"] = self.kafka.url(self.prefix)
            self.settings["bus_partitions"] = self.partitions

    @property
    def store_url(self):
        return self.settings["store_url"]

    @property
    def bus_url(self):
        return self.settings.get("bus_url", "embedded")

    @property
    def clock(self):
        """The programs' wall clock, in our hand."""
        if self.the_clock is None:
            assert not self.in_real_time, "the clock must be asked for before the first program starts"
            self.the_clock = Clock(os.path.join(self.folder, "clock"), self.settings["zone"])
        return self.the_clock

    def topic(self, name):
        """What one of our topics is called on the Kafka."""
        return f"{self.prefix}.{name}" if self.prefix else name

    # ---- life ------------------------------------------------------------------

    def __enter__(self):
        return self

    def __exit__(self, kind, *rest):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
                process.send_signal(signal.SIGCONT)
        for process in reversed(self.processes):
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if kind is not None:
            self.show_logs()
        for server in reversed(self.ours):
            server.__exit__(kind)
        self.ours = []
        if self.keep:
            print("kept:", self.folder)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.reaper.close()

    def show_logs(self):
        if not os.path.isdir(self.folder):
            sys.stderr.write(f"{self.folder} is gone: somebody removed it while the test ran\n")
            return
        for name in sorted(os.listdir(self.folder)):
            if name.endswith(".log"):
                with open(os.path.join(self.folder, name), errors="replace") as f:
                    lines = [line for line in f if " attempt " not in line][-25:]
                sys.stderr.write(f"--- {name}\n" + "".join(lines))

    @property
    def config(self):
        path = os.path.join(self.folder, "vestnik.yaml")
        if not self.written:
            write_json(path, self.settings)  # JSON is YAML
            self.written = True
        return path

    def machine(self, name):
        """Settings of another machine: a folder of its own, the same store, bus and key."""
        if name not in self.machines:
            key = os.path.join(self.settings["data_dir"], "vestnik.key")
            if not os.path.exists(key):
                os.makedirs(os.path.dirname(key), mode=0o700, exist_ok=True)
                with open(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as f:
                    f.write(os.urandom(32).hex() + "\n")
            data = os.path.join(self.folder, "data-" + name)
            os.makedirs(data, mode=0o700)
            shutil.copy(key, data)
            path = os.path.join(self.folder, f"vestnik-{name}.yaml")
            assert self.config  # settings are fixed from here on
            write_json(path, {**self.settings, "data_dir": data})
            self.machines[name] = path
        return self.machines[name]

    def environment(self, machine=None):
        config = self.machine(machine) if machine else self.config  # settings are fixed from here on
        environment = dict(os.environ, VESTNIK_CONFIG=config, LC_ALL="C.UTF-8", VESTNIK_TEST_BUS=self.bus_url)
        if self.the_clock:
            environment["VESTNIK_CLOCK"] = self.the_clock.path
        return environment

    def make_topics(self):
        """Kafka's topics, once; nothing else makes them."""
        if self.kafka and not self.topics_made:
            self.topics_made = True
            self.run("bus", "init")

    def note_start(self, program):
        """From now on time only goes forward, or is nobody's but the system's."""
        if os.path.basename(program).startswith("vestnik"):
            self.in_real_time = self.the_clock is None
            if self.the_clock:
                self.the_clock.running = True

    def start(self, name, *arguments, machine=None, **options):
        """Starts a program; its standard error goes to <name>.log."""
        self.note_start(arguments[0])
        log = open(os.path.join(self.folder, name + ".log"), "ab")
        process = subprocess.Popen(arguments, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                   env=self.environment(machine), **options)
        log.close()
        self.processes.append(process)
        self.reaper.process(process.pid)
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

    def sink_counts(self):
        """Letters the sink said 250 to: all, different ones, and what went more than once."""
        letters = collections.Counter(message_id for message_id, _ in self.remembered())
        accepted = sum(letters.values())
        return {"accepted": accepted, "unique": len(letters), "doubled": accepted - len(letters)}

    # ---- services --------------------------------------------------------------------

    def service(self, name, *arguments, instance=None, machine=None):
        """One service. instance: its name on the bus, on a machine of that name (or of the
        one given); log: mailer.log, mailer-b.log."""
        self.make_topics()
        machine = machine or instance
        config = self.machine(machine) if machine else self.config
        words = ["--instance", instance] if instance else []
        return self.start(f"{name}-{instance}" if instance else name, os.path.join(BIN, "vestnik-" + name),
                          "--config", config, *words, *arguments, machine=machine)

    def services(self, *names):
        return {name: self.service(name) for name in (names or SERVICES)}

    def up(self, machine=None):
        """vestnik up, here or on another machine; returns when all its services are ready."""
        self.make_topics()
        before = self.ready()
        process = self.start(f"up-{machine}" if machine else "up", os.path.join(BIN, "vestnik"), "up", machine=machine)
        # what `up` finds it starts: services that were added later, too
        wait_for(lambda: {name for name, _ in set(self.ready()) - set(before)} >= set(SERVICES), "all services ready")
        return process

    def ready(self):
        return self.rows("SELECT service, pid FROM service_instance WHERE state = 'ready'")

    # ---- the command line ----------------------------------------------------------------

    def run(self, *arguments, code=0, text=None):
        self.note_start("vestnik")
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
        return self.postgres_rows(sql, values) if self.postgres else self.sqlite_rows(sql, values)

    def postgres_rows(self, sql, values):
        """Through psql, as one JSON list a row: numbers stay numbers, as with SQLite."""
        pieces = sql.split("?")
        assert len(pieces) == len(values) + 1, f"{len(values)} values for {sql}"
        text = pieces[0] + "".join(literal(v) + piece for v, piece in zip(values, pieces[1:]))
        try:
            out = self.postgres.query(f"SELECT row_to_json(vestnik_row) FROM ({text}) vestnik_row", self.database)
        except AssertionError as error:
            if "does not exist" in str(error) and "relation" in str(error):
                return []
            raise
        return [tuple(json.loads(row, object_pairs_hook=lambda pairs: [v for _, v in pairs])) for (row,) in out]

    def sqlite_rows(self, sql, values):
        path = self.store_url.removeprefix("sqlite:")
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

    def change(self, sql, *values):
        """Writes to the store, as nobody but a test may."""
        if self.postgres:
            pieces = sql.split("?")
            self.postgres.query(pieces[0] + "".join(literal(v) + p for v, p in zip(values, pieces[1:])), self.database)
            return
        db = sqlite3.connect(self.store_url.removeprefix("sqlite:"), timeout=30)
        db.execute("PRAGMA wal_autocheckpoint = 0")  # not ours to make
        with db:
            db.execute(sql, values)
        db.close()

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


def literal(value):
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, (int, float)) else "'" + str(value).replace("'", "''") + "'"


def write_json(path, value):
    with open(path, "w") as f:
        json.dump(value, f, ensure_ascii=False, indent=1)


def kill(process):
    """kill -9, and waits until it is gone."""
    process.send_signal(signal.SIGKILL)
    process.wait()


def freeze(process):
    process.send_signal(signal.SIGSTOP)


def thaw(process):
    process.send_signal(signal.SIGCONT)


def stop(process, patience_s=60):
    """As systemd does: SIGTERM, and waits until it has drained."""
    process.terminate()
    process.wait(patience_s)
