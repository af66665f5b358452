"""Repeats, noise and verdicts: closed forms, known simulations, and what a patient is told."""

from __future__ import annotations

from math import exp, expm1, log, sqrt

import numpy as np
import pytest
from scipy import stats

from vision.repeatability import (
    RULES,
    SHIPPED_PAIRS,
    Better,
    Noise,
    NoiseSource,
    Outcome,
    Pair,
    Prior,
    Repeatability,
    Scale,
    Verdict,
    agreement,
    clinic_prior,
    patient_noise,
    people_df,
    shipped_prior,
    verdict,
)
from vision.types import Measured, Metric, NotMeasurable, Reason, View

COVERAGE = Metric.COVERAGE_INDEX
DENSITY = Metric.HAIR_DENSITY
UNJUDGED = {Metric.THINNING_SHARE, Metric.THINNING_AREA_MM2, Metric.SCALP_IN_FRAME}
STAGES = {Metric.NORWOOD_STAGE, Metric.LUDWIG_SINCLAIR}


def shares(people: int, sd: float, *, seed: int = 1, bias: float = 0.0) -> list[Pair]:
    """One pair each of people whose coverage differs by 12 points (standard deviation) and varies by ``sd``."""
    random = np.random.default_rng(seed)
    truth = random.normal(60, 12, people)
    takes = truth[:, None] + random.normal(0, sd, (people, 2)) + (0, bias)
    return [Pair(float(first), float(second), str(number)) for number, (first, second) in enumerate(takes)]


def noise_of(metric: Metric, sd: float, df: float = 1000.0) -> Noise:
    return Noise(metric, sd, df, NoiseSource.SHIPPED, {NoiseSource.SHIPPED: 1.0})


def number(value: float) -> Measured:
    return Measured(value, value - 5, value + 5, "%")


def outcome(metric: Metric, then: float, now: float, noise: Noise, **repeats: int) -> Outcome:
    found = verdict(metric, number(then), number(now), noise, **repeats)
    assert isinstance(found, Verdict)
    return found.outcome


def test_every_metric_has_a_scale_and_a_better_side_or_is_known_to_have_none() -> None:
    assert set(Metric) - set(RULES) == UNJUDGED | STAGES
    for metric in (DENSITY, Metric.CALIBRE_MEAN, Metric.CUMULATIVE_THICKNESS, COVERAGE):
        assert RULES[metric].better is Better.HIGHER
    assert RULES[DENSITY].scale is Scale.LOG
    assert RULES[COVERAGE].scale is Scale.ABSOLUTE


def test_noise_of_pairs_and_its_interval_hold_the_truth() -> None:
    inside = 0
    for seed in range(200):
        found = agreement(shares(20, 2.0, seed=seed), COVERAGE)
        assert isinstance(found, Repeatability)
        inside += found.sd.low <= 2.0 <= found.sd.high
    assert 0.90 <= inside / 200 <= 0.99
    assert found.mdc95.value == pytest.approx(1.959964 * sqrt(2) * found.sd.value)
    assert found.cv.value == pytest.approx(100 * found.sd.value / found.mean)


def test_icc_is_shrout_and_fleiss_case_one() -> None:
    # Shrout & Fleiss 1979, table 2, first two of the four judges; one-way analysis of variance by scipy as oracle
    rows = [(9, 2), (6, 1), (8, 4), (7, 1), (10, 5), (6, 2)]
    found = agreement([Pair(first, second, str(n)) for n, (first, second) in enumerate(rows)], COVERAGE)
    assert isinstance(found, Repeatability)
    assert isinstance(found.icc, Measured)
    ratio = stats.f_oneway(*rows).statistic
    assert found.icc.value == pytest.approx((ratio - 1) / (ratio + 1))
    assert found.icc.low < found.icc.value < found.icc.high


