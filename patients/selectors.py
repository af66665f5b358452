"""Scoped reads of this room. What an actor may not see is 404, exactly like what does not exist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.errors import NotFound
from accounts.roles import Permission
from accounts.selectors import clinic_of, events_about
from patients import phones
from patients.intake_form import Answers
from patients.models import (
    Consent,
    ConsentText,
    Intake,
    Patient,
    PatientAccess,
    Photo,
    PhotoSession,
    PrintedCard,
    Purpose,
    Upload,
)
from patients.querysets import SENT
from patients.red_flags import RedFlag
from vault import files
from vault.blind import blind_index
from vault.fields import is_erased
from vision.types import View

ADULT_YEARS = 18


# --- who -------------------------------------------------------------------------------------------------------------


def patient_for(actor: Actor, patient_id: UUID) -> Patient:
    """The patient, if this actor may see them; else NotFound."""
    patient: Patient | None = Patient.objects.visible_to(actor).select_related("clinic").filter(pk=patient_id).first()
    if patient is None:
        raise NotFound
    return patient


def records_of(actor: Actor) -> list[PatientAccess]:
    """The records that this person holds, their own first, then by the time they were registered."""
    rows = PatientAccess.objects.filter(user_id=actor.user_id, ended_at=None, patient__erased_at=None)
    rows = rows.select_related("patient", "patient__clinic")
    own = PatientAccess.Relation.SELF
    return sorted(rows, key=lambda row: (row.relation != own, row.created_at, row.patient.given_name))


def relation_of(actor: Actor, patient_id: UUID) -> str:
    """How this person is related to the record ("self", "guardian"), or "" for staff."""
    row = PatientAccess.objects.filter(user_id=actor.user_id, patient_id=patient_id, ended_at=None).first()
    return row.relation if row else ""


def users_of(patient_id: UUID) -> list[UUID]:
    """Who acts for this patient now: the people to notify."""
    return list(PatientAccess.objects.filter(patient_id=patient_id, ended_at=None).values_list("user_id", flat=True))


def find_patients(actor: Actor, text: str) -> list[Patient]:
    """A clinician's search by family name, full name in either order, record number or phone number.

    Equality, never a part; a phone number is the same with or without the country's code, blanks and signs.
    """
    if not actor.role.is_clinician or not text.strip():
        return []
    if ending := phone_index(actor.clinic_id, text):
        same = Patient.objects.visible_to(actor).filter(phone_index=ending)
        if found_by_phone := [patient for patient in same if phones.same(patient.phone, text)]:
            return found_by_phone
    scope = Patient.objects.visible_to(actor)
    words = text.split()
    candidates = {" ".join(words), " ".join([*words[1:], words[0]]), " ".join([words[-1], *words[:-1]])}
    found = scope.filter(name_index__in=[name_index(actor.clinic_id, name) for name in candidates])
    found |= scope.filter(family_name_index=family_name_index(actor.clinic_id, text))
    found |= scope.filter(record_index=record_index(actor.clinic_id, text))
    return list(found.distinct())


def name_index(clinic_id: UUID | None, family_and_given: str) -> str:
    """Blind index of "family given" within a clinic."""
    return blind_index(namespace=f"patients.name:{clinic_id}", value=family_and_given)


def family_name_index(clinic_id: UUID | None, family_name: str) -> str:
    """Blind index of the family name within a clinic."""
    return blind_index(namespace=f"patients.family_name:{clinic_id}", value=family_name)


def record_index(clinic_id: UUID | None, record_number: str) -> str:
    """Blind index of the record number within a clinic, however its hyphens were typed."""
    return blind_index(namespace=f"patients.record:{clinic_id}", value=record_number.replace("-", "").replace(" ", ""))


def phone_index(clinic_id: UUID | None, phone: str) -> str:
    """Blind index of the end of a phone number within a clinic; empty for what is none."""
    return blind_index(namespace=f"patients.phone:{clinic_id}", value=phones.ending(phone))


def photo_index(patient_id: UUID, sha256: str) -> str:
    """Blind index of a photo's digest: equal photos are found within one patient, and nowhere else."""
    return blind_index(namespace=f"patients.photo:{patient_id}", value=sha256)


def age_on(patient: Patient, day: date) -> int:
    """Age in whole years on ``day``. Raises ValueError for an erased patient."""
    if patient.birth_date is None or is_erased(patient.birth_date):
        raise ValueError("an erased patient has no age")
    return whole_years(patient.birth_date, day)


