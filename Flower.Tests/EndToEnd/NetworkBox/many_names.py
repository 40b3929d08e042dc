# SPDX-License-Identifier: BSD-2-Clause
"""Asks for many names, and says how many addresses they have, and whether the first one's is the same as before.

many_names.py COUNT
"""
import socket
import sys


def address(number):
    return socket.getaddrinfo(f"n{number}.example", 80, socket.AF_INET, socket.SOCK_STREAM)[0][4][0]


addresses = [address(number) for number in range(int(sys.argv[1]))]
print("different", len(set(addresses)), "same", address(0) == addresses[0])
