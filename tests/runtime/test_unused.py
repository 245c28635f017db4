"""Libraries that nobody asks for are not loaded, and stay there for those who do."""

import subprocess
import sys

LOADED = """
import sys
import meterkast_runtime.log, meterkast_runtime.mqtt
print([it for it in ("rich", "dns", "structlog", "paho") if it in sys.modules])
import rich.console, dns.resolver
print("both", "there")
"""


def test_a_service_loads_neither_rich_nor_dnspython() -> None:
    """Structlog draws with the one and paho looks for brokers with the other where it finds it; we ask for neither."""
    printed = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True).stdout
    assert printed.splitlines() == ["['structlog', 'paho']", "both there"]
