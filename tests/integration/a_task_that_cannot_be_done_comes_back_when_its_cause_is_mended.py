"""What other programs ask for in vain goes to vestnik.dead with its reason and stops nobody; when
the cause is mended, `dead replay` brings it back and it is done once. On Kafka the records come from
kcat, with the headers of either mode, and the dead letters are read back by it, too."""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from bed import BIN, Bed, wait_for  # noqa: E402

TASKS = "vestnik.tasks"
DEAD_HEADERS = {"dead-reason", "dead-time", "dead-topic", "dead-partition", "dead-offset", "dead-by"}


def event(ident, kind, data, source="/registry", **members):
    return {"specversion": "1.0", "id": ident, "source": source, "type": "vestnik.task." + kind, "data": data, **members}


def notice(ident, to=None, **members):
    return event(ident, "notify", {"subject": "Тема", "text": "Текст",
                                   "to": [{"address": a} for a in to or [f"{ident}@example.org"]]}, **members)


def put_structured(bed, text):
    if bed.kafka:
        bed.kafka.produce(bed.topic(TASKS), text, headers={"content-type": "application/cloudevents+json"})
    else:
        subprocess.run([os.path.join(BIN, "bus_put"), bed.store_url, TASKS, "-", "-", text], check=True, timeout=60)


def put_binary(bed, text, **headers):
    bed.kafka.produce(bed.topic(TASKS), text, headers=headers)


def kcat(bed, text, *arguments):
    done = bed.kafka.kcat("-P", "-t", bed.topic(TASKS), *arguments, text=text)
    assert done.returncode == 0, done.stderr


def put_odd_records(bed):
    """What only a client of Kafka can write; returns the reasons they should get."""
    attributes = {"ce_source": "/registry", "ce_type": "vestnik.task.notify"}
    data = json.dumps(notice("x")["data"], ensure_ascii=False)
    wrong = [
        (data, dict(attributes, ce_id="odd-1"), "the header ce_specversion is missing"),
        (data, dict(attributes, ce_id="odd-2", ce_specversion="0.3"), 'ce_specversion should be 1.0, not "0.3"'),
        (data, dict(attributes, ce_id="odd-3", ce_specversion="1.0", ce_time="yesterday"), "the header ce_time should be"),
        (data, dict(attributes, ce_specversion="1.0"), "attribute id is missing"),
        (data, {}, "attribute source is missing"),
        (json.dumps(notice("odd-4")), {}, "it needs the header content-type: application/cloudevents+json"),
        ("[" + json.dumps(notice("odd-5")) + "]", {"content-type": "application/cloudevents-batch+json"}, "a batch of CloudEvents"),
        (data, dict(attributes, **{"ce_id": "odd-6", "ce_specversion": "1.0", "content-type": "text/xml"}),
         'content type "text/xml" is not understood'),
    ]
    for text, headers, _ in wrong:
        put_binary(bed, text, **headers)
    # more than a task may have, and a record without a value
    kcat(bed, data + " " * 1100000, "-X", "message.max.bytes=2000000", *sum((["-H", f"{n}={v}"] for n, v in dict(
        attributes, ce_id="odd-7", ce_specversion="1.0").items()), []))
    kcat(bed, "key:\n", "-K", ":", "-Z")
    wrong += [(None, None, "the message is longer than 1048576 bytes"), (None, None, "the task is empty")]
    # and what is odd but right: names of headers in any case, a time with fractions, further headers
    put_binary(bed, data.replace("x@example.org", "odd-right@example.org"), **{
        "CE_SpecVersion": "1.0", "CE_ID": "odd-right", "Ce_Source": "/registry", "ce_Type": "vestnik.task.notify",
        "ce_time": "2023-05-30T18:00:00.123456789Z", "Content-Type": "application/json; charset=utf-8",
        "traceparent": "00-1", "ce_subject": "Школа"})
    return [reason for _, _, reason in wrong], ["odd-right@example.org"]


def restart_with(bed, up, **settings):
    bed.run("down")
    assert up.wait(60) == 0
    bed.settings.update(settings)
    with open(bed.config, "w") as f:
        json.dump(bed.settings, f)
    return bed.up()


def dead(bed, count):
    return wait_for(lambda: (lambda rows: rows if len(rows) >= count else None)(bed.json("dead", "list")),
                    f"{count} dead letters")


def addresses(bed):
    return sorted(address for _, address in bed.remembered())


