# SPDX-License-Identifier: BSD-2-Clause
"""Connects often, and says how often it worked.

many_connects.py HOST PORT IN-A-ROW AT-ONCE

First once; then, when a line comes on standard input, so often one after another, and so often at once; then waits
for the end of standard input.
"""
import asyncio
import socket
import sys


def once(address):
    with socket.create_connection(address, timeout=20) as client:
        return client.getpeername() is not None


async def at_once(address, count):
    """All are open at the same time, and each gets an answer."""
    async with asyncio.timeout(25):
        opened = await asyncio.gather(*(asyncio.open_connection(*address) for _ in range(count)))
        for _, writer in opened:
            writer.write(b"GET / HTTP/1.0\r\n\r\n")
        answers = await asyncio.gather(*(reader.read() for reader, _ in opened))
        for _, writer in opened:
            writer.close()
    return sum(answer.endswith(b"this is nginx\n") for answer in answers)


host, port, row, count = sys.argv[1], *map(int, sys.argv[2:])
print("first", once((host, port)), flush=True)
sys.stdin.readline()
print("row", sum(once((host, port)) for _ in range(row)), flush=True)
print("at once", asyncio.run(at_once((host, port), count)), flush=True)
sys.stdin.read()
