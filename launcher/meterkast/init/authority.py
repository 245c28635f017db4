"""A private certificate authority and the certificates it gives: ECDSA on P-256, as X.509 (RFC 5280) in PEM."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_DAYS = 3650
LEAF_DAYS = 825  # the most that Apple's devices take of a private authority
RENEW_DAYS = 60
_CLOCKS_DIFFER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Authority:
    """The authority's certificate and key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def new_key() -> bytes:
    """A private key in PEM (PKCS 8)."""
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def new_authority(key_pem: bytes, *, now: datetime) -> bytes:
    """The certificate of a new authority with this key."""
    key = _key(key_pem)
    identity = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    name = _name(f"Meterkast authority {identity.digest[:4].hex()}")
    builder = (
        _builder(name, name, key, now, now + timedelta(days=CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(identity, critical=False)
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def load_authority(certificate_pem: bytes, key_pem: bytes) -> Authority:
    """Read both; raises ValueError when they cannot be read or do not belong together."""
    authority = Authority(x509.load_pem_x509_certificate(certificate_pem), _key(key_pem))
    if authority.certificate.public_key() != authority.key.public_key():
        raise ValueError("the certificate is of another key")
    return authority


def new_certificate(authority: Authority, key_pem: bytes, names: Sequence[str], *, now: datetime) -> bytes:
    """A server's certificate for these host names and addresses."""
    key = _key(key_pem)
    ends = min(now + timedelta(days=LEAF_DAYS), authority.certificate.not_valid_after_utc)
    of_authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    builder = (
        _builder(_name(names[0]), authority.certificate.subject, key, now, ends)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(of_authority, critical=False)
    )
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def names_of(certificate_pem: bytes) -> tuple[str, ...]:
    """Host names and addresses of a certificate."""
    certificate = x509.load_pem_x509_certificate(certificate_pem)
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return (*found.get_values_for_type(x509.DNSName), *map(str, found.get_values_for_type(x509.IPAddress)))


def is_of(certificate_pem: bytes, authority_pem: bytes) -> bool:
    """Whether this authority has signed it: what another one has signed is a person's own."""
    certificate = x509.load_pem_x509_certificate(certificate_pem)
    try:
        certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority_pem))
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def fits_key(certificate_pem: bytes, key_pem: bytes) -> bool:
    """Whether the certificate is of this key."""
    return x509.load_pem_x509_certificate(certificate_pem).public_key() == _key(key_pem).public_key()


def ends_at(certificate_pem: bytes) -> datetime:
    """When the certificate ends."""
    return x509.load_pem_x509_certificate(certificate_pem).not_valid_after_utc


def is_ending(certificate_pem: bytes, *, now: datetime) -> bool:
    """Whether it is time to renew it."""
    return ends_at(certificate_pem) - now < timedelta(days=RENEW_DAYS)


def _key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pem, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("the key is not one of an elliptic curve")  # noqa: TRY004 - its content is wrong, not its type
    return key


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common[:64])])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, begins: datetime, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins - _CLOCKS_DIFFER)
        .not_valid_after(ends)
    )
