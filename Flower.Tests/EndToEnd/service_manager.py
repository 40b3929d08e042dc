"""Runs a program as systemd runs a service with a descriptor store: sd_notify(3), sd_listen_fds(3).

service_manager.py PROGRAM ARGS...

Says on standard output, a line each: "start PID", "ready", "main PID", "names NAME...", "exit STATUS". Takes commands on
standard input, a line each: "kill" ends the program with SIGKILL and starts it again, "restart" the same with SIGTERM, "names"
lists what is stored, "stop" or the end of the input ends it for good.
"""
import array
import os
import select
import signal
import socket
import sys

stored = []  # (name, descriptor), in the order in which they came
name = f"flower-manager-{os.getpid()}"
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind("\0" + name)
main = 0


def say(*words):
    print(*words, flush=True)


def start():
    """Forks the program, with what is stored from number 3 on."""
    global main
    main = os.fork()
    if main:
        say("start", main)
        return
    # Out of the way first, so that none is overwritten by another one.
    first = 3 + len(stored) + 100
    copies = [fcntl_dup(descriptor, first) for _, descriptor in stored]
    for index, copy in enumerate(copies):
        os.dup2(copy, 3 + index, inheritable=True)
    os.environ["NOTIFY_SOCKET"] = "@" + name
    os.environ["FDSTORE"] = "100000"
    for variable in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
        os.environ.pop(variable, None)
    if stored:
        os.environ["LISTEN_PID"] = str(os.getpid())
        os.environ["LISTEN_FDS"] = str(len(stored))
        os.environ["LISTEN_FDNAMES"] = ":".join(label for label, _ in stored)
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    os.dup2(2, 1)
    os.execv(sys.argv[1], sys.argv[1:])


def fcntl_dup(descriptor, above):
    import fcntl
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, above)


def hear():
    """Takes one notification, and what came along."""
    global main
    data, ancillary, _, _ = notify.recvmsg(65536, socket.CMSG_SPACE(253 * 4), socket.MSG_CMSG_CLOEXEC)
    descriptors = array.array("i")
    for level, kind, body in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(body[: len(body) - len(body) % 4])
    message = dict(line.split("=", 1) for line in data.decode().split("\n") if "=" in line)
    label = message.get("FDNAME", "stored")
    if message.get("FDSTORE") == "1":
        for descriptor in descriptors:
            # The same file under the same name is stored once.
            if any(label == other and os.path.sameopenfile(descriptor, kept) for other, kept in stored):
                os.close(descriptor)
            else:
                stored.append((label, descriptor))
        descriptors = []
    if message.get("FDSTOREREMOVE") == "1":
        for other, kept in [entry for entry in stored if entry[0] == label]:
            stored.remove((other, kept))
            os.close(kept)
    if "MAINPID" in message:
        main = int(message["MAINPID"])
        say("main", main)
    if message.get("READY") == "1":
        say("ready")
    for descriptor in descriptors:
        os.close(descriptor)


def drain():
    while select.select([notify], [], [], 0)[0]:
        hear()


def drop_hung_up():
    """As systemd does with FDPOLL=1, its default."""
    poll = select.poll()
    for _, descriptor in stored:
        poll.register(descriptor, 0)
    hung = {number for number, events in poll.poll(0) if events & (select.POLLHUP | select.POLLERR)}
    for entry in [entry for entry in stored if entry[1] in hung]:
        stored.remove(entry)
        os.close(entry[1])


def end(number):
    """Ends the program and waits for it; a successor is nobody's child here."""
    os.kill(main, number)
    try:
        _, status = os.waitpid(main, 0)
        say("exit", os.waitstatus_to_exitcode(status))
    except ChildProcessError:
        while os.path.exists(f"/proc/{main}") and "Z" not in open(f"/proc/{main}/stat").read().split()[2]:
            select.select([], [], [], 0.01)
        say("exit", 0)
    drain()
    drop_hung_up()


start()
while True:
    ready, _, _ = select.select([notify, sys.stdin], [], [])
    if notify in ready:
        hear()
        continue
    command = sys.stdin.readline().strip()
    if command in ("kill", "restart"):
        end(signal.SIGKILL if command == "kill" else signal.SIGTERM)
        start()
    elif command == "names":
        drain()
        drop_hung_up()
        say("names", *sorted(label for label, _ in stored))
    else:
        end(signal.SIGTERM)
        break
