"""Which mounts belong to a folder, from the kernel's table."""

from __future__ import annotations

from pathlib import Path

from local_cluster.mounts import below

TABLE = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:25 / /state/node-1/kubelet/pods/a/volumes/token rw - tmpfs tmpfs rw
31 22 0:26 / /state/node-1 rw - tmpfs tmpfs rw
32 22 0:27 / /state/node-10/kubelet rw - tmpfs tmpfs rw
33 22 0:28 / /state/node-1/with\\040space rw - tmpfs tmpfs rw
"""


def test_mounts_come_deepest_first_so_that_each_can_be_unmounted() -> None:
    assert below(Path("/state/node-1"), TABLE) == [
        "/state/node-1/kubelet/pods/a/volumes/token",
        "/state/node-1/with space",
        "/state/node-1",
    ]


def test_a_folder_whose_name_only_begins_alike_is_left_alone() -> None:
    assert below(Path("/state/node-1"), TABLE.replace("node-1/", "node-11/").replace("node-1 ", "node-12 ")) == []
