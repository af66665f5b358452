"""The study of change: the same head again, known changes, and a simulation that judges as the portal does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vision.evaluation.change_figures import tell
from vision.evaluation.change_renders import COVERAGE_WEIGHTS, held
from vision.evaluation.change_simulation import World, own_variance, right_and_wrong
from vision.render import Capture, draw_head, true_labels
from vision.render.head import truth_share
from vision.repeatability import PRIOR_FILE, NoiseSource, Pair, Prior, patient_noise
from vision.types import Metric, View

STUDY = Path(__file__).parents[2] / "docs" / "studies" / "change.json"


def test_the_same_head_again_has_the_same_hair_and_another_picture() -> None:
    size = (240, 180)
    ideal = draw_head(View.CROWN, seed=3, bald=0.2, size=size, capture=Capture())
    again = draw_head(View.CROWN, seed=3, bald=0.2, size=size, capture=Capture(closer=1.1, turn_degrees=20, seed=5))
    assert not np.array_equal(ideal.image, again.image)
    scalp, larger = (float((drawing.truth > 1).mean()) for drawing in (ideal, again))
    assert larger == pytest.approx(scalp * 1.21, rel=0.05)
    bald, still = (float((drawing.truth == 4).sum() / (drawing.truth > 1).sum()) for drawing in (ideal, again))
    assert still == pytest.approx(bald, abs=0.01)
    labels = true_labels(View.CROWN, seed=3, thinning=0.0, bald=0.2, size=size)
    assert truth_share(labels, COVERAGE_WEIGHTS) == pytest.approx(truth_share(ideal.truth, COVERAGE_WEIGHTS), abs=0.5)


def test_takes_stay_within_what_the_protocol_lets_pass() -> None:
    random = np.random.default_rng(1)
    takes = [held(random) for _ in range(200)]
    assert all(abs(take.tilt_up_degrees) <= 10 and abs(take.tilt_right_degrees) <= 10 for take in takes)
    assert np.std([take.closer for take in takes]) == pytest.approx(0.05, abs=0.01)


def test_the_simulation_judges_as_the_portal_does() -> None:
    world = World(sd=2.0, visit_sd=0.0, people_df=8.0)
    takes = np.random.default_rng(2).normal(60, 2, (1, 2, 2))
    variance, df = own_variance(world, takes)
    pairs = [Pair(float(first), float(second)) for first, second in takes[0]]
    noise = patient_noise(Prior(Metric.COVERAGE_INDEX, 2.0, 8.0, {NoiseSource.SHIPPED: 1.0}), pairs)
    assert noise.sd**2 == pytest.approx(float(variance[0]))
    assert noise.df == df


def test_more_repeats_see_more_and_alarms_stay_rare() -> None:
    world = World(sd=2.0, visit_sd=0.5, people_df=8.0)
    one: Any = right_and_wrong(world, repeats=1, falls=(5.0, 10.0), people=20_000)
    four: Any = right_and_wrong(world, repeats=4, falls=(5.0, 10.0), people=20_000)
    assert one["sensitivity"]["5"]["value"] < four["sensitivity"]["5"]["value"]
    assert one["sensitivity"]["5"]["value"] < one["sensitivity"]["10"]["value"]
    assert max(one["false_alarms"]["value"], four["false_alarms"]["value"]) <= 0.055


def test_the_shipped_noise_is_the_studys() -> None:
    report = json.loads(STUDY.read_text())
    assert json.loads(PRIOR_FILE.read_text()) == report["shipped"]
    words = tell(report)
    assert STUDY.with_suffix(".md").read_text() == words
    assert "told at 5" in words
