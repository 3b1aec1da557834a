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
         "campaign", "campaign_file", "round", "expand", "plan", "counter", "dataset_row", "webhook_message", "webhook_attempt",
         "audit_entry", "audit_detail", "suppression", "receipt", "task_seen", "retention_campaign", "api_request", "outcome_minute"}
# Partial indexes that hold what waits, not what has been.
WAITING = {"expand_open", "plan_due", "round_due", "schedule_urgent", "schedule_bulk", "schedule_claimed", "mail_in_review",
           "ask_differs"}
# Read from one end by the key and left after some rows; with a filter that is rare, later.
GOOD = [
    r"^SELECT created_ms FROM campaign ORDER BY id LIMIT 1$",
    r"^DELETE FROM audit_detail .*\(SELECT number FROM audit_detail ORDER BY number LIMIT \$2\)",
    r"^SELECT slug FROM campaign WHERE \(\$1 = '' OR state = \$1\) ORDER BY id DESC LIMIT",  # vestnik campaign list --all
    r"^SELECT m.id, .* FROM mail_in m .* WHERE \(CAST\(\$1 .* ORDER BY m.id DESC LIMIT",  # vestnik mail list --all
]
# An automatic index is made of all rows each time. Of what is due the campaigns are looked up, not the other way round:
# each notice is a campaign.
SCAN = re.compile(r"^SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?(?: LEFT-JOIN)?$|^SEARCH (\w+) USING AUTOMATIC"
                  r"|^SEARCH (\w+) USING (?:COVERING )?INDEX campaign_state \(state=\?\)$")
# The planner's sweep: of all that are under way.
SWEEPS = re.compile(r"^SELECT (c\.)?id FROM campaign (c )?WHERE (c\.)?state (IN|=)")


def plain(sql):
    """As db_rewrite.c gives it to SQLite, near enough for a plan."""
    sql = re.sub(r"@(KEYS|TEXTS)\(\$(\d+)\)",
                 lambda m: f"(SELECT value AS {'key' if m[1] == 'KEYS' else 'text'} FROM json_each(${m[2]}))", sql)
    return re.sub(r"\$(\d+)", r"?\1", sql.replace("@FOR_UPDATE", ""))


def aliases(sql):
    """{alias or table: table}"""
    found = {table: table for table in LARGE}
    for table, alias in re.findall(r"\b(?:FROM|JOIN|UPDATE|INTO)\s+(\w+)\s+(?:AS\s+)?(\w+)", sql):
        if table in LARGE:
            found[alias] = table
    return found


def reads_through(sql, plan, partial):
    """The steps of the plan that look at all of a large table."""
    if any(re.search(good, sql) for good in GOOD):
        return []
    bad = []
    for step in plan:
        scan = SCAN.match(step)
        if not scan or aliases(sql).get(scan[1] or scan[3] or scan[4]) is None:
            continue
        if scan[4] and SWEEPS.match(sql) or scan[2] in partial and scan[2] in WAITING:
            continue
        bad.append(step)
    return bad


def check_the_check(db, partial):
    """What it must find, and does not when one of its patterns stops fitting."""
    for sql in ("SELECT id, slug FROM campaign WHERE title = $1", "SELECT key, state FROM delivery WHERE relay = $1",
                "SELECT number, mac FROM audit_entry WHERE time_ms > $1", "SELECT a.id FROM answer a WHERE a.late = $1",
                "SELECT o.id FROM organisation o LEFT JOIN webhook_message m ON m.time_ms = o.id WHERE o.id = $1",
                "SELECT x.id FROM expand x JOIN campaign c ON c.id = x.campaign WHERE x.done = 0 AND c.state = 'running' ORDER BY x.id"):
        assert reads_through(sql, plan_of(db, sql), partial), f"not found: {sql}: {plan_of(db, sql)}"


def plan_of(db, sql):
    text = plain(sql)
    values = ["[]"] * max([0] + [int(n) for n in re.findall(r"\?(\d+)", text)])
    return [row[3] for row in db.execute("EXPLAIN QUERY PLAN " + text, values)]


def main():
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        url = f"{folder}/store.db"
        subprocess.run([os.path.join(os.environ["VESTNIK_BIN"], "sql_probe"), f"sqlite:{url}"], input=b"", check=True)
        db = sqlite3.connect(url)
        partial = {row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql LIKE '% WHERE %'")}
        check_the_check(db, partial)
        for path, sql in statements():
            if POSTGRES_ONLY.search("/" + path) or POSTGRES_WORDS.search(sql):
                continue
            for step in reads_through(sql, plan_of(db, sql), partial):
                bad += 1
                print(f"{path}: {step}\n    {sql}")
    sys.exit(1 if bad else 0)


main()
