"""The patient's printed calibration card (C6): no picture of it gives millimetres before its print is checked."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.errors import Invalid
from accounts.roles import Permission
from patients import selectors
from patients.models import Patient, Photo, PhotoSession, PrintedCard
from vision.types import View

TOLERANCE_MM: Final = 5.0
"""A ruler of 100 mm that is off by more was printed to fit the page: greys and squares suffer too."""


@transaction.atomic
def check_card(*, actor: Actor, patient_id: UUID, ruler_mm: float, now: datetime) -> PrintedCard:
    """Record how long the card's ruler of 100 mm is on paper. Photos of an open session get their scale from it.

    Raises Invalid ``card_print_off`` beyond :data:`TOLERANCE_MM`.
    """
    actor.check(Permission.EDIT_OWN_RECORD)
    patient = Patient.objects.select_for_update().get(pk=selectors.patient_for(actor, patient_id).pk)
    if not abs(ruler_mm - 100) <= TOLERANCE_MM:
        raise Invalid(
            "card_print_off",
            _("The ruler should measure 100 mm and measures %(length).1f. Print the page again at 100 %%, not fitted.")
            % {"length": ruler_mm},
        )
    card = PrintedCard.objects.create(patient=patient, ruler_mm=ruler_mm, checked_at=now, checked_by_id=actor.user_id)
    open_photos = Photo.objects.present().filter(session__patient=patient, session__status=PhotoSession.Status.DRAFT)
    for photo in open_photos.exclude(view=View.TRICHOSCOPY).select_related("session__patient"):
        photo.px_per_mm = scale_from(photo.capture.get("card"), card)
        photo.save(update_fields=["px_per_mm"])
    audit.record(
        action="card.checked",
        now=now,
        actor=actor,
        clinic_id=patient.clinic_id,
        patient_id=patient.pk,
        subject_kind="patient",
        subject_id=patient.pk,
        detail={},
    )
    return card


def scale_from(reading: dict[str, float] | None, card: PrintedCard | None) -> float | None:
    """Pixels per true millimetre: what the picture says per printed millimetre, put right by the ruler's check.

    None without a card in the picture, or while nobody has checked the print.
    """
    if not reading or "px_per_mm" not in reading or card is None:
        return None
    return float(reading["px_per_mm"]) * 100 / card.ruler_mm
