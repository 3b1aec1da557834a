"""Every command that changes something leaves an entry in the audit log, in the same transaction; what names
a person stands in the details only; the chain is whole; verify says which entry was altered, and ends with 1.
A launch to many waits for a second person, and goes by itself with his word."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from bed import Bed, wait_for  # noqa: E402


def want(what, got, wanted):
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r}, want {wanted!r}")


def actions(bed, count=1):
    return [entry["action"] for entry in bed.json("audit", "list", "--limit", str(count))]


def commands(bed):
    """Command, the action it leaves; PERSON must not be seen outside of details."""
    endpoint = bed.json("webhook", "add", "https://example.org/hook", "--events", "accepted")[0]["id"]
    want("webhook add", bed.json("audit", "list", "--limit", "1")[0]["subject"], f"webhook:{endpoint}")
    steps = [
        (("suppression", "add", "ivan.petrov@example.org"), "suppression.add"),
        (("suppression", "remove", "ivan.petrov@example.org"), "suppression.remove"),
        (("webhook", "change", endpoint, "--url", "https://example.org/petrov", "--concurrency", "2"), "webhook.change"),
        (("webhook", "rotate", endpoint), "webhook.rotate"),
        (("webhook", "enable", endpoint), "webhook.enable"),
        (("webhook", "replay", endpoint, "--since", "1h"), "webhook.replay"),
        (("webhook", "remove", endpoint), "webhook.remove"),
        (("roadmap", "map", "школы района", "--nobody"), "roadmap.map"),
        (("roadmap", "map", "школы района", "--forget"), "roadmap.forget"),
        (("delivery", "readdress", "s0000001", "ivan.petrov@example.org"), "recipient.readdress"),
        (("campaign", "store", bed.campaign("stored")), "campaign.store"),
        (("campaign", "pause", "big"), "campaign.pause"),
    ]
    for words, action in steps:
        bed.run(*words)
        want(" ".join(words[:2]), actions(bed), [action])
    for entry in bed.json("audit", "list"):
        open_parts = json.dumps({name: entry[name] for name in ("actor", "subject", "facts")})
        if "petrov" in open_parts:
            raise AssertionError(f"a person outside of the details: {open_parts}")


def nothing_changed_nothing_noted(bed):
    before = bed.json("audit", "head")
    bed.run("directory", "import", os.path.join(bed.folder, "absent.csv"), code=1)
    bed.run("suppression", "remove", "nobody@example.org", code=1)
    bed.run("webhook", "remove", "ep-absent", code=1)
    bed.run("webhook", "change", "ep-absent", "--concurrency", "2", code=1)
    endpoint = bed.json("webhook", "add", "https://example.org/hook")[0]["id"]
    before = bed.json("audit", "head")
    want("changed", bed.json("webhook", "change", endpoint, "--url", "https://example.org/hook", "--events", "")[0]["changed"], "")
    bed.run("webhook", "change", endpoint, "--url", "http://example.org/hook", code=1)
    want("head", bed.json("audit", "head"), before)


def approval(bed):
    campaign = bed.campaign("big")
    outcome = bed.json("campaign", "launch", campaign, "--yes")[0]
    want("outcome", outcome["outcome"], "asked")
    want("entries", actions(bed), ["approval.ask"])
    waiting = bed.json("campaign", "approvals")
    want("waiting", [(a["campaign"], a["state"], a["recipients"], a["current"]) for a in waiting], [("big", "asked", 5, True)])
    # the planner itself refuses, whoever orders
    bed.run("task", "put", "-", text=json.dumps({"specversion": "1.0", "id": "sly", "source": "//example.org/app",
        "type": "vestnik.task.campaign.launch", "data": {"campaign": "big", "content_hash": waiting[0]["content_hash"]}}))
    refused = wait_for(lambda: bed.value("SELECT result FROM task_seen WHERE id = 'sly'"), "the planner's word")
    if not refused.startswith("refused: ") or "console.approve_from" not in refused:
        raise AssertionError(f"got {refused}")
    want("state", bed.value("SELECT state FROM campaign WHERE slug = 'big'"), "draft")
    # who asked does not decide
    bed.run("campaign", "approve", "big", code=1)
    bed.change("UPDATE approval SET requested_by = 'console/ivanova' WHERE campaign = 'big'")
    bed.run("campaign", "refuse", "big", code=1)  # no reason
    bed.run("campaign", "refuse", "big", "--reason", "не та дата")
    want("refused", actions(bed), ["approval.refuse"])
    bed.run("campaign", "approve", "big", code=1)  # decided
    # asked again, and approved: it goes by itself
    want("again", bed.json("campaign", "launch", campaign, "--yes")[0]["outcome"], "asked")
    bed.change("UPDATE approval SET requested_by = 'console/ivanova' WHERE campaign = 'big'")
    want("approved", bed.json("campaign", "approve", "big", "--note", "согласен")[0]["state"], "launched")
    entries = bed.json("audit", "list", "--limit", "2")
    want("entries", [e["action"] for e in entries], ["campaign.launch", "approval.approve"])
    want("asked by", entries[1]["facts"]["asked_by"], "console/ivanova")
    bed.run("campaign", "approve", "big", code=1)
    # a small one waits for nobody
    bed.run("campaign", "launch", bed.campaign("small", audience={"keys": ["s0000001"]}), "--yes")


def verify(bed):
    want("whole", bed.json("audit", "verify")[0]["good"], True)
    head = bed.json("audit", "head")[0]
    want("head", bed.json("audit", "verify", "--head", f"{head['number']}:{head['mac'][:16]}")[0]["good"], True)
    bed.run("audit", "verify", "--head", "1:short", code=2)
    want("another head", bed.json("audit", "verify", "--head", f"{head['number']}:{'0' * 16}", code=1)[0]["first_bad"], head["number"])
    bed.change("UPDATE audit_entry SET actor = 'cli/nobody' WHERE number = 2")
    verdict = bed.json("audit", "verify", code=1)[0]
    want("altered", (verdict["good"], verdict["first_bad"]), (False, 2))
    if "2" not in bed.run("audit", "verify", code=1).stdout:
        raise AssertionError("the entry is not named")


def main():
    with Bed(settings={"console": {"approve_from": 5}}) as bed:
        bed.sink()
        said = bed.run("suppression", "add", "nobody@example.org").stderr
        # several machines: a key is made by a service, and a command without it says that it leaves no entry
        want("a machine without the key", "the audit log gets no entry" in said, bed.kafka is not None)
        bed.run("suppression", "remove", "nobody@example.org")
        bed.service("planner")
        wait_for(bed.ready, "the planner")
        bed.directory(5)
        want("import", actions(bed), ["directory.import"])
        approval(bed)
        commands(bed)
        nothing_changed_nothing_noted(bed)
        verify(bed)


main()
