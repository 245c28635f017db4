"""Settings: where they come from, and what is said of each mistake."""

from pathlib import Path
from typing import Annotated

import pytest
from meterkast_api.settings import ApiSettings
from meterkast_history.settings import HistorySettings
from meterkast_parser.settings import ParserSettings
from meterkast_reader.settings import ReaderSettings
from meterkast_runtime.settings import Section, Settings, SettingsError, load_settings, settings_or_exit
from meterkast_runtime.settings_mistakes import KNOWN_NAMES
from pydantic import Field, SecretStr


class KettleSection(Section):
    """A section with a value of each kind."""

    cups: Annotated[int, Field(ge=1)] = 4
    names: tuple[str, ...] = ()
    code: SecretStr | None = None
    codes: dict[str, SecretStr] = Field(default_factory=dict)


class KettleSettings(Settings):
    """The settings of a made-up service."""

    kettle: KettleSection = KettleSection()


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run in an empty folder with an empty configuration folder."""
    for name in ("XDG_CONFIG_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.delenv("METERKAST_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def problems(text: str = "", cls: type[Settings] = KettleSettings) -> tuple[str, ...]:
    """What is said of a settings file."""
    Path("meterkast.toml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_settings(cls)
    return caught.value.problems


def test_without_anything_the_defaults_hold() -> None:
    """With no file and no variables a house in the Netherlands with its own broker is assumed."""
    settings = load_settings(KettleSettings)
    assert (settings.mqtt.host, settings.mqtt.port, settings.mqtt.prefix) == ("localhost", 1883, "dsmr")
    assert (settings.home.timezone, settings.home.language, settings.instance) == ("Europe/Amsterdam", "nl", "main")
    assert settings.data_dir.name == "meterkast"


def test_variables_go_over_the_file_and_overrides_over_both(monkeypatch: pytest.MonkeyPatch) -> None:
    """A single value of a section is replaced, the others of the section stay."""
    Path("meterkast.toml").write_text('[mqtt]\nhost = "file"\nport = 1\nprefix = "p1"\n[kettle]\nnames = ["a"]\n')
    monkeypatch.setenv("METERKAST_MQTT__HOST", "variable")
    monkeypatch.setenv("METERKAST_MQTT__PORT", "2")
    monkeypatch.setenv("METERKAST_KETTLE__NAMES", '["b", "c"]')
    monkeypatch.setenv("METERKAST_DATA_DIR", "/var/lib/meterkast")
    settings = load_settings(KettleSettings, overrides={"mqtt": {"port": 3}})
    assert (settings.mqtt.host, settings.mqtt.port, settings.mqtt.prefix) == ("variable", 3, "p1")
    assert settings.kettle.names == ("b", "c")
    assert settings.data_dir == Path("/var/lib/meterkast")


def test_a_list_may_be_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable for a list holds JSON, or simply values with commas between them."""
    monkeypatch.setenv("METERKAST_KETTLE__NAMES", "b, c,")
    assert load_settings(KettleSettings).kettle.names == ("b", "c")


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is set to nothing leaves the default."""
    monkeypatch.setenv("METERKAST_MQTT__USERNAME", "")
    assert load_settings(Settings).mqtt.username is None


def test_the_file_is_found_where_it_is_named_or_usual(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """METERKAST_CONFIG comes first, then the current folder, then the user's configuration folder."""
    usual = bare / "home" / "meterkast" / "meterkast.toml"
    monkeypatch.setattr("platformdirs.user_config_path", lambda _name: usual.parent)
    for place, name in ((usual, "usual"), (bare / "meterkast.toml", "here"), (bare / "other.toml", "named")):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f'instance = "{name}"')
        if name == "named":
            monkeypatch.setenv("METERKAST_CONFIG", str(place))
        assert load_settings(Settings).instance == name


def test_settings_do_not_change() -> None:
    """Settings are frozen, sections too."""
    settings = load_settings(KettleSettings)
    with pytest.raises(ValueError, match="frozen"):
        settings.instance = "other"  # type: ignore[misc]  # that it cannot be set is the point
    with pytest.raises(ValueError, match="frozen"):
        settings.kettle.cups = 2  # type: ignore[misc]  # that it cannot be set is the point


def test_sections_of_other_services_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """One file and one environment serve all services: what belongs to another is its own concern."""
    Path("meterkast.toml").write_text('[reader]\nanything = "goes"\n[api]\nport = "x"\n')
    monkeypatch.setenv("METERKAST_HISTORY__ANYTHING", "goes")
    assert load_settings(KettleSettings).kettle.cups == 4


