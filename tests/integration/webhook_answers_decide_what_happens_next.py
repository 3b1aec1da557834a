#!/usr/bin/env python3
"""410 disables; 429 with Retry-After makes the endpoint rest; a redirect is a
failure and is not followed; days of failure disable, with an event for the
others; a disabled endpoint can be enabled; private addresses are refused."""
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from webhook_bed import Receiver, WebhookBed, wait_for  # noqa: E402

RETRY_AFTER_S = 7


def gone(handler, number):
    handler.reply(410)


def throttle(handler, number):
    if number == 1:
        handler.reply(429, b"slowly, please", Retry_After=str(RETRY_AFTER_S))
    else:
        handler.reply(204)


def fail_once(handler, number):
    handler.reply(500 if number == 1 else 204, b"no: \xd0\x9e\xd0\xb9\x00\x1b[31m" if number == 1 else b"")


def main():
    behaviours = {"/gone": gone, "/throttle": throttle, "/once": fail_once,
                  "/away": lambda handler, number: handler.reply(302, Location=handler.server.receiver.url("/trap")),
                  "/permanent": lambda handler, number: handler.reply(308, Location="/trap"),
                  "/broken": lambda handler, number: handler.reply(500)}
    with Receiver(behaviours) as receiver, WebhookBed({"disable_after": "2d"}) as bed:
        id = {path: bed.add(receiver.url(path), "--events", "accepted", "--concurrency", "1")[0]
              for path in behaviours}
        watch, _ = bed.add(receiver.url("/watch"), "--events", "webhook.disabled")
        # an https address of this machine that was not allowed to be private, by number and by name
        private = [bed.json("webhook", "add", f"https://{host}:{receiver.port}/private", "--events", "accepted")[0]["id"]
                   for host in ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "[::1]",
                                "169.254.169.254", "0.0.0.0"]]
        # the same server twice: one may be private, the other (by the row, not by the CLI) may not
        open_id, _ = bed.add(receiver.url("/reuse-open"), "--events", "bounced")
        closed_id, _ = bed.add(receiver.url("/reuse-closed"), "--events", "failed")
        # as if it had been failing for three days (nothing runs yet, so this is the only writer)
        bed.change("UPDATE endpoint SET first_failure_ms = ? WHERE id = ?",
                   int((time.time() - 3 * 86400) * 1000), id["/broken"])
        bed.change("UPDATE endpoint SET allow_private = 0 WHERE id = ?", closed_id)
        bed.notifier()
        bed.feed(1, 1)

        # ---- 410
        wait_for(lambda: bed.endpoint(id["/gone"])["state"] == "disabled", "410 to disable")
        assert "410" in bed.endpoint(id["/gone"])["disabled_reason"]
        assert bed.attempts(id["/gone"])[0]["state"] == "failed"

        # ---- days of failure
        wait_for(lambda: bed.endpoint(id["/broken"])["state"] == "disabled", "days of failure to disable")
        assert "72 h" in bed.endpoint(id["/broken"])["disabled_reason"], bed.endpoint(id["/broken"])
        wait_for(lambda: len(receiver.at("/watch")) == 2, "the others to be told")
        told = {json.loads(r[2])["data"]["endpoint"]: json.loads(r[2]) for r in receiver.at("/watch")}
        assert set(told) == {id["/gone"], id["/broken"]}, told
        assert told[id["/gone"]]["type"] == "vestnik.webhook.disabled", told

        # ---- redirects
        for path in ["/away", "/permanent"]:
            attempt = wait_for(lambda: bed.attempts(id[path]), "the redirected attempt")[0]
            assert attempt["status"] in (302, 308) and attempt["state"] == "pending", attempt
        assert receiver.at("/trap") == [], "a redirect was followed"

        # ---- a private address: refused at connect, nothing arrived
        for one in private:
            attempt = wait_for(lambda: bed.attempts(one), "the refused attempt")[0]
            assert attempt["status"] == 0 and "private" in attempt["error"], attempt
            assert attempt["due_ms"] > attempt["time_ms"], attempt
        assert receiver.at("/private") == []

        # ---- an open connection to that server is no way around
        bed.feed(50, 1, state="bounced")
        wait_for(lambda: receiver.at("/reuse-open"), "the post that leaves a connection open")
        bed.feed(51, 1, state="failed")
        attempt = wait_for(lambda: bed.attempts(closed_id), "the refused attempt")[0]
        assert attempt["status"] == 0 and "private" in attempt["error"], attempt
        assert receiver.at("/reuse-closed") == [], "a connection of the other pool was used"
        assert bed.endpoint(open_id)["first_failure_ms"] == 0

        # ---- one failure: the row comes again by the schedule, 5 s after the first
        first = wait_for(lambda: bed.attempts(id["/once"], "--failed"), "the failed attempt")[0]
        assert first["status"] == 500 and first["response"].startswith("no: "), first
        assert "\x1b" not in first["response"] and "\x00" not in first["response"], first
        wait_for(lambda: len(receiver.at("/once")) == 2, "the retry")
        spent = receiver.at("/once")[1][3] - receiver.at("/once")[0][3]
        assert 5 <= spent, f"the retry came after {spent:.2f} s, want 5 or a little more"
        a, b = receiver.at("/once")
        assert a[1]["webhook-id"] == b[1]["webhook-id"], "the id changed"
        assert a[1]["webhook-timestamp"] != b[1]["webhook-timestamp"], "the timestamp is not the attempt's"
        assert a[2] == b[2], "the body changed"
        wait_for(lambda: bed.endpoint(id["/once"])["first_failure_ms"] == 0, "the endpoint to be well again")

        # ---- Retry-After: nothing at all comes before
        wait_for(lambda: bed.attempts(id["/throttle"]), "the throttled attempt")
        bed.feed(100, 3)
        wait_for(lambda: len(receiver.at("/throttle")) == 5, "the throttled endpoint to get everything")
        times = [r[3] for r in receiver.at("/throttle")]
        assert min(times[1:]) - times[0] >= RETRY_AFTER_S, f"it came after {min(times[1:]) - times[0]:.2f} s"
        assert len({r[1]["webhook-id"] for r in receiver.at("/throttle")}) == 4

        # ---- enabled again
        bed.run("webhook", "test", id["/gone"], code=1)
        assert len(receiver.at("/gone")) == 1, "a disabled endpoint was called"
        receiver.behaviours["/gone"] = None
        bed.run("webhook", "enable", id["/gone"])
        assert bed.json("webhook", "test", id["/gone"])[0]["status"] == 204
        assert bed.json("webhook", "replay", id["/gone"], "--since", "1h")[0]["replayed"] == 1
        wait_for(lambda: 1 in receiver.keys("/gone")[1:], "the replayed event")
        answer = bed.json("webhook", "test", id["/away"], code=1)[0]
        assert answer["status"] == 302 and answer["state"] == "failed", f"a test is tried once: {answer}"


main()
