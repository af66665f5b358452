"""The Bald Spot Severity Index (A10): one published formula over the views of one session.

Affected share a (%) = sum over views of view weight x affected share of that view, where the affected share of a view
is (bald + half thinning area) / visible scalp area, and the weights are SALT's (Olsen 2004), renormalised over the
views present. The index interpolates linearly through (0, 1) (20, 4) (50, 7) (95, 10) and is clamped. It orders a
queue; it is not a diagnosis.

The range. The value uses the views present. Its 95 % range adds two things: the interval of each part, ends added with
their weights (errors of one network on one head go the same way, so they are not assumed to cancel), and, for each
missing view, everything from 0 % to 100 % at its full weight. Nothing narrower is known about a part of the head that
nobody photographed: patchy loss can spare or take any of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from vision.permissions import MISSING, Needs, PictureKind, refusal
from vision.types import Measured, Measurement, Metric, NotMeasurable, Severity, SeverityPart, View

SALT_WEIGHTS: Final[Mapping[View, float]] = {
    View.CROWN: 0.40,
    View.OCCIPUT: 0.24,
    View.TEMPLE_LEFT: 0.18,
    View.TEMPLE_RIGHT: 0.18,
}
"""Crown stands for SALT's top, occiput for its back, temples for its sides; hairline and part carry no weight."""

ANCHORS: Final[tuple[tuple[float, float], ...]] = ((0.0, 1.0), (20.0, 4.0), (50.0, 7.0), (95.0, 10.0))
"""(affected share in %, index)."""


def index_from_affected_share(percent: float) -> float:
    """Severity index 1..10 of an affected share in %: linear between :data:`ANCHORS`, clamped outside."""
    (first, index) = ANCHORS[0]
    if percent <= first:
        return index
    for (left, low), (right, high) in pairwise(ANCHORS):
        if percent <= right:
            return low + (high - low) * (percent - left) / (right - left)
    return ANCHORS[-1][1]


def severity_of(shares: Sequence[tuple[View, Measurement]]) -> Severity | NotMeasurable:
    """The index of one session from the affected share (%) of its photos, in any order.

    Several photos of one view are averaged, ends of their intervals too. Views without weight and shares that could not
    be measured are left out; when nothing with weight remains the answer is NotMeasurable(views_missing).
    """
    present = shares_by_view(shares)
    missing = tuple(view for view in SALT_WEIGHTS if view not in present)
    nothing = NotMeasurable(MISSING[Needs.VIEWS], "no measurable photo of crown, occiput or a temple")
    refused = refusal(Metric.SEVERITY_INDEX, PictureKind.SESSION, {} if present else {Needs.VIEWS: nothing})
    if refused is not None:
        return refused

    weight_present = sum(SALT_WEIGHTS[view] for view in present)
    parts = tuple(SeverityPart(view, SALT_WEIGHTS[view] / weight_present, share) for view, share in present.items())
    affected = Measured(
        value=sum(part.weight * part.affected_share.value for part in parts),
        low=sum(SALT_WEIGHTS[view] * share.low for view, share in present.items()),
        high=sum(SALT_WEIGHTS[view] * share.high for view, share in present.items())
        + sum(SALT_WEIGHTS[view] for view in missing) * 100.0,
        unit="%",
    )
    index = Measured(
        value=index_from_affected_share(affected.value),
        low=index_from_affected_share(affected.low),
        high=index_from_affected_share(affected.high),
        unit="index",
    )
    return Severity(index, affected, parts, missing)


def shares_by_view(shares: Sequence[tuple[View, Measurement]]) -> dict[View, Measured]:
    """The affected share of each view with weight that was measured, several photos of a view averaged."""
    return {view: _mean(found) for view in SALT_WEIGHTS if (found := _measured(shares, view))}


def _measured(shares: Sequence[tuple[View, Measurement]], view: View) -> list[Measured]:
    return [share for of, share in shares if of is view and isinstance(share, Measured)]


def _mean(found: Sequence[Measured]) -> Measured:
    count = len(found)
    return Measured(
        value=sum(share.value for share in found) / count,
        low=sum(share.low for share in found) / count,
        high=sum(share.high for share in found) / count,
        unit=found[0].unit,
    )
