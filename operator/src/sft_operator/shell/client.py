"""A thin client of the Kubernetes API: a few verbs, typed errors, a time limit on every request.

It knows no kinds and decides nothing. Writes carry what makes repeating them harmless: a name, a UID, a
resourceVersion.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

import aiohttp

from sft_operator.shell.resources import Resource

FIELD_MANAGER = "sft-operator"
REQUEST_SECONDS = 30.0
"""A healthy API server answers in milliseconds; one that does not within this is asked again by the work queue."""
PAGE_SIZE = 500
JSON = "application/json"
METADATA_ONLY = f"{JSON};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""Media type of a list without spec and status."""

Body = dict[str, Any]


class ApiError(Exception):
    """The API server's answer to a request that did not succeed."""

    def __init__(self, request: str, status: int, message: str) -> None:
        super().__init__(f"{request}: {status} {message}")
        self.status = status
        self.message = message


class NotFound(ApiError):
    """There is no such object, or no such resource."""


class Conflict(ApiError):
    """The object changed meanwhile, or is another one: read again."""


class AlreadyExists(ApiError):
    """An object of that name exists."""


class Refused(ApiError):
    """The request itself was refused, as invalid or as forbidden: asking again does not help by itself."""


class Unavailable(ApiError):
    """No answer, or one that says "not now"."""


class Connection(Protocol):
    """Where the API server is, and the session to reach it with."""

    @property
    def server(self) -> str:
        """URL of the API server."""

    async def session(self) -> aiohttp.ClientSession:
        """An open session, with credentials."""


class Client:
    """The verbs."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def get(self, resource: Resource, namespace: str | None, name: str) -> Body:
        """One object."""
        return await self._request("GET", resource.item(namespace, name))

    async def list(
        self, resource: Resource, namespace: str | None = None, *, labels: str = "", fields: str = "", limit: int = 0
    ) -> list[Body]:
        """All objects that match, read page by page; with `limit` at most that many."""
        found: list[Body] = []
        async for body in self._pages(resource, namespace, labels=labels, fields=fields, limit=limit or PAGE_SIZE):
            found.append(body)
            if limit and len(found) >= limit:
                break
        return found

    async def resource_versions(self, resource: Resource) -> dict[tuple[str, str], str]:
        """resourceVersion of all objects, by namespace and name. Nothing else of them is sent, and nothing else kept."""
        found: dict[tuple[str, str], str] = {}
        async for body in self._pages(resource, None, labels="", fields="", limit=PAGE_SIZE, accept=METADATA_ONLY):
            metadata = body["metadata"]
            found[metadata["namespace"], metadata["name"]] = metadata["resourceVersion"]
        return found

    async def _pages(
        self, resource: Resource, namespace: str | None, *, labels: str, fields: str, limit: int, accept: str = JSON
    ) -> AsyncIterator[Body]:
        parameters = {"limit": str(limit), "labelSelector": labels, "fieldSelector": fields}
        while True:
            query = {name: value for name, value in parameters.items() if value}
            page = await self._request("GET", resource.collection(namespace), query=query, accept=accept)
            for item in page.get("items") or []:
                yield item
            parameters["continue"] = page.get("metadata", {}).get("continue") or ""
            if not parameters["continue"]:
                return

    async def create(self, resource: Resource, namespace: str, body: Mapping[str, Any]) -> Body:
        """Creates the object; raises AlreadyExists where its name is taken."""
        return await self._request("POST", resource.collection(namespace), query={"fieldManager": FIELD_MANAGER}, body=body)

    async def apply(self, resource: Resource, namespace: str, body: Mapping[str, Any]) -> Body:
        """Server-side apply: the fields in `body` become so, and are ours."""
        return await self._apply(resource.item(namespace, body["metadata"]["name"]), body)

    async def apply_status(self, resource: Resource, namespace: str, body: Mapping[str, Any]) -> Body:
        """Server-side apply of the status; a uid and resourceVersion in `body` must still be the object's."""
        return await self._apply(f"{resource.item(namespace, body['metadata']['name'])}/status", body)

    async def _apply(self, path: str, body: Mapping[str, Any]) -> Body:
        query = {"fieldManager": FIELD_MANAGER, "force": "true"}
        return await self._request("PATCH", path, query=query, body=body, content_type="application/apply-patch+yaml")

    async def merge(self, resource: Resource, namespace: str, name: str, patch: Mapping[str, Any]) -> Body:
        """JSON merge patch."""
        path = resource.item(namespace, name)
        query = {"fieldManager": FIELD_MANAGER}
        return await self._request("PATCH", path, query=query, body=patch, content_type="application/merge-patch+json")

    async def delete(self, resource: Resource, namespace: str, name: str, *, uid: str, is_leaf: bool = False) -> None:
        """Deletes the object after its dependents, if it still has this UID. One that is gone is no error. A leaf has no
        dependents and goes at once."""
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background" if is_leaf else "Foreground",
            "preconditions": {"uid": uid},
        }
        try:
            await self._request("DELETE", resource.item(namespace, name), body=options)
        except (NotFound, Conflict):
            return

    async def _request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        content_type: str = JSON,
        accept: str = JSON,
    ) -> Body:
        request = f"{method} {path}"
        session = await self._connection.session()
        try:
            async with session.request(
                method,
                f"{self._connection.server}{path}",
                params=query,
                data=None if body is None else json.dumps(body).encode(),
                headers={"Content-Type": content_type, "Accept": accept},
                timeout=aiohttp.ClientTimeout(total=REQUEST_SECONDS),
                allow_redirects=False,
            ) as response:
                answer = await response.read()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise Unavailable(request, 0, f"no answer ({type(error).__name__}: {error})") from error
        document = _parsed(answer)
        if response.status >= 300:
            raise _error(request, response.status, document)
        return document


def _parsed(answer: bytes) -> Body:
    try:
        document = json.loads(answer)
    except ValueError:
        return {"message": answer[:200].decode(errors="replace")}
    return document if isinstance(document, dict) else {}


def _error(request: str, status: int, document: Mapping[str, Any]) -> ApiError:
    message = str(document.get("message", ""))
    if status == 409:
        kind = AlreadyExists if document.get("reason") == "AlreadyExists" else Conflict
        return kind(request, status, message)
    if status == 404:
        return NotFound(request, status, message)
    if status in (400, 403, 413, 422):
        return Refused(request, status, message)
    return Unavailable(request, status, message)
