"""A photo session from its start to its end; the table of states is ``patients.workflow``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.errors import DomainError, Invalid
from accounts.notify import Kind, notify
from accounts.roles import Permission, Role
from accounts.selectors import staff_of
from accounts.workflow import next_state
from patients import occasions, repeats, selectors
from patients.capture_protocol import ChecklistItem, RetakeReason, WashInterval
from patients.models import Measuring, Occasion, Patient, PhotoSession, Purpose, Urgency
from patients.red_flags import Severity, severity
from patients.services.locks import locked_draft, locked_session
from patients.services.storage import delete_after_commit
from patients.workflow import TRANSITIONS, Gap, SessionAction, SessionState, SubmissionFacts, gaps
from vision.types import View

FRESH_INTAKE: Final = timedelta(hours=1)
"""Answers given this short a time before a session begins need no second question."""


@transaction.atomic
def start_session(*, actor: Actor, patient_id: UUID, now: datetime) -> PhotoSession:
    """The session being prepared: a new one, or the one that is open already.

    Raises DomainError ``consent_needed`` without consent to care, ``intake_needed`` without answers.
    """
    actor.check(Permission.CAPTURE_SESSION)
    patient = selectors.patient_for(actor, patient_id)
    Patient.objects.select_for_update().get(pk=patient.pk)
    if not selectors.has_consent(patient.pk, Purpose.CARE):
        raise DomainError("consent_needed", _("Your consent to care is needed first. You find it under “Consents”."))
    newest = selectors.latest_intake(patient.pk)
    if newest is None:
        raise DomainError("intake_needed", _("Please answer the questions about your health first."))
    session = selectors.draft_of(patient.pk)
    if session is not None:
        return session
    fresh = now - newest.submitted_at <= FRESH_INTAKE
    session = PhotoSession.objects.create(
        patient=patient,
        intake=newest if fresh else None,
        intake_confirmed_at=now if fresh else None,
        take_twice=repeats.asked_for(patient),
        created_at=now,
    )
    _audit(actor, session, "session.started", now)
    return session


@transaction.atomic
def save_checklist(
    *, actor: Actor, session_id: UUID, done: Iterable[ChecklistItem], wash: WashInterval, now: datetime
) -> PhotoSession:
    """Keep what was ticked and what was not: an honest "no" is worth more to a comparison than a forced "yes"."""
    actor.check(Permission.CAPTURE_SESSION)
    session = locked_draft(actor, session_id)
    ticked = set(done)
    session.checklist = {item.value: item in ticked for item in ChecklistItem} | {
        "wash": wash.value,
        "saved_at": now.isoformat(),
    }
    session.save(update_fields=["checklist"])
    _audit(actor, session, "session.checklist_saved", now)
    return session


@transaction.atomic
def choose_takes(*, actor: Actor, session_id: UUID, twice: bool, now: datetime) -> PhotoSession:
    """Whether each view is taken twice in this sitting, so that the patient's own measurement noise is learnt (C8).

    What was taken twice already stays so.
    """
    actor.check(Permission.CAPTURE_SESSION)
    session = locked_draft(actor, session_id)
    if session.take_twice is not twice:
        session.take_twice = twice
        session.save(update_fields=["take_twice"])
        _audit(actor, session, "session.takes_chosen", now)
    return session


@transaction.atomic
def discard_session(*, actor: Actor, session_id: UUID, now: datetime) -> None:
    """Throw away a session that nobody has seen, with its photos. Raises DomainError ``was_submitted``."""
    actor.check(Permission.CAPTURE_SESSION)
    session = locked_draft(actor, session_id)
    if session.submitted_at is not None:
        raise DomainError(
            "was_submitted",
            _("Your clinic has seen this session: it stays in your record. Add the photos it asks for."),
        )
    _move(session, SessionAction.DISCARD)
    session.save(update_fields=["status"])
    names = [part for upload in session.uploads.all() for part in upload.parts]
    for photo in session.photos.all():
        names += [photo.file_name, photo.thumbnail_name]
    session.uploads.all().delete()
    session.photos.all().delete()
    delete_after_commit(names)
    _audit(actor, session, "session.discarded", now)


def submission_gaps(session: PhotoSession) -> tuple[Gap, ...]:
    """What the session still needs; empty when it may be submitted."""
    photos = selectors.photos_of(session)
    return gaps(
        SubmissionFacts(
            care_consented=selectors.has_consent(session.patient_id, Purpose.CARE),
            intake_confirmed=selectors.intake_is_current(session),
            checklist_saved=bool(session.checklist),
            photos=len(photos),
            retakes_missing=len(selectors.retakes_missing(session, photos)),
        )
    )


def mark_submitted(*, session: PhotoSession, now: datetime, look_now: bool = False) -> PhotoSession:
    """Make a locked draft a case, or keep it for the next review when it is one of a series between two of them.

    Called by ``analysis.services.submit_session``, which audits it with its actor. Nothing is kept that the patient
    wants looked at now, or whose answers raise a red flag that no clinician has seen (``patients.occasions``).
    Freezes whether AI may measure it and whether it is urgent; an urgent case is announced to the clinicians at once.
    Raises DomainError ``not_complete``.
    """
    missing = submission_gaps(session)
    if missing:
        raise DomainError("not_complete", _gap_sentence(missing[0]))
    session.occasion = Occasion.CASE if look_now else occasions.occasion_of(session, now)
    _move(session, SessionAction.SUBMIT if session.occasion == Occasion.CASE else SessionAction.KEEP)
    session.submitted_at = now
    session.ai_consented = selectors.has_consent(session.patient_id, Purpose.AI_ANALYSIS)
    session.urgent = bool(session.intake and session.intake.red_flags)
    session.retake_views = []
    session.clinic_id = session.patient.clinic_id
    session.urgency = urgency_of(session)
    session.measuring, session.severity_rank, session.shown_rank = Measuring.NONE, 0, 0
    session.for_dermatologist = False
    session.save(
        update_fields=[
            "status", "submitted_at", "ai_consented", "urgent", "retake_views", "clinic", "urgency", "measuring",
            "severity_rank", "shown_rank", "for_dermatologist", "occasion",
        ]
    )  # fmt: skip
    if session.urgent and session.status == PhotoSession.Status.SUBMITTED:
        _announce_urgent(session, now)
    return session


@transaction.atomic
def present_session(*, actor: Actor, session_id: UUID, now: datetime) -> PhotoSession:
    """Put a kept session into the list of cases: a clinician wants to answer it now. Raises DomainError when it is one
    already, or closed."""
    actor.check(Permission.READ_CASES)
    session = locked_session(actor, session_id)
    _move(session, SessionAction.PRESENT)
    session.occasion = Occasion.CASE
    session.save(update_fields=["status", "occasion"])
    _audit(actor, session, "session.presented", now)
    return session


def close_kept(*, patient_id: UUID, sent_before: datetime, now: datetime) -> int:
    """End the kept sessions that a signed review had beside it. Called by ``reviews``. Returns how many."""
    rows = PhotoSession.objects.select_for_update(of=("self",)).filter(
        patient_id=patient_id, status=PhotoSession.Status.KEPT, submitted_at__lt=sent_before
    )
    for session in rows:
        close_session(session=session, now=now)
    return len(rows)


def _announce_urgent(session: PhotoSession, now: datetime) -> None:
    notify(
        recipients=[
            row.user_id for row in staff_of(session.patient.clinic_id, (Role.DERMATOLOGIST, Role.TRICHOLOGIST))
        ],
        kind=Kind.URGENT_CASE,
        clinic_id=session.patient.clinic_id,
        path=reverse("home"),
        dedupe_key=f"urgent:{session.pk}:{now.isoformat()}",
        now=now,
    )


def urgency_of(session: PhotoSession) -> Urgency:
    """How soon a clinician should look, from the red flags that the session's answers raised."""
    flags = selectors.red_flags_of(session.intake) if session.intake else ()
    if not flags:
        return Urgency.ROUTINE
    return Urgency.PRESSING if any(severity(flag) is Severity.URGENT for flag in flags) else Urgency.SOON


