"""Versions of a plan: what stands in one, and what changed from one to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actors import Actor
from accounts.errors import NotAllowed
from reviews.models import FormularyEntry, Plan, PlanVersion, Review

ONE_GO: Final = timedelta(minutes=10)
"""What one person types within this time, without doing anything else, is one version."""

_TYPED: Final = ("plan.saved", "plan.item_changed")

CHANGE_WORDS: Final[Mapping[str, str | Promise]] = {
    "plan.carried": gettext_lazy("Taken over from the review before"),
    "plan.saved": gettext_lazy("Words or date changed"),
    "plan.drafted": gettext_lazy("Summary drafted from the findings"),
    "plan.item_added": gettext_lazy("Treatment added"),
    "plan.item_changed": gettext_lazy("Treatment changed"),
    "plan.item_removed": gettext_lazy("Treatment removed"),
    "plan.template_applied": gettext_lazy("Template applied"),
}

_FIELDS: Final[Mapping[str, str | Promise]] = {
    "summary": gettext_lazy("Summary"),
    "advice": gettext_lazy("Advice and warnings"),
    "follow_up_date": gettext_lazy("Follow-up"),
}
_ITEM_FIELDS: Final[Mapping[str, str | Promise]] = {
    "dose": gettext_lazy("Dose"),
    "duration": gettext_lazy("Duration"),
    "instructions": gettext_lazy("What the patient reads"),
    "override_reason": gettext_lazy("Why in spite of the warning"),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs; ``before`` or ``after`` is empty when it was not there."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class VersionCard:
    """One version as the page shows it."""

    number: int
    at: datetime
    who: str
    change: str
    differences: tuple[Difference, ...]


def snapshot(plan: Plan) -> dict[str, Any]:
    """The plan as it stands."""
    items = plan.items.select_related("entry", "plan__review__session__patient")
    return {
        "summary": plan.summary,
        "advice": plan.advice,
        "follow_up_date": plan.follow_up_date.isoformat() if plan.follow_up_date else "",
        "items": [
            {"code": item.entry.code, "name": item.entry.name, **{name: getattr(item, name) for name in _ITEM_FIELDS}}
            for item in items
        ],
    }


def record_version(
    plan: Plan, *, actor: Actor, change: str, entry: FormularyEntry | None, now: datetime
) -> PlanVersion:
    """Keep the plan as it stands after ``change``; typing goes on in the version that it began."""
    if actor.membership_id is None:
        raise NotAllowed(_("Only staff of the clinic write plans."))
    code = entry.code if entry else ""
    newest: PlanVersion | None = plan.versions.select_related("plan__review__session__patient").first()
    if (
        newest is not None
        and change in _TYPED
        and (newest.change, newest.entry_code, newest.changed_by_id) == (change, code, actor.membership_id)
        and now - newest.began_at <= ONE_GO
    ):
        newest.number, newest.content, newest.at = plan.version, snapshot(plan), now
        newest.save()
        return newest
    return PlanVersion.objects.create(
        plan=plan,
        number=plan.version,
        change=change,
        entry_code=code,
        changed_by_id=actor.membership_id,
        content=snapshot(plan),
        began_at=now,
        at=now,
    )


def versions_of(actor: Actor, review: Review) -> list[VersionCard]:
    """Newest first, each with what it changed. The caller has checked the scope."""
    rows = list(
        PlanVersion.objects.visible_to(actor)
        .filter(plan__review=review)
        .select_related("changed_by", "plan__review__session__patient")
        .order_by("number")
    )
    found: list[VersionCard] = []
    before: Mapping[str, Any] = {}
    for row in rows:
        found.append(
            VersionCard(
                number=row.number,
                at=row.at,
                who=row.changed_by.display_name,
                change=str(CHANGE_WORDS.get(row.change, row.change)),
                differences=tuple(differences(before, row.content)),
            )
        )
        before = row.content
    return found[::-1]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """What is not the same in two snapshots."""
    found = [
        Difference(str(label), before.get(name, ""), after.get(name, ""))
        for name, label in _FIELDS.items()
        if before.get(name, "") != after.get(name, "")
    ]
    old = {item["code"]: item for item in before.get("items", ())}
    new = {item["code"]: item for item in after.get("items", ())}
    for code in [*old, *(code for code in new if code not in old)]:
        was, now = old.get(code), new.get(code)
        if was is None and now is not None:
            found.append(Difference(now["name"], "", f"{now['dose']} · {now['duration']}"))
        elif now is None and was is not None:
            found.append(Difference(was["name"], f"{was['dose']} · {was['duration']}", ""))
        elif was is not None and now is not None:
            found += [
                Difference(_("%(name)s: %(field)s") % {"name": now["name"], "field": label}, was[field], now[field])
                for field, label in _ITEM_FIELDS.items()
                if was[field] != now[field]
            ]
    return found
