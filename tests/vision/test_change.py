"""Comparison of two overview photographs: what changed, where, and how much of it is the camera."""

from __future__ import annotations

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.vision.compared import SIZE, camera, covered, photo, seen_from, speckled
from vision.change import (
    Area,
    CardLight,
    Cause,
    ComparedPhoto,
    ComparisonWarning,
    LightSource,
    PhotoComparison,
    compare,
    corrected,
)
from vision.change.light import in_light_of, light_difference
from vision.change.pictures import change_table
from vision.change_codec import comparison_from_json, comparison_to_json
from vision.colour import to_oklab
from vision.corrections import Outlined, Outlines
from vision.registration import ComparisonReason, NotComparable
from vision.types import (
    CheckResult,
    ImageKind,
    Measured,
    Metric,
    NotMeasurable,
    QualityCheck,
    QualityReport,
    Reason,
    View,
)

SEEN = camera(turn=6, zoom=1.1, shift=(12, 8))
SPOT = (240, 140, 42)


def compared(then: ComparedPhoto, now: ComparedPhoto, **options: object) -> PhotoComparison:
    found = compare(then, now, **options)  # type: ignore[arg-type]
    assert isinstance(found, PhotoComparison)
    return found


@pytest.fixture(scope="module")
def lost() -> PhotoComparison:
    """A bald spot came up in the upper middle; the later photograph is turned and nearer."""
    then = photo(speckled(1), covered(), px_per_mm=2.0)
    now = photo(seen_from(speckled(1), SEEN), seen_from(covered(SPOT), SEEN), px_per_mm=2.2)
    return compared(then, now)


def measured(found: object) -> Measured:
    assert isinstance(found, Measured)
    return found


def test_change_on_the_common_area_is_the_true_one(lost: PhotoComparison) -> None:
    common = lost.change(Metric.COVERAGE_INDEX)
    assert common is not None
    change = measured(common.change)
    true = -100 * np.pi * SPOT[2] ** 2 / (np.pi * 165 * 150)
    assert change.value == pytest.approx(true, abs=0.7)
    assert change.low < true < change.high
    assert common.percent == pytest.approx(100 * change.value / measured(common.then).value)


def test_the_region_that_lost_hair_says_so_and_the_others_do_not(lost: PhotoComparison) -> None:
    changes = {area: measured(one.change) for area in Area if (one := lost.change(Metric.COVERAGE_INDEX, area))}
    assert changes[Area.UPPER].value < -10
    assert abs(changes[Area.LOWER].value) < 0.5
    assert changes[Area.LEFT].value == pytest.approx(changes[Area.RIGHT].value, abs=1.5)


def test_areas_in_mm2_are_those_of_the_earlier_scale(lost: PhotoComparison) -> None:
    bald = lost.change(Metric.BALD_AREA_MM2)
    assert bald is not None
    assert measured(bald.change).value == pytest.approx(np.pi * SPOT[2] ** 2 / 2.0**2, rel=0.08)


def test_the_change_map_shows_the_place_and_leaves_the_rest_blank(lost: PhotoComparison) -> None:
    assert lost.change_map is not None
    [place] = lost.change_map.places
    assert place.change.value < -50
    assert place.position[0] == pytest.approx(0.5, abs=0.05)
    assert place.position[1] == pytest.approx(0.3, abs=0.06)
    assert (
        cv2.pointPolygonTest(
            (np.array(place.polygon) * SIZE).astype(np.float32), (float(SPOT[0]), float(SPOT[1])), False
        )
        > 0
    )
    assert not lost.change_map.values[230:].any()
    assert lost.change_map.values.min() < -0.5


def test_an_unchanged_head_taken_anew_has_a_blank_map_and_no_change() -> None:
    labels = covered(SPOT, (180, 260, 30))
    found = compared(photo(speckled(1), labels), photo(seen_from(speckled(1), SEEN), seen_from(labels, SEEN)))
    assert found.change_map is not None
    assert found.change_map.places == ()
    assert not found.change_map.values.any()
    for change in found.changes:
        if isinstance(change.change, Measured):
            assert change.change.low <= 0 <= change.change.high


