"""Sources outside of the object store: what the pod gets to read them, and what a profile forbids."""

from __future__ import annotations

from typing import Any

import pytest

from sft_operator.core.checks import Unmet
from sft_operator.core.dataset.checks import Accepted, check
from sft_trainer import contract
from tests.unit.operator.core import worlds
from tests.unit.operator.core.worlds import Cluster, dataset_world, profile

FILE = {"url": "https://example.com/a.jsonl", "sha256": "a" * 64}
REPOSITORY = {"repository": "BAAI/COIG-CQIA"}
TOKEN_PLACES = {
    "http": (FILE, "authorization"),
    "huggingFace": (REPOSITORY, "HF_TOKEN"),
    "catalog": ({"name": "alpaca-gpt4-zh"}, "HF_TOKEN"),
}


def accepted(place: dict[str, Any], **network: Any) -> Accepted:
    spec = worlds.dataset_spec(sources=[{"name": "a", **place}])
    return check(dataset_world(profiles=[profile(network=network)], spec=spec))


@pytest.mark.parametrize("kind", list(TOKEN_PLACES))
def test_a_token_is_a_file_that_only_its_own_key_fills(kind: str) -> None:
    place, key = TOKEN_PLACES[kind]
    (opened,) = accepted({kind: place | {"secretName": "mine"}}).sources
    assert opened.token is not None
    assert (opened.token.secret_name, opened.token.key) == ("mine", key)
    assert opened.token.path in opened.source.to_json()
    assert opened.store_secret is None, "keys of an object store are not mounted for a URL"


@pytest.mark.parametrize("kind", list(TOKEN_PLACES))
def test_a_profiles_secret_never_goes_to_a_users_url(kind: str) -> None:
    place, key = TOKEN_PLACES[kind]
    with pytest.raises(Unmet, match=rf"secretName is 'raw-keys'.*name a Secret of your own with the key {key}"):
        accepted({kind: place | {"secretName": "raw-keys"}})


@pytest.mark.parametrize(
    ("kind", "allowed"), [("http", ["HuggingFace"]), ("huggingFace", ["HTTP"]), ("catalog", ["HTTP"]), ("http", [])]
)
def test_an_origin_that_the_profile_leaves_out_is_refused_with_a_way_out(kind: str, allowed: list[str]) -> None:
    with pytest.raises(Unmet, match=r"does not allow sources of .*copy the files to one of its locations"):
        accepted({kind: TOKEN_PLACES[kind][0]}, allowedOrigins=allowed)


def test_the_hub_is_the_profiles() -> None:
    (opened,) = accepted({"huggingFace": REPOSITORY}, hubEndpoint="https://mirror.example.com").sources
    assert opened.source.hugging_face is not None
    assert opened.source.hugging_face.endpoint == "https://mirror.example.com"


def test_what_a_user_declares_of_a_source_reaches_the_pod() -> None:
    (opened,) = accepted(
        {
            "s3": {"uri": "s3://raw/faq/", "files": "*.csv", "maxObjects": 3, "maxBytes": 99},
            "format": "MOSS",
            "fieldMap": {"prompt": "问题", "response": "回答"},
            "license": "Apache-2.0",
            "language": "zh",
            "domain": "medical",
            "samplePercent": 50,
            "maxRows": 7,
        }
    ).sources
    assert opened.source == contract.Source(
        name="a",
        store=contract.StoreSource(
            uri="s3://raw/faq/", credentials_path="/run/sft/credentials/raw-keys", files="*.csv", max_objects=3, max_bytes=99
        ),
        format=contract.RowFormat.MOSS,
        field_map=contract.FieldMap(prompt="问题", response="回答"),
        license="Apache-2.0",
        language="zh",
        domain="medical",
        sample_percent=50,
        max_rows=7,
    )


def test_the_pod_mounts_config_maps_and_tokens_where_its_config_says() -> None:
    spec = worlds.dataset_spec(
        sources=[{"name": "a", "configMap": {"name": "rows.v2"}}, {"name": "b", "http": FILE | {"secretName": "mine"}}],
        domains=[{"domain": "medical", "maxRows": 9}],
    )
    hosts = {"allowedPrivateHosts": ["mirror.internal"]}
    cluster = Cluster(dataset_world(profiles=[profile(network=hosts)], spec=spec))
    cluster.settle()
    pod = cluster.created[0]["spec"]["template"]["spec"]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    mounts = {mount["name"]: mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}
    config = contract.PrepareConfig.model_validate_json(cluster.configs[0])
    mounted, http = config.sources[0].mounted, config.sources[1].http
    assert mounted is not None
    assert http is not None
    assert volumes["rows-0"]["configMap"]["name"] == "rows.v2"
    assert mounts["rows-0"] == mounted.path
    keys = [source["secret"] for source in volumes["inputs"]["projected"]["sources"] if "secret" in source]
    (token,) = [key for key in keys if key["name"] == "mine"]
    (item,) = token["items"]
    assert f"{mounts['inputs']}/{item['path']}" == http.authorization_path
    assert config.network.allowed_private_hosts == {"mirror.internal"}
    assert config.domains == [contract.DomainLimit(domain="medical", max_rows=9)]
