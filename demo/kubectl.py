"""Runs the real kubectl, as a user would."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class KubectlError(Exception):
    """kubectl said no; the text is its own."""


@dataclass(frozen=True, slots=True)
class Kubectl:
    """kubectl with one kubeconfig."""

    binary: Path
    kubeconfig: Path

    def attempt(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Runs kubectl and returns what it said, whether it worked or not."""
        environment = os.environ | {"KUBECONFIG": str(self.kubeconfig)}
        command = [str(self.binary), *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, env=environment, timeout=300)

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        """Runs kubectl; raises KubectlError with its own words when it fails."""
        done = self.attempt(*arguments, stdin=stdin)
        if done.returncode != 0:
            raise KubectlError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def apply(self, *documents: dict[str, Any], namespace: str | None = None) -> str:
        """Applies objects by server-side apply."""
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(documents)})
        scope = ["-n", namespace] if namespace else []
        return self.run("apply", "--server-side", "--force-conflicts", *scope, "-f", "-", stdin=text)

    def get(self, kind: str, name: str, namespace: str) -> dict[str, Any] | None:
        """One object, or None when it is not there."""
        text = self.run("get", kind, name, "-n", namespace, "-o", "json", "--ignore-not-found")
        return json.loads(text) if text.strip() else None
