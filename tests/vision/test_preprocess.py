"""What was marked on a photo is found in the same place after the network's input was made and undone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.preprocess import preprocess
from vision.release import InputSpec, Release
from vision.segment import segment
from vision.types import ScalpClass

SPEC = InputSpec(128, 128)


class Brightness:
    """A network that calls bright pixels dense hair: channel 1 wins where red is positive."""

    def infer(self, batch):
        red = batch[:, :1]
        return (np.concatenate([-red, red], axis=1).astype(np.float32),)


def _release(tmp_path, spec=SPEC):
    return Release(
        name="brightness",
        version="1",
        task="segmentation",
        architecture="none",
        input=spec,
        classes=("background", "dense"),
        temperature=1.0,
        files={},
        trained_on=(),
        licence_note="",
        folder=tmp_path,
    )


@settings(max_examples=40, deadline=None)
@given(
    st.integers(60, 500),
    st.integers(60, 500),
    st.floats(0.0, 0.5),
    st.floats(0.0, 0.5),
    st.sampled_from(["letterbox", "stretch"]),
)
def test_a_marked_rectangle_lands_where_it_was(tmp_path_factory, height, width, top, left, resize):
    image = np.zeros((height, width, 3), np.uint8)
    rows = slice(round(top * height), round((top + 0.4) * height))
    columns = slice(round(left * width), round((left + 0.4) * width))
    image[rows, columns] = 255
    release = _release(tmp_path_factory.getbasetemp(), InputSpec(128, 128, resize))
    found = segment(image, Brightness(), release)
    seen_rows, seen_columns = np.nonzero(found.labels == ScalpClass.DENSE)
    seen_height, seen_width = found.labels.shape
    assert seen_rows.min() / seen_height == pytest.approx(rows.start / height, abs=1.5 / seen_height)
    assert (seen_rows.max() + 1) / seen_height == pytest.approx(rows.stop / height, abs=1.5 / seen_height)
    assert seen_columns.min() / seen_width == pytest.approx(columns.start / width, abs=1.5 / seen_width)
    assert (seen_columns.max() + 1) / seen_width == pytest.approx(columns.stop / width, abs=1.5 / seen_width)


def test_the_letterbox_is_gone_from_the_result(tmp_path):
    found = segment(np.full((100, 200, 3), 255, np.uint8), Brightness(), _release(tmp_path))
    assert found.labels.shape == (64, 128)
    assert (found.labels == ScalpClass.DENSE).all()


def test_probabilities_sum_to_one_and_an_unknown_class_has_none(tmp_path):
    rng = np.random.default_rng(3)
    found = segment(rng.integers(0, 256, (90, 70, 3), dtype=np.uint8), Brightness(), _release(tmp_path))
    assert found.probabilities.shape == (len(ScalpClass), *found.labels.shape)
    np.testing.assert_allclose(found.probabilities.sum(0), 1, atol=1e-5)
    assert found.probabilities[ScalpClass.SKIN].max() == 0


def test_values_are_scaled_as_the_release_says():
    batch, _ = preprocess(np.full((128, 128, 3), (255, 0, 51), np.uint8), SPEC)
    assert batch.shape == (1, 3, 128, 128)
    np.testing.assert_allclose(batch[0, :, 5, 5], [1.0, -1.0, -0.6], atol=1e-6)


def test_padding_is_neutral():
    batch, place = preprocess(np.full((64, 128, 3), 255, np.uint8), SPEC)
    assert (place.top, place.height) == (32, 64)
    np.testing.assert_allclose(batch[0, :, :32], 127 / 127.5 - 1, atol=1e-6)


@pytest.mark.parametrize("shape", [(10, 10), (10, 10, 4), (0, 10, 3)])
def test_anything_but_rgb_is_refused(shape):
    with pytest.raises(ValueError, match="expected H x W x 3"):
        preprocess(np.zeros(shape, np.uint8), SPEC)
