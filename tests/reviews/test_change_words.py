"""What a comparison says of the light: a warm lamp on one of two visits is named, and taken out."""

from __future__ import annotations

import numpy as np
import pytest

from reviews.change_words import facts_of, percent_words
from tests.vision.compared import covered, photo, speckled
from vision.change import compare
from vision.change_codec import comparison_to_json


@pytest.mark.parametrize(
    ("gains", "said"),
    [
        ((1.3, 1.0, 0.7), "stops warmer (more red, less blue), which was taken out too. Use the same lamp next time."),
        ((0.75, 1.0, 1.25), "stops colder (more blue, less red)"),
        ((0.85, 1.2, 0.85), "stops greener"),
        ((1.02, 1.0, 0.98), None),
    ],
    ids=["warm", "cold", "green", "the same lamp"],
)
def test_another_lamp_on_the_second_visit_is_said(gains, said) -> None:
    image = speckled(1)
    other = np.clip(255 * ((image / 255.0) ** 2.2 * gains) ** (1 / 2.2), 0, 255).astype(np.uint8)
    facts = facts_of(comparison_to_json(compare(photo(image, covered()), photo(other, covered()))))
    assert facts is not None
    assert (said in facts.light) if said else ("Its light" not in facts.light)


@pytest.mark.parametrize(
    ("percent", "said"), [(7.4, "+7 %"), (-12.0, "−12 %"), (-0.4, "0 %"), (0.2, "0 %"), (None, "")]
)
def test_a_percentage_has_a_true_minus_and_a_zero_has_no_sign(percent, said) -> None:
    assert percent_words(percent) == said
