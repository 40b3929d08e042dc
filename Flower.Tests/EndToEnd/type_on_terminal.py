# SPDX-License-Identifier: BSD-2-Clause
"""Runs a program on a terminal of its own, types keys, and tells how it ended and what became of the terminal.

type_on_terminal.py WAIT,KEYS[,WAIT,KEYS...] PROGRAM ARGS...

Each KEYS (Python escapes) are typed when WAIT has been printed after the keys before, which standard error then says.
"""
import fcntl
import os
import pty
import struct
import sys
import termios


def unescape(text):
    return text.encode().decode("unicode_escape").encode("latin-1")


steps = sys.argv[1].split(",")
child, terminal = pty.fork()
if child == 0:
    # The size first: the program may look before the parent does anything.
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 200, 0, 0))
    os.environ["TERM"] = "xterm-256color"
    os.execv(sys.argv[2], sys.argv[2:])
before = termios.tcgetattr(terminal)
said = b""
seen = b""
while True:
    try:
        data = os.read(terminal, 65536)
    except OSError:  # EIO: nobody has the terminal any more
        break
    if not data:
        break
    said += data
    seen += data
    if steps and unescape(steps[0]) in seen:
        os.write(terminal, unescape(steps[1]))
        steps = steps[2:]
        print("typed", len(steps) // 2, "left", file=sys.stderr, flush=True)
        seen = b""
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(said.decode(errors="replace").replace("\r", "").replace("\x1b", "<ESC>"))
print("untyped", len(steps))
print("restored", termios.tcgetattr(terminal) == before)
print("alternate", said.rfind(b"\x1b[?1049h") > said.rfind(b"\x1b[?1049l"))
print("cursor", said.rfind(b"\x1b[?25l") <= said.rfind(b"\x1b[?25h"))
print("exit", code)
