"""The object store: a Protocol, S3 and a local folder behind it, and the manifest that makes a folder of objects exist."""
