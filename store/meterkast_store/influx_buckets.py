"""Making databases and setting how long they keep rows: InfluxQL in version 1, buckets by its API in version 2."""

import re
from collections.abc import Mapping
from typing import Any, Protocol

from meterkast_store.influx_place import InfluxPlace
from meterkast_store.influx_refusal import MISSING, Refusal
from meterkast_store.influx_server import InfluxServer

DAY_S = 86_400
SHARD_S = {True: 364 * DAY_S, False: DAY_S}
"""How long a shard is, for ever or not: by default it is a week, and ten years would be 500 of them to look into."""
_UNITS_S = {"w": 7 * DAY_S, "d": DAY_S, "h": 3600, "m": 60, "s": 1}


class Buckets(Protocol):
    """What a version of InfluxDB wants said; every method raises a Refusal where we may not."""

    async def retention(self, name: str) -> int | None:
        """For how many seconds a database keeps its rows, 0 for ever, None where that is not told."""
        ...

    async def make(self, name: str, keeps_s: int) -> None:
        """Make a database that keeps its rows so many seconds, 0 for ever."""
        ...

    async def keep(self, name: str, keeps_s: int) -> None:
        """Have a database keep its rows so long."""
        ...

    def how_to_make(self, name: str, days: int) -> str:
        """What a person does to make it."""
        ...

    def how_to_keep(self, name: str, days: int) -> str:
        """What a person does to set the retention."""
        ...


class Buckets1:
    """Databases of InfluxDB 1."""

    def __init__(self, server: InfluxServer, place: InfluxPlace) -> None:
        self._server = server
        self._place = place

    async def retention(self, name: str) -> int | None:
        """For how many seconds a database keeps its rows, 0 for ever."""
        return seconds_of((await _policy(self._server, name))["duration"])

    async def make(self, name: str, keeps_s: int) -> None:
        """Make a database that keeps its rows so many seconds, 0 for ever."""
        await self._server.command(f'CREATE DATABASE "{name}" WITH {_durations(keeps_s)}')

    async def keep(self, name: str, keeps_s: int) -> None:
        """Have a database keep its rows so long."""
        policy = (await _policy(self._server, name))["name"]
        await self._server.command(f'ALTER RETENTION POLICY "{policy}" ON "{name}" {_durations(keeps_s)}')

    def how_to_make(self, name: str, days: int) -> str:
        """What a person does to make it."""
        made = f'CREATE DATABASE "{name}"' + (f" WITH DURATION {days}d" if days else "")
        grant = f'GRANT ALL ON "{name}" TO "{self._place.username}"' if self._place.username else ""
        return "; ".join(filter(None, (f"as an administrator: {made}", grant)))

    def how_to_keep(self, name: str, days: int) -> str:
        """What a person does to set the retention."""
        return f'as an administrator: ALTER RETENTION POLICY "autogen" ON "{name}" DURATION {days}d'


class Buckets2:
    """Buckets of InfluxDB 2; only a token may touch them, and InfluxQL says of each that it keeps rows for ever."""

    def __init__(self, server: InfluxServer, place: InfluxPlace) -> None:
        self._server = server
        self._place = place

    async def retention(self, name: str) -> int | None:
        """For how many seconds a bucket keeps its rows, 0 for ever, None for who has no token."""
        await _policy(self._server, name)
        if not self._place.token:
            return None
        found = await self._bucket(name)
        return next((int(rule["everySeconds"]) for rule in found["retentionRules"]), 0)

    async def _bucket(self, name: str) -> Mapping[str, Any]:
        found = (await self._server.api("GET", "buckets", params={"name": name})).get("buckets", ())
        if not found:
            raise Refusal(MISSING, f"bucket {name!r} not found")
        bucket: Mapping[str, Any] = found[0]
        return bucket

    async def make(self, name: str, keeps_s: int) -> None:
        """Make a bucket that keeps its rows so many seconds, 0 for ever."""
        org = self._place.org
        found = (await self._server.api("GET", "orgs", params={"org": org} if org else {})).get("orgs", ())
        if not found:
            raise Refusal(MISSING, f"this token may not see the organisation {org!r}, nor make a bucket in it")
        bucket = {"orgID": found[0]["id"], "name": name, "retentionRules": [_rule(keeps_s)]}
        await self._server.api("POST", "buckets", json=bucket)

    async def keep(self, name: str, keeps_s: int) -> None:
        """Have a bucket keep its rows so long."""
        bucket = await self._bucket(name)
        await self._server.api("PATCH", f"buckets/{bucket['id']}", json={"retentionRules": [_rule(keeps_s)]})

    def how_to_make(self, name: str, days: int) -> str:
        """What a person does to make it."""
        return f"influx bucket create -n {name} -r {f'{days}d' if days else '0'}, and let this user read and write it"

    def how_to_keep(self, name: str, days: int) -> str:
        """What a person does to set the retention."""
        return f"influx bucket update -i ID -r {days}d, where ID is that of {name} in `influx bucket list`"


class Buckets3(Buckets2):
    """Databases of InfluxDB 3, which makes them itself when they are first written to."""

    async def retention(self, name: str) -> int | None:
        """Leave it to who runs the server: it is set when a database is made."""

    async def make(self, name: str, keeps_s: int) -> None:
        """Leave it to the first write."""


def buckets(server: InfluxServer, place: InfluxPlace) -> Buckets:
    """Return what speaks to a server of its version."""
    kinds: dict[int, type[Buckets1 | Buckets2]] = {1: Buckets1, 2: Buckets2}
    return kinds.get(server.version[0], Buckets3)(server, place)


async def _policy(server: InfluxServer, name: str) -> dict[str, Any]:
    """Return the default retention policy of a database; raises a Refusal where there is none."""
    (found,) = await server.command(f'SHOW RETENTION POLICIES ON "{name}"')
    policies = [dict(zip(one["columns"], row, strict=True)) for one in found for row in one.get("values", ())]
    default = next((policy for policy in policies if policy["default"]), None)
    if default is None:
        raise Refusal(MISSING, f"database not found: {name}")
    return default


def seconds_of(duration: str) -> int:
    """Return InfluxQL's duration, such as 2160h0m0s, in seconds."""
    return sum(int(number) * _UNITS_S[unit] for number, unit in re.findall(r"(\d+)([wdhms])(?!s)", duration))


def _durations(keeps_s: int) -> str:
    return f"DURATION {f'{keeps_s}s' if keeps_s else 'INF'} SHARD DURATION {SHARD_S[keeps_s == 0]}s"


def _rule(keeps_s: int) -> dict[str, Any]:
    return {"type": "expire", "everySeconds": keeps_s, "shardGroupDurationSeconds": SHARD_S[keeps_s == 0]}
