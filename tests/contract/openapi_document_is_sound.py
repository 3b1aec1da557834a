#!/usr/bin/env python3
"""docs/openapi.yaml: a valid OpenAPI 3.1 document by openapi-spec-validator; every schema, parameter and response in it is
used; every operation has what one looks for: summary, tag, scope, the answers its kind must have; every example and default
fits its schema; scopes and problem types are those of the program."""
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import jsonschema  # noqa: E402
from openapi_spec_validator import OpenAPIV31SpecValidator  # noqa: E402
from openapi_spec_validator.readers import read_from_filename  # noqa: E402

from api_bed import DOCUMENT, Document  # noqa: E402
from bed import SOURCE  # noqa: E402

wrong = []


def walk(node, path=()):
    yield path, node
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from walk(value, path + (str(key),))


def valid():
    spec, base = read_from_filename(DOCUMENT)
    for e in OpenAPIV31SpecValidator(spec, base_uri=base).iter_errors():
        wrong.append(f"/{'/'.join(map(str, e.absolute_path))}: {e.message[:300]}")


def all_is_used(document):
    text = open(DOCUMENT, encoding="utf-8").read()
    for kind, things in document.root["components"].items():
        for name in things if kind != "securitySchemes" else ():
            if f"#/components/{kind}/{name}'" not in text:
                wrong.append(f"components/{kind}/{name}: nobody uses it")
    for path, node in walk(document.root):
        if isinstance(node, dict) and "$ref" in node:
            document.at(node)  # KeyError: leads nowhere


def operations_are_whole(document):
    tags = {tag["name"] for tag in document.root["tags"]}
    for name, o in document.operations.items():
        codes = set(o["responses"])
        needed = {"401", "429"}
        security = o.get("security", document.root["security"])
        if security[0]["key"]:
            needed.add("403")
        if "{" in o["path"]:
            needed.add("404")
        if any(p["in"] == "query" for p in o["all_parameters"]):
            needed.add("400")
        if "requestBody" in o and "application/json" in document.at(o["requestBody"])["content"]:
            needed |= {"400", "415", "422"}
        if o["method"] == "POST":
            needed.add("409")
            if not any(p["name"] == "Idempotency-Key" for p in o["all_parameters"]):
                wrong.append(f"{name}: a POST without Idempotency-Key")
        if needed - codes:
            wrong.append(f"{name}: the answers {sorted(needed - codes)} are missing")
        if not o.get("summary") or len(o.get("tags", ())) != 1 or o["tags"][0] not in tags:
            wrong.append(f"{name}: wants a summary and one of the tags")
        if not any(code.startswith("2") for code in codes):
            wrong.append(f"{name}: no success")


def examples_fit(document):
    for path, node in walk(document.root):
        if not isinstance(node, dict) or "properties" in path[-1:]:
            continue
        if "schema" in node and "example" in node and "$ref" not in str(node["schema"].get("$ref", "#"))[:1]:
            try:
                document.check(node["schema"], node["example"], "/".join(path))
            except AssertionError as e:
                wrong.append(str(e))
        if "default" in node and "type" in node:
            for e in jsonschema.Draft202012Validator(node).iter_errors(node["default"]):
                wrong.append(f"{'/'.join(path)}: its default: {e.message}")


def words_are_the_programs(document):
    roles = open(os.path.join(SOURCE, "common/account/role.c"), encoding="utf-8").read()
    rights = set(re.findall(r'"([a-z]+(?:\.[a-z]+)?)"', roles))
    for name, o in document.operations.items():
        for scope in o.get("security", document.root["security"])[0]["key"]:
            if scope not in rights:
                wrong.append(f"{name}: there is no scope {scope}")
            if f"`{scope}`" not in document.root["components"]["securitySchemes"]["key"]["description"]:
                wrong.append(f"the security scheme does not name the scope {scope}")
    program = open(os.path.join(SOURCE, "services/console/api/problem.c"), encoding="utf-8").read()
    told = {"/problems/" + name for name in re.findall(r'\[API_\w+\] = \{"([a-z-]+)"', program)}
    types = set(document.root["components"]["schemas"]["Problem"]["properties"]["type"]["enum"])
    if told != types:
        wrong.append(f"problem types: {sorted(told ^ types)}")


def main():
    document = Document()
    valid()
    all_is_used(document)
    operations_are_whole(document)
    examples_fit(document)
    words_are_the_programs(document)
    for line in wrong:
        print(line)
    print(f"{len(document.operations)} operations, {len(json.dumps(document.root))} bytes")
    sys.exit(1 if wrong else 0)


main()
