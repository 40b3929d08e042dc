"""Starts a program with listening sockets, as systemd does: sd_listen_fds(3).

inherit_listeners.py PATH NAMES PROGRAM ARGS...

The sockets come over the Unix socket at PATH; NAMES is LISTEN_FDNAMES. The program replaces this process.
"""
import fcntl
import os
import socket
import sys

path, names, program = sys.argv[1:4]
with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as giver:
    giver.connect(path)
    _, descriptors, _, _ = socket.recv_fds(giver, 1, 16)
# Out of the way first, so that none is overwritten by another one.
descriptors = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 100) for descriptor in descriptors]
for index, descriptor in enumerate(descriptors):
    os.dup2(descriptor, 3 + index, inheritable=True)
os.environ["LISTEN_PID"] = str(os.getpid())
os.environ["LISTEN_FDS"] = str(len(descriptors))
os.environ["LISTEN_FDNAMES"] = names
os.execv(program, [program] + sys.argv[4:])
