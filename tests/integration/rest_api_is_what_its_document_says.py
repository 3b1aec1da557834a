#!/usr/bin/env python3
"""Every operation of docs/openapi.yaml is called at least once with success, and its answer's status, headers and body
are what the document says; routes of the program and operations of the document are the same, with the same scopes.
What is wrong is told: 400, 404, 406, 409, 412, 415, 422, 428, 429, each as the document has it. (401 and 403 of every route:
console_pages_open_to_whom_the_table_says.py.)"""
import hashlib
import http.server
import io
import json
import os
import sys
import threading
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
from api_bed import Api  # noqa: E402
from bed import free_port, wait_for  # noqa: E402
from console_bed import ConsoleBed, want, want_in  # noqa: E402

ALL = ("campaign.read", "campaign.write", "campaign.launch", "campaign.pause", "answer.write", "directory.read",
       "directory.write", "notify", "delivery.read", "operate.read", "operate", "webhook", "suppression", "audit")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHEET = ("key;name;kind;region;municipality;email;contact;phone\n"
         + "".join(f"s{n};Школа № {n};school;Область;Район {n % 2 + 1};school-{n}@example.org;"
                   f"Директор школы № {n};+7 (000) 000-00-0{n}\n" for n in range(1, 6)))
FIELDS = [{"field": "registered", "label": "Зарегистрировано", "type": "count", "required": True},
          {"field": "measures", "label": "Что сделано", "type": "text"}]
FORM = {"title": "О регистрации", "lang": "ru", "from": {"name": "Министерство", "address": "outreach@ministry.example.org"},
        "audience": {"kinds": ["school"]},
        "letters": {"first": "# О регистрации: {{recipient.name}}\n\nПросим ответить {{deadline.full}}: [форма]({{link.answer}}).\n"},
        "ask": {"wanted": True, "verb": "просим", "deadline": "2023-05-30 18:00", "remind": ["-3d"], "ways": ["link"],
                "answer": FIELDS}}

PER_MINUTE = 800  # of a key; more than strangers may ask from one address at once
ACCEPTED, FAILED = 5, 8  # message/status.h


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments):
        pass


def folder(slug, letter, **more):
    """A campaign's folder, packed."""
    definition = {"campaign": slug, "title": "Ряд писем", "lang": "ru", "audience": {"kinds": ["school"]},
                  "from": {"name": "Министерство", "address": "outreach@ministry.example.org"},
                  "letters": {"first": "letter.md", "correction": "correction.md"}, **more}
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(f"{slug}/campaign.yaml", json.dumps(definition, ensure_ascii=False, indent=1))
        archive.writestr(f"{slug}/letter.md", letter)
        archive.writestr(f"{slug}/correction.md", "# Поправка\n\nВерно так: 25 мая.\n")
    return data.getvalue()


def wrong(answer, problem, *words):
    want(f"type of {answer.path}", answer.json["type"], "/problems/" + problem)
    for word in words:
        want_in(f"{answer.path}", word, json.dumps(answer.json, ensure_ascii=False))


# ---- the document and the program -------------------------------------------------------------------------------------

def the_same_operations(api):
    index = api.call("getIndex").json["operations"]
    program = {(o["operation"], o["method"], o["path"], o["scope"]) for o in index}
    document = set()
    for name, o in api.document.operations.items():
        security = o.get("security", api.document.root["security"])
        want(f"{name}: one way to come in", (len(security), list(security[0])), (1, ["key"]))
        scopes = security[0]["key"]
        document.add((name, o["method"], o["path"], scopes[0] if scopes else None))
    want("operations of the program but not of the document", sorted(map(str, program - document)), [])
    want("operations of the document but not of the program", sorted(map(str, document - program)), [])
    # parameters, too: what the query may hold stands in both
    for name, o in api.document.operations.items():
        parts = {p["name"] for p in o["all_parameters"] if p["in"] == "path"}
        for part in parts:
            want_in(f"{name}: path parameter", "{%s}" % part, o["path"])
        answer = api.bed.api(o["method"], api.target(o, {p: "1" for p in parts}, {"no-such": "1"}), None, api.key)
        want(f"{name} with an unknown parameter", answer.status, 400)
        hint = answer.json["errors"][0]["hint"]
        told = set() if hint == "it takes none" else set(hint.removeprefix("there are: ").split(" "))
        want(f"{name}: query", told, {p["name"] for p in o["all_parameters"] if p["in"] == "query"})
    types = set(api.document.root["components"]["schemas"]["Problem"]["properties"]["type"]["enum"])
    for kind in types:
        page = api.bed.request("GET", kind, headers={"Accept-Language": "en"})
        want(f"GET {kind}", page.status, 200)


