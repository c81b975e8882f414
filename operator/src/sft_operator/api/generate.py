"""Writes everything that is made from the models; `--check` writes nothing and names the files that are stale.

This is the only module of the API that touches files. The operator never imports it.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from sft_operator.api import GROUP
from sft_operator.api.crd import custom_resource_definition
from sft_operator.api.kinds import KINDS
from sft_operator.api.rbac import EDITOR, OPERATOR, PROFILE_READER, VIEWER, Permission
from sft_operator.api.reference_docs import reference

REPOSITORY = Path(__file__).resolve().parents[4]
YAML_HEADER = "# Generated from operator/src/sft_operator/api by `make generate`. Do not edit.\n"
CHART = "charts/sft-operator"
LINE_WIDTH = 4096
"""No text is folded: lines that are wrapped at the depth of a schema are more indentation than text."""


def generated_files() -> dict[str, str]:
    """Path below the repository -> content."""
    return {**dict(_crd_files()), **dict(_rule_files()), "docs/api.md": reference(KINDS)}


def _crd_files() -> Iterator[tuple[str, str]]:
    for kind in KINDS:
        content = as_yaml(custom_resource_definition(kind))
        name = f"{GROUP}_{kind.plural}.yaml"
        yield f"crds/{name}", content
        # Helm takes what lies in a folder of this name before anything else, and never deletes it.
        yield f"{CHART}/crds/{name}", content


def _rule_files() -> Iterator[tuple[str, str]]:
    tables = {"operator": OPERATOR, "viewer": VIEWER, "editor": EDITOR, "profile-reader": PROFILE_READER}
    for role, permissions in tables.items():
        yield f"{CHART}/files/{role}-rules.yaml", _rules(permissions)


def _rules(permissions: Iterable[Permission]) -> str:
    rules = (f"# {permission.why}\n" + _dump([permission.as_rule()]) for permission in permissions)
    return YAML_HEADER + "".join(rules)


def as_yaml(document: Mapping[str, Any]) -> str:
    """The document in the order it was built, under the line that says where it comes from."""
    return YAML_HEADER + _dump(document)


def _dump(document: object) -> str:
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=LINE_WIDTH)


class _Dumper(yaml.SafeDumper):
    """No anchors: a reader of YAML should not have to look elsewhere."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: _Dumper, data: str) -> yaml.ScalarNode:
    """Quotes what other readers take for a number: PyYAML speaks YAML 1.1, in which `2e-4` is text."""
    style = "'" if re.match(r"[-+]?[.]?[0-9]", data) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Dumper.add_representer(str, _text)


def stale_files(repository: Path) -> list[str]:
    """Paths whose content differs from what would be generated now."""
    return [
        path
        for path, content in generated_files().items()
        if not (repository / path).is_file() or (repository / path).read_text() != content
    ]


def write_files(repository: Path) -> list[str]:
    """Writes what is stale and returns its paths."""
    stale = stale_files(repository)
    files = generated_files()
    for path in stale:
        (repository / path).parent.mkdir(parents=True, exist_ok=True)
        (repository / path).write_text(files[path])
    return stale


def main() -> int:
    """Entry point; the exit status says whether anything was stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 and name what is stale")
    if parser.parse_args().check:
        stale = stale_files(REPOSITORY)
        for path in stale:
            sys.stderr.write(f"{path}: stale; run `make generate` and commit what it writes\n")
        return 1 if stale else 0
    for path in write_files(REPOSITORY):
        sys.stdout.write(f"wrote {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
