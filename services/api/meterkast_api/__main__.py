"""`meterkast-api`: the API as a process of its own."""

import sys

from meterkast_runtime.health import Health
from meterkast_runtime.service import run_main
from meterkast_runtime.settings import SettingsError, load_settings
from meterkast_store import open_store
from pydantic import SecretStr

from meterkast_api.service import ApiService
from meterkast_api.settings import ApiSettings


def build(
    settings: ApiSettings,
    health: Health | None = None,
    *,
    setup_code: str | None = None,
    companion: SecretStr | None = None,
) -> ApiService:
    """Put the service together; whoever gives a setup code tells it, and the companion's token lets in the console."""
    store = open_store(settings.store, settings.data_dir)
    return ApiService(settings, store, health, setup_code=setup_code, companion=companion or settings.api.console_token)


def main() -> None:
    """Run the API until it is told to stop."""
    try:
        settings = load_settings(ApiSettings)
    except SettingsError as error:
        sys.exit(str(error))
    health = Health("api", settings.instance)
    run_main(lambda: build(settings, health), settings=settings, health=health)


if __name__ == "__main__":
    main()
