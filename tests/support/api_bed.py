"""The API and its document, held together: every answer is checked against docs/openapi.yaml.

    api = Api(bed)                                       # bed: ConsoleBed
    api.call("listCampaigns", query={"state": "running"})           # wants a success
    api.call("getCampaign", path={"campaign": "no"}, want=404)      # an error, documented too
    api.never_called()                                    # operations without a success so far

Objects may have no member the document does not know (readers ignore such, the program must not send them).
"""
import copy
import json
import os
import urllib.parse

import jsonschema
import yaml

from bed import SOURCE

DOCUMENT = os.path.join(SOURCE, "docs/openapi.yaml")
METHODS = ("get", "post", "put", "delete", "patch")


def load():
    with open(DOCUMENT, encoding="utf-8") as f:
        return yaml.safe_load(f)


class Document:
    def __init__(self):
        self.root = load()
        self.files = {}
        self.operations = {}
        for path, item in self.root["paths"].items():
            for method in METHODS:
                if method in item:
                    operation = item[method]
                    operation["method"], operation["path"] = method.upper(), path
                    operation["all_parameters"] = [self.at(p) for p in item.get("parameters", []) + operation.get("parameters", [])]
                    self.operations[operation["operationId"]] = operation

    def at(self, node):
        """What a $ref leads to."""
        while isinstance(node, dict) and "$ref" in node:
            place, _, pointer = node["$ref"].partition("#")
            target = self.root if place == "" else self.file(place)
            for part in pointer.split("/")[1:]:
                target = target[part.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def file(self, place):
        if place not in self.files:
            with open(os.path.join(os.path.dirname(DOCUMENT), place), encoding="utf-8") as f:
                self.files[place] = json.load(f)
        return self.files[place]

    def strict(self, schema, part=False):
        """The schema with every $ref in place and nothing beyond it allowed. part: of an allOf."""
        if not schema.get("$ref", "#").startswith("#"):
            return {}  # a file's own schema: requests only
        schema = copy.copy(self.at(schema))
        for word in ("allOf", "oneOf", "anyOf"):
            if word in schema:
                schema[word] = [self.strict(one, word == "allOf") for one in schema[word]]
        if "properties" in schema:
            schema["properties"] = {k: self.strict(v) for k, v in schema["properties"].items()}
        for word in ("items", "additionalProperties", "propertyNames"):
            if isinstance(schema.get(word), dict):
                schema[word] = self.strict(schema[word])
        if not part and ("properties" in schema or "allOf" in schema) and "additionalProperties" not in schema:
            schema["unevaluatedProperties"] = False
        return schema

    def check(self, schema, value, what):
        validator = jsonschema.Draft202012Validator(self.strict(schema))
        wrong = sorted(validator.iter_errors(value), key=lambda e: list(map(str, e.absolute_path)))
        if wrong:
            e = wrong[0]
            raise AssertionError(f"{what}: at /{'/'.join(map(str, e.absolute_path))}: {e.message[:600]}")


class Api:
    def __init__(self, bed, key=None):
        self.bed = bed
        self.document = Document()
        self.key = key
        self.succeeded = set()
        self.seen = {}  # operation: set of statuses

    def never_called(self):
        return sorted(set(self.document.operations) - self.succeeded)

    def target(self, operation, path, query):
        target = operation["path"]
        for name, value in (path or {}).items():
            target = target.replace("{%s}" % name, urllib.parse.quote(str(value), safe="@"))
        if query:
            target += "?" + urllib.parse.urlencode(query)
        return target

    def call(self, name, path=None, query=None, body=None, want=None, key=True, headers=None, media=None):
        """body: an object, or bytes with `media`. want: the status; None: any success. key: True, the usual one."""
        operation = self.document.operations[name]
        all_headers = dict(headers or {})
        key = self.key if key is True else key
        if media:
            all_headers["Content-Type"] = media
        answer = self.bed.api(operation["method"], self.target(operation, path, query), body, key, all_headers)
        good = answer.status < 400 if want is None else answer.status == want
        if not good:
            raise AssertionError(f"{name}: got {answer.status} {answer.body[:1500].decode(errors='replace')}, "
                                 f"want {want or 'a success'}")
        if answer.status < 300 and isinstance(body, dict):
            self.check_request(operation, body)
        self.check_answer(operation, answer)
        self.seen.setdefault(name, set()).add(answer.status)
        if answer.status < 300:
            self.succeeded.add(name)
        return answer

    def check_request(self, operation, body):
        content = self.document.at(operation["requestBody"])["content"]
        if "$ref" not in content["application/json"]["schema"]:
            self.document.check(content["application/json"]["schema"], body, f"request of {operation['operationId']}")

    def check_answer(self, operation, answer):
        what = f"{operation['operationId']} {answer.status}"
        if str(answer.status) not in operation["responses"]:
            raise AssertionError(f"{what}: is not in the document: {answer.body[:500]}")
        response = self.document.at(operation["responses"][str(answer.status)])
        for header, about in response.get("headers", {}).items():
            about = self.document.at(about)
            given = answer.headers.get(header.lower())
            if given is None and about.get("required"):
                raise AssertionError(f"{what}: the header {header} is missing")
            if given is not None:
                value = int(given) if about["schema"].get("type") == "integer" else given
                self.document.check(about["schema"], value, f"{what}: header {header}")
        content = response.get("content")
        if content is None:
            if answer.body:
                raise AssertionError(f"{what}: got a body, want none: {answer.body[:200]}")
            return
        media = answer.headers.get("content-type", "").split(";")[0]
        about = content.get(media, content.get("*/*"))
        if about is None:
            raise AssertionError(f"{what}: got the type {media}, want one of {list(content)}")
        if media in ("application/json", "application/problem+json"):
            self.document.check(about["schema"], json.loads(answer.body), what)
