"""The command `meterkast`."""

import os
import sys

from meterkast_runtime.errors import MeterkastError

from meterkast import commands, init_command, key_commands
from meterkast.app import app
from meterkast.backup import command as backup_commands
from meterkast.firmware import run_command as firmware_commands

__all__ = ["app", "main"]

USAGE_ERROR = 2
INTERRUPTED = 130
COMMANDS = (
    commands,
    key_commands,
    init_command,
    backup_commands,
    firmware_commands,
)  # importing them put them into the app


def main() -> None:
    """Run the command line; what a person can mend is one sentence and exit code 2."""
    try:
        app()
    except MeterkastError as error:
        sys.stderr.write(f"meterkast: {error}\n")
        sys.exit(USAGE_ERROR)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # whoever read our output has had enough: no complaint at exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


if __name__ == "__main__":
    main()
