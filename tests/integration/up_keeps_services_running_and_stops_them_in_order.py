"""vestnik up: starts every service program beside it, restarts what dies without
touching the others, refuses to run twice, stops in order, leaves nothing behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

BIN = os.path.join(os.environ["VESTNIK_BIN"], "vestnik")
FAKE = os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support", "fake_service.py")
SERVICES = ["planner", "mailer", "ledger", "notifier"]
PATIENCE_S = 60


def fail(text):
    raise AssertionError(text)


def wait_for(what, condition):
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    fail(f"waited {PATIENCE_S} s for: {what}")


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


class House:
    """A folder with vestnik and stand-ins for its services."""

    def __init__(self, services=SERVICES):
        self.folder = tempfile.mkdtemp(prefix="vestnik-up-")
        self.program = os.path.join(self.folder, "bin", "vestnik")
        os.mkdir(os.path.join(self.folder, "bin"))
        shutil.copy(BIN, self.program)
        for name in services:
            shutil.copy(FAKE, os.path.join(self.folder, "bin", "vestnik-" + name))
        self.config = os.path.join(self.folder, "vestnik.yaml")
        with open(self.config, "w", encoding="utf-8") as f:
            f.write("data_dir: data/deep\ndrain: 1s\n")
        self.data = os.path.join(self.folder, "data", "deep")
        self.environment = dict(os.environ, FAKE_DIR=self.folder, LC_ALL="C.UTF-8")
        self.running = []

    def mode(self, service, mode):
        with open(os.path.join(self.folder, service + ".mode"), "w", encoding="utf-8") as f:
            f.write(mode)

    def command(self, *words):
        return [self.program, "--config", self.config, *words]

    def run(self, *words):
        return subprocess.run(self.command(*words), env=self.environment, capture_output=True,
                              text=True, timeout=PATIENCE_S)

    def up(self):
        process = subprocess.Popen(self.command("up"), env=self.environment, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.running.append(process)
        line = process.stdout.readline()
        if "is up" not in line:
            fail(f"up said «{line}», then {process.stderr.read()}")
        return process

    def events(self, kind=None):
        try:
            with open(os.path.join(self.folder, "events"), encoding="utf-8") as f:
                rows = [line.split() for line in f]
        except FileNotFoundError:
            return []
        return [r for r in rows if kind is None or r[0] == kind]

    def pid(self, service):
        return int([r for r in self.events("start") if r[1] == service][-1][2])

    def state(self):
        with open(os.path.join(self.data, "run", "services.json"), encoding="utf-8") as f:
            state = json.load(f)
        return state, {s["service"]: s for s in state["services"]}

    def close(self):
        self.run("down")
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.communicate()
        shutil.rmtree(self.folder)


def status_says(house, code, supervisor, services):
    result = house.run("status", "--json")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    got = ([r["state"] for r in rows if r["kind"] == "supervisor"],
           {r["service"]: r["state"] for r in rows if r["kind"] == "service"})
    if result.returncode != code or got != ([supervisor], services):
        fail(f"status: exit {result.returncode}, {got}, want {code}, {supervisor}, {services}")


def starts_and_stops_in_order(house):
    status_says(house, 1, "not-running", {})
    process = house.up()
    order = sorted((int(r[2]), r[1]) for r in house.events("start"))
    if sorted(name for _, name in order) != sorted(SERVICES):
        fail(f"started {order}, want {SERVICES}")
    for folder in (house.data, os.path.join(house.data, "run"), os.path.join(house.data, "log")):
        mode = os.stat(folder).st_mode & 0o777
        if mode != 0o700:
            fail(f"{folder}: mode {mode:o}, want 700")
    state, services = house.state()
    if state["state"] != "running" or state["pid"] != process.pid:
        fail(f"services.json: {state}")
    for name in SERVICES:
        if services[name]["state"] != "ready" or services[name]["pid"] != house.pid(name):
            fail(f"services.json: {services[name]}")
    status_says(house, 0, "running", {name: "ready" for name in SERVICES})
    again = house.run("up")
    if again.returncode != 1 or str(process.pid) not in again.stderr:
        fail(f"a second up: exit {again.returncode}, said {again.stderr}")
    down = house.run("down")
    if down.returncode != 0 or process.wait(PATIENCE_S) != 0:
        fail(f"down: {down}, up ended with {process.returncode}")
    # each was asked only after the one before had gone
    want = [(kind, name) for name in SERVICES for kind in ("asked", "stop")]
    got = [(r[0], r[1]) for r in house.events() if r[0] != "start"]
    if got != want:
        fail(f"stopped as {got}, want {want}")
    status_says(house, 1, "not-running", {})
    down = house.run("down", "--json")
    if down.returncode != 0 or json.loads(down.stdout) != {"state": "not-running"}:
        fail(f"down twice: {down}")


def restarts_what_dies_and_leaves_the_others(house):
    house.up()
    before = {name: house.pid(name) for name in SERVICES}
    for round_number in (1, 2, 3):
        victim = house.pid("mailer")
        os.kill(victim, signal.SIGKILL)
        wait_for("mailer again", lambda: house.pid("mailer") != victim and
                 house.state()[1]["mailer"]["state"] == "ready")
        mailer = house.state()[1]["mailer"]
        if mailer["restarts"] != round_number or mailer["last_exit"] != "signal 9":
            fail(f"after kill {round_number}: {mailer}")
    for name in SERVICES:
        if name != "mailer" and house.pid(name) != before[name]:
            fail(f"{name} was restarted, too")


def wrong_settings_end_it_with_2(house):
    house.mode("ledger", "wrong-settings")
    result = house.run("up")
    if result.returncode != 2 or "unknown key «relay»" not in result.stderr:
        fail(f"exit {result.returncode}, want 2; said {result.stderr}")
    if len([r for r in house.events("start") if r[1] == "ledger"]) != 1:
        fail("wrong settings were tried again")
    if any(alive(int(r[2])) for r in house.events("start")):
        fail("services were left running")
    result = house.run("up", "--detach")
    if result.returncode == 0 or "unknown key «relay»" not in result.stderr:
        fail(f"detached: exit {result.returncode}; said {result.stderr}")


def a_service_that_only_crashes_ends_it_with_1(house):
    house.mode("notifier", "crash")
    result = house.run("up")
    if result.returncode != 1 or "the store is on fire" not in result.stderr:
        fail(f"exit {result.returncode}, want 1; said {result.stderr}")
    starts = len([r for r in house.events("start") if r[1] == "notifier"])
    if starts != 5:
        fail(f"tried {starts} times, want 5")


def later_wrong_settings_leave_the_others(house):
    house.up()
    house.mode("planner", "wrong-settings")
    os.kill(house.pid("planner"), signal.SIGKILL)
    wait_for("planner given up", lambda: house.state()[1]["planner"]["state"] == "given-up")
    for name in SERVICES[1:]:
        if house.state()[1][name]["state"] != "ready":
            fail(f"{name}: {house.state()[1][name]}")
    status_says(house, 1, "running",
                {name: "given-up" if name == "planner" else "ready" for name in SERVICES})


def a_killed_supervisor_leaves_no_orphans(house):
    process = house.up()
    process.kill()
    process.wait()
    wait_for("services gone", lambda: not any(alive(house.pid(n)) for n in SERVICES))
    house.up()  # its lock died with it


def an_unwilling_service_is_killed(house):
    house.mode("mailer", "stubborn")
    process = house.up()
    mailer = house.pid("mailer")
    process.terminate()
    if process.wait(PATIENCE_S) != 0 or alive(mailer):
        fail(f"up ended with {process.returncode}, mailer alive: {alive(mailer)}")
    got = [r[1] for r in house.events("stop")]
    if got != ["planner", "ledger", "notifier"]:
        fail(f"stopped {got}")


def detached_it_logs_to_a_file(house):
    house.mode("ledger", "noisy")
    result = house.run("up", "--detach")
    log = os.path.join(house.data, "log", "vestnik.log")
    if result.returncode != 0 or log not in result.stdout:
        fail(f"up --detach: {result}")
    text = wait_for("noise in the log", lambda: (lambda t: t if "n=999" in t else None)(
        open(log, encoding="utf-8").read()))
    lines = text.splitlines()
    ticks = [line for line in lines if " ledger tick n=" in line]
    if [int(line.rsplit("=", 1)[1]) for line in ticks] != list(range(1000)):
        fail(f"{len(ticks)} log lines came through, want 1000 in order")
    for line in lines:
        if line[4] != "-" or line[10] != "T":
            fail(f"not a log line: {line[:200]}")
    if not any("a line without a time" in line and "service=ledger" in line for line in lines):
        fail("output that is no log line got lost")
    os.rename(log, log + ".1")
    state, _ = house.state()
    os.kill(state["pid"], signal.SIGHUP)
    wait_for("a new log file", lambda: os.path.exists(log) and "log_reopened" in open(log).read())
    down = house.run("down")
    if down.returncode != 0 or alive(state["pid"]):
        fail(f"down: {down}")


def main():
    for test in (starts_and_stops_in_order, restarts_what_dies_and_leaves_the_others,
                 wrong_settings_end_it_with_2, a_service_that_only_crashes_ends_it_with_1,
                 later_wrong_settings_leave_the_others, a_killed_supervisor_leaves_no_orphans,
                 an_unwilling_service_is_killed, detached_it_logs_to_a_file):
        house = House()
        try:
            test(house)
            print("ok", test.__name__)
        except AssertionError as problem:
            print("FAILED", test.__name__, problem)
            sys.exit(1)
        finally:
            house.close()
    house = House(services=[])
    result = house.run("up")
    house.close()
    if result.returncode != 1 or "no service programs" not in result.stderr:
        sys.exit(f"up without services: {result}")


main()
