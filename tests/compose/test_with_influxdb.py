"""The same deployment with its history in InfluxDB.

Where the image is a stand-in, that is an InfluxDB 2 of this machine, or else Debian's 1.6: users, passwords, rights,
InfluxQL and the line protocol are shown there too; its setup by DOCKER_INFLUXDB_INIT_… variables is not.
"""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.compose.day import send_a_day, usage
from tests.compose.gateway import linked
from tests.compose.project import GATEWAYS, Project, eventually, moment
from tests.compose.readings import check_unbroken, first_since
from tests.compose.telegrams import dsmr_5

DATABASES = ("meterkast", "meterkast_samples")
DAY_S = 86_400
OK, NO_CONTENT, UNAUTHORIZED, FORBIDDEN = 200, 204, 401, 403
ASK = """
import httpx, sys
user, password, way, text = sys.argv[1:]
asked = {"db": "meterkast", **({"q": text} if way == "query" else {})}
with httpx.Client(base_url="http://influxdb:8086", auth=(user, password)) as client:
    answer = client.post(f"/{way}", params=asked, content="" if way == "query" else text)
print(answer.status_code, answer.text)
"""


def _ask(project: Project, user: str, way: str, text: str, password: str | None = None) -> tuple[int, str]:
    """What the database answers to a user in the inner network: status and text."""
    password = project.secret(f"influxdb-{user}") if password is None else password
    said = project.inside("console", "python", "-c", ASK, user, password, way, text)
    status, _, answer = said.strip().partition(" ")
    return int(status), answer


def test_influxdb(project: Project) -> None:
    """`meterkast init --store influxdb` and `up` move history there, and the crash of the database loses nothing."""
    project.init("--store", "influxdb")
    project.up()
    project.wait_healthy(project.services())
    with project.client() as client:
        began = first_since(client, datetime.now(UTC))
        project.crash("influxdb")
        project.crash("history")
        project.wait_healthy(project.services())
        check_unbroken(client, began)


@pytest.mark.parametrize("user", ["writer", "reader", "grafana"])
def test_rights(project: Project, user: str) -> None:
    """Each user sees the two databases and nothing else; the writer alone writes and deletes, none makes another."""
    status, said = _ask(project, user, "query", "SHOW DATABASES")
    (found,) = json.loads(said)["results"]
    assert {name for (name,) in found["series"][0]["values"]} == set(DATABASES)
    writes = user == "writer"
    assert _ask(project, user, "write", "service,service=x v=1")[0] == (NO_CONTENT if writes else FORBIDDEN)
    status, said = _ask(project, user, "query", 'DELETE FROM "service"')
    assert (status == OK and "error" not in said) == writes, said
    _ask(project, user, "query", 'CREATE DATABASE "another"')
    assert "another" not in _ask(project, user, "query", "SHOW DATABASES")[1]
    assert _ask(project, user, "query", "SHOW DATABASES", "wrong")[0] == UNAUTHORIZED


def test_reach(project: Project) -> None:
    """The database is reached from the inner network alone."""
    assert not any(project.inspect("influxdb")["NetworkSettings"]["Ports"].values())


def test_retention(project: Project) -> None:
    """Samples are forgotten after 90 days, a day at a time; all else is kept for ever, in shards of a year."""
    version = project.inside("influxdb", "sh", "-c", "influx version 2>/dev/null || influx -version")
    if "shell version: 1." not in version:
        token = project.secret("influxdb-admin-token")
        said = project.inside("influxdb", "influx", "bucket", "list", "--json", "--org=meterkast", f"--token={token}")
        rules = {bucket["name"]: bucket["retentionRules"][0] for bucket in json.loads(said)}
        found = [(rules[name]["everySeconds"], rules[name]["shardGroupDurationSeconds"]) for name in DATABASES]
        assert found == [(0, 364 * DAY_S), (90 * DAY_S, DAY_S)]
    else:
        questions = "; ".join(f'SHOW RETENTION POLICIES ON "{name}"' for name in DATABASES)
        _, said = _ask(project, "writer", "query", questions)
        assert [row["series"][0]["values"][0][1:3] for row in json.loads(said)["results"]] == [
            ["0s", "8736h0m0s"],
            ["2160h0m0s", "24h0m0s"],
        ]


def test_restore_replaces(project: Project) -> None:
    """`restore --replace` by the writer's right: what came after the backup is gone, what the backup holds is back."""
    before = send_a_day(project)
    project.compose("run", "--rm", "-T", "tools", "backup", "/backup/influxdb.tar")
    later = GATEWAYS[0]
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    with linked(project.mqtt_tls, project.trust(), later, project.secret(f"mqtt-gateway-{later}")) as link:
        link.publish(f"dsmr/{later}/telegram/{int(at.timestamp() * 1000)}", dsmr_5(at, import_kwh="004321.000"))
    eventually(lambda: _has(project, later, at) or None, what=f"a sample of {later}")
    project.compose("stop", "history", "api")
    project.compose("run", "--rm", "-T", "--no-deps", "tools", "restore", "/backup/influxdb.tar", "--replace")
    assert not _has(project, later, at)
    project.up()
    with project.client() as client:
        assert usage(client) == before


def test_rotation(project: Project) -> None:
    """`init --rotate` and the commands that it says: the old passwords are shut out, and all that was read is there."""
    old = project.secret("influxdb-writer")
    with project.client() as client:
        began = first_since(client, datetime.now(UTC))
    for step in project.init("--rotate").partition("Next, ")[2].splitlines()[1:]:
        project.shell(step)
    project.wait_healthy(project.services())
    healthy = datetime.now(UTC)
    assert _ask(project, "writer", "query", "SHOW DATABASES", old)[0] == UNAUTHORIZED
    for user in ("writer", "reader", "grafana"):
        assert _ask(project, user, "query", "SHOW DATABASES")[0] == OK
    stopped = moment(project.state("simulator")["FinishedAt"])
    with project.client() as client:
        check_unbroken(client, began, away=(stopped, healthy))


def _has(project: Project, gateway: str, at: datetime) -> bool:
    here = f"\"gateway\" = '{gateway}' AND time = {int(at.timestamp() * 1000)}ms"
    return "series" in _ask(project, "reader", "query", f'SELECT * FROM "meterkast_samples".."sample" WHERE {here}')[1]
