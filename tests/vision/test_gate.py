"""What the gate sees of a head: the network at the gate, faces, covers, distance, casts; and what it costs."""

from __future__ import annotations

import subprocess
import sys
import time

import cv2
import numpy as np
import pytest

from tests.vision.conftest import drawn
from vision.calibration_card import CardReading, read_card
from vision.evaluation.light_study import Lamp, under
from vision.evaluation.quality_defects import coloured, distant, glossy
from vision.quality import check_upload
from vision.quality.colour import cast_on_head, warmth
from vision.quality.covers import MOST_COVERED, cover_reader, score
from vision.quality.head import look_for_head
from vision.quality.limits import CAST, OTHER_VIEW
from vision.quality.readers import VIEWS_READ, Reader, against, view_reader
from vision.render import SkinTone, draw_head, draw_trichoscopy
from vision.render.card import CardPose, lay_card
from vision.render.covers import Cover, draw_cover
from vision.training.gate_covers import with_itself
from vision.types import QualityCheck, RgbImage, ScalpClass, View


@pytest.fixture(scope="module")
def crown() -> RgbImage:
    return drawn(View.CROWN, 3).image


@pytest.mark.parametrize("view", [View.CROWN, View.HAIRLINE, View.TEMPLE_LEFT, View.OCCIPUT])
def test_a_good_head_passes_without_a_word(view: View) -> None:
    report = check_upload(drawn(view, 3).image, view)
    assert report.passed
    assert report.warnings == ()


def test_a_small_head_is_refused_as_too_far(crown: RgbImage) -> None:
    assert QualityCheck.TOO_FAR in check_upload(distant(crown, 0.4), View.CROWN, short_edge_px=1000).failures


def test_a_close_up_sent_as_an_overview_shows_no_scalp() -> None:
    field = draw_trichoscopy(seed=5).image
    assert QualityCheck.NO_SCALP in check_upload(field, View.CROWN).failures


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda image: coloured(image, 3.0), QualityCheck.COLOUR_CAST),
        (lambda image: glossy(image, 0.08), QualityCheck.GLARE),
    ],
    ids=["blue light", "reflexes"],
)
def test_a_likely_fault_is_said_and_does_not_refuse(crown: RgbImage, spoil, fault: QualityCheck) -> None:
    report = check_upload(spoil(crown), View.CROWN)
    assert fault in report.warnings
    assert report.passed


@pytest.mark.parametrize("cover", list(Cover))
def test_a_cover_across_the_head_is_said_and_does_not_refuse(crown: RgbImage, cover: Cover) -> None:
    height, width = crown.shape[:2]
    box = (0.25 * width, 0.2 * height, 0.75 * width, 0.8 * height)
    report = check_upload(draw_cover(crown, box, cover, np.random.default_rng(4)).image, View.CROWN)
    assert QualityCheck.COVERED in report.warnings


def test_the_cells_that_look_most_covered_speak_for_the_picture() -> None:
    reader = Reader(np.array([[0.0, 1.0]], np.float32), np.zeros(2, np.float32), "")
    free, covered = np.full((40, 1), -5, np.float32), np.full((MOST_COVERED, 1), 3, np.float32)
    assert score(np.concatenate([free, covered]), reader) == pytest.approx(3.0)
    assert score(np.concatenate([free, covered[:1]]), reader) < 0


def test_a_head_pasted_on_itself_is_a_free_example(crown: RgbImage) -> None:
    pasted = with_itself(crown, (100.0, 100.0, 400.0, 400.0), Cover.HAND, np.random.default_rng(4))
    assert (pasted.image != crown).any()
    assert not pasted.share.any()


def test_the_card_tells_a_cast_that_the_head_alone_does_not(crown: RgbImage) -> None:
    light = (0.95, 0.7, 0.42)
    shown = lay_card((crown * np.array(light)).astype(np.uint8), CardPose(centre=(0.2, 0.85)), light=light)
    card = read_card(shown)
    assert isinstance(card, CardReading)
    told = check_upload(shown, View.CROWN, white_balance=card.white_balance)
    assert QualityCheck.COLOUR_CAST in told.warnings


