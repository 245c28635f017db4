"""The images that our own are made from, and our own: built as anybody would, only where they come from may differ."""

import hashlib
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.compose.engine import DockerMissingError, Engine
from tests.databases import influx, influxd

ROOT = Path(__file__).parents[2]
BASES = Path(__file__).parent / "bases"
REGISTRY = "https://registry-1.docker.io/v2/"
PYTHON = "python:3.11-slim-bookworm"
BUILDER = "python:3.11-bookworm"
NODE = "node:20-bookworm-slim"
INFLUXDB = "influxdb:2.7"
STAND_INS = {
    NODE: "node",
    "eclipse-mosquitto:2": "mosquitto",
    "nginx:1.28": "nginx",
    INFLUXDB: "influxdb",
}
"""Image of the compose file or the Dockerfile, and the folder of what stands for it; each is made from PYTHON's."""
INFLUXDB_2 = "influxdb2"
"""The folder in the place of `influxdb` where this machine has an InfluxDB 2."""
VERSION = "test"
SERVICES = ("reader", "parser", "history", "api", "console")
LABEL = "meterkast.stands-in"
BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
TRUST = ("SSL_CERT_FILE", "PIP_CERT", "NODE_EXTRA_CA_CERTS")
BUILD_WITHIN_S = 300


def prepare(engine: Engine) -> bool:
    """Make every image that the compose file names; returns whether stand-ins were needed."""
    stands_in = not _registry_answers()
    version = _version()
    if stands_in and not _stands(engine, PYTHON, version):
        _debian(engine, version)
        engine.docker("tag", PYTHON, BUILDER)
    with ThreadPoolExecutor(2) as pool:
        if stands_in:
            pool.submit(_from_debian, engine, NODE, version).result()
            others = [pool.submit(_from_debian, engine, image, version) for image in STAND_INS if image != NODE]
        # Named, so that they are kept for the next time when nameless ones are cleared away.
        stages = [pool.submit(_build, engine, stage, f"--target={stage}") for stage in ("page", "dependencies")]
        for stage in stages:
            stage.result()
        images = [pool.submit(_build, engine, name, f"--build-arg=SERVICE={name}") for name in SERVICES]
        images.append(
            pool.submit(_build, engine, "tools", "--build-arg=SERVICE=launcher", "--build-arg=PACKAGE=meterkast")
        )
        for image in (*images, *(others if stands_in else ())):
            image.result()
    engine.docker("image", "prune", "--force", "--filter=until=24h")
    return stands_in


def _build(engine: Engine, name: str, *options: str) -> None:
    where = ("--network=host", f"--file={ROOT}/deploy/Dockerfile", f"--tag=meterkast-{name}:{VERSION}")
    engine.docker("build", *where, *options, ROOT, within_s=BUILD_WITHIN_S)


def _registry_answers() -> bool:
    try:
        urllib.request.urlopen(REGISTRY, timeout=5).close()
    except urllib.error.HTTPError as error:
        return error.code == 401
    except OSError:
        return False
    return True


def _version() -> str:
    """What the stand-ins are made by: they are made anew when it changes."""
    made_by = [Path(__file__), BUNDLE, *sorted(path for path in BASES.rglob("*") if path.is_file())]
    return hashlib.sha256(b"".join(path.read_bytes() for path in made_by if path.exists())).hexdigest()[:16]


def _stands(engine: Engine, image: str, version: str) -> bool:
    """Whether the image is there: a real one, or a stand-in of this version."""
    if not engine.has(image):
        return False
    label = engine.docker("image", "inspect", "--format", f'{{{{index .Config.Labels "{LABEL}"}}}}', image).strip()
    return label in ("", version)


def _debian(engine: Engine, version: str) -> None:
    program = shutil.which("mmdebstrap")
    if program is None:
        raise DockerMissingError(
            "Docker has no registry here, and mmdebstrap is missing; get it by: apt install mmdebstrap"
        )
    with _memory() as folder:
        archive = folder / "base.tar"
        packages = "apt,ca-certificates,netbase,python3,python3-pip,tzdata"
        command: list[str | Path] = [
            program, "--quiet", "--mode=root", "--variant=essential", f"--include={packages}",
            '--customize-hook=rm "$1"/usr/lib/python3*/EXTERNALLY-MANAGED',
            '--customize-hook=ln -s /usr/bin/python3 "$1"/usr/local/bin/python',
            *([f"--customize-hook=upload {BUNDLE} {BUNDLE}"] if BUNDLE.exists() else []),
            "bookworm", archive,
        ]  # fmt: skip
        subprocess.run(command, check=True, env={**engine.environment, "TMPDIR": str(folder)}, timeout=BUILD_WITHIN_S)
        changes = [f"--change=LABEL {LABEL}={version}", *(f"--change=ENV {name}={BUNDLE}" for name in TRUST)]
        engine.docker("import", *changes, archive, PYTHON, within_s=BUILD_WITHIN_S)


@contextmanager
def _memory() -> Iterator[Path]:
    """Give a folder in memory, where unpacking Debian takes a third of the time that it takes on a disk."""
    with tempfile.TemporaryDirectory() as folder:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], check=False).returncode == 0
        try:
            yield Path(folder)
        finally:
            if mounted:
                subprocess.run(["umount", folder], check=True)


def _from_debian(engine: Engine, image: str, version: str) -> None:
    folder, programs = STAND_INS[image], _programs(image)
    if image == INFLUXDB and programs:
        folder = INFLUXDB_2
    version = "-".join((version, *(f"{program.stat().st_mtime_ns:x}" for program in programs.values())))
    if _stands(engine, image, version):
        return
    with tempfile.TemporaryDirectory() as temporary:
        context = Path(temporary) / "context"
        shutil.copytree(BASES / folder, context)
        for name, program in programs.items():
            if program.is_dir():
                shutil.copytree(program, context / name, symlinks=True)
            else:
                shutil.copy2(program, context / name)
        engine.docker(
            "build", "--network=host", f"--label={LABEL}={version}", f"--tag={image}", context, within_s=BUILD_WITHIN_S
        )


def _programs(image: str) -> Mapping[str, Path]:
    """What of this machine belongs in an image: Node with npm, and an InfluxDB 2 where there is one."""
    if image == NODE:
        node, npm = shutil.which("node"), shutil.which("npm")
        if node is None or npm is None:
            raise DockerMissingError("Docker has no registry here, and Node is missing: https://nodejs.org")
        return {"node": Path(node).resolve(), "npm": Path(npm).resolve().parents[1]}
    server, command = influxd(major=2), influx(major=2)
    if image == INFLUXDB and server is not None and command is not None:
        return {"influxd": Path(server).resolve(), "influx": Path(command).resolve()}
    return {}