def test_repeats_of_different_people_agree_well_and_limits_hold_most_differences() -> None:
    pairs = shares(60, 2.0)
    found = agreement(pairs, COVERAGE)
    assert isinstance(found, Repeatability)
    assert isinstance(found.icc, Measured)
    assert found.icc.value > 0.9
    between = [found.lower_limit.value <= pair.second - pair.first <= found.upper_limit.value for pair in pairs]
    assert np.mean(between) > 0.9
    assert found.lower_limit.low < found.lower_limit.value < found.bias.low < found.bias.high


def test_a_second_take_that_is_always_higher_widens_the_noise() -> None:
    calm, shifted = agreement(shares(60, 2.0), COVERAGE), agreement(shares(60, 2.0, bias=4.0), COVERAGE)
    assert isinstance(calm, Repeatability)
    assert isinstance(shifted, Repeatability)
    assert shifted.bias.low > 0
    assert shifted.sd.value > calm.sd.value + 1


def test_densities_are_judged_in_proportion() -> None:
    pairs = [Pair(100.0, 110.0), Pair(200.0, 220.0), Pair(50.0, 55.0), Pair(300.0, 330.0)]
    found = agreement(pairs, DENSITY)
    assert isinstance(found, Repeatability)
    sd = log(1.1) / sqrt(2)
    assert found.sd.value == pytest.approx(sd)
    assert found.bias.value == pytest.approx(10.0)
    assert found.cv.value == pytest.approx(100 * sqrt(exp(sd**2) - 1))
    assert found.mdc95.value == pytest.approx(100 * expm1(1.959964 * sqrt(2) * sd), rel=1e-5)


@pytest.mark.parametrize("pairs", [[], [Pair(1.0, 2.0)] * 2, [Pair(0.0, 3.0), Pair(float("nan"), 1.0), Pair(2.0, 0.0)]])
def test_too_few_usable_pairs_say_so(pairs: list[Pair]) -> None:
    found = agreement(pairs, DENSITY)
    assert isinstance(found, NotMeasurable)
    assert found.reason is Reason.TOO_FEW_REPEATS


def test_noise_moves_from_shipped_to_the_clinic_to_the_patient() -> None:
    shipped = Prior(COVERAGE, 4.0, 8.0, {NoiseSource.SHIPPED: 1.0})
    assert patient_noise(shipped, []).source is NoiseSource.SHIPPED
    clinic = clinic_prior(shipped, shares(60, 1.0))
    assert 1.0 < clinic.sd < 2.2
    assert patient_noise(clinic, []).source is NoiseSource.CLINIC
    own = [Pair(50.0, 50.0 + shift, "me") for shift in (6, -7, 5, -6, 7, 6, -5, 6, 7, -6)]
    learnt = patient_noise(clinic, own)
    assert learnt.source is NoiseSource.OWN
    assert clinic.sd < learnt.sd < 6.1 / sqrt(2)
    assert learnt.own_pairs == 10
    assert sum(learnt.weights.values()) == pytest.approx(1)
    few = patient_noise(clinic, own[:1])
    assert few.sd < learnt.sd  # one pair moves it little
    assert few.df < learnt.df


def test_the_posterior_is_the_scaled_inverse_chi_squared_one() -> None:
    pairs = [Pair(10.0, 12.0), Pair(20.0, 21.0), Pair(30.0, 27.0)]
    found = patient_noise(Prior(COVERAGE, 2.0, 6.0, {NoiseSource.SHIPPED: 1.0}), pairs)
    own = (4 + 1 + 9) / 6
    assert found.sd**2 == pytest.approx((6 * 4.0 + 3 * own) / 9)
    assert found.df == 9
    half = clinic_prior(Prior(COVERAGE, 2.0, 6.0, {NoiseSource.SHIPPED: 1.0}), pairs * 4)
    assert half.weights[NoiseSource.CLINIC] == pytest.approx(12 / (12 + SHIPPED_PAIRS))


