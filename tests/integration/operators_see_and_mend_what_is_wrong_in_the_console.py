"""Operators in the console, against the real services: a relay that is down is named with its own words and
what to do, and the charts show what went out when it is back; a refused message is handed in again and becomes a
letter; a webhook made on the page gets a signed event and its answer is shown; an excluded address gets no letter;
/metrics keeps to Prometheus' format. What comes from outside is shown as text; readers change nothing."""
import base64
import hashlib
import hmac
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from bed import BIN, free_port, kill, wait_for  # noqa: E402
from console_bed import ConsoleBed, want, want_in, want_not_in  # noqa: E402
from many_deliveries import series  # noqa: E402
from webhook_bed import Receiver  # noqa: E402

SCHOOLS = 30
EXCLUDED = "school-0000003@example.org"
HOSTILE = "<script>alert('x')</script>"
HTMX = {"HX-Request": "true"}


def empty_pages_say_what_will_stand_there(admin):
    for path, words in (("/dead", "There are none"), ("/webhooks", "There are no webhooks"), ("/suppressions", "There are none"),
                        ("/status", "No campaign is under way"), ("/status", "No letters went out in this time")):
        page = admin.get(path)
        want(path, page.status, 200)
        want_in(path, words, page.text)


def a_relay_that_is_down_is_named(bed, operator, port):
    bed.launch(bed.campaign("demo", title="Конкурс " + HOSTILE))

    def told():
        page = operator.get("/status", **HTMX)
        return page if "Connection refused" in page.text and "relay main" in page.text else None
    page = wait_for(told, "/status to say that the relay is down")
    want_in("/status", "vestnik relay check", page.text)
    want_in("/status", "Something needs your attention", page.text)
    want_in("/status, escaped", "Конкурс &lt;script&gt;", page.html)
    want_not_in("/status, escaped", "<script>alert", page.html)
    want_not_in("/status, a piece", "<html", page.html)
    want_in("/relays", "left alone after failures", wait_for(
        lambda: (lambda p: p if "left alone" in p.text else None)(operator.get("/relays")), "the breaker on /relays").text)
    one = operator.get("/relays/main")
    want_in("/relays/main", f"127.0.0.1:{port}", one.text)
    want("a relay nobody knows", operator.get("/relays/other").status, 404)
    want("a letter left", bed.remembered(), [])


def when_it_is_back_the_charts_show_it(bed, operator, port):
    bed.start("sink", os.path.join(BIN, "smtp-remember"), "--port", str(port), "--record", bed.remembered_file)
    bed.wait_state("demo", "finished")
    page = operator.get("/status")
    rows = re.findall(r'<td data-value="\d+">[^<]*</td><td class="number" data-value="([\d.]+)">', page.html)
    want("points of two hours", len(rows), 121)
    want_in("/status", f"Taken by the mail servers in this time: {SCHOOLS}.", page.text)
    want_in("/status?span=week", f"in this time: {SCHOOLS}.", operator.get("/status?span=week").text)
    want_in("/relays/main", f"{SCHOOLS} taken in the last hour", operator.get("/relays/main").text)
    want("its sums", bed.rows("SELECT relay, state, sum(n) FROM outcome_total WHERE state = 5 GROUP BY relay, state"),
         [("main", 5, SCHOOLS)])


def a_dead_mailer_is_told(bed, operator, mailer):
    wait_for(lambda: bed.value("SELECT breaker FROM relay_state WHERE relay = 'main'") == "closed", "the mailer to write it down")
    kill(mailer)
    page = wait_for(lambda: (lambda p: p if re.search(r"mailer[^<]*</span></td><td><span class=.badge bad", p.html) else None)(
        operator.get("/status")), "/status to say that the mailer is gone")
    want_in("/status", "Something needs your attention", page.text)
    bed.service("mailer", instance="second")


def dead(bed, ident, data, reason):
    subprocess.run([os.path.join(BIN, "bus_put"), bed.store_url, "vestnik.tasks", "vestnik.task.notify", ident, data, "planner",
                    reason], check=True, timeout=60, env=bed.environment())


def ids_of(page):
    return re.findall(r'href="/dead/([\d:]+)"', page.html)


def wait_ids(operator, path, ids):
    """On Kafka what was decided goes through the outbox."""
    wait_for(lambda: ids_of(operator.get(path)) == ids, f"{path} to list {ids}")


