"""http.server's ThreadingHTTPServer, keep-alive, that prints one JSON row for each exchange it finished."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("Content-Length", 0))
        received = len(self.rfile.read(length))
        parts = self.path.split("?")[0].split("/")
        body = b"p" * int(parts[2]) if parts[1] == "bytes" else b"received %d" % received
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        sent = 0 if self.command == "HEAD" else len(body)
        report(self.command, self.path, sent, received)

    do_GET = do_HEAD = do_POST = do_PUT = answer

    def log_message(self, *_):
        pass


def report(method, path, sent, received):
    row = {
        "method": method,
        "path": path.split("?")[0],
        "status": 200,
        "responseBodyBytes": sent,
        "requestBodyBytes": received,
    }
    sys.stdout.write(json.dumps(row) + "\n")


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print("listening", server.server_port)
server.serve_forever()
