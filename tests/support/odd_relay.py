"""A small SMTP server for tests of the mailer: says what the test tells it to.

    with OddRelay(mail=lambda sender: "550 5.7.1 not you") as relay: bed.relay(relay.port)
"""
import re
import socketserver
import threading


class OddRelay:
    def __init__(self, mail=None, rcpt=None, data=None):
        """Each is called with the address (data: with the recipient) and gives a
        reply, or None for 250. The reply "CLOSE" cuts the connection."""
        self.taken, self.letters, self.lock = [], [], threading.Lock()
        outer = self

        class Session(socketserver.StreamRequestHandler):
            def say(self, line):
                if line == "CLOSE":
                    raise ConnectionError
                self.wfile.write(line.encode() + b"\r\n")

            def handle(self):
                try:
                    self.talk()
                except OSError:
                    pass

            def talk(self):
                self.say("220 odd.test ESMTP")
                recipient = sender = ""
                while line := self.rfile.readline():
                    verb = line[:4].upper()
                    address = (re.search(rb"<([^>]*)>", line) or [b"", b""])[1].decode()
                    if verb == b"EHLO":
                        self.say("250-odd.test")
                        self.say("250 PIPELINING")
                    elif verb == b"MAIL":
                        sender = address
                        self.say((mail and mail(sender)) or "250 2.1.0 fine")
                    elif verb == b"RCPT":
                        answer = (rcpt and rcpt(address)) or "250 2.1.5 fine"
                        recipient = address if answer.startswith("250") else ""
                        self.say(answer)
                    elif verb == b"DATA" and not recipient:
                        self.say("554 5.5.1 no valid recipients")  # pipelined behind a refused RCPT
                    elif verb == b"DATA":
                        self.say("354 go on")
                        lines = []
                        while (line := self.rfile.readline()) not in (b".\r\n", b""):
                            lines.append(line)
                        answer = (data and data(recipient)) or "250 2.0.0 taken"
                        if answer.startswith("250"):
                            with outer.lock:
                                outer.taken.append((sender, recipient))
                                outer.letters.append(b"".join(lines))
                        self.say(answer)
                    elif verb == b"QUIT":
                        self.say("221 bye")
                        return
                    else:
                        self.say("250 fine")

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Session)
        self.port = self.server.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *rest):
        self.server.shutdown()
        self.server.server_close()
