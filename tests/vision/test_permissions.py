"""The permission matrix, row by row."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from vision.permissions import MATRIX, MISSING, PHOTO_METRICS, Needs, PictureKind, picture_kind, refusal
from vision.permissions_page import NEEDS, permissions_page
from vision.types import Metric, NotMeasurable, Reason, View

SHARES = (
    Metric.COVERAGE_INDEX,
    Metric.SCALP_VISIBILITY,
    Metric.THINNING_SHARE,
    Metric.BALD_SHARE,
    Metric.AFFECTED_SHARE,
)
AREAS = (Metric.THINNING_AREA_MM2, Metric.BALD_AREA_MM2)
COUNTS = (Metric.HAIR_DENSITY, Metric.FOLLICULAR_UNIT_DENSITY)
CALIBRES = (Metric.CALIBRE_MEAN, Metric.VELLUS_SHARE, Metric.CUMULATIVE_THICKNESS)


def reason(metric: Metric, kind: PictureKind, *unmet: Needs) -> Reason | None:
    refused = refusal(metric, kind, {need: NotMeasurable(MISSING[need]) for need in unmet})
    return None if refused is None else refused.reason


def test_every_metric_has_a_row_for_every_kind_of_picture() -> None:
    assert set(MATRIX) == set(product(Metric, PictureKind))
    assert set(MISSING) == set(Needs)


@pytest.mark.parametrize("metric", SHARES)
@pytest.mark.parametrize(
    ("unmet", "expected"),
    [
        ((), None),
        ((Needs.QUALITY,), Reason.QUALITY_FAILED),
        ((Needs.SEGMENTATION,), Reason.MODEL_OFF),
        ((Needs.SCALP,), Reason.TOO_LITTLE_SCALP),
        ((Needs.QUALITY, Needs.SEGMENTATION, Needs.SCALP), Reason.QUALITY_FAILED),
        ((Needs.SCALE, Needs.COUNTING_NETWORK, Needs.VIEWS), None),
    ],
)
def test_shares_of_the_scalp_need_quality_a_network_and_scalp(
    metric: Metric, unmet: tuple[Needs, ...], expected: Reason | None
) -> None:
    assert reason(metric, PictureKind.OVERVIEW, *unmet) is expected


@pytest.mark.parametrize("metric", AREAS)
def test_areas_in_mm2_need_a_scale_as_well(metric: Metric) -> None:
    assert reason(metric, PictureKind.OVERVIEW) is None
    assert reason(metric, PictureKind.OVERVIEW, Needs.SCALE) is Reason.NO_SCALE
    assert reason(metric, PictureKind.OVERVIEW, Needs.SCALE, Needs.SCALP) is Reason.TOO_LITTLE_SCALP


@pytest.mark.parametrize("metric", [*COUNTS, *CALIBRES])
def test_hairs_are_never_counted_on_an_overview(metric: Metric) -> None:
    assert reason(metric, PictureKind.OVERVIEW) is Reason.VIEW_NOT_SUPPORTED


@pytest.mark.parametrize("metric", [*COUNTS, *CALIBRES])
def test_hairs_in_trichoscopy_need_a_counting_network_a_scale_and_clipped_hair(metric: Metric) -> None:
    assert reason(metric, PictureKind.TRICHOSCOPY) is None
    assert reason(metric, PictureKind.TRICHOSCOPY, Needs.COUNTING_NETWORK) is Reason.MODEL_OFF
    assert reason(metric, PictureKind.TRICHOSCOPY, Needs.SCALE) is Reason.NO_SCALE
    assert reason(metric, PictureKind.TRICHOSCOPY, Needs.CLIPPED_HAIR) is Reason.OUT_OF_DOMAIN


@pytest.mark.parametrize(
    ("unmet", "expected"),
    [
        (Needs.FINE_SCALE, Reason.TOO_COARSE),
        (Needs.SHARP_HAIRS, Reason.NOT_SHARP),
        (Needs.CALIBRES, Reason.TOO_FEW_HAIRS),
    ],
)
def test_calibres_need_magnification_sharp_edges_and_free_hairs_and_counts_do_not(
    unmet: Needs, expected: Reason
) -> None:
    assert {reason(metric, PictureKind.TRICHOSCOPY, unmet) for metric in CALIBRES} == {expected}
    assert {reason(metric, PictureKind.TRICHOSCOPY, unmet) for metric in COUNTS} == {None}


@pytest.mark.parametrize("metric", [*SHARES, *AREAS, Metric.SCALP_IN_FRAME, Metric.SEVERITY_INDEX])
def test_shares_and_severity_do_not_exist_in_trichoscopy(metric: Metric) -> None:
    assert reason(metric, PictureKind.TRICHOSCOPY) is Reason.VIEW_NOT_SUPPORTED


def test_severity_belongs_to_the_session_and_needs_views() -> None:
    assert reason(Metric.SEVERITY_INDEX, PictureKind.SESSION) is None
    assert reason(Metric.SEVERITY_INDEX, PictureKind.SESSION, Needs.VIEWS) is Reason.VIEWS_MISSING
    assert reason(Metric.SEVERITY_INDEX, PictureKind.OVERVIEW) is Reason.VIEW_NOT_SUPPORTED
    assert Metric.SEVERITY_INDEX not in PHOTO_METRICS


def test_the_exact_reason_is_passed_on() -> None:
    exact = NotMeasurable(Reason.OUT_OF_DOMAIN, "confidence 0.31")
    assert refusal(Metric.BALD_SHARE, PictureKind.OVERVIEW, {Needs.SCALP: exact}) is exact


def test_only_trichoscopy_is_no_overview() -> None:
    assert [view for view in View if picture_kind(view) is PictureKind.TRICHOSCOPY] == [View.TRICHOSCOPY]


PART_WIDTHS = (Metric.PART_WIDTH_MM, Metric.PART_WIDTH_RATIO)
HAIRLINES = tuple(metric for metric in Metric if metric.value.startswith("hairline_"))


@pytest.mark.parametrize("metric", PART_WIDTHS)
def test_a_part_width_needs_the_part_view_and_a_parting(metric: Metric) -> None:
    assert reason(metric, PictureKind.OVERVIEW) is None
    assert reason(metric, PictureKind.OVERVIEW, Needs.PART_VIEW, Needs.QUALITY) is Reason.VIEW_NOT_SUPPORTED
    assert reason(metric, PictureKind.OVERVIEW, Needs.PARTING, Needs.SCALE) is Reason.NO_PARTING


@pytest.mark.parametrize("metric", HAIRLINES)
def test_a_hairline_needs_the_front_view_both_eyes_and_hair_above_a_forehead(metric: Metric) -> None:
    assert reason(metric, PictureKind.OVERVIEW) is None
    assert reason(metric, PictureKind.OVERVIEW, Needs.FRONT_VIEW) is Reason.VIEW_NOT_SUPPORTED
    assert reason(metric, PictureKind.OVERVIEW, Needs.EYES, Needs.HAIRLINE) is Reason.NO_LANDMARKS
    assert reason(metric, PictureKind.OVERVIEW, Needs.HAIRLINE) is Reason.HAIRLINE_OUT_OF_SIGHT


def test_only_millimetres_need_a_scale_and_only_a_parts_ratio_both_sides_of_the_head() -> None:
    lengths = (*PART_WIDTHS, *HAIRLINES)
    in_mm = {metric for metric in lengths if reason(metric, PictureKind.OVERVIEW, Needs.SCALE)}
    assert in_mm == {metric for metric in lengths if metric.value.endswith("_mm")}
    assert [m for m in lengths if reason(m, PictureKind.OVERVIEW, Needs.HEAD_WIDTH)] == [Metric.PART_WIDTH_RATIO]


def test_the_page_in_docs_is_the_table() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "permissions.md"
    assert page.read_text(encoding="utf-8") == permissions_page()
    assert set(NEEDS) == set(Needs)
