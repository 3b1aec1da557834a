"""Several of each service on one store and one bus: what the tests of joining, leaving,
killing and freezing share.

    with fleet(mailer={"connections": 8}) as bed:
        bed.sink("--latency-ms", "20", connections=16)
        first = member(bed, "mailer", "a")      # dynamic: another takes its place when it leaves
        other = member(bed, "mailer", "b", static=True)  # named: its share waits for it
        begin(bed, "mailer", "planner")         # waits until they work
        launch(bed, "many", 4000)
        wait_sent(bed, 1000)
        ...
        verdict(bed, "many", 4000, bound=0)     # prints the counts and compares store and sink
"""
import collections
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bed import BIN, Bed, freeze, kill, skip, stop, thaw, wait_for  # noqa: E402,F401

ACCEPTED = 5
UNRECORDED_MOST = 256
# Shorter than the driver's own, so that tests take less; still more than a mailer's heartbeat, poll and
# check together (services/mailer/lane_parts.h).
SESSION_S = 6


def fleet(partitions=4, **settings):
    """A bed on Kafka and PostgreSQL."""
    settings.setdefault("planner", {}).setdefault("lease", "2s")
    settings.setdefault("kafka", {}).setdefault("session.timeout.ms", str(SESSION_S * 1000))
    return Bed(settings, bus="kafka", store="postgres", partitions=partitions)


def member(bed, service, name, static=False):
    """One process of a service on a machine of its own; its log is <service>-<name>.log."""
    bed.make_topics()
    words = ["--instance", name] if static else []
    return bed.start(f"{service}-{name}", os.path.join(BIN, "vestnik-" + service), "--config", bed.machine(name),
                     *words, machine=name)


def ready(bed, service):
    return bed.value("SELECT count(*) FROM service_instance WHERE service = ? AND state = 'ready'", service) or 0


def wait_ready(bed, service, count=1):
    wait_for(lambda: ready(bed, service) >= count, f"{count} of {service} to be ready", every_s=0.1)


def wait_share(bed, service, name, text):
    """Until the process has a share of the work: its log says so."""
    wait_for(lambda: text in bed.log_of(f"{service}-{name}"), f"{service} {name}: {text}", every_s=0.05)


def wait_mailer(bed, name):
    wait_share(bed, "mailer", name, "partition_taken topic=vestnik.mail ")


def leader(bed):
    """Name of the machine whose planner leads, by the log: the last to say so and not to take it back."""
    for name in bed.machines:
        lines = [line for line in bed.log_of(f"planner-{name}").splitlines() if "leading" in line]
        if lines and " leading" in lines[-1] and "not_leading" not in lines[-1]:
            yield name


def launch(bed, slug, letters, **keys):
    bed.directory(letters)
    bed.launch(bed.campaign(slug, **keys))


def sent(bed):
    return len(bed.remembered())


def wait_sent(bed, count, patience_s=120):
    wait_for(lambda: sent(bed) >= count, f"{count} letters at the sink", patience_s, every_s=0.01)


def attempts(bed, service_log):
    return bed.log_of(service_log).count(" attempt ")


def arrived(bed):
    return collections.Counter(recipient for _, recipient in bed.remembered())


def settle(bed, slug, patience_s=120):
    """The campaign is finished, everybody has read everything, the outbox is empty."""
    bed.wait_state(slug, "finished", patience_s)
    wait_for(lambda: not bed.value("SELECT count(*) FROM outbox"), "an empty outbox", 30, 0.1)
    wait_for(lambda: not bed.value("SELECT count(*) FROM schedule"), "an empty schedule", 30, 0.1)


def verdict(bed, slug, letters, bound, what=""):
    """Waits for the end, prints the counts, compares the store with the sink letter by letter."""
    settle(bed, slug)
    came = arrived(bed)
    identities = collections.defaultdict(set)
    for message_id, recipient in bed.remembered():
        identities[recipient].add(message_id)
    accepted = {address for (address,) in bed.rows(
        "SELECT d.address FROM delivery d JOIN campaign c ON c.id = d.campaign WHERE c.slug = ? AND d.state = 5", slug)}
    lost, doubled = letters - len(came), sum(n - 1 for n in came.values())
    stuck = sum(bed.log_of(name[:-4]).count("stuck_row ") for name in os.listdir(bed.folder)
                if name.startswith("planner") and name.endswith(".log"))
    print(f"{what or slug}: letters={letters} accepted={len(accepted)} arrived={sum(came.values())} unique={len(came)}"
          f" lost={lost} doubled={doubled} bound={bound} stuck={stuck}", flush=True)
    assert lost == 0, f"{lost} letters lost"
    assert doubled <= bound, f"{doubled} letters doubled, at most {bound} may"
    assert accepted == set(came), f"the store and the sink disagree about {len(accepted ^ set(came))} letters"
    assert all(len(ids) == 1 for ids in identities.values()), "copies of one letter have different Message-IDs"
    assert bed.counters(slug) == {ACCEPTED: letters}, f"counters: {bed.counters(slug)}"
    assert bed.counts(slug) == {ACCEPTED: letters}, f"rows: {bed.counts(slug)}"
    assert stuck == 0, f"{stuck} rows were stuck"
    return doubled
