"""docs/examples/producers/Producer.java (kafka-clients, from the broker's own jars) against a real broker."""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from bed import skip  # noqa: E402
from kafka import KafkaAbsent, jars  # noqa: E402
from producers import EXAMPLES, Example, check  # noqa: E402

# What the example says it needs, and nothing else that a broker brings along.
NEEDED = r"(kafka-clients|slf4j-api|jackson-(databind|core|annotations))-[0-9.]+\.jar"


def main():
    try:
        needed = [jar for jar in jars() if re.fullmatch(NEEDED, os.path.basename(jar))]
    except KafkaAbsent as absent:
        skip(absent)
    assert len(needed) == 5, needed
    modules = subprocess.run(["java", "--list-modules"], capture_output=True, text=True, timeout=60).stdout
    if "jdk.compiler@" not in modules:
        skip("this Java is no JDK (deploy/install-packages.sh --tests brings openjdk-17-jdk-headless)")
    check(Example(["java", "-cp", ":".join(needed), os.path.join(EXAMPLES, "Producer.java")], ["notice"]))


main()
