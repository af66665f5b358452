"""Where a photograph's scale comes from: the card in an overview; in a close-up its bar, else the trichoscope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from accounts.models import Trichoscope
from patients import selectors
from patients.models import PhotoSession
from patients.services.cards import scale_from
from vision.types import View

PX_PER_MM: Final = (20.0, 2000.0)
"""What a trichoscope can have; a bar that gives another scale is no bar."""

MOST_APART: Final = 0.25
"""A bar and the trichoscope's stated scale differ by the magnification used; by more, the line is something else."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A scale and what told it, as stored with the photograph: ``by`` (card, bar, trichoscope), and of a close-up
    ``trichoscope`` (its name, where it is known) and ``bar_mm``."""

    px_per_mm: float
    told_by: Mapping[str, str | float]


def scale_of(
    session: PhotoSession, view: View, width_px: int, card: dict[str, float] | None, bar: Mapping[str, Any]
) -> Scale | None:
    """The scale of a new photograph, None where nothing tells. ``card``: what was read of a card in it; ``bar``: of a
    scale bar burned into it."""
    if view is View.TRICHOSCOPY:
        return close_up_scale(list(session.patient.clinic.trichoscopes.all()), width_px, bar)
    of_card = scale_from(card, selectors.printed_card(session.patient_id))
    return None if of_card is None else Scale(of_card, {"by": "card"})


def close_up_scale(trichoscopes: Sequence[Trichoscope], width_px: int, bar: Mapping[str, Any]) -> Scale | None:
    """The scale that the bar in the picture gives, else that of the trichoscope whose pictures have exactly its width.

    A patient's own device and a cropped picture have another scale, and nearly always another width; no scale is
    better than a wrong one. A picture of no known width may have been cropped: its bar counts where the clinic's
    trichoscopes draw bars of one length only.
    """
    own = next((one for one in trichoscopes if one.width_px == width_px), None)
    named: dict[str, str | float] = {} if own is None else {"trichoscope": own.name}
    lengths = {one.bar_mm for one in ([own] if own else trichoscopes) if one.bar_mm is not None}
    if len(lengths) == 1:
        (bar_mm,) = lengths
        found = _bar_scale(bar, bar_mm, None if own is None else own.px_per_mm)
        if found is not None:
            return Scale(found, {"by": "bar", "bar_mm": bar_mm, **named})
    if own is None or own.px_per_mm is None:
        return None
    return Scale(own.px_per_mm, {"by": "trichoscope", **named})


def _bar_scale(bar: Mapping[str, Any], bar_mm: float, stated: float | None) -> float | None:
    """None without a bar, where two lines could be it, and where it contradicts the trichoscope's ``stated`` scale."""
    if "length_px" not in bar:
        return None
    found = float(bar["length_px"]) / bar_mm
    if not PX_PER_MM[0] <= found <= PX_PER_MM[1]:
        return None
    return None if stated is not None and abs(found / stated - 1) > MOST_APART else found
