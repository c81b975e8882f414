"""What the host lends to a build, and that it does not stay in the image."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_cluster.build_settings import index_files, mounted_settings

SECRET_INDEX = "https://ann:pass%22word@packages.example.com/simple"


def test_an_index_url_is_mounted_as_a_file_and_is_no_build_argument(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", SECRET_INDEX)
    monkeypatch.setenv("UV_DEFAULT_INDEX", SECRET_INDEX)
    with mounted_settings() as options:
        assert not any("pass" in option for option in options)
        mounted = [option.split(":")[0] for option in options if option.endswith((":/etc/pip.conf:ro", ":/etc/uv/uv.toml:ro"))]
        assert all(SECRET_INDEX in Path(file).read_text() for file in mounted)
        assert len(mounted) == 2
    assert not any(Path(file).exists() for file in mounted)


def test_without_an_index_of_the_hosts_own_nothing_is_written() -> None:
    assert index_files({}) == {}


def test_a_certificate_bundle_is_mounted_and_named_to_pip_and_uv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.crt"
    bundle.touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    with mounted_settings() as options:
        assert f"{bundle}:/host-ca.crt:ro" in options
        assert {"SSL_CERT_FILE=/host-ca.crt", "PIP_CERT=/host-ca.crt"} <= set(options)


def test_a_bundle_that_does_not_exist_is_not_mounted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/bundle.crt")
    with mounted_settings() as options:
        assert not any("host-ca" in option for option in options)
