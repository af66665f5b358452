"""View data of this room's pages: what each template shows, read through selectors and services."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.privacy import OnErasure
from accounts.roles import Permission, Role
from patients import selectors as patients
from patients.services import note_read
from reports import document, home, home_panels, selectors, services
from reports.content import content_hash
from reports.models import ErasureRequest, ExportRequest
from reports.services.rendering import frozen_content
from reviews import case_panels
from reviews.signing import signing_state


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One archive in the list; ``available``: it can be fetched now."""

    export: ExportRequest
    available: bool


@dataclass(frozen=True, slots=True)
class RequestRow:
    """One request in the administrator's list."""

    request: ErasureRequest
    label: str
    days_left: int
    overdue: bool


def patient_home(actor: Actor, patient_id: UUID, *, now: datetime) -> dict[str, Any]:
    """The patient's home. Reading it is an event."""
    patient = patients.patient_for(actor, patient_id)
    sessions = patients.sessions_of(patient.pk)
    today = patient.clinic.day_of(now)
    page = home.build(
        patient=patient,
        sessions=sessions,
        reports=selectors.reports_of(patient.pk),
        messages=selectors.messages_to_patient(session.pk for session in sessions),
        consents=patients.consent_state(patient.pk),
        open_purposes=patients.purposes_open_to(patient, today),
        intake=patients.latest_intake(patient.pk),
        today=today,
    )
    note_read(
        actor=actor,
        patient=patient,
        action="record.home_read",
        subject_kind="patient",
        subject_id=patient.pk,
        photos=(),
        now=now,
    )
    panels = home_panels.panels(actor, patient, now)
    wanted = (panel.step for panel in panels if panel.step is not None)
    step = next((step for step in wanted if step.rank <= page.step.rank), page.step)
    return {"patient": patient, "home": page, "step": step, "today": today, "panels": panels}


def sign_page(actor: Actor, review_id: UUID, form: Any, *, now: datetime) -> dict[str, Any]:
    """The document as the patient will get it, and what stands between it and a signature."""
    review, draft = services.read_draft(actor=actor, review_id=review_id, now=now)
    shown = document.present(
        draft.content, lambda picture: reverse("reports:sign_picture", args=[review.pk, picture.id])
    )
    if not form.is_bound:
        form.initial["read_hash"] = content_hash(draft.content)
    holds = review.reviewer_id == actor.membership_id
    return {
        "review": review,
        "document": shown,
        "verification": None,
        "form": form,
        "state": signing_state(review, actor),
        "holds": holds,
        "patient_label": patients.patient_label(review.session.patient),
        "amendment": selectors.amendment_of(review),
    }


def report_page(actor: Actor, report_id: UUID, *, now: datetime) -> dict[str, Any]:
    """A signed report as a page. Reading it is an event that names its pictures."""
    report = services.read_report(actor=actor, report_id=report_id, now=now)
    content = frozen_content(report)
    url = services.verification_url(report.verification_code)
    return {
        "report": report,
        "document": document.present(content, lambda picture: reverse("reports:report_image", args=[picture.id])),
        "verification": document.Verification(url, reverse("reports:report_qr", args=[report.pk]), report.content_hash),
        "newer": selectors.superseded_by(report),
        "for_patient": actor.role is Role.PATIENT,
        "may_correct": actor.can(Permission.REVIEW_FINDINGS) and selectors.superseded_by(report) is None,
        "correction": selectors.correction_of(report) if actor.role.is_clinician else None,
        "panels": case_panels.panels(actor, report.patient, now) if actor.role.is_clinician else [],
    }


def exports_page(actor: Actor, patient_id: UUID, *, now: datetime) -> dict[str, Any]:
    """The archives of a patient. ``waiting``: one is being made, so the list asks again."""
    rows = selectors.exports_of(actor, patient_id)
    return {
        "patient": patients.patient_for(actor, patient_id),
        "exports": [ExportRow(row, available=_available(row, now)) for row in rows],
        "waiting": any(row.status == ExportRequest.Status.QUEUED for row in rows),
    }


def erasure_page(actor: Actor, patient_id: UUID) -> dict[str, Any]:
    """What an erasure would do for this person, in the rooms' own words, and the requests so far."""
    patient = patients.patient_for(actor, patient_id)
    rows = selectors.erasures_of(actor, patient.pk)
    steps = [step for _room, step in services.plan_erasure(patient.pk)]
    return {
        "patient": patient,
        "open_request": next((row for row in rows if row.status == ErasureRequest.Status.REQUESTED), None),
        "last_answer": next((row for row in rows if row.status == ErasureRequest.Status.REFUSED), None),
        "erased": [step for step in steps if step.outcome is OnErasure.ERASE],
        "kept": [step for step in steps if step.outcome is not OnErasure.ERASE],
        "answer_days": services.ANSWER_WITHIN.days,
    }


def requests_page(actor: Actor, *, now: datetime) -> dict[str, Any]:
    """Open requests with days left, and the answered ones."""
    rows = [
        RequestRow(row, patients.patient_label(row.patient), _days_left(row, now), row.due_at < now)
        for row in selectors.privacy_requests(actor)
    ]
    return {
        "waiting": [row for row in rows if row.request.status == ErasureRequest.Status.REQUESTED],
        "answered": [row for row in rows if row.request.status != ErasureRequest.Status.REQUESTED],
    }


def decision_page(actor: Actor, request_id: UUID, *, now: datetime) -> dict[str, Any]:
    """The dry run of one request."""
    request = selectors.erasure_request_for(actor, request_id)
    decided = request.status != ErasureRequest.Status.REQUESTED
    steps = [] if decided else [step for _room, step in services.plan_erasure(request.patient_id)]
    return {
        "erasure": request,
        "decided": decided,
        "patient_label": patients.patient_label(request.patient),
        "hold": request.patient.legal_hold_reason,
        "erased": [step for step in steps if step.outcome is OnErasure.ERASE],
        "kept": [step for step in steps if step.outcome is not OnErasure.ERASE],
        "days_left": _days_left(request, now),
        "overdue": request.due_at < now,
    }


def certificate_page(actor: Actor, request_id: UUID) -> dict[str, Any]:
    """The certificate in words."""
    request = selectors.certificate_for(actor, request_id)
    outcomes = {
        OnErasure.ERASE.value: _("erased"),
        OnErasure.RESEAL.value: _("kept under the clinic’s record key"),
        OnErasure.KEEP.value: _("kept, with opaque ids only"),
    }
    steps = [{**step, "outcome_words": outcomes[step["outcome"]]} for step in (request.certificate or {})["steps"]]
    return {
        "erasure": request,
        "steps": steps,
        "verify_url": services.verification_url(request.certificate_code),
    }


def _available(export: ExportRequest, now: datetime) -> bool:
    return export.status == ExportRequest.Status.READY and export.expires_at is not None and export.expires_at > now


def _days_left(request: ErasureRequest, now: datetime) -> int:
    return (request.due_at - now) // timedelta(days=1)
