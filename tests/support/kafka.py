"""A real Kafka for tests: one node or three (KRaft), from the jars tests/run.sh
fetched, in a folder of its own on free ports.

    with Kafka(3) as kafka:
        kafka.url()                  # kafka://127.0.0.1:…,127.0.0.1:…
        kafka.kill(2)                # kill -9; nodes are 1, 2, 3
        kafka.restart(2)
        kafka.freeze(1); kafka.thaw(1)
        kafka.coordinator_of("vestnik.mailer")

As a program it runs a command beside a broker and ends with its exit code:

    python3 tests/support/kafka.py [--nodes 3] -- command …

with VESTNIK_TEST_BUS=kafka://…; without a command it prints the address and
waits for Ctrl-C. --prepare: once after the jars were fetched, makes starts faster.

The jars are in $VESTNIK_KAFKA/libs, else in build/test-env/kafka/libs.
"""
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
import base64

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from reaper import Reaper  # noqa: E402
from server_port import server_port  # noqa: E402

SOURCE = os.environ.get("VESTNIK_SOURCE") or os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
PLACE = os.environ.get("VESTNIK_KAFKA") or os.path.join(SOURCE, "build/test-env/kafka")
CLUSTER = "4L6g3nShT-eMCtK--X86sw"  # any 16 bytes
SKIPPED = 77
START_S = 90
STOP_S = 10  # without a majority of controllers a broker would take five minutes

JAVA = ["-Djava.awt.headless=true", "-XX:+UseSerialGC"]
# Small machines, fast starts: the quick compiler alone. A benchmark takes what a server would.
QUICK = ["-Xms64m", "-Xmx256m", "-XX:TieredStopAtLevel=1"]
SERVER = ["-Xms512m", "-Xmx512m"]
LOGGING = """status=error
rootLogger.level=warn
rootLogger.appenderRef.e.ref=E
appender.e.type=Console
appender.e.name=E
appender.e.target=SYSTEM_ERR
appender.e.layout.type=PatternLayout
appender.e.layout.pattern=%d %p %c{1} %m%n
"""


class KafkaAbsent(Exception):
    """The jars, Java or kcat are not here."""


def jars():
    found = sorted(glob.glob(os.path.join(PLACE, "libs", "*.jar")))
    if not any(os.path.basename(jar).startswith("kafka_") for jar in found):
        raise KafkaAbsent(f"no Kafka in {PLACE}/libs (tests/run.sh fetches it; or set VESTNIK_KAFKA)")
    for program in ("java", "kcat"):
        if shutil.which(program) is None:
            raise KafkaAbsent(f"{program} is not installed (deploy/install-packages.sh --tests)")
    return found


def java(folder, *arguments, options=QUICK):
    return ["java", *JAVA, *options, f"-Dlog4j2.configurationFile={folder}/log4j2.properties",
            "-cp", ":".join(jars()), *arguments]


def java_hash(text):
    """String.hashCode of Java."""
    value = 0
    for c in text:
        value = (31 * value + ord(c)) & 0xFFFFFFFF
    return value


