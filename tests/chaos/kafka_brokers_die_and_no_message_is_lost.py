"""Three brokers: one after another is killed and comes back, then two at once, while a
program publishes directly and through the outbox and another reads. Nothing published
is lost; what came twice is counted."""
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
from kafka import Kafka, KafkaAbsent, SKIPPED  # noqa: E402

PROBE = os.path.join(os.environ["VESTNIK_BIN"], "kafka_probe")
UP_S = 60


def wait_for(lines, word, seconds):
    """The probe prints a line for every 1,000 messages read and one at its end."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        line = lines.readline()
        if line == "":
            sys.exit("kafka_probe ended early")
        if line.startswith(word):
            return line.strip()
    sys.exit(f"no line '{word}' within {seconds} s")


def main():
    try:
        kafka = Kafka(3)
    except KafkaAbsent as absent:
        print(f"skipped: {absent}")
        return SKIPPED
    with kafka:
        probe = subprocess.Popen([PROBE, kafka.url()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            wait_for(probe.stdout, "read", UP_S)
            for dead in ((1,), (2,), (3,), (1, 2)):
                for node in dead:
                    kafka.kill(node)
                if len(dead) == 1:  # two of three are enough
                    for _ in range(3):
                        wait_for(probe.stdout, "read", UP_S)
                else:
                    time.sleep(5)  # longer than anybody's patience with a request is not needed: no quorum
                for node in dead:
                    kafka.restart(node)
                for _ in range(3):
                    wait_for(probe.stdout, "read", UP_S)
            probe.stdin.close()
            result = wait_for(probe.stdout, "result", 2 * UP_S)
            print(result)
            return probe.wait(timeout=UP_S)
        finally:
            probe.kill()
            probe.wait()


sys.exit(main())
