"""Training of the condition classifier (A8): ``python -m vision train conditions --data DIR``.

Order: head on a frozen backbone, fine-tuning from the fourth block on with averaged weights, temperature and thresholds on
the validation part, leave-one-source-out fold, export. Figures come from the exported release and the test part only.
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from vision.training.condition_augment import augment
from vision.training.condition_network import ConditionNetwork, load_imagenet
from vision.training.condition_pictures import CLASSES, Picture, atlas_pictures, stand_in_pictures
from vision.types import RgbImage

SIZE_PX = 224
CACHE_LONG_EDGE_PX = 384
BATCH = 16
HEAD_EPOCHS = 3
LABEL_SMOOTHING = 0.1


def load_pictures(pictures: Sequence[Picture]) -> list[RgbImage]:
    """The pictures as RGB arrays, reduced to a long edge of ``CACHE_LONG_EDGE_PX``."""
    images = []
    for picture in pictures:
        stored = cv2.imread(str(picture.path), cv2.IMREAD_COLOR)
        if stored is None:
            raise ValueError(f"cannot read {picture.path.name}")
        scale = CACHE_LONG_EDGE_PX / max(stored.shape[:2])
        if scale < 1:
            stored = cv2.resize(stored, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        images.append(np.ascontiguousarray(stored[:, :, ::-1]).astype(np.uint8))
    return images


def sampling_weights(pictures: Sequence[Picture]) -> NDArray[np.float64]:
    """Chance of each picture per draw: classes alike, and within a class sources by the square root of their count."""
    cells: dict[tuple[str, str], int] = {}
    for picture in pictures:
        cell = (picture.condition.value, picture.source)
        cells[cell] = cells.get(cell, 0) + 1
    class_mass: dict[str, float] = {}
    for (condition, _), count in cells.items():
        class_mass[condition] = class_mass.get(condition, 0.0) + count**0.5
    chances = np.array(
        [
            cells[(p.condition.value, p.source)] ** -0.5 / class_mass[p.condition.value]
            for p in pictures
        ]
    )
    return chances / chances.sum()


def as_batch(images: Sequence[RgbImage]) -> torch.Tensor:
    """``SIZE_PX`` square pictures to the network's NCHW float input."""
    stacked = np.stack(images).astype(np.float32) / 127.5 - 1.0
    return torch.from_numpy(np.ascontiguousarray(stacked.transpose(0, 3, 1, 2)))


def fit(
    pictures: Sequence[Picture], weights: Path, *, epochs: int, draws: int, seed: int = 7
) -> ConditionNetwork:
    """Train on ``pictures``; returns the exponential average of the weights. ``draws`` pictures make one epoch."""
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    images = load_pictures(pictures)
    labels = np.array([CLASSES.index(picture.condition) for picture in pictures])
    chances = sampling_weights(pictures)
    network = ConditionNetwork(len(CLASSES))
    load_imagenet(network, weights)
    averaged = copy.deepcopy(network)
    optimiser = torch.optim.AdamW(
        [
            {"params": network.backbone.parameters(), "lr": 3e-4},
            {"params": network.head.parameters(), "lr": 2e-3},
        ],
        weight_decay=0.02,
    )
    steps_per_epoch = draws // BATCH
    tuning_steps = max(1, (epochs - HEAD_EPOCHS) * steps_per_epoch)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: 0.5 * (1 + np.cos(np.pi * min(1.0, max(0, step - HEAD_EPOCHS * steps_per_epoch) / tuning_steps)))
    )
    criterion = nn.CrossEntropyLoss(label_smoothing=LABEL_SMOOTHING)
    for epoch in range(epochs):
        started = time.monotonic()
        network.freeze(whole_backbone=epoch < HEAD_EPOCHS)
        network.train()
        if epoch < HEAD_EPOCHS:
            network.backbone.eval()
        total = right = 0.0
        for _ in range(steps_per_epoch):
            chosen = random.choice(len(pictures), size=BATCH, p=chances)
            batch = as_batch([augment(images[index], SIZE_PX, random) for index in chosen])
            target = torch.from_numpy(labels[chosen])
            logits, _ = network(batch)
            loss = criterion(logits, target)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 2.0)
            optimiser.step()
            schedule.step()
            _average(averaged, network, keep=0.99 if epoch >= HEAD_EPOCHS else 0.9)
            total += float(loss.detach())
            right += float((logits.argmax(1) == target).float().mean())
        print(
            f"epoch {epoch + 1}/{epochs} loss {total / steps_per_epoch:.3f} "
            f"accuracy while training {right / steps_per_epoch:.2f} {time.monotonic() - started:.0f} s",
            flush=True,
        )
    return averaged.eval()


def predict(network: ConditionNetwork, pictures: Sequence[Picture]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Logits N x K and pooled features N x 1280 of whole pictures."""
    images = [cv2.resize(image, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_AREA) for image in load_pictures(pictures)]
    logits, pooled = [], []
    network.eval()
    with torch.no_grad():
        for start in range(0, len(images), BATCH):
            out, features = network(as_batch([np.asarray(i, dtype=np.uint8) for i in images[start : start + BATCH]]))
            logits.append(out.numpy())
            pooled.append(features.mean(dim=(2, 3)).numpy())
    return np.concatenate(logits), np.concatenate(pooled)


def _average(target: nn.Module, source: nn.Module, keep: float) -> None:
    with torch.no_grad():
        there = source.state_dict()
        for key, value in target.state_dict().items():
            if value.is_floating_point():
                value.lerp_(there[key], 1.0 - keep)
            else:
                value.copy_(there[key])


def main(arguments: Sequence[str] | None = None) -> None:
    """Train and keep the checkpoint in the folder of runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the research pictures")
    parser.add_argument("--runs", type=Path, default=Path("runs/conditions"))
    parser.add_argument("--epochs", type=int, default=26)
    parser.add_argument("--draws", type=int, default=640, help="pictures drawn per epoch")
    parser.add_argument("--only-sources", nargs="*", help="train on these sources only (leave-one-source-out)")
    parser.add_argument("--name", default="all")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    weights = options.data / "weights" / "mobilenet_v2_imagenet.safetensors"
    pictures = [*atlas_pictures(options.data / "conditions"), *stand_in_pictures(options.data)]
    train = [p for p in pictures if p.part == "train"]
    if options.only_sources:
        train = [p for p in train if p.source in options.only_sources]
    network = fit(train, weights, epochs=options.epochs, draws=options.draws)
    options.runs.mkdir(parents=True, exist_ok=True)
    torch.save(network.state_dict(), options.runs / f"{options.name}.pt")
    logits, _ = predict(network, [p for p in pictures if p.part == "validation"])
    truth = np.array([CLASSES.index(p.condition) for p in pictures if p.part == "validation"])
    print(json.dumps({"validation accuracy": float((logits.argmax(1) == truth).mean())}))


if __name__ == "__main__":
    main()