def test_three_percent_below_the_mdc_is_no_detectable_change() -> None:
    noise = noise_of(DENSITY, 0.06)
    assert outcome(DENSITY, 180, 180 * 1.03, noise) is Outcome.NO_DETECTABLE_CHANGE
    assert outcome(DENSITY, 180, 180 * 1.25, noise) is Outcome.IMPROVED
    assert outcome(DENSITY, 180, 180 * 0.80, noise) is Outcome.WORSE
    assert outcome(Metric.BALD_SHARE, 30, 20, noise_of(Metric.BALD_SHARE, 2.0)) is Outcome.IMPROVED


def test_repeats_per_visit_lower_the_mdc() -> None:
    noise = noise_of(COVERAGE, 2.0)
    one, two = noise.detectable(60)[0], noise.detectable(60, 2, 2)[0]
    assert one == pytest.approx(1.96 * sqrt(2) * 2.0, rel=0.01)
    assert two == pytest.approx(one / sqrt(2))
    assert outcome(COVERAGE, 60, 55, noise) is Outcome.NO_DETECTABLE_CHANGE
    assert outcome(COVERAGE, 60, 55, noise, then_repeats=2, now_repeats=2) is Outcome.WORSE


def test_the_change_is_told_in_units_and_percent_with_its_interval() -> None:
    found = verdict(DENSITY, number(100), number(120), noise_of(DENSITY, 0.05))
    assert isinstance(found, Verdict)
    assert found.change.value == pytest.approx(20)
    assert found.percent is not None
    assert found.percent.value == pytest.approx(20)
    assert found.change.low < 20 < found.change.high
    assert found.change.low > 0  # improved: no change is outside the interval
    assert found.detectable_rise > found.detectable_fall  # in proportion: a fall counts from a little less
    low, high = noise_of(DENSITY, 0.05).band(100)
    assert low == pytest.approx(100 - found.detectable_fall)
    assert high == pytest.approx(100 + found.detectable_rise)


def test_what_cannot_be_judged_says_so() -> None:
    unknown = NotMeasurable(Reason.NOT_COMPARED)
    assert verdict(COVERAGE, number(1), number(2), unknown) is unknown
    assert isinstance(shipped_prior(Metric.THINNING_SHARE), NotMeasurable)
    assert isinstance(verdict(DENSITY, number(0), number(2), noise_of(DENSITY, 0.05)), NotMeasurable)
    assert isinstance(agreement(shares(9, 1.0), Metric.NORWOOD_STAGE), NotMeasurable)


def test_false_alarms_stay_at_five_percent_when_people_differ() -> None:
    """People's variances scatter (nu_0 = 8) and four own pairs are known: 1.96 would cry wolf, Student's t does not."""
    random, alarms, rounds = np.random.default_rng(3), 0, 4000
    prior = Prior(COVERAGE, 2.0, 8.0, {NoiseSource.SHIPPED: 1.0})
    for sd in np.sqrt(8 * 4.0 / random.chisquare(8, rounds)):
        own = [Pair(*map(float, random.normal(60, sd, 2))) for _ in range(4)]
        then, now = random.normal(60, sd, 2)
        noise = patient_noise(prior, own)
        alarms += abs(now - then) > noise.threshold()
    assert 0.04 <= alarms / rounds <= 0.06


def _pair(random: np.random.Generator, sd: float, person: str) -> Pair:
    first, second = random.normal(60, sd, 2)
    return Pair(float(first), float(second), person)


def test_how_alike_people_are_is_found_again() -> None:
    random = np.random.default_rng(5)
    pairs = [
        _pair(random, sd, str(person))
        for person, sd in enumerate(np.sqrt(8 * 4.0 / random.chisquare(8, 400)))
        for _ in range(6)
    ]
    assert 5 <= people_df(pairs, COVERAGE) <= 13
    alike = [_pair(random, 2, str(person)) for person in range(300) for _ in range(6)]
    assert people_df(alike, COVERAGE) > 40


def test_the_shipped_noise_is_known_for_what_is_measured_and_judged() -> None:
    for metric, view in ((COVERAGE, View.CROWN), (DENSITY, View.TRICHOSCOPY)):
        found = shipped_prior(metric, view)
        assert isinstance(found, Prior)
        assert found.sd > 0
