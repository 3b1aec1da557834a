#!/usr/bin/env python3
"""Asks Vestnik, over Kafka, for a letter or for the launch of a campaign. Structured CloudEvents.

    producer.py BROKERS notice NUMBER ADDRESS          an application was taken: tell the school
    producer.py BROKERS launch CAMPAIGN CONTENT_HASH   both as `vestnik campaign store` printed them

Exit code: 0 the broker has it, 1 it may not have it (run again: nothing happens twice), 2 wrong use.
VESTNIK_TIMEOUT_S: how many seconds it tries (30).
Needs confluent-kafka (pip install confluent-kafka).
"""
import datetime
import json
import os
import sys

from confluent_kafka import KafkaException, Producer

# With an address like kafka://host:9092/prefix in Vestnik's settings: prefix.vestnik.tasks.
TOPIC = os.environ.get("VESTNIK_TOPIC", "vestnik.tasks")
TIMEOUT_S = int(os.environ.get("VESTNIK_TIMEOUT_S", "30"))
# The name that the settings of Vestnik know this program by (`sources`).
SOURCE = "/contest-registry"


def notice(number, address):
    return {
        "type": "vestnik.task.notify",
        # What the letter is about, never a random number: who repeats it asks for the same letter.
        "id": f"application-{number}-taken",
        "data": {
            "subject": "Заявка {{number}} принята",
            "text": "Уважаемые коллеги!\n\nВаша заявка {{number}} на участие в конкурсе принята.",
            "to": [{"address": address, "fields": {"number": number}}],
        },
    }


def launch(campaign, content_hash):
    return {
        "type": "vestnik.task.campaign.launch",
        "id": f"launch-{campaign}",
        "data": {"campaign": campaign, "content_hash": content_hash},
    }


def send(brokers, task):
    event = {"specversion": "1.0", "source": SOURCE, "datacontenttype": "application/json",
             "time": datetime.datetime.now(datetime.timezone.utc).isoformat(), **task}
    producer = Producer({
        "bootstrap.servers": brokers,
        "client.id": "contest-registry",
        "enable.idempotence": True,               # acks=all; the client's own retries write it once and in order
        "delivery.timeout.ms": TIMEOUT_S * 1000,  # then the report below says that it failed
    })
    outcome = []
    producer.produce(
        TOPIC,
        # Tasks of one campaign stay in order; a repeated notice meets its first copy.
        key=event["data"].get("campaign", event["id"]),
        value=json.dumps(event, ensure_ascii=False).encode(),
        headers={"content-type": "application/cloudevents+json; charset=UTF-8"},
        on_delivery=lambda error, message: outcome.append((error, message)),
    )
    producer.flush()  # a program that lives on calls poll(0) now and then instead
    error, message = outcome[0]
    if error is not None:
        sys.exit(f"{event['id']}: not delivered: {error.str()}")  # exit code 1
    print(f"{event['id']}: {message.topic()}, partition {message.partition()}, offset {message.offset()}")


def main():
    kinds = {"notice": notice, "launch": launch}
    if len(sys.argv) != 5 or sys.argv[2] not in kinds:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        send(sys.argv[1], kinds[sys.argv[2]](*sys.argv[3:]))
    except KafkaException as error:  # wrong settings, a full queue
        sys.exit(f"not sent: {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
