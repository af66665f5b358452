"""Who must not see yet what the models said: rules that a room above registers (a blind first read, say).

``analysis`` knows no reviews; it asks the registered rules before it hands findings or derived pictures to a clinician,
so that no address of either gets round them.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from accounts.actors import Actor

NewcomerRule = Callable[[UUID], bool]
"""Whether the findings of this session are hidden from every clinician who has had nothing to do with it yet."""

Rule = Callable[[Actor, UUID], bool]
"""Whether the findings of this session are hidden from this actor."""

_rules: list[Rule] = []
_newcomer_rules: list[NewcomerRule] = []


def register(rule: Rule, for_newcomers: NewcomerRule) -> None:
    """Add a rule and what it says to newcomers, once; called when the room above gets ready."""
    if rule not in _rules:
        _rules.append(rule)
        _newcomer_rules.append(for_newcomers)


def hidden(actor: Actor, session_id: UUID) -> bool:
    """Whether any rule hides the session's findings and derived pictures from this actor."""
    return any(rule(actor, session_id) for rule in _rules)


def hidden_from_newcomers(session_id: UUID) -> bool:
    """Whether any rule hides the session's findings from whoever has had nothing to do with it: the worklist must not
    tell them by the order of its cases either."""
    return any(rule(session_id) for rule in _newcomer_rules)
