"""Starts a program that hears nothing of the machine's networks: `deaf.py PROGRAM ARGUMENT…`.

Chromium gives up what it is loading when a network comes or goes, as Docker's do; without a netlink socket it takes the
network for steady (AddressTrackerLinux of Chromium).
"""

import errno
import os
import socket
import sys

import pyseccomp


def main() -> None:
    """Refuse AF_NETLINK to this process and what comes of it, and become the program."""
    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    netlink = pyseccomp.Arg(0, pyseccomp.EQ, socket.AF_NETLINK)
    rules.add_rule(pyseccomp.ERRNO(errno.EAFNOSUPPORT), "socket", netlink)
    rules.load()
    os.execv(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
