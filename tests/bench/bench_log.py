"""How long the console's delivery log takes with so many letters in the store: the median of 15 requests, one after
the other. VESTNIK_BENCH_SIZES="1000000 10000000"; VESTNIK_BED=kafka+postgres for the other shape."""
import os
import re
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from bed import Bed  # noqa: E402,F401
from console_bed import ConsoleBed  # noqa: E402
from many_deliveries import EVERY_MS, START_MS, fill  # noqa: E402

SIZES = [int(n) for n in os.environ.get("VESTNIK_BENCH_SIZES", "1000000").split()]
TIMES = int(os.environ.get("VESTNIK_BENCH_TIMES", "15"))


def show(what, admin, path):
    took, page = [], None
    for _ in range(TIMES):
        begun = time.monotonic()
        page = admin.get(path)
        took.append(time.monotonic() - begun)
    assert page.status == 200, (path, page.status, page.text[:500])
    rows = len(re.findall(r'<tr id="l', page.html)) if "html" in page.headers["content-type"] else page.body.count(b"\n") - 1
    looked = re.search(r"Looked through: ([\d\u00a0]+)", page.text)
    print(f"  {what:44} {statistics.median(took) * 1000:8.1f} ms  worst {max(took) * 1000:8.1f} ms  {rows} lines"
          + (f", looked at {looked.group(1)}" if looked else ""), flush=True)
    return page


def follow(admin, page, turns):
    """So many pages further back."""
    took = []
    for _ in range(turns):
        link = re.search(r'<a href="([^"]+)" rel="next"', page.html).group(1).replace("&amp;", "&")
        begun = time.monotonic()
        page = admin.get(link)
        took.append(time.monotonic() - begun)
    print(f"  {'older, ' + str(turns) + ' pages':44} {statistics.median(took) * 1000:8.1f} ms  worst {max(took) * 1000:8.1f} ms")


for size in SIZES:
    with ConsoleBed() as bed:
        begun = time.monotonic()
        fill(bed, size)
        print(f"{size} letters, {bed.value('SELECT count(*) FROM history')} lines, filled in {time.monotonic() - begun:.0f} s")
        admin = bed.login(Accept_Language="en")
        middle = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime((START_MS + size // 2 * EVERY_MS) / 1000 + 3 * 3600))  # the bed is in Moscow
        newest = show("the newest", admin, "/log")
        follow(admin, newest, 40)
        show("any moment of the past", admin, f"/log?until={middle}")
        show("refused, all", admin, "/log?state=failed")
        show("a campaign of today", admin, "/log?campaign=big-21")
        show("a campaign of long ago", admin, "/log?campaign=big-01")
        show("refused, of a campaign of long ago", admin, "/log?campaign=big-01&state=failed")
        show("a small campaign", admin, "/log?campaign=small")
        show("one address", admin, "/log?address=school-17@example.org")
        show("a domain that never occurs", admin, "/log?address=@nowhere.example.org")
        show("words that never occur", admin, "/log?text=nothing+of+that")
        show("one letter", admin, f"/delivery/{size // 3}")
        show("refused, as a sheet", admin, "/log.csv?state=failed")
        TIMES = 3
        show("everything, as a sheet", admin, "/log.csv")
