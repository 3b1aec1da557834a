#!/usr/bin/env python3
"""README.md, «The same through the API»: its very lines, run by bash against a running Vestnik, take S3 from the
spreadsheet to the report."""
import json
import os
import re
import subprocess
import sys
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
from bed import BIN, SOURCE, free_port, wait_for  # noqa: E402
from console_bed import ConsoleBed, want, want_in  # noqa: E402


def lines_of_the_readme():
    with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as f:
        section = f.read().split("## The same through the API\n")[1]
    return re.search(r"```bash\n(.*?)```", section, re.S).group(1)


def run(bed, script, folder):
    """The JSON objects it prints."""
    if not os.path.exists(os.path.join(folder, "config")):
        os.symlink(os.path.join(SOURCE, "config"), os.path.join(folder, "config"))
    environment = {**bed.environment(), "API": f"http://127.0.0.1:{bed.port}/api/v1", "VESTNIK": f"{BIN}/vestnik --config {bed.config}"}
    done = subprocess.run(["bash", "-eu", "-o", "pipefail", "-c", script], cwd=folder, env=environment, capture_output=True,
                          text=True, timeout=120)
    if done.returncode != 0:
        raise AssertionError(f"exit {done.returncode}: {done.stdout[-3000:]}{done.stderr[-1000:]}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


bed = ConsoleBed(sink=True, up=True, bed={"settings": {"public_url": "https://vestnik.example.org"}})
bed.settings["portal"]["listen"] = f"127.0.0.1:{free_port()}"
with bed:
    folder = os.path.join(bed.folder, "reader")
    os.makedirs(folder)
    script = lines_of_the_readme()
    before, after = script.split("# under way")
    answers = run(bed, before, folder)
    fates = answers[0]
    want("every row's fate first", (fates["dry_run"], fates["stored"], fates["added"], len(fates["rows"])), (True, False, 110, 110))
    check = next(a for a in answers if "good" in a)
    want("it is good", (check["good"], check["summary"]["recipients"]), (True, 10))
    want_in("preview", "зарегистрировано", next(a for a in answers if "in_audience" in a)["text"])
    want("launched", answers[-1], {"campaign": "flagships", "outcome": "applied"})
    wait_for(lambda: len(bed.remembered()) == 10, "ten letters")
    key = next(line for line in before.splitlines() if line.startswith("KEY="))
    parts = [line for line in before.splitlines() if line.startswith(("VESTNIK=", "API=", "SCOPES=", "json="))]
    call = next(line for line in before.splitlines() if line.startswith("call()"))
    shown = run(bed, "\n".join(parts + [key, call, "#" + after]), folder)
    want("figures", (shown[0]["state"], shown[0]["letters"]["total"]), ("running", 10))
    want("the log names each letter", len({line["delivery"] for line in shown[1]["data"]}), 10)
    want("all are silent", len(shown[2]["data"]), 10)
    want("by telephone", (shown[3]["state"], shown[3]["missing"]), ("confirmed", []))
    want("the report", (shown[4]["asked"], shown[4]["answered"], shown[4]["sums"]["registered"]), (10, 1, 56))
    want("the workbook", open(os.path.join(folder, "flagships.xlsx"), "rb").read(2), b"PK")
    with zipfile.ZipFile(os.path.join(folder, "flagships.zip")) as case:
        want_in("the case file", "SHA256SUMS", case.namelist())
    want("no letter twice", bed.sink_counts()["doubled"], 0)
    print(f"{len(answers) + len(shown)} answers as the README shows them")
