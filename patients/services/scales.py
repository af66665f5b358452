"""Where a photograph's scale comes from: the card in an overview; in a close-up its bar, else the trichoscope."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from accounts.models import Clinic
from patients import selectors
from patients.models import PhotoSession
from patients.services.cards import scale_from
from vision.types import View

PX_PER_MM: Final = (20.0, 2000.0)
"""What a trichoscope can have; a bar that gives another scale is no bar."""

MOST_APART: Final = 0.25
"""A bar and the trichoscope's stated scale differ by the magnification used; by more, the line is something else."""


def scale_of(
    session: PhotoSession, view: View, width_px: int, card: dict[str, float] | None, bar: Mapping[str, Any]
) -> float | None:
    """Pixels per millimetre of a new photograph, None where nothing tells. ``card``: what was read of a card in it;
    ``bar``: of a scale bar burned into it."""
    if view is View.TRICHOSCOPY:
        clinic = session.patient.clinic
        stated = trichoscope_scale(clinic, width_px)
        return bar_scale(clinic, bar, stated) or stated
    return scale_from(card, selectors.printed_card(session.patient_id))


def bar_scale(clinic: Clinic, bar: Mapping[str, Any], stated: float | None) -> float | None:
    """The scale that the bar in the picture gives, where the clinic says how long its trichoscope's bar is.

    None without a bar, where two lines could be it, and where it contradicts the trichoscope's ``stated`` scale.
    """
    if clinic.trichoscope_bar_mm is None or "length_px" not in bar:
        return None
    found = float(bar["length_px"]) / clinic.trichoscope_bar_mm
    if not PX_PER_MM[0] <= found <= PX_PER_MM[1]:
        return None
    return None if stated is not None and abs(found / stated - 1) > MOST_APART else found


def trichoscope_scale(clinic: Clinic, width_px: int) -> float | None:
    """The scale of the clinic's trichoscope, for pictures of exactly its width.

    A patient's own device and a cropped picture have another scale, and nearly always another width; no scale is
    better than a wrong one.
    """
    return clinic.trichoscope_px_per_mm if width_px == clinic.trichoscope_width_px else None
