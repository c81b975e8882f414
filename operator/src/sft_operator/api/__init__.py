"""The API: pydantic models of the three kinds, and what is generated from them. Imports pydantic only."""

GROUP = "sft-operator.io"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
