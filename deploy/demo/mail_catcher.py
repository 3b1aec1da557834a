#!/usr/bin/python3
"""A real SMTP server (aiosmtpd) for the demo: every letter becomes a file of a Maildir.

    mail_catcher.py --maildir DIR --port-file FILE [--port N]

Nothing leaves this machine. The envelope is kept in X-MailFrom and X-RcptTo.
Stop it with SIGTERM."""

import argparse
import os
import signal
import socket
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Mailbox

LETTER_MAX_BYTES = 30 * 1024 * 1024


def announce(path, port):
    """The port, written whole: who waits for the file must not read half of it."""
    fresh = path + ".new"
    with open(fresh, "w", encoding="ascii") as f:
        f.write(f"{port}\n")
    os.rename(fresh, path)


def free_port():
    """aiosmtpd checks itself by connecting to the port it was given: 0 will not do."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--maildir", required=True)
    parser.add_argument("--port-file", required=True)
    parser.add_argument("--port", type=int, default=0, help="0 = any free one")
    options = parser.parse_args()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    port = options.port or free_port()
    server = Controller(Mailbox(options.maildir), hostname="127.0.0.1", port=port,
                        data_size_limit=LETTER_MAX_BYTES, enable_SMTPUTF8=False,
                        server_hostname="mail.demo.test")
    try:
        server.start()
    except OSError as problem:
        sys.exit(f"mail_catcher: {problem}")
    announce(options.port_file, port)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    server.stop()


main()
