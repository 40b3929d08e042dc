# SPDX-License-Identifier: BSD-2-Clause
"""Gives itself a name that a terminal should not see (PR_SET_NAME, prctl(2)), takes over the connection that it inherits
as standard input, and waits for its end.
"""
import sys

with open("/proc/self/comm", "wb") as name:
    name.write(b"\x1b[31mred\n\xff")
sys.stdout.write("named\n")
sys.stdout.flush()
sys.stdin.buffer.read()
