"""Both ends of scripted exchanges, with full control over system calls and what is in each of them.

    chunked_peer.py server FILE            prints `listening PORT`, and `served N` after each connection
    chunked_peer.py client FILE PORT       prints `waiting`; plays from the first line of stdin on, `played N` after each

FILE is JSON: [{"readBytes": n, "requestReadBytes": n, "rounds": [{"request": [step], "response": [step]}]}].
A step is one system call: {"write": text}, {"writev": [text]}, {"sendmmsg": [text]}, {"sendfile": text}, texts in
latin1; or {"pauseMs": n}, which lets time pass for the side that captures.
"""

import ctypes
import json
import os
import socket
import sys
import tempfile
import time

CASES = json.load(open(sys.argv[2], encoding="utf8"))
LIBC = ctypes.CDLL(None, use_errno=True)
DEADLINE_S = 20


def write_all(call, bytes_wanted, what):
    """A step is one call; a socket that takes less than all of it would be another case than the one meant."""
    done = call()
    if done != bytes_wanted:
        raise SystemExit(f"{what} moved {done} of {bytes_wanted} bytes")


class iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_char_p), ("length", ctypes.c_size_t)]


class msghdr(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("iov", ctypes.POINTER(iovec)),
        ("iov_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    ]


class mmsghdr(ctypes.Structure):
    _fields_ = [("message", msghdr), ("length", ctypes.c_uint)]


def sendmmsg(fd, parts):
    vectors = [(iovec * 1)(iovec(part, len(part))) for part in parts]
    messages = (mmsghdr * len(parts))(*[mmsghdr(msghdr(iov=vector, iov_count=1)) for vector in vectors])
    sent = LIBC.sendmmsg(fd, messages, len(parts), 0)
    return sum(messages[i].length for i in range(sent))


def sendfile(fd, data):
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        return os.sendfile(fd, file.fileno(), 0, len(data))


def play(fd, step):
    if "pauseMs" in step:
        time.sleep(step["pauseMs"] / 1000)
    elif "write" in step:
        data = step["write"].encode("latin1")
        write_all(lambda: os.write(fd, data), len(data), "write")
    elif "writev" in step:
        parts = [part.encode("latin1") for part in step["writev"]]
        write_all(lambda: os.writev(fd, parts), sum(map(len, parts)), "writev")
    elif "sendmmsg" in step:
        parts = [part.encode("latin1") for part in step["sendmmsg"]]
        write_all(lambda: sendmmsg(fd, parts), sum(map(len, parts)), "sendmmsg")
    else:
        data = step["sendfile"].encode("latin1")
        write_all(lambda: sendfile(fd, data), len(data), "sendfile")


def length(step):
    texts = step.get("writev") or step.get("sendmmsg") or [step.get("write", step.get("sendfile", ""))]
    return sum(map(len, texts))


def read_exactly(fd, bytes_wanted, call_bytes):
    while bytes_wanted > 0:
        got = len(os.read(fd, min(call_bytes, bytes_wanted)))
        if got == 0:
            raise SystemExit(f"the peer closed {bytes_wanted} bytes early")
        bytes_wanted -= got


def prepare(connection):
    connection.settimeout(None)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # A receive deadline in the kernel keeps the descriptor blocking: one call, one step.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, DEADLINE_S.to_bytes(8, "little") + bytes(8))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, DEADLINE_S.to_bytes(8, "little") + bytes(8))


def serve():
    listener = socket.create_server(("127.0.0.1", 0))
    print("listening", listener.getsockname()[1], flush=True)
    for number, case in enumerate(CASES):
        connection, _ = listener.accept()
        prepare(connection)
        for round in case["rounds"]:
            read_exactly(connection.fileno(), sum(map(length, round["request"])), case["requestReadBytes"])
            for step in round["response"]:
                play(connection.fileno(), step)
        while connection.recv(65536):
            pass
        connection.close()
        print("served", number, flush=True)
    sys.stdin.read()


def drive(port):
    print("waiting", flush=True)
    sys.stdin.readline()
    for number, case in enumerate(CASES):
        connection = socket.create_connection(("127.0.0.1", port))
        prepare(connection)
        for round in case["rounds"]:
            for step in round["request"]:
                play(connection.fileno(), step)
            read_exactly(connection.fileno(), sum(map(length, round["response"])), case["readBytes"])
        connection.close()
        print("played", number, flush=True)
    sys.stdin.read()


if sys.argv[1] == "server":
    serve()
else:
    drive(int(sys.argv[3]))
