"""Drawn examples of the hair network: fields of which every hair is known, drawn hairs left, found hairs right."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from vision.cards.examples import Example, chosen, side_by_side
from vision.evaluation.trichoscopy_matching import Match, in_frame, match_hairs
from vision.evaluation.trichoscopy_study import drawn_arrows, known_field
from vision.explain_hairs import draw_field
from vision.hairs import hairs_of, look, within_domain
from vision.release import Release
from vision.render import DrawnTrichoscopy, draw_trichoscopy
from vision.runtime import open_network
from vision.trichoscopy import assemble_field
from vision.types import HairField

SIZE_PX: Final = (832, 666)
PX_PER_MM: Final = 233.3
FIELDS: Final = tuple((seed, density) for seed, density in enumerate((60, 100, 140, 180, 220, 260), 70))


def hair_examples(release: Release) -> Iterable[Example]:
    """A typical field and the worst ones, by the share of drawn hairs that were found."""
    network = open_network(release)
    judged: list[tuple[DrawnTrichoscopy, HairField, Match, bool]] = []
    for seed, density in FIELDS:
        drawing = draw_trichoscopy(seed=seed, hairs_per_cm2=density, size=SIZE_PX, px_per_mm=PX_PER_MM)
        seen = look(drawing.image, PX_PER_MM, network, release)
        found = hairs_of(seen, PX_PER_MM, release)
        true = drawn_arrows(drawing)
        match = match_hairs(found.arrows[in_frame(found.arrows, *SIZE_PX)], true[in_frame(true, *SIZE_PX)], PX_PER_MM)
        field = assemble_field(found, [None] * len(found.arrows), drawing.image, PX_PER_MM, release.classes)
        judged.append((drawing, field, match, within_domain(seen, release)))
    scores = [2 * match.hits / max(1, match.found + match.true) for _, _, match, _ in judged]
    hits, failures = chosen(scores, hits=1, failures=2)
    for index in (*hits, *failures):
        drawing, field, match, known = judged[index]
        words = f"{match.hits} of {match.true} drawn hairs in the frame found, {match.found - match.hits} more"
        caption = f"{words}; {'inside' if known else 'refused as outside'} the domain"
        panels = side_by_side(draw_field(drawing.image, known_field(drawing)), draw_field(drawing.image, field))
        yield Example(caption, index in hits, panels)
