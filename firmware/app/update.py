"""Takes a signed release into the idle slot, checks every byte of it, and puts it on trial."""

import gc
import hashlib
import json
import os
import socket
import time
from binascii import hexlify

import signature
import state

PRODUCT = "meterkast-esp01"
LIMIT_S = 600
TRIES = 3
MANIFEST_SIZE = 4096
FILES = 36
_NAME = "abcdefghijklmnopqrstuvwxyz0123456789_-."
_BLOCK = 4096
_SPARE_BLOCKS = 4  # for the folder and the state


class RefusedError(Exception):
    """The release must not be installed, and trying again would not help."""


def run(current: dict, config: dict | None = None) -> None:
    """Carry out the order {"url"} and restart: into the trial, or into the gateway as it was, with what went wrong."""
    order = current["order"] or {}
    begun = order.get("tries", 0)
    if begun >= TRIES:
        state.request("gateway", update="?: failed: it was interrupted %d times" % begun)
    order["tries"] = begun + 1
    current["order"] = order
    current["slot"] = state.running()
    current["mode"] = "update"
    state.save(current)
    state.limit((LIMIT_S + 60) * 1000)
    if config is None:
        import settings

        config = settings.load()
    sentence = _attempts(Release(order.get("url"), current), config)
    if sentence:
        state.request("gateway", update=sentence)
    state.restart()


def _attempts(release: "Release", config: dict) -> str:
    """Try until the release is installed ("") or it is of no use ("1.3.0: refused: ...")."""
    import wifi

    end = time.ticks_add(time.ticks_ms(), LIMIT_S * 1000)
    for attempt in range(1, TRIES + 1):
        try:
            _connect(wifi, config)
            release.install(end)
        except RefusedError as error:
            return "%s: refused: %s" % (release.version, error)
        except OSError as error:
            gc.collect()
            if attempt == TRIES or time.ticks_diff(end, time.ticks_ms()) < 0:
                return "%s: failed: %s" % (release.version, _told(error))
            time.sleep(10)
        else:
            return ""
    return ""


def _connect(wifi: object, config: dict) -> None:
    why = wifi.connect(config)
    if why:
        raise OSError("WiFi: %s" % why)


def _told(error: OSError) -> str:
    reason = error.args[0] if error.args else "?"
    return reason if isinstance(reason, str) else "network error %s" % reason


class Release:
    """The release at a URL, for the slot that does not run."""

    def __init__(self, url: str, current: dict) -> None:
        self.url = url
        self.current = current
        self.version = "?"
        self.slot = "b" if state.running() == "a" else "a"
        self.buffer = memoryview(bytearray(256))
        self.end = 0

    def install(self, end: int) -> None:
        """Download, check and mark as trial; raise RefusedError, or OSError where another try may help."""
        self.end = end
        state.note("fetching the manifest")
        text = self._small("manifest.json", MANIFEST_SIZE)
        signed = self._small("manifest.sig", signature.SIZE)
        _check_signature(text, signed)
        manifest = _parsed(text)
        self.version = manifest["version"]
        floor = state.sequence() or self.current["sequence"]
        check(manifest, floor, repair=not state.sequence())
        self._clear(manifest["files"])
        for entry in manifest["files"]:
            state.note("fetching " + entry["name"])
            self._file(entry)
            gc.collect()
        self._write("manifest.sig", signed)
        self._write("manifest.new", text)
        os.rename(self._path("manifest.new"), self._path("manifest.json"))
        self._mark()

    def _mark(self) -> None:
        current = self.current
        current["trial"] = {"slot": self.slot, "version": self.version, "tries": 0}
        current["mode"] = "gateway"
        current["order"] = None
        current["update"] = "%s: trial" % self.version
        state.save(current)

    def _path(self, name: str) -> str:
        return "/%s/%s" % (self.slot, name)

    def _write(self, name: str, content: bytes) -> None:
        with open(self._path(name), "wb") as file:
            file.write(content)

    def _clear(self, entries: list) -> None:
        """Empty the idle slot, its manifest first, if the release has room then."""
        folder = "/" + self.slot
        if self.slot not in os.listdir("/"):
            os.mkdir(folder)
        needed = _SPARE_BLOCKS
        for entry in entries:
            needed += _blocks(entry["size"])
        room = os.statvfs("/")[3]
        old = os.listdir(folder)
        for name in old:
            room += _blocks(os.stat(self._path(name))[6])
        if needed > room:
            raise RefusedError("it needs %d blocks of 4 KB, there is room for %d" % (needed, room))
        if "manifest.json" in old:
            os.remove(self._path("manifest.json"))
            old.remove("manifest.json")
        for name in old:
            os.remove(self._path(name))

    def _small(self, name: str, most: int) -> bytes:
        connection, size = self._get(name)
        try:
            if size > most:
                raise RefusedError("%s has %d bytes, at most %d are taken" % (name, size, most))
            content = bytearray(size)
            got = connection.readinto(content) if size else 0
            if got != size:
                raise OSError("%s ended after %d of %d bytes" % (name, got or 0, size))
            return content
        finally:
            connection.close()

    def _file(self, entry: dict) -> None:
        name, left = entry["name"], entry["size"]
        connection, size = self._get(name)
        try:
            if size != left:
                raise RefusedError("%s has %d bytes, the manifest says %d" % (name, size, left))
            digest = hashlib.sha256()
            with open(self._path(name), "wb") as file:
                while left:
                    piece = self.buffer[:left]
                    got = connection.readinto(piece)
                    if got != len(piece):
                        raise OSError("%s ended %d bytes early" % (name, left - (got or 0)))
                    digest.update(piece)
                    file.write(piece)
                    left -= got
                    self._hurry()
        finally:
            connection.close()
        if hexlify(digest.digest()).decode() != entry["sha256"]:
            raise RefusedError("%s is not what was signed" % name)

    def _hurry(self) -> None:
        if time.ticks_diff(self.end, time.ticks_ms()) < 0:
            raise OSError("it took longer than %d s" % LIMIT_S)

    def _get(self, name: str) -> tuple:
        """Ask for a file; the connection, where its first byte comes next, and how many there are."""
        self._hurry()
        host, port, path = address(self.url)
        connection = socket.socket()
        try:
            connection.settimeout(15)
            connection.connect(socket.getaddrinfo(host, port)[0][-1])
            request = "GET %s%s HTTP/1.1\r\nHost: %s:%d\r\nConnection: close\r\n\r\n" % (path, name, host, port)
            connection.write(request.encode())
            return connection, _length(connection, name)
        except BaseException:
            connection.close()
            raise


