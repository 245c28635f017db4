"""A DNS server that knows one answer: every name is at the access point's address."""

import socket

_TTL_S = 5
_LARGEST = 512
_A = 1
_ANY = 255


def listen(address: str, port: int) -> socket.socket:
    """A UDP socket that waits for nothing."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(socket.getaddrinfo(address, port)[0][-1])
    sock.setblocking(False)
    return sock


def end_of_question(query: bytes) -> int:
    """Return where the only question of a standard query ends; 0 for whatever is none (RFC 1035, 4.1)."""
    length = len(query)
    if length < 17 or query[2] & 0xF8 or query[4] or query[5] != 1:
        return 0
    at = 12
    while at < length and query[at]:
        if query[at] > 63:
            return 0
        at += query[at] + 1
    at += 5
    return at if at <= length and at <= 12 + 255 + 4 else 0


def answer(query: bytes, address: bytes) -> bytes | None:
    """Return the answer to a query, None to what is none; address is 4 bytes, types other than A have no records."""
    end = end_of_question(query)
    if not end:
        return None
    internet = query[end - 2] << 8 | query[end - 1]
    kind = query[end - 4] << 8 | query[end - 3]
    known = internet in (1, _ANY) and kind in (_A, _ANY)
    head = bytearray(query[:end])
    head[2] = 0x84 | query[2] & 1
    head[3] = 0x80
    head[4:12] = b"\0\1\0\1\0\0\0\0" if known else b"\0\1\0\0\0\0\0\0"
    return head + b"\xc0\x0c\0\1\0\1\0\0\0" + bytes((_TTL_S, 0, 4)) + address if known else head


def serve(sock: socket.socket, address: bytes) -> None:
    """Answer the queries that have come, a few at most."""
    for _ in range(4):
        try:
            query, sender = sock.recvfrom(_LARGEST)
        except OSError:
            return
        said = answer(query, address)
        if said:
            try:
                sock.sendto(said, sender)
            except OSError:
                pass
