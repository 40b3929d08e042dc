# SPDX-License-Identifier: BSD-2-Clause
"""Tries every way out of a box's network, and prints for each whether it is open, or the error.

network_probe.py ABSTRACT-NAME UDP-PORT DENIED-PORT PID PATH...
  of programs outside: an abstract Unix socket, a UDP and a TCP port of 127.0.0.1, a process, paths of Unix sockets.
  Standard input is a descriptor of the network namespace outside.
network_probe.py kill URL
  Kills all that it sees, a child of its own among them, and then prints what the URL gives.
"""
import ctypes
import errno
import fcntl
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import urllib.request

libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x20000, 0x10000000, 0x20000000, 0x40000000
IO_URING_SETUP, PIDFD_OPEN, CAPSET, PTRACE_ATTACH = 425, 434, {"x86_64": 126, "aarch64": 91}, 16
SO_MARK, IP_TRANSPARENT, SO_BINDTODEVICE, TCP_FASTOPEN_CONNECT, TCP_REPAIR = 36, 19, 25, 30, 19
TUNSETIFF, IFF_TUN = 0x400454CA, 1
REQUEST, ACK, CREATE = 1, 4, 0x400
ROUTE, DIAG, NETFILTER = 0, 4, 12
OUTSIDE, OUTSIDE6 = "192.0.2.1", "2001:db8::1"


def call(function, *arguments):
    result = function(*arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), "")
    return result


def attempt(name, action):
    try:
        result = action()
        print(name, result if isinstance(result, str) else "open")
    except TimeoutError:
        print(name, "SILENCE")
    except OSError as error:
        print(name, errno.errorcode.get(error.errno, error.errno))


def connect(family, address, kind=socket.SOCK_STREAM, protocol=0, prepare=None):
    with socket.socket(family, kind, protocol) as probe:
        probe.settimeout(5)
        if prepare:
            prepare(probe)
        probe.connect(address)
        if kind == socket.SOCK_DGRAM or prepare:  # which may connect in earnest when the first byte is sent
            probe.send(b"x")
            probe.recv(1)


def netlink(family, kind, flags, body, sender=None):
    """Sends one request to the kernel, and raises what it answers."""
    with sender or socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, family) as kernel:
        kernel.settimeout(5)
        kernel.sendto(struct.pack("=IHHII", 16 + len(body), kind, REQUEST | ACK | flags, 1, 0) + body, (0, 0))
        answer = kernel.recv(65536)
        if struct.unpack_from("=H", answer, 4)[0] == 2:  # NLMSG_ERROR
            code = -struct.unpack_from("=i", answer, 16)[0]
            if code:
                raise OSError(code, "")


def attribute(kind, data):
    return struct.pack("=HH", 4 + len(data), kind) + data + b"\0" * (-len(data) % 4)


ADDRESS = struct.pack("=BBBBI", socket.AF_INET, 24, 0, 0, 1) + attribute(2, socket.inet_aton("10.99.0.1"))
ROUTE_ALL = struct.pack("=BBBBBBBBI", socket.AF_INET, 0, 0, 0, 254, 4, 0, 1, 0) + attribute(4, struct.pack("=I", 1))
LOCAL_ALL = struct.pack("=BBBBBBBBI", socket.AF_INET, 0, 0, 0, 255, 4, 254, 2, 0) + attribute(4, struct.pack("=I", 1))
LINK = struct.pack("=BxHiII", 0, 0, 0, 0, 0) + attribute(3, b"out\0") + attribute(18, attribute(1, b"dummy\0"))
DOWN = struct.pack("=BxHiII", 0, 0, 1, 0, 1)
RULE = struct.pack("=BBBBBBBBI", socket.AF_INET, 0, 0, 0, 254, 0, 0, 1, 0)


def batch(kind, body):
    """nftables takes changes between a begin and an end alone."""
    subsystem = struct.pack("=BBH", 0, 0, socket.htons(10))
    parts = [(0x10, subsystem), (kind, body), (0x11, subsystem)]
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETFILTER) as kernel:
        kernel.settimeout(5)
        kernel.sendto(
            b"".join(struct.pack("=IHHII", 16 + len(b), k, REQUEST | ACK, i, 0) + b for i, (k, b) in enumerate(parts)),
            (0, 0))
        code = -struct.unpack_from("=i", kernel.recv(65536), 16)[0]
        if code:
            raise OSError(code, "")