def rank_session(*, session: PhotoSession, measuring: Measuring, severity_rank: int, read_blind: bool) -> None:
    """Keep what the worklist orders a locked case by. Called by ``analysis.ranking``, which knows what was measured and
    asks whether the case is read blind: then its severity must not move it."""
    session.clinic_id, session.urgency = session.patient.clinic_id, min(session.urgency, urgency_of(session))
    session.measuring, session.severity_rank = measuring, severity_rank
    session.shown_rank = 0 if read_blind else severity_rank
    session.save(update_fields=["clinic", "urgency", "measuring", "severity_rank", "shown_rank"])


def show_ranks(*, session_ids: Collection[UUID], read_blind: bool) -> int:
    """Let the severity of locked cases move them in the worklist, or not while they are read blind. Called by
    ``reviews``, which knows who reads blind. Returns how many changed."""
    rows = PhotoSession.objects.filter(pk__in=session_ids)
    if read_blind:
        return rows.exclude(shown_rank=0).update(shown_rank=0)
    return rows.exclude(shown_rank=F("severity_rank")).update(shown_rank=F("severity_rank"))


def send_to_dermatologists(*, session: PhotoSession, wanted: bool) -> None:
    """Note beside a locked case whether a dermatologist has to take over, as whoever handed it on last said. Called by
    ``reviews``."""
    if session.for_dermatologist is not wanted:
        session.for_dermatologist = wanted
        session.save(update_fields=["for_dermatologist"])


