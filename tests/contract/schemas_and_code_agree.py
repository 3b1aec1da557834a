#!/usr/bin/env python3
"""What the code writes is valid by config/schemas/; and documents, good, bad and
good ones with one member spoilt, are taken by the code exactly when the schema
takes them."""
import copy
import datetime
import json
import os
import re
import subprocess
import sys

try:
    import jsonschema
except ImportError:
    print("skipped: Python's jsonschema is not installed (tests/run.sh installs it)")
    sys.exit(77)

BIN = os.environ["VESTNIK_BIN"]
SCHEMAS = os.path.join(os.environ["VESTNIK_SOURCE"], "config/schemas")
HASH = "0123456789abcdef" * 4
formats = jsonschema.FormatChecker(formats=())


@formats.checks("date-time")
def is_time(value):
    if not isinstance(value, str):
        return True
    if not re.fullmatch(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", value):
        return False
    try:
        datetime.datetime.strptime(value[:10] + value[11:19], "%Y-%m-%d%H:%M:%S")
    except ValueError:
        return False
    return value[-1] in "Zz" or (int(value[-5:-3]) < 24 and int(value[-2:]) < 60)


def load(name):
    with open(os.path.join(SCHEMAS, name)) as f:
        schema = json.load(f)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, format_checker=formats)


validators = {name: load(name) for name in sorted(os.listdir(SCHEMAS))}


def kind_of(schema):
    return "task" if schema.startswith("task.") else schema.split(".")[0]


def task(name, data, **more):
    return dict({"specversion": "1.0", "id": "1", "source": "/test", "type": "vestnik.task." + name, "data": data}, **more)


def notify(**more):
    data = {"subject": "Тема", "text": "Текст", "to": [{"address": "a@example.org"}]}
    data.update(more)
    return task("notify", {k: v for k, v in data.items() if v != "absent"})


GOOD = [
    ("mail.json", {"key": 1, "dispatch": 1}),
    ("mail.json", {"key": 1, "dispatch": 1, "later": "members are ignored"}),
    ("delivery.json", {"key": 5, "dispatch": 0}),
    ("delivery.json", {"key": 5, "dispatch": 2, "campaign": 7, "code": 451, "enhanced": "4.2.0", "reason": "позже",
                       "relay": "main", "worker": "m1", "not_before": 1700000000000, "lost": True, "no_retry": False}),
    ("task.campaign.launch.json", task("campaign.launch", {"campaign": "demo-1", "content_hash": HASH})),
    ("task.campaign.launch.json", task("campaign.launch", {"campaign": "d" * 64, "content_hash": HASH}, id="x" * 256,
                                       time="2023-05-30T18:00:00.5+03:00", datacontenttype="application/json", myext=1)),
    ("task.campaign.state.json", task("campaign.pause", {"campaign": "demo", "reason": "ждём подписи"})),
    ("task.campaign.state.json", task("campaign.resume", {"campaign": "demo"}, time=None)),
    ("task.campaign.state.json", task("campaign.cancel", {"campaign": "demo", "reason": None})),
    ("task.campaign.retry.json", task("campaign.retry", {"campaign": "demo", "state": "uncertain"})),
    ("task.campaign.stage.json", task("campaign.stage", {"campaign": "demo", "round": 4, "at": "2023-09-15"})),
    ("task.campaign.stage.json", task("campaign.stage", {"campaign": "demo", "round": 1, "at": "2023-09-15 10:00",
                                                         "deadline": "2023-09-30 18:00"})),
    ("task.campaign.postpone.json", task("campaign.postpone", {"campaign": "demo", "deadline": "2023-06-06"})),
    ("task.campaign.postpone.json", task("campaign.postpone", {"campaign": "demo", "deadline": "2023-06-06 18:00",
                                                               "round": 3, "tell": True})),
    ("task.campaign.correct.json", task("campaign.correct", {"campaign": "demo", "content_hash": "0" * 64})),
    ("task.campaign.recall.json", task("campaign.recall", {"campaign": "demo", "reason": "ошибка"})),
    ("task.recipient.readdress.json", task("recipient.readdress", {"recipient": "s1", "address": "a@пример.рф",
                                                                   "role": None})),
    ("task.notify.json", notify()),
    ("task.notify.json", notify(to={"address": "a@пример.рф", "name": "Школа", "fields": {"a": {"b": 1}}})),
    ("task.notify.json", notify(**{"from": {"address": "m@example.org", "name": "М"}, "reply_to": "r@example.org",
                                   "urgent": False, "not_after": "2030-01-01T00:00:00Z",
                                   "attachments": [{"name": "План.pdf", "media_type": "application/pdf",
                                                    "data_base64": "JVBERi0="}]})),
    ("task.notify.json", notify(to=[{"address": f"a{i}@example.org"} for i in range(1000)])),
    ("task.notify.json", notify(attachments=[])),
]

