"""The pages /audit, /approvals and /personal: what was done is read and filtered, an altered log shows, a launch is decided
by somebody else than who asked, a person is found, handed out and erased once the address is typed again."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from bed import wait_for  # noqa: E402
from console_bed import ConsoleBed, want, want_in, want_not_in  # noqa: E402

ADDRESS = "school-0000001@example.org"


def approvals(bed):
    bed.run("campaign", "store", bed.campaign("big"))
    bed.change("INSERT INTO approval (campaign, content_hash, requested_by, requested_ms, state, recipients)"
               " SELECT slug, content_hash, 'console/approver', 1, 'asked', 3 FROM campaign WHERE slug = 'big'")
    hash_of = bed.value("SELECT content_hash FROM campaign WHERE slug = 'big'")
    bed.account("approver", "approver")
    asker = bed.login("approver", Accept_Language="en")
    want_in("own request", "Somebody else decides", asker.get("/approvals").text)
    want("the asker", asker.post("/approvals/big", {"hash": hash_of, "decision": "approve"}).status, 403)
    admin = bed.login(Accept_Language="en")
    admin.get("/approvals")
    page = admin.post("/approvals/big", {"hash": hash_of, "decision": "refuse", "note": " "})
    want("no reason", (page.status, "Say why it is refused" in page.text), (422, True))
    want_in("approved", "Approved", admin.post("/approvals/big", {"hash": hash_of, "decision": "approve"}).text)
    want("ordered with it", bed.audited("campaign.launch")[0][0], "console/admin")


def personal(bed):
    admin = bed.login(Accept_Language="en")
    admin.get("/personal")
    want_in("found", "Contacts of the directory", admin.post("/personal/find", {"address": ADDRESS}).text)
    want_in("handed out", ADDRESS, admin.post("/personal/export", {"address": ADDRESS, "format": "json"}).body.decode())
    admin.post("/personal/find", {"address": ADDRESS})
    page = admin.post("/personal/erase", {"address": ADDRESS, "reason": "request", "confirm": "school"})
    want("not typed", page.status, 422)
    want("nothing erased", bed.value("SELECT count(*) FROM contact WHERE address = ?", ADDRESS), 1)
    admin.post("/personal/erase", {"address": ADDRESS, "reason": "request", "confirm": ADDRESS.upper()})
    wait_for(lambda: bed.audited("person.erase"), "the erasure")
    want("erased", bed.value("SELECT count(*) FROM contact WHERE address = ?", ADDRESS), 0)
    wait_for(lambda: "was erased" in admin.get("/personal").text, "the page to say so")


def log(bed):
    admin = bed.login(Accept_Language="en")
    page = admin.get("/audit")
    want_in("words", "Directory imported", page.text)
    want_in("erased", "Personal details were erased", page.text)
    russian = bed.login(Accept_Language="ru").get("/audit").text
    want("moments as the language has them", (bool(re.search(r"\d\d\.\d\d\.\d{4} \d\d:\d\d:\d\d", russian)),
                                              re.search(r"\d{4}-\d\d-\d\d \d\d:", russian)), (True, None))
    want_not_in("filtered", "show cli/root", admin.get("/audit?actor=console/").text)
    want_in("nothing", "Nothing was found", admin.get("/audit?subject=campaign:absent").text)
    want_in("whole", "The log is whole", admin.post("/audit/check").text)
    bed.change("UPDATE audit_entry SET actor = 'console/nobody' WHERE number = 2")
    want_in("altered", "Somebody altered the log", admin.post("/audit/check").text)
    # a place that was made up is not believed
    want_in("made up", "Somebody altered the log", admin.post("/audit/check", {"at": "3.00.0", "mac": "x"}).text)


def main():
    with ConsoleBed() as bed:
        bed.run("suppression", "add", ADDRESS)
        bed.directory(3)
        approvals(bed)
        personal(bed)
        log(bed)


main()
