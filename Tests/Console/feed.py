"""A server in front of a puffin-server that damages a change on its way, as a bad proxy or a bad memory would."""

import http.client
import http.server
import json
import threading
import urllib.parse


class Front:
    """Answers on `url` what the server answers. One byte of the value of the change with the number `damage` is another one."""

    def __init__(self, server, damage=None):
        front = self
        self.server, self.damage, self.requests = server, damage, []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                connection = http.client.HTTPConnection("127.0.0.1", front.server.http)
                connection.request("GET", self.path, headers={"Accept": self.headers["Accept"] or "*/*"})
                answer = connection.getresponse()
                path = urllib.parse.urlsplit(self.path)
                try:
                    if path.path == "/v1/changes":
                        front.feed(self, dict(urllib.parse.parse_qsl(path.query)), answer)
                    else:
                        front.copy(self, answer)
                finally:
                    connection.close()

        self.listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.listener.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.listener.server_port}/"
        threading.Thread(target=self.listener.serve_forever, daemon=True).start()

    def begin(self, handler, answer, *fields):
        handler.send_response(answer.status)
        for name in ("Content-Type", "Content-Security-Policy"):
            if answer.headers[name]:
                handler.send_header(name, answer.headers[name])
        for name, value in fields:
            handler.send_header(name, value)
        handler.end_headers()

    def copy(self, handler, answer):
        body = answer.read()
        self.begin(handler, answer, ("Content-Length", str(len(body))))
        handler.wfile.write(body)

    def feed(self, handler, query, answer):
        self.requests.append(query)
        handler.close_connection = True
        self.begin(handler, answer, ("Connection", "close"))
        try:
            while line := answer.readline():
                if line.startswith(b"data: ") and json.loads(line[6:]).get("seq") == self.damage:
                    line = line.replace(b'"value":"', b'"value":"!', 1)
                handler.wfile.write(line)
        except OSError:
            pass

    def stop(self):
        self.listener.shutdown()
        self.listener.server_close()
