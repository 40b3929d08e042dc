# SPDX-License-Identifier: BSD-2-Clause
"""Terminals, each with a bash, for an ordinary user on a machine of their own: to be started by root in new namespaces, as

    unshare --net --mount --pid --fork --kill-child --mount-proc python3 terminals.py FLOWER_FOLDER

The user's home, what is at FLOWER_FOLDER (first in PATH) and an account are on /mnt, which nobody outside sees. Commands
come on standard input and events go to standard output, a line of JSON each. At the end of the input everything ends.

    {"terminal": 1, "type": "flower ls\n"}      typed on terminal 1, which is opened by that
    {"file": "~/x", "text": "…"}                a file of the user's
    {"terminal": 1, "output": "…"}              printed on terminal 1; a prompt is \\x1e, the exit code and \\x1f
    {"terminal": 1, "ready": true}              a program there says READY=1 (sd_notify(3))
"""
import codecs
import fcntl
import json
import os
import pty
import selectors
import signal
import socket
import struct
import subprocess
import sys
import termios

USER, NAME, HOME = 4711, "me", "/mnt/me"


def prepare(flower):
    """An account that can write nothing of the machine's, and lo."""
    def run(*command):
        subprocess.run(command, check=True)

    run("ip", "link", "set", "lo", "up")
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/mnt")
    for folder in ["flower", "notify", "run", "me"]:
        os.mkdir("/mnt/" + folder, 0o700 if folder == "run" else 0o755)
    os.chown(HOME, USER, USER)
    os.chown("/mnt/run", USER, USER)
    run("mount", "--bind", flower, "/mnt/flower")
    for path, line in [("/etc/passwd", f"{NAME}:x:{USER}:{USER}::{HOME}:/bin/bash"), ("/etc/group", f"{NAME}:x:{USER}:")]:
        copy = "/mnt/" + os.path.basename(path)
        with open(path) as before, open(copy, "w") as after:
            after.write(before.read().rstrip("\n") + f"\n{line}\n")
        os.chmod(copy, 0o644)
        run("mount", "--bind", copy, path)


def tell(**event):
    print(json.dumps(event), flush=True)


def shape(terminal):
    """A size, and no echo of what is typed."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    attributes = termios.tcgetattr(terminal)
    attributes[3] &= ~termios.ECHO
    termios.tcsetattr(terminal, termios.TCSANOW, attributes)


def open_terminal(number, selector):
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    path = f"/mnt/notify/{number}"
    notify.bind(path)
    os.chmod(path, 0o666)
    selector.register(notify, selectors.EVENT_READ, ("notify", number, None))
    child, terminal = pty.fork()
    # On both sides, since each may be first: the shell looks at it, and what is typed before it begins is echoed otherwise.
    shape(terminal if child else 0)
    if child == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setgroups([])
        os.setgid(USER)
        os.setuid(USER)
        os.umask(0o022)
        os.chdir(HOME)
        kept = {key: value for key, value in os.environ.items() if key in ("DOTNET_ROOT", "DOTNET_TieredPGO")}
        os.execve("/bin/bash", ["bash", "--noprofile", "--norc", "--noediting"], kept | {
            "HOME": HOME, "USER": NAME, "LOGNAME": NAME, "SHELL": "/bin/bash", "LANG": "C.UTF-8", "TERM": "xterm",
            "XDG_RUNTIME_DIR": "/mnt/run", "NOTIFY_SOCKET": path, "HISTFILE": "", "PS1": "\x1e$?\x1f", "PS2": "",
            # What an ordinary user has on Debian: nothing of sbin.
            "PATH": "/mnt/flower:/usr/local/bin:/usr/bin:/bin"})
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    selector.register(terminal, selectors.EVENT_READ, ("output", number, decoder))
    return terminal


def write_file(path, text):
    path = path.replace("~", HOME, 1)
    with open(path, "w") as file:
        file.write(text)
    os.chown(path, USER, USER)


def batches():
    """The lines of standard input, as they come, unbuffered: what is in a buffer wakes no selector."""
    waiting = b""
    while data := os.read(0, 65536):
        *complete, waiting = (waiting + data).split(b"\n")
        yield complete


def main():
    # As process 1 of its namespace it is the parent of all orphans, and reaps them by not caring.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    prepare(sys.argv[1])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    selector, terminals, commands = selectors.DefaultSelector(), {}, batches()
    selector.register(0, selectors.EVENT_READ, ("command", 0, None))
    while True:
        for key, _ in selector.select():
            kind, number, decoder = key.data
            if kind == "command":
                batch = next(commands, None)
                if batch is None:
                    return
                for command in map(json.loads, batch):
                    if "file" in command:
                        write_file(command["file"], command["text"])
                        continue
                    number = command["terminal"]
                    if number not in terminals:
                        terminals[number] = open_terminal(number, selector)
                    os.write(terminals[number], command["type"].encode())
            elif kind == "notify":
                if b"READY=1" in key.fileobj.recv(4096).split(b"\n"):
                    tell(terminal=number, ready=True)
            else:
                try:
                    data = os.read(key.fd, 65536)
                except OSError:  # EIO: nobody has the terminal any more
                    data = b""
                if data:
                    tell(terminal=number, output=decoder.decode(data))
                else:
                    selector.unregister(key.fd)
                    tell(terminal=number, output="\n[the terminal's shell has ended]\n")


main()
