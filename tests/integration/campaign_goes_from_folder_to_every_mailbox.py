"""The demo campaign by the commands a person types: checked, looked at, tried on one
address, launched once and never twice; every mailbox gets its letter."""

import csv
import email
import email.policy
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from bed import BIN, SOURCE, Bed, wait_for  # noqa: E402

DIRECTORY = os.path.join(SOURCE, "config", "demo", "schools.csv")
FOLDER = os.path.join(SOURCE, "config", "campaigns", "s3-flagships")


def eml(bed, *arguments):
    out = subprocess.run([os.path.join(BIN, "vestnik"), "campaign", "preview", FOLDER, "--eml", *arguments],
                         capture_output=True, env=bed.environment(), check=True).stdout
    assert b"\n" not in out.replace(b"\r\n", b""), "a bare line feed"
    return email.message_from_bytes(out, policy=email.policy.default)


def figures():
    with open(os.path.join(FOLDER, "monitoring.csv"), encoding="utf-8-sig") as f:
        return {row["key"]: row["registered"] for row in csv.DictReader(f, delimiter=";")}


def before_launch(bed):
    # an empty directory: said so, and how to fill it
    said = bed.run("campaign", "check", FOLDER, code=1)
    assert "audience" in said.stderr and "vestnik directory import" in said.stderr, said.stderr
    bed.run("directory", "import", DIRECTORY)
    summary, = [said for said in bed.json("campaign", "check", FOLDER) if "campaign" in said]
    assert (summary["campaign"], summary["recipients"], summary["collected"]) == ("flagships-2023", 10, 100), summary
    said = bed.run("campaign", "check", FOLDER).stdout.replace("\u00a0", " ")
    assert "10 recipients, and through them 100 organisations" in said, said

    letter = eml(bed, "--for", "mo-07")
    assert letter["subject"] == "Об оказании информационной поддержки для реализации проекта «Флагманы образования»"
    parts = {part.get_content_type(): part for part in letter.walk()}
    text = parts["text/plain"].get_content().replace("\u00a0", " ")
    assert f"{figures()['mo-07']} участник" in text, text
    assert "10 апреля 2023 г. № 01-12/245" in text, text
    assert parts["application/pdf"].get_filename() == "Результаты мониторинга.pdf"
    with open(os.path.join(FOLDER, "monitoring.pdf"), "rb") as f:
        assert parts["application/pdf"].get_content() == f.read()
    shown, = bed.json("campaign", "preview", FOLDER, "--for", "education-03@district.example.org")
    assert shown["key"] == "mo-03" and shown["fields"]["monitoring"]["registered"] == figures()["mo-03"], shown
    assert "по Вашему муниципальному образованию" in shown["html"]
    bed.run("campaign", "preview", FOLDER, "--for", "nobody", code=1)
    bed.run("campaign", "test", FOLDER, code=2)
    bed.run("campaign", "test", FOLDER, "--to", "a b@c", code=2)
    # nobody can be asked: nothing goes
    bed.run("campaign", "launch", FOLDER, code=1)
    assert bed.rows("SELECT 1 FROM campaign") == []


def mistakes(bed):
    copy = os.path.join(bed.folder, "copy")
    shutil.copytree(FOLDER, copy)
    with open(os.path.join(copy, "letter.md"), "a") as f:
        f.write("\n{{monitoring.registred}}\n")
    with open(os.path.join(copy, "campaign.yaml"), "a") as f:
        f.write("zonee: x\n")
    problems = bed.json("campaign", "check", copy + "/campaign.yaml", code=1)
    found = {(os.path.basename(p["file"]), p["line"], p["column"]) for p in problems if p["severity"] == "error"}
    lines = {name: open(os.path.join(copy, name)).read().splitlines() for name in ("letter.md", "campaign.yaml")}
    assert found == {("letter.md", len(lines["letter.md"]), 1), ("campaign.yaml", len(lines["campaign.yaml"]), 1)}, problems


def main():
    with open(DIRECTORY, encoding="cp1251") as f:
        addresses = sorted(row["E-mail"] for row in csv.DictReader(f, delimiter=";"))
    with Bed({"public_url": "https://answers.ministry.example.org"}) as bed:
        bed.clock.jump_to("2023-04-10 09:30")  # the campaign's own day: its deadline is ahead
        bed.sink()
        before_launch(bed)
        mistakes(bed)
        bed.up()

        test, = bed.json("campaign", "test", FOLDER, "--to", "me@ministry.test", "--for", "mo-07")
        assert test["outcome"] == "launched", test
        bed.wait_state(test["campaign"], "finished")
        assert [address for _, address in bed.remembered()] == ["me@ministry.test"]

        done, = bed.json("campaign", "launch", FOLDER, "--yes")
        assert (done["outcome"], done["recipients"], done["collected"]) == ("launched", 10, 100), done
        bed.clock.jump_to("2023-04-10 12:00")
        # the municipalities', and with them their schools'
        wait_for(lambda: len(bed.remembered()) == 111, "110 letters and the test")
        got = sorted(address for _, address in bed.remembered() if address != "me@ministry.test")
        assert got == addresses, (len(got), len(addresses))
        wait_for(lambda: bed.counts("flagships-2023") == {5: 110}, "the ledger to have counted every letter")
        key, fields = bed.rows("SELECT d.key, d.fields FROM delivery d JOIN organisation o ON o.id = d.recipient"
                               " WHERE o.key = 'school-007'")[0]
        assert json.loads(fields)["monitoring"]["registered"] == figures()["school-007"]
        assert "document" not in json.loads(fields), "what is the same for everybody is stored once"

        again = bed.run("campaign", "launch", FOLDER, "--yes", code=1)
        assert "launched already" in again.stderr and "campaign retry flagships-2023" in again.stderr, again.stderr
        assert len(bed.remembered()) == 111


main()