BAD = [
    ("mail.json", []), ("mail.json", "text"), ("mail.json", {"key": 0, "dispatch": 1}),
    ("mail.json", {"key": 1, "dispatch": 0}), ("mail.json", {"key": 1.5, "dispatch": 1}),
    ("delivery.json", {"key": -1, "dispatch": 1}), ("delivery.json", {"key": 1, "dispatch": -1}),
    ("delivery.json", {"key": 1, "dispatch": 1, "code": "250"}), ("delivery.json", {"key": 1, "dispatch": 1, "lost": 1}),
    ("task.campaign.launch.json", task("campaign.launch", {"campaign": "Demo", "content_hash": HASH})),
    ("task.campaign.launch.json", task("campaign.launch", {"campaign": "-demo", "content_hash": HASH})),
    ("task.campaign.launch.json", task("campaign.launch", {"campaign": "demo\n", "content_hash": HASH})),
    ("task.campaign.launch.json", task("campaign.launch", {"campaign": "d" * 65, "content_hash": HASH})),
    ("task.campaign.launch.json", task("campaign.launch", {"campaign": "demo", "content_hash": HASH[1:]})),
    ("task.campaign.launch.json", task("campaign.launch", {"campaign": "demo", "content_hash": HASH.upper()})),
    ("task.campaign.launch.json", task("campaign.launch", {"campaign": "demo", "content_hash": HASH}, specversion="0.3")),
    ("task.campaign.launch.json", task("campaign.launch", {"campaign": "demo", "content_hash": HASH}, id="")),
    ("task.campaign.launch.json", task("campaign.launch", {"campaign": "demo", "content_hash": HASH}, id="x" * 257)),
    ("task.campaign.launch.json", task("campaign.launch", {"campaign": "demo", "content_hash": HASH}, source="a\r\nb")),
    ("task.campaign.launch.json", task("campaign.launch", {"campaign": "demo", "content_hash": HASH}, time="yesterday")),
    ("task.campaign.launch.json", task("campaign.launch", {"campaign": "demo", "content_hash": HASH},
                                       time="2023-02-30T00:00:00Z")),
    ("task.campaign.state.json", task("campaign.pause", {"campaign": "demo", "reason": ""})),
    ("task.campaign.state.json", task("campaign.pause", {"campaign": "demo", "reason": "x" * 401})),
    ("task.campaign.state.json", task("campaign.stop", {"campaign": "demo"})),
    ("task.campaign.retry.json", task("campaign.retry", {"campaign": "demo", "state": "accepted"})),
    ("task.campaign.stage.json", task("campaign.stage", {"campaign": "demo", "round": 0, "at": "2023-09-15"})),
    ("task.campaign.stage.json", task("campaign.stage", {"campaign": "demo", "round": 1, "at": "15.09.2023"})),
    ("task.campaign.stage.json", task("campaign.stage", {"campaign": "demo", "round": 1, "at": "2023-09-15 10:00\n"})),
    ("task.campaign.stage.json", task("campaign.stage", {"campaign": "demo", "round": 1})),
    ("task.campaign.postpone.json", task("campaign.postpone", {"campaign": "demo"})),
    ("task.campaign.postpone.json", task("campaign.postpone", {"campaign": "demo", "deadline": "6 июня"})),
    ("task.campaign.postpone.json", task("campaign.postpone", {"campaign": "demo", "deadline": "2023-06-06", "tell": 1})),
    ("task.campaign.correct.json", task("campaign.correct", {"campaign": "demo", "content_hash": "0"})),
    ("task.campaign.recall.json", task("campaign.recall", {"campaign": "demo"})),
    ("task.recipient.readdress.json", task("recipient.readdress", {"recipient": "s1"})),
    ("task.recipient.readdress.json", task("recipient.readdress", {"recipient": "", "address": "a@example.org"})),
    ("task.notify.json", notify(to=[])), ("task.notify.json", notify(to="a@example.org")),
    ("task.notify.json", notify(to=[{"address": f"a{i}@example.org"} for i in range(1001)])),
    ("task.notify.json", notify(to=[{"address": "a@b@example.org"}])),
    ("task.notify.json", notify(to=[{"address": "a b@example.org"}])),
    ("task.notify.json", notify(to=[{"address": " a@example.org"}])),
    ("task.notify.json", notify(to=[{"address": "a@example.org", "name": "x\ny"}])),
    ("task.notify.json", notify(to=[{"address": "a@example.org", "fields": []}])),
    ("task.notify.json", notify(subject="x\u2028y")), ("task.notify.json", notify(subject="x" * 501)),
    ("task.notify.json", notify(text="")), ("task.notify.json", notify(text="x" * 65537)),
    ("task.notify.json", notify(not_after="2023-5-30")), ("task.notify.json", notify(not_after="2023-04-31T00:00:00Z")),
    ("task.notify.json", notify(not_after="2023-05-30T-1:00:00Z")),
    ("task.notify.json", notify(attachments=[{"name": "../a", "data_base64": "QQ=="}])),
    ("task.notify.json", notify(attachments=[{"name": "..", "data_base64": "QQ=="}])),
    ("task.notify.json", notify(attachments=[{"name": "a:b", "data_base64": "QQ=="}])),
    ("task.notify.json", notify(attachments=[{"name": "a", "data_base64": ""}])),
    ("task.notify.json", notify(attachments=[{"name": "a", "data_base64": "<>"}])),
    ("task.notify.json", notify(attachments=[{"name": "a", "data_base64": "QQ=="}] * 21)),
    ("task.notify.json", notify(unknown=1)),
]


