#!/usr/bin/env python3
"""Kafka deletes events that notifier and ledger have not read: each missed message
is counted in a gap, the webhook is told, `vestnik status` shows it, and both go on
with what is left. Never in silence."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from bed import skip  # noqa: E402
from webhook_bed import Receiver, WebhookBed, wait_for  # noqa: E402

try:
    from confluent_kafka import TopicPartition
    from confluent_kafka.admin import AdminClient
except ImportError:
    skip("confluent-kafka (tests/support/requirements.txt) is not installed")

BASE = 1000000
LOST = 3000
KEPT = 200


def delete_all(bed):
    """What retention does at its own time; returns how many messages the partitions had."""
    admin = AdminClient({"bootstrap.servers": bed.kafka.brokers})
    topic = bed.topic("vestnik.status")
    ends = {}
    for partition in range(bed.partitions):
        done = admin.delete_records([TopicPartition(topic, partition, -1)])  # -1: to the end
        for future in done.values():
            ends[partition] = future.result().low_watermark
    return ends


with Receiver() as receiver, WebhookBed(bus="kafka", store="postgres") as bed:
    bed.sink()
    bed.add(receiver.url("/events"))
    bed.directory(KEPT)
    for name in ["notifier", "ledger"]:  # each has read something: it has a place to lose
        process = bed.service(name)
        wait_for(lambda: (name, process.pid) in bed.ready(), name)
        bed.feed(BASE, 1) if name == "notifier" else None
        process.terminate()
        process.wait(30)
    bed.feed(BASE + 1, LOST)
    ends = delete_all(bed)
    print("deleted up to", ends)
    assert sum(ends.values()) >= LOST, ends

    bed.service("notifier")
    bed.service("ledger")
    bed.service("planner")
    bed.service("mailer")

    def gaps(group):
        return [line for line in bed.json("status", code=None) if line["kind"] == "gap" and line["group"] == group]

    def missed(group):
        return sum(gap["to"] - gap["from"] + 1 for gap in gaps(group))

    wait_for(lambda: missed("notifier") >= LOST, "the notifier's gaps")
    wait_for(lambda: missed("ledger") >= LOST, "the ledger's gaps")
    print(bed.run("status", code=None).stdout)
    for name in ["notifier", "ledger"]:
        assert " error " + name + " bus-gap" in bed.log_of(name), bed.log_of(name)

    # Both go on: a campaign launched now is sent, counted and told of.
    bed.launch(bed.campaign("afterwards"))
    bed.wait_state("afterwards", "finished")
    assert bed.counters("afterwards") == {5: KEPT}, bed.counters("afterwards")
    wait_for(lambda: any(b"vestnik.campaign.finished" in body for _, _, body, _ in receiver.at("/events")),
             "the last event")
    told = [json.loads(body)["data"] for _, _, body, _ in receiver.at("/events") if b"vestnik.bus.gap" in body]
    assert {gap["group"] for gap in told} == {"notifier", "ledger"}, told
    told_of = sum(gap["messages"] for gap in told if gap["group"] == "notifier")
    assert told_of == missed("notifier"), f"{told_of} told, {missed('notifier')} missed"
    print(f"{missed('notifier')} and {missed('ledger')} messages were missed, and told of")
