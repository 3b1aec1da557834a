#!/usr/bin/env python3
"""Notifier and ledger are away while events pile up over bus_max. The notifier
loses the oldest and its webhook is told which, once; for the ledger publishing
stops, `status` and `campaign status` say so, and when it comes back everything
goes on by itself: the campaign launched meanwhile is sent and finished."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from webhook_bed import Receiver, WebhookBed, wait_for  # noqa: E402

EVENTS = 20000  # of some 230 bytes
BASE = 1000000  # of their keys: no contact of the campaign has such a number
LETTERS = 50
TEXT = "publishing on vestnik.status is stopped until ledger has caught up"

with Receiver() as receiver, WebhookBed() as bed:
    bed.settings["bus_max"] = "1 MB"
    bed.sink()
    bed.add(receiver.url("/events"))
    for name in ["notifier", "ledger"]:  # from now on the bus keeps for them
        process = bed.service(name)
        wait_for(lambda: (name, process.pid) in bed.ready(), name)
        process.terminate()
        process.wait(30)
    bed.directory(LETTERS)
    bed.feed(BASE + 1, EVENTS)
    bed.service("planner")
    wait_for(lambda: "bus-stopped" in bed.log_of("planner"), "publishing to be stopped")
    assert bed.log_of("planner").count(" error planner bus-cut-off group=notifier") == 1, bed.log_of("planner")

    status = bed.json("status", code=1)
    stopped = [line for line in status if line["kind"] == "stopped-topic"]
    assert [(s["topic"], s["behind"]) for s in stopped] == [("vestnik.status", "ledger")], status
    assert stopped[0]["messages"] >= EVENTS and stopped[0]["bytes"] > 1000000, stopped
    assert TEXT in bed.run("status", code=1).stdout

    bed.launch(bed.campaign("held"))
    bed.service("mailer")
    wait_for(lambda: TEXT in next(line for line in bed.json("status", code=1)
                                  if line.get("service") == "planner").get("trouble", ""), "the planner to say so")
    assert TEXT in bed.run("campaign", "status", "held", code=None).stdout, bed.run("campaign", "status", "held").stdout
    assert bed.value("SELECT count(*) FROM bus_stop") == 1

    bed.service("notifier")
    bed.service("ledger")
    bed.wait_state("held", "finished")
    wait_for(lambda: bed.value("SELECT count(*) FROM bus_stop") == 0, "publishing to go on")
    assert len(bed.remembered()) == LETTERS, len(bed.remembered())
    assert "stopped-topic" not in [line["kind"] for line in bed.json("status")]

    finished = lambda: [r for r in receiver.at("/events") if b"vestnik.campaign.finished" in r[2]]  # noqa: E731
    wait_for(finished, "the last event")
    gaps = [json.loads(body) for _, _, body, _ in receiver.at("/events") if b"vestnik.bus.gap" in body]
    assert len(gaps) == 1, gaps
    gap = gaps[0]["data"]
    lost = gap["to"]
    assert gap["group"] == "notifier" and gap["topic"] == "vestnik.status" and gap["from"] == 1, gap
    assert gap["messages"] == lost and 0 < lost < EVENTS, gap
    fed = lambda: {key for key in receiver.keys("/events") if BASE < key <= BASE + EVENTS}  # noqa: E731
    wait_for(lambda: len(fed()) >= EVENTS - lost, "every event that was kept")
    assert fed() == set(range(BASE + lost + 1, BASE + EVENTS + 1)), f"{len(fed())} arrived, lost up to {lost}"
    print(f"{lost} of {EVENTS} events were dropped and told of, {EVENTS - lost} arrived")