def spoilt(document):
    """The document with one member left out, of another type, or one more, at every depth."""
    def places(value, path):
        if isinstance(value, dict):
            yield path + ("unknown-member",), "add"
            for name in value:
                yield path + (name,), "change"
                yield from places(value[name], path + (name,))
        elif isinstance(value, list):
            for i in range(min(len(value), 2)):
                yield path + (i,), "change"
                yield from places(value[i], path + (i,))

    for path, what in places(document, ()):
        for new in ["leave out", None, 7, -1, True, "text", "", [], {}] if what == "change" else ["text"]:
            copied = copy.deepcopy(document)
            holder = copied
            for step in path[:-1]:
                holder = holder[step]
            if new == "leave out":
                del holder[path[-1]]
            else:
                holder[path[-1]] = new
            yield copied


def main():
    wrong = []
    # ---- what the code writes
    written = subprocess.run([os.path.join(BIN, "schema_probe"), "write"], capture_output=True, text=True, check=True)
    lines = [line.split("\t", 1) for line in written.stdout.splitlines()]
    missing = set(validators) - {name for name, _ in lines}
    assert not missing, f"the code writes nothing for {missing}"
    for name, text in lines:
        for error in validators[name].iter_errors(json.loads(text)):
            wrong.append(f"the code writes {text}, {name} refuses: {error.message}")

    # ---- what it takes
    cases = [(schema, document, True) for schema, document in GOOD] + [(s, d, False) for s, d in BAD]
    for schema, document in GOOD:
        if len(json.dumps(document)) < 10000:
            cases += [(schema, changed, None) for changed in spoilt(document)]
    text = "".join(f"{kind_of(schema)}\t{json.dumps(document, ensure_ascii=False)}\n" for schema, document, _ in cases)
    done = subprocess.run([os.path.join(BIN, "schema_probe"), "read"], input=text, capture_output=True, text=True, check=True)
    answers = done.stdout.splitlines()
    assert len(answers) == len(cases), f"{len(answers)} answers to {len(cases)} cases"
    for (schema, document, want), answer in zip(cases, answers):
        taken, valid = answer == "taken", validators[schema].is_valid(document)
        # One schema a type: a document of another task's type is none of its business.
        if schema.startswith("task.") and isinstance(document, dict) and taken and not valid and \
                document.get("type") != task_type(schema, document):
            continue
        if taken != valid or (want is not None and taken != want):
            wrong.append(f"{schema}: {json.dumps(document, ensure_ascii=False)[:300]}\n    code: {answer}; "
                         f"schema: {'valid' if valid else 'invalid'}; want {want}")
    print(f"{len(lines)} written, {len(cases)} read")
    assert not wrong, "\n".join(wrong[:30]) + f"\n{len(wrong)} in all"


def task_type(schema, document):
    types = validators[schema].schema["properties"]["type"]
    allowed = types.get("enum", [types.get("const")])
    return document.get("type") if document.get("type") in allowed else None


main()