class Kafka:
    def __init__(self, nodes=1, settings=None, as_a_server=False, secure=None):
        """settings: further lines of server.properties, a dictionary; as_a_server: with the
        memory and the compilers a server has; secure: what a listener SASL_SSL needs
        (ssl.keystore.location, …), which there is then beside the plain one."""
        jars()
        self.java = SERVER if as_a_server else QUICK
        self.nodes = range(1, nodes + 1)
        self.settings = settings or {}
        self.secure = secure
        self.process = {}
        self.folder = None
        self.reaper = None

    # ---- life ------------------------------------------------------------------

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *rest):
        if kind is not None:
            self.show_logs()
        self.stop()

    def start(self):
        for attempt in range(3):
            try:
                return self.start_once()
            except PortTaken:
                self.stop()
        raise AssertionError("no free ports for Kafka, three times")

    def start_once(self):
        self.folder = tempfile.mkdtemp(prefix="vestnik-kafka-")
        self.reaper = Reaper()
        self.reaper.folder(self.folder)
        self.port = {i: server_port() for i in self.nodes}
        self.controller = {i: server_port() for i in self.nodes}
        self.secure_port = {i: server_port() for i in self.nodes} if self.secure else {}
        with open(os.path.join(self.folder, "log4j2.properties"), "w") as f:
            f.write(LOGGING)
        try:
            self.format()
            for i in self.nodes:
                self.launch(i)
            self.wait_ready()
        except BaseException:
            self.show_logs()
            self.stop()
            raise
        return self

    def stop(self):
        """Ends what runs and removes everything: nobody reads the data again, so nothing is asked."""
        if self.folder is None:
            return
        for process in self.process.values():
            process.kill()
        for process in self.process.values():
            process.wait()
        self.process = {}
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder = None
        self.reaper.close()

    def path(self, name):
        return os.path.join(self.folder, name)

    def show_logs(self):
        for i in self.nodes:
            if os.path.exists(self.path(f"node{i}.log")):
                with open(self.path(f"node{i}.log"), errors="replace") as f:
                    sys.stderr.write(f"--- kafka node {i}\n" + "".join(f.readlines()[-15:]))

    # ---- nodes -----------------------------------------------------------------

    def properties(self, i):
        three = len(self.nodes) >= 3
        copies, in_sync = (3, 2) if three else (1, 1)
        lines = {
            "process.roles": "broker,controller",
            "node.id": i,
            "controller.quorum.voters": ",".join(f"{n}@127.0.0.1:{self.controller[n]}" for n in self.nodes),
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port[i]},CONTROLLER://127.0.0.1:{self.controller[i]}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
            "log.dirs": self.path(f"data{i}"),
            "auto.create.topics.enable": "false",  # vestnik bus init makes them
            "num.partitions": 4,
            "default.replication.factor": copies,
            "min.insync.replicas": in_sync,
            "offsets.topic.replication.factor": copies,
            "offsets.topic.num.partitions": 4,  # 50 take seconds to come up
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": in_sync,
            "transaction.state.log.num.partitions": 4,
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": in_sync,
            "share.coordinator.state.topic.num.partitions": 1,
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 1000,
            "broker.heartbeat.interval.ms": 500,
            "broker.session.timeout.ms": 3000,
            "controller.quorum.election.timeout.ms": 1000,
            "controller.quorum.fetch.timeout.ms": 2000,
            "log.cleaner.dedupe.buffer.size": 4194304,  # half of the heap otherwise
            "log.segment.bytes": 16777216,
            "num.network.threads": 2,
            "num.io.threads": 2,
        }
        if self.secure:
            lines["listeners"] += f",SASL_SSL://127.0.0.1:{self.secure_port[i]}"
            lines["listener.security.protocol.map"] += ",SASL_SSL:SASL_SSL"
            lines.update({f"listener.name.sasl_ssl.{name}": value for name, value in self.secure.items()})
        lines.update(self.settings)
        return "".join(f"{name}={value}\n" for name, value in lines.items())

    def format(self):
        """As kafka-storage.sh does; with what --prepare kept, without a JVM of its own."""
        running = []
        for i in self.nodes:
            with open(self.path(f"node{i}.properties"), "w") as f:
                f.write(self.properties(i))
            if os.path.exists(os.path.join(PLACE, "bootstrap.checkpoint")):
                data = self.path(f"data{i}")
                os.mkdir(data)
                shutil.copy(os.path.join(PLACE, "bootstrap.checkpoint"), data)
                directory = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
                with open(os.path.join(data, "meta.properties"), "w") as f:
                    f.write(f"version=1\nnode.id={i}\ncluster.id={CLUSTER}\ndirectory.id={directory}\n")
                continue
            running.append(subprocess.Popen(
                java(self.folder, "kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c",
                     self.path(f"node{i}.properties")),
                stdout=subprocess.DEVNULL, stderr=open(self.path(f"node{i}.log"), "ab")))
            self.reaper.process(running[-1].pid)
        for process in running:
            if process.wait() != 0:
                raise AssertionError("kafka.tools.StorageTool format failed")

    def launch(self, i, options=()):
        archive = os.path.join(PLACE, "classes.jsa")
        if not options and self.java is QUICK and os.path.exists(archive):
            options = [f"-XX:SharedArchiveFile={archive}", "-Xlog:disable", "-Xlog:all=off"]
        log = open(self.path(f"node{i}.log"), "ab")
        self.process[i] = subprocess.Popen(
            java(self.folder, "kafka.Kafka", self.path(f"node{i}.properties"), options=[*self.java, *options]),
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder, start_new_session=True)
        log.close()
        self.reaper.process(self.process[i].pid)

    def living(self):
        return [i for i in self.nodes if i in self.process and self.process[i].poll() is None]

    def wait_ready(self, node=None, patience_s=START_S):
        """Until the metadata lists all living brokers; asked of this node, which answers
        only once it takes part. While starting, one that ends is an error."""
        want = len(self.living() if node else self.process)
        brokers = f"127.0.0.1:{self.port[node]}" if node else None
        until = time.monotonic() + patience_s
        while True:
            listed = self.metadata(required=False, brokers=brokers)
            if listed is not None and len(listed["brokers"]) >= want:
                return
            for i, process in self.process.items():
                if process.poll() is not None and node in (None, i):
                    with open(self.path(f"node{i}.log"), errors="replace") as f:
                        if "Address already in use" in f.read():
                            raise PortTaken()
                    raise AssertionError(f"Kafka node {i} ended with {process.returncode}")
            if time.monotonic() > until:
                raise AssertionError(f"Kafka is not ready after {patience_s} s")
            time.sleep(0.1)

    def kill(self, i):
        self.process[i].kill()
        self.process[i].wait()

    def shutdown(self, i):
        """In order (SIGTERM)."""
        self.process[i].terminate()
        try:
            self.process[i].wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill(i)

    def freeze(self, i):
        self.process[i].send_signal(signal.SIGSTOP)

    def thaw(self, i):
        self.process[i].send_signal(signal.SIGCONT)

    def restart(self, i, ready=True):
        """Starts a node that was killed or shut down, with its data."""
        self.launch(i)
        if ready:
            self.wait_ready(i)

    # ---- what clients need --------------------------------------------------------

    def url(self, prefix=None):
        return "kafka://" + self.brokers + (f"/{prefix}" if prefix else "")

    @property
    def brokers(self):
        return ",".join(f"127.0.0.1:{self.port[i]}" for i in self.nodes)

    def kcat(self, *arguments, text=None, timeout=30):
        return subprocess.run(["kcat", "-b", self.brokers, "-X", "broker.address.family=v4", *arguments],
                              input=text, capture_output=True, text=True, timeout=timeout)

    # ---- looking --------------------------------------------------------------------

    def metadata(self, topic=None, required=True, brokers=None):
        # -m: how long one question may take; a node that is frozen or dead is not waited for
        done = subprocess.run(["kcat", "-b", brokers or self.brokers, "-L", "-J", "-m", "2"] + (["-t", topic] if topic else []),
                              capture_output=True, text=True, timeout=30)
        if done.returncode == 0 and done.stdout.startswith("{"):
            return json.loads(done.stdout)
        if required:
            raise AssertionError("kcat -L: " + done.stderr)
        return None

    def topics(self):
        return {t["topic"]: len(t["partitions"]) for t in self.metadata()["topics"]
                if not t["topic"].startswith("__")}

    def leader_of(self, topic, partition=0):
        """Node number; -1 while there is none."""
        for t in self.metadata(topic)["topics"]:
            for p in t["partitions"]:
                if p["partition"] == partition:
                    return p["leader"]
        raise AssertionError(f"{topic}[{partition}] is not there")

    def coordinator_of(self, group):
        """The node that keeps the group: the leader of its part of __consumer_offsets."""
        count = len(self.metadata("__consumer_offsets")["topics"][0]["partitions"])
        return self.leader_of("__consumer_offsets", (java_hash(group) & 0x7FFFFFFF) % count)

    def produce(self, topic, *values, key=None, headers=None, **options):
        arguments = ["-P", "-t", topic]
        if key is not None:
            arguments += ["-k", key]
        for name, value in (headers or {}).items():
            arguments += ["-H", f"{name}={value}"]
        done = self.kcat(*arguments, text="".join(value + "\n" for value in values), **options)
        if done.returncode != 0:
            raise AssertionError("kcat -P: " + done.stderr)

    def consume(self, topic, **options):
        """All messages of a topic now: dictionaries with topic, partition, offset, key, payload, headers."""
        done = self.kcat("-C", "-e", "-q", "-J", "-o", "beginning", "-t", topic, **options)
        if done.returncode != 0:
            raise AssertionError("kcat -C: " + done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]


