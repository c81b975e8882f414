"""Values that tests install the chart with."""

from __future__ import annotations

from typing import Any

STORE = {"endpoint": "http://10.0.0.1:7070", "region": "us-east-1", "secretName": "object-store"}
PROFILE: dict[str, Any] = {
    "default": True,
    "allowedNamespaces": ["*"],
    "resources": {"cpu": "8", "memory": "64Gi", "disk": "200Gi", "gpu": {"count": 1}},
    "preparation": {"cpu": "2", "memory": "8Gi", "disk": "50Gi"},
    "scheduling": {"tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}]},
    "locations": [{"uri": "s3://tuned/", "access": "ReadWrite", **STORE}],
    "terminationGracePeriodSeconds": 300,
}
EVERYTHING: dict[str, Any] = {
    "image": {
        "operator": {"repository": "registry.example.com:5000/ml/operator", "digest": "sha256:" + "a" * 64, "tag": "x"},
        "data": {"repository": "registry.example.com/ml/data", "tag": "1.2.3"},
        "trainer": {"repository": "registry.example.com/ml/trainer", "tag": "1.2.3"},
        "pullPolicy": "Always",
    },
    "imagePullSecrets": [{"name": "registry"}],
    "profiles": {"one-gpu": PROFILE},
    "settings": {"logLevel": "DEBUG", "workers": 2, "resyncSeconds": 30, "progressIntervalSeconds": 5},
    "userRoles": {"aggregate": True, "profileReaders": ["developers", "ml:ops"]},
    "serviceAccount": {"create": True, "name": "tuner", "annotations": {"example.com/role": "tuner"}},
    "nodeSelector": {"pool": "system"},
    "tolerations": [{"key": "system", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "priorityClassName": "system-cluster-critical",
    "podLabels": {"team": "ml"},
    "podAnnotations": {"example.com/scrape": "no"},
    "networkPolicy": {"enabled": True, "apiServerPorts": [6443]},
}
"""Every value set to something else than its default."""
