"""Drawings: same seed, same picture; the truth is what was asked for; every drawing says that it is one."""

from __future__ import annotations

import numpy as np
import pytest

from tests.vision.conftest import SIZE, drawn
from vision.evaluation.trichoscopy_matching import in_frame, match_hairs
from vision.hairs import hairs_of, look, within_domain
from vision.release import load_release
from vision.render import HairColour, Scene, SkinTone, draw_head, draw_non_scalp, draw_trichoscopy
from vision.render.head import truth_share
from vision.runtime import open_network
from vision.types import ScalpClass, View

AFFECTED = (0.0, 0.5, 1.0)


@pytest.mark.parametrize("view", [view for view in View if view.is_global])
def test_every_overview_shows_scalp_and_background(view: View) -> None:
    picture = drawn(view)
    assert picture.image.shape == (*SIZE[::-1], 3)
    assert picture.truth.shape == SIZE[::-1]
    scalp = np.isin(picture.truth, ScalpClass.scalp()).mean()
    assert 0.06 < scalp < 0.6
    assert (picture.truth == ScalpClass.BACKGROUND).mean() > 0.2
    assert (picture.truth == ScalpClass.SKIN).any()


def test_a_seed_is_a_head() -> None:
    again = draw_head(View.CROWN, seed=9, bald=0.1, size=(400, 300))
    assert (again.image == draw_head(View.CROWN, seed=9, bald=0.1, size=(400, 300)).image).all()
    other = draw_head(View.CROWN, seed=10, bald=0.1, size=(400, 300))
    assert np.abs(again.image.astype(int) - other.image).mean() > 3


def test_more_loss_is_more_loss_and_the_back_is_spared() -> None:
    shares = [
        truth_share(drawn(View.CROWN, 3, thin, bald).truth, AFFECTED) for thin, bald in ((0, 0), (0.1, 0), (0.1, 0.2))
    ]
    assert shares[0] == 0
    assert shares[0] < shares[1] < shares[2]
    assert truth_share(drawn(View.OCCIPUT, 3, 0.1, 0.2).truth, AFFECTED) < shares[2]


def test_bald_skin_is_lighter_than_dark_hair() -> None:
    picture = draw_head(View.CROWN, seed=2, bald=0.2, thinning=0.1, size=(800, 600))
    grey = picture.image.mean(axis=2)
    assert grey[picture.truth == ScalpClass.BALD].mean() > grey[picture.truth == ScalpClass.DENSE].mean() + 40


def test_every_drawing_carries_its_label() -> None:
    pictures = [drawn(View.CROWN).image, draw_trichoscopy(seed=1).image, draw_non_scalp(Scene.WALL, seed=1)]
    for image in pictures:
        corner = image[-14:, :120].astype(int)
        assert corner.max() > 190
        assert corner.mean() < 140


def test_no_head_is_drawn_through_a_trichoscope() -> None:
    with pytest.raises(ValueError, match="no head"):
        draw_head(View.TRICHOSCOPY, seed=1, size=(400, 300))


def test_trichoscopy_has_the_density_it_says() -> None:
    fields = [draw_trichoscopy(seed=seed, hairs_per_cm2=180, size=(960, 720)) for seed in range(8)]
    assert np.mean([field.hairs_per_cm2 for field in fields]) == pytest.approx(180, rel=0.15)
    for field in fields:
        for hair in field.hairs:
            assert 0 <= hair.root[0] < 960
            assert 0 <= hair.root[1] < 720


def test_drawn_hairs_are_dark_and_as_wide_as_they_say() -> None:
    field = draw_trichoscopy(seed=3, hairs_per_cm2=60, hairs_per_unit=1.0, vellus_share=0.0)
    grey = field.image.mean(axis=2)
    checked = 0
    for hair in field.hairs:
        root, tip = np.array(hair.root), np.array(hair.tip)
        middle = (root + tip) / 2
        if not (60 < middle[0] < 1220 and 60 < middle[1] < 900):
            continue
        along = (tip - root) / np.linalg.norm(tip - root)
        across = np.array((-along[1], along[0]))
        reach = np.arange(-30, 31)
        line = middle + reach[:, None] * across
        profile = grey[line[:, 1].round().astype(int), line[:, 0].round().astype(int)]
        width_um = (profile < 95).sum() / field.px_per_mm * 1000
        assert width_um == pytest.approx(0.9 * hair.calibre_um, rel=0.3, abs=8)
        checked += 1
    assert checked >= 3


def test_a_field_of_hairs_is_drawn_in_every_skin_and_hair_colour() -> None:
    dark = draw_trichoscopy(seed=6, size=(320, 256), skin_tone=SkinTone.DARK, hair_colour=HairColour.GREY)
    usual = draw_trichoscopy(seed=6, size=(320, 256))
    assert dark.hairs == usual.hairs
    assert dark.image.mean() < usual.image.mean() - 40


def test_the_shipped_network_counts_a_drawn_field_as_it_counts_photographs() -> None:
    field = draw_trichoscopy(seed=1003, hairs_per_cm2=120, px_per_mm=233.3, size=(832, 666))
    release = load_release("trichoscopy-hairs")
    seen = look(field.image, field.px_per_mm, open_network(release), release)
    assert within_domain(seen, release)
    found = hairs_of(seen, field.px_per_mm, release)
    true = np.array([(*hair.root, *hair.tip) for hair in field.hairs], np.float32)
    match = match_hairs(found.arrows[in_frame(found.arrows, 832, 666)], true[in_frame(true, 832, 666)], field.px_per_mm)
    assert 2 * match.hits / (match.found + match.true) > 0.8
