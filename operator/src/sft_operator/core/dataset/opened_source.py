"""From a source in a spec to the one that the pod reads, and what must be mounted for it."""

from __future__ import annotations

from dataclasses import dataclass

from sft_operator.api import dataset_source as api
from sft_operator.api.dataset_source import DatasetSource, RowSource
from sft_operator.api.training_profile import PublicOrigin
from sft_operator.core.locations import OutsideLocations, is_lent, open_for_user
from sft_operator.core.manifests.pod import SecretKey, config_map_folder
from sft_operator.core.observed import DatasetWorld, Profile
from sft_trainer.contract import (
    AUTHORIZATION_KEY,
    HUB_TOKEN_KEY,
    CatalogSource,
    FieldMap,
    HttpSource,
    HuggingFaceSource,
    MountedSource,
    RowFormat,
    Source,
    StoreSource,
)


@dataclass(frozen=True, slots=True)
class OpenedSource:
    """A source as the contract has it, and what the pod needs to read it."""

    source: Source
    store_secret: str | None = None
    """Secret with the keys of its object store."""
    token: SecretKey | None = None
    """Key of a Secret that opens a URL or a repository."""
    config_map: str | None = None


def open_source(wanted: RowSource, profile: Profile, world: DatasetWorld, *, field: str) -> OpenedSource:
    """Raises OutsideLocations for what the profile does not allow."""
    field = f"{field}[{wanted.name}]"
    if wanted.s3:
        opened = open_for_user(wanted.s3, profile, world.profiles, world.parent.namespace, field=f"{field}.s3.uri")
        limits = wanted.s3.model_dump(include={"files", "max_objects", "max_bytes"})
        store = StoreSource(**opened.store.model_dump(), **limits)
        return OpenedSource(_declared(wanted, store=store), store_secret=opened.secret_name)
    if wanted.config_map:
        name = wanted.config_map.name
        return OpenedSource(_declared(wanted, mounted=MountedSource(path=config_map_folder(name))), config_map=name)
    if wanted.hugging_face:
        return _open_repository(wanted, wanted.hugging_face, profile, world, field=f"{field}.huggingFace")
    if isinstance(wanted, DatasetSource) and wanted.http:
        return _open_http(wanted, wanted.http, profile, world, field=f"{field}.http")
    if isinstance(wanted, DatasetSource) and wanted.catalog:
        return _open_catalog(wanted, wanted.catalog, profile, world, field=f"{field}.catalog")
    return OpenedSource(_declared(wanted, inline=wanted.inline.jsonl if wanted.inline else ""))


def _open_http(wanted: RowSource, http: api.HTTPSource, profile: Profile, world: DatasetWorld, *, field: str) -> OpenedSource:
    _require_origin(PublicOrigin.HTTP, profile, field=field)
    token = _token(http.secret_name, AUTHORIZATION_KEY, world, field=field)
    place = HttpSource(url=http.url, sha256=http.sha256, max_bytes=http.max_bytes, authorization_path=token and token.path)
    return OpenedSource(_declared(wanted, http=place), token=token)


def _open_repository(
    wanted: RowSource, hub: api.HuggingFaceSource, profile: Profile, world: DatasetWorld, *, field: str
) -> OpenedSource:
    _require_origin(PublicOrigin.HUGGING_FACE, profile, field=field)
    token = _token(hub.secret_name, HUB_TOKEN_KEY, world, field=field)
    repository = HuggingFaceSource(
        repository=hub.repository,
        revision=hub.revision,
        files=hub.files,
        endpoint=profile.spec.network.hub_endpoint,
        max_objects=hub.max_objects,
        max_bytes=hub.max_bytes,
        token_path=token and token.path,
    )
    return OpenedSource(_declared(wanted, hugging_face=repository), token=token)


def _open_catalog(
    wanted: RowSource, catalog: api.CatalogSource, profile: Profile, world: DatasetWorld, *, field: str
) -> OpenedSource:
    _require_origin(PublicOrigin.HUGGING_FACE, profile, field=field)
    token = _token(catalog.secret_name, HUB_TOKEN_KEY, world, field=field)
    entry = CatalogSource(name=catalog.name, revision=catalog.revision, token_path=token and token.path)
    return OpenedSource(_declared(wanted, catalog=entry), token=token)


def _declared(
    wanted: RowSource,
    *,
    store: StoreSource | None = None,
    http: HttpSource | None = None,
    hugging_face: HuggingFaceSource | None = None,
    catalog: CatalogSource | None = None,
    mounted: MountedSource | None = None,
    inline: str | None = None,
) -> Source:
    source = Source(
        name=wanted.name,
        store=store,
        http=http,
        hugging_face=hugging_face,
        catalog=catalog,
        mounted=mounted,
        inline=inline,
        format=RowFormat(wanted.format.value),
        field_map=FieldMap(**wanted.field_map.model_dump()) if wanted.field_map else None,
    )
    if not isinstance(wanted, DatasetSource):
        return source
    declared = wanted.model_dump(include={"license", "language", "domain", "sample_percent", "max_rows"})
    return source.model_copy(update=declared)


def _require_origin(origin: PublicOrigin, profile: Profile, *, field: str) -> None:
    if origin not in profile.spec.network.allowed_origins:
        raise OutsideLocations(
            f"{field}: TrainingProfile '{profile.name}' does not allow sources of {origin.value}; copy the files to one of its "
            "locations and name them in s3, or ask the platform team to add it to the profile's network.allowedOrigins"
        )


def _token(secret_name: str | None, key: str, world: DatasetWorld, *, field: str) -> SecretKey | None:
    """A Secret that a profile lends is for its own locations: a user's URL must not get to see it."""
    if secret_name is None:
        return None
    if is_lent(secret_name, world.profiles, world.parent.namespace):
        raise OutsideLocations(
            f"{field}.secretName is '{secret_name}', which belongs to a TrainingProfile and opens its own locations only; "
            f"name a Secret of your own with the key {key}"
        )
    return SecretKey(secret_name, key)
