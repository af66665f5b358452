"""Erasure (G4): asked for by the patient, decided by an administrator on a dry run, proven by a certificate.

Order: in one transaction the rooms delete, what the law keeps is re-sealed under the clinic's record key, the person's
rows are tombstoned and the certificate is written. Only after that commit is the patient's key destroyed, which cannot
be rolled back; the sweep makes good a crash between the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import audit, notify, privacy, stepup, webhooks
from accounts.actors import Actor
from accounts.background import enqueue
from accounts.errors import DomainError, Invalid, NotFound
from accounts.models import Membership, User
from accounts.roles import Permission, Role
from accounts.selectors import staff_of
from accounts.services import tombstone_user
from patients.models import Patient, PatientAccess
from patients.selectors import patient_for, users_of
from patients.services import tombstone_patient
from reports.codes import new_code
from reports.content import hash_of
from reports.models import ErasureRequest
from reports.privacy import PRIVACY, keep_reports
from vault import files
from vault.keys import destroy_key

ANSWER_WITHIN: Final = timedelta(days=30)
"""One month to answer (GDPR Art. 12(3)); thirty days are never more than that."""

Status = ErasureRequest.Status


@transaction.atomic
def request_erasure(*, actor: Actor, patient_id: UUID, now: datetime) -> ErasureRequest:
    """Ask for erasure. The open request is returned instead of a second; administrators are told."""
    actor.check(Permission.REQUEST_ERASURE)
    patient = patient_for(actor, patient_id)
    Patient.objects.select_for_update().get(pk=patient.pk)
    waiting: ErasureRequest | None = ErasureRequest.objects.filter(patient=patient, status=Status.REQUESTED).first()
    if waiting is not None:
        return waiting
    request = ErasureRequest.objects.create(
        clinic_id=patient.clinic_id,
        patient=patient,
        requested_by_id=actor.user_id,
        requested_at=now,
        due_at=now + ANSWER_WITHIN,
    )
    _audit(request, "erasure.requested", now, actor)
    _announce(request, webhooks.Event.ERASURE_REQUESTED, now)
    notify.notify(
        recipients=[row.user_id for row in staff_of(patient.clinic_id, (Role.ADMINISTRATOR,))],
        kind=notify.Kind.ERASURE_REQUESTED,
        clinic_id=patient.clinic_id,
        path=reverse("reports:erasure_decision", args=[request.pk]),
        dedupe_key=f"erasure:{request.pk}",
        now=now,
    )
    return request


@transaction.atomic
def withdraw_erasure(*, actor: Actor, request_id: UUID, now: datetime) -> ErasureRequest:
    """The patient's change of mind, until it is carried out."""
    actor.check(Permission.REQUEST_ERASURE)
    request = _locked(actor, request_id)
    request.status = Status.WITHDRAWN
    request.decided_at = now
    request.save(update_fields=["status", "decided_at"])
    _audit(request, "erasure.withdrawn", now, actor)
    return request


@transaction.atomic
def refuse_erasure(*, actor: Actor, request_id: UUID, reason: str, now: datetime) -> ErasureRequest:
    """Refuse, with a reason that the patient reads."""
    actor.check(Permission.DECIDE_PRIVACY_REQUESTS)
    request = _locked(actor, request_id)
    if not reason.strip():
        raise Invalid("reason_needed", _("Write why: the person who asked reads this reason."))
    request.status = Status.REFUSED
    request.decided_at = now
    request.decided_by_id = actor.membership_id
    request.decision_reason = reason.strip()[:300]
    request.save(update_fields=["status", "decided_at", "decided_by", "decision_reason"])
    _audit(request, "erasure.refused", now, actor)
    notify.notify(
        recipients=users_of(request.patient_id),
        kind=notify.Kind.ERASURE_DECIDED,
        clinic_id=request.clinic_id,
        path=reverse("reports:erasure", args=[request.patient_id]),
        dedupe_key=f"erasure-decided:{request.pk}",
        now=now,
    )
    return request


def plan_erasure(patient_id: UUID) -> list[tuple[str, privacy.ErasureStep]]:
    """The dry run: what each room would erase and keep, highest room first; what does not exist is not listed."""
    rooms = reversed(list(privacy.registered().items()))
    return [(room, step) for room, rules in rooms for step in rules.plan_erasure(patient_id) if step.count]


def execute_erasure(
    *, actor: Actor, request_id: UUID, now: datetime, secret: str = "", key: Mapping[str, Any] | None = None
) -> ErasureRequest:
    """Carry the erasure out. Raises NotAllowed, NotFound, Invalid (secret, key), DomainError (hold, decided)."""
    actor.check(Permission.DECIDE_PRIVACY_REQUESTS)
    check_may_execute(_open_request(actor, request_id))
    stepup.verify(user=User.objects.get(pk=actor.user_id), secret=secret, key=key, now=now)
    made: list[str] = []
    try:
        _execute(actor, request_id, made, now)
    except BaseException:
        for name in made:
            files.delete_file(name)
        raise
    done: ErasureRequest = ErasureRequest.objects.select_related("patient", "clinic").get(pk=request_id)
    return done


