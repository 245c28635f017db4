"""The files that init changes by the line, whatever else stands in them."""

from collections import Counter

from hypothesis import example, given, settings
from hypothesis import strategies as st
from meterkast import mosquitto_passwords
from meterkast.init import dotenv, roles, variables
from meterkast.init.wishes import Wishes

LINES = st.lists(
    st.one_of(
        st.sampled_from(["", "user parser", "user me", "topic read dsmr/#", "topic #", "# mine", "pattern read %u/#"]),
        st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"]), max_size=12),
    )
)
SETTINGS = st.lists(
    st.one_of(
        st.sampled_from(["", "TZ=Europe/Brussels", "export GATEWAY='shed' # c", 'WEB_PORT="80"', "#LISTEN=::", "O=1"]),
        st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"]), max_size=12),
    )
)
FEW = settings(deadline=None, max_examples=40)
WANTED = roles.wanted_rights(prefix="dsmr", served=["home"], gateways=["esp01"], programs=[])


def rights(text: str) -> dict[str, set[str]]:
    """Lines by user, as Mosquitto reads them."""
    found: dict[str, set[str]] = {}
    user = ""
    for line in text.split("\n"):
        if line.startswith("user "):
            user = line.removeprefix("user ").strip()
        found.setdefault(user, set()).add(line)
    return found


@FEW
@given(LINES)
@example(["user parser", "topic #", "user me", "topic a", "user parser", "topic b"])
def test_each_right_is_there_and_no_line_is_lost(lines: list[str]) -> None:
    """In any ACL; a second time nothing changes."""
    text = "\n".join(lines)
    merged = roles.merged(text, WANTED)
    found = rights(merged)
    assert all(set(wanted) <= found[user] for user, wanted in WANTED.items())
    before, after = (Counter(filter(str.strip, of.split("\n"))) for of in (text, merged))
    assert {line for line in before if not line.startswith("user ")} <= set(after)
    for user, own in rights(text).items():
        assert {line for line in own if line.strip() and not line.startswith("user ")} <= found.get(user, set())
    assert roles.merged(merged, WANTED) == merged


@FEW
@given(SETTINGS)
@example(["TZ=a", "TZ=b"])
def test_each_setting_is_as_wished_and_no_line_is_lost(lines: list[str]) -> None:
    """In any `.env`; a second time nothing changes."""
    text = "\n".join(lines)
    for wishes in (Wishes(), Wishes(timezone="Europe/Luxembourg", tls=True)):
        wanted = variables.settings(dotenv.values(text), wishes)
        written = variables.written(text, wanted)
        assert dotenv.values(written) == wanted
        changed = {name for name, value in dotenv.values(text).items() if wanted[name] != value}
        kept = [line for line in lines if line.strip() and not changed & set(dotenv.values(line))]
        assert set(kept) <= set(written.split("\n"))
        again = variables.settings(dotenv.values(written), wishes)
        assert variables.written(written, again) == written


@FEW
@given(LINES)
def test_each_user_comes_in_and_no_line_is_lost(lines: list[str]) -> None:
    """In any password file; a second time nothing changes."""
    text = "\n".join(lines)
    merged = mosquitto_passwords.merged(text, {"parser": "secret"})
    assert any(line.startswith("parser:$7$") for line in merged.split("\n"))
    others = [line for line in lines if line.strip() and not line.startswith("parser:")]
    assert set(others) <= set(merged.split("\n"))
    assert mosquitto_passwords.merged(merged, {"parser": "secret"}) == merged
