"""Behind a proxy, what speaks to a cluster on this machine still reaches it directly."""

from __future__ import annotations

import pytest

from local_cluster.command import run
from local_cluster.layout import ClusterLayout
from local_cluster.proxy import proxy_exceptions


def test_without_a_proxy_nothing_is_set() -> None:
    assert proxy_exceptions({"PATH": "/bin", "HTTPS_PROXY": ""}) == {}


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "http_proxy", "ALL_PROXY"])
def test_the_clusters_addresses_are_added_to_the_hosts_own_exceptions(variable: str) -> None:
    exceptions = proxy_exceptions({variable: "http://proxy:3128", "NO_PROXY": "intern.example.com"})
    assert exceptions["NO_PROXY"] == exceptions["no_proxy"]
    assert exceptions["NO_PROXY"].split(",")[0] == "intern.example.com"
    assert {"10.200.0.0/16", "10.96.0.0/16", "10.244.0.0/16", ".cluster.local"} <= set(exceptions["NO_PROXY"].split(","))


def test_every_address_of_a_cluster_is_an_exception() -> None:
    layout = ClusterLayout("any-name")
    assert layout.address.startswith("10.200.")
    assert layout.first_node.pod_subnet.startswith("10.244.")


def test_every_program_that_is_run_gets_the_exceptions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    assert "10.200.0.0/16" in run("sh", "-c", "echo $NO_PROXY")