def refused_messages_are_processed_again_or_dropped(bed, operator, reader):
    notice = {"subject": "Тема", "text": "Текст", "to": [{"address": "duty@example.org"}]}
    dead(bed, "good", json.dumps(notice, ensure_ascii=False), "the sender was not allowed " + HOSTILE)
    dead(bed, "bad", "no json " + HOSTILE + " \x02", "no json at all")
    page = wait_for(lambda: (lambda p: p if len(ids_of(p)) == 2 else None)(operator.get("/dead")), "two refused messages")
    want_in("the reason", "&lt;script&gt;", page.html)
    want_not_in("the reason", "<script>alert", page.html)
    by_reason = {word: ident for ident in ids_of(page) for word in ("not allowed", "no json") if
                 word in operator.get(f"/dead/{ident}").text}
    good, bad = by_reason["not allowed"], by_reason["no json"]
    shown = operator.get(f"/dead/{bad}")
    want_in("contents", "no json &lt;script&gt;", shown.html)
    want_not_in("contents", "<script>alert", shown.html)
    want_in("contents", '&quot;address&quot;: &quot;duty@example.org&quot;', operator.get(f"/dead/{good}").html)
    # a reader looks and does not touch
    want("a reader looks", reader.get(f"/dead/{good}").status, 200)
    want_not_in("a reader's page", "Process it again", reader.get(f"/dead/{good}").text)
    want("a reader replays", reader.post(f"/dead/{good}/replay").status, 403)
    want("without the token", operator.post(f"/dead/{good}/replay", csrf=False).status, 403)
    want_in("replayed", "handed in again", operator.post(f"/dead/{good}/replay").text)
    wait_for(lambda: [a for _, a in bed.remembered() if "duty@example.org" in a], "the letter of the message")
    wait_ids(operator, "/dead?state=replayed", [good])
    want("a drop without a reason", operator.post(f"/dead/{bad}/drop", {"why": " "}).status, 422)
    want_in("dropped", "The message was dropped", operator.post(f"/dead/{bad}/drop", {"why": "a trial"}).text)
    wait_ids(operator, "/dead", [])
    wait_ids(operator, "/dead?state=dropped", [bad])
    want("dropped is dropped", operator.post(f"/dead/{bad}/replay").status, 409)
    want("none of that number", operator.get("/dead/999999").status, 404)
    want("audit", [(a, s) for _, a, s, _ in bed.audited() if a.startswith("dead.")],
         [("dead.replay", f"dead:{good}"), ("dead.drop", f"dead:{bad}")])
    # several at once, those of the filter: more than one transaction takes
    for number in range(21):
        dead(bed, f"more-{number}", json.dumps(notice), "once more")
    wait_for(lambda: len(ids_of(operator.get("/dead"))) == 21, "more of them")
    want_in("all of them", "Handed in again: 21", operator.post("/dead/replay", {"by": "planner", "topic": ""}).text)
    wait_ids(operator, "/dead", [])


def signed(secret, headers, body):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


def secret_of(page):
    return re.search(r"whsec_[A-Za-z0-9+/=]+", page.html).group(0)


def ticked(page):
    return re.findall(r'name="event" value="vestnik\.([a-z.]+)" checked', page.html)


