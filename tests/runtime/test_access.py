"""Getting in: passwords, TLS, and brokers that are none."""

import asyncio
import datetime as dt
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from meterkast_runtime.health import Health
from meterkast_runtime.mqtt import MqttSession, MqttSettings

from tests.brokers import BROKERS, Broker, BrokerMissingError, BrokerOptions
from tests.runtime.sessions import impostor, quick, settings_for, take, until


@dataclass(frozen=True)
class Authority:
    """A certificate authority made for one test."""

    folder: Path
    name: str
    key: ec.EllipticCurvePrivateKey

    def certificate(self, common_name: str, *, is_authority: bool = False) -> tuple[Path, Path]:
        """Write a certificate and its key; returns both paths."""
        key = self.key if is_authority else ec.generate_private_key(ec.SECP256R1())
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
            )
        )
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=is_authority,
            crl_sign=is_authority,
            encipher_only=False,
            decipher_only=False,
        )
        builder = (
            builder.add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        certificate = builder.sign(self.key, hashes.SHA256())
        paths = self.folder / f"{common_name}.crt", self.folder / f"{common_name}.key"
        paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return paths


def authority(folder: Path, name: str) -> Authority:
    """Make an authority."""
    return Authority(folder, name, ec.generate_private_key(ec.SECP256R1()))


def start(kind: str, folder: Path, options: BrokerOptions) -> Broker:
    """Start a broker with options."""
    broker = BROKERS[kind](folder / kind, options)
    try:
        broker.start()
    except BrokerMissingError as missing:
        pytest.skip(str(missing))
    return broker


@pytest.fixture(params=sorted(BROKERS))
def guarded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    """Give a broker that wants a password."""
    broker = start(request.param, tmp_path, BrokerOptions(username="home", password="right"))
    yield broker
    broker.stop()


@pytest.fixture(params=sorted(BROKERS))
def encrypted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    """Give a broker that speaks TLS, with a certificate of an authority of its own."""
    own = authority(tmp_path, "authority")
    ca_file, _ = own.certificate("authority", is_authority=True)
    cert_file, key_file = own.certificate("broker")
    options = BrokerOptions(ca_file=ca_file, cert_file=cert_file, key_file=key_file)
    broker = start(request.param, tmp_path, options)
    yield broker
    broker.stop()


async def trouble_of(settings: MqttSettings) -> str:
    """What a session says of the trouble it has."""
    health = Health("reader")
    async with MqttSession(settings, client_id="a", backoff=quick(), health=health):
        await until(lambda: health.message().detail)
    return health.message().detail or ""


async def test_the_right_password_lets_in(guarded: Broker) -> None:
    """User name and password are given to the broker."""
    settings = settings_for(guarded, username="home", password="right")
    async with MqttSession(settings, client_id="a") as session:
        await asyncio.wait_for(session.wait_connected(), 30)


async def test_a_wrong_password_is_said_once_and_tried_on(guarded: Broker) -> None:
    """A refused login gives one sentence in the log, however often it is tried, and health says it as well."""
    settings = settings_for(guarded, username="home", password="wrong")
    health = Health("reader")
    refusals: list[str] = []
    health.on_change(lambda: refusals.append(health.message().detail or ""))
    with structlog.testing.capture_logs() as lines:
        async with MqttSession(settings, client_id="a", backoff=quick(), health=health) as session:
            await until(lambda: guarded.log.lower().count("auth") >= 4)
            assert not session.connected
    assert [line["log_level"] for line in lines] == ["warning"]
    sentence = health.message().detail or ""
    assert sentence.startswith(f"the broker at 127.0.0.1:{guarded.port} does not let us in (")
    assert sentence.endswith(": check mqtt.username and mqtt.password")
    assert "wrong" not in str(lines)


async def test_tls_with_the_brokers_authority_works(encrypted: Broker) -> None:
    """With the right authority messages of any size pass through TLS."""
    settings = settings_for(encrypted, tls=True, ca_file=encrypted.options.ca_file)
    async with MqttSession(settings, client_id="a", subscriptions=["a"]) as session:
        await asyncio.wait_for(session.wait_connected(), 30)
        sizes = [1, 20_000, 400_000, 0, 5]
        sent = [session.publish("a", bytes(size)) for size in sizes]
        assert [len(message.payload) for message in await take(session, len(sizes))] == sizes
        await asyncio.wait_for(asyncio.gather(*sent), 10)


async def test_another_authority_is_not_trusted(encrypted: Broker, tmp_path: Path) -> None:
    """A broker whose certificate another authority signed is not spoken to."""
    (tmp_path / "other").mkdir()
    ca_file, _ = authority(tmp_path / "other", "other").certificate("other", is_authority=True)
    trouble = await trouble_of(settings_for(encrypted, tls=True, ca_file=ca_file))
    assert trouble.startswith(f"the certificate of 127.0.0.1:{encrypted.port} is not trusted (")
    assert trouble.endswith("): check mqtt.host and mqtt.ca_file")


async def test_tls_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    """A missing or broken certificate file is told with its setting and path."""
    missing = MqttSettings(host="127.0.0.1", tls=True, ca_file=tmp_path / "missing.crt")
    assert f"mqtt.ca_file {tmp_path}/missing.crt cannot be used" in await trouble_of(missing)
    (tmp_path / "broken").write_text("no certificate")
    broken = MqttSettings(host="127.0.0.1", tls=True, cert_file=tmp_path / "broken", key_file=tmp_path / "broken")
    assert f"mqtt.cert_file {tmp_path}/broken cannot be used" in await trouble_of(broken)


async def test_a_plain_broker_does_not_pass_for_tls(mosquitto: Broker) -> None:
    """Wanting TLS of a broker without it points to the settings that disagree."""
    trouble = await trouble_of(settings_for(mosquitto, tls=True))
    assert f"127.0.0.1:{mosquitto.port}" in trouble
    assert "mqtt.tls" in trouble


async def test_tls_wanted_by_the_broker_is_noticed(encrypted: Broker) -> None:
    """Speaking plainly to a TLS port points to the settings that disagree."""
    trouble = await trouble_of(settings_for(encrypted))
    assert f"127.0.0.1:{encrypted.port}" in trouble
    assert "mqtt.tls" in trouble


async def test_a_server_that_speaks_something_else_is_told() -> None:
    """A port where something else than MQTT answers is not taken for a broker."""

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    async with impostor(answer) as settings:
        trouble = await trouble_of(settings)
    assert trouble == (
        f"{settings.address} closes the connection without a greeting: "
        "check mqtt.port and mqtt.tls, and the broker's log"
    )


async def test_a_topic_one_may_not_read_is_named() -> None:
    """A subscription that the broker refuses is told, and what is allowed works on."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(b"\x20\x02\x00\x00")
        subscribe = await reader.read(1000)
        writer.write(b"\x90\x04" + subscribe[2:4] + b"\x01\x80" + b"\x30\x05\x00\x01a" + b"hi")
        await reader.read()

    health = Health("reader")
    async with (
        impostor(answer) as settings,
        MqttSession(settings, client_id="a", subscriptions=["a", "b"], health=health) as session,
    ):
        assert [message.payload for message in await take(session, 1)] == [b"hi"]
        await session.wait_connected()
        assert (health.message().checks["mqtt"], health.message().detail) == (
            "connected",
            f"the broker at {settings.address} does not let us read b: check its access rules",
        )


async def test_an_unknown_host_is_named() -> None:
    """A host name that does not exist is told as such."""
    trouble = await trouble_of(MqttSettings(host="broker.invalid"))
    assert trouble == "the name broker.invalid is not known: check mqtt.host"
