"""Modules that are needed now and then, and take memory only meanwhile."""

import sys


def load(name):
    """The module, which goes with its last user."""
    module = __import__(name)
    del sys.modules[name]
    return module
