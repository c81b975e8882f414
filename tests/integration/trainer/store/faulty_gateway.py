"""An HTTP gateway before an S3 server that spoils one call, the n-th, in a way of choice, and passes on all others."""

from __future__ import annotations

import contextlib
import http.client
import socket
import struct
import time
from collections.abc import Callable
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

HANG_SECONDS = 2.0


class Fault(StrEnum):
    """What becomes of the call."""

    INTERNAL_ERROR = "500 without having done it"
    SLOW_DOWN = "503 without having done it"
    LOST_ANSWER = "500 after having done it"
    TIME_OUT = "no answer"
    RESET = "the connection is reset"
    PARTIAL_BODY = "half of the answer"
    CALLER_DIES = "whoever calls is killed"


class FaultyGateway:
    """Counts calls; `spoil` arms one fault."""

    def __init__(self, target_port: int) -> None:
        self._lock = Lock()
        self._target = target_port
        self._fault: Fault | None = None
        self._kill: Callable[[], None] = lambda: None
        self._remaining = 0
        self.calls = 0
        self.spoiled: list[str] = []
        """The calls that were spoiled, as method and path."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def spoil(self, number: int, fault: Fault) -> None:
        """The call of this number from now on, the first is 0, goes wrong."""
        with self._lock:
            self._remaining, self._fault, self.calls, self.spoiled = number, fault, 0, []

    def kill_at(self, number: int, kill: Callable[[], None]) -> None:
        """Before the call of this number is passed on, its caller is killed."""
        self.spoil(number, Fault.CALLER_DIES)
        self._kill = kill

    def count(self) -> None:
        """Counts from now on, and spoils nothing."""
        with self._lock:
            self._fault, self.calls, self.spoiled = None, 0, []

    def close(self) -> None:
        """Takes no more calls."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def fault_of(self, call: str) -> Fault | None:
        """The fault of the call that just came in."""
        with self._lock:
            self.calls += 1
            if self._fault is None or self.calls - 1 != self._remaining:
                return None
            self.spoiled.append(call)
            return self._fault

    def kill_caller(self) -> None:
        """As `kill_at` was told."""
        self._kill()

    def passed_on(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """What the server says."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self._target, timeout=30)) as server:
            server.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                if name.lower() != "expect":
                    server.putheader(name, value)
            server.endheaders(body)
            answer = server.getresponse()
            return answer.status, answer.getheaders(), answer.read()


def _handler(gateway: FaultyGateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            fault = gateway.fault_of(f"{self.command} {self.path.split('?')[0]}")
            match fault:
                case Fault.INTERNAL_ERROR | Fault.SLOW_DOWN:
                    self._say(500 if fault is Fault.INTERNAL_ERROR else 503, [], b"")
                case Fault.CALLER_DIES:
                    gateway.kill_caller()
                    self.close_connection = True
                case Fault.TIME_OUT:
                    time.sleep(HANG_SECONDS)
                    self.close_connection = True
                case Fault.RESET:
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.close_connection = True
                    self.connection.close()
                case _:
                    status, headers, content = gateway.passed_on(self.command, self.path, dict(self.headers), body)
                    if fault is Fault.LOST_ANSWER:
                        self._say(500, [], b"")
                    else:
                        self._say(status, headers, content, only_half=fault is Fault.PARTIAL_BODY)

        do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _serve  # noqa: N815 - names of http.server

        def _say(self, status: int, headers: list[tuple[str, str]], content: bytes, *, only_half: bool = False) -> None:
            self.send_response_only(status)
            for name, value in headers:
                if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                    self.send_header(name, value)
            length = {name.lower(): value for name, value in headers}.get("content-length", str(len(content)))
            self.send_header("Content-Length", length if self.command == "HEAD" else str(len(content)))
            self.end_headers()
            if only_half:
                self.close_connection = True
                content = content[: len(content) // 2]
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler
