"""What is stored of one person is found in every table, handed out, and erased: the organisation's figures stay, a
namesake and a longer address stay, a letter that waits is not sent, an erasure that was killed is gone on with, and
afterwards no byte of him is in the store."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from bed import Bed, wait_for  # noqa: E402

ADDRESS = "school-0000002@example.org"
NAME = "Петров Иван Семёнович"
OTHER = "dschool-0000002@example.org"
SOURCES = {"contact", "organisation", "delivery", "history", "answer", "answer_file", "acknowledgement", "mail_in", "dataset_row",
           "webhook_message", "webhook_attempt", "composition", "api_request", "approval", "roadmap_step", "suppression",
           "audit_detail", "account", "campaign", "responsible", "outbox"}


def want(what, got, wanted):
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r}, want {wanted!r}")


def fill(bed):
    """A row about him in each table, and beside it one about somebody else."""
    org = bed.value("SELECT id FROM organisation WHERE key = 's0000002'")
    campaign, key = bed.rows("SELECT campaign, key FROM delivery WHERE address = ?", ADDRESS)[0]
    round_id = bed.value("SELECT id FROM round WHERE campaign = ?", campaign)
    put = bed.change
    put("UPDATE contact SET name = ?, phone = '+7 (000) 000-00-02' WHERE address = ?", NAME, ADDRESS)
    put("UPDATE organisation SET extra = ? WHERE id = ?", json.dumps({"director": NAME, "pupils": "340"}, ensure_ascii=False), org)
    put("INSERT INTO history (key, dispatch, state, time_ms, reason) VALUES (?, 7, 8, 1, ?)", key, f"550 <{ADDRESS}> unknown")
    put("INSERT INTO ask (id, campaign, round, organisation, place, state, answer, versions, opened_ms, updated_ms)"
        " VALUES (900, ?, ?, ?, 'UTC', 'confirmed', 900, 2, 1, 1)", campaign, round_id, org)
    figures = {"registered": 25, "people": [{"who": "ПЕТРОВ  Иван Семенович"}, {"who": "Петров Иван"}]}
    for number, name, address in ((900, NAME, ADDRESS), (901, "Другая Анна", OTHER)):
        put("INSERT INTO answer (id, ask, version, way, state, fields, name, phone, address, note, received_ms, recorded_ms)"
            " VALUES (?, 900, ?, 'form', 'counts', ?, ?, '123', ?, ?, 1, 1)", number, number - 899,
            json.dumps(figures, ensure_ascii=False), name, address, f"звонил {NAME}, {OTHER}")
    put("INSERT INTO answer_file (answer, position, name, size, hash) VALUES (900, 1, ?, 1, 'x')", f"{NAME}.pdf")
    put("INSERT INTO acknowledgement (campaign, round, organisation, position, name, title, address) VALUES (?, ?, ?, 1, ?, 'директор', ?)",
        campaign, round_id, org, NAME, ADDRESS)
    raw = f"From: {ADDRESS}\r\n\r\nslova".encode().hex()
    put(f"INSERT INTO blob (hash, size, data) VALUES ('rawhash', 9, {blob(bed, raw)})")
    put("INSERT INTO mail_in (hash, mailbox, received_ms, recorded_ms, kind, address, name, subject, ask, matched, state, words, raw)"
        " VALUES ('h1', 'm', 1, 1, 'reply', ?, ?, 'Re: отчёт', 900, 'none', 'review', 'у нас 25', 'rawhash')", ADDRESS, NAME)
    put("INSERT INTO dataset_row (campaign, dataset, key, fields) VALUES (?, 'd', 's0000002', ?)", campaign,
        json.dumps({"who": NAME, "n": "12"}, ensure_ascii=False))
    body = json.dumps({"data": {"address": ADDRESS.upper(), "state": "accepted"}})
    put("INSERT INTO webhook_message (id, endpoint, type, time_ms, body, state) VALUES ('msg_1', 'ep-1', 't', 1, ?, 'delivered')", body)
    put("INSERT INTO webhook_attempt (endpoint, message, attempt, time_ms, duration_ms, response) VALUES ('ep-1', 'msg_1', 1, 1, 1, ?)", ADDRESS)
    put("INSERT INTO composition (slug, title, form, version, owner, changed_by, created_ms, changed_ms) VALUES ('c', 't', ?, 1, 'o', 'o', 1, 1)",
        json.dumps({"copy_to": [ADDRESS, OTHER]}))
    put("INSERT INTO api_request (api_key, key, fingerprint, status, body, time_ms) VALUES ('k', 'i', 'f', 200, ?, 1)", body)
    put("INSERT INTO approval (campaign, content_hash, requested_by, requested_ms, state, note) VALUES ('x', 'h', 'a', 1, 'refused', ?)",
        f"спросить {ADDRESS}")
    put("INSERT INTO roadmap_step (campaign, number, place, section, title, result, term, responsible, keys, departments, mark_note)"
        " VALUES ('x', 1, '{}', '', '', '', '', '', '[]', '[]', ?)", f"сообщил {ADDRESS}")
    put("INSERT INTO responsible (text_key, text, kind, updated_ms) VALUES ('t', ?, 'open', 1)", f"отдел, {ADDRESS}")
    put("INSERT INTO outbox (owner, topic, ce_time_ms, logged_ms, data) VALUES ('o', 't', 1, 1, "
        + blob(bed, ADDRESS.encode().hex()) + ")")
    put("UPDATE campaign SET state_reason = ? WHERE id = ?", f"по просьбе {ADDRESS}", campaign)
    bed.run("account", "add", "petrov", "--role", "read-only", "--name", "П.", "--address", ADDRESS)
    bed.run("suppression", "add", ADDRESS)


def blob(bed, text):
    return f"decode('{text}', 'hex')" if bed.postgres else f"x'{text}'"


def find(bed, *more):
    rows = bed.json("person", "find", ADDRESS, "--name", NAME, "--organisation", "s0000002", *more)
    return {row["source"] for row in rows}, rows


def everything(bed):
    """All texts of the store that the erasure has to reach."""
    kept = {"suppression", "account", "campaign", "responsible", "outbox", "bus", "audit_detail"}
    return [row for row in find(bed)[1] if row["source"] not in kept]


def main():
    with Bed() as bed:
        bed.sink()
        bed.directory(4)
        bed.service("planner")
        bed.launch(bed.campaign("letters"))
        wait_for(lambda: bed.value("SELECT count(*) FROM delivery") == 4, "the letters")
        fill(bed)

        sources, rows = find(bed)
        missing = SOURCES - sources
        want("not found in", missing, set())
        want("of others", [r for r in rows if r["key"] == ["901"] and r["source"] == "acknowledgement"], [])
        by_name = {row["source"] for row in bed.json("person", "find", "--name", NAME, "--organisation", "s0000003")}
        want("the name in another organisation", by_name & {"answer", "contact", "acknowledgement"}, set())

        path = os.path.join(bed.folder, "person.json")
        bed.run("person", "export", ADDRESS, "--name", NAME, "--organisation", "s0000002", "--output", path)
        want("only its owner reads it", oct(os.stat(path).st_mode & 0o777), "0o600")
        with open(path, encoding="utf-8") as file:
            handed = json.load(file)
        want("handed out", {row["source"] for row in handed["found"]} >= SOURCES, True)
        want("told", len(handed["beyond"]) > 2, True)
        bed.run("person", "export", ADDRESS, "--output", path, code=1)  # nothing is overwritten
        page = os.path.join(bed.folder, "person.html")
        bed.run("person", "export", ADDRESS, "--output", page)
        with open(page, encoding="utf-8") as file:
            want("a page", ADDRESS in file.read(), True)

        bed.run("person", "erase", ADDRESS, code=2)  # no reason
        bed.run("person", "erase", "--name", NAME, "--reason", "r", "--yes", code=2)  # whose?
        # an erasure that was killed has begun its record
        words = ("person", "erase", ADDRESS, "--name", NAME, "--organisation", "s0000002", "--reason", "заявление № 5", "--yes")
        erased = bed.json(*words)[0]["erased"]
        want("left", everything(bed), [])
        want("answers", erased["answer"], 2)
        want("letters", erased["delivery"], 1)
        again = bed.json(*words)[0]["erased"]
        want("again", {k: v for k, v in again.items() if k != "audit_detail"}, {})
        want("records", bed.value("SELECT count(*) FROM erasure"), 2)
        record = bed.rows("SELECT person, reason, counts FROM erasure ORDER BY id")[0]
        want("the record names nobody", ADDRESS in str(record) or "Петров" in str(record), False)
        want("the record counts", json.loads(record[2])["answer"], 2)

        # figures and others stay
        fields = [json.loads(f) for (f,) in bed.rows("SELECT fields FROM answer ORDER BY id")]
        want("figures", [f["registered"] for f in fields], [25, 25])
        want("people", fields[0]["people"], [{"who": "(удалено)"}, {"who": "Петров Иван"}])
        want("authors", bed.rows("SELECT name, phone, address FROM answer ORDER BY id"), [(None, None, None), ("Другая Анна", "123", OTHER)])
        want("note", bed.value("SELECT note FROM answer WHERE id = 901"), f"звонил (удалено), {OTHER}")
        want("mail", bed.rows("SELECT address, name, words, raw FROM mail_in"), [(None, None, None, None)])
        want("its bytes", bed.value("SELECT count(*) FROM blob WHERE hash = 'rawhash'"), 0)
        want("extra", json.loads(bed.value("SELECT extra FROM organisation WHERE key = 's0000002'")), {"director": "(удалено)", "pupils": "340"})
        want("form", json.loads(bed.value("SELECT form FROM composition"))["copy_to"], ["(удалено)", OTHER])
        want("chain", bed.json("audit", "verify")[0]["good"], True)
        entries = bed.json("audit", "list", "--action", "suppression.add")
        want("the log's detail", [(e["erased"], e["detail"]) for e in entries], [(True, None)])

        # what waited is not sent; the others are
        for name in ("mailer", "ledger"):
            bed.service(name)
        bed.wait_state("letters", "finished")
        want("outcomes", bed.counts("letters"), {5: 3, 11: 1})
        want("accepted", bed.sink_counts()["accepted"], 3)
        want("still nothing", everything(bed), [])
        # and the next import does not bring letters back
        want("suppressed", bed.value("SELECT count(*) FROM suppression WHERE address = ?", ADDRESS), 1)
        bed.run("person", "erase", ADDRESS, "--reason", "и адрес", "--forget", "--yes")
        want("forgotten", bed.value("SELECT count(*) FROM suppression WHERE address = ?", ADDRESS), 0)


main()
