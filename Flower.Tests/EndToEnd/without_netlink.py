# SPDX-License-Identifier: BSD-2-Clause
"""Runs a program that cannot make netlink sockets, as under RestrictAddressFamilies=AF_UNIX (seccomp(2)).

without_netlink.py PROGRAM ARGS...
"""
import ctypes
import os
import platform
import struct
import sys

SOCKET = {"x86_64": 41, "aarch64": 198}[platform.machine()]
AF_NETLINK = 16
EAFNOSUPPORT = 97


def step(code, jump_true, jump_false, value):
    return struct.pack("HBBI", code, jump_true, jump_false, value)


# struct seccomp_data: the number of the call is at 0, the low half of its first argument at 16.
program = b"".join([
    step(0x20, 0, 0, 0),
    step(0x15, 0, 3, SOCKET),
    step(0x20, 0, 0, 16),
    step(0x15, 0, 1, AF_NETLINK),
    step(0x06, 0, 0, 0x00050000 | EAFNOSUPPORT),
    step(0x06, 0, 0, 0x7FFF0000),
])
buffer = ctypes.create_string_buffer(program)
filter = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer)))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(38, 1, 0, 0, 0) != 0 or libc.prctl(22, 2, filter, 0, 0) != 0:
    sys.exit(f"no filter: {os.strerror(ctypes.get_errno())}")
os.execv(sys.argv[1], sys.argv[1:])
