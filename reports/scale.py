"""The severity scale as a drawing: where the index and its range lie between 1 and 10. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_LEFT, _RIGHT = 20.0, 580.0


@dataclass(frozen=True, slots=True)
class Step:
    """One of the nine fields between two marks."""

    x: float
    width: float
    colour: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A number under the bar."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Scale:
    """Positions in a drawing 600 wide; ``pointer`` is the triangle's outline above the bar."""

    value: str
    low_x: float
    high_x: float
    value_x: float
    pointer: str
    steps: tuple[Step, ...]
    marks: tuple[Mark, ...]


# Even steps of lightness from covered to thin (viridis reversed, lightened), readable without colour vision.
_COLOURS = ("#dfeeec", "#c9e3d8", "#b4d8bf", "#a8cc9f", "#b0bf7c", "#c0ad5e", "#cd974b", "#d37c44", "#cc5f47")


def severity_scale(payload: Mapping[str, Any]) -> Scale | None:
    """The drawing of a severity payload; None when there is no index."""
    index = payload.get("index")
    if not index:
        return None
    value = float(index["value"])
    x = _x(value)
    return Scale(
        value=f"{value:.1f}",
        low_x=_x(float(index.get("low", value))),
        high_x=_x(float(index.get("high", value))),
        value_x=x,
        pointer=f"{x:.1f},36 {x - 6:.1f},26 {x + 6:.1f},26",
        steps=tuple(Step(_x(n), _x(n + 1) - _x(n), colour) for n, colour in enumerate(_COLOURS, start=1)),
        marks=tuple(Mark(_x(n), str(n)) for n in range(1, 11)),
    )


def _x(index: float) -> float:
    clamped = min(10.0, max(1.0, index))
    return round(_LEFT + (clamped - 1) / 9 * (_RIGHT - _LEFT), 1)
