#!/usr/bin/env python3
"""The console: pages of the delivery log a second (wrk) with 10,000 and with 1,000,000 deliveries in the store, beside a
static file in the same run; its resident memory without visitors, with 200 viewers of the live log and with 500 connections
that send a byte now and then, and how long those are borne with."""
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from console_bed import ConsoleBed  # noqa: E402
from bed import skip  # noqa: E402

SIZES = [int(n) for n in os.environ.get("VESTNIK_BENCH_SIZES", "10000 1000000").split()]
SECONDS = int(os.environ.get("VESTNIK_BENCH_SECONDS", "5"))
RUNS = 3
VIEWERS, SLOW = 200, 500
CONNECTIONS = 16   # of wrk
SLOW_PATIENCE_S = 60

# Every request from another address: the limit of one address is not what is measured. 127.0.0.1 plays the proxy.
WRK_SCRIPT = """
local n = 0
request = function()
	n = n + 1
	wrk.headers["X-Forwarded-For"] = string.format("10.%d.%d.%d", math.floor(n / 65536) % 256, math.floor(n / 256) % 256, n % 256)
	return wrk.format()
end
"""


def fill(bed, deliveries):
    """As a campaign to so many left them: each letter sent and accepted, one in a hundred refused."""
    db = sqlite3.connect(bed.store_url.removeprefix("sqlite:"), timeout=60)
    db.execute("PRAGMA wal_autocheckpoint = 0")
    now_ms = int(time.time() * 1000)
    with db:
        db.execute("INSERT INTO campaign (id, slug, kind, title, content_hash, definition, sender, state, priority, created_ms,"
                   " launched_ms, expanded, total) VALUES (1, 'bench', 'campaign', 'О конкурсе', 'x', '{}', 'a@example.org',"
                   " 'running', 1, 0, 0, 1, ?)", (deliveries,))
        db.execute("INSERT INTO round (id, campaign, number, starts_ms) VALUES (1, 1, 1, 0)")
        numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
        db.execute("INSERT INTO organisation (id, key, kind, name, revision, updated_ms) " + numbers +
                   "SELECT i, 's' || i, 'school', 'Школа № ' || i, 1, 0 FROM n", (min(deliveries, 40000),))
        db.execute("INSERT INTO delivery (key, campaign, round, step, recipient, contact, address, fields, state, code, reason, relay,"
                   " updated_ms) " + numbers + "SELECT i, 1, 1, i / 40000, 1 + i % 40000, 1, 'school-' || i || '@example.org', '{}',"
                   " CASE WHEN i % 100 = 0 THEN 8 ELSE 5 END, 250, '2.0.0 Ok: queued as ' || i, 'main', ? + i FROM n",
                   (deliveries, now_ms - deliveries))
        for state in (4, 5):
            db.execute("INSERT INTO history (key, dispatch, state, time_ms, code, reason, relay, worker) " + numbers +
                       "SELECT i, 1, CASE WHEN i % 100 = 0 AND ? = 5 THEN 8 ELSE ? END, ? + i, 250, '2.0.0 Ok: queued as ' || i,"
                       " 'main', 'mailer' FROM n", (deliveries, state, state, now_ms - deliveries + state))
        db.execute("INSERT INTO counter (campaign, part, state, n) VALUES (1, 0, 5, ?)", (deliveries,))
    db.close()


def wrk(bed, path, cookie, folder):
    script = os.path.join(folder, "addresses.lua")
    with open(script, "w") as f:
        f.write(WRK_SCRIPT)
    out = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", "-s", script, "-H", f"Cookie: {cookie}",
                          f"http://127.0.0.1:{bed.port}{path}"], capture_output=True, text=True, timeout=SECONDS + 60, check=True).stdout
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    assert not bad, f"{path}: {bad[0]}"
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", out)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), float(p99[1]) * {"us": 0.001, "ms": 1, "s": 1000}[p99[2]]


