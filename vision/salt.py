"""The SALT estimate (A9): how much of the scalp's hair is lost, from the masks of four views of one session.

SALT (Olsen 2004) = sum over the four areas of area weight x loss in %, with top 40 %, back 24 %, each side 18 %. Crown
stands for the top, occiput for the back, the temples for the sides, and an area's loss is its photo's affected share
(bald + half thinning, in % of the visible scalp). A temple at 45 degrees does not show the whole side, so this is an
estimate which a clinician confirms; with a view missing there is none, because patchy loss can spare or take any part
of the head that nobody photographed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from vision.permissions import MISSING, Needs, PictureKind, refusal
from vision.severity import SALT_WEIGHTS, shares_by_view
from vision.types import Measured, Measurement, Metric, NotMeasurable, Salt, SaltBand, SeverityPart, View

BAND_STARTS: Final[tuple[tuple[float, SaltBand], ...]] = (
    (94.5, SaltBand.VERY_SEVERE),
    (49.5, SaltBand.SEVERE),
    (20.5, SaltBand.MODERATE),
    (0.5, SaltBand.LIMITED),
)
"""Where each band begins: the bands are defined on whole numbers, so a score is rounded first."""


def salt_of(shares: Sequence[tuple[View, Measurement]]) -> Salt | NotMeasurable:
    """SALT estimate of one session from the affected share (%) of its photos, in any order.

    Several photos of one view are averaged. The 95 % interval adds the ends of the areas' intervals with their weights:
    errors of one segmentation on one head go the same way. Without a measured photo of each area the answer is
    NotMeasurable(views_missing); its detail lists the missing views.
    """
    present = shares_by_view(shares)
    missing = [view.value for view in SALT_WEIGHTS if view not in present]
    unmet = {Needs.ALL_SIDES: NotMeasurable(MISSING[Needs.ALL_SIDES], ", ".join(missing))} if missing else {}
    refused = refusal(Metric.SALT_ESTIMATE, PictureKind.SESSION, unmet)
    if refused is not None:
        return refused
    parts = tuple(SeverityPart(view, weight, present[view]) for view, weight in SALT_WEIGHTS.items())
    score = Measured(
        value=sum(part.weight * part.affected_share.value for part in parts),
        low=sum(part.weight * part.affected_share.low for part in parts),
        high=sum(part.weight * part.affected_share.high for part in parts),
        unit="index",
    )
    return Salt(score, band_of(score.value), band_of(score.low), band_of(score.high), parts)


def band_of(score: float) -> SaltBand:
    """Band of a SALT score 0..100 (0, 1-20, 21-49, 50-94, 95-100)."""
    return next((band for start, band in BAND_STARTS if score >= start), SaltBand.NONE)
