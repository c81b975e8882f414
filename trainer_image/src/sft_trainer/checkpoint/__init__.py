"""Checkpoints in the object store: each a folder that exists once its manifest stands, named by step, attempt and pod."""
