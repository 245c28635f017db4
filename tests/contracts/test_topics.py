import pytest
from hypothesis import given
from hypothesis import strategies as st
from meterkast_contracts.topics import GatewayTopic, TopicError, Topics, check_gateway, service_status

TOPICS = Topics("dsmr")


@given(st.from_regex(r"[a-z0-9][a-z0-9_-]*", fullmatch=True), st.integers(0, 10**14))
def test_every_topic_is_taken_apart_into_what_made_it(gateway: str, sent_ms: int) -> None:
    """Parsing a topic gives back what it was built from."""
    built = {
        TOPICS.telegram(gateway): GatewayTopic(gateway, "telegram"),
        TOPICS.late_telegram(gateway, sent_ms): GatewayTopic(gateway, "telegram", sent_ms=sent_ms),
        TOPICS.status(gateway): GatewayTopic(gateway, "status"),
        TOPICS.device(gateway): GatewayTopic(gateway, "device"),
        TOPICS.reading(gateway): GatewayTopic(gateway, "reading"),
        TOPICS.rejected(gateway): GatewayTopic(gateway, "rejected"),
        TOPICS.event(gateway): GatewayTopic(gateway, "event"),
        TOPICS.obis(gateway, "1-0:1.7.0"): GatewayTopic(gateway, "obis", "1-0:1.7.0"),
        TOPICS.value(gateway, "gas_m3"): GatewayTopic(gateway, "value", "gas_m3"),
        TOPICS.command(gateway, "restart"): GatewayTopic(gateway, "command", "restart"),
    }
    for topic, parts in built.items():
        assert TOPICS.parse(topic) == parts


@pytest.mark.parametrize(
    "topic",
    ["", "dsmr", "dsmr/home", "dsmr/Home/telegram", "dsmr/-x/telegram", "other/home/telegram", "dsmr/home/reading/x",
     "dsmr/home/telegram/1x", "dsmr/home/telegram/²", "dsmr/home/obis", "dsmr/home/unknown", "dsmr//telegram"],
)  # fmt: skip
def test_foreign_topic_is_refused(topic: str) -> None:
    """A topic that the contract does not know is a TopicError, whatever it is."""
    with pytest.raises(TopicError):
        TOPICS.parse(topic)


@pytest.mark.parametrize("name", ["", "Home", "-a", "_a", "a/b", "a+", "a#", "ä", "a b", "a\n"])
def test_bad_gateway_name_is_refused(name: str) -> None:
    """A gateway name has lower-case letters, digits, '_' and '-', and begins with a letter or digit."""
    with pytest.raises(TopicError, match="gateway name"):
        check_gateway(name)


def test_prefix_is_a_setting() -> None:
    """Another prefix makes other topics, and only those are understood."""
    topics = Topics("p1/meters")
    assert topics.reading("home") == "p1/meters/home/reading"
    assert topics.parse("p1/meters/home/reading").gateway == "home"
    with pytest.raises(TopicError):
        topics.parse("dsmr/home/reading")


def test_service_status_topic() -> None:
    """Health of services stands outside the prefix."""
    assert service_status("parser", "main") == "meterkast/parser/main/status"
