"""The Norwood stage: how views are joined, when there is no stage, and that the way the phone was held says nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import Ridge
from sklearn.metrics import cohen_kappa_score

from vision.evaluation.norwood import kappa_quadratic, share
from vision.norwood import (
    HEAD_FILE,
    STAGES,
    VIEWS,
    NorwoodHead,
    grade,
    head_square,
    join_views,
    load_head,
    read_evidence,
    save_head,
    shares,
)
from vision.release import InputSpec, Release
from vision.training.norwood_fit import RIDGE, SHARES, Features, cross_validated_heads, fit, fit_view, scores_of
from vision.types import (
    Condition,
    ConditionReading,
    NorwoodEvidence,
    NorwoodReading,
    NotMeasurable,
    Reason,
    ScalpClass,
    ScalpMap,
    View,
)

ALOPECIA = ConditionReading({Condition.ALOPECIA: 0.9}, Condition.ALOPECIA, 0.6)
SPREAD = np.array([0.6, 0.8, 1.1, 1.1, 1.1])
"""Standard deviations of the views' errors: crown, hairline, temples, occiput."""


class Colours:
    """A network that answers with the mean of each channel, of the upper half and of the whole."""

    def infer(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        upper = batch[:, :, : batch.shape[2] // 2].mean(axis=(2, 3))
        return (np.concatenate([upper, batch.mean(axis=(2, 3))], axis=1),)


@pytest.fixture
def release(tmp_path: Path) -> Release:
    head = NorwoodHead(
        weight=np.zeros((len(VIEWS), 12)) + 0.1,
        bias=np.full(len(VIEWS), 4.0),
        offset=np.zeros(len(VIEWS)),
        slope=np.ones(len(VIEWS)),
        covariance=np.diag(SPREAD**2),
        misfit=np.array([10.8, 13.8, 16.3, 18.5, 20.5]),
    )
    save_head(tmp_path / HEAD_FILE, head)
    return Release(
        "norwood-stage", "9.9", "norwood", "test", InputSpec(32, 32, resize="stretch"), tuple(map(str, STAGES)), 1.0,
        {HEAD_FILE: ""}, (), "", tmp_path,
    )  # fmt: skip


def evidence(**scores: float) -> list[NorwoodEvidence]:
    return [NorwoodEvidence(View(view), score) for view, score in scores.items()]


def reading(found: NorwoodReading | NotMeasurable) -> NorwoodReading:
    assert isinstance(found, NorwoodReading), found
    return found


def half_bald(height: int = 60, width: int = 80) -> ScalpMap:
    probabilities = np.zeros((5, height, width), np.float32)
    probabilities[ScalpClass.BACKGROUND] = 1
    rows, columns = slice(10, 50), slice(20, 60)
    probabilities[:, rows, columns] = 0
    probabilities[ScalpClass.DENSE, 10:30, columns] = 1
    probabilities[ScalpClass.BALD, 30:50, columns] = 1
    return ScalpMap(probabilities.argmax(axis=0).astype(np.uint8), probabilities)


def test_more_views_that_agree_make_the_stage_surer(release: Release) -> None:
    crown = reading(grade(evidence(crown=5.0), release, ALOPECIA, male=True))
    all_views = reading(
        grade(evidence(crown=5.0, hairline=5.1, temple_left=4.8, occiput=5.2), release, ALOPECIA, male=True)
    )
    assert crown.stage == all_views.stage == 5
    assert all_views.probabilities[5] > crown.probabilities[5]
    assert all_views.highest - all_views.lowest <= crown.highest - crown.lowest
    assert sum(all_views.probabilities.values()) == pytest.approx(1)
    assert all_views.views == (View.CROWN, View.HAIRLINE, View.TEMPLE_LEFT, View.OCCIPUT)


def test_the_surer_view_counts_more(release: Release) -> None:
    found = reading(grade(evidence(crown=3.0, hairline=5.0), release, ALOPECIA, male=True))
    weights = 1 / SPREAD[:2] ** 2
    mean = (3 * weights[0] + 5 * weights[1]) / weights.sum()
    assert sum(stage * share for stage, share in found.probabilities.items()) == pytest.approx(mean, abs=0.1)


def test_the_range_holds_ninety_percent_and_the_stage(release: Release) -> None:
    found = reading(grade(evidence(hairline=4.4), release, ALOPECIA, male=True))
    inside = sum(share for stage, share in found.probabilities.items() if found.lowest <= stage <= found.highest)
    assert inside >= 0.9
    assert found.lowest <= found.stage <= found.highest


@pytest.mark.parametrize(
    ("scores", "condition", "male", "why"),
    [
        ({"crown": 5.0}, ALOPECIA, False, Reason.NOT_OFFERED),
        ({"crown": 5.0}, replace(ALOPECIA, shown=Condition.PSORIASIS), True, Reason.NOT_PATTERN_LOSS),
        ({"crown": 5.0}, replace(ALOPECIA, shown=Condition.OTHER), True, Reason.NOT_PATTERN_LOSS),
        ({"occiput": 5.0, "temple_left": 5.0}, ALOPECIA, True, Reason.NOT_GRADABLE),
        ({}, ALOPECIA, True, Reason.NOT_GRADABLE),
        ({"crown": 2.0, "hairline": 7.0}, ALOPECIA, True, Reason.NOT_GRADABLE),
        ({"crown": 2.0}, replace(ALOPECIA, shown=Condition.NO_FINDING), True, Reason.NOT_PATTERN_LOSS),
    ],
)
def test_there_is_no_stage(
    release: Release, scores: dict[str, float], condition: ConditionReading, male: bool, why: Reason
) -> None:
    found = grade(evidence(**scores), release, condition, male=male)
    assert isinstance(found, NotMeasurable)
    assert found.reason is why


def test_loss_that_the_condition_network_overlooked_is_graded(release: Release) -> None:
    nothing = replace(ALOPECIA, shown=Condition.NO_FINDING)
    assert reading(grade(evidence(crown=5.0), release, nothing, male=True)).stage == 5
    assert reading(grade(evidence(crown=2.0), release, NotMeasurable(Reason.MODEL_OFF), male=True)).stage == 2


def test_without_a_released_network_there_is_no_stage() -> None:
    found = grade([], None, ALOPECIA, male=True)
    assert isinstance(found, NotMeasurable)
    assert found.reason is Reason.NO_RELEASED_MODEL


def test_how_the_phone_was_held_says_nothing(release: Release) -> None:
    scalp_map = half_bald()
    image = np.random.default_rng(1).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    upright = read_evidence(image, scalp_map, View.CROWN, Colours(), release)
    turned = ScalpMap(
        np.rot90(scalp_map.labels).copy(), np.ascontiguousarray(np.rot90(scalp_map.probabilities, axes=(1, 2)))
    )
    held = read_evidence(np.ascontiguousarray(np.rot90(image)), turned, View.CROWN, Colours(), release)
    assert isinstance(upright, NorwoodEvidence)
    assert isinstance(held, NorwoodEvidence)
    assert held.score == pytest.approx(upright.score, abs=0.02)
    assert isinstance(read_evidence(image, scalp_map, View.PART, Colours(), release), NotMeasurable)


def test_the_square_around_the_head_has_the_head_in_its_middle() -> None:
    image = np.zeros((120, 160, 3), np.uint8)
    image[20:100, 40:120] = 255  # where the scalp of half_bald lies, at twice its size
    square = head_square(image, half_bald())
    assert square.shape == (96, 96, 3)
    assert square[48, 48].tolist() == [255, 255, 255]
    white = (square == 255).all(axis=2)
    assert abs(float(white.mean()) - (80 / 96) ** 2) < 0.02
    nothing = ScalpMap(np.zeros((6, 8), np.uint8), np.zeros((5, 6, 8), np.float32))
    assert head_square(image, nothing).shape == (160, 160, 3)


def test_shares_are_of_the_visible_scalp() -> None:
    assert shares(half_bald()) == pytest.approx([0.5, 0, 0.5, 0.5**0.5, 0, 0.5**0.5])


def men(count: int = 60, seed: int = 0, copies: int = 2) -> Features:
    random = np.random.default_rng(seed)
    stages = random.integers(2, 8, count).astype(float)
    direction = random.normal(size=10)
    served = stages[:, None, None] * direction + random.normal(size=(count, len(VIEWS), 10)) * 2
    served[3, 1] = np.nan
    return Features(np.repeat(served[:, :, None], copies, axis=2), served, stages)


def test_a_view_is_fitted_as_ridge_regression_is() -> None:
    features = men()
    weight, bias = fit_view(features.copies[:, 0], features.stages)
    rows = features.copies[:, 0].reshape(-1, 10)
    importance = np.ones(10)
    importance[-SHARES:] = np.sqrt(5.0)
    scaled = (rows - rows.mean(axis=0)) / rows.std(axis=0) * importance / np.sqrt(importance @ importance)
    oracle = Ridge(alpha=RIDGE).fit(scaled, np.repeat(features.stages, 2))
    assert rows @ weight + bias == pytest.approx(oracle.predict(scaled), abs=1e-6)


def test_fitted_heads_grade_men_they_have_not_seen() -> None:
    features = men()
    right = []
    for man, head in cross_validated_heads(features, 0):
        row = scores_of(features.of(np.array([man])), head.weight, head.bias)[0]
        found = join_views({v: float(s) for v, s in zip(VIEWS, row, strict=True) if not np.isnan(s)}, head)
        right.append(isinstance(found, NorwoodReading) and abs(found.stage - features.stages[man]) <= 1)
    assert len(right) == 60
    assert np.mean(right) > 0.9


def test_fitting_twice_gives_the_same_head(tmp_path: Path, release: Release) -> None:
    heads: list[Any] = [fit(men(count=30)) for _ in range(2)]
    save_head(tmp_path / HEAD_FILE, heads[0])
    back = load_head(replace(release, folder=tmp_path))
    for name in ("weight", "bias", "offset", "slope", "covariance", "misfit"):
        assert np.array_equal(getattr(heads[0], name), getattr(heads[1], name))
    assert back.weight.shape == heads[0].weight.shape or back.weight.shape == (len(VIEWS), 12)


def test_a_share_without_a_miss_is_not_sure_of_itself() -> None:
    people = [str(number) for number in range(25)]
    found = share(np.ones(25, np.bool_), people)
    assert found is not None
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(0.867, abs=0.001)  # Wilson, 25 of 25
    mixed = share(np.arange(25) % 5 > 0, people)
    assert mixed is not None
    assert mixed.low < mixed.value == 0.8 < mixed.high


def test_kappa_is_scikit_learns() -> None:
    random = np.random.default_rng(2)
    truth, said = random.integers(2, 8, 50), random.integers(2, 8, 50)
    said = np.where(random.random(50) < 0.6, truth, said)
    expected = cohen_kappa_score(truth, said, weights="quadratic", labels=list(STAGES))
    assert kappa_quadratic(truth, said) == pytest.approx(expected)
