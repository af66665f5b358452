"""The shipped Norwood stage on men it has not seen, and that its card says what is measured."""

from __future__ import annotations

import pytest

from vision.evaluation.commands import run_task
from vision.release import load_release
from vision.training.data import DEFAULT_DATA

pytestmark = [
    pytest.mark.research,
    pytest.mark.skipif(
        not (DEFAULT_DATA / "norwood").is_dir(), reason="research pictures are not here (RESEARCH_DATA)"
    ),
]


def test_held_out_men_are_graded_as_the_card_says() -> None:
    report = run_task("norwood", DEFAULT_DATA, "test")
    figures = report["metrics"]
    assert figures["kappa_quadratic"]["value"] >= 0.85
    assert figures["within_one"]["value"] >= 0.95
    assert figures["not_gradable"]["value"] <= 0.1
    stated = load_release("norwood-stage").metrics()["test"]["metrics"]
    if report["segmentation_release"] == load_release("norwood-stage").options["segmentation"]:
        assert figures["kappa_quadratic"]["value"] == pytest.approx(stated["kappa_quadratic"]["value"], abs=0.02)
