"""The Norwood stage (A9): what each overview photo says about it, and what the photos of one head say together.

Each photo gives one number, a stage on a continuous scale: a linear function of mean-pooled features of a network and
of the segmentation's shares, one function per view. The numbers of all views are joined by a linear Gaussian model
``score_v = offset_v + slope_v * stage + error``, errors correlated between views, whose parameters were fitted on
scores of people that the view's function had not seen. Bayes' rule over the stages that were taught (2 to 7, alike
before looking) gives their probabilities for any subset of views: a back alone leaves the stage open, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.permissions import MISSING, Needs, PictureKind, refusal
from vision.preprocess import PADDING_GREY, preprocess
from vision.release import InputSpec, Release
from vision.types import (
    Condition,
    ConditionReading,
    Metric,
    NorwoodEvidence,
    NorwoodReading,
    NotMeasurable,
    Reason,
    RgbImage,
    ScalpClass,
    ScalpMap,
    View,
)

if TYPE_CHECKING:
    from vision.runtime import Network

HEAD_FILE: Final = "head.npz"
"""Arrays of :class:`NorwoodHead`, float64."""

VIEWS: Final = (View.CROWN, View.HAIRLINE, View.TEMPLE_LEFT, View.TEMPLE_RIGHT, View.OCCIPUT)
"""Order of the views in the head's arrays."""

SETTLING_VIEWS: Final = frozenset({View.CROWN, View.HAIRLINE})
"""The stage is read only when one of these is there: sides and back alone leave it open (see the card)."""

STAGES: Final = (2, 3, 4, 5, 6, 7)
"""Stages there were photographs of; stage 1 was never seen."""

RANGE_SHARE: Final = 0.9
HEAD_MARGIN: Final = 1.2
"""Side of the square that is looked at, in longer sides of the scalp's bounding box."""
LARGEST_SQUARE: Final = 1.3
"""The same side, at most this many longer sides of the photo."""
QUARTER_TURNS: Final = 4
"""Features are averaged over the four upright turns of the square, so that how the phone was held says nothing."""
OTHER_DISEASES: Final = frozenset({Condition.PSORIASIS, Condition.FOLLICULITIS, Condition.OTHER})


@dataclass(frozen=True, slots=True)
class NorwoodHead:
    """``weight`` V x D, ``bias`` V: score of a view. ``offset``, ``slope`` V and ``covariance`` V x V: the joint model.
    ``misfit`` V: largest squared distance from every stage, by number of views, that one head's views still show."""

    weight: NDArray[np.float64]
    bias: NDArray[np.float64]
    offset: NDArray[np.float64]
    slope: NDArray[np.float64]
    covariance: NDArray[np.float64]
    misfit: NDArray[np.float64]


def read_evidence(
    image: RgbImage, scalp_map: ScalpMap, view: View, network: Network, release: Release
) -> NorwoodEvidence | NotMeasurable:
    """What one photo says about the stage; NotMeasurable for a view that was not taught."""
    if view not in VIEWS:
        return NotMeasurable(MISSING[Needs.GRADED_VIEWS], view.value)
    features = np.concatenate([network_features(image, scalp_map, network, release.input), shares(scalp_map)])
    head = load_head(release)
    row = VIEWS.index(view)
    return NorwoodEvidence(view, float(head.weight[row] @ features + head.bias[row]))


def network_features(
    image: RgbImage, scalp_map: ScalpMap, network: Network, spec: InputSpec, turns: int = QUARTER_TURNS
) -> NDArray[np.float64]:
    """Pooled features of the square around the head, averaged over its quarter turns."""
    return np.asarray(turned_features(image, scalp_map, network, spec, turns).mean(axis=0), dtype=np.float64)


def turned_features(
    image: RgbImage, scalp_map: ScalpMap, network: Network, spec: InputSpec, turns: int = QUARTER_TURNS
) -> NDArray[np.float32]:
    """Pooled features of each quarter turn of the square around the head: turns x D."""
    batch, _ = preprocess(head_square(image, scalp_map), spec)
    turned = [np.rot90(batch[0], quarter, axes=(1, 2)) for quarter in range(turns)]
    (pooled,) = network.infer(np.ascontiguousarray(np.stack(turned)))
    return pooled


def head_square(image: RgbImage, scalp_map: ScalpMap) -> RgbImage:
    """The square around the scalp with some room, grey where it leaves the photo; the whole photo without scalp."""
    height, width = image.shape[:2]
    scalp = np.isin(scalp_map.labels, ScalpClass.scalp())
    longer = max(height, width)
    if not scalp.any():
        centre_y, centre_x, side = height / 2, width / 2, longer
    else:
        rows, columns = np.flatnonzero(scalp.any(axis=1)), np.flatnonzero(scalp.any(axis=0))
        top, bottom = rows[0] / scalp.shape[0] * height, (rows[-1] + 1) / scalp.shape[0] * height
        left, right = columns[0] / scalp.shape[1] * width, (columns[-1] + 1) / scalp.shape[1] * width
        centre_y, centre_x = (top + bottom) / 2, (left + right) / 2
        side = round(min(HEAD_MARGIN * max(bottom - top, right - left), LARGEST_SQUARE * longer))
    top_px, left_px = round(centre_y - side / 2), round(centre_x - side / 2)
    inside = image[max(0, top_px) : top_px + side, max(0, left_px) : left_px + side]
    above, before = max(0, -top_px), max(0, -left_px)
    below, after = side - above - inside.shape[0], side - before - inside.shape[1]
    grey = (PADDING_GREY,) * 3
    framed = cv2.copyMakeBorder(inside, above, below, before, after, cv2.BORDER_CONSTANT, value=grey)
    return np.asarray(framed, dtype=np.uint8)


