# SPDX-License-Identifier: BSD-2-Clause
"""Many processes that share one inherited handle, all connecting at once.

shared_handle.py COUNT KEY=VALUE...

Each opens a session of its own, connects, prints the labels and what the server says. Exits 0 if each of them did.
"""
import os
import socket
import sys

import python_client

count, words = int(sys.argv[1]), sys.argv[2:]
shared = socket.socket(fileno=int(os.environ["FLOWER_SWITCHBOARD"].removeprefix("fd:")))
waiting, begin = os.pipe()
children = []
for _ in range(count):
    child = os.fork()
    if child:
        children.append(child)
        continue
    code = 1
    try:
        os.close(begin)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.read(waiting, 1)
        with python_client.open_session(shared) as own:
            python_client.connect(own, words)
        code = 0
    except (python_client.Failure, OSError) as error:
        print(error, file=sys.stderr)
    finally:
        sys.stdout.flush()
        os._exit(code)

# The end of the pipe comes to all of them at the same time.
os.close(begin)
sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))
