"""Drawn examples of the hair network: fields of which every hair is known, drawn hairs left, found hairs right.

Drawings look like the pictures of the research trichoscope, and the right answer is to count them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from vision.cards.examples import Example, side_by_side
from vision.evaluation.trichoscopy_study import known_field
from vision.explain_hairs import draw_field
from vision.hairs import hairs_of, look, within_domain
from vision.release import Release
from vision.render import draw_trichoscopy
from vision.runtime import open_network
from vision.trichoscopy import assemble_field

SIZE_PX: Final = (832, 666)
PX_PER_MM: Final = 233.3
DENSITIES: Final = (90, 220)


def hair_examples(release: Release) -> Iterable[Example]:
    """A sparse and a dense field: counted is right, refused a failure."""
    network = open_network(release)
    for seed, density in enumerate(DENSITIES, 70):
        drawing = draw_trichoscopy(seed=seed, hairs_per_cm2=density, size=SIZE_PX, px_per_mm=PX_PER_MM)
        seen = look(drawing.image, PX_PER_MM, network, release)
        found = hairs_of(seen, PX_PER_MM, release)
        field = assemble_field(found, [None] * len(found.arrows), drawing.image, PX_PER_MM, release.classes)
        refused = not within_domain(seen, release)
        verdict = "refused as outside the domain" if refused else "counted"
        limit = release.thresholds["distance"]
        caption = (
            f"a drawn field, {verdict} (distance {seen.distance:.1f}, limit {limit:.1f}); drawn hairs, found hairs"
        )
        panels = side_by_side(draw_field(drawing.image, known_field(drawing)), draw_field(drawing.image, field))
        yield Example(caption, not refused, panels)
