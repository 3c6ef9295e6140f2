"""A network that can be cut: a relay on the loopback in front of a port."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

_SOME_BYTES = 1 << 16


class Relay:
    """Passes on what comes to `port` to another port of the loopback, unless it is cut or hung."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._flowing = threading.Event()
        self._flowing.set()
        self._cut = False
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break all connections, and take no new ones until `mend`."""
        self._cut = True
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def hang(self) -> None:
        """Let nothing through until `mend`, without a word: the bytes arrive afterwards."""
        self._flowing.clear()

    def mend(self) -> None:
        """Be a good network again."""
        self._cut = False
        self._flowing.set()

    def close(self) -> None:
        """Stop for good."""
        self.cut()
        self._flowing.set()
        self._server.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._server.accept()
                if self._cut:
                    client.close()
                    continue
                try:
                    target = socket.create_connection(("127.0.0.1", self._target), timeout=5)
                except OSError:
                    client.close()
                    continue
                target.settimeout(None)
                with self._lock:
                    self._connections |= {client, target}
                for source, sink in ((client, target), (target, client)):
                    threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(_SOME_BYTES):
                self._flowing.wait()
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        with self._lock:
            gone = self._connections & {source, sink}
            self._connections -= gone
        for end in gone:
            end.close()
