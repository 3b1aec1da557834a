"""The SQL statements that stand in the house's programs, found by the compiler's own preprocessor, so that those put
together from macros are seen too. What is put together at run time is not."""
import json
import os
import re
import shlex
import subprocess

SOURCE = os.environ["VESTNIK_SOURCE"]
BUILD = os.environ["VESTNIK_BUILD"]
# SQLite's own words: these files never meet PostgreSQL
SQLITE_ONLY = re.compile(r"/(db_sqlite\w*|maintenance|bus_embedded|embedded_\w+)\.c$")
# and these never meet SQLite
POSTGRES_ONLY = re.compile(r"/db_postgres\w*\.c$")
# and single statements, by what they ask
SQLITE_WORDS = re.compile(r"\bsqlite_|\bbus_(group|stop|vestnik_\w+)\b")
POSTGRES_WORDS = re.compile(r"\bpg_|to_regclass|information_schema")
STATEMENT = re.compile(r"^\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH)\b")
LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')


def literals(text):
    """String literals as C sees them: neighbours are one."""
    found, whole, end = [], None, 0
    # character constants would look like the start of a string
    text = re.sub(r"'(?:\\.|[^'\\\n])'", lambda m: "0" if '"' in m.group() else m.group(), text)
    for match in LITERAL.finditer(text):
        between = text[end:match.start()]
        part = match.group(1)
        if whole is not None and between.strip() == "":
            whole += part
        else:
            if whole is not None:
                found.append(whole)
            whole = part
        end = match.end()
    if whole is not None:
        found.append(whole)
    return [bytes(s, "utf-8").decode("unicode_escape").encode("latin-1").decode("utf-8", "replace") for s in found]


def every():
    commands = json.load(open(os.path.join(BUILD, "compile_commands.json"), encoding="utf-8"))
    for command in commands:
        path = os.path.realpath(os.path.join(command["directory"], command["file"]))
        if not path.startswith((SOURCE + "/common/", SOURCE + "/services/")):
            continue
        with open(path, encoding="utf-8") as file:
            if not re.search(r'"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b', file.read()):
                continue
        words = [w for w in shlex.split(command["command"]) if not re.match(r"-(o|c|MF|MT|MD|fsanitize.*)$", w)]
        words = [w for w in words if not w.endswith((".o", ".o.d", ".c"))]
        if words[0].endswith("ccache"):
            words = words[1:]
        out = subprocess.run([*words, "-E", "-P", path], cwd=command["directory"], capture_output=True,
                             text=True, check=True).stdout
        for text in literals(out):
            if STATEMENT.match(text) and "%s" not in text and len(text) > 12:
                yield os.path.relpath(path, SOURCE), text


def statements():
    """[(path, SQL)], each once."""
    found = sorted(set(every()))
    assert len(found) > 160, f"got {len(found)} statements: the search is broken"
    return found
