"""A clinic's plan templates: made from a plan, edited, applied with every contraindication checked, removed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.errors import DomainError, Invalid, NotAllowed, NotFound
from accounts.roles import Permission
from reviews.formulary.doses import dose_for
from reviews.models import FormularyEntry, Plan, PlanItem, PlanTemplate
from reviews.plan_draft import without_referrals
from reviews.services.plans import editable_plan, plan_changed
from reviews.signing import alerts_for, flags_of, health_of

MOST_TEMPLATES: Final = 100
LONGEST_FOLLOW_UP_DAYS: Final = 730


@dataclass(frozen=True, slots=True)
class TemplateItem:
    """One treatment of a template, by the code of its formulary entry."""

    code: str
    dose: str
    duration: str
    instructions: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """What a template holds. ``follow_up_days``: from the day on which it is applied; None sets no date."""

    advice: str = ""
    follow_up_days: int | None = None
    items: tuple[TemplateItem, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Template:
        items = tuple(TemplateItem(**item) for item in stored["items"])
        return cls(advice=stored["advice"], follow_up_days=stored["follow_up_days"], items=items)


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a template: names that were added, and names that were left out with the reason."""

    added: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]


@transaction.atomic
def make_template(*, actor: Actor, review_id: UUID, name: str, now: datetime) -> PlanTemplate:
    """Keep the treatments, advice and time to the follow-up of a plan under a name. The summary and where a
    red flag sends this patient stay out. Raises Invalid ``name_needed``, ``empty_plan``, DomainError ``name_taken``."""
    actor.check(Permission.WRITE_PLAN)
    plan = (
        Plan.objects.visible_to(actor)
        .filter(review_id=review_id)
        .select_related("review__session__patient", "review__clinic")
        .first()
    )
    if plan is None:
        raise NotFound
    items = tuple(
        TemplateItem(item.entry.code, item.dose, item.duration, item.instructions)
        for item in plan.items.select_related("entry", "plan__review__session__patient")
    )
    if not items:
        raise Invalid("empty_plan", _("Put a treatment into the plan first: an empty template helps nobody."))
    today = plan.review.clinic.day_of(now)
    days = (plan.follow_up_date - today).days if plan.follow_up_date else None
    advice = without_referrals(plan.advice, flags_of(plan.review))
    content = Template(advice, days if days and days > 0 else None, items)
    return _create(actor, name, content, now)


@transaction.atomic
def save_template(*, actor: Actor, template_id: UUID, name: str, content: Template, now: datetime) -> PlanTemplate:
    """Replace a template. Raises Invalid ``unknown_treatment``, ``bad_follow_up``, ``empty_plan``; as above."""
    actor.check(Permission.WRITE_PLAN)
    template = _locked(actor, template_id)
    template.name = _name(actor, name, but=template)
    template.content = _checked(content).to_dict()
    template.changed_by_id, template.changed_at = _member(actor), now
    template.save()
    _audit(actor, template, "template.changed", now)
    return template


@transaction.atomic
def remove_template(*, actor: Actor, template_id: UUID, now: datetime) -> None:
    """Take a template away; plans that it was applied to keep what they have."""
    actor.check(Permission.WRITE_PLAN)
    template = _locked(actor, template_id)
    _audit(actor, template, "template.removed", now)
    template.delete()


