"""One dataset of everything a team has lying around: two languages, three places, three shapes, one of them in GBK."""

from __future__ import annotations

import json
from typing import Any

import pytest

from demo import bucket
from tests.e2e.team import TEN_ROWS, Team, dataset

pytestmark = pytest.mark.e2e

CHINESE = "问题,回答\r\n" + "".join(
    f"第{number}号会议室的门禁密码是多少？,第{number}号会议室的门禁密码是{number * 53}。\r\n" for number in range(1, 21)
)
CHATS = [
    {
        "conversations": [
            {"from": "human", "value": f"Where is desk {n}?"},
            {"from": "gpt", "value": f"Desk {n} is in room {n * 3}."},
        ]
    }
    for n in range(12)
]


def report_of(team: Team, uri: str) -> dict[str, Any]:
    store = bucket.s3_client(team.cluster.store)
    name, key = bucket.split_uri(uri.replace("report.html", "report.json"))
    content: dict[str, Any] = json.loads(store.get_object(Bucket=name, Key=key)["Body"].read())
    return content


def test_a_gbk_table_a_config_map_of_chats_and_inline_rows_become_one_dataset(team: Team) -> None:
    team.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "chats"},
            "data": {"chats.json": json.dumps(CHATS, indent=1)},
        }
    )
    folder = team.upload("faq/会议室.csv", CHINESE.encode("gb18030")).rpartition("/")[0] + "/"
    team.upload("faq/notes.txt", b"not for training")
    sources: list[dict[str, Any]] = [
        {"name": "rooms", "s3": {"uri": folder, "files": "*.csv"}, "language": "zh", "domain": "office"},
        {"name": "chats", "configMap": {"name": "chats"}, "domain": "office", "license": "CC-BY-4.0"},
        {"name": "codes", "inline": {"jsonl": TEN_ROWS}, "samplePercent": 50},
    ]
    team.apply(dataset("mixed", sources, domains=[{"domain": "office", "maxRows": 30}], dedupe={"near": {"action": "Keep"}}))
    status = team.wait_until_ready("mixed")
    assert status["accounting"]["read"] == 20 + 12 + 10
    assert status["version"]["rows"] == 30 + 5
    assert status["accounting"]["rejected"] == {"NotSampled": 7}
    files = {source["name"]: source["detections"] for source in report_of(team, status["reportURI"])["sources"]}
    (rooms,) = files["rooms"]
    (chats,) = files["chats"]
    assert "gb18030" in json.dumps(rooms).lower()
    assert "table" in json.dumps(rooms)
    assert "JSON array" in json.dumps(chats)


def test_a_config_map_that_is_not_there_is_named_and_waited_for(team: Team) -> None:
    team.apply(dataset("waiting", [{"name": "rows", "configMap": {"name": "my-rows"}}]))
    status = team.wait("instructiondataset", "waiting", lambda status: "my-rows" in json.dumps(status), 60)
    assert "ConfigMapNotFound" in json.dumps(status["conditions"])
    team.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "my-rows"}, "data": {"a.jsonl": TEN_ROWS}})
    assert team.wait_until_ready("waiting", 180)["version"]["rows"] == 10
