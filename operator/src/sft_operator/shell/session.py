"""One bounded HTTP session to the API server, for kopf's watches and for our own requests.

kopf's own sessions are unbounded: thousands of objects at a start would mean thousands of sockets. A service account's
token is read from its file again and again, because the kubelet replaces it.
"""

from __future__ import annotations

import logging
import ssl
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import kopf

CONNECTION_LIMIT = 32
"""Five watches, the workers, and room for the queue of requests behind them."""
TOKEN_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
logger = logging.getLogger(__name__)


class NoCluster(Exception):
    """Neither a service account nor a kubeconfig was found."""


@dataclass(slots=True)
class ApiServer:
    """The API server as a pod's service account or a kubeconfig names it."""

    server: str
    _tls: ssl.SSLContext | None
    _headers: dict[str, str]
    _token_file: Path | None
    _open_session: aiohttp.ClientSession | None = None

    @classmethod
    def find(cls) -> ApiServer:
        """In a cluster its service account, elsewhere the kubeconfig; raises NoCluster."""
        defaults = kopf.OperatorSettings()
        in_cluster = kopf.login_with_service_account(logger=logger, settings=defaults)
        info = in_cluster or kopf.login_with_kubeconfig(logger=logger, settings=defaults)
        if info is None:
            raise NoCluster(
                "No API server is known: neither a service account is mounted nor does KUBECONFIG name a file; "
                "run in a pod with a service account, or set KUBECONFIG"
            )
        headers = dict(info.as_http_headers())
        return cls(info.server.rstrip("/"), info.as_ssl_context(), headers, TOKEN_FILE if in_cluster else None)

    async def session(self) -> aiohttp.ClientSession:
        """The open session; a new one after kopf closed it because the API server refused its credentials."""
        if self._open_session is None or self._open_session.closed:
            self._open_session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONNECTION_LIMIT, ssl=self._tls or True),
                headers=self._headers,
                middlewares=(self._authorise,),
            )
        return self._open_session

    async def _authorise(self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        if self._token_file is not None:
            # A few hundred bytes from memory (tmpfs): cheaper than a cache that can be stale.
            request.headers["Authorization"] = f"Bearer {self._token_file.read_text().strip()}"
        return await handler(request)

    async def close(self) -> None:
        """Closes the session."""
        if self._open_session is not None:
            await self._open_session.close()
