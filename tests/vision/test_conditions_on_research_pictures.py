"""The shipped condition classifier and region detector on photographs of people they have not seen."""

from __future__ import annotations

import numpy as np
import pytest

from vision.areas import affected_areas
from vision.condition import read_condition
from vision.decode import decode_image
from vision.evaluation.regions import Reader, detector_scores
from vision.regions import detect_regions
from vision.release import load_release
from vision.runtime import open_network
from vision.training.condition_pictures import stand_in_pictures
from vision.training.data import DEFAULT_DATA
from vision.training.region_pictures import outlined_photos
from vision.types import Condition, ScalpClass, ScalpMap

pytestmark = [
    pytest.mark.research,
    pytest.mark.skipif(
        not (DEFAULT_DATA / "scalp_regions").is_dir(), reason="research pictures are not here (RESEARCH_DATA)"
    ),
]


def test_full_heads_of_hair_are_seldom_given_a_condition() -> None:
    release = load_release("scalp-condition")
    network = open_network(release)
    heads = [
        picture
        for picture in stand_in_pictures(DEFAULT_DATA)
        if picture.part == "test" and picture.condition is Condition.NO_FINDING and picture.source != "figaro"
    ]
    shown = [read_condition(decode_image(head.path.read_bytes()), network, release)[0].shown for head in heads]
    alarmed = [one for one in shown if one not in (Condition.NO_FINDING, Condition.UNSURE)]
    assert len(shown) >= 10
    assert len(alarmed) <= 0.2 * len(shown)


def test_trichoscopy_is_not_given_a_condition() -> None:
    """It is never asked in the portal; if it were, it should not answer."""
    release = load_release("scalp-condition")
    network = open_network(release)
    fields = sorted((DEFAULT_DATA / "trichoscopy_unclipped").rglob("*.jpg"))[:20]
    shown = [read_condition(decode_image(field.read_bytes()), network, release)[0].shown for field in fields]
    assert sum(one is Condition.UNSURE for one in shown) >= 0.8 * len(shown)


def test_regions_on_unseen_people_are_as_good_as_the_card_says() -> None:
    release, segmentation = load_release("scalp-regions"), load_release("scalp-segmentation")
    photos = [photo for photo in outlined_photos(DEFAULT_DATA / "scalp_regions") if photo.side == "test"]
    found = detector_scores(
        (photo.image() for photo in photos),
        (photo.labels() for photo in photos),
        Reader(open_network(segmentation), segmentation, open_network(release), release),
        [photo.person for photo in photos],
    )
    card = release.metrics()["test"]["metrics"]
    for name in ("precision", "recall"):
        assert found[name].value == pytest.approx(card[name]["value"], abs=0.03)


def test_shares_of_regions_on_real_scalps_are_shares() -> None:
    """With the outlined scalp in place of the segmentation: within 0..100, and near the truth for the largest."""
    release = load_release("scalp-regions")
    network = open_network(release)
    photos = [photo for photo in outlined_photos(DEFAULT_DATA / "scalp_regions") if photo.side == "test"]
    pairs = []
    for photo in photos:
        labels = photo.labels()
        probabilities = np.stack([(labels == kind).astype(np.float32) for kind in ScalpClass])
        regions = detect_regions(photo.image(), ScalpMap(labels, probabilities), network, release)
        assert all(1.0 <= region.share_of_scalp <= 100.0 for region in regions)
        truth = affected_areas(labels)
        if regions and truth:
            pairs.append((max(r.share_of_scalp for r in regions), max(r.share_of_scalp for r in truth)))
    seen, true = np.array(pairs).T
    assert len(pairs) >= 8
    assert float(np.median(np.abs(seen - true))) < 20.0