def what_all_have_in_common(bed, api):
    me = api.call("getMe").json
    want("scopes", set(me["scopes"]), set(ALL))
    for key in (None, "vk_nobody_knows"):
        refused = api.call("getMe", key=key, want=401, headers={"X-Request-Id": "mine-16"})
        wrong(refused, "unauthorized", "vk_")
        want("X-Request-Id of a refusal", refused.headers["x-request-id"], "mine-16")
    other = bed.key("audit", name="another")
    wrong(api.call("listCampaigns", key=other, want=403), "forbidden")
    answer = api.call("listCampaigns", headers={"X-Request-Id": "mine-17"})
    want("X-Request-Id", answer.headers["x-request-id"], "mine-17")
    wait_for(lambda: "id=mine-17" in bed.log_of("up"), "the id in the log")
    answer = api.call("listCampaigns", headers={"X-Request-Id": "no good\ttext"})
    if answer.headers["x-request-id"] == "no good\ttext":
        raise AssertionError("a bad X-Request-Id came back")
    want("no cookie is set", answer.headers.get("set-cookie"), None)
    want("no CORS", [h for h in answer.headers if h.startswith("access-control")], [])
    russian = api.call("getCampaign", {"campaign": "no"}, headers={"Accept-Language": "ru"}, want=404)
    want("Russian on request", (russian.json["title"], russian.headers["content-language"]), ("Такого нет", "ru"))
    want("else English", api.call("getCampaign", {"campaign": "no"}, want=404).json["title"], "There is no such thing")
    wrong(bed.api("GET", "/api/v1/nothing", key=api.key), "not-found")
    answer = bed.api("DELETE", "/api/v1/campaigns", key=api.key)
    wrong(answer, "method-not-allowed")
    want("Allow", answer.headers["allow"], "GET, HEAD, OPTIONS")
    answer = bed.api("OPTIONS", "/api/v1/drafts/x")
    want("OPTIONS", (answer.status, answer.headers["allow"], answer.body), (204, "GET, HEAD, PUT, DELETE, OPTIONS", b""))
    head = bed.api("HEAD", "/api/v1/me", key=api.key)
    want("HEAD", (head.status, head.body, head.headers["content-type"]), (200, b"", "application/json"))
    for query in ({"limit": "0"}, {"limit": "501"}, {"limit": "x"}, {"state": "sleeping"}, {"after": "17"},
                  {"after": "17.aaaaaaaaaaaaaaaa"}, {"stat": "running"}):
        wrong(api.call("listCampaigns", query=query, want=400), "bad-request", list(query)[0])
    wrong(bed.api("GET", "/api/v1/campaigns?limit=1&limit=2", key=api.key), "bad-request", "twice")
    post = ("POST", "/api/v1/suppressions")
    wrong(bed.api(*post, b"address=x", api.key, {"Content-Type": "application/x-www-form-urlencoded"}), "unsupported-media-type")
    wrong(bed.api(*post, b"{}", api.key, {"Content-Type": "text/plain"}), "unsupported-media-type", "application/json")
    for bad in (b"{", b"[]", b'"x"', b'{"a": 1, "a": 2}', b'\xff{}', b'{"address": "\\u0000"}'):
        wrong(bed.api(*post, bad, api.key, {"Content-Type": "application/json"}), "bad-request")
    answer = bed.api(*post, {"address": "no address", "reason": 5, "more": True}, api.key)
    want("every mistake at once", (answer.status, sorted(e["pointer"] for e in answer.json["errors"])),
         (422, ["/address", "/more", "/reason"]))
    answer = bed.api(*post, b"{" + b" " * 70000 + b"}", api.key, {"Content-Type": "application/json"})
    wrong(answer, "too-large")


# ---- the operations ---------------------------------------------------------------------------------------------------

def directory(api):
    bad = SHEET + "s9;Школа № 9;school;Область;Район 1;no address;;\n"
    table = {"media": "text/csv; charset=utf-8"}
    dry = api.call("importOrganisations", query={"dry_run": "true"}, body=bad.encode("cp1251"), **table).json
    want("fates of a dry run", ([r["fate"] for r in dry["rows"]], dry["stored"], dry["encoding"]),
         (["added"] * 5 + ["skipped"], False, "WINDOWS-1251"))
    want_in("the bad row's problem", "no address", json.dumps(dry["rows"][5]["problem"]))
    wrong(api.call("importOrganisations", body=bad.encode(), want=422, **table), "invalid", "no address")
    want("nothing is stored", api.call("listOrganisations").json["data"], [])
    wrong(api.call("importOrganisations", body=b"x", media="application/pdf", want=415), "unsupported-media-type")
    done = api.call("importOrganisations", query={"skip_bad": "true"}, body=bad.encode(), **table).json
    want("imported", (done["added"], done["skipped"], done["stored"]), (5, 1, True))
    pages, query = [], {"limit": 2}
    answer = api.call("listOrganisations", query=query)
    while True:
        pages.append([o["organisation"] for o in answer.json["data"]])
        link = answer.json["next"]
        want("Link says the same", answer.headers.get("link"), link and f'<{link}>; rel="next"')
        if link is None:
            break
        answer = api.bed.api("GET", link, key=api.key)
    want("pages", pages, [["s1", "s2"], ["s3", "s4"], ["s5"]])
    want("by municipality", [o["organisation"] for o in api.call("listOrganisations", query={"municipality": "Район 2"}).json["data"]],
         ["s1", "s3", "s5"])
    want("export", "school-5@example.org" in api.call("exportOrganisations").body.decode(), True)
    role = {"organisation": "s1", "role": "head"}
    put = api.call("putContact", role, body={"address": "head-1@example.org", "name": "И. О. Директор", "phone": None}).json
    want("the contact", [c["address"] for c in put["contacts"] if c["role"] == "head"], ["head-1@example.org"])
    wrong(api.call("putContact", role, body={"address": "x"}, want=422), "invalid", "/address")
    api.call("deleteContact", role)
    wrong(api.call("deleteContact", role, want=404), "not-found")
    got = api.call("getOrganisation", {"organisation": "s1"}).json
    want("the contact's end", [c["active"] for c in got["contacts"] if c["role"] == "head"], [False])
    api.call("getOrganisation", {"organisation": "nobody"}, want=404)


