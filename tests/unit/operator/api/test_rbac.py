"""What the roles of the chart may never hold."""

from __future__ import annotations

import pytest

from sft_operator.api.kinds import KINDS
from sft_operator.api.rbac import EDITOR, OPERATOR, PROFILE_READER, VIEWER, Permission
from sft_operator.shell import resources

every_permission = pytest.mark.parametrize(
    "permission",
    [*OPERATOR, *VIEWER, *EDITOR, *PROFILE_READER],
    ids=lambda permission: f"{permission.group}/{','.join(permission.resources)}",
)
KNOWN_VERBS = {"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"}


@every_permission
def test_no_role_holds_a_wildcard_or_an_unknown_verb(permission: Permission) -> None:
    rule = permission.as_rule()
    assert not any("*" in text for texts in rule.values() for text in texts)
    assert set(permission.verbs) <= KNOWN_VERBS


@every_permission
def test_no_role_touches_secrets_roles_or_running_pods(permission: Permission) -> None:
    forbidden = {"secrets", "serviceaccounts", "serviceaccounts/token", "roles", "clusterroles", "pods/exec", "nodes"}
    assert not forbidden & set(permission.resources)


@every_permission
def test_every_permission_says_what_it_is_for(permission: Permission) -> None:
    assert permission.why


def test_the_operator_never_writes_what_users_write() -> None:
    plain = {kind.plural for kind in KINDS}
    writing = KNOWN_VERBS - {"get", "list", "watch"}
    assert not [p for p in OPERATOR if plain & set(p.resources) and writing & set(p.verbs)]


def test_the_operator_changes_no_pod() -> None:
    assert [p.verbs for p in OPERATOR if "pods" in p.resources] == [("get", "list", "watch")]


def test_users_do_not_write_status_or_profiles() -> None:
    written = {resource for permission in EDITOR for resource in permission.resources}
    assert written == {"instructiondatasets", "sftjobs"}


def test_viewers_only_read() -> None:
    assert {verb for permission in (*VIEWER, *PROFILE_READER) for verb in permission.verbs} == {"get", "list", "watch"}


def test_the_operator_may_use_what_its_client_knows_and_nothing_else() -> None:
    clients = [value for value in vars(resources).values() if isinstance(value, resources.Resource)]
    known = {(resource.group, resource.plural) for resource in clients}
    granted = {(permission.group, name.partition("/")[0]) for permission in OPERATOR for name in permission.resources}
    assert known == granted