def a_webhook_is_changed(bed, admin, operator, receiver, ident):
    """The form as it was added with; what is wrong stands beside its field, and what was typed stays."""
    path, hook = f"/webhooks/{ident}/change", receiver.url("/hook")
    as_it_is = [("url", hook), ("event", "vestnik.campaign.paused"), ("event", "vestnik.campaign.resumed")]
    want_in("the way there", f'href="{path}"', operator.get(f"/webhooks/{ident}").html)
    page = operator.get(path)
    want("the form", (page.field("url"), ticked(page), "private" in page.html), (hook, ["campaign.paused", "campaign.resumed"], False))
    want_in("in Russian", "Изменение вебхука", operator.get(path, **{"Accept-Language": "ru"}).text)
    for fields, error, name in (([("url", "")], "Say where events are to be posted", "url"), ([("url", "ftp://x")], "ftp://x", "url"),
                                ([("url", hook), ("campaign", "nobodys")], "There is no campaign of this name", "campaign")):
        page = admin.post(path, fields + [("private", "1"), ("event", "vestnik.report.ready")])
        want(f"{fields}: refused, and kept", (page.status, page.field(name), ticked(page)), (422, fields[-1][1], ["report.ready"]))
        want_in(f"{fields}: beside the field", f'id="{name}-error"', page.html)
        want_in(f"{fields}", error, page.text)
    # what is inside the own network an operator does not lead elsewhere, but says which events it gets
    operator.get("/webhooks")
    page = operator.post(path, [("url", receiver.url("/elsewhere"))])
    want("an operator leads it elsewhere", page.status, 422)
    want_in("an operator leads it elsewhere", "only an administrator changes it", page.text)
    want_in("nothing new", "Nothing was changed", operator.post(path, as_it_is).text)
    page = operator.post(path, as_it_is[:2])
    want_in("changed", "The webhook was changed", page.text)
    want("boxes now", ticked(operator.get(path)), ["campaign.paused"])
    page = admin.post(path, as_it_is)
    want("without the box", (page.status, "should begin with https://" in page.text), (422, True))
    want_in("back again", "The webhook was changed", admin.post(path, as_it_is + [("private", "1")]).text)
    # campaign.* takes in what comes later: a form that ticks the same leaves it so
    bed.run("webhook", "change", ident, "--events", "campaign.*")
    page = operator.get(path)
    campaign_events = [("event", "vestnik." + event) for event in ticked(page)]
    want("boxes of campaign.*", {event.split(".")[1] for _, event in campaign_events}, {"campaign"})
    want_in("the same boxes", "Nothing was changed", operator.post(path, as_it_is[:1] + campaign_events).text)
    bed.run("webhook", "change", ident, "--events", "campaign.paused,campaign.resumed")
    want("none of that number", operator.post("/webhooks/ep-absent/change", as_it_is).status, 404)
    want("its form", operator.get("/webhooks/ep-absent/change").status, 404)
    want("noted", [facts["changed"] for _, _, _, facts in bed.audited("webhook.change")], ["events"] * 2 + ["events"] * 2)
    operator.get("/webhooks")


def a_webhook_is_made_tried_and_removed(bed, admin, operator, receiver):
    receiver.behaviours["/hook"] = lambda handler, number: handler.reply(200 if number > 1 else 500, HOSTILE.encode())
    # inside the own network only whoever gives out accounts may look around
    refused = operator.post("/webhooks", [("url", receiver.url("/hook")), ("private", "1")])
    want("the own network", refused.status, 422)
    want_in("the own network", "https://", refused.text)
    want("no address at all", admin.post("/webhooks", {"url": "ftp://x"}).status, 422)
    want("no such campaign", admin.post("/webhooks", {"url": "https://x.test/", "campaign": "nobodys"}).status, 422)
    made = admin.post("/webhooks", [("url", receiver.url("/hook")), ("private", "1"), ("event", "vestnik.campaign.paused"),
                                    ("event", "vestnik.campaign.resumed")])
    want("made", made.status, 200)
    secret = secret_of(made)
    ident = re.search(r'href="/webhooks/(ep-[a-z0-9]+)"', made.html).group(1)
    want_in("the list", receiver.url("/hook"), operator.get("/webhooks").text)
    want_not_in("the list keeps the secret", "whsec_", operator.get(f"/webhooks/{ident}").html)
    page = operator.post(f"/webhooks/{ident}/test")
    want_in("a test is on its way", "A test event is on its way", page.text)
    message = page.path.split("?")[0]
    failed = wait_for(lambda: (lambda p: p if "not delivered" in p.text else None)(operator.get(message, **HTMX)), "the answer")
    want_in("its answer", "500", failed.text)
    want_in("its words", "&lt;script&gt;", failed.html)
    want_not_in("its words", "<script>alert", failed.html)
    operator.get("/webhooks")
    want_in("again", "being sent again", operator.post(message + "/replay").text)
    wait_for(lambda: "delivered" in operator.get(message, **HTMX).text and len(receiver.at("/hook")) == 2, "the second answer")
    a_webhook_is_changed(bed, admin, operator, receiver, ident)
    for _, headers, body, _ in receiver.at("/hook"):
        want("signature", headers["webhook-signature"], signed(secret, headers, body))
    attempts = operator.get(f"/webhooks/{ident}")
    want("attempts", attempts.text.count("webhook.test"), 2)
    want("failed ones", operator.get(f"/webhooks/{ident}?failed=1").text.count("webhook.test"), 1)
    # a new secret signs beside the old one
    fresh = secret_of(operator.post(f"/webhooks/{ident}/rotate"))
    operator.get("/webhooks")
    bed.launch(bed.campaign("second", send={"at": "2050-05-05 10:00"}))
    bed.run("campaign", "pause", "second")
    wait_for(lambda: len(receiver.at("/hook")) >= 3, "the event of a pause")
    _, headers, body, _ = receiver.at("/hook")[2]
    want("its type", json.loads(body)["type"], "vestnik.campaign.paused")
    want("both sign", set(headers["webhook-signature"].split()), {signed(s, headers, body) for s in (secret, fresh)})
    want("disabled", operator.post(f"/webhooks/{ident}/disable").status, 200)
    want_in("disabled", "Disabled", operator.get(f"/webhooks/{ident}").text)
    want("a test of a disabled one", operator.post(f"/webhooks/{ident}/test").status, 409)
    operator.get("/webhooks")
    want_in("on again", "on again", operator.post(f"/webhooks/{ident}/enable").text)
    since = operator.post(f"/webhooks/{ident}/replay", {"since": "2020-01-01T00:00", "state": "delivered"})
    want_in("a span of time", "Events to be sent again:", since.text)
    want("a span without a beginning", operator.post(f"/webhooks/{ident}/replay", {"since": ""}).status, 422)
    operator.get("/webhooks")
    want_in("removed", "The webhook was removed", operator.post(f"/webhooks/{ident}/remove").text)
    want("it is gone", operator.get(f"/webhooks/{ident}").status, 404)
    want("audit", [a for _, a, s, _ in bed.audited() if s == f"webhook:{ident}"],
         ["webhook.add", "webhook.test", "webhook.replay"] + ["webhook.change"] * 4 + ["webhook.rotate", "webhook.disable", "webhook.enable",
          "webhook.replay", "webhook.remove"])


