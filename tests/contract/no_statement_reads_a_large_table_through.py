#!/usr/bin/env python3
"""SQLite's plan of every statement that stands in the house's programs: none looks for its rows in all rows of a table
that grows with letters, mails, notices or webhooks. It must stay quick with ten million deliveries in the store, and what
a writer reads holds up all others. (PostgreSQL counts its rows and then chooses among the same indexes.)"""
import os
import re
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
from sql_statements import POSTGRES_ONLY, POSTGRES_WORDS, statements  # noqa: E402

LARGE = {"delivery", "history", "schedule", "trouble", "ask", "answer", "answer_file", "acknowledgement", "mail_in", "blob",
         "campaign", "round", "expand", "plan", "dataset_row", "webhook_message", "webhook_attempt", "audit_entry", "audit_detail",
         "suppression", "receipt", "task_seen"}
# Read from one end by the key and left after some rows.
GOOD = [
    r"^SELECT created_ms FROM campaign ORDER BY id LIMIT 1$",
    r"^DELETE FROM audit_detail .*\(SELECT number FROM audit_detail ORDER BY number LIMIT \$2\)",
    r"^SELECT slug FROM campaign WHERE \(\$1 = '' OR state = \$1\) ORDER BY id DESC LIMIT",  # vestnik campaign list --all
    r"^SELECT m.id, .* FROM mail_in m .* WHERE \(CAST\(\$1 .* ORDER BY m.id DESC LIMIT",  # vestnik mail list --all
]
# An automatic index is made of all rows each time.
SCAN = re.compile(r"^(?:SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?$|SEARCH (\w+) USING AUTOMATIC)")


def plain(sql):
    """As db_rewrite.c gives it to SQLite, near enough for a plan."""
    sql = re.sub(r"@(KEYS|TEXTS)\(\$(\d+)\)",
                 lambda m: f"(SELECT value AS {'key' if m[1] == 'KEYS' else 'text'} FROM json_each(${m[2]}))", sql)
    return re.sub(r"\$(\d+)", r"?\1", sql.replace("@FOR_UPDATE", ""))


def aliases(sql):
    """{alias: table}"""
    found = {}
    for table, alias in re.findall(r"\b(?:FROM|JOIN|UPDATE|INTO|,)\s+(\w+)(?:\s+(?:AS\s+)?(?!ON\b|WHERE\b|CROSS\b|JOIN\b|LEFT\b|SET\b|ORDER\b|GROUP\b|LIMIT\b)(\w+))?", sql):
        found[table] = table
        if alias:
            found[alias] = table
    return found


def main():
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        url = f"{folder}/store.db"
        subprocess.run([os.path.join(os.environ["VESTNIK_BIN"], "sql_probe"), f"sqlite:{url}"], input=b"", check=True)
        db = sqlite3.connect(url)
        partial = {row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql LIKE '% WHERE %'")}
        for path, sql in statements():
            if POSTGRES_ONLY.search("/" + path) or POSTGRES_WORDS.search(sql):
                continue
            text = plain(sql)
            values = ["[]"] * max([0] + [int(n) for n in re.findall(r"\?(\d+)", text)])
            for row in db.execute("EXPLAIN QUERY PLAN " + text, values):
                scan = SCAN.match(row[3])
                table = scan and aliases(sql).get(scan[1] or scan[3])
                if table in LARGE and scan[2] not in partial and not any(re.search(good, sql) for good in GOOD):
                    bad += 1
                    print(f"{path}: {row[3]} ({table})\n    {sql}")
    sys.exit(1 if bad else 0)


main()
