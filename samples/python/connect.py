#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Connects on the board by labels, sends its input, and prints what comes back. Python's standard library alone.

    FLOWER_SWITCHBOARD=unix:/run/flower/switchboard.sock samples/python/connect.py service=echo

What goes over the switchboard's socket is protobuf, written by hand here as docs/protocol.md section 10 shows it.
"""
import os
import socket
import sys
import threading


def varint(number):
    return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + varint(number >> 7)


def field(number, value):
    """A field that is text, bytes or a message."""
    return varint(number << 3 | 2) + varint(len(value)) + value


def fields(message):
    """Each field of a message: its number, and its value."""
    at = 0

    def take():
        nonlocal at
        number = shift = 0
        while True:
            byte = message[at]
            at, number, shift = at + 1, number | (byte & 127) << shift, shift + 7
            if byte < 128:
                return number

    while at < len(message):
        tag = take()
        value = take()
        if tag & 7 == 2:  # That was its length.
            at, value = at + value, message[at:at + value]
        yield tag >> 3, value


def connect(path, words):
    """A socket that is connected to the server whose labels fit best."""
    labels = b"".join(
        field(1, field(1, key.encode()) + field(2, value.encode())) for key, _, value in (word.partition("=") for word in words))
    call = b"\x08\x01"  # call_id = 1
    request = (field(1, call + field(3, field(1, b"/flower.v1.Switchboard/ClientConnect")))  # start
               + field(1, call + field(4, field(1, labels)))  # message: a ClientConnectRequest
               + field(1, call + field(5, b"")))  # half_close
    received = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as board:
        board.connect(path)
        board.send(request)
        while True:
            packet, descriptors, _, _ = socket.recv_fds(board, 65536, 253, socket.MSG_CMSG_CLOEXEC)
            received += [socket.socket(fileno=descriptor) for descriptor in descriptors]
            if not packet:
                sys.exit("the switchboard has gone")
            for _, frame in fields(packet):
                for kind, value in fields(frame):
                    if kind == 8:  # status: the call, or the session, has ended.
                        status = dict(fields(value))
                        if status.get(1, 0) != 0:
                            sys.exit(status.get(2, b"refused").decode())
                        return received[0]


def send(connection):
    while data := os.read(sys.stdin.fileno(), 65536):
        connection.sendall(data)
    connection.shutdown(socket.SHUT_WR)


with connect(os.environ["FLOWER_SWITCHBOARD"].removeprefix("unix:"), sys.argv[1:]) as made:
    threading.Thread(target=send, args=(made,), daemon=True).start()
    while data := made.recv(65536):
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
