"""A real Kubernetes on one Debian machine, without Docker: for `make demo` and the tests, and for nothing else.

Every process runs in a network namespace of its own, so that bridges, service rules and ports never touch the host.
It ends only what it started. docs/local_cluster.md says what it changes on the host.
"""