def _execute(actor: Actor, request_id: UUID, made: list[str], now: datetime) -> None:
    """The transaction of the erasure. ``made`` collects the re-sealed files, which must go when it fails."""
    with transaction.atomic():
        request = _locked(actor, request_id)
        check_may_execute(request)
        patient = Patient.objects.select_for_update().get(pk=request.patient_id)
        addresses = _addresses(users_of(patient.pk))
        steps = plan_erasure(patient.pk)
        _close_accounts(patient.pk, now)
        made += keep_reports(patient.pk)
        for room, rules in reversed(list(privacy.registered().items())):
            if room != PRIVACY.room:
                rules.erase(patient.pk, now)
        tombstone_patient(patient_id=patient.pk, now=now)
        _certify(request, steps, actor, now)
        _audit(request, "erasure.executed", now, actor)
        _announce(request, webhooks.Event.ERASURE_EXECUTED, now)
        enqueue("reports.tasks.finish_erasure", request.pk)
        transaction.on_commit(partial(finish_erasure, request_id=request.pk, now=now), robust=True)
        for address in addresses:
            transaction.on_commit(partial(_send_certificate, request, address), robust=True)


def _announce(request: ErasureRequest, event: webhooks.Event, now: datetime) -> None:
    ids = {"patient": request.patient_id, "request": request.pk}
    webhooks.announce(clinic_id=request.clinic_id, event=event, ids=ids, now=now)


def finish_erasure(*, request_id: UUID, now: datetime) -> None:
    """Destroy the key of a committed erasure. Doing it twice changes nothing."""
    request = ErasureRequest.objects.select_related("patient").get(pk=request_id)
    if request.status != Status.EXECUTED or request.key_destroyed_at is not None:
        return
    destroy_key(key_id=request.patient.key_id, now=now, certificate_hash=request.certificate_hash)
    ErasureRequest.objects.filter(pk=request.pk, key_destroyed_at=None).update(key_destroyed_at=now)


def sweep_erasures(*, now: datetime) -> None:
    """Finish what a crash interrupted after the commit."""
    for request_id in list(
        ErasureRequest.objects.filter(status=Status.EXECUTED, key_destroyed_at=None).values_list("pk", flat=True)
    ):
        finish_erasure(request_id=request_id, now=now)


def check_may_execute(request: ErasureRequest) -> None:
    """Raises DomainError while a legal hold stands."""
    hold = request.patient.legal_hold_reason
    if hold:
        raise DomainError(
            "legal_hold",
            _("A legal hold stops this erasure: %(reason)s. Lift the hold, or refuse with this reason.")
            % {"reason": hold},
        )


def _open_request(actor: Actor, request_id: UUID, *, lock: bool = False) -> ErasureRequest:
    rows = ErasureRequest.objects.visible_to(actor).select_related("patient", "clinic")
    if lock:
        rows = rows.select_for_update(of=("self",))
    request: ErasureRequest | None = rows.filter(pk=request_id).first()
    if request is None:
        raise NotFound
    if request.status != Status.REQUESTED:
        raise DomainError("already_decided", _("This request was answered already."))
    return request


def _locked(actor: Actor, request_id: UUID) -> ErasureRequest:
    return _open_request(actor, request_id, lock=True)


def _addresses(user_ids: list[UUID]) -> list[str]:
    return list(User.objects.filter(pk__in=user_ids, is_active=True).values_list("email", flat=True))


def _close_accounts(patient_id: UUID, now: datetime) -> None:
    """Tombstone who holds no other record and is no staff; a guardian of two children keeps the account."""
    for user_id in users_of(patient_id):
        others = PatientAccess.objects.filter(user_id=user_id, ended_at=None).exclude(patient_id=patient_id)
        if not others.exists() and not Membership.objects.active().filter(user_id=user_id).exists():
            tombstone_user(user_id=user_id, now=now)


def _certify(
    request: ErasureRequest, steps: list[tuple[str, privacy.ErasureStep]], actor: Actor, now: datetime
) -> None:
    plain = [
        {
            "room": room,
            "what": str(step.what),
            "count": step.count,
            "outcome": step.outcome.value,
            "reason": str(step.reason),
        }
        for room, step in steps
    ]
    code = new_code()
    certificate: dict[str, Any] = {
        "schema": 1,
        "code": code,
        "request": str(request.pk),
        "clinic": str(request.clinic_id),
        "patient": str(request.patient_id),
        "key": str(request.patient.key_id),
        "requested_at": request.requested_at.isoformat(),
        "executed_at": now.isoformat(),
        "executed_by": str(actor.membership_id),
        "steps": plain,
    }
    request.status = Status.EXECUTED
    request.decided_at = now
    request.decided_by_id = actor.membership_id
    request.dry_run = plain
    request.certificate = certificate
    request.certificate_hash = hash_of(certificate)
    request.certificate_code = code
    request.requested_by = None
    request.save()


def _send_certificate(request: ErasureRequest, address: str) -> None:
    """The last e-mail, without content: the link that proves it. The address is not kept."""
    url = settings.PORTAL_ORIGIN + reverse("reports:verify_code", args=[request.certificate_code])
    send_mail(
        settings.ACCOUNT_EMAIL_SUBJECT_PREFIX + _("Your data was erased"),
        render_to_string("reports/email/erased.txt", {"url": url, "clinic": request.clinic}),
        settings.DEFAULT_FROM_EMAIL,
        [address],
    )


def _audit(request: ErasureRequest, action: str, now: datetime, actor: Actor) -> None:
    audit.record(
        action=action,
        now=now,
        actor=actor,
        clinic_id=request.clinic_id,
        patient_id=request.patient_id,
        subject_kind="erasure_request",
        subject_id=request.pk,
    )