def test_pictures_show_the_later_photograph_on_the_earlier_and_the_map(lost: PhotoComparison) -> None:
    kinds = {image.kind: image for image in lost.images}
    assert set(kinds) == {ImageKind.ALIGNED, ImageKind.CHANGE}
    shown = cv2.imdecode(np.frombuffer(kinds[ImageKind.ALIGNED].data, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert shown.shape[:2] == (SIZE[1], SIZE[0])
    middle = (slice(150, 250), slice(180, 300))
    assert np.abs(shown[middle].astype(int) - speckled(1)[middle]).mean() < 10


def test_orange_and_blue_are_told_apart_by_lightness_too() -> None:
    """Equal steps away from the middle, and both ends darker: what little colour somebody sees, the order stays."""
    lightness = to_oklab(change_table().astype(np.float64) / 255)[:, 0]
    assert (np.diff(lightness[:128]) > -0.01).all()
    assert (np.diff(lightness[128:]) < 0.01).all()


def by_darkness(seen: ComparedPhoto) -> ComparedPhoto:
    """A crude network: scalp darker than 110 on average is bald. Light fools it, as light fools networks."""
    assert seen.image.ndim == 3
    dark = cv2.blur(seen.image[..., 1], (21, 21)) < 84
    labels = np.where(dark & (covered() > 0), 4, covered()).astype(np.uint8)
    return replace(seen, scalp=photo(seen.image, labels).scalp)


def test_what_a_clinician_drew_counts_in_place_of_what_the_network_reads_of_any_picture() -> None:
    """The later photograph's light makes the crude network call it bald; the clinician says that it is covered."""
    then = by_darkness(photo(speckled(1), covered()))
    now = by_darkness(photo((speckled(1) * 0.55).astype(np.uint8), covered()))
    assert (now.scalp.labels == 4).mean() > 0.2  # type: ignore[union-attr]
    everywhere = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    rejected = Outlines((Outlined("bald", everywhere, touched=True),))
    spot = tuple((x / SIZE[0], y / SIZE[1]) for x, y in ((200, 100), (280, 100), (280, 180), (200, 180)))
    then = corrected(then, rejected)
    found = compared(then, corrected(now, rejected), measure=by_darkness)
    stated = found.change(Metric.COVERAGE_INDEX)
    assert stated is not None
    assert measured(stated.change).value == pytest.approx(0, abs=0.5)
    drawn = compared(then, corrected(now, Outlines(rejected.regions, (("bald", spot),))), measure=by_darkness)
    stated = drawn.change(Metric.COVERAGE_INDEX)
    assert stated is not None
    true = -100 * 80 * 80 / (np.pi * 160 * 145)  # the rim is no common area
    assert measured(stated.change).value == pytest.approx(true, abs=0.7)
    assert drawn.change_map is not None
    [place] = drawn.change_map.places
    assert place.change.value < -40


def test_what_light_did_is_put_down_to_light() -> None:
    then = by_darkness(photo(speckled(1), covered()))
    dim = np.clip(255 * (speckled(1) / 255.0) ** 2.2 * 0.55, 0, 255)
    now = by_darkness(photo(np.round(255 * (dim / 255) ** (1 / 2.2)).astype(np.uint8), covered()))
    found = compared(then, now, measure=by_darkness)
    assert found.light.exposure_stops == pytest.approx(np.log2(0.55), abs=0.12)
    [cover] = [one for one in found.attributions if one.metric is Metric.COVERAGE_INDEX]
    assert cover.naive < -20
    assert measured(cover.parts[Cause.LIGHT]).value == pytest.approx(cover.naive, abs=0.2 * abs(cover.naive))
    assert sum(measured(part).value for part in cover.parts.values()) == pytest.approx(cover.naive)


FAR = camera(zoom=0.7)


def by_detail(seen: ComparedPhoto) -> ComparedPhoto:
    """A crude network that takes fine structure for bald skin: whoever stands further away looks balder to it."""
    detail = cv2.blur(np.abs(cv2.Laplacian(seen.image[..., 1].astype(np.float32), cv2.CV_32F)), (41, 41))
    scalp = covered() if seen.px_per_mm == 2.0 else seen_from(covered(), FAR)
    return replace(
        seen, scalp=photo(seen.image, np.where((scalp > 0) & (detail > 13), 4, scalp).astype(np.uint8)).scalp
    )


def test_what_distance_did_is_put_down_to_scale_and_is_no_change() -> None:
    then = by_detail(photo(speckled(1), covered(), px_per_mm=2.0))
    now = by_detail(photo(seen_from(speckled(1), FAR), seen_from(covered(), FAR), px_per_mm=1.4))
    found = compared(then, now, measure=by_detail)
    [cover] = [one for one in found.attributions if one.metric is Metric.COVERAGE_INDEX]
    assert cover.naive < -50
    assert measured(cover.parts[Cause.SCALE]).value < 0.8 * cover.naive
    stated = found.change(Metric.COVERAGE_INDEX)
    assert stated is not None
    assert abs(measured(stated.change).value) < 3
    assert found.change_map is not None
    assert found.change_map.places == ()


def test_what_only_one_photograph_shows_is_put_down_to_pose() -> None:
    away = camera(shift=(0, -130))
    labels = covered((240, 90, 45))
    then = photo(speckled(1), labels)
    found = compared(then, photo(seen_from(speckled(1), away), seen_from(labels, away)))
    [cover] = [one for one in found.attributions if one.metric is Metric.COVERAGE_INDEX]
    assert cover.naive > 4
    assert measured(cover.parts[Cause.POSE]).value == pytest.approx(cover.naive, abs=1)
    assert cover.parts[Cause.LIGHT] == NotMeasurable(Reason.MODEL_OFF, "not measured again")
    assert ComparisonWarning.NOT_REMEASURED in found.warnings


def test_cards_speak_before_the_skin_does() -> None:
    image = speckled(1)
    then, now = CardLight((1.0, 1.0, 1.0), 0.5), CardLight((0.8, 1.0, 1.25), 1.0)
    found = light_difference(image, image, covered() > 0, (then, now))
    assert found.source is LightSource.CARD
    assert found.exposure_stops == pytest.approx(-0.5, abs=0.1)
    red, _, blue = found.colour_shift
    assert red - blue == pytest.approx(np.log2(1.25 / 0.8))


def test_a_photograph_in_another_light_is_brought_back() -> None:
    image = speckled(1)
    warm = np.clip(255 * ((image / 255.0) ** 2.2 * (1.3, 1.0, 0.7)) ** (1 / 2.2), 0, 255).astype(np.uint8)
    found = light_difference(image, warm, covered() > 0)
    back = in_light_of(warm, found)
    assert np.abs(back.astype(int) - image)[covered() > 0].mean() < 4


def test_scales_that_contradict_the_registration_are_pointed_out(lost: PhotoComparison) -> None:
    assert ComparisonWarning.SCALES_DISAGREE not in lost.warnings
    then = photo(speckled(1), covered(), px_per_mm=2.0)
    now = photo(seen_from(speckled(1), SEEN), seen_from(covered(), SEEN), px_per_mm=2.0)
    other = compared(then, replace(now, scale_source="two_points"))
    assert {ComparisonWarning.SCALES_DISAGREE, ComparisonWarning.OTHER_SCALE_SOURCE} <= set(other.warnings)
    area = other.change(Metric.BALD_AREA_MM2)
    assert area is not None
    assert isinstance(area.change, NotMeasurable)


FAILED = QualityReport((CheckResult(QualityCheck.BLUR, 1.0, 2.0, False),))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"view": View.OCCIPUT}, ComparisonReason.OTHER_VIEW),
        ({"quality": FAILED}, ComparisonReason.QUALITY_FAILED),
        ({"scalp": None}, ComparisonReason.NO_SCALP),
        ({"image": speckled(5)}, ComparisonReason.TOO_FEW_MATCHES),
    ],
)
def test_pairs_that_cannot_be_compared_say_why(changed: dict[str, object], reason: ComparisonReason) -> None:
    then = photo(speckled(1), covered())
    found = compare(then, replace(then, **changed))  # type: ignore[arg-type]
    assert isinstance(found, NotComparable)
    assert found.reason is reason
    assert comparison_from_json(json.loads(json.dumps(comparison_to_json(found)))) == found


def test_a_comparison_survives_json(lost: PhotoComparison) -> None:
    back = comparison_from_json(json.loads(json.dumps(comparison_to_json(lost))))
    assert isinstance(back, PhotoComparison)
    assert back.registration == lost.registration
    assert back.changes == lost.changes
    assert back.attributions == lost.attributions
    assert back.warnings == lost.warnings
    assert back.change_map is not None
    assert lost.change_map is not None
    assert np.abs(back.change_map.values - lost.change_map.values).max() <= 0.0051
    assert (back.change_map.common == lost.change_map.common).all()
    assert back.change_map.places == lost.change_map.places
