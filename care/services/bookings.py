"""Booking, moving, cancelling and closing consultations.

A clinician's time is given out under the lock of their schedule, a patient's under the lock of the patient: two people
who want the same slot are one after the other, and the second is told. A unique constraint stands behind it.
"""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.errors import DomainError, Invalid, NotFound
from accounts.models import Membership
from accounts.notify import Kind, notify
from accounts.roles import Permission, Role
from accounts.workflow import next_state
from care import selectors, video
from care.models import Consultation, ConsultationKind
from care.models.booking import Mode
from care.services.locks import locked_consultation, locked_patient, locked_schedule
from care.services.noting import note
from care.workflow import CONSULTATIONS, ConsultationAction, ConsultationState
from patients.selectors import patient_for, users_of

Status = Consultation.Status


def book(
    *,
    actor: Actor,
    patient_id: UUID,
    kind_id: UUID,
    membership_id: UUID,
    starts_at: datetime,
    send_key: UUID,
    now: datetime,
) -> Consultation:
    """Book a free slot. The same ``send_key`` books once.

    Raises NotFound, NotAllowed, DomainError ``slot_taken`` (not, or no longer, free) or ``own_overlap``.
    """
    actor.check(Permission.BOOK_CONSULTATIONS)
    patient = patient_for(actor, patient_id)
    if (booked := selectors.booked_before(actor, send_key)) is not None:
        return booked
    kind = selectors.kind_for(actor, patient, kind_id)
    member = _offers(kind, membership_id)
    try:
        with transaction.atomic():
            patient = locked_patient(patient.pk)
            if (booked := selectors.booked_before(actor, send_key)) is not None:
                return booked  # the other click of a double-click was first
            locked_schedule(member.pk)
            _check_free(actor, kind, member, starts_at, now)
            _check_patient_free(patient.pk, starts_at, kind, None)
            consultation = Consultation(
                id=uuid.uuid4(),
                clinic_id=patient.clinic_id,
                patient=patient,
                kind=kind,
                membership=member,
                mode=kind.mode,
                room=secrets.token_urlsafe(18),
                booked_by_id=actor.user_id,
                send_key=send_key,
                booked_at=now,
            )
            _place(consultation, starts_at, now)
            consultation.save(force_insert=True)
            _note(consultation, "consultation.booked", actor, now)
            _tell(consultation, actor, Kind.CONSULTATION_BOOKED, now)
    except IntegrityError as clash:
        other = selectors.booked_before(actor, send_key)
        if other is None:
            raise _taken() from clash
        return other
    return consultation


@transaction.atomic
def move(
    *, actor: Actor, consultation_id: UUID, membership_id: UUID, starts_at: datetime, now: datetime
) -> Consultation:
    """Another time, perhaps with another clinician who offers this kind. Moving to the same time changes nothing.

    Raises NotFound, NotAllowed, DomainError ``slot_taken``, ``own_overlap``, ``too_late``, ``wrong_state``.
    """
    actor.check(Permission.BOOK_CONSULTATIONS)
    seen = selectors.consultation_for(actor, consultation_id)
    member = _offers(seen.kind, membership_id)
    locked_patient(seen.patient_id)
    locked_schedule(member.pk)
    consultation = locked_consultation(actor, consultation_id)
    if consultation.membership_id == member.pk and consultation.starts_at == starts_at:
        return consultation
    step = next_state(CONSULTATIONS, ConsultationState(consultation.status), ConsultationAction.MOVE)
    check_may_change(actor, consultation, now)
    _check_free(actor, consultation.kind, member, starts_at, now, leaving=consultation)
    _check_patient_free(consultation.patient_id, starts_at, consultation.kind, consultation.pk)
    before = consultation.membership
    consultation.membership = member
    consultation.sequence += 1
    _place(consultation, starts_at, now)
    consultation.save(update_fields=["membership", "sequence", "starts_at", "ends_at", "blocked_until", "scheduled_at"])
    _note(consultation, step.audit, actor, now)
    _tell(consultation, actor, Kind.CONSULTATION_MOVED, now, also=before)
    return consultation


@transaction.atomic
def cancel(*, actor: Actor, consultation_id: UUID, reason: str, now: datetime) -> Consultation:
    """Cancel, until the clinic's limit for patients. Raises NotFound, NotAllowed, DomainError ``too_late``."""
    actor.check(Permission.BOOK_CONSULTATIONS)
    consultation = locked_consultation(actor, consultation_id)
    if consultation.status == Status.CANCELLED:
        return consultation
    step = next_state(CONSULTATIONS, ConsultationState(consultation.status), ConsultationAction.CANCEL)
    check_may_change(actor, consultation, now)
    consultation.status = step.target.value
    consultation.sequence += 1
    consultation.ended_at = now
    consultation.reason = reason.strip()[:500]
    consultation.cancelled_by_staff = actor.role.is_staff
    consultation.save(update_fields=["status", "sequence", "ended_at", "reason", "cancelled_by_staff"])
    _note(consultation, step.audit, actor, now)
    _tell(consultation, actor, Kind.CONSULTATION_CANCELLED, now)
    return consultation


