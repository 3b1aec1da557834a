"""A folder with settings and a store for tests of the commands."""

import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import time

BIN = os.path.join(os.environ["VESTNIK_BIN"], "vestnik")
BUS_PUT = os.path.join(os.environ["VESTNIK_BIN"], "bus_put")
PATIENCE_S = 60


def fail(text):
    raise AssertionError(text)


def expect(what, got, want):
    if got != want:
        fail(f"{what}: got {got!r}, want {want!r}")


def wait_for(what, condition):
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    fail(f"waited {PATIENCE_S} s for: {what}")


class Place:
    def __init__(self, settings=""):
        self.folder = tempfile.mkdtemp(prefix="vestnik-cli-")
        self.config = os.path.join(self.folder, "vestnik.yaml")
        with open(self.config, "w", encoding="utf-8") as f:
            f.write("data_dir: data\nzone: Europe/Moscow\n" + settings)
        self.store = os.path.join(self.folder, "data", "vestnik.db")
        self.environment = dict(os.environ, LC_ALL="C.UTF-8")

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        shutil.rmtree(self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, *words, text=None):
        return subprocess.run([BIN, "--config", self.config, *words], env=self.environment,
                              input=text, capture_output=True, text=True, timeout=PATIENCE_S)

    def ok(self, *words, text=None):
        result = self.run(*words, text=text)
        if result.returncode != 0:
            fail(f"{words}: exit {result.returncode}: {result.stderr}")
        return result.stdout

    def objects(self, *words, text=None):
        return [json.loads(line) for line in self.ok(*words, "--json", text=text).splitlines()]

    def refused(self, *words, code, says, text=None):
        result = self.run(*words, text=text)
        if result.returncode != code or says not in result.stderr:
            fail(f"{words}: got exit {result.returncode} and «{result.stderr}», "
                 f"want {code} and «{says}»")

    def publish(self, topic, kind, ident, data, *dead):
        subprocess.run([BUS_PUT, "sqlite:" + self.store, topic, kind, ident, data, *dead],
                       check=True, timeout=PATIENCE_S)

    def sql(self, *statements):
        """Runs (text, parameters) in one transaction; checkpoints are not ours to make."""
        db = sqlite3.connect(self.store, timeout=30)
        db.execute("PRAGMA wal_autocheckpoint = 0")
        with db:
            for text, rows in statements:
                db.executemany(text, rows)
        db.close()