def whole_years(birth_date: date, day: date) -> int:
    """Years completed on ``day``; someone born on 29 February completes a year on 1 March of a common year."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def is_minor(patient: Patient, day: date) -> bool:
    """Under 18 on ``day``."""
    return age_on(patient, day) < ADULT_YEARS


def patient_label(patient: Patient) -> str:
    """Initials and record number, as lists show a patient: "A. B. · P-7K3M-92QX"."""
    names = (patient.given_name, patient.family_name)
    if patient.erased_at is not None or any(is_erased(name) for name in names):
        return _("Erased · %(number)s") % {"number": patient.record_number}
    initials = " ".join(f"{name[:1].upper()}." for name in names if name)
    return f"{initials} · {patient.record_number}"


# --- consent ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ConsentState:
    """What holds for one purpose: the newest decision, if any, and the wording in force."""

    purpose: Purpose
    consent: Consent | None
    current_text: ConsentText | None

    @property
    def granted(self) -> bool:
        return self.consent is not None and self.consent.decision == Consent.Decision.GRANTED

    @property
    def wording_changed(self) -> bool:
        """The decision was about an older wording than the one in force."""
        if self.consent is None or self.current_text is None:
            return False
        return self.consent.text_id != self.current_text.pk


def current_texts(clinic_id: UUID) -> dict[Purpose, ConsentText]:
    """The newest published text of each purpose."""
    rows = ConsentText.objects.filter(clinic_id=clinic_id, published_at__isnull=False).order_by("version")
    return {Purpose(row.purpose): row for row in rows}


def consent_state(patient_id: UUID) -> Mapping[Purpose, ConsentState]:
    """The state of every purpose, decided or not."""
    patient = Patient.objects.only("clinic_id").get(pk=patient_id)
    texts = current_texts(patient.clinic_id)
    rows = Consent.objects.filter(patient_id=patient_id).select_related("text").order_by("number")
    newest = {Purpose(row.purpose): row for row in rows}
    return {purpose: ConsentState(purpose, newest.get(purpose), texts.get(purpose)) for purpose in Purpose}


def has_consent(patient_id: UUID, purpose: Purpose) -> bool:
    """Whether the newest decision about this purpose grants it."""
    newest = Consent.objects.filter(patient_id=patient_id, purpose=purpose).order_by("-number").first()
    return newest is not None and newest.decision == Consent.Decision.GRANTED


def purposes_open_to(patient: Patient, day: date) -> tuple[Purpose, ...]:
    """What may be asked: nothing is reused from a child's record, nor from one that a guardian registered."""
    closed = set()
    if patient.is_minor_record or is_minor(patient, day):
        closed = {Purpose.MODEL_IMPROVEMENT, Purpose.RESEARCH}
    return tuple(purpose for purpose in Purpose if purpose not in closed)


def consent_for(actor: Actor, patient_id: UUID, consent_id: UUID) -> Consent:
    """One decision with its text."""
    patient = patient_for(actor, patient_id)
    row = (
        Consent.objects.select_related("text", "patient", "patient__clinic")
        .filter(patient=patient, pk=consent_id)
        .first()
    )
    if row is None:
        raise NotFound
    return row


def consent_history(actor: Actor, patient_id: UUID) -> list[Consent]:
    """Every decision, newest first."""
    patient = patient_for(actor, patient_id)
    return list(Consent.objects.filter(patient=patient).select_related("text").order_by("-decided_at", "-number"))


def consent_texts(actor: Actor) -> dict[Purpose, list[ConsentText]]:
    """An administrator's list: every version of each purpose, newest first."""
    actor.check(Permission.MANAGE_CONSENT_TEXTS)
    rows = ConsentText.objects.filter(clinic=clinic_of(actor)).order_by("-version")
    return {purpose: [row for row in rows if row.purpose == purpose] for purpose in Purpose}


# --- intake ----------------------------------------------------------------------------------------------------------


def latest_intake(patient_id: UUID) -> Intake | None:
    """The newest answers."""
    return Intake.objects.select_related("patient").filter(patient_id=patient_id).order_by("-version").first()


def answers_of(intake: Intake) -> Answers:
    """The answers as values."""
    return Answers.from_dict(intake.answers)


def red_flags_of(intake: Intake) -> tuple[RedFlag, ...]:
    """The flags that were raised when the answers were saved."""
    return tuple(RedFlag(value) for value in intake.red_flags)


def intake_is_current(session: PhotoSession) -> bool:
    """Whether the session stands on the newest answers, confirmed for it (R7: no plan on an older answer)."""
    newest = latest_intake(session.patient_id)
    return session.intake_confirmed_at is not None and newest is not None and newest.pk == session.intake_id


