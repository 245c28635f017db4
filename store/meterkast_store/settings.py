"""The `[store]` section: where history is kept and for how long."""

from pathlib import Path
from typing import Annotated

from meterkast_runtime.section import Section
from pydantic import Field, SecretStr


class StoreSettings(Section):
    """Where history is: `sqlite:///path`, or `influxdb://host:8086/database` (`influxdbs://` with TLS)."""

    url: str | None = Field(
        default=None,
        description="sqlite:///path or influxdb://host:8086/database; history.sqlite in the data folder when absent.",
    )
    token: SecretStr | None = None
    username: str | None = None
    password: SecretStr | None = None
    org: str = ""
    bucket: str | None = Field(default=None, description="Bucket or database; the name in the url when absent.")
    samples_bucket: str | None = Field(
        default=None,
        description="InfluxDB's bucket (database) of samples, which forgets them itself; <bucket>_samples when absent.",
    )
    retention_days: Annotated[int, Field(ge=1)] = Field(
        default=90, description="How long each reading is kept; quarter-hour snapshots are kept forever."
    )
    boundary_tolerance_s: Annotated[int, Field(ge=0, le=900)] = Field(
        default=60,
        description="How far before a quarter-hour boundary the last reading may lie (or twice the interval).",
    )
    timeout_s: Annotated[float, Field(gt=0)] = 10.0

    def place(self, data_dir: Path) -> str:
        """The url, or that of the embedded database in the data folder."""
        return self.url or f"sqlite:///{data_dir / 'history.sqlite'}"