@transaction.atomic
def apply_template(*, actor: Actor, review_id: UUID, template_id: UUID, now: datetime) -> Applied:
    """Put a template's treatments into the plan of a case that one holds, each held against this patient's answers.

    What must not be used is left out; so is what needs a written reason, which nobody can write for many at once: the
    clinician adds it from the formulary with the reason. Words that stand in the plan already are kept, and a usual
    dose becomes that of this patient's sex.
    """
    review, plan = editable_plan(actor, review_id, now)
    template = PlanTemplate.objects.visible_to(actor).select_related("clinic").filter(pk=template_id).first()
    if template is None:
        raise NotFound
    content = Template.from_dict(template.content)
    entries = {row.code: row for row in FormularyEntry.objects.filter(active=True)}
    there = set(plan.items.values_list("entry__code", flat=True))
    last = plan.items.aggregate(last=Max("position"))["last"]
    position = 0 if last is None else last + 1
    added: list[str] = []
    left_out: list[tuple[str, str]] = []
    for item in content.items:
        entry = entries.get(item.code)
        if entry is None:
            left_out.append((item.code, _("It is not in the formulary any more.")))
            continue
        if item.code in there:
            left_out.append((entry.name, _("It is already in the plan.")))
            continue
        health = health_of(review, plan=plan, without=entry)
        alerts = alerts_for(entry, health)
        if alerts:
            worst = next((alert for alert in alerts if alert.is_absolute), alerts[0])
            left_out.append((entry.name, worst.text))
            continue
        PlanItem.objects.create(
            plan=plan,
            entry=entry,
            position=position + len(added),
            dose=dose_for(item.code, item.dose, health),
            duration=item.duration,
            instructions=item.instructions,
        )
        added.append(entry.name)
    if not without_referrals(plan.advice, flags_of(review)).strip():
        plan.advice = "\n".join(part for part in (plan.advice.strip(), content.advice) if part)
    if plan.follow_up_date is None and content.follow_up_days:
        plan.follow_up_date = review.clinic.day_of(now) + timedelta(days=content.follow_up_days)
    plan_changed(review, plan, actor, now, "plan.template_applied", None)
    return Applied(tuple(added), tuple(left_out))


def templates_of(actor: Actor) -> list[PlanTemplate]:
    """The clinic's templates by name."""
    actor.check(Permission.WRITE_PLAN)
    rows = PlanTemplate.objects.visible_to(actor).select_related("clinic", "changed_by")
    return sorted(rows, key=lambda row: row.name.casefold())


def template_for(actor: Actor, template_id: UUID) -> PlanTemplate:
    """One of the clinic's templates; NotFound elsewhere."""
    found = next((row for row in templates_of(actor) if row.pk == template_id), None)
    if found is None:
        raise NotFound
    return found


def _create(actor: Actor, name: str, content: Template, now: datetime) -> PlanTemplate:
    if PlanTemplate.objects.visible_to(actor).count() >= MOST_TEMPLATES:
        raise DomainError("too_many_templates", _("Your clinic has a hundred templates. Remove one first."))
    member = _member(actor)
    template = PlanTemplate.objects.create(
        clinic_id=actor.own_clinic_id,
        name=_name(actor, name),
        content=_checked(content).to_dict(),
        created_by_id=member,
        created_at=now,
        changed_by_id=member,
        changed_at=now,
    )
    _audit(actor, template, "template.made", now)
    return template


def _locked(actor: Actor, template_id: UUID) -> PlanTemplate:
    rows = PlanTemplate.objects.visible_to(actor).select_for_update(of=("self",)).select_related("clinic")
    template: PlanTemplate | None = rows.filter(pk=template_id).first()
    if template is None:
        raise NotFound
    return template


def _name(actor: Actor, name: str, *, but: PlanTemplate | None = None) -> str:
    name = " ".join(name.split())[:80]
    if not name:
        raise Invalid("name_needed", _("Give the template a name."))
    others = PlanTemplate.objects.visible_to(actor).filter(name=name)
    if others.exclude(pk=but.pk if but else None).exists():
        raise DomainError("name_taken", _("A template of this name exists. Choose another name."))
    return name


def _checked(content: Template) -> Template:
    if not content.items:
        raise Invalid("empty_plan", _("Keep at least one treatment, or remove the template."))
    known = set(FormularyEntry.objects.values_list("code", flat=True))
    if any(item.code not in known for item in content.items):
        raise Invalid("unknown_treatment", _("A treatment is not in the formulary."))
    if any(not item.dose.strip() or not item.duration.strip() for item in content.items):
        raise Invalid("dose_needed", _("Dose and duration cannot be empty."))
    if content.follow_up_days is not None and not 1 <= content.follow_up_days <= LONGEST_FOLLOW_UP_DAYS:
        raise Invalid("bad_follow_up", _("The follow-up lies between one day and two years after."))
    return content


def _member(actor: Actor) -> UUID:
    if actor.membership_id is None:
        raise NotAllowed(_("Only staff of the clinic write plans."))
    return actor.membership_id


def _audit(actor: Actor, template: PlanTemplate, action: str, now: datetime) -> None:
    audit.record(action=action, now=now, actor=actor, subject_kind="plan_template", subject_id=template.pk)