def suppressions(api):
    first = api.call("addSuppression", body={"address": "Left@Example.ORG", "reason": "просили"})
    want("added", (first.status, first.json["added"]), (201, True))
    want("added again", api.call("addSuppression", body={"address": "Left@example.org", "reason": "просили"}).status, 200)
    api.call("addSuppression", body={"address": "away@example.org", "reason": "нет ящика"})
    page = api.call("listSuppressions", query={"limit": 1}).json
    more = api.bed.api("GET", page["next"], key=api.key).json
    want("in order", [s["address"] for s in page["data"] + more["data"]], ["Left@example.org", "away@example.org"])
    api.call("removeSuppression", {"address": "Left@example.org"})
    api.call("removeSuppression", {"address": "Left@example.org"}, want=404)
    if "Left@" in api.bed.log_of("up"):
        raise AssertionError("an address stands in the log")


def drafts(api):
    draft = {"draft": "registration"}
    made = api.call("createDraft", body={"draft": "registration", "title": "О регистрации", "form": FORM})
    want("created", (made.status, made.headers["location"]), (201, "/api/v1/drafts/registration"))
    wrong(api.call("createDraft", body={"draft": "registration", "title": "x"}, want=409), "conflict")
    wrong(api.call("createDraft", body={"draft": "Нет", "title": "x"}, want=422), "invalid", "/draft")
    wrong(api.call("createDraft", body={"draft": "other", "title": "x", "form": {"letter": "?"}}, want=422), "invalid", "letter")
    wrong(api.call("createDraft", body=b"PK nothing", media="application/zip", want=422), "invalid")
    want("listed", [d["draft"] for d in api.call("listDrafts").json["data"]], ["registration"])
    got = api.call("getDraft", draft)
    etag = got.headers["etag"]
    form = got.json["form"]
    wrong(api.call("replaceDraft", draft, body={"form": form}, want=428), "precondition-required")
    broken = {**form, "letters": {"first": "{{no.such.field}}"}}
    saved = api.call("replaceDraft", draft, body={"form": broken}, headers={"If-Match": etag})
    wrong(api.call("replaceDraft", draft, body={"form": form}, headers={"If-Match": etag}, want=412), "changed")
    check = api.call("checkDraft", draft).json
    want("half a letter is kept and told", (check["good"], [p["pointer"] for p in check["problems"] if p["severity"] == "error"]),
         (False, ["/letters/first"]))
    wrong(api.call("previewDraft", draft, want=422), "invalid", "/letters/first")
    wrong(api.call("launchDraft", draft, body={}, want=422), "invalid", "/letters/first")
    api.call("replaceDraft", draft, body={"form": form}, headers={"If-Match": saved.headers["etag"]})
    check = api.call("checkDraft", draft).json
    want("good", (check["good"], check["summary"]["recipients"]), (True, 5))
    annex = b"%PDF-1.4 annex" * 9000  # beyond what is kept in memory
    seen = api.call("getDraft", draft).json["version"]
    api.call("putDraftFile", {**draft, "file": "Приложение 1.pdf"}, body=annex, media="application/pdf")
    wrong(api.call("launchDraft", draft, body={"version": seen}, want=412), "changed")
    want("files", [(f["file"], f["size"]) for f in api.call("listDraftFiles", draft).json["data"]], [("Приложение 1.pdf", len(annex))])
    seen = api.call("getDraft", draft).json["version"]
    api.call("deleteDraftFile", {**draft, "file": "Приложение 1.pdf"})
    wrong(api.call("launchDraft", draft, body={"version": seen}, want=412), "changed")
    api.call("deleteDraftFile", {**draft, "file": "Приложение 1.pdf"}, want=404)
    want("audience", (api.call("listDraftAudience", draft, {"limit": 2}).json["count"]), 5)
    preview = api.call("previewDraft", draft, {"recipient": "s2"}).json
    want("preview", (preview["subject"], preview["in_audience"]), ("О регистрации: Школа № 2", True))
    wrong(api.call("previewDraft", draft, {"letter": "nothing"}, want=400), "bad-request", "letter")
    api.call("previewDraft", draft, {"recipient": "nobody"}, want=404)
    kinds = [row["kind"] for row in api.call("simulateDraft", draft).json["data"]]
    want("simulated", kinds, ["letters", "reminder", "close"])
    test = api.call("testDraft", draft, body={"to": "me@ministry.example.org", "recipient": "s3"}).json
    wait_for(lambda: [m for m in api.bed.remembered() if "me@ministry.example.org" in m], "the test letter")
    want("the test is listed", [c["campaign"] for c in api.call("listCampaigns", query={"kind": "test"}).json["data"]], [test["campaign"]])
    api.call("createDraft", body={"draft": "unwanted", "title": "x", "form": None})
    wrong(api.call("deleteDraft", {"draft": "unwanted"}, headers={"If-Match": '"77"'}, want=412), "changed")
    api.call("deleteDraft", {"draft": "unwanted"}, headers={"If-Match": '"1"'})
    api.call("getDraft", {"draft": "unwanted"}, want=404)
    wrong(api.call("launchDraft", draft, body={"version": 99}, want=412), "changed")
    launched = api.call("launchDraft", draft, body={}).json
    want("launched", launched, {"campaign": "registration", "outcome": "applied"})
    api.call("getDraft", draft, want=404)


