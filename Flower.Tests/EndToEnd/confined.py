"""Runs a program under what a systemd unit forbids, without systemd: its filter of system calls, the address families of its
sockets, and memory that is both written and executed.

confined.py UNIT PROGRAM ARGS...

A system call that the unit forbids kills the program (SIGSYS), instead of failing as it does under systemd. Needs
systemd-analyze, for what the groups of calls contain, and libseccomp (seccomp_rule_add(3)), which systemd needs too. The program
replaces this process.
"""
import ctypes
import os
import socket
import subprocess
import sys

KILL_PROCESS = 0x80000000
ALLOW = 0x7FFF0000
NO_SUCH_FAMILY = 0x00050000 | 97  # EAFNOSUPPORT, as systemd has it
COMPARE_EQUAL = 4
UNKNOWN_CALL = -1
PR_SET_MDWE = 65
PR_MDWE_REFUSE_EXEC_GAIN = 1


class Comparison(ctypes.Structure):
    """struct scmp_arg_cmp."""
    _fields_ = [("argument", ctypes.c_uint), ("operation", ctypes.c_int), ("value", ctypes.c_uint64), ("other", ctypes.c_uint64)]


def settings(path):
    """The values of a unit's [Service] section, in order: a list of (key, value)."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().replace("\\\n", " ").split("\n")
    pairs = [line.split("=", 1) for line in lines if "=" in line and not line.startswith(("#", ";"))]
    return [(key.strip(), value.strip()) for key, value in pairs]


def expand(name):
    """The system calls of a group (@network-io), or the name itself."""
    if not name.startswith("@"):
        return {name}
    lines = subprocess.run(
        ["systemd-analyze", "--no-pager", "syscall-filter", name], check=True, capture_output=True, text=True).stdout.split("\n")
    names = [line.strip() for line in lines[1:] if line.strip() and not line.strip().startswith("#")]
    return set().union(*(expand(inner) for inner in names))


def allowed(unit):
    """The first line says what is allowed; those that follow take something away (~) or add it."""
    calls = set()
    for value in (value for key, value in unit if key == "SystemCallFilter"):
        names = set().union(*(expand(word) for word in value.lstrip("~").split()))
        calls = calls - names if value.startswith("~") else calls | names
    return calls


unit = settings(sys.argv[1])
calls = allowed(unit)
families = {int(getattr(socket, word)) for key, value in unit if key == "RestrictAddressFamilies" for word in value.split()}
if not calls or not families:
    sys.exit("confined.py: the unit restricts nothing")

if ("MemoryDenyWriteExecute", "yes") in unit:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) != 0:
        print("confined.py: the kernel does not know PR_SET_MDWE", file=sys.stderr)

library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
library.seccomp_init.restype = ctypes.c_void_p
library.seccomp_init.argtypes = [ctypes.c_uint32]
library.seccomp_rule_add_array.argtypes = [
    ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.POINTER(Comparison)]
library.seccomp_load.argtypes = [ctypes.c_void_p]
rules = library.seccomp_init(KILL_PROCESS)


def add(action, call, *comparisons):
    number = library.seccomp_syscall_resolve_name(call.encode())
    # systemd knows calls that this library does not, or that this machine does not have.
    if number != UNKNOWN_CALL:
        array = (Comparison * max(1, len(comparisons)))(*comparisons)
        library.seccomp_rule_add_array(rules, action, number, len(comparisons), array)


for name in sorted(calls - {"socket"}):
    add(ALLOW, name)
for family in range(46):
    add(ALLOW if family in families else NO_SUCH_FAMILY, "socket", Comparison(0, COMPARE_EQUAL, family, 0))
if library.seccomp_load(rules) != 0:
    sys.exit("confined.py: the kernel does not take the filter")
os.execv(sys.argv[2], sys.argv[2:])