def _length(connection: socket.socket, name: str) -> int:
    """The length of an answer of which the head has been read; raise OSError if it is no 200 or has none."""
    status = connection.readline(256).split()
    if len(status) < 2 or status[1] != b"200":
        raise OSError("%s: the server says %s" % (name, status[1].decode() if len(status) > 1 else "nothing"))
    length = None
    for _ in range(40):
        line = connection.readline(512)
        if line in (b"\r\n", b"\n"):
            break
        colon = line.find(b":")
        if line[:colon].lower() == b"content-length" and line[colon + 1 :].strip().isdigit():
            length = int(line[colon + 1 :])
    if length is None:
        raise OSError("%s: the server does not say how long it is" % name)
    return length


def address(url: str) -> tuple:
    """Host, port and path of http://host:port/path/; raise RefusedError for anything else."""
    if not isinstance(url, str) or not url.startswith("http://") or " " in url or "\r" in url or "\n" in url:
        raise RefusedError("its address is not http://host/...")
    rest = url[7:]
    slash = rest.find("/")
    if slash < 0:
        slash = len(rest)
    host, path = rest[:slash], rest[slash:]
    colon = host.find(":")
    port = 80
    if colon >= 0:
        if not host[colon + 1 :].isdigit():
            raise RefusedError("its address has a port that is no number")
        host, port = host[:colon], int(host[colon + 1 :])
    return host, port, path if path.endswith("/") else path + "/"


def _check_signature(text: bytes, signed: bytes) -> None:
    try:
        with open("/key.der", "rb") as file:
            key = file.read()
    except OSError:
        raise RefusedError("this device has no key to check releases with") from None
    gc.collect()
    if not signature.verify(text, signed, key):
        raise RefusedError("its signature is not of the key that this device trusts")


def _parsed(text: bytes) -> dict:
    try:
        manifest = json.loads(text)
        version = manifest["version"]
        if isinstance(version, str) and 0 < len(version) <= 24 and " " not in version:
            return manifest
    except (ValueError, TypeError, KeyError):
        pass
    raise RefusedError("its manifest is not understood")


def check(manifest: dict, floor: int, *, repair: bool = False) -> None:
    """Raise RefusedError unless the manifest fits this device and comes after what runs (or is it, for a repair)."""
    product, sequence, files = manifest.get("product"), manifest.get("sequence"), manifest.get("files")
    if product != PRODUCT:
        raise RefusedError("it is for %s, this is a %s" % (product, PRODUCT))
    if not isinstance(sequence, int) or sequence < 1:
        raise RefusedError("its sequence is no number")
    if manifest.get("downgrade") is not True and sequence < floor + (not repair):
        raise RefusedError("its sequence %d is not above %d, and it is not signed as a downgrade" % (sequence, floor))
    if not isinstance(files, list) or not 0 < len(files) <= FILES:
        raise RefusedError("it does not have 1 to %d files" % FILES)
    names = set()
    for entry in files:
        _check_file(entry)
        names.add(entry["name"])
    if len(names) != len(files) or "start.mpy" not in names:
        raise RefusedError("a file is there twice, or start.mpy is not")


def _check_file(entry: dict) -> None:
    try:
        name, size, digest = entry["name"], entry["size"], entry["sha256"]
        fits = 0 < len(name) <= 32 and name[0] != "." and not name.startswith("manifest.")
        for letter in name:
            fits = fits and letter in _NAME
        fits = fits and isinstance(size, int) and size >= 0 and isinstance(digest, str) and len(digest) == 64
    except (KeyError, TypeError):
        fits = False
    if not fits:
        raise RefusedError("a file of it has no proper name, size or hash")


def _blocks(size: int) -> int:
    return (size + 64) // _BLOCK + 1 if size > 128 else 0
