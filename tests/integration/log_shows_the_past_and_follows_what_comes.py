"""vestnik log: the last lines, filters, everything since; -f goes on with status
events as they come and repeats nothing. vestnik delivery show: one letter."""

import json
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from vestnik_cli import BIN, Place, expect, fail  # noqa: E402

START_MS = 1_700_000_000_000  # 2023-11-14 22:13:20 UTC
LETTERS = 3000                # over a piece of 2000 rows
ACCEPTED, FAILED, DEFERRED, WAITING = 5, 8, 3, 0


def fill(place):
    place.ok("check-config")
    campaign = ("INSERT INTO campaign (id, slug, kind, title, content_hash, definition, sender,"
                " state, priority, created_ms) VALUES (?, ?, 'campaign', 'Title', '', '{}', '',"
                " ?, 1, 0)")
    delivery = ("INSERT INTO delivery (key, campaign, round, step, recipient, contact, address,"
                " fields, state, dispatch, attempts, updated_ms)"
                " VALUES (?, ?, 1, 0, ?, ?, ?, '{}', ?, ?, ?, 0)")
    history = ("INSERT INTO history (key, dispatch, state, time_ms, code, enhanced, reason, relay)"
               " VALUES (?, ?, ?, ?, ?, ?, ?, 'main')")
    rows = [(k, 1 + k % 2, k, 1, f"school{k}@example.org", FAILED if k % 100 == 0 else ACCEPTED, 1, 0)
            for k in range(1, LETTERS + 1)]
    rows.append((9000, 1, 9000, 1, "late@example.org", DEFERRED, 2, 1))
    events = [(k, 1, FAILED if k % 100 == 0 else ACCEPTED, START_MS + k * 1000,
               550 if k % 100 == 0 else 250, "5.1.1" if k % 100 == 0 else "2.0.0",
               "no such \u001b[31mmailbox" if k % 100 == 0 else "ok") for k in range(1, LETTERS + 1)]
    events += [(9000, 1, DEFERRED, START_MS, 451, "4.7.1", "greylisted"),
               (9000, 2, DEFERRED, START_MS + 10_000_000, 451, "4.7.1", "greylisted again")]
    place.sql((campaign, [(1, "first", "running"), (2, "second", "paused")]), (delivery, rows),
              (history, events),
              ("INSERT INTO organisation (id, key, kind, name, revision, updated_ms)"
               " VALUES (9000, 'org-9', 'school', 'Школа № 9', 1, 0)", [()]),
              ("INSERT INTO schedule (key, due_ms, priority, campaign, dispatch)"
               " VALUES (9000, ?, 1, 1, 2)", [(START_MS + 4_000_000_000_000,)]))


def the_past(place):
    lines = place.objects("log")
    expect("lines", len(lines), 50)
    expect("the last", (lines[-1]["key"], lines[-1]["reason"]), (9000, "greylisted again"))
    expect("the one before", lines[-2]["key"], LETTERS)
    times = [line["time"] for line in lines]
    expect("order", times, sorted(times))
    expect("-n", len(place.objects("log", "-n", "7")), 7)
    # only 30 of 3000: found although a piece may hold none of the newest
    failed = place.objects("log", "--state", "failed", "--limit", "25")
    expect("failed", [line["key"] for line in failed], list(range(600, LETTERS + 1, 100)))
    expect("campaign", {line["campaign"] for line in place.objects("log", "--campaign", "second")},
           {"second"})
    one = place.objects("log", "--address", "school7@EXAMPLE.org")
    expect("address", [(line["key"], line["code"], line["relay"]) for line in one], [(7, 250, "main")])
    since = place.objects("log", "--since", "2023-11-14T22:13:21Z")
    expect("since", len(since), LETTERS + 1)
    since = place.objects("log", "--since", "2023-11-15 01:13:21")  # the zone is Moscow
    expect("since, local", len(since), LETTERS + 1)
    expect("since, first", since[0]["key"], 1)
    expect("since, limited", len(place.objects("log", "--since", "2023-11-14", "-n", "3")), 3)
    text = place.ok("log", "--state", "failed", "-n", "1")
    if "\u001b" in text or "no such ?[31mmailbox" not in text:
        fail(f"an escape sequence of a relay reached the terminal: {text!r}")
    place.refused("log", "--since", "yesterday", code=2, says="is no moment")
    place.refused("log", "--state", "acepted", code=2, says="did you mean «accepted»?")
    place.refused("log", "--campaign", "third", code=1, says="there is no campaign «third»")
    place.refused("log", "--address", "a b@example.org", code=2, says="--address")


def status(place, key, state, dispatch=3):
    place.publish("vestnik.status", f"vestnik.delivery.{state}", f"{key}.{dispatch}.{state}",
                  json.dumps({"key": key, "dispatch": dispatch, "campaign": 1, "code": 250,
                              "relay": "main"}))


def what_comes(place):
    status(place, 1, "accepted", dispatch=2)  # before: must not show
    process = subprocess.Popen([BIN, "--config", place.config, "log", "-f", "-n", "2", "--json"],
                               env=place.environment, stdout=subprocess.PIPE, text=True)
    try:
        for key in (LETTERS, 9000):
            expect("past", json.loads(process.stdout.readline())["key"], key)
        for key in (5, 6, 9000):
            status(place, key, "accepted")
            line = json.loads(process.stdout.readline())
            expect("follows", (line["key"], line["dispatch"], line["state"]), (key, 3, "accepted"))
            expect("whose", line["campaign"], "second" if key % 2 else "first")
        process.send_signal(signal.SIGINT)
        expect("ends with", process.wait(60), 0)
        expect("nothing more", process.stdout.read(), "")
    finally:
        process.kill()
        process.communicate()


def one_letter(place):
    story = place.objects("delivery", "show", "9000")[0]
    expect("organisation", story["organisation"], "org-9")
    expect("history", [(h["dispatch"], h["reason"]) for h in story["history"]],
           [(1, "greylisted"), (2, "greylisted again")])
    expect("next", (story["next"], story["next_at"][:4]), ("goes out", "2150"))
    expect("key.dispatch", place.objects("delivery", "show", "9000.2")[0]["key"], 9000)
    text = place.ok("delivery", "show", "9000", "--lang", "ru")
    for want in ("late@example.org", "Школа № 9", "отложено", "451 4.7.1 greylisted again", "уйдёт"):
        if want not in text:
            fail(f"delivery show: no «{want}» in {text}")
    final = place.objects("delivery", "show", "100")[0]
    expect("final", (final["state"], final["next"]), ("failed", "nothing: this is final"))
    place.refused("delivery", "show", "77777", code=1, says="there is no letter 77777")
    place.refused("delivery", "show", "<9000.0.aaaaaaaaaaaaaaaa@example.org>", code=1,
                  says="neither a letter's number nor a Message-ID")


def main():
    with Place() as place:
        fill(place)
        for test in (the_past, what_comes, one_letter):
            test(place)
            print("ok", test.__name__)


main()
