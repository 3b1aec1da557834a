"""docs/examples/producers/producer.py (confluent-kafka) against a real broker."""

import os
import sys

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from bed import skip  # noqa: E402
from producers import EXAMPLES, Example, check  # noqa: E402

try:
    import confluent_kafka  # noqa: F401
except ImportError as error:
    skip(f"{error} (tests/run.sh installs it)")
check(Example([sys.executable, os.path.join(EXAMPLES, "producer.py")], ["notice"]))
