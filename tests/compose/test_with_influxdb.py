"""The same deployment with its history in InfluxDB.

Where the image is a stand-in, that is Debian's InfluxDB 1.6: users, passwords, rights, InfluxQL and the line protocol
are shown; its setup by DOCKER_INFLUXDB_INIT_… variables, tokens and /api/v2 are not.
"""

from datetime import UTC, datetime

from tests.compose.project import Project
from tests.compose.readings import check_unbroken, first_since

ASK = """
import httpx, pathlib, sys
user, secret, question = sys.argv[1:]
password = pathlib.Path(secret).read_text() if secret.startswith("/") else secret
query = {"db": "meterkast_samples", "q": question}
answer = httpx.post("http://influxdb:8086/query", params=query, auth=(user, password))
print(answer.status_code, answer.text)
"""


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


def test_rights(project: Project) -> None:
    """The database lets in by name and password alone, and from the inner network alone."""
    ask = ("history", "python", "-c", ASK)
    question = "SHOW MEASUREMENTS"
    assert "sample" in project.inside(*ask, "writer", "/run/secrets/influxdb-writer", question)
    assert project.inside(*ask, "writer", "wrong", question).startswith("401")
    assert not any(project.inspect("influxdb")["NetworkSettings"]["Ports"].values())
