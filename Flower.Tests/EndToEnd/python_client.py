#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A Flower client in Python's standard library alone, written from docs/protocol.md.

    python_client.py PATH connect KEY=VALUE...   connect; labels on stdout as one JSON line, then a two-way copy
    python_client.py PATH open KEY=VALUE...      the same, over a session of its own made with Open
    python_client.py PATH serve KEY=VALUE...     register a server; its labels on stdout, then echo one connection

Exits 0, or 1 with one line on stderr. Nothing waits longer than DEADLINE seconds.
"""

import array
import json
import os
import socket
import sys
import threading

DEADLINE = 10
MAX_PACKET = 65536
MAX_DESCRIPTORS = 253
SERVICE = "/flower.v1.Switchboard/"


class Failure(Exception):
    """What ends the program with exit code 1."""


# Protobuf: a message is a run of (tag, value); only varints and length-delimited values occur here.

def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out + bytes([number]))


def number(field, value):
    return varint(field << 3) + varint(value) if value else b""


def block(field, value):
    data = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(data)) + data


def read_varint(data, at):
    result = shift = 0
    while True:
        byte = data[at]
        result |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return result, at


def fields(data):
    """The fields of a message: {number: [value, ...]}."""
    found, at = {}, 0
    while at < len(data):
        tag, at = read_varint(data, at)
        if tag & 7 == 0:
            value, at = read_varint(data, at)
        elif tag & 7 == 2:
            length, at = read_varint(data, at)
            value, at = data[at:at + length], at + length
        else:
            size = {1: 8, 5: 4}[tag & 7]
            value, at = data[at:at + size], at + size
        found.setdefault(tag >> 3, []).append(value)
    return found


def labels_message(words):
    """Labels, from KEY=VALUE words."""
    pairs = (word.split("=", 1) for word in words)
    return b"".join(block(1, block(1, key) + block(2, value)) for key, value in pairs)


def labels_dict(entries):
    """{key: value}, from the Label messages of an answer."""
    labels = (fields(entry) for entry in entries)
    return {text(label, 1): text(label, 2) for label in labels}


def text(message, field):
    return message.get(field, [b""])[-1].decode()


# Packets and frames.

START, MESSAGE, HALF_CLOSE, STATUS, OPEN, OPENED = 3, 4, 5, 8, 9, 12


def frame(call, kind, body=b"", fd_count=0):
    return block(1, number(1, call) + number(2, fd_count) + block(kind, body))


def start(call, method):
    return frame(call, START, block(1, SERVICE + method))


def receive(session):
    """The frames of the next packet, each as (fields, descriptors)."""
    data, descriptors, flags, _ = socket.recv_fds(session, MAX_PACKET, MAX_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC)
    if not data:
        raise Failure("the switchboard ended the session")
    if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
        raise Failure("a packet was truncated")
    for body in fields(data).get(1, []):
        found = fields(body)
        count = found.get(2, [0])[-1]
        yield found, descriptors[:count]
        descriptors = descriptors[count:]


def messages(session, call):
    """The messages of one call, each as (fields, descriptors); ends at its OK status."""
    while True:
        for found, descriptors in receive(session):
            if STATUS in found and found.get(1, [0])[-1] in (0, call):
                status = fields(found[STATUS][-1])
                code = status.get(1, [0])[-1]
                if code:
                    raise Failure(f"status {code}: {text(status, 2)}")
                return
            if MESSAGE in found:
                yield fields(found[MESSAGE][-1]), descriptors


def take(reference, descriptors):
    """The socket that a FileDescriptor message names."""
    taken = socket.socket(fileno=descriptors[fields(reference).get(1, [0])[-1]])
    taken.settimeout(DEADLINE)
    return taken


# The three modes.

def join(path):
    session = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    session.settimeout(DEADLINE)
    session.connect(path)
    return session


def open_session(shared):
    """A session of our own with the authority of a socket that others may share."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [theirs.fileno()]))]
            shared.sendmsg([frame(0, OPEN, block(1, b""), fd_count=1)], ancillary, socket.MSG_NOSIGNAL)
        ours.settimeout(DEADLINE)
        for found, descriptors in receive(ours):
            if OPENED in found:
                return take(fields(found[OPENED][-1])[1][-1], descriptors)
            if STATUS in found:
                raise Failure(text(fields(found[STATUS][-1]), 2))
    raise Failure("the switchboard did not say whether there is a session")


def connect(session, words):
    request = block(1, labels_message(words))
    session.send(start(1, "ClientConnect") + frame(1, MESSAGE, request) + frame(1, HALF_CLOSE))
    peer = None
    for response, descriptors in messages(session, 1):
        peer = take(response[2][-1], descriptors)
        print(json.dumps(labels_dict(response.get(1, [])), sort_keys=True), flush=True)
    if peer is None:
        raise Failure("the answer had no socket")
    with peer:
        sender = threading.Thread(target=send_input, args=(peer,), daemon=True)
        sender.start()
        while data := peer.recv(MAX_PACKET):
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        sender.join(DEADLINE)


def send_input(peer):
    try:
        while data := os.read(0, MAX_PACKET):
            peer.sendall(data)
        peer.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # The peer wants no more; what it sends still counts.


def serve(session, words):
    target = block(1, labels_message(words)) + number(2, 1)
    session.send(start(1, "ServerStart") + frame(1, MESSAGE, block(1, target)))
    for response, descriptors in messages(session, 1):
        if 1 in response:  # started
            labels = labels_dict(fields(response[1][-1]).get(1, []))
            print(json.dumps(labels, sort_keys=True), flush=True)
        elif 2 in response:  # offer
            offer = fields(response[2][-1])
            accept = number(1, offer.get(1, [0])[-1]) + block(2, b"")
            session.send(frame(1, MESSAGE, block(2, accept)))
            if 3 in offer:
                return echo(take(offer[3][-1], descriptors))
        elif 3 in response:  # delivery
            return echo(take(fields(response[3][-1])[2][-1], descriptors))
    raise Failure("the registration ended before a connection came")


def echo(peer):
    with peer:
        while data := peer.recv(MAX_PACKET):
            peer.sendall(data)


def main(arguments):
    if len(arguments) < 2 or arguments[1] not in ("connect", "open", "serve"):
        raise Failure("usage: python_client.py PATH connect|open|serve KEY=VALUE...")
    path, mode, *words = arguments
    with join(path) as session:
        if mode == "serve":
            serve(session, words)
        elif mode == "connect":
            connect(session, words)
        else:
            with open_session(session) as own:
                connect(own, words)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (Failure, OSError) as error:
        print(error, file=sys.stderr)
        sys.exit(1)
