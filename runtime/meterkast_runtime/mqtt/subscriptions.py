"""What a session listens to, and has stopped listening to."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol


class Subscriber(Protocol):
    """An open connection."""

    def subscribe(self, topics: Mapping[str, int]) -> asyncio.Future[tuple[str, ...]]:
        """Send SUBSCRIBE, QoS by topic; the future gives what was refused, or is cancelled with the connection."""

    def unsubscribe(self, topics: Sequence[str]) -> asyncio.Future[None]:
        """Send UNSUBSCRIBE; the future is done at the answer, or is cancelled with the connection."""


class Subscriptions:
    """Made anew over every connection, since a broker may have forgotten them, and changed over an open one."""

    def __init__(self, topics: Iterable[str]) -> None:
        self.wanted: dict[str, int] = dict.fromkeys(topics, 1)
        self._waiting: dict[asyncio.Future[tuple[str, ...]], dict[str, int]] = {}
        self._ended: dict[str, asyncio.Future[None] | None] = {}
        self._line: Subscriber | None = None

    def add(self, topics: Sequence[str], qos: int) -> asyncio.Future[tuple[str, ...]]:
        """Listen to these too; the future gives those that the broker refused, however many connections that takes."""
        asked = dict.fromkeys(topics, qos)
        self.wanted |= asked
        for topic in topics:
            self._ended.pop(topic, None)
        done: asyncio.Future[tuple[str, ...]] = asyncio.get_running_loop().create_future()
        self._waiting[done] = asked
        if self._line is not None:
            self._ask(self._line, done)
        return done

    def remove(self, topics: Iterable[str]) -> None:
        """Listen to these no more; a broker that remembers them is told when it can be."""
        ended = [topic for topic in topics if self.wanted.pop(topic, None) is not None]
        self._ended |= dict.fromkeys(ended)
        for done, asked in list(self._waiting.items()):
            self._waiting[done] = {topic: qos for topic, qos in asked.items() if topic in self.wanted}
            if not self._waiting[done]:
                self._answer(done, ())
        if self._line is not None and ended:
            self._end(self._line, ended)

    def open(self, line: Subscriber, made: Mapping[str, int], refused: Sequence[str]) -> None:
        """A connection stands, over which these have been made."""
        self._line = line
        for done, asked in list(self._waiting.items()):
            if asked.items() <= made.items():
                self._answer(done, tuple(topic for topic in asked if topic in refused))
            else:
                self._ask(line, done)
        if self._ended:
            self._end(line, list(self._ended))

    def close(self) -> None:
        """The connection is gone: what is not answered is asked again over the next."""
        self._line = None

    def cancel(self) -> None:
        """Give up: there will be no further connection."""
        for done in self._waiting:
            done.cancel()
        self._waiting.clear()

    def _ask(self, line: Subscriber, done: asyncio.Future[tuple[str, ...]]) -> None:
        def answered(answer: asyncio.Future[tuple[str, ...]]) -> None:
            if not answer.cancelled():
                self._answer(done, answer.result())

        line.subscribe(self._waiting[done]).add_done_callback(answered)

    def _answer(self, done: asyncio.Future[tuple[str, ...]], refused: tuple[str, ...]) -> None:
        self._waiting.pop(done, None)
        if not done.done():
            done.set_result(refused)

    def _end(self, line: Subscriber, topics: list[str]) -> None:
        def answered(answer: asyncio.Future[None]) -> None:
            for topic in topics:
                if not answer.cancelled() and self._ended.get(topic) is answer:
                    del self._ended[topic]

        answer = line.unsubscribe(topics)
        self._ended |= dict.fromkeys(topics, answer)
        answer.add_done_callback(answered)
