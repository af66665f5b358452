"""Training of the region detector goes on where it was stopped, and draws its curve."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("ultralytics")

from safetensors.torch import save_file  # noqa: E402

from vision.training.regions import train  # noqa: E402
from vision.training.torchvision_compat import ensure_torchvision  # noqa: E402


class Stopped(Exception):
    """Somebody pressed Ctrl-C."""


@pytest.fixture
def backbone(tmp_path: Path) -> Path:
    """Weights in the layout of ImageNet's, drawn at random."""
    ensure_torchvision()
    from torchvision.models import mobilenet_v2

    torch.manual_seed(1)
    path = tmp_path / "backbone.safetensors"
    save_file({f"features.{name}": value for name, value in mobilenet_v2().features.state_dict().items()}, path)
    return path


@pytest.fixture
def description(tmp_path: Path) -> Path:
    """Two drawn pictures to train on and one to look at, each with a bright square."""
    for part, count in (("train", 2), ("val", 1)):
        (tmp_path / "images" / part).mkdir(parents=True)
        (tmp_path / "labels" / part).mkdir(parents=True)
        for number in range(count):
            picture = np.full((64, 64, 3), 40, np.uint8)
            picture[16:48, 16:48] = 200
            cv2.imwrite(str(tmp_path / "images" / part / f"{number}.png"), picture)
            outline = "1 0.25 0.25 0.75 0.25 0.75 0.75 0.25 0.75\n"
            (tmp_path / "labels" / part / f"{number}.txt").write_text(outline)
    path = tmp_path / "regions.yaml"
    path.write_text(f"path: {tmp_path}\ntrain: images/train\nval: images/val\nnames:\n  0: thinning\n  1: bald\n")
    return path


def epochs_in(runs: Path) -> list[int]:
    with (runs / "regions" / "detector" / "results.csv").open(newline="") as stream:
        return [int(row["epoch"]) for row in csv.DictReader(stream)]


def test_a_run_that_was_stopped_goes_on_and_one_that_is_through_is_left(
    description: Path, backbone: Path, tmp_path: Path
) -> None:
    runs, told = tmp_path / "runs", list[int]()

    def stop_after_the_first(epoch: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        train(description, backbone, runs, epochs=2, batch=2, size_px=64, after_epoch=stop_after_the_first)
    assert epochs_in(runs) == [1]
    last = train(description, backbone, runs, epochs=2, batch=2, size_px=64, after_epoch=told.append)
    assert told == [1], "the first epoch (0) was not trained again"
    assert epochs_in(runs) == [1, 2]
    assert (last.parent.parent / "curve.png").is_file()
    train(description, backbone, runs, epochs=2, batch=2, size_px=64, after_epoch=told.append)
    assert told == [1]