def shares(scalp_map: ScalpMap) -> NDArray[np.float64]:
    """Expected shares of the visible scalp, 0..1: bald, thinning, bald + half thinning, and their square roots."""
    amounts = scalp_map.probabilities[[int(one) for one in ScalpClass.scalp()]].mean(axis=(1, 2)).astype(np.float64)
    _, thinning, bald = amounts / max(float(amounts.sum()), 1e-6)
    plain = np.array([bald, thinning, bald + thinning / 2])
    return np.concatenate([plain, np.sqrt(plain)])


def grade(
    evidence: Sequence[NorwoodEvidence],
    release: Release | None,
    condition: ConditionReading | NotMeasurable,
    *,
    male: bool,
) -> NorwoodReading | NotMeasurable:
    """The stage of one head from its photos, several of one view averaged.

    Refused, in this order: not a man's (the scale is for men; Ludwig's and Sinclair's are not offered), a session that
    shows another condition, no released network, no view that settles the stage, views that contradict each other, and
    stage 2 on a head on which the condition network found nothing (stage 1 was never taught, so 2 would be a guess).
    """
    if not male:
        return refusal(Metric.LUDWIG_SINCLAIR, PictureKind.SESSION, {}) or NotMeasurable(Reason.NOT_OFFERED)
    unmet: dict[Needs, NotMeasurable] = {}
    if isinstance(condition, ConditionReading) and condition.shown in OTHER_DISEASES:
        unmet[Needs.MALE_PATTERN] = NotMeasurable(MISSING[Needs.MALE_PATTERN], condition.shown.value)
    if release is None:
        unmet[Needs.GRADING_NETWORK] = NotMeasurable(MISSING[Needs.GRADING_NETWORK])
    if not any(one.view in SETTLING_VIEWS for one in evidence):
        wanted = ", ".join(view.value for view in VIEWS if view in SETTLING_VIEWS)
        unmet[Needs.GRADED_VIEWS] = NotMeasurable(MISSING[Needs.GRADED_VIEWS], wanted)
    refused = refusal(Metric.NORWOOD_STAGE, PictureKind.SESSION, unmet)
    if refused is not None:
        return refused
    assert release is not None, "the permission matrix demands a network"
    found = join_views(mean_scores(evidence), load_head(release))
    nothing = isinstance(condition, ConditionReading) and condition.shown is Condition.NO_FINDING
    if isinstance(found, NorwoodReading) and nothing and found.stage == STAGES[0]:
        return NotMeasurable(MISSING[Needs.MALE_PATTERN], Condition.NO_FINDING.value)
    return found


def mean_scores(evidence: Sequence[NorwoodEvidence]) -> dict[View, float]:
    """One score per view, in the order of :data:`VIEWS`."""
    by_view = {view: [one.score for one in evidence if one.view is view] for view in VIEWS}
    return {view: sum(scores) / len(scores) for view, scores in by_view.items() if scores}


def join_views(scores: Mapping[View, float], head: NorwoodHead) -> NorwoodReading | NotMeasurable:
    """Probabilities of the stages for the scores of some views; NotMeasurable when no stage explains them together."""
    rows = [VIEWS.index(view) for view in scores]
    expected = head.offset[rows] + np.outer(STAGES, head.slope[rows])
    gaps = np.array(list(scores.values())) - expected
    squared = np.einsum("sv,vw,sw->s", gaps, np.linalg.inv(head.covariance[np.ix_(rows, rows)]), gaps)
    if float(squared.min()) > head.misfit[len(rows) - 1]:
        return NotMeasurable(MISSING[Needs.GRADED_VIEWS], "the views contradict each other")
    weights = np.exp(-(squared - squared.min()) / 2)
    return _reading(weights / weights.sum(), tuple(scores))


def _reading(probabilities: NDArray[np.float64], views: tuple[View, ...]) -> NorwoodReading:
    """The stage nearest the mean (it costs least where an error of two stages counts four), and its range."""
    at = round(float(probabilities @ np.array(STAGES))) - STAGES[0]
    low = high = at
    while probabilities[low : high + 1].sum() < RANGE_SHARE:
        below = probabilities[low - 1] if low > 0 else -1.0
        above = probabilities[high + 1] if high + 1 < len(STAGES) else -1.0
        low, high = (low - 1, high) if below > above else (low, high + 1)
    by_stage = {stage: float(share) for stage, share in zip(STAGES, probabilities, strict=True)}
    return NorwoodReading(STAGES[at], STAGES[low], STAGES[high], by_stage, views)


def load_head(release: Release) -> NorwoodHead:
    """The head stored with a release (kept in memory after the first time)."""
    return _read_head(release.path(HEAD_FILE))


def save_head(path: Path, head: NorwoodHead) -> None:
    """Write a head in the form that :func:`load_head` reads."""
    np.savez(path, allow_pickle=False, **{name: getattr(head, name) for name in _ARRAYS})


@lru_cache(maxsize=4)
def _read_head(path: Path) -> NorwoodHead:
    with np.load(path, allow_pickle=False) as stored:
        return NorwoodHead(**{name: stored[name].astype(np.float64) for name in _ARRAYS})


_ARRAYS: Final = ("weight", "bias", "offset", "slope", "covariance", "misfit")
