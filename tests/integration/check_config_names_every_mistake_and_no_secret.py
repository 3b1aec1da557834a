"""vestnik check-config: all mistakes with file, line and column; what the relays amount
to without their passwords; --reference prints every setting. store backup copies."""

import os
import sqlite3
import stat
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from vestnik_cli import BIN, Place, expect, fail  # noqa: E402

GOOD = """
sender: {name: Отдел, address: outreach@ministry.example.org}
relays:
  - {name: main, host: mail.example.org, security: starttls,
     auth: {user: outreach, password_file: secret}, quota: {letters: 500, per: 24h}}
"""


AWAY = """
store_url: postgresql://vestnik@127.0.0.1:1/vestnik?sslpassword=correct-horse
store_password_file: secret
bus_url: kafka://127.0.0.1:1
kafka: {security.protocol: SASL_PLAINTEXT, sasl.mechanisms: PLAIN, sasl.username: u, sasl.password_file: secret}
"""


def nobody_answers(place):
    """Neither PostgreSQL nor Kafka is there: what is said names them and no password."""
    with open(place.config, "w", encoding="utf-8") as f:
        f.write("data_dir: data\n" + AWAY)
    said = {}
    for words in (("check-config",), ("check-config", "--json"), ("status",), ("bus", "check"), ("log",)):
        result = place.run(*words)
        said[words] = result.stdout + result.stderr
        expect(f"exit of {words}", result.returncode, 1)
    # a service waits for them
    service = subprocess.Popen([os.path.join(os.path.dirname(BIN), "vestnik-planner"), "--config", place.config],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=place.environment)
    first = service.stdout.readline()
    service.terminate()
    said["planner"] = first + service.communicate()[0]
    for words, text in said.items():
        if "127.0.0.1" not in text:
            fail(f"{words} does not say who is away: {text}")
        if "correct-horse" in text:
            fail(f"{words} tells the password: {text}")
    with open(place.config, "w", encoding="utf-8") as f:
        f.write("data_dir: data\nzone: Europe/Moscow\n" + GOOD)


def only_librdkafka_knows(place):
    """Names and values of Kafka's properties; the brokers need not be there."""
    for properties, code, says in (("{linger.ms: 5}", 0, "All is well."), ("{no.such.thing: 5}", 1, "no.such.thing"),
                                   ("{linger.ms: many}", 1, "linger.ms"), ("{client.id: x}", 1, "client.id")):
        with open(place.config, "w", encoding="utf-8") as f:
            f.write("data_dir: data\nsources: []\nbus_url: kafka://127.0.0.1:1\n" + f"kafka: {properties}\n" + GOOD)
        result = place.run("check-config")
        expect(f"exit with {properties}", result.returncode, code)
        if says not in result.stdout + result.stderr:
            fail(f"{properties}: got {result.stdout + result.stderr}, want {says}")
    with open(place.config, "w", encoding="utf-8") as f:
        f.write("data_dir: data\nzone: Europe/Moscow\n" + GOOD)


def main():
    with Place("relay: []\ndrain: soon\nlog_level: loud\n") as place:
        result = place.run("check-config", "--json")
        expect("exit", result.returncode, 1)
        for line in (3, 4, 5):
            if f'"line":{line},' not in result.stdout:
                fail(f"line {line} is not named: {result.stdout}")
        if os.path.exists(place.path("data")):
            fail("a wrong file made a store")
        place.refused("check-config", code=1, says="vestnik.yaml:3:1: error: ")
        place.refused("check-config", "--lang", "ru", code=1, says="ошибка")
        place.refused("up", code=2, says="vestnik.yaml:3:1")
    with Place(GOOD) as place:
        with open(place.path("secret"), "w", encoding="utf-8") as f:
            f.write("correct-horse\n")
        os.chmod(place.path("secret"), 0o600)
        for words in (("check-config",), ("check-config", "--json"), ("relay", "list"),
                      ("relay", "list", "--json"), ("status",), ("status", "--json")):
            result = place.run(*words)
            if "correct-horse" in result.stdout + result.stderr:
                fail(f"{words} tells the password")
        if "quota 500/" not in place.ok("check-config"):
            fail(place.ok("check-config"))
        nobody_answers(place)
        only_librdkafka_knows(place)
        page = place.ok("check-config", "--reference")
        for word in ("data_dir", "drain", "envelope"):
            if word not in page:
                fail(f"the reference does not tell of {word}")
        copy = place.path("copy.db")
        place.ok("store", "backup", copy)
        expect("mode", stat.S_IMODE(os.stat(copy).st_mode), 0o600)
        db = sqlite3.connect(copy)
        expect("check", db.execute("PRAGMA integrity_check").fetchone(), ("ok",))
        expect("tables", db.execute("SELECT COUNT(*) FROM delivery").fetchone(), (0,))
        db.close()
        place.refused("store", "backup", copy, code=1, says="exists already")
        expect("folder", stat.S_IMODE(os.stat(place.path("data")).st_mode), 0o700)


main()
