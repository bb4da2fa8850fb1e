"""An asyncio stream server that speaks just enough HTTP/1.1, streams its answers in chunks and prints one JSON row each."""

import asyncio
import json
import sys

CHUNK_BYTES = 1000


async def serve(reader, writer):
    try:
        while await exchange(reader, writer):
            pass
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    writer.close()


async def exchange(reader, writer):
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin1")
    lines = head.split("\r\n")
    method, target, _ = lines[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    received = len(await reader.readexactly(int(headers.get("content-length", 0))))
    path = target.split("?")[0]
    parts = path.split("/")
    length = int(parts[2]) if parts[1] == "bytes" else 0
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for begin in range(0, length, CHUNK_BYTES):
        size = min(CHUNK_BYTES, length - begin)
        writer.write(b"%x\r\n%s\r\n" % (size, b"a" * size))
        await writer.drain()
    writer.write(b"0\r\n\r\n")
    row = {
        "method": method,
        "path": path,
        "status": 200,
        "responseBodyBytes": length,
        "requestBodyBytes": received,
    }
    sys.stdout.write(json.dumps(row) + "\n")
    # The client may be gone by now: it has its answer.
    await writer.drain()
    return headers.get("connection", "").lower() != "close"


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print("listening", server.sockets[0].getsockname()[1])
    async with server:
        await server.serve_forever()


asyncio.run(main())
