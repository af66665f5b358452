"""Who must not see yet what the models said: rules that a room above registers (a blind first read, say).

``analysis`` knows no reviews; it asks the registered rules before it hands findings or derived pictures to a clinician,
so that no address of either gets round them.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from accounts.actors import Actor

Rule = Callable[[Actor, UUID], bool]
"""Whether the findings of this session are hidden from this actor."""

_rules: list[Rule] = []


def register(rule: Rule) -> None:
    """Add a rule, once; called when the room above gets ready."""
    if rule not in _rules:
        _rules.append(rule)


def hidden(actor: Actor, session_id: UUID) -> bool:
    """Whether any rule hides the session's findings and derived pictures from this actor."""
    return any(rule(actor, session_id) for rule in _rules)
