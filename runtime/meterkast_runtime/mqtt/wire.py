"""The connected socket to the broker: opened off the loop, read and written in large pieces."""

import asyncio
import socket
import ssl
import threading
from pathlib import Path

from meterkast_runtime.errors import MqttConnectionError
from meterkast_runtime.mqtt.packets import MORE, SEVEN_BITS
from meterkast_runtime.mqtt.settings import MqttSettings

CONNECT_TIMEOUT_S = 10.0
CHUNK_BYTES = 1 << 16
LENGTH_BYTES = 4


class Wire:
    """A non-blocking socket with a read buffer and gathered writes; paho takes it for a socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._secure = sock if isinstance(sock, ssl.SSLSocket) else None
        self._received = bytearray()
        self._at = 0
        self._unsent = bytearray()
        self._end: OSError | None = None

    @property
    def broken(self) -> bool:
        """Whether the connection has ended, though something may be left to read."""
        return self._end is not None

    @property
    def unsent(self) -> bool:
        """Whether bytes wait for the socket to take them."""
        return bool(self._unsent)

    def fill(self) -> None:
        """Take in what has arrived."""
        del self._received[: self._at]
        self._at = 0
        try:
            self._received += self._piece()
            while self._secure is not None and self._secure.pending():
                self._received += self._piece()
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError as error:
            self.fail(error)

    def look(self) -> tuple[int, int, int] | None:
        """Return the next packet's first byte and where its body begins and ends, None unless it is there whole."""
        received, at, there = self._received, self._at, len(self._received)
        length = shift = 0
        for start in range(at + 1, min(at + 1 + LENGTH_BYTES, there)):
            byte = received[start]
            length |= (byte & SEVEN_BITS) << shift
            if byte < MORE:
                end = start + 1 + length
                return (received[at], start + 1, end) if end <= there else None
            shift += 7
        if there - at > LENGTH_BYTES:
            self.abandon(ConnectionAbortedError("the length of a packet is malformed"))
        return None

    def take(self, start: int, end: int) -> bytearray:
        """Return the body of the packet that was looked at, and go on to the next."""
        self._at = end
        return self._received[start:end]

    def flush(self) -> None:
        """Send gathered bytes as far as the socket takes them."""
        while self._unsent:
            try:
                sent = self._sock.send(self._unsent)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return
            except OSError as error:
                self._unsent.clear()
                self.fail(error)
                return
            del self._unsent[:sent]

    def fail(self, error: OSError) -> None:
        """Let the next recv raise the error, once what was received before is read."""
        self._end = self._end or error

    def abandon(self, error: OSError) -> None:
        """Let the next recv raise the error; nothing more is read or sent."""
        self._received, self._at = bytearray(), 0
        self._unsent.clear()
        self.fail(error)

    def recv(self, size: int) -> bytes:
        """Return up to `size` buffered bytes; raises BlockingIOError where there are none."""
        at = self._at
        if at < len(self._received):
            piece = bytes(self._received[at : at + size])
            self._at = at + len(piece)
            return piece
        if self._end is not None:
            raise self._end
        raise BlockingIOError

    def send(self, data: bytes | bytearray) -> int:
        """Gather the bytes of a packet until the next flush."""
        self._unsent += data
        return len(data)

    def close(self) -> None:
        """Send what the socket still takes, and close it."""
        self.flush()
        self._sock.close()

    def fileno(self) -> int:
        """Return the file descriptor."""
        return self._sock.fileno()

    def setblocking(self, flag: bool) -> None:  # noqa: FBT001 - a socket's own signature
        """Set the socket's mode."""
        self._sock.setblocking(flag)

    def _piece(self) -> bytes:
        piece = self._sock.recv(CHUNK_BYTES)
        if not piece:
            raise ConnectionResetError("the broker closed the connection")
        return piece


async def open_wire(settings: MqttSettings) -> Wire:
    """Connect (name, TCP, TLS) in a thread of its own; raises MqttConnectionError saying what is wrong."""
    loop = asyncio.get_running_loop()
    opened: asyncio.Future[socket.socket] = loop.create_future()

    def deliver(result: socket.socket | Exception) -> None:
        if opened.done():
            if isinstance(result, socket.socket):
                result.close()
        elif isinstance(result, Exception):
            opened.set_exception(result)
        else:
            opened.set_result(result)

    def work() -> None:
        result: socket.socket | Exception
        try:
            result = _open_socket(settings)
        except (OSError, ValueError, MqttConnectionError) as error:
            result = error
        try:
            loop.call_soon_threadsafe(deliver, result)
        except RuntimeError:  # the loop has closed meanwhile
            if isinstance(result, socket.socket):
                result.close()

    # a thread that does not hold up the end of the program while a name server or broker is silent
    threading.Thread(target=work, name="mqtt-connect", daemon=True).start()
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S + 1):
            return Wire(await opened)
    except (OSError, ValueError) as error:
        raise describe(error, settings) from error


def _open_socket(settings: MqttSettings) -> socket.socket:
    context = tls_context(settings) if settings.tls else None
    sock = socket.create_connection((settings.host, settings.port), timeout=CONNECT_TIMEOUT_S)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            sock = context.wrap_socket(sock, server_hostname=settings.host)
        sock.settimeout(0)
    except BaseException:
        sock.close()
        raise
    return sock


def tls_context(settings: MqttSettings) -> ssl.SSLContext:
    """Build the TLS context; raises MqttConnectionError naming the file that cannot be used."""
    context = ssl.create_default_context()
    if settings.ca_file is not None:
        _use(settings.ca_file, "ca_file", lambda: context.load_verify_locations(settings.ca_file))
    if settings.cert_file is not None and settings.key_file is not None:
        cert_file, key_file = settings.cert_file, settings.key_file
        _use(cert_file, "cert_file", lambda: context.load_cert_chain(cert_file, key_file))
    return context


def _use(path: Path, name: str, load: object) -> None:
    try:
        load()  # type: ignore[operator]
    except (OSError, ssl.SSLError) as error:
        raise MqttConnectionError(f"mqtt.{name} {path} cannot be used ({error})", hint="check the file") from error


def describe(error: Exception, settings: MqttSettings) -> MqttConnectionError:
    """Say in one sentence why the broker cannot be reached."""
    where = settings.address
    match error:
        case socket.gaierror():
            return MqttConnectionError(f"the name {settings.host} is not known", hint="check mqtt.host")
        case ConnectionRefusedError():
            return MqttConnectionError(
                f"nothing listens at {where}", hint="start the broker, or check mqtt.host and mqtt.port"
            )
        case TimeoutError():
            return MqttConnectionError(f"{where} does not answer", hint="check mqtt.host, the network, the firewall")
        case ssl.SSLCertVerificationError():
            return MqttConnectionError(
                f"the certificate of {where} is not trusted ({error.verify_message})",
                hint="check mqtt.host and mqtt.ca_file",
            )
        case ssl.SSLError() | ConnectionResetError() if settings.tls:
            return MqttConnectionError(
                f"{where} does not speak TLS with us ({error})", hint="check mqtt.port, mqtt.tls"
            )
        case _:
            return MqttConnectionError(f"{where} cannot be reached ({error})", hint="check mqtt.host and mqtt.port")
