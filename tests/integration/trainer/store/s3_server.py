"""A real S3 server of the test's own, which can be stopped, and a network link to it, which can be cut."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Lock, Thread

import boto3

ACCESS_KEY, SECRET_KEY = "test-access", "canary-secret-of-the-tests"
START_SECONDS = 15.0


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class S3Server:
    """versitygw on a folder. Its objects outlive a stop."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._command = [str(program), "--quiet", "posix", "--sidecar", str(folder / "metadata"), str(folder / "buckets")]
        self.port = free_port()
        self.credentials = folder / "keys"
        for name in ("metadata", "buckets", "keys"):
            (folder / name).mkdir()
        (self.credentials / "AWS_ACCESS_KEY_ID").write_text(ACCESS_KEY)
        (self.credentials / "AWS_SECRET_ACCESS_KEY").write_text(SECRET_KEY)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns once the server takes connections."""
        settings = {"ROOT_ACCESS_KEY": ACCESS_KEY, "ROOT_SECRET_KEY": SECRET_KEY, "VGW_PORT": f"127.0.0.1:{self.port}"}
        self._process = subprocess.Popen(self._command, env=os.environ | settings, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
        while not _answers(self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self._command[0]} did not start")
            time.sleep(0.05)

    def stop(self) -> None:
        """Kills the server, as a lost machine would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def make_bucket(self, name: str) -> None:
        """A bucket, empty."""
        boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        ).create_bucket(Bucket=name)


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


class CutLink:
    """Passes bytes on to a server; `cut_after` lets the next so many bytes of answers or requests through, then breaks."""

    def __init__(self, target_port: int) -> None:
        self._target = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._lock = Lock()
        self._budget: int | None = None
        self.cuts = 0
        Thread(target=self._accept, daemon=True).start()

    def cut_after(self, count: int) -> None:
        """Breaks one connection, in the middle of what it carries."""
        with self._lock:
            self._budget = count

    def close(self) -> None:
        """Takes no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            for source, sink in ((client, server), (server, client)):
                Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            for data in _chunks(source):
                allowed = self._spend(len(data))
                sink.sendall(data[:allowed])
                if allowed < len(data):
                    break
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _spend(self, count: int) -> int:
        with self._lock:
            if self._budget is None:
                return count
            allowed = min(count, self._budget)
            self._budget -= allowed
            if allowed < count:
                self._budget = None
                self.cuts += 1
            return allowed


def _chunks(source: socket.socket) -> Iterator[bytes]:
    while data := source.recv(1 << 16):
        yield data