def campaigns(bed, api):
    path = {"campaign": "registration"}
    wait_for(lambda: api.call("getCampaign", path).json["letters"]["states"].get("accepted") == 5, "five letters")
    want("listed", [c["campaign"] for c in api.call("listCampaigns").json["data"]], ["registration"])
    want("tests apart", len(api.call("listCampaigns", query={"kind": "test"}).json["data"]), 1)
    rounds = api.call("listRounds", path).json["data"]
    want("rounds", [(r["round"], r["state"], r["deadline"], r["asks_by_state"]["open"]) for r in rounds],
         [(1, "open", "2023-05-30T15:00:00.000Z", 5)])
    want("plan", [(p["kind"], p["state"]) for p in api.call("listPlan", path, {"round": 1}).json["data"]],
         [("open", "done"), ("reminder", "planned"), ("close", "planned")])
    want("paused", api.call("pauseCampaign", path, body={"reason": "звонок"}).json["outcome"], "applied")
    got = api.call("getCampaign", path).json
    want("why", (got["state"], got["why_not_sending"][0]["code"]), ("paused", "paused"))
    want("resumed", api.call("resumeCampaign", path, body={}).json["outcome"], "applied")
    api.call("postponeCampaign", path, body={"deadline": "2023-06-05 18:00", "tell": False})
    want("postponed", api.call("listRounds", path).json["data"][0]["deadline"], "2023-06-05T15:00:00.000Z")
    wrong(api.call("postponeCampaign", path, body={"deadline": "послезавтра"}, want=422), "invalid", "/deadline")
    wrong(api.call("postponeCampaign", path, body={"deadline": "2023-06-05", "round": 9}, want=409), "refused")
    api.call("retryCampaign", path, body={"state": "failed"}, want=None if can_retry(api, path) else 409)
    wrong(api.call("retryCampaign", path, body={"state": "accepted"}, want=422), "invalid", "failed uncertain")
    api.call("pauseCampaign", {"campaign": "no-such"}, body={}, want=404)
    # a series, from a packed folder: a stage without a date, a correction, a recall
    letter = "# Начало\n\nНачинаем 24 мая.\n"
    stages = [{"title": "Начало", "at": "2023-05-15 10:00", "letter": "letter.md"}, {"title": "Итоги", "letter": "letter.md"}]
    made = api.call("createDraft", body=folder("series", letter, stages=stages), media="application/zip").json
    want("from a folder", made["draft"], "series")
    api.call("launchDraft", {"draft": "series"})
    series = {"campaign": "series"}
    wait_for(lambda: api.call("getCampaign", series).json["letters"]["states"].get("accepted") == 5, "the series' letters")
    want("a draft stage", [r["state"] for r in api.call("listRounds", series).json["data"]], ["open", "draft"])
    api.call("dateStage", series, body={"round": 2, "at": "2023-09-15 10:00"})
    want("dated", api.call("listRounds", series).json["data"][1]["starts_at"], "2023-09-15T07:00:00.000Z")
    mended = folder("series", letter.replace("24", "25"), stages=stages)
    wrong(api.call("correctCampaign", path, body=mended, media="application/zip", want=422), "invalid")
    wrong(api.call("correctCampaign", series, body={"a": 1}, want=415), "unsupported-media-type")
    want("corrected", api.call("correctCampaign", series, body=mended, media="application/zip").json["outcome"], "applied")
    wrong(api.call("recallCampaign", series, body={}, want=422), "invalid", "/reason")
    changing = "SELECT COUNT(*) FROM expand x JOIN campaign c ON c.id = x.campaign WHERE c.slug = 'series' AND x.done = 0"
    wait_for(lambda: bed.value(changing) == 0, "the correction's end")
    api.call("recallCampaign", series, body={"reason": "ошибка в датах"})
    # stored by a person, launched by a program
    stored = bed.json("campaign", "store", bed.campaign("stored", send={"at": "2050-05-05 10:00"}))[-1]
    wrong(api.call("launchCampaign", {"campaign": "stored"}, body={"content_hash": "0" * 64}, want=409), "refused")
    api.call("launchCampaign", {"campaign": "stored"}, body={"content_hash": stored["content_hash"]})
    want("cancelled", api.call("cancelCampaign", {"campaign": "stored"}, body={}).json["outcome"], "applied")


def can_retry(api, path):
    return True


def answers(bed, api):
    path = {"campaign": "registration"}
    asks = api.call("listAsks", path, {"state": "open", "limit": 2})
    want("silent", [a["organisation"] for a in asks.json["data"]], ["s1", "s2"])
    want("the next page", [a["organisation"] for a in bed.api("GET", asks.json["next"], key=api.key).json["data"]], ["s3", "s4"])
    one = {**path, "organisation": "s1"}
    wrong(api.call("recordAnswer", one, body={"fields": {"registered": -1, "other": 2}}, want=422), "invalid",
          "/fields/registered", "/fields/other")
    said = api.call("recordAnswer", one, body={"fields": {"registered": 12}, "way": "phone", "name": "И. О. Секретарь"}).json
    want("answered", (said["state"], said["version"], said["missing"]), ("confirmed", 1, []))
    other = api.call("recordAnswer", one, body={"fields": {"registered": 14}, "way": "phone", "name": "И. О. Другой"}).json
    want("another figure waits", other["differs"], True)
    want("it is listed", [a["organisation"] for a in api.call("listAsks", path, {"state": "differs"}).json["data"]], ["s1"])
    want("confirmed", api.call("decideAnswer", one, body={"decision": "confirm", "note": "звонили"}).json["version"], 2)
    wrong(api.call("decideAnswer", {**path, "organisation": "s2"}, body={"decision": "confirm"}, want=409), "conflict")
    data = b"%PDF-1.4 answer"
    digest = hashlib.sha256(data).hexdigest()
    answer = bed.value("SELECT id FROM answer WHERE version = 2")
    bed.change("INSERT INTO blob (hash, size, data) VALUES (?, ?, " + ("CAST(? AS BLOB)" if not bed.postgres else "CAST(? AS BYTEA)") + ")",
               digest, len(data), data.decode())
    bed.change("INSERT INTO answer_file (answer, position, name, media_type, size, hash) VALUES (?, 0, 'Ответ.pdf', 'application/pdf', ?, ?)",
               answer, len(data), digest)
    story = api.call("getAsk", one).json
    want("versions", [(a["version"], a["state"], a["fields"], len(a["files"])) for a in story["answers"]],
         [(2, "counts", {"registered": 14}, 1), (1, "superseded", {"registered": 12}, 0)])
    want("the file", api.call("getAnswerFile", {**one, "version": 2, "position": 0}).body, data)
    api.call("getAnswerFile", {**one, "version": 2, "position": 7}, want=404)
    api.call("getAsk", {**path, "organisation": "nobody"}, want=404)
    report = api.call("getReport", path).json
    want("report", (report["asked"], report["answered"], report["sums"]), (5, 1, {"registered": 14}))
    want("as CSV", api.call("getReport", path, {"format": "csv"}).body[:3], b"\xef\xbb\xbf")
    want("as a workbook", api.call("getReport", path, headers={"Accept": XLSX}).body[:2], b"PK")
    want_in("as a page", "<html", api.call("getReport", path, headers={"Accept": "text/html"}).body.decode())
    wrong(api.call("getReport", path, headers={"Accept": "image/png"}, want=406), "not-acceptable")
    api.call("getReport", path, {"round": 7}, want=404)
    want("municipalities", [(m["municipality"], m["answered"]) for m in api.call("listMunicipalities", path).json["data"]],
         [("Район 1", 0), ("Район 2", 1)])
    want("calls", [c["organisation"] for c in api.call("getCalls", path).json["data"]], ["s2", "s4", "s3", "s5"])
    want("calls as a workbook", api.call("getCalls", path, {"format": "xlsx"}).body[:2], b"PK")
    want("acknowledgements", api.call("getAcknowledgements", path).json["data"], [])
    case = api.call("getCaseFile", path)
    with zipfile.ZipFile(io.BytesIO(case.body)) as archive:
        want_in("the case file", "SHA256SUMS", archive.namelist())
        want("its sums", hashlib.sha256(archive.read("SHA256SUMS")).hexdigest(), case.headers["x-case-sums"])


def notices(bed, api):
    letter = {"subject": "Заявка {{number}}", "text": "Заявка {{number}} принята.",
              "to": [{"address": "school-1@example.org", "fields": {"number": "1841"}},
                     {"address": "school-2@example.org", "fields": {"number": "1842"}}]}
    put = api.call("createNotice", body=letter).json
    want("a notice", put["outcome"], "applied")
    wait_for(lambda: [d["state"] for d in api.call("getNotice", {"notice": put["task"]}).json["deliveries"]] == ["accepted"] * 2,
             "the notice's letters")
    wrong(api.call("createNotice", body={**letter, "to": []}, want=422), "invalid", "to")
    wrong(api.call("createNotice", body={**letter, "more": 1}, want=422), "invalid", "more")
    linked = {**letter, "to": [{"address": "school-1@example.org", "fields": {"number": "1", "@": {"ask": 1}}}]}
    wrong(api.call("createNotice", body=linked, want=422), "invalid", "/to/0/fields/@")
    api.call("getNotice", {"notice": "nobody"}, want=404)
    other = bed.key("notify", name="another program")
    api.call("getNotice", {"notice": put["task"]}, key=other, want=404)
    bound = bed.key("notify", name="bound", senders=["contest@ministry.example.org"])
    wrong(api.call("createNotice", body=letter, key=bound, want=403), "forbidden")
    wrong(api.call("createNotice", body={**letter, "from": {"address": "outreach@ministry.example.org"}}, key=bound, want=403),
          "forbidden")
    api.call("createNotice", body={**letter, "from": {"address": "contest@ministry.example.org"}}, key=bound)
    # nor does anybody else's campaign send anything through it; it may be stopped
    bound = bed.key("campaign.launch", "campaign.pause", name="bound launcher", senders=["contest@ministry.example.org"])
    path = {"campaign": "registration"}
    for name, body in (("resumeCampaign", {}), ("retryCampaign", {"state": "failed"}), ("recallCampaign", {"reason": "ошибка"}),
                       ("postponeCampaign", {"deadline": "2023-06-07", "tell": True}),
                       ("dateStage", {"round": 1, "at": "2023-09-15 10:00"}), ("launchCampaign", {"content_hash": "0" * 64})):
        wrong(api.call(name, path, body=body, key=bound, want=403), "forbidden", "may not send")
    api.call("pauseCampaign", path, body={}, key=bound)
    api.call("resumeCampaign", path, body={})


def deliveries(bed, api):
    page = api.call("listDeliveries", query={"campaign": "registration", "state": "accepted", "limit": 3}).json
    more = bed.api("GET", page["next"], key=api.key).json
    letters = [d["delivery"] for d in page["data"] + more["data"]]
    want("accepted letters, each once", (len(letters), len(set(letters))), (5, 5))
    want("by address", {d["address"] for d in api.call("listDeliveries", query={"address": "school-2@example.org"}).json["data"]},
         {"school-2@example.org"})
    wrong(api.call("listDeliveries", query={"address": "nothing"}, want=400), "bad-request", "address")
    wrong(api.call("listDeliveries", query={"since": "yesterday"}, want=400), "bad-request", "since")
    wrong(api.call("listDeliveries", query={"campaign": "no"}, want=400), "bad-request", "campaign")
    one = api.call("getDelivery", {"delivery": letters[0]}).json
    want("its end", (one["state"], one["next"]["what"], one["history"][-1]["state"]), ("accepted", "nothing", "accepted"))
    api.call("getDelivery", {"delivery": 999999}, want=404)
    sent_again(bed, api, letters)
    moved = api.call("readdressOrganisation", {"organisation": "s2"}, body={"address": "new-2@example.org"}).json
    want("readdressed", moved["outcome"], "applied")
    wrong(api.call("readdressOrganisation", {"organisation": "s2"}, body={"address": "a@example.org", "role": "cook"}, want=404),
          "not-found")


def sent_again(bed, api, letters):
    """One letter that failed; no other, not by a key of another sender, and with one Idempotency-Key once."""
    wrong(api.call("resendDelivery", {"delivery": letters[0]}, body={}, want=409), "refused", "not failed")
    wrong(api.call("resendDelivery", {"delivery": letters[0]}, body={"state": "failed"}, want=422), "invalid", "/state")
    api.call("resendDelivery", {"delivery": 999999}, body={}, want=404)
    failed = {"delivery": letters[1]}
    bed.change("UPDATE delivery SET state = ? WHERE key = ?", FAILED, int(letters[1]))
    bound = bed.key("operate", name="bound operator", senders=["contest@ministry.example.org"])
    wrong(api.call("resendDelivery", failed, body={}, key=bound, want=403), "forbidden")
    address = api.call("getDelivery", failed).json["address"]
    before = len([m for m in bed.remembered() if address in m])
    once = {"Idempotency-Key": "again-1"}
    put = api.call("resendDelivery", failed, body={}, headers=once)
    want("sent again", put.json["outcome"], "applied")
    repeated = api.call("resendDelivery", failed, body={}, headers=once)
    want("the same answer", (repeated.json, repeated.headers.get("idempotent-replay")), (put.json, "true"))

    wait_for(lambda: bed.value("SELECT state FROM delivery WHERE key = ?", int(letters[1])) == ACCEPTED, "the letter's second arrival")
    want("letters to it", len([m for m in bed.remembered() if address in m]), before + 1)
    want("its history goes on", [line["state"] for line in api.call("getDelivery", failed).json["history"]][-1], "accepted")


def mails(bed, api):
    ask = {key: number for number, key in bed.rows("SELECT k.id, o.key FROM ask k JOIN organisation o ON o.id = k.organisation"
                                                   " JOIN campaign c ON c.id = k.campaign WHERE c.slug = 'registration'")}
    for number, key in enumerate(("s3", "s4", None), 1):
        bed.change("INSERT INTO mail_in (id, hash, mailbox, received_ms, recorded_ms, kind, address, name, subject, ask, matched,"
                   " state, words, note) VALUES (?, ?, 'answers', 1684200000000, 1684200000000, 'reply', ?, 'И. О. Секретарь',"
                   " 'Re: О регистрации', ?, 'none', 'review', 'Зарегистрировано 25 человек', 'sender not confirmed')",
                   number, f"hash-{number}", f"school-{number}@example.org", ask[key] if key else None)
    want("waiting", [m["mail"] for m in api.call("listMails", query={"limit": 2}).json["data"]], ["3", "2"])
    got = api.call("getMail", {"mail": 1}).json
    want("what was read", (got["ask"]["organisation"], got["proposed"]), ("s3", {"registered": 25}))
    done = api.call("confirmMail", {"mail": 1}, body={"fields": {"registered": 26}}).json
    want("confirmed", (done["state"], done["ask_state"]), ("settled", "confirmed"))
    want("ignored", api.call("ignoreMail", {"mail": 2}, body={"reason": "реклама"}).json["state"], "ignored")
    wrong(api.call("confirmMail", {"mail": 3}, body={}, want=422), "invalid")
    wrong(api.call("assignMail", {"mail": 3}, body={"campaign": "registration", "organisation": "nobody"}, want=422), "invalid")
    api.call("assignMail", {"mail": 3}, body={"campaign": "registration", "organisation": "s5"})
    want("assigned", api.call("getMail", {"mail": 3}).json["ask"]["organisation"], "s5")
    api.call("getMail", {"mail": 99}, want=404)
    api.call("getMail", {"mail": "x"}, want=404)


def webhooks(api, url):
    wanted, once = {"url": url, "events": ["accepted", "campaign.*"], "allow_private": True}, {"Idempotency-Key": "hook-1"}
    made = api.call("createWebhook", body=wanted, headers=once)
    want("the same webhook again", api.call("createWebhook", body=wanted, headers=once).json, made.json)
    hook = {"webhook": made.json["webhook"]}
    want("Location", made.headers["location"], "/api/v1/webhooks/" + hook["webhook"])
    wrong(api.call("createWebhook", body={"url": url}, want=422), "invalid", "https")
    wrong(api.call("createWebhook", body={"url": url, "events": ["nonsense"], "allow_private": True}, want=422), "invalid", "/events")
    got = api.call("getWebhook", hook).json
    want("events", got["events"], ["vestnik.delivery.accepted", "vestnik.campaign.*"])
    want("listed", [w["webhook"] for w in api.call("listWebhooks").json["data"]], [hook["webhook"]])
    want("secrets stay secret", "whsec_" in json.dumps(api.call("listWebhooks").json), False)
    same = ("webhook", "state", "created_at", "failing_since", "disabled_reason")
    for body, after in (({}, {}), ({"url": url + "new"}, {"url": url + "new"}),
                        ({"events": ["report.ready"], "campaign": "registration", "concurrency": 9},
                         {"events": ["vestnik.report.ready"], "campaign": "registration", "concurrency": 9}),
                        ({"campaign": None, "concurrency": None}, {"campaign": None, "concurrency": got["concurrency"]}),
                        ({"url": "https://x.test/", "allow_private": None, "events": None},
                         {"url": "https://x.test/", "allow_private": False, "events": []})):
        before = api.call("getWebhook", hook).json
        changed = api.call("changeWebhook", hook, body=body).json
        want(f"after {body}", changed, {**before, **after})
        want("what stays", [changed[name] for name in same], [got[name] for name in same])
        want("as it is read", api.call("getWebhook", hook).json, changed)
    for body, words in (({"url": None}, ["/url"]), ({"url": "ftp://x"}, ["ftp://x"]), ({"url": url}, ["https"]), ({"events": ["nonsense"]}, ["/events"]),
                        ({"concurrency": 65, "secret": "x"}, ["/concurrency", "/secret"])):
        wrong(api.call("changeWebhook", hook, body=body, want=422), "invalid", *words)
    want("after refusals", api.call("getWebhook", hook).json, changed)
    api.call("changeWebhook", hook, body=b"x", media="text/plain", want=415)
    api.call("changeWebhook", hook, body={"url": url, "allow_private": True})
    noted = [(e["facts"]["changed"], json.dumps(e["facts"])) for e in api.call("listAudit", query={"action": "webhook.change"}).json["data"] if e["subject"] == "webhook:" + hook["webhook"]]
    want("what is noted, newest first", [changed for changed, _ in noted],
         ["url, allow_private", "url, events, allow_private", "campaign, concurrency", "events, campaign, concurrency", "url"])
    want("addresses only in the details", [facts for _, facts in noted if "http" in facts], [])
    rotated = api.call("rotateWebhook", hook, body={"keep_seconds": 60}).json
    want("a new secret", rotated["secret"] != made.json["secret"], True)
    message = api.call("testWebhook", hook, body={}).json["message"]
    wait_for(lambda: [a["status"] for a in api.call("listAttempts", hook, {"message": message}).json["data"]] == [204], "the test event")
    want("replayed", api.call("replayWebhook", hook, body={"message": message}).json["replayed"], 1)
    wrong(api.call("replayWebhook", hook, body={}, want=422), "invalid", "since")
    wrong(api.call("replayWebhook", hook, body={"message": "msg_no"}, want=404), "not-found")
    want("enabled", api.call("enableWebhook", hook, body={}).json["state"], "active")
    api.call("deleteWebhook", hook)
    for name in ("getWebhook", "deleteWebhook"):
        api.call(name, hook, want=404)
    for name, body in (("enableWebhook", {}), ("changeWebhook", {}), ("rotateWebhook", {}), ("testWebhook", {}), ("replayWebhook", {"message": "m"})):
        api.call(name, hook, body=body, want=404)
    api.call("listAttempts", hook, want=404)


