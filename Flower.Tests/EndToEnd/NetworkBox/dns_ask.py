# SPDX-License-Identifier: BSD-2-Clause
"""Asks the DNS server of /etc/resolv.conf, and says the answer's code and its number of records (RFC 1035).

dns_ask.py udp|tcp TYPE...     or garbage, which nobody need answer
"""
import random
import socket
import struct
import sys

TYPES = {"A": 1, "AAAA": 28, "MX": 15, "TXT": 16, "SRV": 33, "HTTPS": 65, "PTR": 12, "ANY": 255}
CODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}


def server():
    for line in open("/etc/resolv.conf"):
        if line.startswith("nameserver"):
            return line.split()[1], 53
    sys.exit("no nameserver in /etc/resolv.conf")


def exchange(protocol, packet):
    if protocol == "udp":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(5)
            client.connect(server())
            client.send(packet)
            return client.recv(65536)
    with socket.create_connection(server(), timeout=5) as client:
        client.sendall(struct.pack(">H", len(packet)) + packet)
        with client.makefile("rb") as answers:
            (length,) = struct.unpack(">H", answers.read(2))
            return answers.read(length)


def ask(protocol, kind):
    name = b"".join(bytes([len(part)]) + part for part in b"web.example".split(b".")) + b"\0"
    number = random.randrange(65536)
    answer = exchange(protocol, struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0) + name + struct.pack(">HH", kind, 1))
    same, flags, questions, records, _, _ = struct.unpack_from(">HHHHHH", answer)
    if same != number or not flags & 0x8000 or questions != 1:
        sys.exit("this is no answer to the question")
    return f"{CODES[flags & 15]} {records}"


def garbage(protocol):
    source = random.Random(7)
    loop = struct.pack(">HHHHHH", 1, 0, 65535, 0, 0, 0) + b"\xc0\x0c" * 8
    packets = [b"", b"\0", bytes(11), bytes(12), b"\xff" * 512, loop]
    packets += [source.randbytes(source.randrange(600)) for _ in range(50)]
    for packet in packets:
        if protocol == "udp":
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.sendto(packet, server())
        else:
            with socket.create_connection(server(), timeout=5) as client:
                client.sendall(struct.pack(">H", len(packet)) + packet)


for word in sys.argv[2:]:
    if word == "garbage":
        garbage(sys.argv[1])
        continue
    try:
        print(word, ask(sys.argv[1], TYPES[word]))
    except TimeoutError:
        print(word, "SILENCE")
