"""A release put where the API serves it: into its data folder on this computer, or sent to it elsewhere."""

import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from meterkast_api.firmware.release import Release
from meterkast_api.firmware.shelf import FOLDER, ReleaseExistsError, Shelf

from meterkast.errors import LauncherError

_WITHIN_S = 30


def keep(release: Release, data_dir: Path) -> Path:
    """Put it into the data folder of an API on this computer; return where it lies now."""
    folder = data_dir / FOLDER
    try:
        Shelf(folder).put(release)
    except ReleaseExistsError as error:
        raise LauncherError(str(error), hint="meterkast firmware build --version …, --sequence …") from error
    except OSError as error:
        raise LauncherError(f"{folder} cannot be written: {error.strerror}") from error
    return folder / release.manifest.version


def send(release: Release, api: str, token: str) -> None:
    """Send it to an API; raises LauncherError with what the API says against it."""
    url = f"{api.rstrip('/')}/api/v1/firmware/{release.manifest.version}"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-tar"}
    try:
        answer = httpx.put(url, content=release.to_tar(), headers=headers, timeout=_WITHIN_S)
    except httpx.HTTPError as error:
        raise LauncherError(f"{api} does not answer: {error}") from error
    except httpx.InvalidURL as error:
        raise LauncherError(f"{api} is no URL", hint="such as http://192.168.1.10:8080") from error
    if answer.is_success:
        return
    hint = None
    if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        hint = "make a token there: meterkast token firmware --scope control"
    raise LauncherError(f"{api} does not take the release: {_said(answer)}", hint=hint)


def served_at(version: str, *, url: str | None, setting: str | None, api: str | None) -> str:
    """The address by which gateways fetch the release; raises LauncherError where none is known that they reach."""
    base = url or setting or api
    hint = "say by which address gateways reach the API: --url http://192.168.1.10:8080, or firmware_url in [api]"
    if base is None:
        raise LauncherError("gateways must be told where the release is", hint=hint)
    parts = urlsplit(base)
    if parts.scheme != "http" or not parts.hostname:
        raise LauncherError(f"{base} is no address for a gateway, which fetches by plain HTTP", hint=hint)
    if url is None and (parts.hostname == "localhost" or _loopback(parts.hostname)):
        raise LauncherError(f"{base} is this computer alone", hint=hint)
    return f"{base.rstrip('/')}/api/v1/firmware/{version}/"


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _said(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {answer.status_code}"
