"""Ports for servers that may be killed and come back on the same one: below the
range from which the kernel takes ports for outgoing connections."""
import random
import socket

LEAST, MOST = 15000, 32000
taken = set()


def server_port():
    while True:
        port = random.randint(LEAST, MOST)
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in taken:
            taken.add(port)
            return port
