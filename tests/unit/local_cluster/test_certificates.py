"""One authority a cluster: read back by a second start, and every certificate signed by it."""

from __future__ import annotations

import ipaddress
import stat
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.x509.oid import NameOID

from local_cluster import kubeconfig, layout
from local_cluster.certificates import Authority, Identity
from local_cluster.layout import ClusterLayout


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_a_second_start_reads_the_same_authority(tmp_path: Path) -> None:
    first = Authority(tmp_path).certificate.read_bytes()
    assert Authority(tmp_path).certificate.read_bytes() == first


def test_a_certificate_is_signed_by_the_authority_and_names_user_and_group(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate = load(authority.issue(Identity("kubelet", "system:node:demo-1", "system:nodes"))[0])
    certificate.verify_directly_issued_by(load(authority.certificate))
    names = {attribute.oid: attribute.value for attribute in certificate.subject}
    assert names == {NameOID.COMMON_NAME: "system:node:demo-1", NameOID.ORGANIZATION_NAME: "system:nodes"}


def test_addresses_and_names_become_alternative_names_of_their_kind(tmp_path: Path) -> None:
    hosts = ("10.96.0.1", "kubernetes.default.svc")
    certificate = load(Authority(tmp_path).issue(Identity("api", "api", hosts=hosts))[0])
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address("10.96.0.1")]
    assert names.get_values_for_type(x509.DNSName) == ["kubernetes.default.svc"]


def test_an_identity_keeps_its_certificate(tmp_path: Path) -> None:
    authority, identity = Authority(tmp_path), Identity("admin", "admin")
    first = authority.issue(identity)[0].read_bytes()
    assert authority.issue(identity)[0].read_bytes() == first


def test_only_the_owner_can_read_keys_and_kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "STATE_ROOT", tmp_path)
    cluster = ClusterLayout("demo")
    authority = Authority(cluster.certificates)
    _, private = authority.service_account_keys()
    file = kubeconfig.write(cluster, authority, Identity("admin", "admin", "system:masters"), tmp_path / "kubeconfig")
    for path in (file, private, *cluster.certificates.glob("*.key")):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_a_kubeconfig_holds_all_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "STATE_ROOT", tmp_path)
    cluster = ClusterLayout("demo")
    file = kubeconfig.write(cluster, Authority(cluster.certificates), Identity("admin", "local-admin"), tmp_path / "config")
    content = yaml.safe_load(file.read_text())
    assert content["current-context"] == "demo"
    assert content["clusters"][0]["cluster"]["server"] == cluster.api_server
    assert set(content["users"][0]["user"]) == {"client-certificate-data", "client-key-data"}
