#!/usr/bin/env python3
"""A certificate nobody vouches for is refused and the attempts say so; with
notifier.ca_file it is accepted, but only for the name it was made for."""
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from test_certificates import Authority  # noqa: E402
from webhook_bed import Receiver, WebhookBed, wait_for  # noqa: E402


def first_attempt(bed, id):
    return wait_for(lambda: bed.attempts(id), "the attempt")[-1]


def main():
    with tempfile.TemporaryDirectory(prefix="vestnik-certificates-") as folder:
        authority = Authority(folder)
        alone, alone_file = authority.own_context()
        other, other_file = authority.own_context(("other.example.org",))
        with Receiver(tls=alone) as receiver:
            with WebhookBed() as bed:
                id, _ = bed.add(receiver.url("/refused"))
                bed.notifier()
                bed.feed(1, 1)
                attempt = first_attempt(bed, id)
                assert attempt["status"] == 0 and attempt["state"] == "pending", attempt
                assert "self-signed certificate" in attempt["error"], attempt
                shown = bed.run("webhook", "attempts", id).stdout
                assert "self-signed certificate" in shown, shown
                assert receiver.at("/refused") == [], "it was posted all the same"
            with WebhookBed({"ca_file": alone_file}) as bed:
                id, _ = bed.add(receiver.url("/accepted"))
                bed.notifier()
                bed.feed(1, 1)
                attempt = first_attempt(bed, id)
                assert attempt["status"] == 204 and attempt["state"] == "delivered", attempt
                assert receiver.keys("/accepted") == [1], receiver.keys("/accepted")
        with Receiver(tls=other) as receiver, WebhookBed({"ca_file": other_file}) as bed:
            id, _ = bed.add(receiver.url("/name"))
            bed.notifier()
            bed.feed(1, 1)
            attempt = first_attempt(bed, id)
            assert attempt["status"] == 0 and "localhost" in attempt["error"], attempt
            assert receiver.at("/name") == [], "a certificate for another name was accepted"


main()
