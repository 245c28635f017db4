"""The private authority of `meterkast init`: who trusts it, and when its certificates are renewed."""

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from meterkast.errors import LauncherError
from meterkast.init import authority
from meterkast.init import folder as folders
from meterkast.init.plan import planned
from meterkast.init.wishes import Wishes

from tests.brokers import BrokerMissingError
from tests.launcher.deployed import Client, Deployed, init, secret

HOSTS = ("broker.example.org", "192.0.2.9")
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deployment with TLS."""
    return init(tmp_path_factory.mktemp("tls") / "deploy", gateways=("esp01",), tls=True, hosts=HOSTS)


@pytest.fixture(scope="module")
def other_authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of somebody else's authority."""
    file = tmp_path_factory.mktemp("other") / "ca.pem"
    file.write_bytes(authority.new_authority(authority.new_key(), now=NOW))
    return file


@pytest.fixture(scope="module")
def broker(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """Its broker, which listens with TLS as well."""
    running = Deployed(tmp_path_factory.mktemp("broker"), folder)
    try:
        running.start()
    except BrokerMissingError as missing:
        pytest.skip(str(missing))
    yield running
    running.stop()


def renewed(folder: Path, *, at: datetime) -> dict[str, bytes]:
    """What a run at that time would write."""
    return dict(planned(folders.found(folder), Wishes(), now=at).writes)


def test_a_client_that_trusts_the_authority_comes_in(broker: Deployed, folder: Path) -> None:
    """With the name checked: paho, by the broker's own certificate."""
    password = secret(folder, "mqtt-gateway-esp01")
    client = Client("localhost", broker.tls_port, "esp01", password, ca=folder / "certificates" / "ca.pem")
    assert client.refusal is None
    client.publish("dsmr/esp01/telegram")


def test_a_client_that_trusts_another_authority_does_not(broker: Deployed, other_authority: Path) -> None:
    """It ends the handshake, before any password is sent."""
    context = ssl.create_default_context(cafile=other_authority)
    with (
        socket.create_connection((broker.host, broker.tls_port)) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        context.wrap_socket(plain, server_hostname="localhost")


def test_openssl_trusts_each_certificate_for_each_name(folder: Path, other_authority: Path) -> None:
    """Strictly (RFC 5280), as a server's, and by no other authority."""
    tool = shutil.which("openssl")
    if tool is None:
        pytest.skip("openssl is missing; get it by: apt install openssl, or brew install openssl")
    place = folder / "certificates"

    def trusted(server: str, ca: Path, *options: str) -> bool:
        chain = ("-CAfile", str(ca), *options, str(place / f"{server}.pem"))
        command = (tool, "verify", "-x509_strict", "-purpose", "sslserver", *chain)
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    names = {"broker": ("localhost", "mosquitto", HOSTS[0]), "web": ("localhost", "proxy", HOSTS[0])}
    for server, of_server in names.items():
        assert all(trusted(server, place / "ca.pem", "-verify_hostname", name) for name in of_server)
        assert trusted(server, place / "ca.pem", "-verify_ip", HOSTS[1])
        assert not trusted(server, place / "ca.pem", "-verify_hostname", "elsewhere.example.org")
        assert not trusted(server, other_authority)


def test_python_trusts_the_authority_too(broker: Deployed, folder: Path) -> None:
    """By TLS 1.2 or newer, and by another of its names."""
    context = ssl.create_default_context(cafile=folder / "certificates" / "ca.pem")
    with (
        socket.create_connection((broker.host, broker.tls_port)) as plain,
        context.wrap_socket(plain, server_hostname="mosquitto") as encrypted,
    ):
        assert encrypted.version() in {"TLSv1.2", "TLSv1.3"}


def test_certificates_live_as_long_as_devices_allow(folder: Path) -> None:
    """The authority ten years, the others 825 days at most."""
    lives = {}
    for name in ("ca", "broker", "web"):
        certificate = x509.load_pem_x509_certificate((folder / "certificates" / f"{name}.pem").read_bytes())
        lives[name] = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert lives["ca"].days == 3650
    assert lives["broker"] == lives["web"] <= timedelta(days=825, hours=1)


def test_an_ending_certificate_is_renewed_by_the_same_authority(folder: Path) -> None:
    """Within 60 days of its end, with its key and all its names; not a day earlier."""
    ends = authority.ends_at((folder / "certificates" / "broker.pem").read_bytes())
    assert renewed(folder, at=ends - timedelta(days=61)) == {}
    written = renewed(folder, at=ends - timedelta(days=59))
    assert set(written) == {"certificates/broker.pem", "certificates/web.pem"}
    old, new = (folder / "certificates" / "broker.pem").read_bytes(), written["certificates/broker.pem"]
    assert set(authority.names_of(new)) == set(authority.names_of(old))
    assert authority.fits_key(new, (folder / "certificates" / "broker.key").read_bytes())
    assert authority.is_of(new, (folder / "certificates" / "ca.pem").read_bytes())


def test_another_name_is_another_certificate(tmp_path: Path, folder: Path) -> None:
    """Asked for by --host or written into HOST_NAMES; what was there stays."""
    copy = Path(shutil.copytree(folder, tmp_path / "deploy"))
    before = authority.names_of((copy / "certificates" / "web.pem").read_bytes())
    init(copy, hosts=("nas.local",))
    after = authority.names_of((copy / "certificates" / "web.pem").read_bytes())
    assert set(after) == {*before, "nas.local"}
    assert "HOST_NAMES=localhost,broker.example.org,192.0.2.9,nas.local\n" in (copy / ".env").read_text()


def test_a_certificate_of_somebody_else_stays(tmp_path: Path, folder: Path) -> None:
    """Who has put a public one there keeps it, and renews it himself."""
    copy = Path(shutil.copytree(folder, tmp_path / "deploy"))
    key = authority.new_key()
    public = authority.load_authority(authority.new_authority(key, now=NOW), key)
    web = copy / "certificates" / "web.pem"
    own_key = (copy / "certificates" / "web.key").read_bytes()
    web.chmod(0o644)
    web.write_bytes(authority.new_certificate(public, own_key, ["my.example.org"], now=NOW))
    far = NOW + timedelta(days=800)
    assert set(renewed(copy, at=far)) == {"certificates/broker.pem"}


def test_without_the_authoritys_key_nothing_is_renewed(tmp_path: Path, folder: Path) -> None:
    """Whoever keeps it elsewhere is asked to put it back, and until then runs on."""
    copy = Path(shutil.copytree(folder, tmp_path / "deploy"))
    (copy / "certificates" / "ca.key").unlink()
    assert renewed(copy, at=NOW) == {}
    with pytest.raises(
        LauncherError, match=r"ca.key is not here, and broker and web need new certificates: put it back"
    ):
        renewed(copy, at=NOW + timedelta(days=800))


def test_tls_can_be_switched_on_and_off_later(tmp_path: Path) -> None:
    """Empty files become certificates; off, the certificates stay for the next time."""
    folder = init(tmp_path / "deploy")
    assert (folder / "broker" / "tls.conf").read_text() == ""
    assert (folder / "certificates" / "broker.pem").read_text() == ""
    assert not (folder / "certificates" / "ca.key").exists()
    init(folder, tls=True)
    assert "listener 8883" in (folder / "broker" / "tls.conf").read_text()
    certificate = (folder / "certificates" / "broker.pem").read_bytes()
    init(folder, tls=False)
    assert (folder / "broker" / "tls.conf").read_text() == ""
    init(folder, tls=True)
    assert (folder / "certificates" / "broker.pem").read_bytes() == certificate
