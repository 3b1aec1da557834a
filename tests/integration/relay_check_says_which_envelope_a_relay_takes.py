"""vestnik relay check: two real letters, one with each form of envelope sender; it says
what the relay took and offered, and fails when the settings' form is not taken."""

import json
import os
import socketserver
import sys
import threading

sys.path.insert(0, os.path.join(os.environ["VESTNIK_SOURCE"], "tests", "support"))
from vestnik_cli import Place, expect, fail  # noqa: E402


class Peer(socketserver.StreamRequestHandler):
    """An SMTP server that may refuse senders with a plus."""

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        self.say("220 relay.test ready")
        for line in self.rfile:
            command = line.strip().decode()
            verb = command.split(" ")[0].split(":")[0].upper()
            if verb == "EHLO":
                self.say("250-relay.test\r\n250-SIZE 10485760\r\n250-DSN\r\n250 8BITMIME")
            elif verb == "MAIL":
                if self.server.refuse_plus and "+" in command:
                    self.say("553 5.7.1 sender not yours")
                else:
                    self.server.senders.append(command)
                    self.say("250 2.1.0 ok")
            elif verb == "DATA":
                self.say("354 go")
                letter = b""
                while not letter.endswith(b"\r\n.\r\n"):
                    letter += self.rfile.readline()
                self.server.letters.append(letter.decode())
                self.say("250 2.0.0 queued")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")


def serve(refuse_plus):
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Peer)
    server.refuse_plus, server.senders, server.letters = refuse_plus, [], []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def settings(port, envelope, transport):
    return f"""
sender: {{name: Отдел, address: outreach@ministry.example.org}}
relays:
  - {{name: main, host: 127.0.0.1, port: {port}, security: none, envelope: {envelope},
     transport: {transport}, envelope_sender: bounces@ministry.example.org}}
"""


def main():
    for transport in ("libesmtp", "libcurl"):
        with serve(False) as server, Place(settings(server.server_address[1], "verp", transport)) as place:
            got = place.objects("relay", "check", "main", "--to", "me@ministry.example.org")[0]
            expect("ok", (got["ok"], got["envelope"]["verp"]["verdict"], got["envelope"]["fixed"]["verdict"]),
                   (True, "accepted", "accepted"))
            expect("offers", (got["size"], got["dsn"], got["starttls"], got["auth"]),
                   (10485760, True, False, False))
            expect("letters", len(server.letters), 2)
            if "bounces+" not in server.senders[0] or "<bounces@" not in server.senders[1]:
                fail(f"senders {server.senders}")
            for letter in server.letters:
                if "To: <me@ministry.example.org>" not in letter or "Subject: Vestnik relay check" not in letter:
                    fail(f"letter {letter}")
        with serve(True) as server, Place(settings(server.server_address[1], "verp", transport)) as place:
            result = place.run("relay", "check", "main", "--json")
            got = json.loads(result.stdout)
            expect("refused", (result.returncode, got["ok"], got["envelope"]["verp"]["code"]), (1, False, 553))
            expect("fixed", got["envelope"]["fixed"]["verdict"], "accepted")
            text = place.run("relay", "check", "main").stdout
            if "write `envelope: fixed`" not in text:
                fail(f"no advice in {text}")
        with serve(True) as server, Place(settings(server.server_address[1], "fixed", transport)) as place:
            expect("fixed is what we use", place.run("relay", "check", "main").returncode, 0)
        print("ok", transport)
    with Place(settings(1, "verp", "libesmtp")) as place:
        result = place.run("relay", "check", "main")
        expect("nobody there", result.returncode, 1)
        place.refused("relay", "check", "other", code=1, says="there is no relay «other»")
        expect("list", [r["relay"] for r in place.objects("relay", "list")], ["main"])


main()
