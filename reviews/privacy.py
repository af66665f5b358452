"""What this room holds about a person: reviews, decisions and plans, sealed under the patient's key (G1, G3, G4)."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _

from accounts import privacy
from accounts.privacy import Category, ErasureStep, ExportFile, FieldRule, OnErasure
from reviews import desk_privacy, reading_privacy
from reviews.decisions import effective
from reviews.models import (
    CaseReading,
    FindingDecision,
    FindingOpened,
    Opinion,
    PhotoLook,
    Plan,
    Read,
    ReadMarks,
    Review,
    ReviewEvent,
    ReviewStatus,
)
from reviews.own_regions import manual_scales, own_regions

_LINK: Final = FieldRule(Category.LINK, OnErasure.ERASE)
_HEALTH: Final = FieldRule(Category.HEALTH, OnErasure.ERASE)
_REFERENCE: Final = FieldRule(Category.REFERENCE, OnErasure.KEEP)

_ROWS: Final[Mapping[str, tuple[tuple[str, ...], FieldRule]]] = {
    "Review": (
        (
            "id", "session", "clinic", "reviewer", "analysis", "status", "outcome", "claimed_at", "lease_until",
            "decided_at", "closed_at", "reading_saved_at", "for_dermatologist", "carried_from", "blind_first",
        ),
        _LINK,
    ),
    "ReviewEvent": (("id", "review", "action", "from_status", "to_status", "actor_id", "at"), _LINK),
    "FindingOpened": (("id", "review", "subject_kind", "subject_id", "at"), _LINK),
    "PhotoLook": (("id", "photo", "member", "at"), _LINK),
    "ReadMarks": (("id", "session", "member", "changed_at"), _LINK),
    "FindingDecision": (
        ("id", "review", "finding", "verdict", "cause", "decided_by", "position", "turn", "of_turn", "at"), _LINK
    ),
    "OwnRegion": (
        ("id", "review", "photo", "region_id", "act", "drawn_by", "position", "turn", "of_turn", "at"), _LINK
    ),
    "ManualScale": (("id", "photo", "review", "length_mm", "px_per_mm", "set_by", "set_at", "removed_at"), _LINK),
    "CaseReading": (
        (
            "id", "session", "clinic", "submitted_at", "status", "severity_points", "share_points", "opened_at",
            "settled_at", "waived_by", "waived_at",
        ),
        _LINK,
    ),
    "Read": (
        (
            "id", "case", "reader", "role", "position", "review", "consent_id", "consent_version", "committed_at",
        ),
        _LINK,
    ),
    "Opinion": (
        (
            "id", "session", "clinic", "asked_by", "asked_of", "asked_at", "answered_by", "answered_at", "withdrawn_at",
        ),
        _LINK,
    ),
    "Escalation": (("review", "urgency", "at"), _LINK),
    "ReadingPolicy": (
        (
            "clinic", "blind_first", "blind_percent", "double_read", "double_percent", "severity_points",
            "share_points", "seed", "changed_at", "changed_by", "applying", "applied_to", "cases_done", "cases_total",
        ),
        _REFERENCE,
    ),
    "Plan": (("id", "review", "follow_up_date", "version", "changed_at"), _LINK),
    "PlanItem": (("id", "plan", "entry", "position"), _LINK),
    "FormularyEntry": (
        (
            "id", "code", "category", "name", "usual_dose", "usual_duration", "evidence_grade", "source", "indications",
            "prescription", "contraindications", "monitoring", "patient_text", "active",
        ),
        _REFERENCE,
    ),
}  # fmt: skip

_SEALED: Final[Mapping[str, tuple[str, ...]]] = {
    "Review": ("reading", "message_to_patient", "handover_note"),
    "FindingDecision": ("corrected", "reason"),
    "OwnRegion": ("payload", "reason"),
    "ManualScale": ("points",),
    "CaseReading": ("waive_reason",),
    "Read": ("grade", "details", "remark"),
    "ReadMarks": ("regions",),
    "Opinion": ("question", "answer", "grade"),
    "Escalation": ("reason",),
    "Plan": ("summary", "advice"),
    "PlanItem": ("dose", "duration", "instructions", "override_reason"),
}

FIELDS: Final[Mapping[str, FieldRule]] = {
    **{f"{model}.{name}": rule for model, (names, rule) in _ROWS.items() for name in names},
    **{f"{model}.{name}": _HEALTH for model, names in _SEALED.items() for name in names},
    **desk_privacy.FIELDS,
}


def export(patient_id: UUID) -> Iterator[ExportFile]:
    """One JSON file per closed review: the clinician's reading, decisions, messages and plan. Work that nobody has
    signed or sent yet is left out: nothing unsigned reaches a patient."""
    closed = (ReviewStatus.SIGNED, ReviewStatus.REJECTED, ReviewStatus.RETAKE_REQUESTED)
    rows = Review.objects.filter(session__patient_id=patient_id, status__in=closed)
    for review in rows.select_related("session__patient", "reviewer").order_by("claimed_at"):
        data = json.dumps(_review(review), indent=2, ensure_ascii=False, default=str).encode()
        yield ExportFile(
            path=f"reviews/{review.claimed_at:%Y-%m-%d}-{review.pk}.json",
            media_type="application/json",
            open=lambda data=data: io.BytesIO(data),  # type: ignore[misc]
            description=_("A clinician's review of a session"),
        )
    yield from desk_privacy.export(patient_id)
    yield from reading_privacy.export(patient_id)


def plan_erasure(patient_id: UUID) -> Sequence[ErasureStep]:
    """What :func:`erase` will delete. Signed reports are kept by ``reports``, which holds what the law asks for."""
    reviews = Review.objects.filter(session__patient_id=patient_id)
    plans = Plan.objects.filter(review__in=reviews)
    decisions = FindingDecision.objects.filter(review__in=reviews)
    reads = Read.objects.filter(case__session__patient_id=patient_id)
    opinions = Opinion.objects.filter(session__patient_id=patient_id)
    return [
        ErasureStep(_("Reviews with readings and messages"), reviews.count(), OnErasure.ERASE),
        ErasureStep(_("Decisions about findings"), decisions.count(), OnErasure.ERASE),
        ErasureStep(_("Grades of readers"), reads.count(), OnErasure.ERASE),
        ErasureStep(_("Second opinions"), opinions.count(), OnErasure.ERASE),
        ErasureStep(_("Treatment plans"), plans.count(), OnErasure.ERASE),
        *desk_privacy.plan_erasure(patient_id),
    ]


def erase(patient_id: UUID, now: datetime) -> None:
    """Delete every review of the patient with all that hangs on it, inside the caller's transaction."""
    desk_privacy.erase(patient_id, now)
    reviews = Review.objects.filter(session__patient_id=patient_id)
    FindingOpened.objects.filter(review__in=reviews).delete()
    ReviewEvent.objects.filter(review__in=reviews).delete()
    Read.objects.filter(case__session__patient_id=patient_id).delete()
    PhotoLook.objects.filter(photo__session__patient_id=patient_id).delete()
    ReadMarks.objects.filter(session__patient_id=patient_id).delete()
    CaseReading.objects.filter(session__patient_id=patient_id).delete()
    Opinion.objects.filter(session__patient_id=patient_id).delete()
    reviews.update(carried_from=None)
    reviews.delete()