def an_excluded_address_gets_no_letter(bed, operator):
    operator.get("/suppressions")
    want("no address", operator.post("/suppressions", {"address": "школа", "reason": ""}).status, 422)
    page = operator.post("/suppressions", {"address": EXCLUDED, "reason": "asked " + HOSTILE})
    want_in("added", "gets no more letters", page.text)
    want_in("its organisation", "Школа № 3", page.text)
    want_not_in("escaped", "<script>alert", page.html)
    want_in("again", "excluded already", operator.post("/suppressions", {"address": EXCLUDED}).text)
    want_in("found", EXCLUDED, operator.get("/suppressions?find=school-0000003").text)
    want_in("not found", "Nothing was found", operator.get("/suppressions?find=school-0000004").text)
    before = len(bed.remembered())
    bed.launch(bed.campaign("third"))
    bed.wait_state("third", "finished")
    letters = [a for _, a in bed.remembered()[before:]]
    want("letters", (len(letters), [a for a in letters if EXCLUDED in a]), (SCHOOLS - 1, []))
    want_in("removed", "gets letters again", operator.post("/suppressions/remove", {"address": EXCLUDED}).text)
    want("removed twice", operator.post("/suppressions/remove", {"address": EXCLUDED}).status, 404)
    for _, action, subject, facts in bed.audited():
        if action.startswith("suppression."):
            want("the chain names nobody", (subject, EXCLUDED in json.dumps(facts)), ("suppression:list", False))


