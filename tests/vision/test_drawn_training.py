"""Drawn heads in the last stage of the segmentation's training: which they are, and how gently they count."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from vision.evaluation.change_renders import draw_people  # noqa: E402
from vision.training.data import bits  # noqa: E402
from vision.training.drawn_heads import FIRST_SEED, drawn_heads  # noqa: E402
from vision.training.segmentation import Plan, mixed  # noqa: E402
from vision.training.segmentation_pictures import VALIDATION_HEADS  # noqa: E402
from vision.types import ScalpClass  # noqa: E402


def test_drawn_heads_are_drawn_once_and_their_truth_allows_one_class(tmp_path):
    drawn = drawn_heads(3, 1, 240, tmp_path)
    [kept] = drawn_heads(3, 1, 240, tmp_path)
    [photo] = drawn
    assert (photo.image == kept.image).all()
    assert (photo.allowed == kept.allowed).all()
    assert photo.allowed.shape == photo.image.shape[:2]
    assert max(photo.allowed.shape) == 240
    assert set(np.unique(photo.allowed)) <= {bits(one) for one in ScalpClass}
    assert (photo.allowed & bits(*ScalpClass.scalp())).any(), "there is a scalp on it"


def test_no_study_measures_a_head_that_was_trained_on():
    assert max(head.seed for head in draw_people(40)) < FIRST_SEED
    assert VALIDATION_HEADS.start >= Plan().drawn_heads, "nor does the run look at one"


def test_what_ships_lies_between_the_stages():
    before = {"weight": torch.tensor([0.0, 4.0]), "seen": torch.tensor(3)}
    after = {"weight": torch.tensor([1.0, 8.0]), "seen": torch.tensor(9)}
    found = mixed(before, after, 0.75)
    assert found["weight"].tolist() == [0.75, 7.0]
    assert int(found["seen"]) == 3


def test_the_learning_rate_rises_and_falls_in_each_stage():
    plan = Plan(steps=100, drawn_steps=100)
    rates = [plan.rate_at(step) for step in range(plan.last)]
    assert max(rates[:100]) <= plan.learning_rate
    assert rates[99] < 0.1 * plan.learning_rate
    assert rates[100] < rates[150] < plan.drawn_rate
    assert rates[-1] < 0.1 * plan.drawn_rate
