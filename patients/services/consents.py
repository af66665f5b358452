"""Consent per purpose (G1): decisions are appended, published wordings never change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.errors import DomainError, Invalid, NotFound
from accounts.models import Clinic
from accounts.roles import Permission
from accounts.selectors import clinic_of
from patients import selectors
from patients.consent_texts import DEFAULT_TEXTS
from patients.models import Consent, ConsentText, Patient, Purpose


@transaction.atomic
def record_consents(
    *, actor: Actor, patient_id: UUID, decisions: Mapping[Purpose, bool], now: datetime
) -> list[Consent]:
    """Append one decision per purpose about the wording in force; an unchanged decision is not repeated.

    Raises Invalid ``purpose_closed`` (a child's record and reuse), DomainError ``no_text``.
    """
    actor.check(Permission.GIVE_CONSENT)
    patient = _locked_patient(actor, patient_id)
    open_purposes = selectors.purposes_open_to(patient, patient.clinic.day_of(now))
    states = selectors.consent_state(patient.pk)
    recorded = []
    for purpose, granted in decisions.items():
        if purpose not in open_purposes:
            raise Invalid("purpose_closed", _("Data of people under 18 is never used for this purpose."))
        state = states[purpose]
        if _is_repetition(state, granted):
            continue
        decision = Consent.Decision.GRANTED if granted else _refusal(state)
        recorded.append(_append(actor, patient, state, decision, now))
    if recorded:
        _audit(actor, patient, "consent.decided", recorded, now)
    return recorded


@transaction.atomic
def withdraw_consent(*, actor: Actor, patient_id: UUID, purpose: Purpose, now: datetime) -> Consent:
    """Take a granted consent back. Work that waits asks ``has_consent`` before it begins, and so stops.

    Raises DomainError ``not_granted`` when there is nothing to withdraw.
    """
    actor.check(Permission.GIVE_CONSENT)
    patient = _locked_patient(actor, patient_id)
    state = selectors.consent_state(patient.pk)[purpose]
    if not state.granted:
        raise DomainError("not_granted", _("There is no consent to withdraw for this purpose."))
    withdrawn = _append(actor, patient, state, Consent.Decision.WITHDRAWN, now)
    _audit(actor, patient, "consent.withdrawn", [withdrawn], now)
    return withdrawn


@transaction.atomic
def publish_default_texts(clinic: Clinic, now: datetime) -> None:
    """Version 1 of every purpose that has no text yet: what a new clinic starts with."""
    known = set(ConsentText.objects.filter(clinic=clinic).values_list("purpose", flat=True))
    for purpose, wording in DEFAULT_TEXTS.items():
        if purpose.value not in known:
            ConsentText.objects.create(
                clinic=clinic, purpose=purpose, version=1, title=wording.title, body=wording.body, published_at=now
            )


@transaction.atomic
def save_consent_text(*, actor: Actor, purpose: Purpose, title: str, body: str, now: datetime) -> ConsentText:
    """Write or rewrite the one draft of a purpose: the next version, unpublished."""
    actor.check(Permission.MANAGE_CONSENT_TEXTS)
    clinic = Clinic.objects.select_for_update().get(pk=clinic_of(actor).pk)
    if not title.strip() or not body.strip():
        raise Invalid("empty_text", _("A consent text needs a title and a body."))
    versions = ConsentText.objects.filter(clinic=clinic, purpose=purpose).order_by("-version")
    newest = versions.first()
    if newest is not None and newest.published_at is None:
        draft = newest
    else:
        version = newest.version + 1 if newest else 1
        draft = ConsentText(clinic=clinic, purpose=purpose, version=version)
    draft.title, draft.body = title.strip(), body.strip()
    draft.save()
    _audit_text(actor, draft, "consent_text.drafted", now)
    return draft


@transaction.atomic
def publish_consent_text(*, actor: Actor, text_id: UUID, now: datetime) -> ConsentText:
    """Put a draft in force. From now on it cannot be changed; earlier decisions keep pointing at their own wording."""
    actor.check(Permission.MANAGE_CONSENT_TEXTS)
    text = ConsentText.objects.select_for_update().filter(pk=text_id, clinic=clinic_of(actor)).first()
    if text is None:
        raise NotFound
    if text.published_at is not None:
        raise DomainError(
            "already_published", _("This version is published already. Write a new version to change it.")
        )
    text.published_at = now
    text.published_by_id = actor.user_id
    text.save(update_fields=["published_at", "published_by"])
    _audit_text(actor, text, "consent_text.published", now)
    return text


def _locked_patient(actor: Actor, patient_id: UUID) -> Patient:
    patient = selectors.patient_for(actor, patient_id)
    Patient.objects.select_for_update().get(pk=patient.pk)
    return patient


def _is_repetition(state: selectors.ConsentState, granted: bool) -> bool:
    return state.consent is not None and state.granted is granted and not state.wording_changed


def _refusal(state: selectors.ConsentState) -> Consent.Decision:
    return Consent.Decision.WITHDRAWN if state.granted else Consent.Decision.REFUSED


def _append(
    actor: Actor, patient: Patient, state: selectors.ConsentState, decision: Consent.Decision, now: datetime
) -> Consent:
    if state.current_text is None:
        raise DomainError(
            "no_text", _("The clinic has published no text for this purpose yet. Please try again later.")
        )
    return Consent.objects.create(
        patient=patient,
        text=state.current_text,
        purpose=state.purpose,
        decision=decision,
        number=state.consent.number + 1 if state.consent else 1,
        decided_by_id=actor.user_id,
        decided_at=now,
    )


def _audit(actor: Actor, patient: Patient, action: str, recorded: list[Consent], now: datetime) -> None:
    audit.record(
        action=action,
        now=now,
        actor=actor,
        clinic_id=patient.clinic_id,
        patient_id=patient.pk,
        subject_kind="consent",
        subject_id=recorded[0].pk,
        detail={"decisions": {row.purpose: str(row.decision) for row in recorded}},
    )


def _audit_text(actor: Actor, text: ConsentText, action: str, now: datetime) -> None:
    detail = {"purpose": str(text.purpose), "version": text.version}
    audit.record(action=action, now=now, actor=actor, subject_kind="consent_text", subject_id=text.pk, detail=detail)
