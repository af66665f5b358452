"""Scoped reads of this room, and the patient's home: where they are, and what comes next."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from accounts.actors import Actor
from accounts.errors import NotFound
from accounts.roles import Permission
from patients.selectors import patient_for
from reports.models import Amendment, ErasureRequest, ExportRequest, Report
from reviews.models import Review, ReviewStatus


def reports_of(patient_id: UUID) -> list[Report]:
    """A patient's signed reports, newest first. The caller has checked the scope."""
    rows = Report.objects.filter(patient_id=patient_id).select_related("patient", "clinic", "superseded_by")
    return list(rows.order_by("-signed_at"))


def reviews_behind(report_ids: Iterable[UUID]) -> list[Review]:
    """The reviews that these reports were signed from, without their sealed texts. The caller has checked the scope."""
    rows = Review.objects.filter(report__in=list(report_ids))
    return list(rows.only("pk", "session_id", "analysis_id", "closed_at"))


def reports_without_pdf(clinic_id: UUID) -> list[Report]:
    """Signed reports of a clinic that have no PDF yet, newest first. The caller has checked who asks."""
    rows = Report.objects.filter(clinic_id=clinic_id, pdf_name="", patient__erased_at=None)
    return list(rows.select_related("signed_by").defer("content").order_by("-signed_at")[:200])


def messages_to_patient(session_ids: Iterable[UUID]) -> dict[UUID, Review]:
    """Per session, the newest review that ended with words for the patient: a retake asked for, or a rejection."""
    rows = Review.objects.filter(
        session_id__in=list(session_ids), status__in=[ReviewStatus.RETAKE_REQUESTED, ReviewStatus.REJECTED]
    ).select_related("session__patient")
    return {row.session_id: row for row in rows.order_by("closed_at")}


def exports_of(actor: Actor, patient_id: UUID) -> list[ExportRequest]:
    """The archives that were asked for, newest first."""
    actor.check(Permission.REQUEST_EXPORT)
    patient = patient_for(actor, patient_id)
    return list(ExportRequest.objects.filter(patient=patient).order_by("-requested_at")[:20])


def erasures_of(actor: Actor, patient_id: UUID) -> list[ErasureRequest]:
    """The patient's requests for erasure, newest first."""
    actor.check(Permission.REQUEST_ERASURE)
    patient = patient_for(actor, patient_id)
    return list(ErasureRequest.objects.filter(patient=patient).order_by("-requested_at"))


def privacy_requests(actor: Actor) -> list[ErasureRequest]:
    """An administrator's list: open ones first, by deadline, then the answered."""
    actor.check(Permission.DECIDE_PRIVACY_REQUESTS)
    rows = ErasureRequest.objects.visible_to(actor).select_related("patient", "decided_by").order_by("due_at")
    found = list(rows)
    waiting = [row for row in found if row.status == ErasureRequest.Status.REQUESTED]
    answered = [row for row in found if row.status != ErasureRequest.Status.REQUESTED]
    return waiting + sorted(answered, key=lambda row: row.decided_at or row.requested_at, reverse=True)


def erasure_request_for(actor: Actor, request_id: UUID) -> ErasureRequest:
    """One request, for the administrator; NotFound outside the clinic."""
    actor.check(Permission.DECIDE_PRIVACY_REQUESTS)
    rows = ErasureRequest.objects.visible_to(actor).select_related("patient", "clinic", "decided_by")
    request: ErasureRequest | None = rows.filter(pk=request_id).first()
    if request is None:
        raise NotFound
    return request


def correction_of(report: Report) -> Amendment | None:
    """The correction of this report that is being written, if any."""
    return (
        Amendment.objects.filter(report=report, review__status__in=ReviewStatus.open_states())
        .select_related("review__reviewer", "report__patient", "report__clinic")
        .first()
    )


def superseded_by(report: Report) -> Report | None:
    """The report that replaced this one."""
    return getattr(report, "superseded_by", None)


def amendment_of(review: Review) -> Amendment | None:
    """What this review corrects, if it does."""
    rows = Amendment.objects.select_related("report__patient", "report__clinic")
    return rows.filter(review=review).first()


def certificate_for(actor: Actor, request_id: UUID) -> ErasureRequest:
    """An erasure that was carried out; NotFound before it was."""
    request = erasure_request_for(actor, request_id)
    if request.certificate is None:
        raise NotFound
    return request
