"""A usage table as the JSON of the answer."""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

import orjson

from meterkast_api.money.charge import DECIMALS, Charge
from meterkast_api.tables import exact, values_json
from meterkast_api.usage_tables import UsageTable

MOST_MISSING = 100
Local = Callable[[datetime], str]


def usage_json(table: UsageTable) -> bytes:
    """The table; times in its time zone."""
    zone = table.asked.zone

    @cache
    def local(at: datetime) -> str:
        return at.astimezone(zone).isoformat()

    body: dict[str, Any] = {"gateway": table.usage.gateway, "per": table.usage.per, "timezone": table.usage.timezone}
    body |= _span(table, local)
    body["changes"] = [
        {"at": local(change.at), "kind": change.kind, "meter_id": change.meter} for change in table.changes
    ]
    accounts = [table.account] if table.account is not None else []
    if table.compared is not None:
        body["compared"] = _span(table.compared, local)
        accounts += [table.compared.account] if table.compared.account is not None else []
    if accounts:
        body["currency"] = accounts[0].currency
        body["cost_missing"] = [
            {"what": one.what, "from": local(one.start), "to": local(one.end), "why": one.why}
            for account in accounts
            for one in account.missing[:MOST_MISSING]
        ]
    return orjson.dumps(body)


def _span(table: UsageTable, local: Local) -> dict[str, Any]:
    """What a span and the one that it is compared with have in common."""
    usage, account = table.usage, table.account
    rows: list[dict[str, Any]] = [
        {"from": local(row.start), "to": local(row.end), "complete": row.complete, "hole": row.hole}
        | values_json(row.values)
        for row in usage.rows
    ]
    holes: list[dict[str, Any]] = [
        {"from": local(hole.start), "to": local(hole.end)} | values_json(hole.values) for hole in usage.holes
    ]
    body: dict[str, Any] = {"from": local(table.asked.start), "to": local(table.asked.end), "rows": rows}
    body |= {"holes": holes, "total": values_json(usage.total())}
    if account is not None:
        for line, charge in zip((*rows, *holes), (*account.rows, *account.holes), strict=True):
            line["cost"] = cost_json(charge)
        body["cost"] = cost_json(account.total)
    return body


def cost_json(charge: Charge) -> dict[str, orjson.Fragment]:
    """Amounts to four decimals."""
    return {kind: exact(amount, DECIMALS) for kind, amount in charge.told().items()}
