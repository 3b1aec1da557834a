#!/usr/bin/env python3
"""A mailer is stopped in the middle of its work until its partitions are another's, then goes on: what
it has not started it must not start any more. Twice goes at most what was on the wire, or had its reply
and was not recorded yet, when it was stopped."""
import datetime
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from many import UNRECORDED_MOST, attempts, arrived, fleet, freeze, launch, member, thaw, verdict, wait_for, wait_mailer, wait_ready, wait_sent  # noqa: E402

LETTERS = int(os.environ.get("VESTNIK_CHAOS_LETTERS", "6000"))
CONNECTIONS = 8


def started(line):
    """When the letter of a log line `attempt` began, and to whom it went."""
    at = datetime.datetime.fromisoformat(line.split()[0].replace("Z", "+00:00")).timestamp()
    return at - int(re.search(r" ms=(\d+)", line)[1]) / 1000, re.search(r" to=<([^>]*)>", line)[1]


def main():
    with fleet(mailer={"connections": CONNECTIONS}) as bed:
        bed.sink("--latency-ms", "20", connections=64)
        member(bed, "planner", "p")
        member(bed, "ledger", "l")
        frozen = member(bed, "mailer", "a")
        member(bed, "mailer", "b")
        wait_ready(bed, "mailer", 2)
        wait_mailer(bed, "a")
        wait_mailer(bed, "b")
        launch(bed, "many", LETTERS)
        wait_sent(bed, LETTERS // 6)
        taken = bed.log_of("mailer-b").count("partition_taken topic=vestnik.mail ")
        stopped_at = time.time()
        freeze(frozen)
        wait_for(lambda: bed.log_of("mailer-b").count("partition_taken topic=vestnik.mail ") > taken,
                 "the other mailer to take over", 40, 0.05)
        before = attempts(bed, "mailer-b")
        wait_for(lambda: attempts(bed, "mailer-b") > before + 200 or len(bed.remembered()) >= LETTERS,
                 "letters of the frozen one's partitions", 40, 0.02)
        thaw(frozen)
        verdict(bed, "many", LETTERS, bound=CONNECTIONS + UNRECORDED_MOST, what="frozen past its session")
        twice = {recipient for recipient, n in arrived(bed).items() if n > 1}
        late = [line for line in bed.log_of("mailer-a").splitlines() if " attempt " in line
                and started(line)[1] in twice and started(line)[0] > stopped_at + 0.1]
        assert not late, f"{len(late)} letters were started after the thaw though another had sent them: {late[0]}"
        wait_for(lambda: "partition_lost" in bed.log_of("mailer-a"), "the frozen mailer to see what it lost", 20)


if __name__ == "__main__":
    main()
