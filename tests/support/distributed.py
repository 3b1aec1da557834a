"""A campaign on a real Kafka and a real PostgreSQL, with two of each service,
something failing in the middle of it, and the counts afterwards:

    with Distributed(letters=20000, nodes=3) as house:
        house.survives("mailer_killed", lambda: house.kill("mailer", "a"), doubled_most=house.bound(1))

What a sink took is compared with what the store believes, letter by letter; a
line is printed for each: accepted letters, unique ids at the sink, lost, doubled.
"""
import collections
import os
import random
import time

from bed import Bed, wait_for
from kafka import Kafka
from postgres import Postgres

LETTERS = int(os.environ.get("VESTNIK_CHAOS_LETTERS", "20000"))
SEED = int(os.environ.get("VESTNIK_CHAOS_SEED", str(int(time.time()) % 100000)))
CONNECTIONS = 16
UNRECORDED_MOST = 256
ACCEPTED = 5  # enum delivery_state
PATIENCE_S = 180


class Arrivals:
    """Follows the sink's record without reading it again and again."""

    def __init__(self, path):
        self.path = path
        self.read = 0
        self.rest = ""

    def new(self):
        """(message id, recipient) of every letter taken since the last call."""
        if not os.path.exists(self.path):
            return []
        with open(self.path) as f:
            f.seek(self.read)
            text = self.rest + f.read()
            self.read = f.tell()
        lines = text.split("\n")
        self.rest = lines.pop()
        rows = [line.split("\t") for line in lines]
        return [(row[1], row[2]) for row in rows if row[0] in ("accepted", "dropped")]


class Distributed:
    """Services by kind and instance: "mailer", "a" and "b"."""

    def __init__(self, letters=LETTERS, nodes=1, instances=("a", "b"), settings=None, latency_ms=4,
                 kafka=None, postgres=None):
        self.letters = letters
        self.instances = instances
        self.latency_ms = latency_ms
        self.choice = random.Random(SEED)
        self.kafka = kafka or Kafka(nodes)
        self.postgres = postgres or Postgres()
        self.settings = {"mailer": {"connections": CONNECTIONS, "unrecorded_most": UNRECORDED_MOST},
                         "planner": {"lease": "2s"},
                         # a dead member's partitions are somebody else's after this
                         "kafka": {"session.timeout.ms": 4000, "heartbeat.interval.ms": 500}}
        self.settings.update(settings or {})
        self.running = {}
        self.campaigns = 0
        self.seen = collections.Counter()

    def __enter__(self):
        print(f"seed={SEED}", flush=True)
        self.kafka.__enter__()
        self.postgres.__enter__()
        self.bed = Bed(self.settings, bus=self.kafka, store=self.postgres)
        self.bed.__enter__()
        self.bed.sink("--latency-ms", str(self.latency_ms), connections=CONNECTIONS)
        self.arrivals = Arrivals(self.bed.remembered_file)
        for name in ("planner", "mailer", "ledger", "notifier"):
            for instance in self.instances:
                self.start(name, instance)
        self.wait_ready()
        self.bed.directory(self.letters)
        return self

    def __exit__(self, *why):
        self.bed.__exit__(*why)
        self.postgres.__exit__(*why)
        self.kafka.__exit__(*why)

    # ---- services ------------------------------------------------------------------

    def start(self, name, instance):
        self.running[name, instance] = self.bed.service(name, instance=instance)

    def wait_ready(self):
        wait_for(lambda: len(self.bed.ready()) >= len(self.running), "all services ready")

    def kill(self, name, instance):
        process = self.running.pop((name, instance))
        process.kill()
        process.wait()

    def stop(self, name, instance):
        """In order."""
        process = self.running.pop((name, instance))
        process.terminate()
        process.wait(60)

    def group(self, name):
        """What a group of ours is called on the Kafka."""
        return self.bed.topic("vestnik." + name)

    def bound(self, mailers):
        """So many letters may go twice when so many mailers lose what they have in hand (design section 5)."""
        return mailers * (CONNECTIONS + UNRECORDED_MOST)

    # ---- a campaign -----------------------------------------------------------------

    def sent(self):
        """Letters of this campaign the sink has so far."""
        for message_id, recipient in self.arrivals.new():
            self.arrived[message_id, recipient] += 1
        return len(self.arrived)

    def reach(self, goal):
        wait_for(lambda: self.sent() >= goal, f"{goal} letters at the sink", PATIENCE_S, 0.01)

    def survives(self, slug, failure, doubled_most=0, goal=None):
        """Launches a campaign, lets failure() happen in the middle, and counts."""
        self.arrived = collections.Counter()
        self.sent()
        self.arrived.clear()  # late copies of the campaign before are its own matter
        began = time.monotonic()
        self.bed.launch(self.bed.campaign(slug))
        self.reach(goal or self.choice.randrange(self.letters // 10, self.letters // 2))
        at = len(self.arrived)
        failure()
        self.bed.wait_state(slug, "finished", PATIENCE_S)
        seconds = time.monotonic() - began
        self.sent()
        self.count(slug, at, seconds, doubled_most)

    def count(self, slug, at, seconds, doubled_most):
        bed = self.bed
        recipients = {recipient for _, recipient in self.arrived}
        accepted = {address for (address,) in bed.rows(
            "SELECT d.address FROM delivery d JOIN campaign c ON c.id = d.campaign"
            " WHERE c.slug = ? AND d.state = ?", slug, ACCEPTED)}
        lost = self.letters - len(recipients)
        doubled = sum(self.arrived.values()) - len(self.arrived)
        print(f"{slug}: letters={self.letters} failed_at={at} accepted={len(accepted)}"
              f" unique={len(self.arrived)} lost={lost} doubled={doubled} bound={doubled_most}"
              f" seconds={seconds:.1f}", flush=True)
        assert lost == 0, f"{slug}: {lost} letters lost"
        assert accepted == recipients, f"{slug}: the store and the sink disagree"
        assert len(self.arrived) == self.letters, f"{slug}: copies of one letter have different Message-IDs"
        assert doubled <= doubled_most, f"{slug}: {doubled} letters doubled, bound {doubled_most}"
        assert bed.counters(slug) == {ACCEPTED: self.letters}, f"{slug}: counters {bed.counters(slug)}"
        assert bed.value("SELECT count(*) FROM schedule") == 0, f"{slug}: rows left in schedule"
        wait_for(lambda: bed.value("SELECT count(*) FROM outbox") == 0, f"{slug}: an empty outbox")
