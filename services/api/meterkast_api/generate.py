"""`python -m meterkast_api.generate`: writes `contracts/openapi.json`, or compares it (`--check`)."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from meterkast_runtime.health import Health
from meterkast_store import open_store
from meterkast_store.settings import StoreSettings

from meterkast_api.access.attempts import Attempts
from meterkast_api.access.audit import AuditLog
from meterkast_api.access.keyring import Keyring
from meterkast_api.access.login import Login
from meterkast_api.app import Parts, build_api, build_routers
from meterkast_api.database import Database
from meterkast_api.directory import Directory
from meterkast_api.firmware.shelf import Shelf
from meterkast_api.gateways import Gateways
from meterkast_api.history import History
from meterkast_api.home import Home
from meterkast_api.intake import Services
from meterkast_api.money.money import Money
from meterkast_api.settings import ApiSection
from meterkast_api.stream import Stream

PLACE = Path("contracts/openapi.json")


def openapi_json() -> str:
    """The OpenAPI document of the API; nothing is opened for it."""
    gateways = Gateways()
    database = Database(Path("never-opened"))
    keyring = Keyring(database)
    store = History(open_store(StoreSettings(), Path()))
    parts = Parts(
        section=ApiSection(),
        home=Home(database, "UTC"),
        store=store,
        health=Health("api"),
        gateways=gateways,
        services=Services(),
        stream=Stream(gateways.frames, buffer=1, queue=1, clients=1),
        database=database,
        firmware=Shelf(Path("never-opened")),
        money=Money(database, store, now=lambda: datetime.now(UTC)),
        audit=AuditLog(database),
        keyring=keyring,
        login=Login(keyring, attempts=Attempts(), setup_code=""),
    )
    return (
        json.dumps(build_api(build_routers(parts, Directory(gateways, store))).openapi(), indent=2, ensure_ascii=False)
        + "\n"
    )


def main() -> None:
    """Write the document, or compare."""
    wanted = openapi_json()
    if "--check" not in sys.argv[1:]:
        PLACE.write_text(wanted, encoding="utf-8")
    elif not PLACE.is_file() or PLACE.read_text(encoding="utf-8") != wanted:
        sys.exit(f"{PLACE} is not current: run `python -m meterkast_api.generate` and commit it")


if __name__ == "__main__":
    main()
