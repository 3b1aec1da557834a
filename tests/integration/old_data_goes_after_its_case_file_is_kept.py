"""Retention: nothing of a campaign goes before its case file is written; where that is impossible nothing goes and staff
see why; afterwards letters and mails are gone, figures stay; what waits for a decision, what is younger and what
belongs to a campaign under way stay."""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from bed import Bed  # noqa: E402

DAY_MS = 24 * 3600 * 1000


def want(what, got, wanted):
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r}, want {wanted!r}")


def main():
    with Bed(settings={"retention": {"letters": "200d", "mails": "300d"}}) as bed:
        bed.sink()
        bed.directory(3)
        for name in ("planner", "mailer", "ledger"):
            bed.service(name)
        for slug in ("old", "young"):
            bed.launch(bed.campaign(slug))
            bed.wait_state(slug, "finished")
        bed.change(f"UPDATE campaign SET finished_ms = finished_ms - {210 * DAY_MS} WHERE slug = 'old'")
        for number, state, age in ((1, "applied", 310), (2, "review", 310), (3, "applied", 290)):
            bed.change("INSERT INTO mail_in (id, hash, mailbox, received_ms, recorded_ms, kind, matched, state)"
                       f" SELECT {number}, 'h{number}', 'm', launched_ms - {age * DAY_MS}, 1, 'reply', 'none', '{state}'"
                       " FROM campaign WHERE slug = 'young'")

        # the archive cannot be written: a file stands in its place
        archive = os.path.join(bed.settings["data_dir"], "archive")
        with open(archive, "w", encoding="utf-8") as file:
            file.write("no folder")
        done = bed.json("retention", "run")[0]
        want("letters without a case file", (done["letters"], done["case_files"]), (0, 0))
        want("they stay", bed.counts("old"), {5: 3})
        due = [d for d in bed.json("retention", "show") if d.get("campaign") == "old"]
        want("staff see it", bool(due and due[0]["trouble"]), True)
        want("mails of no campaign", sorted(bed.rows("SELECT id FROM mail_in")), [(2,), (3,)])

        os.unlink(archive)
        done = bed.json("retention", "run")[0]
        want("gone", (done["letters"], done["case_files"]), (3, 1))
        want("its letters", bed.counts("old"), {})
        want("their history", bed.value("SELECT count(*) FROM history h WHERE NOT EXISTS (SELECT 1 FROM delivery d WHERE d.key = h.key)"), 0)
        want("sums stay", bed.counters("old"), {5: 3})
        want("the young one stays", bed.counts("young"), {5: 3})
        bed.run("campaign", "verify", os.path.join(archive, "old.zip"))
        want("noted", bed.json("audit", "list", "--action", "retention.run", "--limit", "1")[0]["facts"]["letters"], 3)
        want("nothing more", bed.json("retention", "run")[0], {"case_files": 0, "letters": 0, "files": 0, "mails": 0, "details": 0})
        bed.run("campaign", "status", "old")


main()
