"""The study of numbers apart and pairs together: what it makes of differences whose noise and falls are known."""

from __future__ import annotations

import numpy as np
import pytest

from vision.evaluation import repeats_study
from vision.evaluation.repeats_study import Difference


def still(sd: float) -> list[Difference]:
    random = np.random.default_rng(3)
    return [Difference(float(apart), float(apart) / 2, holds=True) for apart in random.normal(0, sd * 2**0.5, 400)]


def test_the_noise_of_a_take_is_that_of_a_difference_less_the_other_take() -> None:
    apart, together = (repeats_study._noise(still(4.0), way) for way in repeats_study.WAYS)
    assert apart["sd"]["value"] == pytest.approx(4, rel=0.08)
    assert apart["mdc95"]["value"] == pytest.approx(1.96 * 2**0.5 * 4, rel=0.08)
    assert together["sd"]["value"] == pytest.approx(apart["sd"]["value"] / 2, rel=1e-2)
    assert apart["interval_holds"] is None, "only a pair states an interval of its own"
    assert together["interval_holds"]["value"] == 1


def test_a_refused_pair_is_no_difference_of_nothing() -> None:
    refused = [Difference(1.0, None), Difference(-2.0, None)]
    assert repeats_study._noise(refused, "together") == {"pairs": 0}


def test_the_share_of_a_fall_is_counted_from_what_the_person_shows_without_one() -> None:
    people = [
        Difference(offset - share * fall, None, -fall, str(number))
        for number, offset in enumerate((3.0, -2.0, 1.0, 0.5))
        for fall, share in ((0.0, 0.0), (5.0, 0.8), (10.0, 0.8))
    ]
    assert repeats_study._slope(people, "apart")["value"] == pytest.approx(0.8)
