"""HTTPS server and client on Python's ssl module: `ssl` hands sockets to OpenSSL, `asyncio` passes records through memory.

  python3 https.py ssl|asyncio serve CERTIFICATE KEY   prints `listening PORT`, with asyncio before it
                                                       `plain PORT` (HTTP), then one JSON row for each exchange
  python3 https.py ssl|asyncio get AUTHORITY           for each line `PORT PATH ...` of stdin GETs the paths on one
                                                       connection, prints one JSON row for each answer, then `done`
"""

import asyncio
import http.client
import json
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def show(method, path, status, sent, received=None):
    row = {"method": method, "path": path.split("?")[0], "status": status, "responseBodyBytes": sent}
    if received is not None:
        row["requestBodyBytes"] = received
    sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()


def length_of(path):
    parts = path.split("?")[0].split("/")
    return int(parts[2]) if len(parts) > 2 else 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        received = len(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        body = b"p" * length_of(self.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        show(self.command, self.path, 200, len(body), received)

    do_POST = do_PUT = do_GET

    def log_message(self, *_):
        pass


def serve_ssl(context):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    print("listening", server.server_port, flush=True)
    server.serve_forever()


async def exchange(reader, writer):
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin1").split("\r\n")
    method, target, _ = head[0].split(" ")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    received = len(await reader.readexactly(int(fields.get("content-length", 0))))
    body = b"a" * length_of(target)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
    writer.write(body)
    await writer.drain()
    show(method, target, 200, len(body), received)


async def serve_one(reader, writer):
    try:
        while True:
            await exchange(reader, writer)
    except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
        writer.close()


async def serve_asyncio(context):
    plain = await asyncio.start_server(serve_one, "127.0.0.1", 0)
    print("plain", plain.sockets[0].getsockname()[1], flush=True)
    server = await asyncio.start_server(serve_one, "127.0.0.1", 0, ssl=context)
    print("listening", server.sockets[0].getsockname()[1], flush=True)
    await asyncio.gather(plain.serve_forever(), server.serve_forever())


def get_ssl(context, port, paths):
    connection = http.client.HTTPSConnection("localhost", port, context=context)
    for path in paths:
        connection.request("GET", path)
        answer = connection.getresponse()
        show("GET", path, answer.status, len(answer.read()))
    connection.close()


async def get_asyncio(context, port, paths):
    reader, writer = await asyncio.open_connection("localhost", port, ssl=context)
    for path in paths:
        writer.write(b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % path.encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin1").split("\r\n")
        lengths = [line.split(":")[1] for line in head if line.lower().startswith("content-length")]
        show("GET", path, int(head[0].split(" ")[1]), len(await reader.readexactly(int(lengths[0]))))
    writer.close()


def main(flavour, mode, *files):
    if mode == "serve":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
        return serve_ssl(context) if flavour == "ssl" else asyncio.run(serve_asyncio(context))
    context = ssl.create_default_context(cafile=files[0])
    for line in sys.stdin:
        port, *paths = line.split()
        if flavour == "ssl":
            get_ssl(context, int(port), paths)
        else:
            asyncio.run(get_asyncio(context, int(port), paths))
        print("done", flush=True)


main(*sys.argv[1:])
