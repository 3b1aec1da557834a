"""The live delivery log while letters go faster than anybody reads: each viewer is given a bounded number of lines at
once, none twice, and is told how many were left out; what he was shown and what was left out are together all that his
filter wants. Who asks for little misses nothing beside the others; lines with long replies come in smaller pieces and
drop nobody. Some 10 s: thousands of letters go out."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from bed import wait_for  # noqa: E402
from console_bed import ConsoleBed, want, want_in  # noqa: E402
from live_log import Live, history, no_doubles, stream_of  # noqa: E402
from odd_relay import OddRelay  # noqa: E402

LETTERS = 3000
REFUSED = 400
AT_ONCE = 25  # TAIL_TICK_LINES
ACCEPTED = 5


def left_out(live):
    told = [data for event, data in list(live.events) if event == "left"]
    return int(re.search(r": ([\d\s]+) more lines", told[-1].replace("\u00a0", " ")).group(1).replace(" ", "")) if told else 0


def settled(live, wanted):
    """All that he wants was shown or counted."""
    wait_for(lambda: len(live.rows()) + left_out(live) >= wanted, "every line, shown or counted", patience_s=120)
    want("lines shown and left out", len(live.rows()) + left_out(live), wanted)


def sizes(live):
    return [data.count("<tr id=") for event, data in list(live.events) if event == "lines"]


def letters_go_faster_than_anybody_reads(bed):
    bed.services()
    bed.directory(LETTERS)
    admin = bed.login(Accept_Language="en")
    everything = Live(bed, admin, stream_of(admin.get("/log")))
    beside = Live(bed, admin, stream_of(admin.get("/log")))
    accepted = Live(bed, admin, stream_of(admin.get("/log?state=accepted")))
    one = Live(bed, admin, stream_of(admin.get("/log?address=school-0002999@example.org")))
    bed.launch(bed.campaign("flood"))
    bed.wait_state("flood", "finished", patience_s=120)
    lines = history(bed)
    for name, live, wanted in (("everything", everything, lines), ("beside", beside, lines),
                               ("accepted", accepted, history(bed, f"WHERE state = {ACCEPTED}"))):
        settled(live, len(wanted))
        no_doubles(name, live.rows())
        want(f"{name}: lines that his filter does not want", set(live.rows()) - wanted, set())
        want(f"{name}: more lines at once than agreed", [n for n in sizes(live) if n > AT_ONCE], [])
        want(f"{name}: a gap", [event for event, _ in live.events if event == "gap"], [])
        want(f"{name}: something was left out", left_out(live) > 0, True)
        want(f"{name}: he was shown what he may have before him", len(live.rows()) >= AT_ONCE, True)
    want("who asks for one letter", set(one.rows()), {row for row in lines if row.startswith(one.rows()[0].rsplit("-", 2)[0] + "-")})
    want("and nothing was left out", left_out(one), 0)
    want("the reader complains", "console.tail" in bed.log_of("console"), False)


def replies_are_long(bed):
    """As long as a page shows them, of signs that HTML writes with six: many lines are more than waits for one viewer."""
    bed.services()
    bed.directory(REFUSED)
    admin = bed.login(Accept_Language="en")
    live = Live(bed, admin, stream_of(admin.get("/log?state=failed")))
    bed.launch(bed.campaign("refused"))
    bed.wait_state("refused", "finished")
    settled(live, REFUSED)
    want("the viewer was dropped", live.ended, False)
    no_doubles("long lines", live.rows())
    want_in("their words", "&quot;" * 300, "".join(data for event, data in live.events if event == "lines"))


with ConsoleBed(sink=True) as bed:
    letters_go_faster_than_anybody_reads(bed)
with OddRelay(rcpt=lambda address: "550 5.7.1 " + '"' * 450) as relay:
    main = {"name": "main", "host": "127.0.0.1", "port": relay.port, "security": "none", "connections": 8}
    with ConsoleBed(bed={"settings": {"relays": [main]}}) as bed:
        replies_are_long(bed)
