"""The provider says that its sending limit is exceeded: the relay is parked for
its window without probes, nobody's letter fails, another relay goes on."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from bed import Bed  # noqa: E402
from odd_relay import OddRelay  # noqa: E402

LETTERS = 60
asked = []


def mail(sender):
    asked.append(sender)
    return "550 5.4.5 Daily user sending limit exceeded" if len(asked) > 10 else None


with OddRelay(mail=mail) as provider, Bed({"mailer": {"connections": 2}}) as bed:
    bed.relay(provider.port, name="provider", weight=100, connections=2)
    bed.sink(connections=2, weight=0)
    bed.services()
    bed.directory(LETTERS)
    bed.launch(bed.campaign("limit"))
    bed.wait_state("limit", "finished")
    took = len(provider.taken) + len(bed.remembered())
    assert took == LETTERS, f"got {len(provider.taken)} + {len(bed.remembered())} letters, want {LETTERS}"
    assert len(provider.taken) == 10, f"the provider took {len(provider.taken)}"
    assert len(asked) <= 13, f"the parked relay was asked {len(asked)} times"
    assert bed.counters("limit") == {5: LETTERS}, bed.counters("limit")
    assert bed.value("SELECT parked_until_ms FROM relay_state WHERE relay = 'provider'") > 0
