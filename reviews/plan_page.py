"""The plan as its page shows it: items and formulary with their alerts, and what the signature still needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from accounts.actors import Actor
from reviews.contraindications import Alert
from reviews.diagnoses import label as diagnosis_label
from reviews.formulary import GRADES
from reviews.formulary.doses import dose_for
from reviews.models import FormularyEntry, Plan, PlanItem, Review, ReviewStatus
from reviews.plan_draft import referrals
from reviews.reading import Reading
from reviews.selectors import plan_of, search_formulary
from reviews.services.readings import holds
from reviews.signing import SigningState, alerts_for, flags_of, health_of, signing_state


@dataclass(frozen=True, slots=True)
class ItemCard:
    """One treatment of the plan."""

    item: PlanItem
    entry: FormularyEntry
    alerts: tuple[Alert, ...]
    grade_words: str

    @property
    def blocked(self) -> bool:
        return any(alert.is_absolute for alert in self.alerts)


@dataclass(frozen=True, slots=True)
class EntryCard:
    """One treatment of the formulary, as a search shows it."""

    entry: FormularyEntry
    alerts: tuple[Alert, ...]
    in_plan: bool
    fits: bool  # is used for the diagnosis that was stated
    dose: str  # usual for this patient
    grade_words: str

    @property
    def blocked(self) -> bool:
        return any(alert.is_absolute for alert in self.alerts)

    @property
    def needs_reason(self) -> bool:
        return bool(self.alerts) and not self.blocked


@dataclass(frozen=True, slots=True)
class PlanPage:
    """Everything on the plan page that changes with the plan."""

    review: Review
    plan: Plan | None
    items: tuple[ItemCard, ...]
    diagnosis: str
    signing: SigningState
    editable: bool
    decided: bool
    referrals: tuple[str, ...]  # where red flags send the patient, one line each

    @property
    def sign_url(self) -> str:
        """The sign page belongs to the room above; its address is known by name only."""
        return reverse("reports:sign", args=[self.review.pk])


def plan_page(review: Review, actor: Actor) -> PlanPage:
    """The plan of a review; the caller has checked the scope."""
    plan = plan_of(review)
    reading = Reading.from_dict(review.reading)
    rows = plan.items.select_related("entry", "plan__review__session__patient") if plan else ()
    return PlanPage(
        review=review,
        plan=plan,
        items=tuple(
            ItemCard(
                item=item,
                entry=item.entry,
                alerts=alerts_for(item.entry, health_of(review, plan=plan, without=item.entry)),
                grade_words=str(GRADES[item.entry.evidence_grade]),
            )
            for item in rows
        ),
        diagnosis=diagnosis_label(reading.diagnosis_code) if reading.diagnosis_code else reading.diagnosis_text,
        signing=signing_state(review, actor),
        editable=holds(review, actor),
        decided=review.status == ReviewStatus.DECIDED,
        referrals=referrals(flags_of(review)),
    )


def formulary_cards(review: Review, *, text: str = "", category: str = "") -> list[EntryCard]:
    """Search results with what speaks against each for this patient."""
    plan = plan_of(review)
    taken = set(plan.items.values_list("entry_id", flat=True)) if plan else set()
    code = Reading.from_dict(review.reading).diagnosis_code
    health = health_of(review, plan=plan)
    return [
        EntryCard(
            entry=entry,
            alerts=() if entry.pk in taken else alerts_for(entry, health),
            in_plan=entry.pk in taken,
            fits=bool(code) and code in entry.indications,
            dose=dose_for(entry.code, entry.usual_dose, health),
            grade_words=str(GRADES[entry.evidence_grade]),
        )
        for entry in search_formulary(text, category, code)
    ]


def categories() -> list[tuple[str, Any]]:
    """The formulary's categories as choices."""
    return list(FormularyEntry.Category.choices)
