"""The shipped hair release on patients it has not seen, and on pictures that it should refuse."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from vision.decode import decode_image
from vision.evaluation.trichoscopy import count
from vision.hairs import look, within_domain
from vision.pipeline import HAIRS, analyse_photo, load_networks, newest_releases
from vision.release import Release, load_release
from vision.runtime import Network, open_network
from vision.training.data import DEFAULT_DATA
from vision.training.hairs_data import hairs_on_side, list_hair_files
from vision.types import HairField, ImageKind, Measured, Metric, NotMeasurable, PhotoContext, Reason, View

pytestmark = [
    pytest.mark.research,
    pytest.mark.skipif(
        not (DEFAULT_DATA / "trichoscopy").is_dir(), reason="research pictures are not here (RESEARCH_DATA)"
    ),
]


@cache
def shipped() -> tuple[Network, Release]:
    release = load_release("trichoscopy-hairs")
    return open_network(release), release


def test_hairs_of_unseen_patients_are_found_as_the_card_says() -> None:
    network, release = shipped()
    files = hairs_on_side(list_hair_files(DEFAULT_DATA), "test")[::16]
    seen = [count(file, network, release) for file in files]
    f1 = 2 * sum(one.hits for one in seen) / sum(one.found + one.true for one in seen)
    stated = release.metrics()["tasks"]["trichoscopy"]["metrics"]
    assert f1 >= stated["f1"]["low"] - 0.06  # a sixteenth of the pictures
    assert abs(sum(one.found for one in seen) / sum(one.true for one in seen) - 1) < 0.15


def test_a_field_of_clipped_hair_gets_its_numbers_and_its_picture() -> None:
    file = hairs_on_side(list_hair_files(DEFAULT_DATA), "test")[5]
    networks = load_networks({HAIRS: newest_releases()[HAIRS]})
    context = PhotoContext(View.TRICHOSCOPY, file.px_per_mm)
    first, again = (analyse_photo(file.image.read_bytes(), context, networks) for _ in range(2))
    assert isinstance(first.hairs, HairField)
    assert isinstance(first.measures[Metric.HAIR_DENSITY], Measured)
    assert first.hairs == again.hairs
    assert dict(first.measures) == dict(again.measures)
    assert ImageKind.HAIRS in {image.kind for image in first.images}
    assert first.releases == (newest_releases()[HAIRS],)


def test_unclipped_hair_is_refused_and_clipped_hair_is_not() -> None:
    network, release = shipped()
    unclipped = sorted((DEFAULT_DATA / "trichoscopy_unclipped").rglob("*.jpg"))[::4]
    clipped = hairs_on_side(list_hair_files(DEFAULT_DATA), "test")[::20]
    refused = []
    for path in unclipped:
        image = decode_image(path.read_bytes())
        refused.append(not within_domain(look(image, image.shape[1] / 3.57, network, release), release))
    let_in = [
        within_domain(look(decode_image(file.image.read_bytes()), file.px_per_mm, network, release), release)
        for file in clipped
    ]
    assert np.mean(refused) >= 0.7
    assert np.mean(let_in) >= 0.8


def test_a_refused_picture_says_why() -> None:
    path = sorted((DEFAULT_DATA / "trichoscopy_unclipped").rglob("*.jpg"))[20]
    networks = load_networks({HAIRS: newest_releases()[HAIRS]})
    analysis = analyse_photo(path.read_bytes(), PhotoContext(View.TRICHOSCOPY, 180.0), networks)
    refused = analysis.measures[Metric.HAIR_DENSITY]
    assert isinstance(refused, NotMeasurable)
    assert refused.reason in (Reason.OUT_OF_DOMAIN, Reason.QUALITY_FAILED)
