"""Workflow as data: a transition names its target, the permission and the audit event. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from accounts.errors import DomainError
from accounts.roles import Permission

S = TypeVar("S", bound=StrEnum)
A = TypeVar("A", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Transition(Generic[S]):
    """``permission`` None: the portal itself does it (a lease that lapsed, say)."""

    target: S
    permission: Permission | None
    audit: str


def next_state(table: Mapping[tuple[S, A], Transition[S]], state: S, action: A) -> Transition[S]:
    """The transition that ``action`` makes from ``state``; :class:`DomainError` ``wrong_state`` when there is none."""
    try:
        return table[(state, action)]
    except KeyError:
        raise DomainError(
            "wrong_state", f"This cannot be done now: the case is “{state.value.replace('_', ' ')}”. Reload the page."
        ) from None
