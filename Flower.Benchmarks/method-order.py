#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes Flower/method-order.txt: the methods that connects, pushes and the start of a tool run, in the order of their calls.

The ahead-of-time compiler puts them together, so that they take fewer lines of the processor's caches and fewer pages. Each part of
a connect (switchboard, server, client) and of a push (switchboard, ingress, server) runs under callgrind by turns. To be called
when the way of a connect or of a push has changed much; a name that the program does not have any more does no harm.

From Debian: clang zlib1g-dev valgrind wrk.
"""
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
CONNECTS = 2000
SECONDS = 3
ADDRESS = "127.0.0.1:19080"

# What is called less often than one of so many descriptors is closed is no part of a connect or a push.
RARE = 4

# A method that ILC compiles, and no function in C or C++; and none of the other half of a benchmark.
METHOD = re.compile(r"(?!Flower_Benchmarks_)[A-Za-z<][^:(]*[^_:(]__[^:(]*$")


def publish(project, folder, *options):
    subprocess.run(
        ["dotnet", "publish", os.path.join(ROOT, project), "--configuration", "Release", "--output", folder,
         "-p:StripSymbols=false", *options], check=True, stdout=subprocess.DEVNULL)
    # callgrind fails on the debug information of such a program, and needs the names only.
    program = os.path.join(folder, project if project != "Flower" else "flower")
    subprocess.run(["strip", "--strip-debug", program], check=True)
    return program


def callgrind(profile, *options):
    return ["valgrind", "--tool=callgrind", "--dump-instr=yes", "--callgrind-out-file=" + profile, *options]


class Scene:
    """Processes that work together, of which one runs under callgrind while it is asked to."""

    def __init__(self, watched, profile):
        self.watched, self.profile = watched, profile
        self.processes = []
        self.pid = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
            process.wait()

    def start(self, role, *command):
        under = callgrind(self.profile, "--instr-atstart=no") if role == self.watched else []
        process = subprocess.Popen([*under, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.processes.append(process)
        if under:
            self.pid = process.pid
            # A program starts a hundred times slower there.
            time.sleep(15)
        time.sleep(3)
        return process

    def watch(self, on):
        subprocess.run(["callgrind_control", "-i", "on" if on else "off", str(self.pid)], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def watch_connects(flower, peers, folder, watched):
    path = os.path.join(folder, watched + ".sock")
    with Scene(watched, os.path.join(folder, "connect." + watched)) as scene:
        board = scene.start("board", flower, "switchboard", "--listen", path)
        scene.start("server", peers, "server", path)
        if watched == "client":
            scene.start("client", peers, "client", path, "1", "1000000", str(board.pid))
            scene.watch(True)
            time.sleep(SECONDS)
        else:
            client = [peers, "client", path, "1", str(CONNECTS), str(board.pid)]
            subprocess.run(client, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            scene.watch(True)
            subprocess.run(client, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        scene.watch(False)
        return scene.profile


def watch_pushes(flower, peers, folder, watched):
    path = os.path.join(folder, "push-" + watched + ".sock")
    os.environ["FLOWER_SWITCHBOARD"] = path
    with Scene(watched, os.path.join(folder, "push." + watched)) as scene:
        scene.start("board", flower, "switchboard", "--listen", path)
        scene.start("server", peers, "http", "--board", path, "service=www")
        scene.start("ingress", flower, "ingress", "accept", "--quiet", ADDRESS, "service=www")
        wrk = ["wrk", "-t1", "-c16", f"-d{SECONDS}s", "-H", "Connection: close", f"http://{ADDRESS}/"]
        subprocess.run(wrk, check=True, stdout=subprocess.DEVNULL)
        scene.watch(True)
        subprocess.run(wrk, check=True, stdout=subprocess.DEVNULL)
        scene.watch(False)
        return scene.profile


def watch_start(flower, folder):
    profile = os.path.join(folder, "start")
    subprocess.run([*callgrind(profile), flower, "cat", "--help"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return profile


def read(profile):
    """Of a file in callgrind's format (valgrind's manual, "Callgrind Format Specification"): who calls whom, from which address."""
    names, calls = {}, {}
    caller = callee = None
    address, count = 0, 0

    def name(word):
        # (id) name, and from then on (id); a '2 at the end is a recursion.
        number, _, rest = word.partition(")")
        if rest:
            names[number] = rest.strip().partition("'")[0]
        return names[number]

    with open(profile, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            word, _, rest = line.rstrip("\n").partition("=")
            if word == "fn":
                caller = name(rest)
            elif word == "cfn":
                callee = name(rest)
            elif word == "calls":
                count = int(rest.split()[0])
            elif re.match(r"0x|[+*-]", line):
                first = line.split()[0]
                address = int(first, 0) if first[0] == "0" else address + (0 if first == "*" else int(first))
                if count:
                    calls.setdefault(caller, []).append((address, callee, count))
                    count = 0
    return calls


def in_order(calls, repeats):
    """The methods that are called often, each after whoever calls it first, and those of one by the addresses of their calls."""
    totals = {}
    for made in calls.values():
        for _, callee, count in made:
            totals[callee] = totals.get(callee, 0) + count
    often = 1
    if repeats:
        closed = next((n for m, n in totals.items() if m.endswith("Native__Close")), 0)
        if not closed:
            sys.exit("nothing was closed: did the processes run?")
        often = max(1, closed // RARE)
    order, seen = [], set()
    waiting = [*reversed(calls), *(m for m in reversed(calls) if m not in totals)]
    while waiting:
        method = waiting.pop()
        if method in seen:
            continue
        seen.add(method)
        if totals.get(method, often) >= often and METHOD.match(method):
            order.append(method)
        waiting.extend(callee for _, callee, _ in sorted(calls.get(method, []), reverse=True))
    return order


def main():
    with tempfile.TemporaryDirectory() as folder:
        flower = publish("Flower", os.path.join(folder, "flower"))
        peers = publish("Flower.Benchmarks", os.path.join(folder, "peers"), "-p:PublishAot=true")
        profiles = [watch_connects(flower, peers, folder, w) for w in ("board", "server", "client")]
        profiles += [watch_pushes(flower, peers, folder, w) for w in ("board", "ingress", "server")]
        profiles.append(watch_start(flower, folder))
        order = {}
        for profile in profiles:
            found = in_order(read(profile), repeats=profile != profiles[-1])
            print(f"{os.path.basename(profile)}: {len(found)} methods", file=sys.stderr)
            order.update(dict.fromkeys(found))
    with open(os.path.join(ROOT, "Flower", "method-order.txt"), "w", encoding="utf-8") as out:
        out.write("\n".join(order) + "\n")


if __name__ == "__main__":
    main()
