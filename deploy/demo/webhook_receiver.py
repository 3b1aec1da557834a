#!/usr/bin/python3
"""A webhook receiver for the demo, as short as one can be: it checks the signature
(standardwebhooks.com) and appends each event to a file, one JSON object per line.

    webhook_receiver.py --secret-file FILE --events FILE --port-file FILE [--port N]

The secret may be written after the start. Stop it with SIGTERM."""

import argparse
import base64
import hashlib
import hmac
import os
import signal
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE_S = 300             # of the spec: an older request may be a replay
BODY_MAX_BYTES = 256 * 1024


def signed(secret, ident, timestamp, body, signatures):
    key = base64.b64decode(secret.strip().removeprefix("whsec_"))
    text = f"{ident}.{timestamp}.".encode() + body
    want = "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(want, one) for one in signatures.split())


def now():
    """Of the services: in simulated time they add a number of a file to the clock."""
    offset_ms = 0
    if os.environ.get("VESTNIK_CLOCK"):
        with open(os.environ["VESTNIK_CLOCK"], "rb") as f:
            offset_ms = struct.unpack("=q", f.read(8))[0]
    return time.time() + offset_ms / 1000


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        if length > BODY_MAX_BYTES:
            self.close_connection = True
            return self.answer(413)
        body = self.rfile.read(length)
        ident = self.headers.get("webhook-id", "")
        timestamp = self.headers.get("webhook-timestamp", "0")
        try:
            with open(self.server.secret_file, encoding="ascii") as f:
                secret = f.read()
            good = abs(now() - int(timestamp)) <= TOLERANCE_S and signed(
                secret, ident, timestamp, body, self.headers.get("webhook-signature", ""))
        except (OSError, ValueError):
            good = False
        if not good:
            return self.answer(401)
        with self.server.lock, open(self.server.events, "ab") as f:
            f.write(body.replace(b"\n", b" ") + b"\n")
        return self.answer(204)

    def log_message(self, *ignored):
        pass


def announce(path, port):
    """The port, written whole: who waits for the file must not read half of it."""
    fresh = path + ".new"
    with open(fresh, "w", encoding="ascii") as f:
        f.write(f"{port}\n")
    os.rename(fresh, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--secret-file", required=True)
    parser.add_argument("--events", required=True)
    parser.add_argument("--port-file", required=True)
    parser.add_argument("--port", type=int, default=0, help="0 = any free one")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    server = ThreadingHTTPServer(("127.0.0.1", options.port), Receiver)
    server.secret_file, server.events, server.lock = options.secret_file, options.events, threading.Lock()
    announce(options.port_file, server.server_address[1])
    server.serve_forever()


main()