def main():
    sources = [{"source": "/registry", "tasks": ["notify", "campaign.launch"], "audience_max": 3}]
    with Bed({"sources": sources}) as bed:
        bed.sink()
        up = bed.up()
        bed.directory(3)
        path = bed.campaign("contest")
        # the hash is known before the campaign is stored: from `campaign check`
        content_hash = bed.json("campaign", "check", path)[0]["content_hash"]
        launch = event("launch-contest", "campaign.launch", {"campaign": "contest", "content_hash": content_hash})
        wrong = {  # id: (the message, its reason)
            "bad-json": ('{"specversion": "1.0", "id": }', "bad JSON at line 1, column"),
            "fly": (json.dumps(event("fly", "fly", {})), 'unknown task type "vestnik.task.fly"'),
            "no-subject": (json.dumps(event("no-subject", "notify", {"text": "x", "to": []})), "data.subject is missing"),
            "launch-contest": (json.dumps(launch), 'there is no campaign "contest"'),
            "stranger": (json.dumps(notice("stranger", source="/stranger")), 'source "/stranger" may not ask for anything'),
            "four": (json.dumps(notice("four", [f"four-{i}@example.org" for i in range(4)])),
                     'source "/registry" may have at most 3 recipients'),
            "pause": (json.dumps(event("pause", "campaign.pause", {"campaign": "contest"})),
                      'source "/registry" may not ask for campaign.pause'),
        }
        reasons = [reason for _, reason in wrong.values()]
        for text, _ in wrong.values():
            put_structured(bed, text)
        want = ["good@example.org"]
        if bed.kafka:
            odd_reasons, odd_letters = put_odd_records(bed)
            reasons += odd_reasons
            want += odd_letters
        wrong_source = json.dumps(notice("claimed", source="vestnik/cli/root"))
        put_structured(bed, wrong_source)
        reasons.append('source "vestnik/cli/root" is a program of Vestnik')
        put_structured(bed, json.dumps(notice("good"), ensure_ascii=False))
        wait_for(lambda: addresses(bed) == sorted(want), f"the right ones among them: {want}")
        rows = dead(bed, len(reasons))
        assert len(rows) == len(reasons), rows
        for reason in reasons:
            assert sum(reason in row["reason"] for row in rows) == 1, (reason, rows)
        assert {(row["by"], row["topic"]) for row in rows} == {("planner", TASKS)}, rows
        if bed.kafka:  # as any other client reads them
            records = bed.kafka.consume(bed.topic("vestnik.dead"))
            headers = [dict(zip(r["headers"][::2], r["headers"][1::2])) for r in records]
            assert all(DEAD_HEADERS <= set(h) for h in headers), headers
            assert sorted(h["dead-reason"] for h in headers) == sorted(row["reason"] for row in rows), headers
            assert sum(r["payload"] == wrong["launch-contest"][0] for r in records) == 1, "unchanged"
        number = {ident: next(str(row["id"]) for row in rows if reason in row["reason"])
                  for ident, (_, reason) in wrong.items()}
        result = dict(bed.rows("SELECT id, result FROM task_seen WHERE result <> 'accepted'"))
        for ident in ("launch-contest", "stranger", "four", "pause"):
            assert result[ident].startswith("refused: ") and wrong[ident][1] in result[ident], result

        # not mended: it comes again, with the same reason
        bed.run("dead", "replay", number["bad-json"])
        assert sum("bad JSON" in row["reason"] for row in dead(bed, len(reasons) + 1)) == 2
        # mended, one after the other
        assert bed.json("campaign", "store", path)[0]["content_hash"] == content_hash
        bed.run("dead", "replay", number["launch-contest"])
        want += [f"school-{i:07}@example.org" for i in (1, 2, 3)]
        wait_for(lambda: addresses(bed) == sorted(want), f"the campaign: {want}")
        bed.wait_state("contest", "finished")
        sources[0]["audience_max"] = 4
        up = restart_with(bed, up, sources=sources + [{"source": "/strang*", "tasks": ["notify"]}])
        bed.run("dead", "replay", number["stranger"], number["four"])
        want += ["stranger@example.org"] + [f"four-{i}@example.org" for i in range(4)]
        wait_for(lambda: addresses(bed) == sorted(want), f"what is allowed now: {want}")
        # what our own program asks for carries the proof, and comes through
        bed.run("campaign", "launch", bed.campaign("by-ourselves"), "--yes")
        want += [f"school-{i:07}@example.org" for i in (1, 2, 3)]
        wait_for(lambda: addresses(bed) == sorted(want), "the campaign launched by hand")
        # a second replay does nothing more, nor does the producer's own repetition
        bed.run("dead", "replay", number["stranger"], number["four"], number["launch-contest"])
        put_structured(bed, wrong["stranger"][0])
        put_structured(bed, json.dumps(notice("last")))
        want += ["last@example.org"]
        wait_for(lambda: "last@example.org" in addresses(bed), "the last one")
        wait_for(lambda: bed.json("status")[0] is not None and all(
            sum(s["queue"].values()) == 0 for s in bed.json("status") if s["kind"] == "service"), "nothing left to do")
        assert addresses(bed) == sorted(want), (addresses(bed), want)
        assert len(bed.json("dead", "list")) == len(reasons) + 1
        bed.run("down")
        assert up.wait(60) == 0


main()
