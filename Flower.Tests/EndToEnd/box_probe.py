# SPDX-License-Identifier: BSD-2-Clause
"""Tries every way out of a box, and prints for each whether it is open, or the error.

box_probe.py doors TCP-PORT ABSTRACT-NAME PID PATH...   other programs' sockets, and another process
box_probe.py sockets PATH...                            other programs' sockets alone
box_probe.py terminal                                   typing on the terminal that is standard input
box_probe.py reconnect DESCRIPTOR TCP-PORT              a TCP socket that was handed in
"""
import ctypes
import errno
import fcntl
import os
import socket
import sys
import termios

PIDFD_SEND_SIGNAL, IO_URING_SETUP, PIDFD_OPEN, PIDFD_GETFD = 424, 425, 434, 438
PTRACE_ATTACH, PTRACE_DETACH = 16, 17
SO_PEERPIDFD = 77
libc = ctypes.CDLL(None, use_errno=True)


def call(function, *arguments):
    result = function(*arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), "")
    return result


def attempt(name, action):
    try:
        action()
        print(name, "open")
    except OSError as error:
        print(name, errno.errorcode.get(error.errno, error.errno))


def connect(family, address, kind=socket.SOCK_STREAM):
    with socket.socket(family, kind) as probe:
        probe.settimeout(5)
        probe.connect(address)


def switchboard():
    """The process at the other end of the handle: the kernel hands its pidfd out."""
    handle = socket.socket(fileno=os.dup(int(os.environ["FLOWER_SWITCHBOARD"].removeprefix("fd:"))))
    return handle.getsockopt(socket.SOL_SOCKET, SO_PEERPIDFD)


def sockets(*paths):
    for path in paths:
        kind = socket.SOCK_SEQPACKET if path.endswith("switchboard.sock") else socket.SOCK_STREAM
        attempt(path, lambda: connect(socket.AF_UNIX, path, kind))


def doors(port, abstract, pid, *paths):
    port, pid = int(port), int(pid)
    attempt("tcp", lambda: connect(socket.AF_INET, ("127.0.0.1", port)))
    attempt("abstract", lambda: connect(socket.AF_UNIX, "\0" + abstract))
    sockets(*paths)
    attempt("vsock", lambda: socket.socket(40, socket.SOCK_STREAM))
    attempt("fastopen", lambda: socket.socket().sendto(b"x", socket.MSG_FASTOPEN, ("127.0.0.1", 1)))
    attempt("fastopen-message", lambda: socket.socket().sendmsg([b"x"], [], socket.MSG_FASTOPEN, ("127.0.0.1", 1)))
    attempt("io_uring", lambda: call(libc.syscall, IO_URING_SETUP, 1, ctypes.create_string_buffer(120)))
    attempt("kill", lambda: os.kill(pid, 0))
    attempt("ptrace", lambda: call(libc.ptrace, PTRACE_ATTACH, pid, 0, 0))
    attempt("mem", lambda: open(f"/proc/{pid}/mem", "rb"))
    attempt("pidfd_open", lambda: call(libc.syscall, PIDFD_OPEN, pid, 0))
    attempt("pidfd_getfd", lambda: call(libc.syscall, PIDFD_GETFD, switchboard(), 0, 0))
    attempt("pidfd_send_signal", lambda: call(libc.syscall, PIDFD_SEND_SIGNAL, switchboard(), 0, None, 0))
    attempt("core_pattern", lambda: open("/proc/sys/kernel/core_pattern", "r+"))


def terminal():
    attempt("TIOCSTI", lambda: fcntl.ioctl(0, termios.TIOCSTI, b"x"))
    # The kernel looks at the lower half alone; Python's ioctl would cut the rest off.
    attempt("wide TIOCSTI", lambda: call(
        libc.syscall, {"x86_64": 16, "aarch64": 29}[os.uname().machine], ctypes.c_long(0),
        ctypes.c_long(1 << 32 | termios.TIOCSTI), ctypes.c_char_p(b"x")))


def reconnect(descriptor, port):
    handed = socket.socket(fileno=int(descriptor))
    attempt("disconnect", lambda: call(libc.connect, handed.fileno(), bytes(16), 16))
    attempt("elsewhere", lambda: handed.connect(("127.0.0.1", int(port))))


globals()[sys.argv[1]](*sys.argv[2:])
