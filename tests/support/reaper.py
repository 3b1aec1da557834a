"""Leaves nothing behind even when the test is killed: a small process beside it
that holds one end of a pipe. At the end of the pipe it ends what it was told of
and removes the folders. Programs are known by descriptors, not by numbers that
may be somebody else's by then.

    reaper = Reaper()
    reaper.folder("/tmp/…")
    reaper.process(pid)                    # ended with SIGKILL
    reaper.process(pid, signal.SIGQUIT)    # asked first, killed after some seconds
    reaper.close()                         # all is in order: it forgets everything
"""
import os
import select
import shutil
import signal
import subprocess
import sys

PATIENCE_S = 8  # between asking and killing


class Reaper:
    def __init__(self):
        self.process_ = subprocess.Popen(
            [sys.executable, os.path.abspath(__file__)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True, cwd="/")

    def tell(self, *words):
        try:
            self.process_.stdin.write(("\t".join(words) + "\n").encode())
            self.process_.stdin.flush()
        except OSError:
            pass  # it is gone: the test goes on without

    def folder(self, path):
        self.tell("folder", path)

    def process(self, pid, first=signal.SIGKILL):
        self.tell("process", str(pid), str(int(first)))

    def close(self):
        if self.process_.stdin.closed:
            return
        self.tell("forget")
        try:
            self.process_.stdin.close()
        except OSError:
            pass
        self.process_.wait()


def send(fd, number):
    try:
        signal.pidfd_send_signal(fd, number)
    except OSError:
        pass


def main():
    processes, folders = [], []
    for line in sys.stdin:
        word, *rest = line.rstrip("\n").split("\t")
        if word == "forget":
            return
        if word == "folder":
            folders.append(rest[0])
        elif word == "process":
            try:
                processes.append((os.pidfd_open(int(rest[0])), int(rest[1])))
            except OSError:
                pass  # has ended already
    for fd, first in reversed(processes):
        send(fd, first)
    for fd, _ in processes:
        select.select([fd], [], [], PATIENCE_S)
        send(fd, signal.SIGKILL)
    for fd, _ in processes:
        select.select([fd], [], [], PATIENCE_S)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # Ctrl-C is for the test; this one ends last
    main()
