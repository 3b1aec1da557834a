#!/usr/bin/env python3
"""Through a real nginx: signatures the reference library accepts, before,
during and after a rotation; the body is a CloudEvent with what the store adds;
filters by type and campaign; test and replay."""
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from webhook_bed import Receiver, WebhookBed, verdicts, wait_for  # noqa: E402


def check_body(request):
    path, headers, body, _ = request
    event = json.loads(body)
    assert headers["content-type"].startswith("application/cloudevents+json"), headers
    assert event["specversion"] == "1.0" and event["type"] == "vestnik.delivery.accepted", event
    assert event["source"] == "vestnik/mailer" and event["id"] == f"{event['data']['key']}.1.accepted", event
    assert event["timestamp"] == event["time"] and event["time"].endswith("Z"), event
    key = event["data"]["key"]
    want = {"key": key, "dispatch": 1, "campaign": event["data"]["campaign"], "code": 250, "enhanced": "2.0.0",
            "reason": "OK «принято»", "relay": "main", "slug": "demo", "organisation": "school-1",
            "address": f"school-{key}@example.org"}
    assert event["data"] == want, f"got {event['data']}, want {want}"
    assert "." not in headers["webhook-id"] and headers["webhook-id"].startswith("msg_"), headers
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60, headers


def main():
    with Receiver() as receiver, WebhookBed() as bed:
        port = bed.nginx(receiver)
        all_id, all_secret = bed.add(f"http://127.0.0.1:{port}/all")
        failed_id, failed_secret = bed.add(f"http://127.0.0.1:{port}/failed", "--events", "failed,bounced")
        other_id, _ = bed.add(f"http://127.0.0.1:{port}/other", "--campaign", "other")
        bed.notifier()
        bed.feed(1, 200)
        bed.feed(201, 5, state="failed")
        bed.feed(301, 3, slug="other", state="bounced")
        wait_for(lambda: len(receiver.at("/all")) >= 208 and len(receiver.at("/failed")) >= 8 and
                 len(receiver.at("/other")) >= 3, "all events")
        assert sorted(receiver.keys("/all")) == [*range(1, 206), *range(301, 304)], sorted(receiver.keys("/all"))
        assert sorted(receiver.keys("/failed")) == [*range(201, 206), *range(301, 304)], receiver.keys("/failed")
        assert sorted(receiver.keys("/other")) == [301, 302, 303], receiver.keys("/other")
        for request in receiver.at("/all"):
            if json.loads(request[2])["data"]["key"] <= 200:
                check_body(request)
        got = verdicts([(all_secret, r) for r in receiver.at("/all")] +
                       [(failed_secret, r) for r in receiver.at("/failed")])
        assert got == ["good"] * 216, got
        # the check can fail: another endpoint's secret, a changed byte
        first = receiver.at("/all")[0]
        changed = (first[0], first[1], first[2].replace(b"accepted", b"Accepted"), first[3])
        got = verdicts([(failed_secret, first), (all_secret, changed)])
        assert "good" not in got, got

        # ---- rotation: both sign, then only the new one
        new_secret = bed.json("webhook", "rotate", all_id, "--keep", "24h")[0]["secret"]
        assert new_secret != all_secret
        before = len(receiver.at("/all"))
        number = 1000

        def both_sign():
            nonlocal number
            number += 1
            bed.feed(number, 1)
            wait_for(lambda: number in receiver.keys("/all"), "the event")
            return len(receiver.at("/all")[-1][1]["webhook-signature"].split()) == 2
        wait_for(both_sign, "two signatures")
        assert before < len(receiver.at("/all"))
        request = receiver.at("/all")[-1]
        assert verdicts([(all_secret, request), (new_secret, request)]) == ["good", "good"]
        newest = bed.json("webhook", "rotate", all_id, "--keep", "0s")[0]["secret"]

        def only_new_signs():
            nonlocal number
            number += 1
            bed.feed(number, 1)
            wait_for(lambda: number in receiver.keys("/all"), "the event")
            return len(receiver.at("/all")[-1][1]["webhook-signature"].split()) == 1
        wait_for(only_new_signs, "one signature")
        request = receiver.at("/all")[-1]
        got = verdicts([(newest, request), (all_secret, request), (new_secret, request)])
        assert got[0] == "good" and "good" not in got[1:], got

        # ---- test: one event now, the answer shown
        answer = bed.json("webhook", "test", all_id)[0]
        assert answer["status"] == 204 and answer["type"] == "vestnik.webhook.test", answer
        request = receiver.at("/all")[-1]
        assert json.loads(request[2])["data"] == {"endpoint": all_id}, request
        assert verdicts([(newest, request)]) == ["good"]
        assert "status 204" in bed.run("webhook", "test", all_id).stdout

        # ---- replay of one and of a range
        wait_for(bed.settled, "everything recorded")
        message = receiver.at("/failed")[0][1]["webhook-id"]
        count = len(receiver.at("/failed"))
        assert bed.json("webhook", "replay", failed_id, message)[0]["replayed"] == 1
        wait_for(lambda: len(receiver.at("/failed")) == count + 1, "the replayed message")
        again = receiver.at("/failed")[-1]
        assert again[1]["webhook-id"] == message, again[1]
        assert again[2] == receiver.at("/failed")[0][2], "the body changed"
        assert verdicts([(failed_secret, again)]) == ["good"]
        wait_for(lambda: len(bed.attempts(failed_id, "--message", message)) == 2, "both attempts kept")
        assert [a["attempt"] for a in bed.attempts(failed_id, "--message", message)] == [2, 1]
        assert bed.json("webhook", "replay", failed_id, "--since", "1h")[0]["replayed"] == 0, "none failed"
        count = len(receiver.at("/failed"))
        got = bed.json("webhook", "replay", failed_id, "--since", "1h", "--state", "delivered")[0]["replayed"]
        assert got == 8, f"got {got}, want 8"
        wait_for(lambda: len(receiver.at("/failed")) == count + 8, "the replayed range")
        got = bed.json("webhook", "replay", failed_id, "--since", "2h", "--until", "1h", "--state", "delivered")
        assert got[0]["replayed"] == 0, got
        bed.run("webhook", "replay", failed_id, "msg_0123", code=1)
        bed.run("webhook", "replay", failed_id, code=2)
        bed.run("webhook", "replay", failed_id, "--since", "yesterday", code=2)

        # ---- wrong use
        bed.run("webhook", "add", "http://hooks.example.org/", code=2)
        bed.run("webhook", "add", "https://user:password@hooks.example.org/", code=2)
        bed.run("webhook", "add", "https://hooks.example.org/", "--events", "acepted", code=2)
        bed.run("webhook", "add", "https://hooks.example.org/", "--concurrency", "0", code=2)
        bed.run("webhook", "rotate", "ep-nothing", code=1)

        # ---- removed: what is queued for it goes too
        bed.run("webhook", "remove", other_id)
        bed.run("webhook", "remove", other_id, code=1)
        bed.run("webhook", "test", other_id, code=1)
        shown = bed.run("webhook", "list").stdout
        assert other_id not in shown and all_id in shown, shown
        assert all_secret not in bed.log_of("notifier") and newest not in bed.log_of("notifier")
        assert bed.run("webhook", "attempts", all_id).stdout.count("msg_") > 50


main()
