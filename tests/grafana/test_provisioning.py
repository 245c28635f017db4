"""What Grafana loads at its start."""

from typing import Any

import yaml
from meterkast_store import StoreSettings
from meterkast_store.influx_place import influx_place

from tests.grafana.boards import FOLDER

LOADED = {".yaml", ".yml", ".json"}


def provisioned(name: str) -> Any:
    return yaml.safe_load((FOLDER / "provisioning" / name).read_text())


def test_data_sources_are_the_two_databases() -> None:
    """The data sources read the databases that the store writes, as a user of their own, whose password is a file's."""
    place = influx_place(StoreSettings(), "influxdb://influxdb:8086/meterkast")
    sources = {source["uid"]: source for source in provisioned("datasources/meterkast.yaml")["datasources"]}
    assert {uid: source["jsonData"]["dbName"] for uid, source in sources.items()} == {
        "meterkast": place.database, "meterkast-samples": place.samples_database,
    }  # fmt: skip
    for source in sources.values():
        assert (source["type"], source["access"], source["user"]) == ("influxdb", "proxy", "grafana")
        assert source["url"] == place.url
        assert source["secureJsonData"] == {"password": "$__file{/run/secrets/influxdb-grafana}"}


def test_dashboards_are_found_and_kept_as_they_are() -> None:
    """One folder of dashboards, which a click cannot change: what it changed would be gone at the next start."""
    (provider,) = provisioned("dashboards/meterkast.yaml")["providers"]
    assert provider["options"]["path"] == "/etc/grafana/dashboards"
    assert provider["allowUiUpdates"] is False
    groups = provisioned("alerting/rules.yaml")["groups"]
    assert {group["folder"] for group in groups} == {provider["folder"]}
    assert len({group["name"] for group in groups}) == len(groups)


def test_the_example_of_who_is_told_is_whole() -> None:
    """Its policy sends to a contact point of the example, and Grafana does not load it under its present name."""
    example = provisioned("alerting/contact-points.yaml.example")
    names = {point["name"] for point in example["contactPoints"]}
    assert {policy["receiver"] for policy in example["policies"]} <= names
    loaded = {path.name for path in (FOLDER / "provisioning/alerting").iterdir() if path.suffix in LOADED}
    assert loaded == {"rules.yaml"}
