"""The loss for labels that are sets, the split by person, and what the readers say a mask allows."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from vision.training.data import (
    DEFAULT_DATA,
    HAIR,
    NO_HAIR,
    OUTSIDE,
    allowed_from_hair_mask,
    allowed_from_scalp_regions,
    bits,
    hair_mask_person,
    list_hair_masks,
    list_scalp_regions,
    scalp_region_person,
)
from vision.training.split import side_of
from vision.types import ScalpClass

needs_data = pytest.mark.skipif(
    not (DEFAULT_DATA / "scalp_regions").is_dir(), reason="research pictures are not here (RESEARCH_DATA)"
)


def test_partial_label_loss_is_minus_log_of_the_allowed_probability():
    torch = pytest.importorskip("torch")
    from vision.training.partial_loss import marginal_log_loss

    logits = torch.tensor(np.random.default_rng(0).normal(size=(2, 4, 3, 5)))
    possible = torch.tensor(np.random.default_rng(1).random((2, 4, 3, 5)) < 0.5)
    possible[:, 0] |= ~possible.any(1)
    probabilities = np.exp(logits.numpy()) / np.exp(logits.numpy()).sum(1, keepdims=True)
    by_hand = -np.log((probabilities * possible.numpy()).sum(1)).mean()
    assert float(marginal_log_loss(logits, possible)) == pytest.approx(by_hand, rel=1e-5)


def test_loss_is_cross_entropy_with_one_class_and_nothing_with_all():
    torch = pytest.importorskip("torch")
    from vision.training.partial_loss import marginal_log_loss

    logits = torch.tensor(np.random.default_rng(0).normal(size=(1, 4, 6, 6))).float()
    labels = torch.tensor(np.random.default_rng(1).integers(0, 4, (1, 6, 6)))
    one = torch.nn.functional.one_hot(labels, 4).permute(0, 3, 1, 2).bool()
    expected = torch.nn.functional.cross_entropy(logits, labels)
    assert float(marginal_log_loss(logits, one)) == pytest.approx(float(expected), rel=1e-5)
    assert float(marginal_log_loss(logits, torch.ones_like(one))) == pytest.approx(0, abs=1e-6)


def test_pixels_without_any_possible_class_do_not_count():
    torch = pytest.importorskip("torch")
    from vision.training.partial_loss import marginal_log_loss

    logits = torch.zeros(1, 4, 1, 2)
    possible = torch.zeros(1, 4, 1, 2, dtype=torch.bool)
    possible[0, 2, 0, 0] = True
    assert float(marginal_log_loss(logits, possible)) == pytest.approx(np.log(4))


def test_group_dice_is_nothing_for_a_perfect_answer_and_ignores_the_undecided():
    torch = pytest.importorskip("torch")
    from vision.training.partial_loss import group_dice_loss

    possible = torch.zeros(1, 4, 1, 3, dtype=torch.bool)
    possible[0, 3, 0, 0] = possible[0, 0, 0, 1] = True
    possible[0, :, 0, 2] = True  # anything may be here
    probabilities = torch.zeros(1, 4, 1, 3)
    probabilities[0, 3, 0, 0] = probabilities[0, 0, 0, 1] = probabilities[0, 3, 0, 2] = 1
    assert float(group_dice_loss(probabilities, possible, [[1, 2, 3], [3]])) == pytest.approx(0)
    wrong = probabilities.flip(-1)
    assert float(group_dice_loss(wrong, possible, [[3]])) == pytest.approx(0)  # flipping moved only the undecided
    probabilities[0, :, 0, 0] = torch.tensor([1.0, 0, 0, 0])
    assert float(group_dice_loss(probabilities, possible, [[3]])) == pytest.approx(1 - 1 / 2)


def test_channels_of_a_label_set():
    torch = pytest.importorskip("torch")
    from vision.training.partial_loss import allowed_channels
    from vision.training.segmentation_validation import CHANNEL_BITS

    allowed = torch.tensor([[[OUTSIDE, HAIR, NO_HAIR, bits(ScalpClass.BALD)]]], dtype=torch.uint8)
    expected = [[1, 0, 1, 0], [0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1]]
    assert allowed_channels(allowed, CHANNEL_BITS)[0, :, 0].int().tolist() == expected


def test_scalp_region_values_name_one_class_each():
    allowed = allowed_from_scalp_regions(np.array([[0, 1, 2, 3]], np.uint8))
    assert allowed.tolist() == [[OUTSIDE, bits(ScalpClass.DENSE), bits(ScalpClass.THINNING), bits(ScalpClass.BALD)]]


def test_bare_scalp_is_possible_beside_hair_but_not_far_below_it():
    mask = np.zeros((100, 100), np.uint8)
    mask[30:50, 40:60] = 255
    allowed = allowed_from_hair_mask(mask)
    assert allowed[40, 50] == HAIR
    assert allowed[20, 50] == NO_HAIR  # a crown above a fringe
    assert allowed[80, 50] == OUTSIDE  # a chin, a shirt
    assert (allowed_from_hair_mask(np.zeros((10, 10), np.uint8)) == NO_HAIR).all()


def test_names_of_people():
    assert hair_mask_person("lfw_Jennifer_Lopez_0009") == hair_mask_person("lfw_Jennifer_Lopez_0001")
    assert hair_mask_person("figaro_00001") == "figaro_00001"
    assert scalp_region_person("norwood_p057_top_down") == "p057"
    assert scalp_region_person("clinic_top_003") == "top_003"


def test_split_is_stable_and_near_its_shares():
    sides = [side_of(f"person-{number}") for number in range(4000)]
    assert sides[:6] == [side_of(f"person-{number}") for number in range(6)]
    assert sides.count("test") / 4000 == pytest.approx(0.25, abs=0.03)
    assert sides.count("validation") / 4000 == pytest.approx(0.12, abs=0.03)


def test_sides_of_these_people_never_move():
    # Figures in released cards rest on this: a change here turns seen people into unseen ones.
    fixed = {"p000": "train", "p002": "test", "p010": "validation", "top_003": "test", "lfw_Jennifer_Lopez": "test"}
    assert {person: side_of(person) for person in fixed} == fixed


@needs_data
@pytest.mark.research
def test_no_person_is_on_two_sides():
    with (DEFAULT_DATA / "norwood" / "labels.csv").open(newline="") as stream:
        norwood = {row["person"] for row in csv.DictReader(stream)}
    regions = list_scalp_regions(DEFAULT_DATA)
    assert {file.person for file in regions if file.image.stem.startswith("norwood_")} <= norwood
    for files in (regions, list_hair_masks(DEFAULT_DATA)):
        held_out = {file.person for file in files if side_of(file.person) == "test"}
        rest = {file.person for file in files if side_of(file.person) != "test"}
        assert held_out
        assert not held_out & rest
        people_by_name = {scalp_region_person(Path(file.image).stem) for file in regions}
        assert {file.person for file in regions} == people_by_name
