#!/usr/bin/env python3
"""docs/asyncapi.yaml against the code: every topic of bus/bus.h is a channel and
no other, with its name in the Kafka binding; the consumer groups are those the services subscribe
with; every file of config/schemas is a payload, references lead somewhere, and every example is valid by
its schemas, headers too. Tasks are described in both modes."""
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

    def with_definitions(reference):
        """A part of a schema may refer to other parts of it."""
        file, _, path = reference.partition("#")
        return {"$defs": resolve(file).get("$defs", {}), "$ref": "#" + path} if file and path else resolve(reference)

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

    for name, channel in document["channels"].items():
        for server in channel["servers"]:
            protocol = resolve(server["$ref"])["protocol"]
            assert protocol == ("https" if name == "webhook" else "kafka"), (name, protocol)
            if protocol == "kafka":
                assert channel["bindings"]["kafka"]["topic"] == channel["address"], name
    # as `vestnik bus init` makes them
    with open(os.path.join(SOURCE, "common/bus/bus_admin.c")) as f:
        made = dict(re.findall(r"#define (PARTITIONS|PARTITIONS_SMALL|REPLICATION) ([0-9]+)$", f.read(), re.M))
    for channel in document["channels"].values():
        kafka = channel.get("bindings", {}).get("kafka")
        if kafka:
            assert str(kafka["partitions"]) in (made["PARTITIONS"], made["PARTITIONS_SMALL"], "1"), kafka
            assert str(kafka["replicas"]) == made["REPLICATION"], kafka

    subscribed = set()
    for folder, _, names in os.walk(os.path.join(SOURCE, "services")):
        for name in filter(lambda n: n.endswith((".c", ".h")), names):
            with open(os.path.join(folder, name)) as f:
                subscribed |= set(re.findall(r'(?:_GROUP|\.group =) "([a-z]+)"', f.read()))
    groups = {o["bindings"]["kafka"]["groupId"]["const"] for o in document["operations"].values()
              if o["action"] == "receive"}
    assert groups == {"vestnik." + g for g in subscribed}, f"got groups {groups}, want {subscribed}"

    tasks = document["channels"]["tasks"]["messages"]
    assert {n for n in tasks if n + "Binary" in tasks} | {n for n in tasks if n.endswith("Binary")} == set(tasks), tasks

    examples = 0
    for name, message in document["components"]["messages"].items():
        for example in message.get("examples", []):
            examples += 1
            schema = with_definitions(message["payload"]["$ref"])
            for error in jsonschema.Draft202012Validator(schema).iter_errors(example["payload"]):
                raise AssertionError(f"example of {name}: {error.message}")
            if "headers" in example:
                headers = resolve(message["headers"]["$ref"])
                for error in jsonschema.Draft202012Validator(headers).iter_errors(example["headers"]):
                    raise AssertionError(f"headers of the example of {name}: {error.message}")
    assert examples >= 5, examples
    for operation in document["operations"].values():
        assert operation["action"] in ("send", "receive"), operation


main()
