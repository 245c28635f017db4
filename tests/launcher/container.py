"""A pseudo-terminal in a mount namespace of its own, as a container has them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

_OWN_TERMINALS = """
mount -t devpts -o newinstance,ptmxmode=666 devpts /dev/pts && mount --bind /dev/pts/ptmx /dev/ptmx && exec "$@"
"""
_OPENER = """
import os, sys
while True:
    _, slave = os.openpty()
    if os.ttyname(slave) == sys.argv[1]:
        break
print("open", flush=True)
sys.stdin.read()
"""


@contextmanager
def opened_in_a_container(device: str) -> Iterator[None]:
    """Another program that has this name open in its own /dev/pts; skips where no namespace may be made."""
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("only Linux has mount namespaces")
    own = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    opener = [sys.executable, "-c", _OPENER, device]
    command = [unshare, *own, "--mount", "sh", "-c", _OWN_TERMINALS, "sh", *opener]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        if program.stdout.readline() != b"open\n":
            pytest.skip("no mount namespace may be made here")
        yield
        program.stdin.close()
