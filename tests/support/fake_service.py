#!/usr/bin/env python3
"""Stands in for a service program under the supervisor. What it does is written
in $FAKE_DIR/<service>.mode: ready, wrong-settings, crash, stubborn, noisy."""

import os
import signal
import socket
import sys
import time

NAME = os.path.basename(sys.argv[0]).removeprefix("vestnik-")
FOLDER = os.environ["FAKE_DIR"]


def event(text):
    with open(os.path.join(FOLDER, "events"), "a", encoding="utf-8") as f:
        f.write(f"{text} {NAME} {os.getpid()}\n")


def mode():
    try:
        with open(os.path.join(FOLDER, NAME + ".mode"), encoding="utf-8") as f:
            return f.read().strip()
    except FileNotFoundError:
        return "ready"


def notify(text):
    address = os.environ["NOTIFY_SOCKET"]
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.sendto(text.encode(), address)


def main():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    event("start")
    how = mode()
    if how == "wrong-settings":
        print("vestnik.yaml:3:1: error: unknown key «relay»", file=sys.stderr, flush=True)
        sys.exit(2)
    if how == "crash":
        print("the store is on fire", file=sys.stderr, flush=True)
        sys.exit(1)
    if how == "noisy":
        print("a line without a time", flush=True)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        for i in range(1000):
            print(f"{stamp} info  {NAME} tick n={i}", file=sys.stderr)
        sys.stderr.write("x" * 10000 + "\n")
        sys.stderr.flush()
    notify("READY=1")
    signal.sigwait({signal.SIGTERM})
    event("asked")
    if how == "stubborn":
        while True:
            time.sleep(60)
    event("stop")


main()