def test_a_secret_may_stand_in_a_file(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`password_file` is read in place of `password`, from file and environment, and never shown."""
    (bare / "secret").write_text("s3cret\n")
    Path("meterkast.toml").write_text(f'[mqtt]\nusername = "home"\npassword_file = "{bare}/secret"\n')
    monkeypatch.setenv("METERKAST_KETTLE__CODE_FILE", str(bare / "secret"))
    settings = load_settings(KettleSettings)
    assert settings.mqtt.password is not None
    assert settings.kettle.code is not None
    assert settings.mqtt.password.get_secret_value() == settings.kettle.code.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(settings)


MISTAKES = {
    "[mqtt]\nprot = 1": "meterkast.toml: mqtt.prot is not a setting: did you mean mqtt.port?",
    "[mqtt]\npasword = 'x'": "meterkast.toml: mqtt.pasword is not a setting: did you mean mqtt.password?",
    "[mqqt]\nport = 1": "meterkast.toml: mqqt is not a setting: did you mean mqtt?",
    "instanse = 'a'": "meterkast.toml: instanse is not a setting: did you mean instance?",
    "[kettle]\nxyzzy = 1": (
        "meterkast.toml: kettle.xyzzy is not a setting; known are code, code_file, codes, cups, names"
    ),
    "[kettle]\ncups = 'many'": (
        "meterkast.toml: kettle.cups is 'many': input should be a valid integer, unable to parse string as an integer"
    ),
    "[kettle]\ncups = 0": "meterkast.toml: kettle.cups is 0: input should be greater than or equal to 1",
    "[kettle]\ncode = 123456": "meterkast.toml: kettle.code is wrong: input should be a valid string",
    "[kettle]\ncodes = {a = 123456}": "meterkast.toml: kettle.codes.a is wrong: input should be a valid string",
    "kettle = 5": ("meterkast.toml: kettle is 5: input should be a valid dictionary or instance of KettleSection"),
    "[home]\ntimezone = 'Mars/Olympus'": (
        "meterkast.toml: home.timezone is wrong: 'Mars/Olympus' is not a time zone: use a name such as Europe/Amsterdam"
    ),
    "[home]\nlanguage = 'fr'": "meterkast.toml: home.language is 'fr': input should be 'nl' or 'en'",
    "[mqtt]\nca_file = 'a.crt'": (
        "meterkast.toml: mqtt is wrong: ca_file or cert_file is set, but tls is false: set tls = true"
    ),
    "[mqtt]\ntls = true\ncert_file = 'a.crt'": (
        "meterkast.toml: mqtt is wrong: cert_file and key_file belong together: set both or neither"
    ),
    "[mqtt]\npassword = 'x'": "meterkast.toml: mqtt is wrong: password is set without username",
    "[mqtt]\npassword = 'x'\npassword_file = 'y'": (
        "meterkast.toml: mqtt is wrong: password and password_file are both set: keep one of them"
    ),
    "[mqtt]\npassword_file = '/nowhere/x'": (
        "meterkast.toml: mqtt is wrong: password_file /nowhere/x cannot be read: No such file or directory"
    ),
    "[mqtt]\nprefix = 'a/#'": (
        "meterkast.toml: mqtt.prefix is wrong: "
        "'a/#' cannot begin a topic: use levels separated by '/', without '+', '#', '$' and spaces"
    ),
}


@pytest.mark.parametrize(("text", "sentence"), MISTAKES.items())
def test_each_mistake_is_one_sentence(text: str, sentence: str) -> None:
    """A mistake in the file is told with file, key and what would be right; secrets are not repeated."""
    assert problems(text) == (sentence,)


VARIABLES = {
    "METERKAST_MQTT__PROT": "METERKAST_MQTT__PROT is not a setting: did you mean METERKAST_MQTT__PORT?",
    "METERKAST_MQTT__PORT": (
        "METERKAST_MQTT__PORT is 'x': input should be a valid integer, unable to parse string as an integer"
    ),
    "METERKAST_MQQT__PORT": "METERKAST_MQQT__PORT is not a setting: did you mean METERKAST_MQTT?",
    "METERKAST_INSTANSE": "METERKAST_INSTANSE is not a setting: did you mean METERKAST_INSTANCE?",
    "METERKAST_KETTLE__CODES": "METERKAST_KETTLE__CODES is wrong: input should be a valid dictionary",
    "METERKAST_KETTLE": ("METERKAST_KETTLE is 'x': input should be a valid dictionary or instance of KettleSection"),
}


@pytest.mark.parametrize(("name", "sentence"), VARIABLES.items())
def test_each_wrong_variable_is_one_sentence(name: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake in a variable is told with its name."""
    monkeypatch.setenv(name, "x")
    assert problems() == (sentence,)


def test_all_mistakes_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to start a service as often as there are mistakes."""
    monkeypatch.setenv("METERKAST_KETTLE__CUPS", "none")
    assert len(problems("[mqtt]\nprot = 1\nhots = 1\n[stoer]\n")) == 4


def test_a_file_that_cannot_be_used_is_named(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bad TOML, bytes that are no text, and a named file that is missing are told with the file's name."""
    (sentence,) = problems("[mqtt\n")
    assert sentence.startswith("meterkast.toml is not valid TOML: ")
    Path("meterkast.toml").write_bytes(b"\xff")
    with pytest.raises(SettingsError, match="is not UTF-8 text"):
        load_settings(Settings)
    monkeypatch.setenv("METERKAST_CONFIG", str(bare / "missing.toml"))
    with pytest.raises(SettingsError, match=r"METERKAST_CONFIG names .*missing\.toml, but there is no such file"):
        load_settings(Settings)


def test_a_command_ends_with_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong settings end a command with the sentences on standard error."""
    Path("meterkast.toml").write_text("[mqtt]\nprot = 1\n")
    with pytest.raises(SystemExit) as caught:
        settings_or_exit(Settings)
    assert caught.value.code == 2
    assert capsys.readouterr().err == "meterkast.toml: mqtt.prot is not a setting: did you mean mqtt.port?\n"


def test_every_section_of_every_service_is_known() -> None:
    """The table of names holds the sections of all services, so that each passes over those of the others."""
    services = (ApiSettings, HistorySettings, ParserSettings, ReaderSettings)
    assert {name for settings in services for name in settings.model_fields} <= set(KNOWN_NAMES)
