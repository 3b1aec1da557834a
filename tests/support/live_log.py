"""Viewers of the console's live delivery log.

    live = Live(bed, admin, stream_of(admin.get("/log")))
    live.rows()       # the ids of the lines that were given to him, in order: "l<key>-<attempt>-<state>"
    live.events       # [(event, data)]
    history(bed)      # the ids of the lines that the store knows
"""
import http.client
import re
import threading

from console_bed import want, want_in

ROW = re.compile(r'<tr id="(l\d+-\d+-\d+)"')


class Live:
    """An event stream, read until it is closed."""

    def __init__(self, bed, visitor, url, last_id=None):
        self.events, self.ended, self.last_id = [], False, last_id
        headers = {**visitor.headers, "Cookie": "; ".join(f"{k}={v}" for k, v in visitor.cookies.items())}
        if last_id:
            headers["Last-Event-ID"] = last_id
        self.connection = http.client.HTTPConnection("127.0.0.1", bed.port, timeout=60)
        self.connection.request("GET", url, headers=headers)
        self.response = self.connection.getresponse()
        want("the stream's status", self.response.status, 200)
        want_in("its type", "text/event-stream", self.response.headers["Content-Type"])
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        event = {}
        try:
            for raw in self.response:
                line = raw.decode().rstrip("\r\n")
                if line == "":
                    if "data" in event:
                        if "id" in event:
                            self.last_id = event["id"]
                        self.events.append((event.get("event", "message"), event["data"]))
                    event = {}
                elif not line.startswith(":"):
                    name, _, value = line.partition(": ")
                    event[name] = event["data"] + "\n" + value if name == "data" and "data" in event else value
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            pass
        self.ended = True

    def rows(self):
        return [row for event, data in list(self.events) if event == "lines" for row in reversed(ROW.findall(data))]

    def close(self):
        try:
            self.response.fp.raw._sock.shutdown(2)
        except (OSError, AttributeError):
            pass
        self.thread.join(20)
        self.connection.close()


def stream_of(page):
    return re.search(r'sse-connect="([^"]+)"', page.html).group(1).replace("&amp;", "&")


def history(bed, more=""):
    return {f"l{k}-{d}-{s}" for k, d, s in bed.rows(f"SELECT key, dispatch, state FROM history {more}")}


def no_doubles(what, rows):
    want(f"{what}: lines that came twice", sorted({row for row in rows if rows.count(row) > 1}), [])
