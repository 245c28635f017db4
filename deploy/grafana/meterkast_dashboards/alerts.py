"""Alert rules: what is looked at, from where on it is trouble, and what to do then."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from grafana_foundation_sdk.builders.expr import (
    ExprTypeThresholdConditions,
    ExprTypeThresholdConditionsEvaluator,
    TypeMath,
    TypeReduce,
    TypeThreshold,
)
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import DataSourceRef
from meterkast_history.vitals import SILENT_AFTER_S

from deploy.grafana.meterkast_dashboards.quality import HIGHEST_V, LOWEST_V
from deploy.grafana.meterkast_dashboards.sources import InfluxQuery, source

EXPRESSION = "__expr__"
LETTERS = "AB"
JUDGED = "Share"
VERDICT = "Verdict"
FOLDER = "Meterkast"
PEAKS_SINCE = "35d"
LEAST_PEAK_W = 2500
"""What a Flemish house pays for at least."""
NEAR = 0.9

NoData = Literal["Alerting", "NoData", "OK"]
Evaluator = tuple[Literal["gt", "lt", "outside_range"], list[float]]


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One rule. `asks` are queries by letter, a gateway each; `judges` an expression of their last values, if any.

    `every` is how often it is looked at: what must read an hour of ten thousand gateways not every minute.
    """

    uid: str
    title: str
    asks: Sequence[str]
    fires: Evaluator
    lasting: str
    no_data: NoData
    summary: str
    to_do: str
    dashboard: str
    severity: Literal["warning", "critical"] = "warning"
    judges: str = ""
    every: Literal["1m", "5m"] = "1m"


def _lately(field: str, function: str, table: str, since: str) -> str:
    return f'SELECT {function}("{field}") FROM "{table}" WHERE time > now() - {since} GROUP BY "gateway"'  # noqa: S608


def _crc_errors(since: str) -> str:
    inner = _lately("crc_errors", "non_negative_difference", "device", since)
    return (
        f'SELECT sum("non_negative_difference") FROM ({inner}) '  # noqa: S608 - constants
        f'WHERE time > now() - {since} GROUP BY "gateway"'
    )


def _voltage(phase: int) -> Alert:
    return Alert(
        uid=f"meterkast-voltage-l{phase}",
        title=f"Voltage of phase {phase} out of range",
        asks=(_lately(f"voltage_l{phase}_v", "mean", "sample", "10m"),),
        fires=("outside_range", [LOWEST_V, HIGHEST_V]),
        lasting="5m",
        no_data="OK",
        summary=f"Phase {phase} of {{{{ .Labels.gateway }}}} is at {{{{ .Values.A }}}} V, the mean of ten minutes.",
        to_do=f"Normal is {LOWEST_V} to {HIGHEST_V} V. Too high on sunny days: inverters nearby; tell the grid "
        "operator, with the dashboard Quality of supply as evidence. Far too low or swinging: a loose neutral is "
        "dangerous, switch off what is delicate and call the grid operator's fault line.",
        dashboard="meterkast-quality",
    )


ALERTS = (
    Alert(
        uid="meterkast-silent",
        title="Gateway silent",
        asks=(_lately("silent_s", "last", "device", "10m"),),
        fires=("gt", [SILENT_AFTER_S]),
        lasting="5m",
        no_data="Alerting",
        summary="The last reading of {{ .Labels.gateway }} is {{ .Values.A }} seconds old.",
        to_do="Look at the gateway's row on the dashboard Fleet. Offline: power, WiFi, broker. Online without "
        "telegrams: the cable to the P1 port; meterkast doctor tells what is on the line. If all gateways are silent "
        "at once, or there is no data at all, look at the dashboard Meterkast itself: broker, parser or history are "
        "down. One that was taken away: forget it, and the alert ends.",
        dashboard="meterkast-fleet",
        severity="critical",
    ),
    Alert(
        uid="meterkast-crc",
        title="CRC errors",
        asks=(_crc_errors("1h"),),
        fires=("gt", [10]),
        lasting="10m",
        every="5m",
        no_data="OK",
        summary="{{ .Labels.gateway }} had {{ .Values.A }} damaged telegrams in an hour.",
        to_do="Check plug and cable of the P1 port: short, not beside mains cables. On WiFi gateways power from the "
        "port is often too weak: use a USB supply. Single errors do no harm, the telegram after is whole.",
        dashboard="meterkast-fleet",
    ),
    *map(_voltage, (1, 2, 3)),
    Alert(
        uid="meterkast-peak",
        title="Demand about to exceed the peak",
        asks=(
            _lately("demand_import_w", "last", "sample", "2m"),
            _lately("peak_import_w_max", "max", "quarter", PEAKS_SINCE),
        ),
        judges=f"($A >= {LEAST_PEAK_W}) * $A / $B",
        fires=("gt", [NEAR]),
        lasting="0s",
        no_data="OK",
        summary="The running quarter of {{ .Labels.gateway }} is at 90 % of the highest peak of this and last month.",
        to_do="Switch something heavy off until the quarter of an hour is over: car charger, oven, boiler, dryer. The "
        "highest quarter of the month is what the capacity tariff goes by.",
        dashboard="meterkast-house",
    ),
)


def provisioned(alerts: Sequence[Alert] = ALERTS) -> dict[str, Any]:
    """Return the rules as a file for Grafana's provisioning."""
    groups = [
        {
            "orgId": 1,
            "name": f"meterkast every {every}",
            "folder": FOLDER,
            "interval": every,
            "rules": [_rule(alert) for alert in alerts if alert.every == every],
        }
        for every in dict.fromkeys(alert.every for alert in alerts)
    ]
    return {"apiVersion": 1, "groups": groups}


def _rule(alert: Alert) -> dict[str, Any]:
    return {
        "uid": alert.uid,
        "title": alert.title,
        "condition": VERDICT,
        "data": list(_data(alert)),
        "for": alert.lasting,
        "noDataState": alert.no_data,
        "execErrState": "Error",
        "labels": {"severity": alert.severity, "program": "meterkast"},
        "annotations": {"summary": alert.summary, "description": alert.to_do, "dashboard": f"/d/{alert.dashboard}"},
    }


def _data(alert: Alert) -> Iterator[dict[str, Any]]:
    """The queries, the last value of each by its letter, what is worked out of them, and the verdict."""
    for letter, ask in zip(LETTERS, alert.asks, strict=False):
        ref = f"Query{letter}"
        yield _step(
            ref, source(ask).uid or "", {**InfluxQuery(ask, ref=ref).to_json(), "datasource": source(ask).to_json()}
        )
        yield _expression(letter, TypeReduce().expression(ref).reducer("last"))
    judged = LETTERS[0]
    if alert.judges:
        judged = JUDGED
        yield _expression(JUDGED, TypeMath().expression(alert.judges))
    kind, parameters = alert.fires
    evaluator = ExprTypeThresholdConditionsEvaluator().type(kind).params(parameters)
    verdict = TypeThreshold().expression(judged).conditions([ExprTypeThresholdConditions().evaluator(evaluator)])
    yield _expression(VERDICT, verdict)


def _expression(ref: str, expression: TypeReduce | TypeMath | TypeThreshold) -> dict[str, Any]:
    model = expression.ref_id(ref).datasource(DataSourceRef(type_val=EXPRESSION, uid=EXPRESSION)).build()
    return _step(ref, EXPRESSION, json.loads(JSONEncoder().encode(model)))


def _step(ref: str, uid: str, model: dict[str, Any]) -> dict[str, Any]:
    return {"refId": ref, "datasourceUid": uid, "relativeTimeRange": {"from": 3600, "to": 0}, "model": model}
