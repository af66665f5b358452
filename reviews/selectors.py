"""Scoped reads of this room, for its own pages and for ``reports``."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q

from accounts.actors import Actor
from accounts.errors import NotFound
from patients.models import PhotoSession
from reviews.decisions import FinalFinding, effective, final_findings, unseen
from reviews.models import FormularyEntry, Plan, Review, ReviewStatus
from reviews.queue import CasePage, Counts, Place, QueueFilters, QueueRow, places, worklist
from reviews.signing import signing_state
from reviews.visibility import check_case_open

__all__ = [
    "CasePage",
    "Counts",
    "FinalFinding",
    "Place",
    "QueueFilters",
    "QueueRow",
    "earlier_reviews",
    "effective",
    "final_findings",
    "has_earlier_session",
    "message_for_patient",
    "places",
    "plan_of",
    "review_for",
    "search_formulary",
    "signing_state",
    "unseen",
    "worklist",
]


def review_for(actor: Actor, review_id: UUID) -> Review:
    """The review with session, patient, clinic and reviewer, if this actor may see it; else NotFound.

    Raises DomainError ``read_blind`` for a colleague who has not graded a case that is read blind.
    """
    rows = Review.objects.visible_to(actor).select_related(
        "session__patient__clinic", "session__intake__patient", "reviewer", "analysis__session__patient"
    )
    review: Review | None = rows.filter(pk=review_id).first()
    if review is None:
        raise NotFound
    check_case_open(actor, review)
    return review


def plan_of(review: Review) -> Plan | None:
    """The review's plan, when one was begun."""
    return Plan.objects.filter(review=review).select_related("review__session__patient").first()


def earlier_reviews(review: Review) -> list[Review]:
    """Closed reviews of the same patient, newest first, without those that were only handed back."""
    closed = (ReviewStatus.SIGNED, ReviewStatus.REJECTED, ReviewStatus.RETAKE_REQUESTED)
    rows = Review.objects.filter(session__patient_id=review.session.patient_id, status__in=closed)
    rows = rows.exclude(pk=review.pk).select_related("session__patient", "reviewer")
    return list(rows.order_by("-closed_at"))


def has_earlier_session(review: Review) -> bool:
    """Whether the patient sent photographs before this session."""
    own = review.session
    rows = PhotoSession.objects.filter(patient_id=own.patient_id, submitted_at__isnull=False).exclude(pk=own.pk)
    return own.submitted_at is not None and rows.filter(submitted_at__lt=own.submitted_at).exists()


def message_for_patient(session_id: UUID) -> str:
    """What the last reviewer wrote to the patient with a retake or rejection. The caller checked the scope."""
    closed = (ReviewStatus.REJECTED, ReviewStatus.RETAKE_REQUESTED)
    rows = Review.objects.filter(session_id=session_id).exclude(status=ReviewStatus.RELEASED)
    newest = rows.select_related("session__patient").order_by("-claimed_at").first()
    return newest.message_to_patient if newest is not None and newest.status in closed else ""


def search_formulary(text: str = "", category: str = "", diagnosis_code: str = "") -> list[FormularyEntry]:
    """Active entries whose name, dose or patient text contains every word; those for the diagnosis come first."""
    rows = FormularyEntry.objects.filter(active=True)
    if category in FormularyEntry.Category.values:
        rows = rows.filter(category=category)
    for word in text.split():
        rows = rows.filter(Q(name__icontains=word) | Q(patient_text__icontains=word) | Q(code__icontains=word))
    order = list(FormularyEntry.Category.values)

    def rank(entry: FormularyEntry) -> tuple[bool, int, str, str]:
        fits = bool(diagnosis_code) and diagnosis_code in entry.indications
        return (not fits, order.index(entry.category), entry.evidence_grade, entry.name)

    return sorted(rows, key=rank)
