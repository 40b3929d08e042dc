#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Connects to a gRPC door and says what comes of it, without a gRPC library.

    grpc_knock.py PATH UID

As this user, who needs no account and no access to this program. Reads lines, and answers all but "close" with one each:

    open      connects, and speaks HTTP/2: "open", or "refused CODE: WORDS" as the GOAWAY (RFC 9113, 6.8) has it
    silent    the same without sending a byte
    calls N   begins so many calls that last, on the last connection, and waits until one is answered all the same:
              "answered" with the head of that
    close     closes the oldest connection that is open
"""

import os
import socket
import struct
import sys

DEADLINE = 20
GROUP = 61999
SETTINGS, HEADERS, GOAWAY = 4, 1, 7
ACK = 1


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def literal(name, value):
    """A header without indexing, as HPACK has it (RFC 7541, 6.2.2)."""
    return b"\x00" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


def read(peer, count):
    data = b""
    while len(data) < count:
        more = peer.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def read_frame(peer):
    header = read(peer, 9)
    length = int.from_bytes(header[:3], "big")
    return header[3], header[4], read(peer, length)


def knock(path, speaks):
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(DEADLINE)
    peer.connect(path)
    if speaks:
        try:
            peer.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS))
        except BrokenPipeError:
            pass
    while True:
        kind, flags, payload = read_frame(peer)
        if kind == GOAWAY:
            code = struct.unpack(">I", payload[4:8])[0]
            rest = peer.recv(1)
            return None, "refused %d: %s%s" % (code, payload[8:].decode(), " (and more)" if rest else "")
        if kind == SETTINGS and flags & ACK:
            return peer, "open"


def call(peer, path, count):
    head = b"".join(literal(name, value) for name, value in (
        (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost"),
        ("content-type", "application/grpc"), ("te", "trailers")))
    peer.sendall(b"".join(frame(HEADERS, 4, 1 + 2 * i, head) for i in range(count)))
    while True:
        kind, _, payload = read_frame(peer)
        if kind == HEADERS:
            # Kestrel codes no string by Huffman's code.
            return "answered %s" % "".join(chr(byte) if 32 <= byte < 127 else " " for byte in payload)


def main():
    os.setgroups([])
    os.setresgid(GROUP, GROUP, GROUP)
    os.setresuid(*[int(sys.argv[2])] * 3)
    peers = []
    for line in sys.stdin:
        word = line.strip()
        if word == "close":
            peers.pop(0).close()
            continue
        if word.startswith("calls "):
            said = call(peers[-1], "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", int(word[6:]))
        else:
            peer, said = knock(sys.argv[1], word == "open")
            if peer:
                peers.append(peer)
        print(said, flush=True)


main()
