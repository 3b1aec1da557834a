"""What the examples of docs/examples/producers must do, whatever their language."""
import os
import subprocess

from bed import SOURCE, Bed, wait_for

EXAMPLES = os.path.join(SOURCE, "docs/examples/producers")
# Nobody listens there: what becomes of a task that cannot be delivered, and how long it is tried.
NOWHERE = "127.0.0.1:1"
IN_VAIN_S = "4"
TIMEOUT_S = 120


class Example:
    def __init__(self, command, notices):
        """command: its words; notices: the words for a notice, one for each mode it knows."""
        self.command = command
        self.notices = notices

    def start(self, bed, brokers, *arguments, **environment):
        environment = {**os.environ, "VESTNIK_TOPIC": bed.topic("vestnik.tasks"), **environment}
        return subprocess.Popen([*self.command, brokers, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, env=environment)

    def run(self, bed, *arguments, code=0):
        process = self.start(bed, bed.kafka.brokers, *arguments)
        out, err = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode == code, f"{arguments}: exit {process.returncode}, want {code}\n{out}\n{err}"


def addresses(bed):
    return sorted(address for _, address in bed.remembered())


def check(example, further=lambda bed: []):
    """further: puts more tasks; returns the addresses that get a letter for them."""
    sources = [{"source": "/contest-registry", "tasks": ["notify", "campaign.launch"],
                "senders": ["ministry.example.org"], "audience_max": 2}]
    with Bed({"sources": sources}, bus="kafka") as bed:
        bed.sink()
        bed.up()
        in_vain = example.start(bed, NOWHERE, example.notices[0], "1", "nobody@example.org",
                                VESTNIK_TIMEOUT_S=IN_VAIN_S)
        example.run(bed, "notice", code=2)
        want = []
        for number, mode in enumerate(example.notices, 1841):
            for _ in range(2):  # the second time nothing happens
                example.run(bed, mode, str(number), f"{mode}-{number}@example.org")
            want.append(f"{mode}-{number}@example.org")
        want += further(bed)
        bed.directory(2)
        stored = bed.json("campaign", "store", bed.campaign("contest"))[0]
        for _ in range(2):
            example.run(bed, "launch", stored["campaign"], stored["content_hash"])
        want += ["school-0000001@example.org", "school-0000002@example.org"]
        wait_for(lambda: addresses(bed) == sorted(want), f"letters to {want}")
        bed.wait_state("contest", "finished")
        fields, = bed.value("SELECT fields FROM delivery WHERE address = ?", want[0]),
        assert '"number":"1841"' in fields, fields
        assert bed.value("SELECT count(*) FROM task_seen WHERE source = '/contest-registry' AND result = 'accepted'"
                         ) == len(bed.rows("SELECT DISTINCT id FROM task_seen")) >= 2
        assert bed.json("dead", "list") == []
        out, err = in_vain.communicate(timeout=TIMEOUT_S)
        assert in_vain.returncode == 1, (in_vain.returncode, out, err)
        assert "not delivered" in err or "Delivery failed" in err, err
        assert addresses(bed) == sorted(want), addresses(bed)
