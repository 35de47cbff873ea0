"""A server in front of a puffin-server that has no /v1/changes yet: it adds that route, which gives the lines of the real log's files."""

import glob
import http.server
import json
import threading
import time
import urllib.error
import urllib.parse
import urllib.request


class Front:
    """Answers on `url`. With `damage`, one byte of the line with that number is another one."""

    def __init__(self, server, damage=None):
        front = self
        self.server, self.damage, self.requests = server, damage, []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                path = urllib.parse.urlsplit(self.path)
                if path.path == "/v1/changes":
                    return front.feed(self, dict(urllib.parse.parse_qsl(path.query)))
                try:
                    answer = urllib.request.urlopen(front.server.url.rstrip("/") + self.path, timeout=10)
                except urllib.error.HTTPError as error:
                    answer = error
                body = answer.read()
                if path.path == "/v1/status":
                    status = json.loads(body)
                    status["routes"].append("/v1/changes")
                    body = json.dumps(status).encode()
                self.send_response(answer.status)
                for name in ("Content-Type", "Content-Security-Policy"):
                    if answer.headers[name]:
                        self.send_header(name, answer.headers[name])
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.listener.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.listener.server_port}/"
        threading.Thread(target=self.listener.serve_forever, daemon=True).start()

    def lines(self):
        """The records of the log, and the checksum of each."""
        found = []
        for path in sorted(glob.glob(self.server.data + ".log/*.jsonl")):
            with open(path, "rb") as file:
                for line in file.read().decode().splitlines():
                    if '"op":' in line and line.endswith("}"):
                        found.append((json.loads(line)["seq"], line[-10:-2], line))
        return found

    def feed(self, handler, query):
        self.requests.append(query)
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Connection", "close")
        handler.end_headers()
        known = self.lines()
        start = known[-1][0] if query["from"] == "now" and known else int(query["from"].split("-")[0]) if query["from"] != "now" else 0
        crc = next((crc for seq, crc, _ in known if seq == start), "00000000")
        try:
            handler.wfile.write(f"id: {start}-{crc}\n\n".encode())
            while True:
                for seq, crc, line in self.lines():
                    if seq > start:
                        if seq == self.damage:
                            line = line.replace('"value":"', '"value":"!', 1)
                        handler.wfile.write(f": a comment\nid: {seq}-{crc}\ndata: {line}\n\n".encode())
                        start = seq
                handler.wfile.write(b":\n\n")
                time.sleep(0.1)
        except OSError:
            handler.close_connection = True

    def stop(self):
        self.listener.shutdown()
        self.listener.server_close()
