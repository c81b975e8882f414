"""A profile's credential is used inside its locations, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sft_operator.api.object_location import S3Location
from sft_operator.core.locations import (
    Opened,
    OutsideLocations,
    covers,
    open_for_user,
    open_inside,
    open_output,
    open_published,
)
from sft_operator.core.observed import Profile
from tests.unit.operator.core.worlds import profile


def with_locations(*locations: dict[str, str]) -> Profile:
    return profile(locations=[{"access": "Read", **location} for location in locations])


def opened(uri: str, found: Profile, namespace: str = "team-a") -> Opened:
    return open_inside(uri, found, namespace, field="spec.uri")


FAQ = with_locations({"uri": "s3://raw/faq/", "secretName": "keys"})


@pytest.mark.parametrize("uri", ["s3://raw/faq/", "s3://raw/faq/a.jsonl", "s3://raw/faq/deep/er/"])
def test_a_uri_inside_a_location_is_opened_with_its_secret(uri: str) -> None:
    found = opened(uri, FAQ)
    assert found.secret_name == "keys"
    assert found.store.credentials_path == "/run/sft/credentials/keys"
    assert found.store.uri == uri


@pytest.mark.parametrize(
    "uri",
    [
        pytest.param("s3://raw/faq", id="an object beside the folder"),
        pytest.param("s3://raw/faqs/", id="a folder whose name begins alike"),
        pytest.param("s3://raw/faqs/a.jsonl", id="an object in it"),
        pytest.param("s3://raw-2/faq/", id="a bucket whose name begins alike"),
        pytest.param("s3://raw", id="the bucket"),
        pytest.param("s3://raw/", id="the bucket as a folder"),
        pytest.param("s3://raw/faq/../secret/", id="up and out"),
        pytest.param("s3://raw/faq/..", id="up at the end"),
        pytest.param("s3://raw/faq/./a", id="a segment that is none"),
        pytest.param("s3://raw/faq/..\\secret", id="a backslash"),
        pytest.param("S3://raw/faq/", id="another scheme"),
        pytest.param("https://raw/faq/", id="another protocol"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_uri_outside_of_every_location_needs_the_users_own_secret(uri: str) -> None:
    with pytest.raises(OutsideLocations, match="name your own Secret"):
        opened(uri, FAQ)


def test_the_bucket_without_a_slash_is_the_bucket_as_a_folder() -> None:
    assert opened("s3://raw", with_locations({"uri": "s3://raw/", "secretName": "keys"})).secret_name == "keys"


def test_the_location_that_says_most_opens() -> None:
    found = with_locations({"uri": "s3://raw/", "secretName": "wide"}, {"uri": "s3://raw/faq/", "secretName": "narrow"})
    assert opened("s3://raw/faq/a", found).secret_name == "narrow"
    assert opened("s3://raw/other/a", found).secret_name == "wide"


def test_of_the_location_that_everyone_publishes_to_a_namespace_reaches_its_own_folder() -> None:
    found = profile(locations=[{"uri": "s3://tuned/", "access": "ReadWrite", "secretName": "keys"}])
    assert opened("s3://tuned/team-a/jobs/bot/", found).secret_name == "keys"
    for uri in ("s3://tuned/team-b/jobs/bot/", "s3://tuned/", "s3://tuned", "s3://tuned/team-ab/"):
        with pytest.raises(OutsideLocations):
            opened(uri, found)


LAKE = profile(
    locations=[
        {"uri": "s3://lake/", "access": "Read", "endpoint": "https://s3.example.com", "secretName": "lake"},
        {"uri": "s3://lake/tuned/", "access": "ReadWrite", "endpoint": "https://s3.example.com/", "secretName": "lake"},
        {"uri": "s3://lake/tuned/team-b/shown/", "access": "Read", "secretName": "lake"},
    ]
)


@pytest.mark.parametrize(
    "uri", ["s3://lake/raw/", "s3://lake/a.jsonl", "s3://lake/tuned/team-a/x/", "s3://lake/tuned/team-b/shown/x/"]
)
def test_what_others_do_not_publish_is_read_from_the_location_around_it(uri: str) -> None:
    assert opened(uri, LAKE).secret_name == "lake"


@pytest.mark.parametrize(
    "uri",
    [
        pytest.param("s3://lake/tuned/team-b/jobs/", id="another team's folder"),
        pytest.param("s3://lake/tuned/team-ab/x", id="a folder whose name begins alike"),
        pytest.param("s3://lake/tuned/", id="all teams' folders"),
        pytest.param("s3://lake/", id="a folder around them"),
        pytest.param("s3://lake", id="the bucket around them"),
    ],
)
def test_a_location_to_read_opens_no_other_teams_output(uri: str) -> None:
    with pytest.raises(OutsideLocations, match="where other namespaces publish"):
        opened(uri, LAKE)
    with pytest.raises(OutsideLocations, match="belongs to a TrainingProfile"):
        open_for_user(
            wanted(uri=uri, secretName="lake", endpoint="https://s3.example.com"), LAKE, [LAKE], "team-a", field="spec.uri"
        )


TEAMS = profile(
    locations=[
        {"uri": "s3://lake/", "access": "Read"},
        {"uri": "s3://lake/{namespace}/tuned/", "access": "ReadWrite"},
        {"uri": "s3://lake/team-b/tuned/shown/", "access": "Read"},
    ]
)


@pytest.mark.parametrize(
    "uri",
    [
        "s3://lake/team-a/",
        "s3://lake/team-a/tuned/",
        "s3://lake/team-a/tuned/team-a/x",
        "s3://lake/team-b/raw/",
        "s3://lake/team-b/tuned/shown/x",
    ],
)
def test_where_each_namespace_has_a_folder_of_its_own_everything_else_is_read(uri: str) -> None:
    assert opened(uri, TEAMS).store.uri == uri


@pytest.mark.parametrize("uri", ["s3://lake/team-b/tuned/x", "s3://lake/team-b/tuned/", "s3://lake/team-b/", "s3://lake/"])
def test_where_each_namespace_has_a_folder_of_its_own_the_others_are_not_read(uri: str) -> None:
    with pytest.raises(OutsideLocations, match="where other namespaces publish"):
        opened(uri, TEAMS)


def test_another_servers_bucket_of_that_name_is_another_bucket() -> None:
    found = profile(
        locations=[
            {"uri": "s3://lake/", "access": "Read", "endpoint": "https://one.example.com"},
            {"uri": "s3://lake/tuned/", "access": "ReadWrite", "endpoint": "https://two.example.com"},
        ]
    )
    assert opened("s3://lake/tuned/team-b/x", found).store.endpoint == "https://one.example.com"


def test_a_run_is_published_where_it_began_with_the_credential_of_that_location() -> None:
    old = {"uri": "s3://old/", "access": "ReadWrite", "endpoint": "http://old:9000", "secretName": "old"}
    found = profile(locations=[{"uri": "s3://new/", "access": "ReadWrite", "secretName": "new"}, old])
    folder = open_published("s3://old/team-a/jobs/bot/x-r1/", found, "team-a", field="The run's folder")
    assert (folder.secret_name, folder.store.endpoint) == ("old", "http://old:9000")


def test_a_run_whose_location_is_gone_or_can_only_be_read_is_told_so() -> None:
    found = profile(locations=[{"uri": "s3://new/", "access": "ReadWrite"}, {"uri": "s3://old/", "access": "Read"}])
    with pytest.raises(OutsideLocations, match="raise spec"):
        open_published("s3://old/team-a/jobs/bot/x-r1/", found, "team-a", field="The run's folder")


def test_a_namespace_reaches_its_own_folder_alone() -> None:
    found = with_locations({"uri": "s3://teams/{namespace}/"})
    assert opened("s3://teams/team-a/x", found).store.uri == "s3://teams/team-a/x"
    for uri in ("s3://teams/team-b/x", "s3://teams/team-ab/x", "s3://teams/{namespace}/x"):
        with pytest.raises(OutsideLocations):
            opened(uri, found)


def test_the_first_location_that_may_be_written_takes_the_output() -> None:
    found = profile(
        locations=[
            {"uri": "s3://raw/", "access": "Read"},
            {"uri": "s3://out/{namespace}/", "access": "ReadWrite", "endpoint": "http://s3:9000", "region": "eu-1"},
            {"uri": "s3://late/", "access": "ReadWrite"},
        ]
    )
    output = open_output(found, "team-a")
    assert output.store.uri == "s3://out/team-a/team-a/"
    assert (output.store.endpoint, output.store.region) == ("http://s3:9000", "eu-1")


def wanted(**fields: str) -> S3Location:
    return S3Location.model_validate({"uri": "s3://raw/faq/a", **fields})


def test_the_users_secret_is_used_where_one_is_named_and_the_profiles_endpoint_is_not() -> None:
    found = open_for_user(wanted(secretName="mine", region="eu-1"), FAQ, [FAQ], "team-a", field="spec.uri")
    assert found.secret_name == "mine"
    assert (found.store.endpoint, found.store.region) == (None, "eu-1")


def test_a_users_endpoint_never_gets_the_profiles_credential() -> None:
    location = wanted(endpoint="http://evil")
    assert open_for_user(location, FAQ, [FAQ], "team-a", field="spec.uri").store.endpoint is None


def test_an_endpoint_that_a_user_named_is_checked_by_the_pod() -> None:
    found = profile(network={"allowedPrivateHosts": ["s3.team.internal", "10.0.0.7"]})
    location = wanted(uri="s3://mine/a", secretName="mine", endpoint="https://s3.team.internal:9000")
    store = open_for_user(location, found, [found], "team-a", field="spec.uri").store
    assert (store.is_guarded, store.allowed_private_hosts) == (True, ["10.0.0.7", "s3.team.internal"])


def test_an_endpoint_that_the_platform_team_named_is_not() -> None:
    found = profile(
        locations=[
            {"uri": "s3://raw/", "access": "Read", "endpoint": "http://s3:9000", "secretName": "keys"},
            {"uri": "s3://out/", "access": "ReadWrite", "endpoint": "http://s3:9000", "secretName": "keys"},
        ],
        network={"allowedPrivateHosts": ["mirror"]},
    )
    lent = wanted(endpoint="http://s3:9000", secretName="keys")
    places = [
        open_for_user(wanted(), found, [found], "team-a", field="spec.uri"),
        open_for_user(lent, found, [found], "team-a", field="spec.uri"),
        open_for_user(wanted(uri="s3://mine/a", secretName="mine"), found, [found], "team-a", field="spec.uri"),
        open_output(found, "team-a"),
    ]
    assert [(place.store.is_guarded, place.store.allowed_private_hosts) for place in places] == [(False, [])] * 4


@pytest.mark.parametrize(
    "location",
    [
        pytest.param(wanted(uri="s3://private/a", secretName="keys"), id="another bucket"),
        pytest.param(wanted(secretName="keys", endpoint="http://evil"), id="another server"),
    ],
)
def test_a_profiles_secret_that_a_user_names_is_used_inside_that_profiles_locations_only(location: S3Location) -> None:
    chosen = with_locations({"uri": "s3://else/"})
    with pytest.raises(OutsideLocations, match="Secret 'keys' belongs to a TrainingProfile"):
        open_for_user(location, chosen, [chosen, FAQ], "team-a", field="spec.uri")
    assert open_for_user(wanted(secretName="keys"), chosen, [chosen, FAQ], "team-a", field="spec.uri").secret_name == "keys"


def test_a_secret_is_the_users_own_where_a_profile_of_other_namespaces_has_one_of_that_name() -> None:
    chosen = with_locations({"uri": "s3://else/"})
    elsewhere = profile(
        "theirs", allowedNamespaces=["team-b"], locations=[{"uri": "s3://theirs/", "access": "ReadWrite", "secretName": "s"}]
    )
    assert open_for_user(wanted(secretName="s"), chosen, [chosen, elsewhere], "team-a", field="spec.uri").secret_name == "s"


segments = st.lists(st.text(alphabet="abc./\\{}", min_size=0, max_size=6), max_size=5)


@given(parts=segments)
def test_whatever_is_covered_lies_below_the_location_after_any_normalisation(parts: list[str]) -> None:
    uri = "s3://raw/faq/" + "/".join(parts)
    if covers(FAQ.spec.locations[0], uri, "team-a"):
        depth = 0
        for segment in uri.removeprefix("s3://raw/faq/").replace("\\", "/").split("/"):
            depth += {"..": -1, ".": 0, "": 0}.get(segment, 1)
            assert depth >= 0
