#!/usr/bin/env python3
"""docs/asyncapi.yaml against the code: every topic of bus/bus.h is a channel and
no other, every file of config/schemas is a payload, references lead somewhere,
and every example is valid by its schema."""
import json
import os
import re
import sys

try:
    import jsonschema
    import yaml
except ImportError as error:
    print(f"skipped: {error} (tests/run.sh installs it)")
    sys.exit(77)

SOURCE = os.environ["VESTNIK_SOURCE"]


def references(value):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for one in value.values():
            yield from references(one)
    elif isinstance(value, list):
        for one in value:
            yield from references(one)


def main():
    with open(os.path.join(SOURCE, "docs/asyncapi.yaml")) as f:
        document = yaml.safe_load(f)
    assert re.fullmatch(r"3\.\d+\.\d+", document["asyncapi"]), document["asyncapi"]

    def resolve(reference):
        file, _, path = reference.partition("#")
        value = document
        if file:
            with open(os.path.join(SOURCE, "docs", file)) as f:
                value = json.load(f)
        for step in filter(None, path.split("/")):
            assert step in value, f"{reference} leads nowhere"
            value = value[step]
        return value

    found = list(references(document))
    for reference in found:
        resolve(reference)
    named = {os.path.basename(r.partition("#")[0]) for r in found if not r.startswith("#")}
    there = set(os.listdir(os.path.join(SOURCE, "config/schemas")))
    assert named == there, f"named and not there: {named - there}; there and not named: {there - named}"

    with open(os.path.join(SOURCE, "common/bus/bus.h")) as f:
        topics = set(re.findall(r'#define BUS_[A-Z_]+ "(vestnik\.[a-z.]+)"', f.read()))
    channels = {c["address"] for c in document["channels"].values()} - {"{endpoint}"}
    assert topics == channels, f"got channels {channels}, want {topics}"

    examples = 0
    for name, message in document["components"]["messages"].items():
        for example in message.get("examples", []):
            examples += 1
            schema = resolve(message["payload"]["$ref"])
            for error in jsonschema.Draft202012Validator(schema).iter_errors(example["payload"]):
                raise AssertionError(f"example of {name}: {error.message}")
    assert examples >= 5, examples
    for operation in document["operations"].values():
        assert operation["action"] in ("send", "receive"), operation


main()
