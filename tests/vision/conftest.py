"""Drawn pictures, made once."""

from __future__ import annotations

from functools import cache

import pytest

from vision.render import DrawnPhoto, HairColour, SkinTone, draw_head
from vision.types import RgbImage, View

SIZE = (960, 720)


@cache
def drawn(view: View, seed: int = 1, thinning: float = 0.12, bald: float = 0.08) -> DrawnPhoto:
    """A drawn head of a size that tests can afford."""
    colours, tones = list(HairColour), list(SkinTone)
    return draw_head(
        view,
        seed=seed,
        thinning=thinning,
        bald=bald,
        hair_colour=colours[seed % len(colours)],
        skin_tone=tones[seed % len(tones)],
        size=SIZE,
    )


@pytest.fixture(scope="session")
def crown() -> RgbImage:
    """A drawn head from above."""
    return drawn(View.CROWN).image
