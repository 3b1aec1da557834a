"""What the webhook tests share: a receiver that behaves as its path says, an
nginx before it, events on the bus, and signatures checked by the reference
implementation of Standard Webhooks."""
import json
import os
import shutil
import ssl
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.path.insert(0, os.path.dirname(__file__))
from bed import BIN, SOURCE, Bed, can_connect, free_port, kill, skip, wait_for  # noqa: E402,F401

NODE_MODULES = os.environ.get("VESTNIK_NODE_MODULES") or os.path.join(SOURCE, "build/test-env/node/node_modules")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        path = self.path.split("?")[0]
        receiver = self.server.receiver
        number = receiver.add(path, dict(self.headers.items()), body)
        answer = receiver.behaviours.get(path)
        if answer is not None:
            answer(self, number)
        else:
            self.reply(204)

    do_GET = do_POST

    def reply(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def hang(self):
        """Says nothing until the test ends."""
        self.server.receiver.ended.wait()
        self.close_connection = True

    def handle(self):
        try:
            super().handle()
        except (ConnectionError, ssl.SSLError):
            pass  # the client hung up: that is its right

    def log_message(self, *arguments):
        pass


class Receiver:
    """behaviours: path -> function(handler, number of the request at this path)."""

    def __init__(self, behaviours=None, tls=None):
        self.tls = tls  # a server's ssl.SSLContext
        self.behaviours = behaviours or {}
        self.requests = []  # (path, headers, body, monotonic time)
        self.lock = threading.Lock()
        self.ended = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.receiver = self
        if tls is not None:  # the handshake in the connection's own thread, at its first read
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def add(self, path, headers, body):
        with self.lock:
            self.requests.append((path, {k.lower(): v for k, v in headers.items()}, body, time.monotonic()))
            return sum(1 for request in self.requests if request[0] == path)

    def at(self, path):
        with self.lock:
            return [request for request in self.requests if request[0] == path]

    def keys(self, path):
        """Delivery keys that arrived, with repetitions."""
        return [json.loads(body)["data"]["key"] for _, _, body, _ in self.at(path)
                if "key" in json.loads(body)["data"]]

    def url(self, path):
        return f"https://localhost:{self.port}{path}" if self.tls else f"http://127.0.0.1:{self.port}{path}"

    def __enter__(self):
        return self

    def __exit__(self, *rest):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()


class WebhookBed(Bed):
    def __init__(self, notifier=None, **options):
        super().__init__(settings={"notifier": notifier} if notifier else None, **options)
        self.lines = []

    def __exit__(self, kind, *rest):
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
        log = self.log_of("notifier")
        super().__exit__(kind, *rest)
        if kind is None:
            assert "Sanitizer" not in log and "runtime error" not in log, log[-5000:]

    def add(self, url, *options):
        """Adds an endpoint that may be private; (id, secret)."""
        made = self.json("webhook", "add", url, "--allow-private", *options)[0]
        return made["id"], made["secret"]

    def feed(self, first, count, slug="demo", state="accepted", per_second=None, wait=True):
        self.make_topics()
        arguments = [os.path.join(BIN, "event_feed"), self.store_url, slug, str(first),
                     str(count), state] + ([str(per_second)] if per_second else [])
        if wait:
            subprocess.run(arguments, check=True, timeout=600, env=self.environment())
            return None
        return self.start("feed", *arguments)

    def notifier(self):
        process = self.service("notifier")
        wait_for(lambda: ("notifier", process.pid) in self.ready(), "the notifier to be ready")
        return process

    def endpoint(self, id):
        return next(e for e in self.json("webhook", "list") if e["id"] == id)

    def attempts(self, id, *options):
        return self.json("webhook", "attempts", id, "--limit", "100000", *options)

    def settled(self):
        """Everything on the bus was passed, nothing is due."""
        return self.value("SELECT count(*) FROM webhook_message WHERE due_ms IS NOT NULL") == 0

    def nginx(self, receiver):
        """A real server: /quick answers 204 itself, the rest goes to the receiver."""
        program = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
        if program is None:
            skip("nginx (package nginx-light) is not installed")
        port = free_port()
        folder = os.path.join(self.folder, "nginx")
        os.makedirs(folder)
        proxy = f"location / {{ proxy_pass http://127.0.0.1:{receiver.port}; proxy_http_version 1.1; " \
                "proxy_set_header Connection ''; }" if receiver else ""
        with open(os.path.join(folder, "nginx.conf"), "w") as f:
            f.write(f"""daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr warn;
events {{ worker_connections 512; }}
http {{
  access_log off; keepalive_requests 1000000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; location /quick {{ return 204; }} {proxy} }}
}}
""")
        self.start("nginx", program, "-p", folder, "-c", os.path.join(folder, "nginx.conf"))
        wait_for(lambda: can_connect(port), "nginx")
        return port


VERIFY = """
const {Webhook} = require('standardwebhooks');
for (const line of require('fs').readFileSync(0, 'utf8').split('\\n').filter(x => x)) {
  const {secret, headers, body} = JSON.parse(line);
  let verdict = 'good';
  try { new Webhook(secret).verify(body, headers); } catch (e) { verdict = String(e.message); }
  console.log(verdict);
}
"""


def verdicts(cases):
    """What npm's `standardwebhooks` says of (secret, request) pairs: "good" or why not."""
    if not os.path.isdir(os.path.join(NODE_MODULES, "standardwebhooks")):
        skip(f"the npm package standardwebhooks is not in {NODE_MODULES} (tests/run.sh installs it)")
    lines = "\n".join(json.dumps({"secret": secret, "headers": request[1], "body": request[2].decode()})
                      for secret, request in cases)
    done = subprocess.run(["node", "-e", VERIFY], input=lines, capture_output=True, text=True, timeout=60,
                          env=dict(os.environ, NODE_PATH=NODE_MODULES))
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:len(cases)]
