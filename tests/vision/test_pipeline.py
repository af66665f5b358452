"""From a drawn photo to findings, with the networks that ship."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

import numpy as np
import pytest

from tests.vision.conftest import drawn
from vision.evaluation.quality_defects import blurred
from vision.picture_file import ImageRejected
from vision.pipeline import (
    Networks,
    analyse_photo,
    load_networks,
    newest_releases,
    session_condition,
    summarise_session,
    within_domain,
)
from vision.release import ReleaseMissing
from vision.render import Scene, draw_non_scalp, draw_trichoscopy, jpeg_with_exif
from vision.render.head import truth_share
from vision.types import (
    Condition,
    ConditionReading,
    ImageKind,
    Measured,
    Metric,
    NotMeasurable,
    PhotoContext,
    QualityCheck,
    Reason,
    RgbImage,
    ScalpClass,
    ScalpMap,
    Severity,
    View,
)

DISPLAY = {ImageKind.DENOISED, ImageKind.EDGES, ImageKind.EQUALISED}


@cache
def networks() -> Networks:
    """The newest releases; the segmentation is the one no test here can do without."""
    if "segmentation" not in newest_releases():
        pytest.skip("no segmentation has been released yet: vision/releases is empty")
    return load_networks()


def kinds(analysis: object) -> set[ImageKind]:
    return {image.kind for image in analysis.images}  # type: ignore[attr-defined]


@pytest.mark.parametrize("view", [View.CROWN, View.HAIRLINE, View.OCCIPUT, View.TEMPLE_LEFT, View.PART])
def test_a_drawn_head_is_found_and_measured(view: View) -> None:
    analysis = analyse_photo(drawn(view).image, PhotoContext(view), networks())
    share = analysis.measures[Metric.AFFECTED_SHARE]
    assert isinstance(share, Measured)
    assert 0 <= share.low <= share.value <= share.high <= 100
    assert {ImageKind.OVERLAY, ImageKind.DENSITY, ImageKind.MASK} | DISPLAY <= kinds(analysis)
    assert analysis.releases == networks().release_ids
    stages = {"decode", "quality", "segment", "hairs", "lengths", "measure", "regions", "condition", "norwood"}
    assert set(analysis.timings_ms) == stages | {"display", "explain"}


def test_a_balder_drawing_measures_balder() -> None:
    shares = []
    for thinning, bald in ((0.0, 0.0), (0.15, 0.25)):
        picture = drawn(View.CROWN, 5, thinning, bald)
        found = analyse_photo(picture.image, PhotoContext(View.CROWN), networks()).measures[Metric.AFFECTED_SHARE]
        assert isinstance(found, Measured)
        shares.append((found.value, truth_share(picture.truth, (0, 0.5, 1))))
    assert shares[1][0] > shares[0][0] + 10
    assert shares[1][1] > shares[0][1] + 10


def test_a_file_and_its_pixels_say_the_same(crown: RgbImage) -> None:
    from vision.decode import decode_image

    data = jpeg_with_exif(crown, orientation=6, quality=95)
    context = PhotoContext(View.CROWN)
    by_file = analyse_photo(data, context, networks())
    by_pixels = analyse_photo(decode_image(data), context, networks())
    assert by_file.measures == by_pixels.measures
    assert (by_file.width_px, by_file.height_px) == (960, 720)


def test_a_photo_that_failed_quality_is_never_measured(crown: RgbImage) -> None:
    analysis = analyse_photo(blurred(crown, 6.0), PhotoContext(View.CROWN), networks())
    assert QualityCheck.BLUR in analysis.quality.failures
    assert not [found for found in analysis.measures.values() if isinstance(found, Measured)]
    assert isinstance(analysis.condition, NotMeasurable)
    assert analysis.condition.reason is Reason.QUALITY_FAILED
    assert analysis.regions == ()
    assert kinds(analysis) == DISPLAY


@pytest.mark.parametrize("scene", list(Scene))
def test_a_picture_without_a_head_gets_an_abstention(scene: Scene) -> None:
    analysis = analyse_photo(draw_non_scalp(scene, seed=8), PhotoContext(View.CROWN), networks())
    assert not [
        found for metric, found in analysis.measures.items() if isinstance(found, Measured) and "share" in metric
    ]
    assert isinstance(analysis.condition, NotMeasurable) or analysis.condition.shown is Condition.UNSURE
    assert analysis.regions == ()


def test_trichoscopy_without_a_scale_or_without_its_network_says_so() -> None:
    field = draw_trichoscopy(seed=2).image
    unscaled = analyse_photo(field, PhotoContext(View.TRICHOSCOPY), networks())
    assert unscaled.measures[Metric.HAIR_DENSITY] == NotMeasurable(Reason.NO_SCALE)
    assert unscaled.hairs == NotMeasurable(Reason.NO_SCALE)
    off = analyse_photo(field, PhotoContext(View.TRICHOSCOPY, px_per_mm=230.0), Networks())
    assert off.measures[Metric.HAIR_DENSITY] == NotMeasurable(Reason.MODEL_OFF)
    assert off.measures[Metric.COVERAGE_INDEX] == NotMeasurable(Reason.VIEW_NOT_SUPPORTED)
    assert kinds(unscaled) == kinds(off) == DISPLAY


def test_with_networks_off_the_reason_is_given(crown: RgbImage) -> None:
    analysis = analyse_photo(crown, PhotoContext(View.CROWN), Networks())
    assert analysis.quality.passed
    assert analysis.measures[Metric.COVERAGE_INDEX] == NotMeasurable(Reason.MODEL_OFF)
    assert analysis.condition == NotMeasurable(Reason.MODEL_OFF)
    assert analysis.releases == ()
    assert kinds(analysis) == DISPLAY


def test_only_the_networks_that_are_switched_on_are_loaded() -> None:
    networks()
    chosen = load_networks({"segmentation": newest_releases()["segmentation"]})
    assert chosen.segmenter is not None
    assert (chosen.detector, chosen.condition) == (None, None)
    assert load_networks({}) == Networks()
    with pytest.raises(ValueError, match="no such task"):
        load_networks({"palmistry": "palm-1.0"})
    with pytest.raises(ReleaseMissing):
        load_networks({"segmentation": "scalp-segmentation-0.0.0"})


def test_unreadable_bytes_are_rejected() -> None:
    with pytest.raises(ImageRejected):
        analyse_photo(b"not a picture", PhotoContext(View.CROWN), Networks())


def test_a_session_has_an_index_with_parts_and_missing_views() -> None:
    photos = [analyse_photo(drawn(view).image, PhotoContext(view), networks()) for view in (View.CROWN, View.OCCIPUT)]
    session = summarise_session(photos)
    assert isinstance(session.severity, Severity)
    assert [part.view for part in session.severity.parts] == [View.CROWN, View.OCCIPUT]
    assert session.severity.missing_views == (View.TEMPLE_LEFT, View.TEMPLE_RIGHT)
    assert 1 <= session.severity.index.low <= session.severity.index.value <= session.severity.index.high <= 10


def reading(alopecia: float, shown: Condition | None = None, because: Reason | None = None) -> ConditionReading:
    probabilities = {Condition.ALOPECIA: alopecia, Condition.PSORIASIS: 1 - alopecia}
    return ConditionReading(probabilities, shown or Condition.ALOPECIA, 0.6, because)


def test_the_sessions_condition_is_the_mean_of_log_probabilities() -> None:
    pooled = session_condition([reading(0.9), reading(0.6)])
    assert isinstance(pooled, ConditionReading)
    # sqrt(0.9 x 0.6) : sqrt(0.1 x 0.4) = 0.7348 : 0.2
    assert pooled.probabilities[Condition.ALOPECIA] == pytest.approx(0.7348 / 0.9348, abs=1e-3)
    assert pooled.shown is Condition.ALOPECIA


def test_disagreeing_photos_leave_the_session_unsure() -> None:
    pooled = session_condition([reading(0.9), reading(0.1, Condition.PSORIASIS)])
    assert isinstance(pooled, ConditionReading)
    assert pooled.shown is Condition.UNSURE


def test_a_picture_far_from_all_that_was_learnt_is_not_measured() -> None:
    labels = np.full((40, 40), ScalpClass.BALD, np.uint8)
    segmented = ScalpMap(labels, np.zeros((5, 40, 40), np.float32))
    far = within_domain(segmented, reading(0.9, Condition.UNSURE, Reason.OUT_OF_DOMAIN))
    assert isinstance(far, NotMeasurable)
    assert far.reason is Reason.OUT_OF_DOMAIN
    assert within_domain(segmented, reading(0.5, Condition.UNSURE)) is segmented
    assert within_domain(segmented, NotMeasurable(Reason.MODEL_OFF)) is segmented


def test_photos_outside_the_domain_have_no_vote() -> None:
    far = reading(0.01, Condition.UNSURE, Reason.OUT_OF_DOMAIN)
    pooled = session_condition([reading(0.9), far, far, NotMeasurable(Reason.QUALITY_FAILED)])
    assert isinstance(pooled, ConditionReading)
    assert pooled.shown is Condition.ALOPECIA
    alone = session_condition([far])
    assert isinstance(alone, ConditionReading)
    assert (alone.shown, alone.abstained_because) == (Condition.UNSURE, Reason.OUT_OF_DOMAIN)


def test_the_web_process_judges_quality_without_a_network_library() -> None:
    program = (
        "import sys, vision.decode, vision.quality, vision.render, vision.codec, vision.permissions, vision.severity;"
        "heavy = {'torch', 'openvino', 'ultralytics', 'django', 'timm'} & set(sys.modules);"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
