"""Where a URL or an endpoint of a user's may lead: to public addresses, and to private ones of hosts the platform team has named.

A pod stands inside the cluster's network. Without this, whoever may write a source's URL could read the cloud's metadata
service or any internal one through it. A name is resolved once, and the connection goes to the very address that was checked.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from sft_trainer.contract import ExitCode, Reason
from sft_trainer.failure import TrainerFailure, invalid

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd20:ce::254")
)
"""Where clouds answer with credentials: AWS, Alibaba, Azure, Oracle, Google. Refused even to hosts that are allowed."""
NAT64 = ipaddress.ip_network("64:ff9b::/96")
PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Target:
    """A URL, taken apart, and the address that was checked for it."""

    scheme: str
    host: str
    port: int
    path: str
    """With the query."""
    address: str

    @property
    def origin(self) -> tuple[str, str, int]:
        """Whom credentials belong to."""
        return (self.scheme, self.host, self.port)


def check(url: str, allowed_private_hosts: frozenset[str] = frozenset()) -> Target:
    """Where a URL leads; raises TrainerFailure when it must not be followed there."""
    parts = _parts(url)
    scheme, host = parts.scheme, (parts.hostname or "").rstrip(".")
    is_allowed = host in allowed_private_hosts
    if scheme != "https" and not (scheme == "http" and is_allowed):
        raise _refused(url, "it must begin with https:// (http:// is for hosts that the profile allows)")
    if not host or parts.username is not None or parts.password is not None:
        raise _refused(url, "it must name a host, and hold no user or password")
    port = parts.port or PORTS[scheme]
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    addresses = _resolve(host, port)
    if (inward := _inward(addresses, is_allowed)) is not None:
        raise _refused(url, f"'{host}' leads to {inward}, which is no public address")
    return Target(scheme, host, port, path, str(addresses[0]))


def checked_address(host: str, port: int, allowed_private_hosts: frozenset[str]) -> str:
    """The address to connect to for a host that a user named, of any scheme. Raises TrainerFailure when it must not be reached,
    and what `socket.getaddrinfo` raises."""
    name = host.strip("[]").rstrip(".").lower()
    addresses = _addresses(name, port)
    if (inward := _inward(addresses, name in allowed_private_hosts)) is not None:
        raise invalid(
            Reason.INVALID_CONFIG,
            f"the endpoint's host '{name}' leads to {inward}, which is no public address",
            "correct the endpoint, or ask the platform team to add the host to the profile's allowedPrivateHosts",
        )
    return str(addresses[0])


def _inward(addresses: Iterable[Address], is_allowed: bool) -> Address | None:
    """An address that must not be reached: one bad answer among good ones is how a name is turned inwards."""
    return next((address for address in addresses if not _may_be_reached(address, is_allowed)), None)


def _parts(url: str) -> SplitResult:
    if any(ord(character) <= 32 or ord(character) == 127 for character in url) or "\\" in url:
        raise _refused(url, "it must hold no spaces, control characters or backslashes")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise _refused(url, f"it is no URL ({error})") from error
    return parts


def shown(url: str) -> str:
    """A URL as it may be printed: without user, password and query, any of which may hold a secret."""
    address, _, _ = url.partition("?")
    scheme, separator, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}"[:300]


def _refused(url: str, why: str) -> TrainerFailure:
    remedy = "correct the URL, or ask the platform team to add the host to the profile's allowedPrivateHosts"
    return invalid(Reason.INVALID_CONFIG, f"{shown(url)!r} is not followed: {why}", remedy)


def _resolve(host: str, port: int) -> list[Address]:
    try:
        return _addresses(host, port)
    except (socket.gaierror, UnicodeError) as error:
        if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
            message = f"the name '{host}' could not be resolved at the moment"
            raise TrainerFailure(
                ExitCode.STORE_UNAVAILABLE, Reason.STORE_UNAVAILABLE, message, "it is tried again; look at the cluster's DNS"
            ) from error
        raise invalid(Reason.SOURCE_NOT_FOUND, f"there is no host '{host}'", "correct the URL") from error


def _addresses(host: str, port: int) -> list[Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


def _may_be_reached(address: Address, is_allowed: bool) -> bool:
    inner = _embedded(address)
    if inner is not None:
        return _may_be_reached(inner, is_allowed)
    if address in METADATA or address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    if address.is_private or address.is_loopback:
        return is_allowed
    return address.is_global


def _embedded(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 one stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in NAT64 or (int(address) >> 32 == 0 and int(address) > 1):  # the second: ::a.b.c.d, long out of use
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