def _review(review: Review) -> dict[str, Any]:
    plan = Plan.objects.filter(review=review).first()
    signed = review.status == ReviewStatus.SIGNED
    return {
        "review": review.pk,
        "session": review.session_id,
        "reviewer": review.reviewer.display_name,
        "status": review.status,
        "outcome": review.outcome,
        "closed_at": review.closed_at,
        "message": review.message_to_patient,
        "reading": review.reading if signed else None,
        "decisions": [
            {
                "finding": decision.finding_id,
                "verdict": decision.verdict,
                "corrected": decision.corrected,
                "reason": decision.reason,
                "cause": decision.cause,
            }
            for decision in (effective(review).values() if signed else ())
        ],
        "added_regions": [
            {"photo": region.photo.pk, "region": region.payload, "reason": region.reason}
            for region in (own_regions(review) if signed else ())
        ],
        "scales": [
            {"photo": photo_id, "px_per_mm": scale.px_per_mm, "length_mm": scale.length_mm, "set_at": scale.set_at}
            for photo_id, scale in (manual_scales(review.session).items() if signed else ())
        ],
        "plan": _plan(plan) if plan is not None and signed else None,
    }


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "summary": plan.summary,
        "advice": plan.advice,
        "follow_up_date": plan.follow_up_date,
        "items": [
            {
                "treatment": item.entry.name,
                "dose": item.dose,
                "duration": item.duration,
                "instructions": item.instructions,
                "source": item.entry.source,
            }
            for item in plan.items.select_related("entry", "plan__review__session__patient")
        ],
    }


PRIVACY: Final = privacy.RoomPrivacy(
    room="reviews", fields=FIELDS, export=export, plan_erasure=plan_erasure, erase=erase
)
