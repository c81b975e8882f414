"""Which TrainingProfile an object uses, or why it may use none."""

from __future__ import annotations

from collections.abc import Sequence

from sft_operator.api.reasons import Reason
from sft_operator.core.checks import Unmet
from sft_operator.core.observed import Profile, UnreadableProfile

EVERY_NAMESPACE = "*"


def choose_profile(name: str | None, namespace: str, profiles: Sequence[Profile | UnreadableProfile]) -> Profile:
    """The profile that is named, or the one default that admits the namespace; raises Unmet."""
    problems = {profile.name: profile.problem for profile in profiles if isinstance(profile, UnreadableProfile)}
    if name in problems:
        raise Unmet(Reason.PROFILE_UNREADABLE, f"TrainingProfile '{name}' cannot be read: {problems[name]}")
    if name:
        return _named(name, namespace, readable(profiles))
    return _default(namespace, readable(profiles), ", ".join(sorted(problems)))


def readable(profiles: Sequence[Profile | UnreadableProfile]) -> list[Profile]:
    """Those that can be used."""
    return [profile for profile in profiles if isinstance(profile, Profile)]


def _named(name: str, namespace: str, profiles: Sequence[Profile]) -> Profile:
    profile = next((profile for profile in profiles if profile.name == name), None)
    if profile is None:
        raise Unmet(
            Reason.PROFILE_NOT_FOUND,
            f"spec.profileName: TrainingProfile '{name}' was not found; {_offers(namespace, profiles, verb='correct the name')}",
        )
    if not admits(profile, namespace):
        raise Unmet(
            Reason.NAMESPACE_NOT_ALLOWED,
            f"TrainingProfile '{name}' does not admit namespace '{namespace}': its owners can add it to "
            f"spec.allowedNamespaces; {_offers(namespace, profiles, verb='or name another')}",
        )
    return profile


def _default(namespace: str, profiles: Sequence[Profile], unreadable: str) -> Profile:
    defaults = [profile for profile in profiles if profile.spec.default and admits(profile, namespace)]
    if not defaults:
        passed_over = f" (this version of the operator cannot read {unreadable})" if unreadable else ""
        raise Unmet(
            Reason.PROFILE_NOT_FOUND,
            f"spec.profileName is not set, and no default TrainingProfile admits namespace '{namespace}'{passed_over}; "
            f"{_offers(namespace, profiles, verb='name a profile')}",
        )
    if len(defaults) > 1:
        names = ", ".join(sorted(profile.name for profile in defaults))
        raise Unmet(
            Reason.AMBIGUOUS_DEFAULT,
            f"spec.profileName is not set, and {len(defaults)} default TrainingProfiles admit namespace "
            f"'{namespace}' ({names}); name one of them",
        )
    return defaults[0]


def admits(profile: Profile, namespace: str) -> bool:
    """Whether objects of this namespace may use the profile; an empty list admits none."""
    allowed = profile.spec.allowed_namespaces
    return EVERY_NAMESPACE in allowed or namespace in allowed


def _offers(namespace: str, profiles: Sequence[Profile], *, verb: str) -> str:
    names = sorted(profile.name for profile in profiles if admits(profile, namespace))
    if not names:
        return f"no profile admits namespace '{namespace}': ask the platform team for one"
    return f"{verb}: {', '.join(names)} may be used here"
