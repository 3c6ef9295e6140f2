"""An object store that misbehaves: requests that are carried out but not answered, answered late, carried out twice."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from tests.storage.places import s3_server

SHARE = 0.4
"""Of the requests that suffer while the store misbehaves."""

DELAY_SECONDS = 0.3
_HOP = ("connection", "keep-alive", "transfer-encoding")


class Misbehaviour:
    """How the store misbehaves at present: "", "drops", "delays" or "repeats".

    The draws follow from the seed, but which request comes first, and so has which draw, does not.
    """

    def __init__(self, seed: int) -> None:
        self.kind = ""
        self._draws = random.Random(seed)

    def draw(self) -> str:
        """Return how the next request suffers, "" if it does not."""
        if not self.kind or self._draws.random() >= SHARE:
            return ""
        return self.kind


def _handler(port: int, misbehaviour: Misbehaviour) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _relay(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            suffers = misbehaviour.draw()
            if suffers == "delays":
                time.sleep(DELAY_SECONDS)
            for _ in range(2 if suffers == "repeats" else 1):
                backend = HTTPConnection("127.0.0.1", port, timeout=60)
                try:
                    headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
                    backend.request(self.command, self.path, body, headers)
                    answer = backend.getresponse()
                    content = answer.read()
                except (OSError, HTTPException):
                    self.close_connection = True
                    return
                finally:
                    backend.close()
            if suffers == "drops":
                self.close_connection = True
                return
            self.send_response_only(answer.status, answer.reason)
            for name, value in answer.getheaders():
                if name.lower() not in (*_HOP, "content-length"):
                    self.send_header(name, value)
            length = answer.getheader("content-length") if self.command == "HEAD" else None
            self.send_header("content-length", length or str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _relay  # noqa: N815  names of the library

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


class _Relay(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that were killed; whatever else went wrong they are told by the missing answer."""


@contextmanager
def bucket(misbehaviour: Misbehaviour) -> Iterator[tuple[str, str]]:
    """Yield the addresses of an imitation of S3: the honest one, and one that misbehaves at times."""
    with s3_server() as honest:
        relay = _Relay(("127.0.0.1", 0), _handler(int(honest.rpartition(":")[2]), misbehaviour))
        Thread(target=relay.serve_forever, daemon=True).start()
        try:
            yield honest, f"http://127.0.0.1:{relay.server_address[1]}"
        finally:
            relay.shutdown()
            relay.server_close()
