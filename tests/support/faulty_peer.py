"""A scripted SMTP peer that can go wrong at any point of the dialogue.

It records every body it took, with its recipients, as it took it (dots
unstuffed), so that a test can compare byte by byte. Faults fire at the n-th
time a point is reached, counted over all connections; then the peer behaves.

Points:  greeting EHLO HELO STARTTLS handshake AUTH MAIL RCPT DATA body end RSET QUIT
Faults:  a reply ("450 4.2.0 busy"; lines joined by "|" make a long reply),
         and the words of FAULTS below.
"""

import base64
import select
import socket
import ssl
import threading

OVERLONG = 5000     # bytes of one reply line; clients give up long before
STALL_SECONDS = 30  # the client's limit fires first; else the thread must end


class Gone(Exception):
    """The connection is over."""


class Fault:
    def __init__(self, at, do, nth=1, close=False):
        self.at, self.do, self.nth, self.close = at, do, nth, close


class Taken:
    """One letter the peer answered 2xx for (or meant to)."""

    def __init__(self, sender, rcpts, body, answered):
        self.sender, self.rcpts, self.body, self.answered = sender, rcpts, body, answered


class Peer:
    """extensions: EHLO keywords. writing: whole | bytes | late (replies of
    pipelined commands in one segment). data_for_nobody: reply to DATA without
    recipients. users: {name: password}; auth_needed: 530 at MAIL without AUTH."""

    def __init__(self, extensions=(), faults=(), writing="whole", tls=None, implicit=False,
                 users=None, auth_needed=False, data_for_nobody="554 5.5.1 no valid recipients",
                 extensions_after_tls=None, receive_buffer=None, read_limit=None,
                 size_text=None):
        self.extensions, self.faults, self.writing = list(extensions), list(faults), writing
        self.extensions_after_tls = extensions_after_tls
        self.tls, self.implicit, self.users, self.auth_needed = tls, implicit, users or {}, auth_needed
        self.data_for_nobody, self.read_limit = data_for_nobody, read_limit
        self.taken, self.dialogues, self.trouble, self.server_names = [], [], [], []
        self.counts, self.lock, self.fired = {}, threading.Lock(), []
        self.listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if receive_buffer:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(64)
        self.port = self.listener.getsockname()[1]
        self.threads, self.open = [], True
        self.acceptor = threading.Thread(target=self.accept, daemon=True)
        self.acceptor.start()

    def accept(self):
        while self.open:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(target=self.serve, args=(sock,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def serve(self, sock):
        dialogue = Dialogue(self, sock)
        self.dialogues.append(dialogue)
        try:
            dialogue.run()
        except (Gone, OSError, ValueError):
            pass
        finally:
            try:
                dialogue.sock.close()
            except OSError:
                pass

    def close(self):
        self.open = False
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.acceptor.join(2)
        for dialogue in list(self.dialogues):
            try:
                dialogue.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self.threads:
            thread.join(2)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def fault_at(self, point):
        with self.lock:
            self.counts[point] = self.counts.get(point, 0) + 1
            for fault in self.faults:
                if fault.at == point and fault.nth in (0, self.counts[point]):
                    self.fired.append(point)
                    return fault
        return None

    def commands(self):
        """All command lines seen, connection by connection."""
        return [line for d in self.dialogues for line in d.commands]


class Dialogue:
    def __init__(self, peer, sock):
        self.peer, self.sock, self.buffer, self.held = peer, sock, b"", b""
        self.commands, self.secure, self.user = [], False, None
        self.forget()

    def forget(self):
        self.sender, self.rcpts = None, []

    # -- bytes --

    def send(self, data):
        if self.peer.writing == "bytes":
            for i in range(len(data)):
                self.sock.sendall(data[i:i + 1])
        else:
            self.sock.sendall(data)

    def reply(self, text):
        first, *rest = text.split("|")
        code, lines = first[:3], [first[4:]] + rest
        out = "".join(code + ("-" if i + 1 < len(lines) else " ") + line + "\r\n"
                      for i, line in enumerate(lines))
        self.held += out.encode()
        # Late: as long as more commands lie here already, their replies go together.
        if self.peer.writing == "late" and b"\n" in self.buffer:
            return
        self.flush()

    def flush(self):
        held, self.held = self.held, b""
        if held:
            self.send(held)

    def fill(self):
        data = self.sock.recv(self.peer.read_limit or 65536)
        if not data:
            raise Gone()
        self.buffer += data

    def line(self):
        while b"\n" not in self.buffer:
            self.flush()
            self.fill()
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.rstrip(b"\r")

    def stall(self):
        """Says nothing more until the client goes away."""
        self.flush()
        self.sock.settimeout(STALL_SECONDS)
        while True:
            if not self.sock.recv(65536):
                raise Gone()

    def stop_reading(self):
        self.flush()
        poller = select.poll()
        poller.register(self.sock, select.POLLRDHUP | select.POLLHUP | select.POLLERR)
        poller.poll(STALL_SECONDS * 1000)
        raise Gone()

    def drop(self):
        raise Gone()

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.sock.close()
        raise Gone()

    def go_wrong(self, fault, good):
        """True when the point counts as passed well all the same."""
        do = fault.do
        self.flush()
        if do == "stall":
            self.stall()
        elif do == "stop-reading":
            self.stop_reading()
        elif do == "drop":
            self.drop()
        elif do == "reset":
            self.reset()
        elif do == "garbage":
            self.send(b"\x16\x03\x01 what? \xff\xfe\r\n")
        elif do == "half":
            self.send(good[:5].encode())
            self.drop()
        elif do == "half-refusal":
            self.send(b"550-5.1.1 not th")
            self.drop()
        elif do == "half-long":
            self.send((good[:3] + "-first line\r\n" + good[:3] + "-sec").encode())
            self.drop()
        elif do == "overlong":
            self.send((good + " " + "x" * OVERLONG + "\r\n").encode())
        elif do == "multiline":
            self.send((good[:3] + "-2.0.0 one\r\n" + good[:3] + "-two\r\n" + good[:3] +
                       " 2.0.0 three\r\n").encode())
            return True
        elif do == "endless":
            self.send(b"".join((good[:3] + "-line %d %s\r\n" % (i, "y" * 70)).encode()
                               for i in range(70)) + (good + "\r\n").encode())
            return True
        elif do == "bare":
            self.send(good[:3].encode() + b"\r\n")
            return True
        elif do == "nul":
            self.send(good.encode() + b"\0hidden\r\n")
        elif do == "twice":
            self.send((good + "\r\n" + good + "\r\n").encode())
            return True
        elif do == "other-code":
            self.send((good[:3] + "-one\r\n451 two\r\n").encode())
        elif do == "drip":
            for byte in (good + "\r\n").encode() * 1000:
                self.send(bytes([byte]))
                if select.select([self.sock], [], [], 0.1)[0] and not self.sock.recv(65536):
                    self.drop()
                if byte == 10:
                    break
        else:
            self.reply(do)
            self.flush()
        if fault.close or do.startswith("421"):
            self.drop()
        return False

    def answer(self, point, good):
        fault = self.peer.fault_at(point)
        if fault is not None:
            return self.go_wrong(fault, good)
        self.reply(good)
        return good[0] in "23"

    # -- the dialogue --

    def run(self):
        if self.peer.implicit:
            self.start_tls()
        self.answer("greeting", "220 peer.example.org ESMTP")
        while True:
            line = self.line()
            word = line.split(b" ")[0].upper().decode("latin-1")
            self.commands.append(line.decode("latin-1"))
            handler = getattr(self, "do_" + word, None)
            if handler is None:
                self.peer.trouble.append("unexpected command %r" % line)
                self.reply("500 5.5.2 unknown command")
            else:
                handler(line)

    def do_EHLO(self, _):
        extensions = self.peer.extensions
        if self.secure and self.peer.extensions_after_tls is not None:
            extensions = self.peer.extensions_after_tls
        elif self.secure:
            extensions = [e for e in extensions if e != "STARTTLS"]
        self.answer("EHLO", "|".join(["250 peer.example.org"] + list(extensions)))

    def do_HELO(self, _):
        self.answer("HELO", "250 peer.example.org")

    def start_tls(self):
        fault = self.peer.fault_at("handshake")
        if fault is not None:
            if fault.do == "stall":
                self.stall()
            self.go_wrong(fault, "220 x")
        names = self.peer.server_names

        def note(_sock, name, _context):
            names.append(name)
        self.peer.tls.sni_callback = note
        self.sock = self.peer.tls.wrap_socket(self.sock, server_side=True)
        self.secure = True

    def do_STARTTLS(self, _):
        fault = self.peer.fault_at("STARTTLS")
        if fault is not None and fault.do == "inject":
            self.send(b"220 go on\r\n250-injected\r\n250 AUTH PLAIN\r\n")
        elif fault is not None:
            if not self.go_wrong(fault, "220 2.0.0 go on"):
                return
        else:
            self.reply("220 2.0.0 go on")
            self.flush()
        if self.buffer:
            self.peer.trouble.append("bytes before TLS: %r" % self.buffer)
        self.start_tls()

    def do_AUTH(self, line):
        self.commands[-1] = "AUTH ..."
        words = line.split(b" ")
        mechanism = words[1].upper()
        fault = self.peer.fault_at("AUTH")
        if fault is not None:
            self.go_wrong(fault, "235 2.7.0 welcome")
            return
        if mechanism == b"PLAIN":
            if len(words) < 3:
                self.reply("334 ")
                self.flush()
                words.append(self.line())
            _, user, password = base64.b64decode(words[2]).split(b"\0")
        elif mechanism == b"LOGIN":
            if len(words) < 3:
                self.reply("334 VXNlcm5hbWU6")
                words.append(self.line())
            user = base64.b64decode(words[2])
            self.reply("334 UGFzc3dvcmQ6")
            password = base64.b64decode(self.line())
        else:
            self.reply("504 5.5.4 unknown mechanism")
            return
        if self.peer.users.get(user.decode()) == password.decode():
            self.user = user.decode()
            self.reply("235 2.7.0 welcome")
        else:
            self.reply("535 5.7.8 bad credentials")

    def do_MAIL(self, line):
        if self.peer.auth_needed and self.user is None:
            self.peer.trouble.append("MAIL without AUTH")
            self.reply("530 5.7.0 authenticate first")
            return
        if self.sender is not None:
            self.peer.trouble.append("MAIL inside a transaction")
        if self.answer("MAIL", "250 2.1.0 ok"):
            self.sender, self.rcpts = line, []

    def do_RCPT(self, line):
        if self.sender is None:
            self.reply("503 5.5.1 MAIL first")
            return
        if self.answer("RCPT", "250 2.1.5 ok"):
            self.rcpts.append(line[line.index(b"<") + 1:line.index(b">")].decode("latin-1"))

    def do_DATA(self, _):
        if not self.rcpts:
            if self.sender is None:
                self.reply("503 5.5.1 MAIL first")
                return
            self.reply(self.peer.data_for_nobody)
            if self.peer.data_for_nobody.startswith("354"):
                self.flush()
                if self.body() != b"":
                    self.peer.trouble.append("a body for nobody")
                self.reply("554 5.5.1 no valid recipients")
                self.forget()
            return
        if not self.answer("DATA", "354 go on"):
            return
        self.flush()
        fault = self.peer.fault_at("body")
        if fault is not None and fault.do != "slow":
            if fault.do == "stop-reading":
                self.stop_reading()
            self.line()
            self.go_wrong(fault, "250 2.0.0 early")
            if fault.close:
                self.drop()
        body = self.body()
        sender, rcpts = self.sender, self.rcpts
        self.forget()
        if fault is not None and fault.do != "slow":
            return  # what it had to say it has said
        fault = self.peer.fault_at("end")
        took = fault is None or fault.do in (
            "drop", "half", "half-long", "stall", "drip", "multiline", "bare", "endless", "twice",
            "overlong", "garbage", "nul", "reset")
        if took:
            self.peer.taken.append(Taken(sender, rcpts, body, fault is None))
        if fault is None:
            self.reply("250 2.0.0 taken")
        else:
            self.go_wrong(fault, "250 2.0.0 taken")

    def body(self):
        out = []
        while True:
            # In blocks: a body of megabytes line by line would take Python minutes.
            whole = self.buffer.find(b"\r\n.\r\n")
            if self.buffer.startswith(b".\r\n"):
                self.buffer = self.buffer[3:]
                break
            if whole >= 0:
                out.append(self.buffer[:whole + 2])
                self.buffer = self.buffer[whole + 5:]
                break
            cut = self.buffer.rfind(b"\r\n", 0, len(self.buffer) - 4)
            if cut > 65536:
                out.append(self.buffer[:cut + 2])
                self.buffer = self.buffer[cut + 2:]
            self.fill()
        stuffed = b"".join(out)
        if b"\r" in stuffed.replace(b"\r\n", b"") or b"\n" in stuffed.replace(b"\r\n", b""):
            self.peer.trouble.append("a bare CR or LF")
        lines = stuffed.split(b"\r\n")
        for line in lines:
            if line == b".":
                self.peer.trouble.append("a lone dot inside a body")
        return b"\r\n".join(line[1:] if line.startswith(b".") else line for line in lines)

    def do_RSET(self, _):
        self.forget()
        self.answer("RSET", "250 2.0.0 reset")

    def do_NOOP(self, _):
        self.reply("250 2.0.0 ok")

    def do_BDAT(self, line):
        self.peer.trouble.append("BDAT was used: %r" % line)
        self.drop()

    def do_QUIT(self, _):
        self.answer("QUIT", "221 2.0.0 bye")
        self.flush()
        self.drop()
