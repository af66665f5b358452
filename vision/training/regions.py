"""Training of the region detector (A3): ``python -m vision train regions --data DIR``.

ultralytics trains a small YOLO11 segmentation head on a MobileNetV2 backbone with ImageNet weights
(``region_network.yaml``); the network is exported to OpenVINO and from then on decoded by :mod:`vision.regions`.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Sequence
from enum import Enum, auto
from pathlib import Path
from typing import Any

from vision.runtime.yolo import NETWORK, quiet_ultralytics
from vision.training.curve import save_curve
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


def train(
    description: Path,
    weights: Path,
    runs: Path,
    *,
    epochs: int,
    batch: int,
    hours: float | None = None,
    size_px: int = SIZE_PX,
    seed: int = 5,
    device: str = "cpu",
    after_epoch: Callable[[int], None] = lambda _epoch: None,
) -> Path:
    """Train, or go on where a run in the same folder was stopped; returns the checkpoint of the last epoch (averaged
    weights). A run that is through is not trained again.

    ``hours`` ends the training after that time instead of after ``epochs``, the schedule fitted to it. The losses and
    the figures on the validation people are drawn beside the checkpoints (``curve.png``). ``after_epoch`` is told every
    epoch that was kept.
    """
    quiet_ultralytics(runs / "ultralytics")
    from ultralytics.models.yolo.segment import SegmentationTrainer

    class Trainer(SegmentationTrainer):  # type: ignore[misc]
        def get_model(self, cfg: Any = None, weights: Any = None, verbose: bool = True) -> Any:
            network = super().get_model(cfg, weights, verbose)
            if weights is None:
                load_backbone(network, backbone)
            return network

    backbone, home = weights, (runs / "regions" / "detector").resolve()
    last = home / "weights" / "last.pt"
    state = _state_of(last)
    if state is _State.THROUGH:
        return last
    trainer = Trainer(
        overrides={
            **({"resume": str(last)} if state is _State.STOPPED else {}),
            "model": str(NETWORK),
            "data": str(description),
            "imgsz": size_px,
            "epochs": epochs,
            "time": hours,
            "batch": batch,
            "nbs": batch,  # a step after every batch
            "device": device,
            "workers": 0,
            "amp": False,  # its own test of it wants a network from the internet
            "plots": False,
            "cache": "ram",
            "project": str(home.parent),
            "name": home.name,
            "exist_ok": True,
            "seed": seed,
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

    def kept(running: Any) -> None:
        draw_curve(home)
        after_epoch(int(running.epoch))

    trainer.add_callback("on_model_save", kept)
    trainer.train()
    return Path(trainer.last)


class _State(Enum):
    NONE = auto()
    STOPPED = auto()
    THROUGH = auto()


def _state_of(checkpoint: Path) -> _State:
    """ultralytics takes the optimiser out of the checkpoint of a run that is through, and its epoch with it."""
    import torch

    if not checkpoint.is_file():
        return _State.NONE
    kept = torch.load(checkpoint, map_location="cpu", weights_only=False)
    return _State.THROUGH if int(kept["epoch"]) < 0 else _State.STOPPED


def draw_curve(home: Path) -> None:
    """``curve.png`` from the table that ultralytics writes: losses, precision, recall and mAP of the masks."""
    with (home / "results.csv").open(newline="", encoding="utf-8") as stream:
        rows = [{name.strip(): float(value) for name, value in row.items()} for row in csv.DictReader(stream)]
    shown = {
        "train/box_loss": "loss of boxes",
        "train/seg_loss": "loss of masks",
        "val/seg_loss": "loss of masks, validation",
        "metrics/precision(M)": "precision",
        "metrics/recall(M)": "recall",
        "metrics/mAP50(M)": "mAP at IoU 0.5",
    }
    points = [{"epoch": row["epoch"]} | {words: row[name] for name, words in shown.items()} for row in rows]
    if points:
        save_curve(points, home / "curve.png", by="epoch")


def main(arguments: Sequence[str] | None = None) -> None:
    """Build the training folder, train and publish; or publish a checkpoint that is there."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of the research pictures")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of checkpoints and training pictures")
    parser.add_argument("--publish", metavar="VERSION", default="0.4", help="version of the release to write")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--hours", type=float, help="train for this long instead of a number of epochs")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--device", help="cpu or a CUDA device; by itself a CUDA device where there is one")
    parser.add_argument("--reuse", type=Path, help="publish this checkpoint instead of training")
    options = parser.parse_args(arguments)
    checkpoint = options.reuse
    if checkpoint is None:
        weights = options.data / "weights" / "mobilenet_v2_imagenet.safetensors"
        dataset = options.runs / "regions" / "dataset"
        description = build_training_folder(options.data, dataset, composited=90, full_hair=50)
        checkpoint = train(
            description,
            weights,
            options.runs,
            epochs=options.epochs,
            batch=options.batch,
            hours=options.hours,
            seed=options.seed,
            device=options.device or ("0" if torch.cuda.is_available() else "cpu"),
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
