"""How often eyes are found in ordinary photographs of people, whose hair may be long."""

from __future__ import annotations

import pytest

from vision.decode import decode_image
from vision.hairline import Eyes, find_eyes
from vision.release import load_release
from vision.runtime import open_network
from vision.segment import segment
from vision.training.data import DEFAULT_DATA, list_hair_masks, on_side

pytestmark = [
    pytest.mark.research,
    pytest.mark.skipif(
        not (DEFAULT_DATA / "hair_masks").is_dir(), reason="research pictures are not here (RESEARCH_DATA)"
    ),
]


def test_both_eyes_are_found_in_most_faces() -> None:
    faces = [file for file in on_side(list_hair_masks(DEFAULT_DATA / "hair_masks"), "test") if file.source == "lfw"]
    release = load_release("scalp-segmentation")
    network = open_network(release)
    images = [decode_image(file.image.read_bytes()) for file in faces[::8]]
    found = [find_eyes(image, segment(image, network, release)) for image in images]
    eyes = [one for one in found if isinstance(one, Eyes)]
    assert len(eyes) >= 0.65 * len(images)
    assert all(0.3 < (one.first[1] + one.second[1]) / 2 < 0.6 for one in eyes), (
        "faces lie in the middle of these pictures"
    )