def in_child(action):
    """What is tried in namespaces of its own leaves this process as it is."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 0
        try:
            action()
        except TimeoutError:
            code = errno.ETIMEDOUT
        except OSError as error:
            code = error.errno
        os.write(writer, struct.pack("=i", code))
        os._exit(0)
    code = struct.unpack("=i", os.read(reader, 4))[0]
    os.waitpid(child, 0)
    os.close(reader)
    os.close(writer)
    if code:
        raise OSError(code, "")


def become_root(flags=0):
    """All capabilities over namespaces of our own. Root may not map itself without CAP_SETFCAP, and has them too."""
    user, group = os.getuid(), os.getgid()
    call(libc.unshare, CLONE_NEWUSER | flags)
    for name, text in [("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")]:
        try:
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
        except PermissionError:
            pass


def nested(action, flags=0):
    def run():
        become_root(flags)
        action()
    in_child(run)


def nested_old_socket():
    """A socket of our network, asked with the capabilities of a user namespace below."""
    kernel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, ROUTE)
    become_root()
    netlink(ROUTE, 20, CREATE, ADDRESS, kernel)


def nested_proc():
    """A /proc of its own, where nothing is covered."""
    become_root(CLONE_NEWNS | CLONE_NEWPID)

    def write():
        os.makedirs("/tmp/proc", exist_ok=True)
        call(libc.mount, b"proc", b"/tmp/proc", b"proc", 0, None)
        open("/tmp/proc/sys/net/ipv4/conf/lo/accept_local", "r+").close()
    in_child(write)


def set_option(level, option, value):
    with socket.socket() as probe:
        probe.setsockopt(level, option, value)


def capset():
    header = struct.pack("=Ii", 0x20080522, 0)
    call(libc.syscall, CAPSET[os.uname().machine], header, struct.pack("=IIIIII", 1 << 12, 1 << 12, 0, 0, 0, 0))


def tun():
    """Who may open the device still has to make an interface."""
    with open("/dev/net/tun", "r+b", buffering=0) as device:
        fcntl.ioctl(device, TUNSETIFF, struct.pack("=16sH22x", b"out", IFF_TUN))


def make_tun():
    os.mknod("/tmp/tun", stat.S_IFCHR | 0o600, os.makedev(10, 200))


def enter(path, kind):
    call(libc.setns, os.open(path, os.O_RDONLY), kind)


def listeners():
    """Connects to whoever listens in this network, as proc_net(5) tells, whosoever it is."""
    for path, family in [("/proc/net/tcp", socket.AF_INET), ("/proc/net/tcp6", socket.AF_INET6)]:
        for line in open(path).readlines()[1:]:
            address, port = line.split()[1].split(":")
            if line.split()[3] != "0A" or int(port, 16) == 53:  # the DNS server, which is for us
                continue
            words = struct.unpack(f">{len(address) // 8}I", bytes.fromhex(address))
            text = socket.inet_ntop(family, struct.pack(f"={len(words)}I", *words))
            for target in [text, "127.0.0.1", "198.18.0.2"] if family == socket.AF_INET else [text, "::1"]:
                attempt(f"listener {target} {int(port, 16)}", lambda: connect(family, (target, int(port, 16))))


def descriptors():
    """Nothing was inherited but what we were given: the two that os.listdir and the interpreter use are closed now."""
    return ",".join(sorted(n for n in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{n}")))


def status():
    fields = dict(line.split(":", 1) for line in open("/proc/self/status"))
    wanted = ["CapEff", "CapPrm", "CapBnd", "CapAmb", "NoNewPrivs"]
    return " ".join(f"{name}={int(fields[name], 16)}" for name in wanted)


def kill(url):
    if sum(name.isdecimal() for name in os.listdir("/proc")) > 10:
        sys.exit("these are not the processes of a box")
    child = subprocess.Popen(["sleep", "100"])
    for number in (signal.SIGTERM, signal.SIGSTOP, signal.SIGKILL):
        try:
            os.kill(1, number)
        except OSError:
            pass
    os.kill(-1, signal.SIGKILL)
    print("child", child.wait())
    print(urllib.request.urlopen(url, timeout=20).read().decode(), end="")


def sockets(paths):
    for path in paths:
        kind = socket.SOCK_SEQPACKET if path.endswith("switchboard.sock") else socket.SOCK_STREAM
        attempt(path, lambda: connect(socket.AF_UNIX, path, kind))


def main(abstract, udp, denied, pid, *paths):
    attempt("descriptors", descriptors)
    attempt("status", status)
    inet, inet6, stream, datagram = socket.AF_INET, socket.AF_INET6, socket.SOCK_STREAM, socket.SOCK_DGRAM
    attempt("raw", lambda: socket.socket(inet, socket.SOCK_RAW, socket.IPPROTO_TCP).close())
    attempt("raw6", lambda: socket.socket(inet6, socket.SOCK_RAW, socket.IPPROTO_TCP).close())
    attempt("ping", lambda: connect(inet, (OUTSIDE, 0), datagram, socket.IPPROTO_ICMP))
    attempt("packet", lambda: socket.socket(17, socket.SOCK_RAW, socket.htons(3)).close())
    attempt("vsock", lambda: socket.socket(40, stream).close())
    attempt("udp", lambda: connect(inet, (OUTSIDE, 53), datagram))
    attempt("udp6", lambda: connect(inet6, (OUTSIDE6, 53), datagram))
    attempt("multicast", lambda: connect(inet, ("224.0.0.251", 5353), datagram))
    attempt("multicast6", lambda: connect(inet6, ("ff0e::fb", 5353), datagram))
    attempt("udp-neighbour", lambda: connect(inet, ("127.0.0.1", int(udp)), datagram))
    attempt("udplite", lambda: connect(inet, (OUTSIDE, 53), datagram, 136))
    attempt("sctp", lambda: connect(inet, (OUTSIDE, 80), stream, 132))
    attempt("mptcp", lambda: connect(inet, ("127.0.0.1", int(denied)), stream, 262))
    attempt("tcp", lambda: connect(inet, ("127.0.0.1", int(denied))))
    attempt("tcp6", lambda: connect(inet6, (OUTSIDE6, 80)))
    attempt("mapped", lambda: connect(inet6, ("::ffff:127.0.0.1", int(denied))))
    attempt("unspecified", lambda: connect(inet, ("0.0.0.0", int(denied))))
    attempt("fastopen-message", lambda: socket.socket().sendto(b"x", socket.MSG_FASTOPEN, ("127.0.0.1", int(denied))))
    attempt("fastopen-connect", lambda: connect(inet, (OUTSIDE, 80), prepare=lambda probe: probe.setsockopt(
        socket.IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1)))
    attempt("priority", lambda: connect(inet, (OUTSIDE, 80), prepare=lambda probe: probe.setsockopt(
        socket.SOL_SOCKET, socket.SO_PRIORITY, 6)))
    attempt("device", lambda: connect(inet, (OUTSIDE, 80), prepare=lambda probe: probe.setsockopt(
        socket.SOL_SOCKET, SO_BINDTODEVICE, b"lo")))
    attempt("mark", lambda: set_option(socket.SOL_SOCKET, SO_MARK, 1))
    attempt("transparent", lambda: set_option(socket.IPPROTO_IP, IP_TRANSPARENT, 1))
    attempt("repair", lambda: set_option(socket.IPPROTO_TCP, TCP_REPAIR, 1))
    attempt("abstract", lambda: connect(socket.AF_UNIX, "\0" + abstract))
    sockets(paths)
    attempt("io_uring", lambda: call(libc.syscall, IO_URING_SETUP, 1, ctypes.create_string_buffer(120)))
    attempt("address", lambda: netlink(ROUTE, 20, CREATE, ADDRESS))
    attempt("route", lambda: netlink(ROUTE, 24, CREATE, ROUTE_ALL))
    attempt("route-delete", lambda: netlink(ROUTE, 25, 0, LOCAL_ALL))
    attempt("link", lambda: netlink(ROUTE, 16, CREATE, LINK))
    attempt("link-down", lambda: netlink(ROUTE, 19, 0, DOWN))
    attempt("rule", lambda: netlink(ROUTE, 32, CREATE, RULE))
    attempt("nft-flush", lambda: batch(0x0A02, struct.pack("=BBH", 0, 0, 0)))
    attempt("nflog", lambda: netlink(
        NETFILTER, 0x0401, 0, struct.pack("=BBH", 0, 0, 0) + attribute(1, struct.pack("=Bxxx", 1))))
    attempt("tun", tun)
    attempt("tun-node", make_tun)
    attempt("sysctl", lambda: open("/proc/sys/net/ipv4/conf/lo/accept_local", "r+").close())
    attempt("setns", lambda: in_child(lambda: enter("/proc/1/ns/net", CLONE_NEWNET)))
    attempt("setns-user", lambda: in_child(lambda: enter("/proc/1/ns/user", CLONE_NEWUSER)))
    attempt("setns-inherited", lambda: in_child(lambda: call(libc.setns, 0, CLONE_NEWNET)))
    attempt("capset", lambda: in_child(capset))
    attempt("nested-address", lambda: nested(lambda: netlink(ROUTE, 20, CREATE, ADDRESS)))
    attempt("nested-nft", lambda: nested(lambda: batch(0x0A02, struct.pack("=BBH", 0, 0, 0))))
    attempt("nested-raw", lambda: nested(lambda: socket.socket(inet, socket.SOCK_RAW, socket.IPPROTO_TCP)))
    attempt("nested-mark", lambda: nested(lambda: set_option(socket.SOL_SOCKET, SO_MARK, 1)))
    attempt("nested-setns", lambda: nested(lambda: call(libc.setns, 0, CLONE_NEWNET)))
    attempt("nested-socket", lambda: in_child(nested_old_socket))
    attempt("nested-proc", lambda: in_child(nested_proc))
    attempt("nested-network", lambda: nested(lambda: connect(inet, ("127.0.0.1", int(denied))), CLONE_NEWNET))
    attempt("kill", lambda: os.kill(int(pid), 0))
    attempt("ptrace", lambda: call(libc.ptrace, PTRACE_ATTACH, int(pid), 0, 0))
    attempt("pidfd", lambda: call(libc.syscall, PIDFD_OPEN, int(pid), 0))
    listeners()


if sys.argv[1] == "kill":
    kill(sys.argv[2])
else:
    main(*sys.argv[1:])
