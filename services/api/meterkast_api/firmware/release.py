"""A release in the hand: all its files, checked against its manifest and, where a key is given, its signature."""

import hashlib
import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key
from meterkast_contracts.firmware import MANIFEST, SIGNATURE, Manifest, ManifestError

KEY_BITS = 2048
SIGNATURE_BYTES = KEY_BITS // 8
MOST_TAR_BYTES = 512 << 10


class ReleaseError(ValueError):
    """These files are no release that a device would take; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Release:
    """A manifest and the bytes of every file, the manifest's own and its signature's among them."""

    manifest: Manifest
    contents: Mapping[str, bytes]

    @classmethod
    def of(cls, contents: Mapping[str, bytes]) -> Self:
        """Check that nothing is missing, changed or too much."""
        if missing := {MANIFEST, SIGNATURE} - contents.keys():
            raise ReleaseError(f"there is no {' and no '.join(sorted(missing))} in it")
        try:
            manifest = Manifest.from_bytes(contents[MANIFEST])
        except ManifestError as error:
            raise ReleaseError(str(error)) from error
        if len(contents[SIGNATURE]) != SIGNATURE_BYTES:
            raise ReleaseError(f"{SIGNATURE} is no signature of {SIGNATURE_BYTES} bytes: meterkast firmware sign")
        for file in manifest.files:
            data = contents.get(file.name)
            if data is None:
                raise ReleaseError(f"{file.name} stands in the manifest and is not there")
            if len(data) != file.size or hashlib.sha256(data).hexdigest() != file.sha256:
                raise ReleaseError(f"{file.name} is not the file of the manifest: its size or its SHA-256 differs")
        listed = {MANIFEST, SIGNATURE, *(file.name for file in manifest.files)}
        if more := contents.keys() - listed:
            raise ReleaseError(f"{', '.join(sorted(more))}: not in the manifest")
        return cls(manifest, dict(contents))

    @classmethod
    def of_folder(cls, folder: Path) -> Self:
        """Read the files of a folder."""
        try:
            return cls.of({path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()})
        except OSError as error:
            raise ReleaseError(f"{folder} cannot be read: {error.strerror}") from error

    @classmethod
    def of_tar(cls, archive: bytes) -> Self:
        """Read the files of a tar archive, plain or compressed; nothing is written to disk."""
        contents: dict[str, bytes] = {}
        try:
            with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
                for member in tar:
                    if member.isdir():
                        continue
                    if not member.isfile() or member.size > MOST_TAR_BYTES:
                        raise ReleaseError(f"{member.name} in the archive is no plain, small file")
                    inside = tar.extractfile(member)
                    contents[member.name.removeprefix("./")] = inside.read() if inside else b""
                    if sum(map(len, contents.values())) > MOST_TAR_BYTES:
                        raise ReleaseError(f"the archive holds more than {MOST_TAR_BYTES >> 10} KB")
        except (tarfile.TarError, EOFError, OSError, ValueError) as error:
            if isinstance(error, ReleaseError):
                raise
            raise ReleaseError(f"this is no tar archive: {error}") from error
        return cls.of(contents)

    def to_tar(self) -> bytes:
        """The archive that an upload takes."""
        target = io.BytesIO()
        with tarfile.open(fileobj=target, mode="w") as tar:
            for name, data in sorted(self.contents.items()):
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data))
        return target.getvalue()

    def check_signature(self, key: RSAPublicKey) -> None:
        """Raise ReleaseError where this key's owner has not signed it."""
        try:
            key.verify(self.contents[SIGNATURE], self.contents[MANIFEST], PKCS1v15(), hashes.SHA256())
        except InvalidSignature as error:
            version = self.manifest.version
            raise ReleaseError(f"release {version} is signed with another key than the one that is trusted") from error


def public_key(file: Path) -> RSAPublicKey:
    """Read an RSA-2048 public key, PEM or DER; raise ReleaseError for anything else."""
    try:
        data = file.read_bytes()
        key = load_pem_public_key(data) if data.startswith(b"-----") else load_der_public_key(data)
    except OSError as error:
        raise ReleaseError(f"the public key {file} cannot be read: {error.strerror}") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ReleaseError(f"{file} is no public key: {error}") from error
    if not isinstance(key, RSAPublicKey) or key.key_size != KEY_BITS:
        raise ReleaseError(f"{file} is no RSA key of {KEY_BITS} bits: meterkast firmware key makes one")
    return key
