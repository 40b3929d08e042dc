# SPDX-License-Identifier: BSD-2-Clause
"""Sends random bytes to a server that sends back what it hears, ends its side, and compares what comes until the end.

echo_check.py HOST PORT BYTES
"""
import hashlib
import random
import socket
import sys
import threading

CHUNK = 100_000
count = int(sys.argv[3])
connection = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=25)
sent, received, length = hashlib.sha256(), hashlib.sha256(), 0


def send():
    source = random.Random(5)
    for begin in range(0, count, CHUNK):
        data = source.randbytes(min(CHUNK, count - begin))
        sent.update(data)
        connection.sendall(data)
    connection.shutdown(socket.SHUT_WR)


sender = threading.Thread(target=send)
sender.start()
while data := connection.recv(1 << 20):
    received.update(data)
    length += len(data)
sender.join()
print(length, "same" if sent.digest() == received.digest() else "different")
