"""The limits of the quality gate, each with its reason, and whether failing it refuses the photo or only warns.

A check refuses where it has been shown to be right on real photographs (docs/studies/quality.json: found at the
strengths named, and seldom raised on good ones). Where a sign is often, but not surely, a fault, it warns: the photo is
measured, and the person hears what to look at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from vision.types import QualityCheck, View


@dataclass(frozen=True, slots=True)
class Threshold:
    """A limit and which side of it fails. ``reason`` says where the number comes from."""

    limit: float
    fails: Literal["below", "above"]
    reason: str
    refuses: bool = True

    def passes(self, value: float) -> bool:
        return value >= self.limit if self.fails == "below" else value <= self.limit


THRESHOLDS: Final[Mapping[QualityCheck, Threshold]] = {
    QualityCheck.SIZE: Threshold(
        400, "below", "short edge in px; the segmentation works at about this size, less would be invented by enlarging"
    ),
    QualityCheck.BLUR: Threshold(
        1.6,
        "below",
        "edge energy kept against a second blur of 2 px, upper quartile of 36 tiles; sharp phone and clinic photographs"
        " have 2 to 8, a blur of 3 px at 640 px brings most below 1.6",
    ),
    QualityCheck.TOO_DARK: Threshold(
        84,
        "below",
        "95th percentile of grey (0..255) in the middle; 99 % of Norwood photographs, dark skin among them, have 110"
        " or more: dark skin must not be called a dark photo",
    ),
    QualityCheck.BURNT_OUT: Threshold(
        0.25, "above", "share of the middle at 250 or more, where structure is lost; clinic flash stays under 0.2"
    ),
    QualityCheck.LOW_CONTRAST: Threshold(
        70, "below", "98th minus 2nd percentile of grey; haze, a smeared lens or a blank surface stays below"
    ),
    QualityCheck.UNEVEN_LIGHT: Threshold(
        7.5,
        "above",
        "stops of light from one side of the picture to the other, compared within one chromaticity; black hair beside"
        " pale skin makes up to 7 under even light, so only hard side light is caught",
    ),
    QualityCheck.NO_SCALP: Threshold(
        0.25,
        "below",
        "share of the middle that could be skin or hair by hue and has texture; rejects only blank walls, paper, sky"
        " and foliage, everything else is for the network in the worker to decide",
    ),
}
"""Limits for the overview views."""

FULL_OF_HAIR: Final = Threshold(
    66, "below", "as for the other views, but a back of black hair shows no skin: in fair light it goes down to 70"
)
"""``too_dark`` of the occiput."""

TRICHOSCOPY_THRESHOLDS: Final[Mapping[QualityCheck, Threshold]] = {
    QualityCheck.SIZE: Threshold(400, "below", "short edge in px; research trichoscopes have 462 and 666"),
    QualityCheck.BLUR: Threshold(
        1.25, "below", "as for overviews; contact trichoscopy has soft skin between few hairs, 1st percentile 1.28"
    ),
    QualityCheck.TOO_DARK: Threshold(80, "below", "95th percentile of grey; the lamp is built in, darkness is a fault"),
    QualityCheck.BURNT_OUT: Threshold(0.15, "above", "share at 250 or more: reflections of the plate hide hairs"),
    QualityCheck.LOW_CONTRAST: Threshold(40, "below", "98th minus 2nd percentile of grey: no hair against the skin"),
    QualityCheck.UNEVEN_LIGHT: Threshold(2.0, "above", "stops across the field; a ring light in contact is even"),
}
"""Limits for trichoscopy. There is no ``no_scalp``: a field of skin without hair is a finding, not a fault."""

SEEN_BY_THE_NETWORK: Final[Mapping[QualityCheck, Threshold]] = {
    QualityCheck.NO_SCALP: Threshold(
        0.01,
        "below",
        "share of the picture that the network takes for scalp; measuring stops there too, and no good overview of"
        " docs/studies/quality.json has less",
    ),
    QualityCheck.TOO_FAR: Threshold(
        0.08,
        "below",
        "share of the picture that is scalp; under 0.06 its border weighs more than its inside and nothing is measured;"
        " no good overview of docs/studies/quality.json has less than the limit",
    ),
    QualityCheck.COVERED: Threshold(
        2.89,
        "above",
        "log odds that something lies on the cells of the network's map that look most covered, by a linear reader; 3 %"
        " of free heads kept for validation lie above. It learnt from pictures put together, so it only warns",
        refuses=False,
    ),
}
"""Asked at upload only, of an overview: what a small network says of where the scalp is."""

GLARE: Final = Threshold(
    0.012,
    "above",
    "share of the scalp in small reflexes (215 or more in every colour, 40 over their surroundings): 98 % of research"
    " photographs have less. Wet hair, oil and a lamp too near look alike, so it only warns",
    refuses=False,
)

CAST: Final = Threshold(
    0.25,
    "above",
    "stops by which the colour of the scalp lies outside what heads have under any usual lamp; skin and hair are"
    " themselves coloured, so only a strong cast is told, and it only warns",
    refuses=False,
)

CARD_CAST: Final = Threshold(
    0.9,
    "above",
    "stops between red or blue and green on the card's grey patches; a household lamp of 2700 K taken for daylight"
    " gives 1.2. It can be put right by the card, so it only warns",
    refuses=False,
)
"""``colour_cast`` where a card tells the light."""

FACE_ON: Final = Threshold(
    0.5,
    "above",
    "1 where a face looks into the camera: the crown, a parting and the back of the head show none; raised on 1 of 252"
    " research photographs, and on 75 % of portraits",
)
"""``wrong_view`` of the crown, the parting and the occiput."""

OTHER_VIEW: Final = Threshold(
    2.51,
    "above",
    "log of how much likelier another view of the head is than the one asked for, by a linear reader of the network's"
    " maps; 3 % of the right views of the people it learnt from lie above when they are left out, so it only warns",
    refuses=False,
)
"""``wrong_view`` of an overview, where no face settles it."""

HEAD_IN_CONTACT: Final = Threshold(
    0.15,
    "above",
    "share of the picture that is scalp with a margin of certainty: 98 % of overviews have more, each of 137 close-ups"
    " less; unclipped ones can look like a head from afar, so it only warns",
    refuses=False,
)
"""``wrong_view`` of a close-up."""

TILT: Final = Threshold(
    17.0,
    "above",
    "degrees by which a face is turned in the picture, told in steps of 15: 10° are within what a hand holds. 87 % of"
    " faces rolled by 30° are found, and 7 % of upright ones too, 1 of 252 research photographs",
    refuses=False,
)
"""``tilted`` of the hairline view, where a face is seen; the other views show nothing that tells upright."""


CARD_MIRRORED: Final = Threshold(
    0.5,
    "above",
    "1 where the calibration card is read in the flipped picture only: its markers have no mirror images among them, so"
    " left and right are exchanged, and nothing of it may be compared or laid to a side",
)
"""``mirrored``, asked of an overview with a calibration card in it."""


def thresholds_for(view: View) -> Mapping[QualityCheck, Threshold]:
    """The limits that hold for a view."""
    if view is View.OCCIPUT:
        return {**THRESHOLDS, QualityCheck.TOO_DARK: FULL_OF_HAIR}
    return THRESHOLDS if view.is_global else TRICHOSCOPY_THRESHOLDS