@transaction.atomic
def mark_outcome(*, actor: Actor, consultation_id: UUID, action: ConsultationAction, now: datetime) -> Consultation:
    """Say whether it took place. Raises NotAllowed, NotFound, DomainError ``not_yet``, ``wrong_state``."""
    actor.check(Permission.RUN_CONSULTATIONS)
    if action not in (ConsultationAction.MARK_HELD, ConsultationAction.MARK_MISSED):
        raise Invalid("not_an_outcome", _("A consultation took place or was missed."))
    consultation = locked_consultation(actor, consultation_id)
    step = next_state(CONSULTATIONS, ConsultationState(consultation.status), action)
    if now < consultation.starts_at:
        raise DomainError("not_yet", _("The consultation has not begun. Cancel it instead, or wait."))
    consultation.status = step.target.value
    consultation.ended_at = now
    consultation.save(update_fields=["status", "ended_at"])
    _note(consultation, step.audit, actor, now)
    return consultation


@transaction.atomic
def read_consultation(*, actor: Actor, consultation_id: UUID, now: datetime) -> Consultation:
    """One consultation; that staff looked at it is an event. Raises NotFound."""
    consultation = selectors.consultation_for(actor, consultation_id)
    if actor.role is not Role.PATIENT:
        _note(consultation, "consultation.read", actor, now)
    return consultation


@transaction.atomic
def video_address(*, actor: Actor, consultation_id: UUID, now: datetime) -> str:
    """The address of the video room, for the two sides while it is open. Raises NotFound, DomainError ``not_open``."""
    consultation = selectors.consultation_for(actor, consultation_id)
    side = actor.role is Role.PATIENT or consultation.membership.user_id == actor.user_id
    template = selectors.settings_of(consultation.clinic_id).video_template
    if not side or consultation.mode != Mode.VIDEO or not template:
        raise NotFound
    if consultation.status != Status.BOOKED or not video.is_open(consultation.starts_at, consultation.ends_at, now):
        raise DomainError(
            "not_open", _("The video room opens 15 minutes before the consultation and closes at its end.")
        )
    _note(consultation, "consultation.joined", actor, now)
    return video.address(template, consultation.room)


def check_may_change(actor: Actor, consultation: Consultation, now: datetime) -> None:
    """DomainError ``too_late`` for a patient within the clinic's limit, and for everybody once it has begun."""
    limit = timedelta()
    if actor.role is Role.PATIENT:
        limit = timedelta(hours=selectors.settings_of(consultation.clinic_id).change_until_hours)
    if now + limit > consultation.starts_at:
        phone = consultation.clinic.phone
        call = _("Please call the clinic: %(phone)s") % {"phone": phone} if phone else _("Please call the clinic.")
        raise DomainError("too_late", _("It is too late to change this here.") + " " + call)


def _offers(kind: ConsultationKind, membership_id: UUID) -> Membership:
    rows = selectors.offering(kind).select_related("user", "clinic")
    member: Membership | None = rows.filter(pk=membership_id).first()
    if member is None:
        raise NotFound
    return member


def _check_free(
    actor: Actor,
    kind: ConsultationKind,
    member: Membership,
    starts_at: datetime,
    now: datetime,
    leaving: Consultation | None = None,
) -> None:
    """The slot rules, looked at again under the lock."""
    if starts_at not in selectors.slots_around(actor, kind, member, starts_at, now=now, leaving=leaving):
        raise _taken()


def _taken() -> DomainError:
    return DomainError("slot_taken", _("This time is no longer free. Please choose another one."))


def _check_patient_free(patient_id: UUID, starts_at: datetime, kind: ConsultationKind, except_id: UUID | None) -> None:
    until = starts_at + timedelta(minutes=kind.minutes)
    rows = Consultation.objects.filter(patient_id=patient_id, status=Status.BOOKED).exclude(pk=except_id)
    if rows.filter(starts_at__lt=until, ends_at__gt=starts_at).exists():
        raise DomainError("own_overlap", _("There is another consultation at this time already."))


def _place(consultation: Consultation, starts_at: datetime, now: datetime) -> None:
    schedule = consultation.membership.care_schedule
    consultation.starts_at = starts_at
    consultation.ends_at = starts_at + timedelta(minutes=consultation.kind.minutes)
    consultation.blocked_until = consultation.ends_at + timedelta(minutes=schedule.buffer_minutes)
    consultation.scheduled_at = now


def _note(consultation: Consultation, action: str, actor: Actor, now: datetime) -> None:
    detail = {"sequence": consultation.sequence}
    note(
        consultation.patient,
        action,
        now,
        actor,
        kind="consultation",
        subject_id=consultation.pk,
        detail=detail,
    )


def _tell(
    consultation: Consultation, actor: Actor, kind: Kind, now: datetime, *, also: Membership | None = None
) -> None:
    """Both sides but the one who did it."""
    members = {consultation.membership, also or consultation.membership}
    people = {*users_of(consultation.patient_id), *(member.user_id for member in members if member.ended_at is None)}
    notify(
        recipients=sorted(people - {actor.user_id}),
        kind=kind,
        clinic_id=consultation.clinic_id,
        path=reverse("care:consultation", args=[consultation.pk]),
        dedupe_key=f"consultation:{consultation.pk}:{consultation.sequence}",
        now=now,
    )