def raise_urgency(*, session: PhotoSession, urgency: Urgency) -> None:
    """Put a locked case higher in the worklist than its answers did, until it is submitted anew. Called by ``reviews``,
    which audits why."""
    session.urgent = True
    session.urgency = min(session.urgency, urgency)
    session.save(update_fields=["urgent", "urgency"])


def reopen_for_retake(*, session: PhotoSession, views: Iterable[Mapping[str, str]], now: datetime) -> PhotoSession:
    """Give a locked, submitted session back to the patient for some views (``{"view", "reason"}``, both codes).

    Called by ``reviews``. The answers about health must be confirmed again. Raises Invalid ``unknown_view``,
    ``unknown_reason``, ``no_view``.
    """
    wishes = [_wish(wish, now) for wish in views]
    if not wishes:
        raise Invalid("no_view", _("Choose at least one view that should be taken again."))
    _move(session, SessionAction.REOPEN_FOR_RETAKE)
    session.retake_views = wishes
    session.intake_confirmed_at = None
    session.save(update_fields=["status", "retake_views", "intake_confirmed_at"])
    return session


def close_session(*, session: PhotoSession, now: datetime) -> PhotoSession:
    """End a locked session: signed or rejected. Called by ``reviews`` and ``reports``, which audit it."""
    _move(session, SessionAction.CLOSE)
    session.closed_at = now
    session.save(update_fields=["status", "closed_at"])
    return session


def _move(session: PhotoSession, action: SessionAction) -> None:
    session.status = next_state(TRANSITIONS, SessionState(session.status), action).target.value


def _wish(wish: Mapping[str, str], now: datetime) -> dict[str, Any]:
    try:
        view = View(wish["view"])
    except ValueError:
        raise Invalid("unknown_view", _("This view is not part of the protocol.")) from None
    try:
        reason = RetakeReason(wish.get("reason") or RetakeReason.OTHER)
    except ValueError:
        raise Invalid("unknown_reason", _("Choose a reason from the list.")) from None
    return {"view": view.value, "reason": reason.value, "asked_at": now.isoformat()}


def _gap_sentence(gap: Gap) -> str:
    match gap:
        case Gap.CONSENT:
            return _("Your consent to care is needed first. You find it under “Consents”.")
        case Gap.INTAKE:
            return _("Please confirm your medicines, allergies and other answers for this session.")
        case Gap.CHECKLIST:
            return _("Please go through the checklist first.")
        case Gap.PHOTO:
            return _("Add at least one photo before you send the session.")
        case Gap.RETAKE:
            return _("Your clinic asked for some views again. Please add a new photo of each.")


def _audit(actor: Actor, session: PhotoSession, action: str, now: datetime) -> None:
    audit.record(
        action=action,
        now=now,
        actor=actor,
        clinic_id=session.patient.clinic_id,
        patient_id=session.patient_id,
        subject_kind="session",
        subject_id=session.pk,
    )
