# SPDX-License-Identifier: BSD-2-Clause
"""A server that listens when it is told to: each line of standard input is a command.

listen PORT ADDRESS     each connection is sent back what it says; without an address, on all of IPv4
close PORT              stops to listen
"""
import socket
import sys
import threading

listeners = {}


def echo(connection):
    with connection:
        while data := connection.recv(65536):
            connection.sendall(data)


def serve(listener):
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:  # shut down
            return
        threading.Thread(target=echo, args=[connection], daemon=True).start()


for line in sys.stdin:
    command, port, *address = line.split()
    if command == "listen":
        host = "".join(address)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listeners[port] = socket.create_server((host, int(port)), family=family)
        threading.Thread(target=serve, args=[listeners[port]], daemon=True).start()
    else:
        listener = listeners.pop(port)
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    print(line, end="", flush=True)