def median(bed, path, cookie, folder):
    runs = sorted(wrk(bed, path, cookie, folder) for _ in range(RUNS))
    return runs[len(runs) // 2]


def resident_mb(pid):
    with open(f"/proc/{pid}/status") as f:
        return round(int(re.search(r"VmRSS:\s+(\d+)", f.read())[1]) / 1024, 1)


def connect(bed, data):
    s = socket.create_connection(("127.0.0.1", bed.port), timeout=30)
    s.sendall(data)
    return s


def watch(bed, cookie):
    """Viewers of the live log; resident memory with them."""
    head = f"GET /log/live HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\nX-Forwarded-For: 10.1.1."
    viewers = [connect(bed, f"{head}{n}\r\n\r\n".encode()) for n in range(VIEWERS)]
    for viewer in viewers:
        got = viewer.recv(4096)
        assert b"text/event-stream" in got, got[:300]
    time.sleep(2)  # some looks of the reader behind them
    memory = resident_mb(bed.console.pid)
    for viewer in viewers:
        viewer.close()
    return memory


def bear_with(bed, page):
    """Connections that never finish a request: memory with them, the slowest page meanwhile, how long they were borne with."""
    slow = [connect(bed, b"GET /log HTTP/1.1\r\nX-") for _ in range(SLOW)]
    began = time.monotonic()
    memory, slowest, alive = resident_mb(bed.console.pid), 0, list(slow)
    while alive and time.monotonic() - began < SLOW_PATIENCE_S:
        before = time.monotonic()
        page()
        slowest = max(slowest, time.monotonic() - before)
        memory = max(memory, resident_mb(bed.console.pid))
        for s in list(alive):
            try:
                s.sendall(b"a")
                s.setblocking(False)
                if s.recv(1) == b"":
                    alive.remove(s)
            except BlockingIOError:
                pass
            except OSError:
                alive.remove(s)
        time.sleep(0.5)
    for s in slow:
        s.close()
    assert not alive, f"{len(alive)} of {SLOW} slow connections are still there after {SLOW_PATIENCE_S} s"
    return memory, round(slowest * 1000), round(time.monotonic() - began, 1)


def main():
    if shutil.which("wrk") is None:
        skip("wrk is not installed: deploy/install-packages.sh --tests")
    rates = {}
    for size in SIZES:
        with ConsoleBed(threads=4) as bed:
            fill(bed, size)
            admin = bed.login()
            cookie = "; ".join(f"{k}={v}" for k, v in admin.cookies.items())
            page = admin.get("/log")
            assert page.status == 200 and "example.org" in page.html, page.text[:500]
            fresh = resident_mb(bed.console.pid)
            style = re.search(r'href="(/assets/style[^"]*)"', page.html)[1]
            older = re.search(r'href="(/log\?[^"]*)" rel="(?:next|prev)"', page.html)
            rates[size] = {"log": median(bed, "/log", cookie, bed.folder), "asset": median(bed, style, cookie, bed.folder)}
            if older:
                rates[size]["older"] = median(bed, older[1].replace("&amp;", "&"), cookie, bed.folder)
            if size == SIZES[-1]:
                loaded = resident_mb(bed.console.pid)
                viewers = watch(bed, cookie)
                slow, slowest_ms, borne_s = bear_with(bed, lambda: admin.get("/log"))
                after = resident_mb(bed.console.pid)
    largest, smallest = rates[SIZES[-1]], rates[SIZES[0]]
    print(json.dumps({"bench": "console", "value": round(largest["log"][0]), "unit": "pages/s of the delivery log (wrk)",
                      "deliveries": SIZES[-1], "p99_ms": round(largest["log"][1], 1), "reference": "the stylesheet, same run",
                      "reference_value": round(largest["asset"][0]), "ratio": round(largest["log"][0] / largest["asset"][0], 4),
                      f"pages_per_s_at_{SIZES[0]}": round(smallest["log"][0]),
                      "older_pages_per_s": round(largest["older"][0]) if "older" in largest else None}))
    print(json.dumps({"bench": "console_memory", "value": viewers, "unit": f"MB resident with {VIEWERS} viewers of the live log",
                      "reference": "the same console before them", "reference_value": loaded, "ratio": round(viewers / loaded, 2),
                      "fresh_mb": fresh, f"with_{SLOW}_slow_connections_mb": slow, "after_them_mb": after,
                      "slow_ones_dropped_after_s": borne_s, "slowest_page_meanwhile_ms": slowest_ms}))


if __name__ == "__main__":
    main()