@pytest.mark.parametrize("skin", list(SkinTone))
def test_a_warm_lamp_is_told_from_warm_skin(skin: SkinTone) -> None:
    head = draw_head(View.CROWN, seed=3, thinning=0.4, bald=0.2, skin_tone=skin, size=(640, 480))
    scalp = np.isin(head.truth, ScalpClass.scalp())
    assert CAST.passes(cast_on_head(head.image, scalp)), "skin of every tone is warm in white light"
    assert not CAST.passes(cast_on_head(under(head.image, Lamp(2.5)), scalp))


def test_the_warmth_of_a_lamp_is_told_in_stops(crown: RgbImage) -> None:
    scalp = np.ones(crown.shape[:2], bool)
    plain, warm = warmth(crown, scalp), warmth(under(crown, Lamp(1.0, -0.5)), scalp)
    assert 0.5 < warm - plain < 1.1  # two witnesses follow red over blue, the third blue alone


def test_what_needs_light_is_not_asked_in_the_dark(crown: RgbImage) -> None:
    black = (crown * 0.1).astype(np.uint8)
    report = check_upload(black, View.CROWN)
    assert QualityCheck.TOO_DARK in report.failures
    assert QualityCheck.TOO_FAR not in {result.check for result in report.checks}


def test_the_gate_sees_the_scalp_where_it_was_drawn() -> None:
    head = drawn(View.CROWN, 3)
    look = look_for_head(head.image)
    there = np.isin(head.truth, ScalpClass.scalp())
    seen = look.mask(there.shape[1], there.shape[0])
    assert (seen & there).sum() / (seen | there).sum() > 0.8


def test_the_reader_was_fitted_on_the_network_it_reads() -> None:
    assert view_reader().knows_the_network, "fit it again: python -m vision train gate_views"
    assert cover_reader().knows_the_network, "fit it again: python -m vision train gate_covers"


@pytest.mark.parametrize(
    ("shown", "asked", "told"),
    [
        (View.HAIRLINE, View.HAIRLINE, None),
        (View.TEMPLE_LEFT, View.CROWN, View.TEMPLE_LEFT),
        (View.TEMPLE_LEFT, View.TEMPLE_RIGHT, View.TEMPLE_LEFT),
        (View.HAIRLINE, View.PART, None),  # a parting may be seen from the front
        (View.OCCIPUT, View.PART, View.OCCIPUT),
    ],
)
def test_another_view_is_told_only_where_the_reader_is_sure(shown: View, asked: View, told: View | None) -> None:
    sure = np.full(len(VIEWS_READ), 0.001, np.float32)
    sure[VIEWS_READ.index(shown)] = 0.996
    other = against(sure, asked)
    assert (None if OTHER_VIEW.passes(other.certainty) else other.view) == told
    unsure = np.full(len(VIEWS_READ), 0.2, np.float32)
    assert OTHER_VIEW.passes(against(unsure, asked).certainty)


@pytest.mark.parametrize("quarters", [0, 1, 2])
def test_a_head_from_behind_sent_as_its_left_side_is_named_whichever_way_the_telephone_was_held(quarters: int) -> None:
    back = np.ascontiguousarray(np.rot90(drawn(View.OCCIPUT, 3).image, quarters))
    report = check_upload(back, View.TEMPLE_LEFT)
    told = next(check for check in report.checks if check.check is QualityCheck.WRONG_VIEW)
    assert (told.passed, told.refuses, told.detail) == (False, False, View.OCCIPUT)
    assert QualityCheck.WRONG_VIEW not in check_upload(back, View.OCCIPUT).warnings


def test_the_gate_answers_within_its_time() -> None:
    """1.5 s of two cores for everything an upload costs; the gate's share of it, on a photo cut to 2048 px."""
    large = cv2.resize(drawn(View.HAIRLINE, 3).image, (2048, 1536), interpolation=cv2.INTER_CUBIC)
    check_upload(large, View.HAIRLINE)
    start = time.process_time()
    check_upload(large, View.HAIRLINE)
    assert time.process_time() - start < 1.2


def test_the_gate_loads_no_library_of_networks() -> None:
    code = (
        "import sys, numpy; from vision.quality import check_upload; from vision.types import View;"
        "check_upload(numpy.random.default_rng(1).integers(0, 255, (600, 600, 3), numpy.uint8), View.CROWN);"
        "sys.exit(str({'torch', 'openvino', 'onnx'} & set(sys.modules) or 0) if {'torch', 'openvino', 'onnx'}"
        " & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
