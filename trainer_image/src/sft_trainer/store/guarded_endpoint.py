"""An S3 client whose endpoint was named by a user: each of its connections goes to an address that was checked for it.

The name is resolved by the connection itself, once, and the very address that was checked is connected to: what the name leads to
a moment later changes nothing. Without this, a source's endpoint could be the cloud's metadata service, or any internal one.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from botocore.awsrequest import AWSHTTPConnection, AWSHTTPConnectionPool, AWSHTTPSConnection, AWSHTTPSConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.exceptions import NameResolutionError

from sft_trainer.failure import TrainerFailure
from sft_trainer.network.address_guard import checked_address

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def guard(client: S3Client, allowed_private_hosts: frozenset[str]) -> None:
    """From now on, every connection of this client is checked. It must have no proxy, which would connect for it."""

    class Connection(AWSHTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _connected(self, allowed_private_hosts)

    class SecureConnection(AWSHTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _connected(self, allowed_private_hosts)

    class Pool(AWSHTTPConnectionPool):
        ConnectionCls = Connection

    class SecurePool(AWSHTTPSConnectionPool):
        ConnectionCls = SecureConnection

    # botocore has no public way to say this; the tests hold it to it.
    manager = client._endpoint.http_session._manager  # type: ignore[attr-defined]
    manager.pool_classes_by_scheme = {"http": Pool, "https": SecurePool}


def _connected(connection: HTTPConnection, allowed_private_hosts: frozenset[str]) -> socket.socket:
    """A socket to the checked address. Host header and certificate stay those of the name."""
    name = connection._dns_host
    try:
        connection._dns_host = checked_address(connection.host, connection.port, allowed_private_hosts)
        return HTTPConnection._new_conn(connection)
    except socket.gaierror as error:
        raise NameResolutionError(name, connection, error) from error
    except UnicodeError as error:
        raise NameResolutionError(name, connection, socket.gaierror(str(error))) from error
    finally:
        connection._dns_host = name


def refusal(error: BaseException) -> TrainerFailure | None:
    """The refusal to connect in an error of botocore's, which wraps everything that happens while it sends."""
    inner = getattr(error, "kwargs", {}).get("error")
    return inner if isinstance(inner, TrainerFailure) else None
