"""Which credential opens a URI. A profile's Secret is used for URIs inside the locations that name it, and for no other.

The comparison is by whole path segments: `s3://raw/faq/` covers `s3://raw/faq/a.jsonl`, not `s3://raw/faqs/` nor
`s3://raw/faq/../secret`. Of a ReadWrite location, to which every namespace publishes, a namespace reaches its own folder; that
it lies inside a location to read opens the others' no more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sft_operator.api.object_location import S3Location
from sft_operator.api.training_profile import Access, Location
from sft_operator.core.observed import Profile, UnreadableProfile
from sft_operator.core.profile_choice import admits, readable
from sft_trainer.contract import CREDENTIALS_ROOT, StorePrefix

NAMESPACE_PLACEHOLDER = "{namespace}"


class OutsideLocations(ValueError):
    """A URI that no credential may be used for. The text is for the user."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A place in the object store, and the Secret that opens it in the parent's namespace."""

    store: StorePrefix
    secret_name: str | None

    def below(self, *parts: str) -> Opened:
        """The folder below this one."""
        uri = self.store.uri + "".join(f"{part}/" for part in parts)
        return Opened(self.store.model_copy(update={"uri": uri}), self.secret_name)

    def above(self, levels: int) -> Opened:
        """The folder so many levels above this one."""
        uri = "/".join(self.store.uri.removesuffix("/").split("/")[:-levels]) + "/"
        return Opened(self.store.model_copy(update={"uri": uri}), self.secret_name)


def open_for_user(
    wanted: S3Location, profile: Profile, profiles: Sequence[Profile | UnreadableProfile], namespace: str, *, field: str
) -> Opened:
    """What a user named in `field`: with the user's own Secret when one stands beside it, else with the profile's."""
    if not wanted.secret_name:
        return open_inside(wanted.uri, profile, namespace, field=field)
    lent = _lent(wanted.secret_name, profiles, namespace)
    opens = any(
        location.secret_name == wanted.secret_name and _same_server(location, wanted)
        for each in readable(profiles)
        if admits(each, namespace)
        for location in _opening(each, wanted.uri, namespace)
    )
    if lent and not opens:
        raise OutsideLocations(
            f"{field} is '{wanted.uri}', and Secret '{wanted.secret_name}' belongs to a TrainingProfile, which lends it for its "
            f"own locations and servers only ({_listed(lent, namespace)}); name a Secret of your own in secretName"
        )
    store = _store(wanted.uri, wanted.endpoint, wanted.region, wanted.secret_name)
    if wanted.endpoint and not lent:
        # A pod stands inside the cluster's network: it must not be sent wherever a user likes.
        allowed = sorted(profile.spec.network.allowed_private_hosts)
        store = store.model_copy(update={"is_guarded": True, "allowed_private_hosts": allowed})
    return Opened(store, wanted.secret_name)


def is_lent(secret_name: str, profiles: Sequence[Profile | UnreadableProfile], namespace: str) -> bool:
    """Whether a Secret in this namespace is one that a profile brings, not its users' own."""
    return bool(_lent(secret_name, profiles, namespace))


def _lent(secret_name: str, profiles: Sequence[Profile | UnreadableProfile], namespace: str) -> list[Location]:
    return [
        location
        for each in readable(profiles)
        if admits(each, namespace)
        for location in each.spec.locations
        if location.secret_name == secret_name
    ]


def _same_server(location: Location, wanted: S3Location) -> bool:
    """A credential that is sent to another server is given away."""
    return _server(location.endpoint) == _server(wanted.endpoint)


def _server(endpoint: str | None) -> str:
    return (endpoint or "").rstrip("/")


MOVE_OR_OWN_KEYS = "move the data there, or name your own Secret beside the URI in secretName"


def open_inside(uri: str, profile: Profile, namespace: str, *, field: str, remedy: str = MOVE_OR_OWN_KEYS) -> Opened:
    """A URI inside the profile's locations; the location that says most about it opens it."""
    opening = _opening(profile, uri, namespace)
    if not opening:
        is_others = any(covers(location, uri, namespace) for location in profile.spec.locations)
        where = "where other namespaces publish, beside what may be used" if is_others else "outside the locations"
        raise OutsideLocations(
            f"{field} is '{uri}', which lies {where} of TrainingProfile '{profile.name}' "
            f"({_listed(profile.spec.locations, namespace)}); {remedy}"
        )
    return _open(uri, max(opening, key=lambda location: len(_reach(location, namespace))))


