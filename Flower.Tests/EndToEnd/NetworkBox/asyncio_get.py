# SPDX-License-Identifier: BSD-2-Clause
"""Prints what an HTTP server gives, over asyncio, or the error's name, with exit code 1.

asyncio_get.py HOST PORT        asyncio's own connect
asyncio_get.py HOST PORT early  the socket is registered with epoll before it connects, as Go, Java and others do it
"""
import asyncio
import errno
import re
import select
import socket
import sys


def connect_early(host, port):
    """Tries each address in turn, as asyncio does. The last one's error counts."""
    failure = OSError(errno.EADDRNOTAVAIL, "no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        client = socket.socket(family, kind, protocol)
        client.setblocking(False)
        with select.epoll() as watch:
            watch.register(client, select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET)
            watch.poll(0)  # what a socket that is not connected says: hung up
            code = client.connect_ex(address)
            if code == errno.EINPROGRESS:
                if not watch.poll(20):
                    raise TimeoutError(errno.ETIMEDOUT, "nobody answers")
                code = client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code == 0:
            return client
        client.close()
        failure = OSError(code, "connect")
    raise failure


async def get(host, port, early):
    async with asyncio.timeout(20):
        if early:
            reader, writer = await asyncio.open_connection(sock=connect_early(host, port))
        else:
            reader, writer = await asyncio.open_connection(host, port)
        writer.write(f"GET / HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        return answer.partition(b"\r\n\r\n")[2].decode()


def name(error):
    """Of several tries that failed in different words, asyncio gives an error without a number that quotes them."""
    number = error.errno or int(re.search(r"Errno (\d+)", str(error))[1])
    return errno.errorcode[number]


try:
    print(asyncio.run(get(sys.argv[1], int(sys.argv[2]), "early" in sys.argv)), end="")
except OSError as problem:
    sys.exit(name(problem))
