"""The key that releases are signed with, and signing: RSA-2048, PKCS#1 v1.5, SHA-256."""

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from meterkast_api.firmware.release import KEY_BITS, Release, ReleaseError, public_key
from meterkast_contracts.firmware import MANIFEST, SIGNATURE, Manifest, ManifestError

from meterkast.errors import LauncherError

EXPONENT = 65537
"""The device knows no other."""


def public_name(private: Path) -> Path:
    """The public key's file beside a private key's: firmware.pem, firmware.pub.pem."""
    return private.with_suffix(".pub.pem")


def make_pair(private: Path, passphrase: bytes | None) -> Path:
    """Make a key pair, the private file for its owner alone; return the public file. Nothing is overwritten."""
    public = public_name(private)
    for file in (private, public):
        if file.exists():
            raise LauncherError(
                f"{file} is there already", hint="devices trust the key they were flashed with: name another file"
            )
    key = generate_private_key(public_exponent=EXPONENT, key_size=KEY_BITS)
    sealed = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    try:
        private.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file_handle:
            file_handle.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed))
        public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    except OSError as error:
        raise LauncherError(f"the key cannot be written: {error}") from error
    return public


def is_sealed(private: Path) -> bool:
    """Whether a private key wants a passphrase."""
    return b"ENCRYPTED" in _read(private)


def private_key(file: Path, passphrase: bytes | None) -> RSAPrivateKey:
    """Read a private key; raises LauncherError for a wrong passphrase, or for anything but RSA-2048."""
    try:
        key = load_pem_private_key(_read(file), passphrase)
    except TypeError as error:
        raise LauncherError(
            f"{file} wants a passphrase", hint="--passphrase-file FILE, or ask at a terminal"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise LauncherError(f"{file} cannot be read: it is no private key, or its passphrase is another") from error
    if not isinstance(key, RSAPrivateKey) or key.key_size != KEY_BITS:
        raise LauncherError(f"{file} is no RSA key of {KEY_BITS} bits", hint="meterkast firmware key makes one")
    return key


def sign(folder: Path, key: RSAPrivateKey) -> Release:
    """Write the signature beside the manifest; return the release, checked as a device checks it."""
    try:
        text = (folder / MANIFEST).read_bytes()
        Manifest.from_bytes(text)
    except OSError as error:
        raise LauncherError(f"{folder} holds no build: {error}", hint="meterkast firmware build") from error
    except ManifestError as error:
        raise LauncherError(f"{folder} holds no build: {error}", hint="meterkast firmware build") from error
    (folder / SIGNATURE).write_bytes(key.sign(text, PKCS1v15(), hashes.SHA256()))
    return signed(folder, key.public_key())


def signed(folder: Path, key: RSAPublicKey | None = None) -> Release:
    """The release of a folder; raises LauncherError where it is not whole, or not signed by that key."""
    try:
        release = Release.of_folder(folder)
        if key is not None:
            release.check_signature(key)
    except ReleaseError as error:
        raise LauncherError(f"{folder}: {error}") from error
    return release


def trusted(file: Path) -> RSAPublicKey:
    """Read a public key, which the device's exponent must fit; raises LauncherError."""
    try:
        key = public_key(file)
    except ReleaseError as error:
        raise LauncherError(str(error), hint="it is the .pub.pem that meterkast firmware key made") from error
    if key.public_numbers().e != EXPONENT:
        raise LauncherError(f"{file} has another exponent than {EXPONENT}", hint="meterkast firmware key makes one")
    return key


def device_key(key: RSAPublicKey) -> bytes:
    """The key as it lies on a device: SubjectPublicKeyInfo (RFC 5280, §4.1.2.7) as DER, 294 bytes."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise LauncherError(
            f"the key {file} cannot be read: {error.strerror}", hint="meterkast firmware key makes one"
        ) from error
