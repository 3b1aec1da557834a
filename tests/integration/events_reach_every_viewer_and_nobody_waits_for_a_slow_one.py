"""common/web's server-sent events by real HTTP: what is said arrives in order and whole; who comes back tells
what he has seen; 200 viewers at once; who does not read is dropped and delays nobody; ends when the
sender closes, when the viewer goes, when the server stops."""
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

BIN = os.environ["VESTNIK_BIN"]
PATIENCE_S = 30


def fail(text):
    raise AssertionError(text)


def want(what, got, wanted):
    if got != wanted:
        fail(f"{what}: got {got!r}, want {wanted!r}")


def wait_for(what, condition):
    until = time.monotonic() + PATIENCE_S
    while not (got := condition()):
        if time.monotonic() > until:
            fail(f"waited in vain: {what}")
        time.sleep(0.01)
    return got


def ask(path, method="GET", body=None, source="127.0.0.3"):
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=PATIENCE_S, source_address=(source, 0))
    try:
        connection.request(method, path, body, {"Content-Type": "application/x-www-form-urlencoded"})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def say(data, query=""):
    status, text = ask("/say" + query, "POST", "data=" + data)
    want("say", status, 200)
    return int(text)


def viewers():
    return int(ask("/viewers")[1])


class Viewer:
    """Reads events as a browser does. From an address of the proxy: no limit of connections."""

    def __init__(self, seen=None, buffer=None):
        self.socket = socket.socket()
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(PATIENCE_S)
        self.socket.bind(("127.0.0.2", 0))
        self.socket.connect(("127.0.0.1", PORT))
        head = "GET /listen HTTP/1.1\r\nHost: x\r\n" + (f"Last-Event-ID: {seen}\r\n" if seen else "") + "\r\n"
        self.socket.sendall(head.encode())
        self.file = self.socket.makefile("rb")
        self.response = http.client.HTTPResponse(self.socket)
        self.response.begin()

    def event(self):
        """(id, name, data), or None at the end."""
        found = {"data": []}
        while True:
            line = self.response.readline()
            if not line:
                return None
            line = line.decode().rstrip("\n")
            if line == "" and (found["data"] or "event" in found):
                return found.get("id"), found.get("event"), "\n".join(found["data"])
            name, _, value = line.partition(": ")
            if name == "data":
                found["data"].append(value)
            elif name in ("id", "event"):
                found[name] = value
            elif name not in ("retry", "", ":"):
                fail(f"strange line {line!r}")

    def close(self):
        self.file.close()
        self.response.close()
        self.socket.close()


def what_is_said_arrives_in_order_and_whole():
    viewer = Viewer()
    want("status", viewer.response.status, 200)
    for name, value in (("content-type", "text/event-stream"), ("cache-control", "no-store"),
                        ("x-accel-buffering", "no"), ("x-content-type-options", "nosniff")):
        want(name, viewer.response.getheader(name), value)
    want("hello", viewer.event(), (None, "hello", ""))
    want("reached", say("%D0%BE%D0%B4%D0%B8%D0%BD", "?id=7&event=row"), 1)
    want("the first", viewer.event(), ("7", "row", "один"))
    say("a%0Ab%0D%0Ac%0Dd%0A", "?id=8")
    want("lines", viewer.event(), ("8", None, "a\nb\nc\nd\n"))
    say("x%0Aid: 99%0A%0Adata: forged")
    want("no event within an event", viewer.event(), (None, None, "x\nid: 99\n\ndata: forged"))
    for n in range(300):
        say(str(n), f"?id={n}")
    want("300 in order", [viewer.event() for _ in range(300)], [(str(n), None, str(n)) for n in range(300)])
    viewer.close()
    wait_for("the server sees that he has gone", lambda: viewers() == 0)
    again = Viewer(seen="299")
    want("he tells what he has seen", again.event(), (None, "hello", "299"))
    want("hang up", ask("/hang-up", "POST", "")[0], 200)
    want("the end", again.event(), None)
    again.close()
    silent = Viewer()
    want("hello", silent.event()[1], "hello")
    want("the end of the hello, then signs of life", [silent.response.readline() for _ in range(4)],
         [b":\n", b"\n", b":\n", b"\n"])
    say("still here")
    want("heard after a silence", silent.event()[2], "still here")
    silent.close()
    want("HEAD", ask("/listen", "HEAD")[0], 200)
    wait_for("nobody listens to a HEAD", lambda: viewers() == 0)