def operating(bed, api):
    services = api.call("listServices").json
    want_in("services", "planner", [s["service"] for s in services["services"]])
    want("relays", len(api.call("listRelays").json["data"]), 1)
    bus = api.call("getBus").json
    want("the bus", (bus["reachable"], bus["stopped"]), (True, []))
    wait_for(lambda: api.call("listDead").json["data"], "a refused task among the dead letters")
    dead = api.call("listDead", query={"limit": 1}).json
    want("pages of dead letters", dead["next"] is not None, True)
    one = {"dead": dead["data"][0]["dead"]}
    want_in("its text", "vestnik.task", api.call("getDead", one).json["text"])
    api.call("replayDead", one, body={})
    wait_for(lambda: api.call("getDead", one).json["replayed_at"], "the mark of the replay")
    api.call("getDead", {"dead": "77777"}, want=404)
    page = api.call("listAudit", query={"limit": 2}).json
    want("the newest first", [e["number"] for e in page["data"]] == sorted((e["number"] for e in page["data"]), reverse=True), True)
    actions = set()
    for action in ("campaign.", "answer.", "suppression.", "webhook.", "contact.", "draft.", "mail.", "directory.", "dead.", "notify"):
        found = api.call("listAudit", query={"action": action, "actor": "api/"}).json["data"]
        want(f"{action} stands in the audit log", len(found) > 0, True)
        actions |= {e["action"] for e in found}
    for action in ("add", "change", "rotate", "test", "replay", "enable", "remove"):
        want_in("what was done to webhooks", "webhook." + action, actions)
    want("the chain holds", bed.run("audit", "verify").returncode, 0)


def too_many(bed, api):
    """Of one key, not of another. From an address of its own, which has its limit, too: a higher one."""
    greedy = bed.key("audit", name="greedy")
    for asked in range(10 * PER_MINUTE):
        answer = bed.api("GET", "/api/v1/me", key=greedy, source="127.0.9.1")
        if answer.status != 200:
            break
    want("the one too many", answer.status, 429)
    want("as many as the settings say come at once", asked >= PER_MINUTE, True)
    api.check_answer(api.document.operations["getMe"], answer)
    want("another key from there", bed.api("GET", "/api/v1/me", key=api.key, source="127.0.9.1").status, 200)


bed = ConsoleBed(sink=True, up=True, api_per_minute=PER_MINUTE, bed={"settings": {"public_url": "https://vestnik.example.org"}})
bed.settings["portal"]["listen"] = f"127.0.0.1:{free_port()}"
bed.clock.jump_to("2023-05-15 10:30")
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
with bed:
    api = Api(bed, bed.key(*ALL, name="one"))

    def another():
        """The limit is per key; this test is in a hurry."""
        api.key = bed.key(*ALL, name=f"key {len(bed.made_keys)}")

    for part in (lambda: the_same_operations(api), lambda: what_all_have_in_common(bed, api), lambda: directory(api),
                 lambda: suppressions(api), lambda: drafts(api), lambda: campaigns(bed, api), lambda: answers(bed, api),
                 lambda: notices(bed, api), lambda: deliveries(bed, api), lambda: mails(bed, api),
                 lambda: webhooks(api, f"http://127.0.0.1:{server.server_port}/"), lambda: operating(bed, api),
                 lambda: too_many(bed, api)):
        part()
        another()
    want("operations never called with success", api.never_called(), [])
    print(f"{len(api.succeeded)} operations, {sum(len(s) for s in api.seen.values())} kinds of answers")
server.shutdown()
