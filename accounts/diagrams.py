"""A table of transitions as a diagram and a table in Markdown, for docs/states.md. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.roles import PERMISSIONS, Permission
from accounts.workflow import Transition


def section(
    title: str, about: str, table: Mapping[tuple[Any, Any], Transition[Any]], *, begins: str, begun_by: str
) -> str:
    """One heading with its diagram and table. ``begins``: the first state; states without a way out are final."""
    final = sorted({item.target.value for item in table.values()} - {state.value for state, _action in table})
    diagram = ["stateDiagram-v2", f"    [*] --> {begins}: {begun_by}"]
    diagram += [
        f"    {state.value} --> {item.target.value}: {_words(action)} ({holders(item.permission)})"
        for (state, action), item in table.items()
    ]
    diagram += [f"    {state} --> [*]" for state in final]
    rows = [
        f"| {state.value} | {action.value} | {item.target.value} | {holders(item.permission)} | `{item.audit}` |"
        for (state, action), item in table.items()
    ]
    head = ["| from | action | to | who | audit |", "|---|---|---|---|---|"]
    return "\n".join([f"# {title}", "", about, "", "```mermaid", *diagram, "```", "", *head, *rows, ""])


def holders(permission: Permission | None) -> str:
    """Who holds a permission, in words."""
    return "the portal" if permission is None else ", ".join(sorted(role.value for role in PERMISSIONS[permission]))


def _words(action: Any) -> str:
    return str(action.value).replace("_", " ")
