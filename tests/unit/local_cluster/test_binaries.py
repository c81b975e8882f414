"""What is built is pinned, and cached by what it is built from."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from local_cluster import binaries
from local_cluster.binaries import KUBERNETES_VERSION, MODULES, PROGRAMS, binaries_key, module_key

modules = sorted({program.module for program in PROGRAMS})
every_module = pytest.mark.parametrize("module", modules)


@pytest.fixture
def copied_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(MODULES, tmp_path / "go")
    monkeypatch.setattr(binaries, "MODULES", tmp_path / "go")
    return tmp_path / "go"


@every_module
def test_a_module_pins_every_version_by_its_checksum(module: str) -> None:
    required = re.findall(r"^\s*(?:require )?(\S+\.\S+/\S+) (v\S+)", (MODULES / module / "go.mod").read_text(), re.MULTILINE)
    if not required:
        assert (MODULES / module / "main.go").exists(), "nothing is required, so the source must be here"
        return
    assert (MODULES / module / "go.sum").stat().st_size > 0


def test_kubernetes_is_built_from_the_version_it_says_it_is() -> None:
    assert f"k8s.io/kubernetes v{KUBERNETES_VERSION}" in (MODULES / "kubernetes" / "go.mod").read_text()


def test_a_changed_pin_changes_the_key_of_its_module_alone(copied_modules: Path) -> None:
    before, set_before = {module: module_key(module) for module in modules}, binaries_key()
    with (copied_modules / "helm" / "go.sum").open("a") as file:
        file.write("example.com/changed v1.0.0 h1:=\n")
    changed = [module for module in modules if module_key(module) != before[module]]
    assert changed == ["helm"]
    assert binaries_key() != set_before


def test_a_program_that_the_cache_holds_is_not_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "no-go-here"))
    kept = tmp_path / "sft-operator" / "programs"
    kept.mkdir(parents=True)
    for program in PROGRAMS:
        (kept / f"{program.name}-{module_key(program.module)}").write_text(program.name)
    folder = binaries.build_all()
    assert {path.name: path.read_text() for path in folder.iterdir()} == {program.name: program.name for program in PROGRAMS}