# --- sessions and photos ---------------------------------------------------------------------------------------------


def session_for(actor: Actor, session_id: UUID) -> PhotoSession:
    """The session with its patient, clinic and intake, if this actor may see it; else NotFound."""
    rows = PhotoSession.objects.visible_to(actor).select_related("patient", "patient__clinic", "intake")
    session: PhotoSession | None = rows.filter(pk=session_id).first()
    if session is None:
        raise NotFound
    return session


def sessions_of(patient_id: UUID) -> list[PhotoSession]:
    """The patient's sessions, newest first, without discarded ones. The caller has checked the scope."""
    rows = PhotoSession.objects.filter(patient_id=patient_id).exclude(status=PhotoSession.Status.DISCARDED)
    return list(rows.order_by("-created_at"))


def visible_sessions(actor: Actor, patient_id: UUID) -> list[PhotoSession]:
    """The patient's sessions that this actor may see, newest first, without discarded ones."""
    rows = PhotoSession.objects.visible_to(actor).filter(patient_id=patient_id)
    return list(rows.exclude(status=PhotoSession.Status.DISCARDED).order_by("-created_at"))


def draft_of(patient_id: UUID) -> PhotoSession | None:
    """The session that is being prepared, if any."""
    rows = PhotoSession.objects.filter(patient_id=patient_id, status=PhotoSession.Status.DRAFT)
    session: PhotoSession | None = rows.select_related("patient").order_by("-created_at").first()
    return session


def photos_of(session: PhotoSession) -> list[Photo]:
    """The session's present photos in the order in which they came. The caller has checked the scope."""
    return list(Photo.objects.present().filter(session=session).order_by("created_at", "id"))


def first_takes(photos: Iterable[Photo]) -> list[Photo]:
    """The photos that are read, signed and reported: without the repeats that only tell how much photographs vary."""
    return [photo for photo in photos if photo.repeat_of_id is None]


def printed_card(patient_id: UUID) -> PrintedCard | None:
    """The newest checked print of the calibration card, if any."""
    return PrintedCard.objects.filter(patient_id=patient_id).order_by("-checked_at").first()


def baseline_photo(session: PhotoSession, view: View, site: str = "") -> Photo | None:
    """The patient's first good photo of this view (and site) that was sent with an earlier session, if any."""
    rows = Photo.objects.present().select_related("session__patient").exclude(session=session)
    rows = rows.filter(session__patient_id=session.patient_id, session__status__in=SENT, view=view, site=site)
    first: Photo | None = rows.filter(quality_passed=True, repeat_of=None).order_by("created_at", "id").first()
    return first


def photo_for(actor: Actor, photo_id: UUID) -> Photo:
    """The photo with its session and patient, if this actor may see it; else NotFound."""
    rows = Photo.objects.visible_to(actor).select_related("session", "session__patient", "session__patient__clinic")
    photo: Photo | None = rows.filter(pk=photo_id).first()
    if photo is None:
        raise NotFound
    return photo


def upload_for(actor: Actor, upload_id: UUID) -> Upload:
    """The upload with its session and patient, if it is this person's own; else NotFound."""
    rows = Upload.objects.visible_to(actor).select_related("session", "session__patient", "photo")
    upload: Upload | None = rows.filter(pk=upload_id).first()
    if upload is None:
        raise NotFound
    return upload


def open_photo(photo: Photo) -> files.SealedReader:
    """A readable stream over the photo's plain bytes; close it, or use it in a ``with`` block."""
    return files.open_file(key_id=photo.sealing_key_id, name=photo.file_name)


def retakes_missing(session: PhotoSession, photos: list[Photo]) -> list[dict[str, Any]]:
    """The retake requests that no newer photo answers yet."""
    return [wish for wish in session.retake_views if not any(answers_retake(photo, wish) for photo in photos)]


def answers_retake(photo: Photo, wish: Mapping[str, Any]) -> bool:
    """Whether ``photo`` was taken for this request: same view, after it was made."""
    return photo.view == wish["view"] and photo.created_at > datetime.fromisoformat(wish["asked_at"])


# --- access log ------------------------------------------------------------------------------------------------------


def access_events(actor: Actor, patient_id: UUID) -> Any:
    """Everything that was done with this record, newest first (G6)."""
    actor.check(Permission.SEE_OWN_ACCESS_LOG)
    return events_about(patient_for(actor, patient_id).pk)