def _opening(profile: Profile, uri: str, namespace: str) -> list[Location]:
    """The profile's locations that open a URI for this namespace."""
    locations = profile.spec.locations
    return [
        location
        for location in locations
        if covers(location, uri, namespace)
        and not any(_hides(other, location, uri, namespace) for other in locations if other is not location)
    ]


def _hides(output: Location, location: Location, uri: str, namespace: str) -> bool:
    """Whether a location to read is opened in vain, because the URI lies in, or takes in, what others publish inside of it."""
    is_around = location.access is Access.READ and _server(location.endpoint) == _server(output.endpoint)
    if output.access is Access.READ or not is_around or covers(output, uri, namespace):
        return False
    own = output.uri.replace(NAMESPACE_PLACEHOLDER, namespace)
    if own != output.uri and uri.startswith(own):
        return False
    everyones = _pattern(output.uri)
    if found := re.match(everyones, uri):
        # A location to read that is named inside of it was opened on purpose.
        return found.end() > len(_reach(location, namespace))
    return _takes_in(_folder(uri), output, own)


def _takes_in(folder: str, output: Location, own: str) -> bool:
    """Whether a folder holds what namespaces other than one's own publish."""
    if not folder.endswith("/"):
        return False
    if output.uri.startswith(folder):
        return True
    parts = folder.removesuffix("/").split("/")
    begins = "/".join(output.uri.split("/")[: len(parts)]) + "/"
    return not own.startswith(folder) and re.fullmatch(_pattern(begins), folder) is not None


def _pattern(uri: str) -> str:
    return re.escape(uri).replace(re.escape(NAMESPACE_PLACEHOLDER), "[^/]+")


def open_output(profile: Profile, namespace: str) -> Opened:
    """Where everything of this namespace is published: its folder in the first location that may be written."""
    for output in open_outputs(profile, namespace):
        return output
    raise OutsideLocations(
        f"TrainingProfile '{profile.name}' has no location with access ReadWrite to publish to; its owners must add one"
    )


def open_outputs(profile: Profile, namespace: str) -> list[Opened]:
    """Every place where something of this namespace may have been published, also when another one comes first by now."""
    return [_open(_reach(each, namespace), each) for each in profile.spec.locations if each.access is Access.READ_WRITE]


def open_published(uri: str, profile: Profile, namespace: str, *, field: str) -> Opened:
    """A folder that was published to earlier, to be written again: with the credential of the location it lies in."""
    for location in profile.spec.locations:
        if location.access is Access.READ_WRITE and covers(location, uri, namespace):
            return _open(uri, location)
    raise OutsideLocations(
        f"{field} is '{uri}', which TrainingProfile '{profile.name}' may no longer write; its owners can add that location "
        "again with access ReadWrite, or raise spec.run to publish to the new one"
    )


def covers(location: Location, uri: str, namespace: str) -> bool:
    """Whether the URI lies in the part of the location that this namespace may use."""
    if any(segment in (".", "..") for segment in uri.split("/")) or "\\" in uri or "\0" in uri:
        return False
    return _folder(uri).startswith(_reach(location, namespace))


def _folder(uri: str) -> str:
    """The URI; a bucket without a slash is the bucket as a folder."""
    is_whole_bucket = uri.count("/") == 2
    return f"{uri}/" if is_whole_bucket else uri


def _reach(location: Location, namespace: str) -> str:
    """What a namespace may use of a location: all of one to read, its own folder of one to write."""
    uri = location.uri.replace(NAMESPACE_PLACEHOLDER, namespace)
    uri = uri if uri.endswith("/") else f"{uri}/"
    return f"{uri}{namespace}/" if location.access is Access.READ_WRITE else uri


def _open(uri: str, location: Location) -> Opened:
    return Opened(_store(uri, location.endpoint, location.region, location.secret_name), location.secret_name)


def _store(uri: str, endpoint: str | None, region: str | None, secret_name: str | None) -> StorePrefix:
    path = f"{CREDENTIALS_ROOT}/{secret_name}" if secret_name else None
    return StorePrefix(uri=uri, endpoint=endpoint, region=region, credentials_path=path)


def _listed(locations: Sequence[Location], namespace: str) -> str:
    return ", ".join(dict.fromkeys(_reach(location, namespace) for location in locations))
