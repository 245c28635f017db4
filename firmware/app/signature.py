"""RSA-2048 signatures, PKCS#1 v1.5 with SHA-256 (RFC 8017, 8.2.2), without pow() of three arguments."""

import hashlib

SIZE = 256
_KEY_HEAD = b"\x30\x82\x01\x0a\x02\x82\x01\x01\x00"  # RSAPublicKey (RFC 8017, A.1.1): a sequence of n...
_KEY_TAIL = b"\x02\x03\x01\x00\x01"  # ...and e = 65537
_SHA256 = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"  # DigestInfo (RFC 8017, 9.2)


def verify(message: bytes, signature: bytes, key: bytes) -> bool:
    """Whether the signature (256 bytes) of the message is of the key (RSAPublicKey in DER, 2048 bits, e = 65537)."""
    key = key[-270:]  # the end of a SubjectPublicKeyInfo is the same RSAPublicKey
    if len(signature) != SIZE or key[:9] != _KEY_HEAD or key[265:] != _KEY_TAIL or key[9] < 128:
        return False
    modulus = int.from_bytes(key[9:265], "big")
    number = int.from_bytes(signature, "big")
    if number >= modulus:
        return False
    power = number
    for _ in range(16):
        power = power * power % modulus
    power = power * number % modulus
    block = b"\x00\x01" + b"\xff" * 202 + b"\x00" + _SHA256 + hashlib.sha256(message).digest()
    return power.to_bytes(SIZE, "big") == block
