"""What the embedded brokers are told: nats-server, and Mosquitto where there is no nats-server."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from meterkast.mosquitto_passwords import password_line

ACK_WAIT = "15s"
MAX_ACK_PENDING = 1000


@dataclass(frozen=True, kw_only=True)
class BrokerOptions:
    """Where the broker listens, keeps its data, and the login that it demands."""

    address: str
    port: int
    directory: Path
    username: str | None = None
    password: str | None = None

    @property
    def log(self) -> Path:
        """The broker's own log."""
        return self.directory / "broker.log"

    @property
    def pid_file(self) -> Path:
        """Where the broker writes its process id."""
        return self.directory / "broker.pid"


def nats(options: BrokerOptions) -> str:
    """Configuration of nats-server: MQTT on one port, streams on disk, its own protocol on a random local port.

    `ack_wait` is how long an unacknowledged message waits before it comes again, so how long a killed service's
    messages take to reach its successor.
    """
    login = ""
    if options.username is not None:
        user, password = json.dumps(options.username), json.dumps(options.password or "")
        login = f"authorization {{ username: {user}, password: {password} }}"
    return f"""server_name: meterkast
listen: "127.0.0.1:-1"
pid_file: {json.dumps(str(options.pid_file))}
log_file: {json.dumps(str(options.log))}
logfile_size_limit: 1MB
logfile_max_num: 3
max_payload: 1MB
jetstream {{ store_dir: {json.dumps(str(options.directory / "nats"))}, max_mem: 32MB, sync_interval: "10s" }}
mqtt {{
  listen: {json.dumps(_listen(options))}
  ack_wait: "{ACK_WAIT}"
  max_ack_pending: {MAX_ACK_PENDING}
  {login}
}}
"""


def mosquitto(options: BrokerOptions) -> str:
    """Configuration of Mosquitto: sessions and retained messages saved every ten seconds."""
    data = options.directory / "mosquitto"
    data.mkdir(parents=True, exist_ok=True)
    lines = [
        f"listener {options.port} {options.address}",
        f"pid_file {options.pid_file}",
        f"log_dest file {options.log}",
        "persistence true",
        f"persistence_location {data}/",
        "autosave_interval 10",
        f"max_inflight_messages {MAX_ACK_PENDING}",
        "max_queued_messages 1000000",
        f"allow_anonymous {'true' if options.username is None else 'false'}",
    ]
    if os.name == "posix" and os.geteuid() == 0:
        lines.append(f"user {options.directory.owner()}")
    if options.username is not None:
        passwords = options.directory / "passwords"
        passwords.touch(mode=0o600)
        passwords.write_text(f"{password_line(options.username, options.password or '')}\n", encoding="utf-8")
        lines.append(f"password_file {passwords}")
    return "\n".join((*lines, ""))


def _listen(options: BrokerOptions) -> str:
    host = f"[{options.address}]" if ":" in options.address else options.address
    return f"{host}:{options.port}"