def two_hundred_hear_the_same_and_threads_may_speak_at_once():
    crowd = [Viewer() for _ in range(200)]
    heard = [[] for _ in crowd]

    def listen(n):
        want("hello", crowd[n].event()[1], "hello")
        while len(heard[n]) < 200:
            heard[n].append(crowd[n].event()[2])

    listeners = [threading.Thread(target=listen, args=(n,)) for n in range(len(crowd))]
    speakers = [threading.Thread(target=say, args=(name, "?times=50")) for name in "abcd"]
    for thread in listeners + speakers:
        thread.start()
    for thread in listeners + speakers:
        thread.join(PATIENCE_S)
    for n, got in enumerate(heard):
        if sorted(got) != sorted("abcd" * 50):
            fail(f"viewer {n} heard {len(got)} events, {sorted(set(got))}")
    want("viewers", viewers(), 200)
    for viewer in crowd:
        viewer.close()
    wait_for("all are seen to have gone", lambda: viewers() == 0)


def who_does_not_read_is_dropped_and_delays_nobody():
    slow, quick = Viewer(buffer=4096), Viewer()
    want("hello", quick.event()[1], "hello")
    piece, heard = "x" * 10000, 0
    wait_for("the slow one is connected, too", lambda: viewers() == 2)
    for _ in range(400):  # 4 MB: more than both ends of a connection hold
        say(piece)
        want("the quick one hears all", len(quick.event()[2]), len(piece))
        heard += 1
        if viewers() == 1:
            break
    else:
        fail("a viewer that reads nothing holds 4 MB of ours")
    for _ in range(5):
        say("after")
        want("the quick one goes on", quick.event()[2], "after")
    got = 0
    try:
        while piece := slow.socket.recv(65536):
            got += len(piece)
    except OSError:
        pass
    if got > 1_000_000:
        fail(f"{got} bytes waited for a viewer that reads nothing")
    slow.close()
    quick.close()
    wait_for("nobody is left", lambda: viewers() == 0)
    # an event larger than all that may wait
    one = Viewer()
    want("hello", one.event()[1], "hello")
    want("nobody takes it", say("x" * 70000), 0)
    try:
        want("dropped", one.event(), None)
    except (http.client.IncompleteRead, OSError):
        pass
    one.close()


def there_is_room_for_so_many_and_the_next_is_told():
    crowd = [Viewer() for _ in range(500)]
    wait_for("500 listen", lambda: viewers() == 500)
    one = Viewer()
    want("one too many", one.response.status, 503)
    one.close()
    want("a program, too", ask("/api/listen")[0], 503)
    want("pages are served meanwhile", ask("/echo")[0], 200)
    for viewer in crowd:
        viewer.close()
    wait_for("all have gone", lambda: viewers() == 0)


def what_ends_with_the_server(probe):
    """Silent viewers, one that is just being told something, one that reads nothing."""
    crowd = [Viewer() for _ in range(30)]
    stuck = Viewer(buffer=4096)
    wait_for("all listen", lambda: viewers() == 31)
    say("x" * 20000, "?times=2")
    began = time.monotonic()
    counts = json.loads(probe.communicate(timeout=PATIENCE_S)[0])
    want("exit", probe.returncode, 0)
    for viewer in crowd:
        events = []
        try:
            while event := viewer.event():
                events.append(len(event[2]))
        except (http.client.IncompleteRead, OSError) as trouble:
            fail(f"a stream broke off: {trouble!r}")
        want("what was said before is heard", events, [0, 20000, 20000])
        viewer.close()
    stuck.close()
    print(f"stopped in {time.monotonic() - began:.1f} s, {counts['requests']} requests")


with tempfile.TemporaryDirectory() as FOLDER, tempfile.TemporaryFile("w+") as log:
    probe = subprocess.Popen([os.path.join(BIN, "web_probe"), FOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=log, text=True)
    try:
        PORT = int(probe.stdout.readline())
        for test in (what_is_said_arrives_in_order_and_whole, two_hundred_hear_the_same_and_threads_may_speak_at_once,
                     who_does_not_read_is_dropped_and_delays_nobody, there_is_room_for_so_many_and_the_next_is_told):
            began = time.monotonic()
            test()
            print(f"{test.__name__}: {time.monotonic() - began:.1f} s")
        what_ends_with_the_server(probe)
    except BaseException:
        log.seek(0)
        sys.stderr.write("".join(log.readlines()[-30:]))
        raise
    finally:
        probe.kill()
