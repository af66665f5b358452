"""The study's own arithmetic: what it calls the same hair, and what it counts."""

from __future__ import annotations

import numpy as np

from vision.evaluation.registration_fields import score, take
from vision.registration import Registration
from vision.registration.fields import register_fields


def site(seed: int) -> np.ndarray:
    """Single hairs that keep apart, N x 5 (mm and um)."""
    random = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(np.arange(0.4, 6.8, 0.9), np.arange(0.4, 5.4, 0.9)), -1).reshape(-1, 2)
    roots = grid + random.uniform(-0.25, 0.25, grid.shape)
    return np.column_stack((roots, roots + np.array((0.4, 0.2)), random.normal(65, 10, len(roots))))


def test_a_site_put_on_again_is_recognised_and_its_hairs_are_followed() -> None:
    random = np.random.default_rng(0)
    hairs = site(1)
    then = take(hairs, (0.0, 0.0, 0.0), (7.1, 5.7), random)
    now = take(hairs, (15.0, 0.4, -0.3), (7.1, 5.7), random)
    found = register_fields(then.field, now.field)
    assert isinstance(found, Registration)
    counts, matches = score(then, now, found)
    assert counts["right"] >= 0.95 * counts["pairs"] > 0
    assert counts["right"] >= 0.9 * counts["true"]
    assert len(matches.kept) == counts["pairs"]


def test_another_site_is_not_the_same_spot() -> None:
    random = np.random.default_rng(0)
    then = take(site(1), (0.0, 0.0, 0.0), (7.1, 5.7), random)
    other = take(site(2), (0.0, 0.0, 0.0), (7.1, 5.7), random)
    assert not isinstance(register_fields(then.field, other.field), Registration)
