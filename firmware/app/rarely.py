"""Modules that are needed now and then, and take memory only meanwhile."""

import sys


def load(name):
    """The module, which goes with its last user; one that found no memory half way goes at once."""
    try:
        return __import__(name)
    finally:
        sys.modules.pop(name, None)
