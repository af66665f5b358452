"""The quality gate on drawn pictures: good ones pass, each fault is named."""

from __future__ import annotations

import time

import numpy as np
import pytest

from tests.vision.conftest import drawn
from vision.evaluation.quality_defects import blurred, exposed, flattened, side_lit
from vision.quality import THRESHOLDS, TRICHOSCOPY_THRESHOLDS, check_quality, thresholds_for
from vision.render import Scene, draw_non_scalp, draw_trichoscopy
from vision.types import QualityCheck, RgbImage, View

OVERVIEWS = [view for view in View if view.is_global]


@pytest.mark.parametrize("view", OVERVIEWS)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_good_drawing_passes(view: View, seed: int) -> None:
    report = check_quality(drawn(view, seed).image, view)
    assert report.passed, report.failures
    assert {check.check for check in report.checks} == set(THRESHOLDS)


@pytest.mark.parametrize(
    ("fault", "spoil"),
    [
        (QualityCheck.BLUR, lambda image: blurred(image, 4.0)),
        (QualityCheck.TOO_DARK, lambda image: exposed(image, -4.0)),
        (QualityCheck.BURNT_OUT, lambda image: exposed(image, 3.5)),
        (QualityCheck.LOW_CONTRAST, lambda image: flattened(image, 0.2)),
        (QualityCheck.UNEVEN_LIGHT, lambda image: side_lit(image, 12.0)),
        (QualityCheck.SIZE, lambda image: image[::3, ::3]),
    ],
)
def test_each_fault_is_named(crown: RgbImage, fault: QualityCheck, spoil) -> None:  # type: ignore[no-untyped-def]
    report = check_quality(np.ascontiguousarray(spoil(crown)), View.CROWN)
    assert fault in report.failures
    assert not report.passed


@pytest.mark.parametrize("scene", [Scene.WALL, Scene.DOCUMENT, Scene.LANDSCAPE])
def test_an_obvious_non_head_is_refused(scene: Scene) -> None:
    assert QualityCheck.NO_SCALP in check_quality(draw_non_scalp(scene, seed=5), View.CROWN).failures


def test_a_trichoscopy_field_is_held_against_its_own_limits() -> None:
    field = draw_trichoscopy(seed=4).image
    report = check_quality(field, View.TRICHOSCOPY)
    assert report.passed, report.failures
    assert {check.check for check in report.checks} == set(TRICHOSCOPY_THRESHOLDS)
    assert QualityCheck.BLUR in check_quality(blurred(field, 8.0), View.TRICHOSCOPY).failures
    assert QualityCheck.NO_SCALP not in thresholds_for(View.TRICHOSCOPY)


def test_all_reasons_are_given_at_once(crown: RgbImage) -> None:
    ruined = exposed(blurred(crown, 5.0), -5.0)
    assert {QualityCheck.BLUR, QualityCheck.TOO_DARK} <= set(check_quality(ruined, View.CROWN).failures)


def test_every_limit_has_a_reason() -> None:
    for view in View:
        for threshold in thresholds_for(view).values():
            assert len(threshold.reason) > 20


def test_twelve_megapixels_are_judged_within_the_moment_of_upload(crown: RgbImage) -> None:
    large = np.ascontiguousarray(np.tile(crown, (5, 5, 1))[:3000, :4000])
    began = time.process_time()
    check_quality(large, View.CROWN)
    assert time.process_time() - began < 1.5
