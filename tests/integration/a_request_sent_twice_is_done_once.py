#!/usr/bin/env python3
"""Idempotency-Key: the same request again gets the same answer again, at once with the first, after it, from another console,
after the console was killed in the middle; nothing is done twice. Another request with the key is refused; after a mistake
the key is free again; another API key has keys of its own; a day later it is forgotten."""
import concurrent.futures
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
from bed import freeze, kill, stop, thaw, wait_for  # noqa: E402
from console_bed import ConsoleBed, want  # noqa: E402

NOTICES = "/api/v1/notices"
LETTER = {"subject": "Заявка", "text": "Принята.", "to": [{"address": "school@example.org"}]}


def post(bed, key, once, body=None, path=NOTICES, api_key=None):
    return bed.api("POST", path, LETTER if body is None else body, api_key or key, {"Idempotency-Key": once})


def is_replay(answer):
    return answer.headers.get("idempotent-replay") == "true"


def notices(bed):
    return bed.value("SELECT count(*) FROM audit_entry WHERE action = 'notify'")


def again(bed, key):
    first = post(bed, key, "one")
    want("the first", (first.status, first.json["outcome"], is_replay(first)), (202, "applied", False))
    for once in ("one", '"one"'):
        second = post(bed, key, once)
        want("the same again", (second.status, second.json, is_replay(second)), (202, first.json, True))
    other = post(bed, key, "one", {**LETTER, "subject": "Другая"})
    want("another request with the key", (other.status, other.json["type"]), (422, "/problems/key-reused"))
    stranger = post(bed, key, "one", api_key=bed.key("notify", name="another"))
    want("another API key's own", (stranger.status, is_replay(stranger), stranger.json["task"] != first.json["task"]),
         (202, False, True))
    for once in ("", "x" * 256, "with blank"):
        want(f"the key {once[:10]!r}", post(bed, key, once).status, 400)
    want("tasks", notices(bed), 2)


def after_a_mistake(bed, key):
    want("a mistake", post(bed, key, "two", {**LETTER, "to": []}).status, 422)
    want("the mended request", post(bed, key, "two").status, 202)
    path = "/api/v1/suppressions"
    made = bed.api("POST", path, {"address": "a@example.org", "reason": "x"}, key, {"Idempotency-Key": "three"})
    same = bed.api("POST", path, {"address": "a@example.org", "reason": "x"}, key, {"Idempotency-Key": "three"})
    want("a 201 again", (made.status, same.status, same.json, is_replay(same)), (201, 201, made.json, True))
    made = bed.api("POST", "/api/v1/drafts", {"draft": "d", "title": "x"}, key, {"Idempotency-Key": "four"})
    same = bed.api("POST", "/api/v1/drafts", {"draft": "d", "title": "x"}, key, {"Idempotency-Key": "four"})
    want("a draft once", (same.status, same.headers["location"], is_replay(same)), (201, made.headers["location"], True))


def all_at_once(bed, key):
    before = notices(bed)
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: post(bed, key, "crowd"), range(12)))
    done = [a for a in answers if a.status == 202]
    busy = [a for a in answers if a.status == 409]
    want("answers", len(done) + len(busy), 12)
    want("who was answered reads the same", len({a.json["task"] for a in done}), 1)
    want("the others were told to wait", {a.json["type"] for a in busy} <= {"/problems/in-progress"}, True)
    want("done once", notices(bed) - before, 1)


def a_refusal_is_kept(bed, key):
    path, body = "/api/v1/campaigns/stored/launch", {"content_hash": "0" * 64}
    bed.run("campaign", "store", bed.campaign("stored", audience={"keys": ["s0000001"]}))
    first = bed.api("POST", path, body, key, {"Idempotency-Key": "refused"})
    second = bed.api("POST", path, body, key, {"Idempotency-Key": "refused"})
    want("refused", (first.status, first.json["type"]), (409, "/problems/refused"))
    want("refused again, from what was kept", (second.status, second.json, is_replay(second)), (409, first.json, True))


def killed_in_between(bed, key, planner):
    """The planner stands still: the console has put the task and waits when it dies. What it had done is told by the next."""
    before = notices(bed)
    freeze(planner)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        lost = pool.submit(post, bed, key, "killed")
        wait_for(lambda: notices(bed) == before + 1, "the task to be put")
        kill(bed.console)
        want("no answer", type(lost.exception()).__name__ != "NoneType", True)
    bed.open_console()
    answer = post(bed, key, "killed")
    want("the next console tells it", (answer.status, answer.json["outcome"], is_replay(answer)), (202, "queued", True))
    thaw(planner)
    want("put once", notices(bed), before + 1)


def killed_before(bed, key):
    """A claim of a process that died before it did anything: after ten seconds without a sign of life the next one takes it
    over and does the work."""
    before = notices(bed)
    freeze(bed.console)  # of whom nothing is heard any more
    holder = bed.value("SELECT id FROM service_instance WHERE service = 'console' ORDER BY seen_ms DESC")
    thaw(bed.console)
    post(bed, key, "orphan")
    bed.change("UPDATE api_request SET status = 0, body = NULL, holder = 'console@gone:1/x' WHERE key = 'orphan'")
    bed.change("INSERT INTO service_instance (id, service, pid, started_ms, seen_ms, state) VALUES"
               " ('console@gone:1/x', 'console', 1, 1, (SELECT seen_ms FROM service_instance WHERE id = ?), 'ready')", holder)
    busy = post(bed, key, "orphan")
    want("while it may live", (busy.status, busy.json["type"], busy.headers["retry-after"]), (409, "/problems/in-progress", "1"))
    bed.change("UPDATE service_instance SET seen_ms = seen_ms - 20000 WHERE id = 'console@gone:1/x'")
    done = post(bed, key, "orphan")
    want("taken over", (done.status, is_replay(done)), (202, False))
    want("done by the one that took over", notices(bed), before + 2)
    want("told again", is_replay(post(bed, key, "orphan")), True)


def forgotten(bed, key):
    bed.change("UPDATE api_request SET time_ms = time_ms - 90000000 WHERE key = 'one'")
    stop(bed.console)
    bed.open_console()  # it sweeps at its start
    wait_for(lambda: bed.value("SELECT count(*) FROM api_request WHERE key = 'one'") == 0, "the sweep")
    want("the others stay", bed.value("SELECT count(*) FROM api_request WHERE key = 'crowd'"), 1)


with ConsoleBed(sink=True) as bed:
    planner = bed.service("planner")
    bed.directory(1)
    wait_for(lambda: [r for r in bed.ready() if r[0] == "planner"], "the planner")
    key = bed.key("notify", "suppression", "campaign.write", "campaign.launch")
    again(bed, key)
    after_a_mistake(bed, key)
    all_at_once(bed, key)
    a_refusal_is_kept(bed, key)
    killed_in_between(bed, key, planner)
    killed_before(bed, key)
    forgotten(bed, key)
    secret = json.dumps(bed.rows("SELECT key, body FROM api_request"))
    want("API keys do not stand there", "vk_" in secret, False)
    print("each request was done once")
