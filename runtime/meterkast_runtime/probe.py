"""`python -m meterkast_runtime.probe`: whether the service beside us is well, as a container's health check.

It asks `/health` on METERKAST_METRICS__PORT and loads nothing else, since it is run twice a minute.
"""

import http.client
import os
import sys
from collections.abc import Mapping

PORT = "METERKAST_METRICS__PORT"
TIMEOUT_S = 5.0


def probe(environment: Mapping[str, str]) -> tuple[bool, str]:
    """Return whether the service is well, and what it says of itself."""
    port = environment.get(PORT, "")
    if not port.isdecimal():
        return False, f"set {PORT} to the port on which the service shall tell its health"
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        return answer.status == http.client.OK, answer.read().decode()
    except (OSError, http.client.HTTPException) as error:
        return False, f"nothing tells its health on port {port}: {error}"
    finally:
        connection.close()


if __name__ == "__main__":
    well, said = probe(os.environ)
    sys.stdout.write(f"{said}\n")
    sys.exit(not well)
