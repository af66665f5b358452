"""Numbers read from a segmentation whose truth is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.vision.conftest import drawn
from vision.measure import find_scalp, measure_photo
from vision.permissions import PHOTO_METRICS
from vision.types import (
    CheckResult,
    LabelMap,
    Measured,
    Metric,
    NotMeasurable,
    PhotoContext,
    QualityCheck,
    QualityReport,
    Reason,
    ScalpClass,
    ScalpMap,
    View,
)

GOOD = QualityReport((CheckResult(QualityCheck.BLUR, 3.0, 1.6, True),))
BLURRED = QualityReport((CheckResult(QualityCheck.BLUR, 1.1, 1.6, False),))
CROWN = PhotoContext(View.CROWN)


def scalp_map(labels: LabelMap, certainty: float = 0.96) -> ScalpMap:
    """A segmentation with these labels; what is left of the certainty goes evenly to the other classes."""
    others = (1 - certainty) / (len(ScalpClass) - 1)
    probabilities = np.full((len(ScalpClass), *labels.shape), others, np.float32)
    np.put_along_axis(probabilities, labels[None].astype(int), certainty, axis=0)
    return ScalpMap(labels, probabilities)


def disc(dense: float, thin: float, bald: float, size: int = 200) -> LabelMap:
    """A round scalp on background, sliced into shares of its area."""
    rows, columns = np.mgrid[:size, :size] - size / 2 + 0.5
    inside = np.hypot(rows, columns) < 0.4 * size
    labels = np.zeros((size, size), np.uint8)
    order = np.flatnonzero(inside)
    stops = np.round(np.cumsum([dense, thin, bald]) * len(order)).astype(int)
    for kind, part in zip(ScalpClass.scalp(), np.split(order, stops[:-1]), strict=True):
        labels.flat[part] = kind
    return labels


def measured(measures: dict[Metric, Measured | NotMeasurable], metric: Metric) -> Measured:
    found = measures[metric]
    assert isinstance(found, Measured), found
    assert found.low <= found.value <= found.high
    return found


def test_shares_are_shares_of_the_visible_scalp() -> None:
    measures = measure_photo(scalp_map(disc(0.5, 0.3, 0.2)), GOOD, CROWN, (200, 200))
    expected = {
        Metric.COVERAGE_INDEX: 65,
        Metric.SCALP_VISIBILITY: 50,
        Metric.THINNING_SHARE: 30,
        Metric.BALD_SHARE: 20,
        Metric.AFFECTED_SHARE: 35,
        Metric.SCALP_IN_FRAME: 100 * np.pi * 0.16,
    }
    for metric, value in expected.items():
        assert measured(measures, metric).value == pytest.approx(value, abs=0.3)
        assert measured(measures, metric).unit == "%"
    assert set(measures) == set(PHOTO_METRICS)


@pytest.mark.parametrize("view", [View.CROWN, View.OCCIPUT, View.TEMPLE_LEFT, View.HAIRLINE])
def test_a_perfect_segmentation_of_a_drawing_measures_its_truth(view: View) -> None:
    truth = drawn(view).truth
    labels = cv2.resize(truth, (512, 384), interpolation=cv2.INTER_NEAREST_EXACT)
    measures = measure_photo(scalp_map(np.asarray(labels)), GOOD, PhotoContext(view), (960, 720), {})
    area = np.isin(truth, ScalpClass.scalp()).sum()
    bald = 100 * (truth == ScalpClass.BALD).sum() / area
    thin = 100 * (truth == ScalpClass.THINNING).sum() / area
    assert measured(measures, Metric.AFFECTED_SHARE).value == pytest.approx(bald + thin / 2, abs=0.6)


def test_an_area_needs_a_scale_and_follows_its_square() -> None:
    labels = scalp_map(disc(0.5, 0.25, 0.25))
    assert measure_photo(labels, GOOD, CROWN, (2000, 2000))[Metric.BALD_AREA_MM2] == NotMeasurable(Reason.NO_SCALE)
    found = measure_photo(labels, GOOD, PhotoContext(View.CROWN, px_per_mm=10.0), (2000, 2000))
    # a disc of radius 800 px is 80 mm: pi x 80^2 / 4 = 5026 mm2
    assert measured(found, Metric.BALD_AREA_MM2).value == pytest.approx(np.pi * 80**2 / 4, rel=0.01)
    assert measured(found, Metric.BALD_AREA_MM2).unit == "mm2"


def test_a_failed_photo_is_never_measured() -> None:
    measures = measure_photo(NotMeasurable(Reason.QUALITY_FAILED, "blur"), BLURRED, CROWN, (200, 200))
    refused = measures[Metric.AFFECTED_SHARE]
    assert isinstance(refused, NotMeasurable)
    assert (refused.reason, refused.detail) == (Reason.QUALITY_FAILED, "blur")
    assert not [found for found in measures.values() if isinstance(found, Measured)]
    even_if_segmented = measure_photo(scalp_map(disc(1, 0, 0)), BLURRED, CROWN, (200, 200))
    assert not [found for found in even_if_segmented.values() if isinstance(found, Measured)]


def little(share: float) -> LabelMap:
    labels = np.zeros((200, 200), np.uint8)
    labels[: round(200 * share), :] = ScalpClass.DENSE
    return labels


@pytest.mark.parametrize(
    ("labels", "certainty", "reason"),
    [
        (little(0.0), 0.96, Reason.NOT_A_SCALP),
        (little(0.005), 0.96, Reason.NOT_A_SCALP),
        (little(0.03), 0.96, Reason.TOO_LITTLE_SCALP),
        (disc(0.5, 0.3, 0.2), 0.21, Reason.OUT_OF_DOMAIN),
    ],
)
def test_too_little_or_doubtful_scalp_is_refused_with_its_reason(
    labels: LabelMap, certainty: float, reason: Reason
) -> None:
    doubtful = scalp_map(labels, certainty)
    if reason is Reason.OUT_OF_DOMAIN:
        doubtful.probabilities[0] += 0.5
        doubtful.probabilities[:] /= doubtful.probabilities.sum(axis=0)
    refused = measure_photo(doubtful, GOOD, CROWN, (200, 200))[Metric.AFFECTED_SHARE]
    assert isinstance(refused, NotMeasurable)
    assert refused.reason is reason
    assert "scalp" in refused.detail


def test_without_a_network_the_reason_is_that_it_is_off() -> None:
    measures = measure_photo(NotMeasurable(Reason.MODEL_OFF), GOOD, CROWN, (200, 200))
    assert measures[Metric.COVERAGE_INDEX] == NotMeasurable(Reason.MODEL_OFF)


def test_the_interval_is_the_releases_error_when_the_photo_is_clear() -> None:
    clear = scalp_map(disc(0.5, 0.3, 0.2), certainty=0.9999)
    found = measured(measure_photo(clear, GOOD, CROWN, (200, 200), {Metric.AFFECTED_SHARE: 4.0}), Metric.AFFECTED_SHARE)
    # 1.26 x ln 20 x 4 = 15.10 points to either side
    assert found.high - found.value == pytest.approx(15.099, abs=0.03)
    assert found.value - found.low == pytest.approx(15.099, abs=0.03)


def test_a_doubtful_photo_has_a_wider_interval_than_a_clear_one() -> None:
    widths = []
    for certainty in (0.99, 0.8, 0.65):
        measures = measure_photo(
            scalp_map(disc(0.6, 0.3, 0.1), certainty), GOOD, CROWN, (200, 200), {Metric.AFFECTED_SHARE: 2.0}
        )
        found = measured(measures, Metric.AFFECTED_SHARE)
        widths.append(found.high - found.low)
    assert widths[0] < widths[1] < widths[2]


def test_intervals_stay_within_what_is_possible() -> None:
    measures = measure_photo(scalp_map(disc(1, 0, 0)), GOOD, CROWN, (200, 200))
    found = measured(measures, Metric.COVERAGE_INDEX)
    assert (found.value, found.high) == (100, 100)
    assert measured(measures, Metric.BALD_SHARE).low == 0


def test_scalp_confidence_ignores_which_cover_class_is_right() -> None:
    scalp = find_scalp(scalp_map(disc(0.4, 0.3, 0.3), certainty=0.6))
    assert scalp.confidence == pytest.approx(0.8, abs=0.01)
