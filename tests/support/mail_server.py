"""A real SMTP server (aiosmtpd) that keeps whole letters, in the test's own process:

    with MailServer() as server:
        bed.relay(server.port)
        server.letters            # [Letter(sender, recipients, message)] in order of arrival
"""
import collections
import email
import email.policy
import threading

from bed import free_port, skip

try:
    from aiosmtpd.controller import Controller
except ImportError:
    skip("the Python module aiosmtpd is missing (tests/support/requirements.txt)")

Letter = collections.namedtuple("Letter", "sender recipients message data")


class MailServer:
    def __init__(self):
        self.letters = []
        self.lock = threading.Lock()
        self.port = free_port()
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)

    def __enter__(self):
        self.controller.start()
        return self

    def __exit__(self, *rest):
        self.controller.stop()

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        with self.lock:
            self.letters.append(Letter(envelope.mail_from, envelope.rcpt_tos, message, envelope.content))
        return "250 2.0.0 Ok"

    def to(self, address):
        with self.lock:
            return [letter for letter in self.letters if address in letter.recipients]
