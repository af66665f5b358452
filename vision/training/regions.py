"""Training of the region detector (A3): ``python -m vision train regions --data DIR``.

ultralytics trains a small YOLO11 segmentation head on a MobileNetV2 backbone with ImageNet weights
(``region_network.yaml``); the network is exported to OpenVINO and from then on decoded by :mod:`vision.regions`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vision.runtime.yolo import NETWORK, quiet_ultralytics
from vision.training.data import DEFAULT_DATA
from vision.training.region_pictures import build_training_folder
from vision.training.region_release import publish_release

SIZE_PX = 256
FROZEN_BLOCKS = 5
"""Blocks of the backbone that keep their ImageNet filters; they cost most of the time."""


def load_backbone(network: Any, weights: Path) -> None:
    """Put ImageNet weights (torchvision layout, made for RGB / 127.5 - 1) into the detector's backbone.

    ultralytics feeds RGB / 255, so the first convolution takes the change of range: weights are doubled and the shift
    goes into the running mean of its batch normalisation.
    """
    import torch
    from safetensors.torch import load_file

    stored = {key.removeprefix("features."): value for key, value in load_file(str(weights)).items()}
    backbone = network.model[0].m
    state = {key: stored[key].to(value.dtype) for key, value in backbone.state_dict().items()}
    first = state["0.0.weight"]
    with torch.no_grad():
        state["0.1.running_mean"] = state["0.1.running_mean"] + first.sum(dim=(1, 2, 3))
        state["0.0.weight"] = first * 2
    backbone.load_state_dict(state)


def train(description: Path, weights: Path, runs: Path, *, epochs: int, batch: int, hours: float | None = None) -> Path:
    """Train; returns the checkpoint of the last epoch (averaged weights).

    ``hours`` ends the training after that time instead of after ``epochs``, the schedule fitted to it.
    """
    quiet_ultralytics(runs / "ultralytics")
    from ultralytics.models.yolo.segment import SegmentationTrainer

    class Trainer(SegmentationTrainer):  # type: ignore[misc]
        def get_model(self, cfg: Any = None, weights_: Any = None, verbose: bool = True, **_: Any) -> Any:
            network = super().get_model(cfg, None, verbose)
            load_backbone(network, weights)
            return network

    trainer = Trainer(
        overrides={
            "model": str(NETWORK),
            "data": str(description),
            "imgsz": SIZE_PX,
            "epochs": epochs,
            "time": hours,
            "batch": batch,
            "nbs": batch,  # a step after every batch
            "device": "cpu",
            "workers": 0,
            "amp": False,
            "plots": False,
            "cache": "ram",
            "project": str((runs / "regions").resolve()),
            "name": "detector",
            "exist_ok": True,
            "seed": 5,
            "optimizer": "AdamW",
            "lr0": 0.0012,
            "lrf": 0.02,
            "cos_lr": True,
            "warmup_epochs": 2.0,
            "weight_decay": 0.01,
            "freeze": [f"0.m.{block}" for block in range(FROZEN_BLOCKS)],
            "overlap_mask": False,  # a bald core lies inside its thinning area: masks may overlap
            "mask_ratio": 4,
            "mosaic": 0.4,
            "close_mosaic": max(4, epochs // 6),
            "degrees": 25.0,
            "translate": 0.12,
            "scale": 0.35,
            "fliplr": 0.5,
            "flipud": 0.1,
            "hsv_h": 0.02,
            "hsv_s": 0.5,
            "hsv_v": 0.35,
            "patience": 0,
        }
    )
    trainer.train()
    return Path(trainer.last)


def main(arguments: Sequence[str] | None = None) -> None:
    """Build the training folder, train and publish; or publish a checkpoint that is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of the research pictures")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of checkpoints and training pictures")
    parser.add_argument("--publish", metavar="VERSION", default="0.4", help="version of the release to write")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--hours", type=float, help="train for this long instead of a number of epochs")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--reuse", type=Path, help="publish this checkpoint instead of training")
    options = parser.parse_args(arguments)
    checkpoint = options.reuse
    if checkpoint is None:
        weights = options.data / "weights" / "mobilenet_v2_imagenet.safetensors"
        dataset = options.runs / "regions" / "dataset"
        description = build_training_folder(options.data, dataset, composited=90, full_hair=50)
        checkpoint = train(
            description, weights, options.runs, epochs=options.epochs, batch=options.batch, hours=options.hours
        )
    quiet_ultralytics(options.runs / "ultralytics")
    release = publish_release(checkpoint, options.data, options.publish, SIZE_PX, epochs_of(checkpoint))
    print(f"{release.id}: {release.metrics()['test']['metrics']}")


def epochs_of(checkpoint: Path) -> int:
    """How many epochs a run of ultralytics finished, from the table beside its checkpoints."""
    table = checkpoint.parent.parent / "results.csv"
    return max(0, len(table.read_text(encoding="utf-8").splitlines()) - 1)


if __name__ == "__main__":
    main()
