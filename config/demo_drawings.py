"""Drawing one photograph of the demo: importable without Django, so that a bare process of a pool can do it."""

from __future__ import annotations

from vision.render import Capture, HairColour, SkinTone, draw_head, jpeg_with_exif
from vision.types import View

SIZE_PX = (1440, 1080)


def draw_for_demo(
    view: View,
    seed: int,
    thinning: float,
    bald: float,
    parting: float,
    hair: HairColour,
    skin: SkinTone,
    capture: Capture | None = None,
) -> bytes:
    """A JPEG as a phone would send it, position data and all (the portal removes them)."""
    picture = draw_head(
        view,
        seed=seed,
        thinning=thinning,
        bald=bald,
        parting=parting,
        hair_colour=hair,
        skin_tone=skin,
        size=SIZE_PX,
        capture=capture,
    )
    return jpeg_with_exif(picture.image)
