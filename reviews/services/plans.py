"""The treatment plan, edited in place until it is signed."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.errors import DomainError, Invalid, NotFound
from accounts.roles import Permission
from reviews.decisions import final_findings
from reviews.formulary.doses import dose_for
from reviews.models import FormularyEntry, Plan, PlanItem, Review
from reviews.plan_draft import compose, with_referrals
from reviews.plan_versions import record_version
from reviews.reading import Reading
from reviews.services.holding import held_review
from reviews.signing import alerts_for, flags_of, health_of
from reviews.visibility import check_findings_open


@transaction.atomic
def add_item(*, actor: Actor, review_id: UUID, entry_id: UUID, now: datetime, override_reason: str = "") -> PlanItem:
    """Put a treatment into the plan with the patient's text, its usual duration, and the dose usual for their sex.

    Raises Invalid ``contraindicated`` when an absolute rule fires, ``reason_needed`` when a relative one does and no
    reason is given, DomainError ``already_in_plan``.
    """
    review, plan = editable_plan(actor, review_id, now)
    entry = FormularyEntry.objects.filter(pk=entry_id, active=True).first()
    if entry is None:
        raise NotFound
    if plan.items.filter(entry=entry).exists():
        raise DomainError("already_in_plan", _("%(name)s is already in the plan.") % {"name": entry.name})
    _check_contraindications(review, entry, override_reason)
    last = plan.items.aggregate(last=Max("position"))["last"]
    item = PlanItem.objects.create(
        plan=plan,
        entry=entry,
        position=0 if last is None else last + 1,
        dose=dose_for(entry.code, entry.usual_dose, health_of(review)),
        duration=entry.usual_duration,
        instructions=entry.patient_text,
        override_reason=override_reason.strip(),
    )
    plan_changed(review, plan, actor, now, "plan.item_added", entry)
    return item


@transaction.atomic
def update_item(
    *,
    actor: Actor,
    review_id: UUID,
    item_id: UUID,
    dose: str,
    duration: str,
    instructions: str,
    override_reason: str,
    now: datetime,
) -> PlanItem:
    """Change what is written about a treatment. A dose and a duration have to stay."""
    review, plan = editable_plan(actor, review_id, now)
    item = _item(plan, item_id)
    if not dose.strip() or not duration.strip():
        raise Invalid("dose_needed", _("Dose and duration cannot be empty."))
    _check_contraindications(review, item.entry, override_reason)
    item.dose, item.duration = dose.strip(), duration.strip()
    item.instructions, item.override_reason = instructions.strip(), override_reason.strip()
    item.save()
    plan_changed(review, plan, actor, now, "plan.item_changed", item.entry)
    return item


@transaction.atomic
def remove_item(*, actor: Actor, review_id: UUID, item_id: UUID, now: datetime) -> None:
    """Take a treatment out of the plan."""
    review, plan = editable_plan(actor, review_id, now)
    item = _item(plan, item_id)
    item.delete()
    plan_changed(review, plan, actor, now, "plan.item_removed", item.entry)


@transaction.atomic
def save_plan(
    *, actor: Actor, review_id: UUID, summary: str, advice: str, follow_up_date: date | None, now: datetime
) -> Plan:
    """Keep the words for the patient, advice and warnings, and the date of the follow-up (after today)."""
    review, plan = editable_plan(actor, review_id, now)
    if follow_up_date is not None and follow_up_date <= review.clinic.day_of(now):
        raise Invalid("follow_up_past", _("The follow-up has to lie after today."))
    plan.summary, plan.advice, plan.follow_up_date = summary.strip(), advice.strip(), follow_up_date
    plan_changed(review, plan, actor, now, "plan.saved", None)
    return plan


@transaction.atomic
def draft_summary(*, actor: Actor, review_id: UUID, now: datetime) -> Plan:
    """Write a first summary from the accepted findings, the reading and the plan, for the clinician to edit; the advice
    gets what it lacks of where the red flags send the patient."""
    review, plan = editable_plan(actor, review_id, now)
    check_findings_open(actor, review)
    items = list(plan.items.select_related("entry"))
    plan.summary = compose(
        findings=final_findings(review),
        reading=Reading.from_dict(review.reading),
        treatments=[item.entry.name for item in items],
        follow_up=plan.follow_up_date,
    )
    plan.advice = with_referrals(plan.advice, flags_of(review))
    plan_changed(review, plan, actor, now, "plan.drafted", None)
    return plan


def editable_plan(actor: Actor, review_id: UUID, now: datetime) -> tuple[Review, Plan]:
    """The plan of a case that this actor holds, begun when there is none: a red flag's with its referral in the advice.
    Raises as ``held_review``."""
    actor.check(Permission.WRITE_PLAN)
    review = held_review(actor, review_id, now)
    begun = {"changed_at": now, "advice": with_referrals("", flags_of(review))}
    plan, created = Plan.objects.get_or_create(review=review, defaults=begun)
    if not created and not plan.versions.exists():
        record_version(plan, actor=actor, change="plan.carried", entry=None, now=now)
    return review, plan


def _item(plan: Plan, item_id: UUID) -> PlanItem:
    item = plan.items.select_related("entry", "plan__review__session__patient").filter(pk=item_id).first()
    if item is None:
        raise NotFound
    return item


def _check_contraindications(review: Review, entry: FormularyEntry, override_reason: str) -> None:
    plan = Plan.objects.get(review=review)
    alerts = alerts_for(entry, health_of(review, plan=plan, without=entry))
    absolute = [alert.text for alert in alerts if alert.is_absolute]
    if absolute:
        raise Invalid("contraindicated", _("%(name)s: %(why)s") % {"name": entry.name, "why": absolute[0]})
    if alerts and not override_reason.strip():
        raise Invalid(
            "reason_needed", _("Write why %(name)s is right here in spite of the warning.") % {"name": entry.name}
        )


def plan_changed(
    review: Review, plan: Plan, actor: Actor, now: datetime, action: str, entry: FormularyEntry | None
) -> None:
    """Save a changed plan: a new version with who made it, and an event."""
    plan.version += 1
    plan.changed_at = now
    plan.save()
    record_version(plan, actor=actor, change=action, entry=entry, now=now)
    audit.record(
        action=action,
        now=now,
        actor=actor,
        patient_id=review.session.patient_id,
        subject_kind="plan",
        subject_id=plan.pk,
        detail={"entry": entry.code} if entry else None,
    )
