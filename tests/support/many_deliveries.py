"""Fills a store with letters long sent, by SQL alone: a million in some 20 s.

    fill(bed, 1_000_000)     # a bed that is open; nothing may run but the console

One campaign of every twenty-first part of them ("big-01" … "big-20"), the rest in "big-21", and "small" with 100.
Of 1,000 letters 10 failed, 20 were put off once, 1 came back; 40,000 organisations.
"""
ORGANISATIONS = 40_000
START_MS = 1_700_000_000_000
EVERY_MS = 5  # 200 letters a second
SMALL = 100


def series(bed, name, first, last):
    """A table of numbers for FROM."""
    if bed.postgres:
        return f"generate_series(CAST({first} AS BIGINT), CAST({last} AS BIGINT)) AS {name}(k)"
    return (f"(WITH RECURSIVE walk(k) AS (SELECT {first} UNION ALL SELECT k + 1 FROM walk WHERE k < {last})"
            f" SELECT k FROM walk) AS {name}")


def fill(bed, letters):
    each = letters // 21
    run = bed.change
    run("INSERT INTO organisation (id, key, kind, name, municipality, revision, updated_ms)"
        " SELECT k, 's' || k, 'school', 'Школа № ' || k, 'Район ' || (k % 40 + 1), 1, 0 FROM "
        + series(bed, "o", 1, ORGANISATIONS))
    run("INSERT INTO campaign (id, slug, kind, title, content_hash, definition, sender, state, priority, created_ms,"
        " launched_ms, finished_ms, expanded, total)"
        " SELECT k, CASE WHEN k = 22 THEN 'small' ELSE 'big-' || substr('0' || k, length('0' || k) - 1) END, 'campaign',"
        f" 'Рассылка ' || k, '', '{{}}', 'outreach@ministry.example.org', 'finished', 1, {START_MS},"
        f" {START_MS} + (k - 1) * {each * EVERY_MS}, {START_MS} + k * {each * EVERY_MS}, 1, {each} FROM "
        + series(bed, "c", 1, 22))
    run("INSERT INTO round (id, campaign, number, starts_ms, state) SELECT k, k, 1, 0, 'closed' FROM " + series(bed, "r", 1, 22))
    campaign = f"CASE WHEN k > {letters - SMALL} THEN 22 WHEN k / {each} >= 20 THEN 21 ELSE k / {each} + 1 END"
    state = "CASE WHEN k % 100 = 7 THEN 8 WHEN k % 1000 = 11 THEN 7 ELSE 5 END"
    run("INSERT INTO delivery (key, campaign, round, step, recipient, contact, address, fields, state, dispatch, code,"
        " reason, relay, updated_ms)"
        f" SELECT k, {campaign}, {campaign}, k / {ORGANISATIONS}, k % {ORGANISATIONS} + 1, 1,"
        f" 'school-' || (k % {ORGANISATIONS} + 1) || '@example.org', '{{}}', {state}, 1, 250, '2.0.0 ok', 'main',"
        f" {START_MS} + k * {EVERY_MS} FROM " + series(bed, "d", 1, letters))
    line = "INSERT INTO history (key, dispatch, state, time_ms, code, enhanced, reason, relay, worker) SELECT k, "
    when = f"{START_MS} + k * {EVERY_MS}"
    run(line + f"CASE WHEN k % 50 = 3 THEN 2 ELSE 1 END, CASE WHEN k % 100 = 7 THEN 8 ELSE 5 END, {when} + 60000 * (k % 50 / 49),"
        " CASE WHEN k % 100 = 7 THEN 550 ELSE 250 END, CASE WHEN k % 100 = 7 THEN '5.1.1' ELSE '2.0.0' END,"
        " CASE WHEN k % 100 = 7 THEN 'no such mailbox' ELSE 'ok: queued as ' || k END, 'main', 'mailer@host' FROM "
        + series(bed, "h", 1, letters))
    run(line + f"1, 3, {when} - 300000, 450, '4.2.0', 'greylisted', 'main', 'mailer@host' FROM {series(bed, 'h', 1, letters)}"
        " WHERE k % 50 = 3")
    run(line + f"1, 7, {when} + 900000, 550, '5.1.1', 'user unknown', '', '' FROM {series(bed, 'h', 1, letters)}"
        " WHERE k % 1000 = 11")
    run("INSERT INTO trouble (key, campaign, state) SELECT key, campaign, state FROM delivery WHERE state <> 5")
    run("INSERT INTO counter (campaign, part, state, n) SELECT campaign, 0, state, count(*) FROM delivery GROUP BY campaign, state")
    if bed.postgres:
        run("ANALYZE")
