#!/usr/bin/env python3
"""Endpoints that hang, are slow, answer without end, drip, or are not there,
beside a good one: the good one gets everything while the bad ones still hold
their first requests; what the bad ones missed stands in rows and comes later."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from webhook_bed import Receiver, WebhookBed, free_port, wait_for  # noqa: E402

EVENTS = 600


def endless(handler, number):
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    while not handler.server.receiver.ended.is_set():
        handler.wfile.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")


def endless_headers(handler, number):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while not handler.server.receiver.ended.is_set():
        handler.wfile.write(b"X-Filler: " + b"x" * 1000 + b"\r\n")


def drip(handler, number):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    while not handler.server.receiver.ended.wait(0.2):
        handler.wfile.write(b"x")


def slow(handler, number):
    time.sleep(0.4)
    handler.reply(204)


def garbage(handler, number):
    handler.wfile.write(b"\x00\xff garbage \r\n\r\n")
    handler.close_connection = True


def main():
    behaviours = {"/hang": lambda handler, number: handler.hang(), "/endless": endless, "/headers": endless_headers,
                  "/drip": drip, "/slow": slow, "/garbage": garbage}
    # 30 s: the good one must be done before any request's time is up
    with Receiver(behaviours) as receiver, WebhookBed({"timeout": "30s", "connections": 32}) as bed:
        ids = {path: bed.add(receiver.url(path))[0] for path in ["/good", *behaviours]}
        ids["/nobody"] = bed.add(f"http://127.0.0.1:{free_port()}/")[0]
        bed.notifier()
        bed.feed(1, EVENTS)
        wait_for(lambda: len(set(receiver.keys("/good"))) == EVENTS, "the good endpoint to have everything", 25)
        assert len(receiver.keys("/good")) == EVENTS, "something came twice"
        # The bad ones had not even ended their first requests.
        assert len(receiver.at("/hang")) <= 4, len(receiver.at("/hang"))
        assert bed.attempts(ids["/hang"]) == [], "the hanging requests ended: this proved nothing"
        # Nothing is held by the bus: all of it is recorded or in rows. After the hang's first
        # requests are kept, every endpoint has a row for every event.
        def all_rows():
            rows = dict(bed.rows("SELECT endpoint, count(*) FROM webhook_message GROUP BY endpoint"))
            return all(rows.get(id) == EVENTS for id in ids.values())
        wait_for(all_rows, "a row for every event and endpoint", 20)
        passed = wait_for(lambda: bed.value("SELECT count(*) FROM webhook_attempt WHERE endpoint = ? AND status = 204",
                                            ids["/good"]) == EVENTS, "the good endpoint's attempts")
        assert passed
        # the answers without end were cut, and judged by their status or as no answer
        cut = wait_for(lambda: bed.attempts(ids["/endless"]), "an attempt at the endless answer")
        assert all(a["status"] == 200 and "cut" in a["error"] for a in cut), cut[:3]
        assert all(len(a["response"]) <= 4096 for a in cut)
        wait_for(lambda: bed.attempts(ids["/headers"]), "an attempt at endless headers")
        assert all(a["status"] == 0 for a in bed.attempts(ids["/headers"]))
        wait_for(lambda: bed.attempts(ids["/garbage"]), "an attempt at garbage")
        assert all(a["status"] == 0 for a in bed.attempts(ids["/garbage"])), bed.attempts(ids["/garbage"])[:2]
        refused = wait_for(lambda: bed.attempts(ids["/nobody"], "--failed"), "an attempt at nobody")
        assert "connect" in refused[0]["error"].lower(), refused[0]
        # the slow one goes on, a few at a time, from its rows
        had = len(set(receiver.keys("/slow")))
        wait_for(lambda: len(set(receiver.keys("/slow"))) >= had + 8, "the slow endpoint to go on", 30)
        # a removed endpoint takes its queue along, and its hanging requests are no one's trouble
        bed.run("webhook", "remove", ids["/hang"])
        wait_for(lambda: bed.value("SELECT count(*) FROM webhook_message WHERE endpoint = ?", ids["/hang"]) == 0,
                 "the removed endpoint's rows to go", 20)
        bed.feed(10001, 20)
        wait_for(lambda: len(set(receiver.keys("/good"))) == EVENTS + 20, "events after the removal", 20)


main()
