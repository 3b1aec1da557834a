"""The directory through the program: the demo sheet, its export, a bad row, suppression."""
import json
import os
import subprocess
import sys
import tempfile

BIN = os.path.join(os.environ["VESTNIK_BIN"], "vestnik")
SOURCE = os.environ["VESTNIK_SOURCE"]


def run(folder, *args):
    env = {"PATH": os.environ["PATH"], "VESTNIK_CONFIG": os.path.join(folder, "vestnik.yaml"), "LC_ALL": "C.UTF-8"}
    done = subprocess.run([BIN, *args], env=env, capture_output=True, timeout=60)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


def expect(what, got, want):
    if got != want:
        sys.exit(f"{what}: got {got!r}, want {want!r}")


with tempfile.TemporaryDirectory() as folder:
    with open(os.path.join(folder, "vestnik.yaml"), "w") as f:
        f.write(f"data_dir: {folder}/data\n")
    os.mkdir(os.path.join(folder, "data"))
    demo = os.path.join(SOURCE, "config/demo/schools.csv")

    code, out, err = run(folder, "--json", "directory", "import", demo, "--dry-run")
    rows = objects(out)
    expect("dry run", (code, err, len(rows), rows[-1]["stored"]), (0, "", 111, False))
    expect("nothing is stored by it", run(folder, "directory", "list", "--json")[1], "")

    code, out, err = run(folder, "--json", "directory", "import", demo)
    expect("import", (code, err), (0, ""))
    expect("added", objects(out)[-1]["added"], 110)
    kinds = {}
    for o in objects(run(folder, "--json", "directory", "list")[1]):
        kinds[o["kind"]] = kinds.get(o["kind"], 0) + 1
    expect("kinds", kinds, {"municipal-authority": 10, "school": 100})
    below = objects(run(folder, "--json", "directory", "list", "--parent", "mo-03")[1])
    expect("below an authority", len(below), 10)

    for lang in "en", "ru":
        sheet = os.path.join(folder, f"export-{lang}.csv")
        expect("export", run(folder, "--lang", lang, "directory", "export", sheet)[0], 0)
        code, out, err = run(folder, "--json", "directory", "import", sheet)
        expect(f"import of the {lang} export", (code, err, objects(out)[-1]["unchanged"]), (0, "", 110))

    bad = os.path.join(folder, "bad.csv")
    with open(bad, "w") as f:
        f.write("key;name;email\nx1;Good;good@example.org\nx2;Bad;a@b@example.org\n")
    code, out, err = run(folder, "directory", "import", bad)
    expect("a bad row", (code, out), (1, ""))
    expect("its place", err.splitlines()[0], f"{bad}:3: error: email: «a@b@example.org»: the address has two @")
    expect("nothing of it is stored", run(folder, "directory", "show", "x1")[0], 1)
    code, out, err = run(folder, "--json", "directory", "import", "--skip-bad", bad)
    expect("skipped row is listed", (code, objects(out)[0]["fate"], objects(out)[0]["line"]), (0, "skipped", 3))
    expect("the good one is stored", run(folder, "directory", "show", "x1")[0], 0)
    expect("a wrong delimiter", run(folder, "directory", "import", bad, "--delimiter", "x")[0], 2)
    expect("no such file", run(folder, "directory", "import", "/nowhere.csv")[0], 1)

    expect("suppress", run(folder, "suppression", "add", "a@ПРИМЕР.example.org", "--reason", "asked by phone")[0], 0)
    entries = objects(run(folder, "--json", "suppression", "list")[1])
    expect("suppressed", [(e["address"], e["reason"]) for e in entries],
           [("a@xn--e1afmkfd.example.org", "asked by phone")])
    expect("remove", run(folder, "suppression", "remove", "a@пример.example.org")[0], 0)
    expect("remove again", run(folder, "suppression", "remove", "a@пример.example.org")[0], 1)
    expect("suppress nonsense", run(folder, "suppression", "add", "a b@example.org")[0], 1)
