"""The examples under docs/friends, and what they may name."""

from pathlib import Path

from meterkast_contracts.catalogue import BY_NAME, Entry
from meterkast_contracts.topics import Topics

EXAMPLES = Path(__file__).parents[2] / "docs" / "friends"
TOPICS = Topics()


def example(name: str) -> str:
    """The text of an example."""
    return (EXAMPLES / name).read_text(encoding="utf-8")


def check_topic(topic: str) -> Entry | None:
    """Raise where a topic, or a filter with `+`, is none of the contract's; the catalogue's entry of a value's."""
    parsed = TOPICS.parse(topic.replace("+", "any", 1))
    if parsed.kind == "value" and parsed.item != "+":
        return BY_NAME[parsed.item or ""]
    return None
