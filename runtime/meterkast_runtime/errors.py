"""The tree of errors.

MeterkastError
├── SettingsError          a setting is wrong; one sentence per mistake
├── StartError             a service cannot start here: a port in use, a folder not writable
└── MqttError
    ├── MqttConnectionError  the broker cannot be reached or refuses us
    ├── MqttQueueFullError   more is waiting to be sent than allowed
    └── MqttClosedError      the session is over
"""

from collections.abc import Sequence


class MeterkastError(Exception):
    """An error a person can act upon: what is wrong, and the hint what to do."""

    def __init__(self, sentence: str, *, hint: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.sentence}: {self.hint}" if self.hint else self.sentence


class SettingsError(MeterkastError):
    """Settings are wrong; `problems` holds one sentence per mistake, with its file or variable and its key."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class StartError(MeterkastError):
    """A service cannot start on this machine as it is."""


class MqttError(MeterkastError):
    """Something about MQTT went wrong."""


class MqttConnectionError(MqttError):
    """The broker cannot be reached or does not let us in."""


class MqttQueueFullError(MqttError):
    """More messages wait for the broker's acknowledgement than `limit`."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} messages already wait for the broker", hint="publish less, or wait for some")
        self.limit = limit


class MqttClosedError(MqttError):
    """The session has been closed; nothing can be published any more."""

    def __init__(self) -> None:
        super().__init__("the MQTT session is closed")
