"""Where a photograph's scale comes from: the card in an overview, the clinic's trichoscope in a close-up."""

from __future__ import annotations

from accounts.models import Clinic
from patients import selectors
from patients.models import PhotoSession
from patients.services.cards import scale_from
from vision.types import View


def scale_of(session: PhotoSession, view: View, width_px: int, card: dict[str, float] | None) -> float | None:
    """Pixels per millimetre of a new photograph, None where nothing tells. ``card``: what was read of a card in it."""
    if view is View.TRICHOSCOPY:
        return trichoscope_scale(session.patient.clinic, width_px)
    return scale_from(card, selectors.printed_card(session.patient_id))


def trichoscope_scale(clinic: Clinic, width_px: int) -> float | None:
    """The scale of the clinic's trichoscope, for pictures of exactly its width.

    A patient's own device and a cropped picture have another scale, and nearly always another width; no scale is
    better than a wrong one.
    """
    return clinic.trichoscope_px_per_mm if width_px == clinic.trichoscope_width_px else None
