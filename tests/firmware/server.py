"""A server of releases that can be made to answer wrongly."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread


@dataclass
class Shelf:
    """What is served, by path; `raw` answers stand in place of whole responses, `stalled` ones never come."""

    port: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    raw: dict[str, bytes] = field(default_factory=dict)
    stalled: set[str] = field(default_factory=set)
    over: Event = field(default_factory=Event)
    asked: list[str] = field(default_factory=list)

    def put(self, folder: str, files: dict[str, bytes]) -> str:
        """Serve a release; return its address."""
        self.files |= {f"/{folder}/{name}": content for name, content in files.items()}
        return f"http://127.0.0.1:{self.port}/{folder}/"


@contextmanager
def serving() -> Iterator[Shelf]:
    """A server on a free port of this machine."""
    shelf = Shelf()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one segment, not two of which the second waits for an acknowledgement

        def do_GET(self) -> None:
            shelf.asked.append(self.path)
            if self.path in shelf.stalled:
                shelf.over.wait(30)
                self.close_connection = True
                return
            if (raw := shelf.raw.get(self.path)) is not None:
                self.wfile.write(raw)
                self.close_connection = True
                return
            content = shelf.files.get(self.path)
            self.send_response(200 if content is not None else 404)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    shelf.port = server.server_port
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield shelf
    finally:
        shelf.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
