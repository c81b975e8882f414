"""`make demo`: the main job on a real cluster of one machine, from two manifests to an adapter in S3."""
