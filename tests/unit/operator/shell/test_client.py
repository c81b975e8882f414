"""The client: paths that no name can leave, writes that can be repeated, errors by what can be done about them."""

from __future__ import annotations

from typing import Any

import pytest

from sft_operator.shell.client import (
    AlreadyExists,
    ApiError,
    Client,
    Conflict,
    NotFound,
    Refused,
    Unavailable,
)
from sft_operator.shell.resources import CONFIG_MAPS, JOBS, PODS, PROFILES, SFT_JOBS
from tests.unit.operator.shell.api_server import ApiServerDouble, Asked


@pytest.mark.parametrize("name", ["../../secrets/x", "a/b", "a%2fb", "a?b=c", "a#b", "\u00e4"])
async def test_a_name_cannot_reach_another_path(api_server: ApiServerDouble, name: str) -> None:
    await Client(api_server).get(JOBS, "team", name)
    path = api_server.asked[0].path
    assert path.startswith("/apis/batch/v1/namespaces/team/jobs/")
    assert path.count("/") == "/apis/batch/v1/namespaces/team/jobs/x".count("/")


@pytest.mark.parametrize("name", ["", ".", ".."])
async def test_a_name_that_is_a_step_in_a_path_is_refused(api_server: ApiServerDouble, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be a name"):
        await Client(api_server).get(JOBS, "team", name)
    assert api_server.asked == []


async def test_a_list_is_read_page_by_page(api_server: ApiServerDouble) -> None:
    one, two, three = ({"kind": text} for text in "abc")
    pages = {"": {"items": [one, two], "metadata": {"continue": "next"}}, "next": {"items": [three], "metadata": {}}}
    api_server.answer = lambda asked: (200, pages[asked.query.get("continue", "")])
    assert await Client(api_server).list(PODS, "team", labels="a=b") == [one, two, three]
    assert [asked.query["labelSelector"] for asked in api_server.asked] == ["a=b", "a=b"]


async def test_a_list_with_a_limit_ends_there(api_server: ApiServerDouble) -> None:
    api_server.answer = lambda asked: (200, {"items": [{}, {}], "metadata": {"continue": "next"}})
    assert len(await Client(api_server).list(PROFILES, limit=2)) == 2
    assert len(api_server.asked) == 1


async def test_versions_are_listed_page_by_page_without_the_rest_of_the_objects(api_server: ApiServerDouble) -> None:
    one, two = ({"metadata": {"namespace": "team", "name": name, "resourceVersion": name * 2}} for name in "ab")
    pages = {"": {"items": [one], "metadata": {"continue": "next"}}, "next": {"items": [two], "metadata": {}}}
    api_server.answer = lambda asked: (200, pages[asked.query.get("continue", "")])
    assert await Client(api_server).resource_versions(SFT_JOBS) == {("team", "a"): "aa", ("team", "b"): "bb"}
    accepted = {asked.headers["Accept"] for asked in api_server.asked}
    assert accepted == {"application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}


async def test_apply_is_server_side_with_our_field_manager(api_server: ApiServerDouble) -> None:
    await Client(api_server).apply(CONFIG_MAPS, "team", {"metadata": {"name": "x"}})
    await Client(api_server).apply_status(SFT_JOBS, "team", {"metadata": {"name": "x"}})
    first, second = api_server.asked
    assert (first.method, first.content_type) == ("PATCH", "application/apply-patch+yaml")
    assert first.query == {"fieldManager": "sft-operator", "force": "true"}
    assert second.path.endswith("/sftjobs/x/status")


async def test_a_deletion_names_the_uid_and_takes_dependents_first(api_server: ApiServerDouble) -> None:
    await Client(api_server).delete(JOBS, "team", "x", uid="u")
    body = api_server.asked[0].body
    assert body["preconditions"] == {"uid": "u"}
    assert body["propagationPolicy"] == "Foreground"


@pytest.mark.parametrize("status", [404, 409])
async def test_deleting_what_is_gone_or_another_is_no_error(api_server: ApiServerDouble, status: int) -> None:
    api_server.answer = lambda asked: (status, {"message": "gone"})
    await Client(api_server).delete(JOBS, "team", "x", uid="u")


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (404, {"message": "not found"}, NotFound),
        (409, {"reason": "AlreadyExists"}, AlreadyExists),
        (409, {"reason": "Conflict"}, Conflict),
        (403, {"message": "exceeded quota"}, Refused),
        (422, {"message": "spec.x: Invalid value"}, Refused),
        (429, {"message": "slow down"}, Unavailable),
        (401, {"message": "Unauthorized"}, Unavailable),
        (500, "<html>proxy error</html>", Unavailable),
        (302, {}, Unavailable),
    ],
)
async def test_errors_tell_what_can_be_done(api_server: ApiServerDouble, status: int, body: Any, error: type[ApiError]) -> None:
    api_server.answer = lambda asked: (status, body)
    with pytest.raises(error) as raised:
        await Client(api_server).create(JOBS, "team", {})
    assert type(raised.value) is error
    assert "POST /apis/batch/v1/namespaces/team/jobs" in str(raised.value)


async def test_a_server_that_is_away_is_unavailable(api_server: ApiServerDouble) -> None:
    api_server.server = "http://127.0.0.1:9"
    with pytest.raises(Unavailable, match="no answer"):
        await Client(api_server).get(JOBS, "team", "x")


async def test_an_answer_that_is_no_json_is_not_taken_for_an_object(api_server: ApiServerDouble) -> None:
    def answer(_: Asked) -> tuple[int, Any]:
        return 200, "not json"

    api_server.answer = answer
    assert (await Client(api_server).list(JOBS)) == []