class PortTaken(Exception):
    pass


# ---- as a program -----------------------------------------------------------------


def prepare():
    """Keeps what every start would make again: the first record of the cluster's
    metadata, and the loaded classes (a start takes half the time and processor)."""
    for name in ("bootstrap.checkpoint", "classes.jsa"):
        if os.path.exists(os.path.join(PLACE, name)):
            os.remove(os.path.join(PLACE, name))
    archive = os.path.join(PLACE, "classes.jsa")
    with Kafka() as kafka:
        kafka.kcat("-P", "-t", "nowhere", "-X", "message.timeout.ms=1000", text="")
        kafka.shutdown(1)
        kafka.launch(1, [f"-XX:ArchiveClassesAtExit={archive}.new", "-Xlog:disable", "-Xlog:all=off"])
        kafka.wait_ready()
        kafka.process[1].terminate()
        kafka.process[1].wait(60)  # the archive is written at the end
        shutil.copy(kafka.path("data1/bootstrap.checkpoint"), os.path.join(PLACE, "bootstrap.checkpoint"))
    if os.path.exists(archive + ".new"):
        os.rename(archive + ".new", archive)


def run_beside(server, variables, command):
    """The command's exit code; it is asked to stop when we are, and ends with us."""
    process = subprocess.Popen(command, env=dict(os.environ, **variables))
    server.reaper.process(process.pid)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: process.terminate())
    code = process.wait()
    return code if code >= 0 else 128 - code


def wait_for_end():
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()


def main(arguments):
    nodes = 1
    if arguments[:1] == ["--prepare"]:
        prepare()
        return 0
    if arguments[:1] == ["--nodes"]:
        nodes, arguments = int(arguments[1]), arguments[2:]
    if arguments and arguments[0] != "--":
        print(__doc__)
        return 2
    try:
        with Kafka(nodes) as kafka:
            if arguments[1:]:
                return run_beside(kafka, {"VESTNIK_TEST_BUS": kafka.url()}, arguments[1:])
            print(kafka.url(), flush=True)
            wait_for_end()
            return 0
    except KafkaAbsent as absent:
        print("skipped:", absent)
        return SKIPPED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
