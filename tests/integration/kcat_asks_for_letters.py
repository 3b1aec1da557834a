"""docs/examples/producers/kcat.sh in both modes, and the one-liners of docs/producers*.md as they stand
there, against a real broker: one letter for each id, however often it was asked for."""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from bed import SOURCE  # noqa: E402
from producers import EXAMPLES, Example, check  # noqa: E402


def run_one_liners(bed):
    """Four of them, all with the same id: application 1842 was asked for by no other."""
    lines = []
    for name in ("producers.md", "producers.ru.md"):
        with open(os.path.join(SOURCE, "docs", name)) as f:
            lines += re.findall(r"^```\n(echo .*?)^```$", f.read(), re.M | re.S)
    assert len(lines) == 4, lines
    for line in lines:
        for old, new in (("kafka1:9092", bed.kafka.brokers), ("vestnik.tasks", bed.topic("vestnik.tasks")),
                         ("application-1841", "one-liner-1841")):
            assert old in line, (old, line)
            line = line.replace(old, new)
        subprocess.run(["bash", "-euo", "pipefail", "-c", line], check=True, timeout=60)
    return ["school@example.org"]


check(Example([os.path.join(EXAMPLES, "kcat.sh")], ["structured", "binary"]), run_one_liners)
