"""`python -m deploy.grafana.meterkast_dashboards`: writes the dashboards and the alert rules that Grafana loads."""

import json
from collections.abc import Iterator
from pathlib import Path

import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from deploy.grafana.meterkast_dashboards.alerts import provisioned
from deploy.grafana.meterkast_dashboards.energy import energy_history
from deploy.grafana.meterkast_dashboards.fleet import fleet
from deploy.grafana.meterkast_dashboards.house import house
from deploy.grafana.meterkast_dashboards.itself import itself
from deploy.grafana.meterkast_dashboards.quality import quality

FOLDER = Path(__file__).parent.parent
GENERATED = "# Written by `make generate` from meterkast_dashboards/alerts.py.\n"


def generated() -> Iterator[tuple[str, str]]:
    """Each file's path in the folder, and what stands in it."""
    for board in (house(), energy_history(), quality(), fleet(), itself()):
        text = json.dumps(board, cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False)
        yield f"dashboards/{str(board.uid).removeprefix('meterkast-')}.json", f"{text}\n"
    rules = yaml.safe_dump(provisioned(), sort_keys=False, allow_unicode=True, width=120)
    yield "provisioning/alerting/rules.yaml", GENERATED + rules


def write(folder: Path) -> None:
    """Write every file."""
    for name, text in generated():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(FOLDER)
