"""How thick the counted hairs of a close-up are: a histogram with the cut-off, and the same as a table. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _

BIN_UM: Final = 5
"""Every cut-off a clinic may choose lies on an edge of these bins."""
LAST_UM: Final = 120
"""Thicker hairs share the last bin."""


@dataclass(frozen=True, slots=True)
class CalibreBin:
    """Hairs from one width up to the next; ``vellus``: they are thinner than the cut-off."""

    words: str
    hairs: int
    vellus: bool


@dataclass(frozen=True, slots=True)
class CalibreChart:
    """The specification of the picture (Vega-Lite), what it shows in words, and its numbers."""

    id: str
    label: str
    spec: Mapping[str, Any]
    bins: tuple[CalibreBin, ...]
    measured: int
    counted: int
    cutoff_um: float


def calibre_chart(photo_id: object, result: Mapping[str, Any]) -> CalibreChart | None:
    """The histogram of a photo's result (``photo_to_json``); None where no hair was measured.

    The cut-off is the one stored with the result, whatever the clinic's is today.
    """
    field = result.get("hairs") or {}
    if "hairs" not in field:
        return None
    counted = [hair for hair in field["hairs"] if hair[-2]]
    widths = [float(hair[-1]) for hair in counted if hair[-1] is not None]
    if not widths:
        return None
    cutoff = float(field["vellus_cutoff_um"])
    tallies = [0] * (LAST_UM // BIN_UM)
    for width in widths:
        tallies[min(int(width // BIN_UM), len(tallies) - 1)] += 1
    bins = tuple(
        CalibreBin(_words(number), tally, number * BIN_UM < cutoff) for number, tally in enumerate(tallies) if tally
    )
    return CalibreChart(
        id=f"calibres-{photo_id}",
        label=_("Histogram of hair calibre: %(n)d hairs, %(thin)d of them below the cut-off of %(cutoff)g µm.")
        % {"n": len(widths), "thin": sum(width < cutoff for width in widths), "cutoff": cutoff},
        spec=_spec(tallies, cutoff),
        bins=bins,
        measured=len(widths),
        counted=len(counted),
        cutoff_um=cutoff,
    )


def _words(number: int) -> str:
    low = number * BIN_UM
    if low + BIN_UM >= LAST_UM:
        return _("%(low)d µm and more") % {"low": low}
    return _("%(low)d to %(high)d µm") % {"low": low, "high": low + BIN_UM}


def _spec(tallies: list[int], cutoff: float) -> dict[str, Any]:
    kinds = {True: _("Vellus"), False: _("Terminal")}
    values = [
        {"from": number * BIN_UM, "to": (number + 1) * BIN_UM, "hairs": tally, "kind": kinds[number * BIN_UM < cutoff]}
        for number, tally in enumerate(tallies)
        if tally
    ]
    x = {"type": "quantitative", "title": _("Hair calibre, µm"), "scale": {"domain": [0, LAST_UM], "nice": False}}
    return {
        "width": "container",
        "height": 130,
        "layer": [
            {
                "data": {"values": values},
                "mark": {"type": "bar", "binSpacing": 1},
                "encoding": {
                    "x": {**x, "field": "from", "bin": {"binned": True}},
                    "x2": {"field": "to"},
                    "y": {
                        "field": "hairs",
                        "type": "quantitative",
                        "title": _("Hairs"),
                        "axis": {"tickMinStep": 1, "tickCount": 4},
                        "scale": {"domain": [0, 1.25 * max(tallies)], "nice": False},  # room for the cut-off's words
                    },
                    "color": {
                        "field": "kind",
                        "type": "nominal",
                        "title": None,
                        "sort": [kinds[False], kinds[True]],
                        "scale": {"domain": [kinds[False], kinds[True]]},
                        "legend": {"orient": "top"},
                    },
                },
            },
            {
                "data": {"values": [{"at": cutoff, "words": _("Cut-off %(cutoff)g µm") % {"cutoff": cutoff}}]},
                "encoding": {"x": {**x, "field": "at"}},
                "layer": [
                    {"mark": {"type": "rule", "strokeDash": [4, 3]}},
                    {
                        "mark": {"type": "text", "align": "left", "dx": 4, "baseline": "top", "y": 2, "fontSize": 12},
                        "encoding": {"text": {"field": "words"}},
                    },
                ],
            },
        ],
    }
