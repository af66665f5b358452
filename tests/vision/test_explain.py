"""Pictures for people: the right size, the right colours, nothing outside the scalp."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.vision.test_measure import disc, scalp_map
from vision.colour import CLASS_COLOURS, density_table, to_oklab
from vision.display import denoised, display_pictures, edges, equalised
from vision.explain import attention_picture, density_picture, mask_picture, overlay_picture
from vision.types import EncodedImage, ImageKind, RgbImage, ScalpClass


def opened(picture: EncodedImage) -> np.ndarray:
    image = Image.open(io.BytesIO(picture.data))
    assert image.size == (picture.width_px, picture.height_px)
    assert Image.MIME[image.format or ""] == picture.media_type
    assert not image.getexif()
    return np.asarray(image)


@pytest.fixture
def photo() -> RgbImage:
    return np.full((1500, 2000, 3), 128, np.uint8)


def left_dense_right_bald() -> np.ndarray:
    labels = np.zeros((150, 200), np.uint8)
    labels[30:120, 30:100] = ScalpClass.DENSE
    labels[30:120, 100:170] = ScalpClass.BALD
    return labels


def test_pictures_are_reduced_to_1280_and_never_enlarged(photo: RgbImage) -> None:
    segmented = scalp_map(left_dense_right_bald())
    attention = np.zeros((7, 7), np.float32)
    pictures = [overlay_picture(photo, segmented), attention_picture(photo, attention)]
    for picture in (*pictures, *display_pictures(photo)):
        assert (picture.width_px, picture.height_px) == (1280, 960)
        opened(picture)
    smooth = density_picture(photo, segmented)  # laid over the photo, enlarged
    assert (smooth.width_px, smooth.height_px) == (480, 360)
    assert overlay_picture(photo[:300, :400], segmented).width_px == 400


def test_the_density_map_is_blue_where_covered_red_where_bald_and_clear_elsewhere(photo: RgbImage) -> None:
    rgba = opened(density_picture(photo, scalp_map(left_dense_right_bald(), certainty=0.999)))
    assert rgba.shape == (360, 480, 4)
    covered, bald, outside = rgba[180, 124], rgba[180, 356], rgba[180, 22]
    assert covered[2] > covered[0] + 60
    assert bald[0] > bald[2] + 60
    assert (covered[3], bald[3], outside[3]) == (255, 255, 0)


def test_half_thin_scalp_is_yellow() -> None:
    middle = density_table()[128].astype(int)
    assert middle[0] > 200
    assert middle[1] > 190
    assert middle[2] < 170


def test_the_density_colours_are_evenly_spaced_to_the_eye() -> None:
    steps = np.linalg.norm(np.diff(to_oklab(density_table() / 255.0), axis=0), axis=1)
    assert steps.max() < 2.2 * np.median(steps)
    assert steps.min() > 0.2 * np.median(steps)


@pytest.mark.parametrize(
    "deficiency",
    [
        ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),  # deuteranopia
        ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),  # protanopia
    ],
)
def test_colour_blind_readers_can_tell_the_ends_and_classes_apart(deficiency: tuple[tuple[float, ...], ...]) -> None:
    """Machado, Oliveira and Fernandes 2009, severity 1.0."""

    def seen(colours: np.ndarray) -> np.ndarray:
        return to_oklab(np.clip(colours / 255.0 @ np.array(deficiency).T, 0, 1))

    table = seen(density_table()[[0, 128, 255]].astype(float))
    classes = seen(np.array(list(CLASS_COLOURS.values()), float))
    for colours in (table, classes):
        for first in range(3):
            for second in range(first):
                assert np.linalg.norm(colours[first] - colours[second]) > 0.15


def test_the_overlay_tints_classes_and_leaves_the_rest(photo: RgbImage) -> None:
    shown = opened(overlay_picture(photo, scalp_map(left_dense_right_bald()))).astype(int)
    assert np.abs(shown[60, 60] - 128).max() <= 4
    bald = shown[480, 900]
    assert bald[0] > bald[2] + 30
    assert np.abs(shown[480, 330] - 128).max() < 30
    outline = shown[480, 186:200].reshape(-1, 3)
    assert (outline[:, 2] - outline[:, 0]).max() > 60


def test_attention_is_bright_where_the_network_looked(photo: RgbImage) -> None:
    attention = np.zeros((7, 7), np.float32)
    attention[1, 1] = 1.0
    shown = opened(attention_picture(photo, attention)).astype(int)
    assert shown[205, 275].sum() > shown[700, 1000].sum() + 120


def test_the_mask_is_the_label_map_itself() -> None:
    labels = disc(0.4, 0.3, 0.3)
    picture = mask_picture(scalp_map(labels))
    assert picture.kind is ImageKind.MASK
    assert (opened(picture) == labels).all()


def test_display_views_do_what_their_names_say(crown: RgbImage) -> None:
    def roughness(image: RgbImage) -> float:
        return float(cv2.Laplacian(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.CV_32F).std())

    assert roughness(denoised(crown)) < 0.7 * roughness(crown)
    dim = (crown // 4).astype(np.uint8)
    assert equalised(dim).std() > 1.3 * dim.std()
    lines = edges(crown)
    assert set(np.unique(lines)) == {0, 255}
    assert 0.01 < (lines == 0).mean() < 0.4
    kinds = [picture.kind for picture in display_pictures(crown)]
    assert kinds == [ImageKind.DENOISED, ImageKind.EDGES, ImageKind.EQUALISED]
