"""Who reaches the addresses of the room ``patients``."""

from __future__ import annotations

from typing import Any

from accounts.requests import resolve_actor
from patients.models import ComingOfAge
from patients.services import invite_to_take_over
from patients.services.renditions import STEPS
from tests.access.rules import (
    ADMINISTRATORS,
    ANY_CLINICIAN,
    ANY_PATIENT,
    CLINICIANS_OF_THE_CASE,
    HOLDERS,
    HOLDERS_AND_CASES,
    OPEN,
    OWN_ADMINISTRATORS,
    SIGNED_IN,
    Address,
    api,
    get,
    post,
)
from tests.access.world import World


def things(world: World) -> dict[str, Any]:
    """A size that a stage asks for, a sheet of paper, and an invitation to take a record over."""
    ComingOfAge.objects.create(patient=world.patient, due_date=world.clinic.day_of(world.now), announced_at=world.now)
    _row, token = invite_to_take_over(
        actor=resolve_actor(world.doctor.user), patient_id=world.patient.pk, now=world.now
    )
    return {"edge": STEPS[0], "paper": "a4", "take_over_token": token}


TABLE: dict[str, Address] = {
    "api-join": api(SIGNED_IN, "get", "join_code"),
    "api-records": api(ANY_PATIENT, "get"),
    "api-record": api(HOLDERS, "get", "patient"),
    "api-consents": api(HOLDERS, "get", "patient"),
    "api-consent-withdraw": api(HOLDERS, "post", "patient", "purpose"),
    "api-answers": api(HOLDERS, "get", "patient"),
    "api-access-log": api(HOLDERS, "get", "patient"),
    "api-access-log-csv": api(HOLDERS, "get", "patient"),
    "patients:access_log_csv": get(HOLDERS, "patient"),
    "api-consent-texts": api(ADMINISTRATORS, "get"),
    "api-consent-text": api(ADMINISTRATORS, "put", "purpose", title="T", body="B"),
    "api-consent-publish": api(OWN_ADMINISTRATORS, "post", "text_draft"),
    "patients:join": get(OPEN, "join_code"),
    "patients:register": get(SIGNED_IN, "join_code"),
    "patients:records": get(ANY_PATIENT),
    "patients:no_record": get(ANY_PATIENT),
    "patients:take_over": get(OPEN, "take_over_token"),
    "patients:of_age": get(ANY_CLINICIAN),
    "patients:of_age_invite": post(CLINICIANS_OF_THE_CASE, "patient"),
    "patients:of_age_withdraw": post(CLINICIANS_OF_THE_CASE, "patient"),
    "api-of-age": api(ANY_CLINICIAN, "get"),
    "api-of-age-invitation": api(CLINICIANS_OF_THE_CASE, "post", "patient"),
    "api-take-over": api(SIGNED_IN, "get", "take_over_token"),
    "patients:record": get(HOLDERS, "patient"),
    "patients:contact": get(HOLDERS, "patient"),
    "patients:correct": get(CLINICIANS_OF_THE_CASE, "patient"),
    "api-record-correct": api(
        CLINICIANS_OF_THE_CASE, "post", "patient", given_name="Mira", family_name="Sommer", birth_date="1990-05-17"
    ),
    "patients:consents": get(HOLDERS, "patient"),
    "patients:consent_withdraw": post(HOLDERS, "patient", "purpose"),
    "patients:consent_receipt": get(HOLDERS, "patient", "consent"),
    "patients:intake": get(HOLDERS, "patient"),
    "patients:intake_saved": get(HOLDERS, "patient"),
    "patients:card": get(HOLDERS, "patient"),
    "patients:card_sheet": get(SIGNED_IN, "paper"),
    "patients:access_log": get(HOLDERS, "patient"),
    "patients:session_new": get(HOLDERS, "patient"),
    "patients:session_answers": get(HOLDERS, "draft"),
    "patients:checklist": get(HOLDERS, "draft"),
    "patients:capture": get(HOLDERS, "draft"),
    "patients:photo_upload": Address(HOLDERS, "post", ("draft",), {"view": "crown"}, files=True),
    "patients:takes": post(HOLDERS, "draft", takes="twice"),
    "patients:finish": get(HOLDERS, "draft"),
    "patients:discard": post(HOLDERS, "draft"),
    "patients:upload": Address(HOLDERS, "head", ("upload",)),
    "patients:uploads": Address(HOLDERS, "tus_create", ("draft",)),
    "patients:upload_result": get(HOLDERS, "upload"),
    "patients:photo": get(HOLDERS_AND_CASES, "photo"),
    "patients:picture": get(HOLDERS_AND_CASES, "photo", "edge"),
    "patients:thumbnail": get(HOLDERS_AND_CASES, "photo"),
    "patients:photo_remove": post(HOLDERS, "draft_photo"),
    "patients:consent_texts": get(ADMINISTRATORS),
    "patients:consent_text_edit": get(ADMINISTRATORS, "purpose"),
    "patients:consent_text_publish": post(OWN_ADMINISTRATORS, "text_draft"),
    "api-sessions": api(HOLDERS_AND_CASES, "get", "patient"),
    "api-card": api(HOLDERS, "get", "patient"),
    "api-session": api(HOLDERS_AND_CASES, "get", "session"),
    "api-checklist": api(HOLDERS, "put", "draft", done=[], wash="today"),
    "api-takes": api(HOLDERS, "put", "draft", twice=True),
    "api-intake": api(HOLDERS, "post", "draft"),
    "api-photos": Address(api(HOLDERS, "post", "draft").rule, "post", ("draft",), {"view": "crown"}, files=True),
    "api-photo": api(HOLDERS_AND_CASES, "get", "photo"),
    "api-photo-content": api(HOLDERS_AND_CASES, "get", "photo"),
}
