# SPDX-License-Identifier: BSD-2-Clause
"""Runs a program on a terminal of its own, types Ctrl-C when it says "ready", and tells how it ended.

on_terminal.py PROGRAM ARGS...
"""
import os
import pty
import sys

child, terminal = pty.fork()
if child == 0:
    os.execv(sys.argv[1], sys.argv[1:])
said = b""
while True:
    try:
        data = os.read(terminal, 4096)
    except OSError:  # EIO: nobody has the terminal any more
        break
    if not data:
        break
    if b"ready" in said + data and b"ready" not in said:
        os.write(terminal, b"\x03")
    said += data
print(said.decode().replace("\r", ""), end="")
print("exit", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