def pages_of_addresses(bed, operator):
    """Newest first, by key: no address twice, none left out, also those of one millisecond."""
    for i in range(120):
        bed.change("INSERT INTO suppression (address, reason, source, created_ms) VALUES (?, 'x', 'portal', ?)",
                   f"a{i:03}@example.org", 1700000000000 + i // 50)
    for begin in ("/suppressions", "/suppressions?find=a"):
        seen, path = [], begin
        while path:
            page = operator.get(path)
            seen += re.findall(r"a\d{3}@example\.org(?=<)", page.html)
            link = re.search(r'href="([^"]*)" rel="next"', page.html)
            path = link.group(1).replace("&amp;", "&") if link else None
        want(f"{begin}: addresses", (len(seen), len(set(seen))), (120, 120))


SAMPLE = re.compile(r'^([a-z_][a-z0-9_]*)(\{(?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)+\})? (-?\d+(?:\.\d+)?)$')


def parse_metrics(text):
    """Prometheus' text format 0.0.4, strictly: HELP and TYPE before the samples of a family, each once; no sample
    twice; counters end in _total; names have our prefix."""
    kinds, helped, samples = {}, set(), {}
    want("the last line ends", text.endswith("\n"), True)
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name = line.split(" ")[2]
            want(f"HELP of {name} once", name in helped, False)
            helped.add(name)
            continue
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            want(f"TYPE of {name} once, after its HELP", (name in kinds, name in helped), (False, True))
            want_in(f"TYPE of {name}", kind, ("counter", "gauge"))
            want(f"{name}: a counter ends in _total", name.endswith("_total"), kind == "counter")
            want(f"{name}: prefix", name.startswith("vestnik_"), True)
            kinds[name] = kind
            last = name
            continue
        sample = SAMPLE.match(line)
        want(f"a sample: {line}", sample is not None, True)
        want(f"{line}: under its TYPE", sample.group(1), last)
        key = sample.group(1) + (sample.group(2) or "")
        want(f"{key} once", key in samples, False)
        samples[key] = float(sample.group(3))
    return samples


def last_refusals_are_not_hidden_by_what_went_well(bed, operator):
    """Thousands of letters went out since."""
    key, now_ms = bed.rows("SELECT key, time_ms FROM history ORDER BY time_ms DESC LIMIT 1")[0]
    line = "INSERT INTO history (key, dispatch, state, time_ms, code, enhanced, reason, relay, worker) "
    bed.change(line + f"VALUES ({key}, 5000, 8, {now_ms + 1}, 550, '5.1.1', 'that mailbox is no more', 'main', '')")
    bed.change(line + f"VALUES ({key}, 5001, 3, {now_ms + 2}, 450, '4.2.0', 'of another server', 'other', '')")
    bed.change(line + f"SELECT {key}, 6000 + k, 5, {now_ms + 3} + k, 250, '2.0.0', 'ok', 'main', '' FROM {series(bed, 'n', 1, 2500)}")
    page = operator.get("/relays/main")
    want_in("its last refusals", "refused 550 that mailbox is no more", page.text)
    want_not_in("its last refusals", "of another server", page.text)


def metrics_keep_to_the_format(bed, operator):
    page = operator.get("/metrics")
    want("/metrics", (page.status, page.headers["content-type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))
    samples = parse_metrics(page.body.decode())
    for name, least in (('vestnik_letters_total{relay="main",state="accepted"}', SCHOOLS), ("vestnik_bus_up", 1),
                        ('vestnik_service_instances{service="planner"}', 1), ("vestnik_http_requests_total", 10),
                        ('vestnik_webhook_attempts_total{result="2xx"}', 1), ('vestnik_webhook_attempts_total{result="5xx"}', 1)):
        want(f"{name}: {samples.get(name)} of at least {least}", samples.get(name, -1) >= least, True)
    want("the breaker", samples['vestnik_relay_breaker_state{relay="main"}'], 0)
    want("stuck", samples["vestnik_stuck_letters"], 0)
    want_not_in("nobody is named", "example.org", page.body.decode())
    program = bed.api("GET", "/metrics", key=bed.key("metrics"))
    want("with a key", (program.status, len(parse_metrics(program.body.decode()))), (200, len(samples)))
    want("with a key for something else", bed.api("GET", "/metrics", key=bed.key("campaign.read")).status, 403)
    want("with a key nobody has", bed.api("GET", "/metrics", key="vk_x_y").status, 401)
    want("nobody", bed.visitor().get("/metrics").status, 303)


def main():
    port = free_port()
    bed = ConsoleBed(bed={"settings": {"mailer": {"connections": 8, "breaker_failures": 2, "breaker_open": "300ms",
                                                  "breaker_open_most": "1s"}}})
    bed.relay(port, connections=8)
    with Receiver() as receiver, bed:
        bed.remembered_file = os.path.join(bed.folder, "remembered")
        bed.account("operator", "operator")
        bed.account("reader", "read-only")
        services = bed.services()
        wait_for(lambda: {name for name, _ in bed.ready()} >= set(services), "the services")
        admin, operator, reader = (bed.login(name, Accept_Language="en") for name in ("admin", "operator", "reader"))
        want("a reader's webhooks", reader.get("/webhooks").status, 403)
        empty_pages_say_what_will_stand_there(admin)
        bed.directory(SCHOOLS)
        a_relay_that_is_down_is_named(bed, operator, port)
        when_it_is_back_the_charts_show_it(bed, operator, port)
        a_dead_mailer_is_told(bed, operator, services["mailer"])
        refused_messages_are_processed_again_or_dropped(bed, operator, reader)
        a_webhook_is_made_tried_and_removed(bed, admin, operator, receiver)
        an_excluded_address_gets_no_letter(bed, operator)
        metrics_keep_to_the_format(bed, operator)
        pages_of_addresses(bed, operator)
        last_refusals_are_not_hidden_by_what_went_well(bed, operator)


main()
