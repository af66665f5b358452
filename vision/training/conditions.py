"""Training of the condition classifier (A8): ``python -m vision train conditions --data DIR``.

Order: head on a frozen backbone, fine-tuning from the fourth block on with averaged weights, temperature and thresholds
on the validation part, leave-one-source-out fold, export. Figures come from the exported release and the test part.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from vision.condition import calibrated
from vision.evaluation.conditions import Judged, confusion, figures
from vision.release import RELEASES_DIR, InputSpec, Release
from vision.training.condition_augment import augment
from vision.training.condition_card import card_text
from vision.training.condition_measure import is_of_atlas, measure
from vision.training.condition_network import ARCHITECTURE, ConditionNetwork, load_imagenet
from vision.training.condition_pictures import CLASSES, Picture, atlas_pictures, counts, stand_in_pictures
from vision.training.condition_release import calibrate, export, reference_head
from vision.training.data import DEFAULT_DATA
from vision.training.publish import publish
from vision.types import RgbImage

SIZE_PX = 224
TRAINING_SIZE_PX = 160
"""Crops are seen smaller than whole pictures are later: their content then has about the same scale (Touvron 2019)."""
CACHE_LONG_EDGE_PX = 384
BATCH = 16
HEAD_EPOCHS = 2
LABEL_SMOOTHING = 0.1
FOLD_SOURCES = frozenset({"dermnet.com", "figaro", "norwood"})
"""The leave-one-source-out fold is trained on these: one atlas, and the collections that stand in for full hair."""
NO_ABSTENTION = {"probability": 0.0, "distance": math.inf}


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
    chances = np.array([cells[(p.condition.value, p.source)] ** -0.5 / class_mass[p.condition.value] for p in pictures])
    return np.asarray(chances / chances.sum(), dtype=np.float64)


def as_batch(images: Sequence[RgbImage]) -> torch.Tensor:
    """``SIZE_PX`` square pictures to the network's NCHW float input."""
    stacked = np.stack(images).astype(np.float32) / 127.5 - 1.0
    return torch.from_numpy(np.ascontiguousarray(stacked.transpose(0, 3, 1, 2)))


def fit(
    pictures: Sequence[Picture], weights: Path, checkpoint: Path, *, epochs: int, draws: int, seed: int = 7
) -> ConditionNetwork:
    """Train on ``pictures``; returns the exponential average of the weights, also kept in ``checkpoint`` after every
    epoch. ``draws`` pictures make one epoch.
    """
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
    head_steps = HEAD_EPOCHS * steps_per_epoch

    def cosine(step: int) -> float:
        return 0.5 * (1 + math.cos(math.pi * min(1.0, max(0, step - head_steps) / tuning_steps)))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, cosine)
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
            batch = as_batch([augment(images[index], TRAINING_SIZE_PX, random) for index in chosen])
            target = torch.from_numpy(labels[chosen])
            logits, _ = network(batch)
            loss = criterion(logits, target)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 2.0)
            optimiser.step()
            schedule.step()
            _average(averaged, network, keep=0.98 if epoch >= HEAD_EPOCHS else 0.9)
            total += float(loss.detach())
            right += float((logits.argmax(1) == target).float().mean())
        checkpoint.parent.mkdir(parents=True, exist_ok=True)
        torch.save(averaged.state_dict(), checkpoint)
        checkpoint.with_suffix(".json").write_text(json.dumps({"epochs": epoch + 1, "pictures_per_epoch": draws}))
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


def publish_release(
    network: ConditionNetwork,
    pictures: Sequence[Picture],
    data: Path,
    folder: Path,
    fold: Mapping[str, Any],
    effort: Mapping[str, Any],
) -> Release:
    """Calibrate on the validation part, export, measure the exported release on the test part, write the card."""
    train, validation = ([p for p in pictures if p.part == part] for part in ("train", "validation"))
    _, train_pooled = predict(network, train)
    head = reference_head(network, train_pooled, truth_of(train))
    logits, pooled = predict(network, validation)
    clinical = np.array([is_of_atlas(picture) for picture in validation])
    calibration = calibrate(logits, truth_of(validation), pooled, head, clinical)
    draft = Release(
        name="scalp-condition",
        version=folder.name.rpartition("-")[2],
        task="conditions",
        architecture=ARCHITECTURE,
        input=InputSpec(SIZE_PX, SIZE_PX, resize="stretch"),
        classes=tuple(condition.value for condition in CLASSES),
        temperature=calibration.temperature,
        files={},
        trained_on=("conditions", "norwood", "scalp_regions", "clinic_tops", "hair_masks", "women_views"),
        licence_note="Research use; licences of the sources vary.",
        folder=folder,
        thresholds={"probability": calibration.probability, "distance": calibration.distance},
    )
    files = export(network, head, SIZE_PX, folder)
    release = publish(draft, files, {}, "")
    metrics = measure(release, data) | {
        "leave_one_source_out": dict(fold),
        "training": dict(effort),
        "training_pictures": counts(train),
        "validation_pictures": counts(validation),
    }
    return publish(draft, files, metrics, card_text(release, metrics))


def fold_report(network: ConditionNetwork, pictures: Sequence[Picture], sources: Collection[str]) -> dict[str, Any]:
    """Figures of a network trained on ``sources`` only, on every picture of the other sources."""
    unseen = [picture for picture in pictures if picture.source not in sources]
    logits, _ = predict(network, unseen)
    classes = tuple(condition.value for condition in CLASSES)
    judged = Judged(
        classes=classes,
        truth=truth_of(unseen),
        probabilities=calibrated(logits, 1.0),
        distances=np.zeros(len(unseen), dtype=np.float32),
        sources=tuple(picture.source for picture in unseen),
        people=tuple(picture.person for picture in unseen),
    )
    found = {name: figure for name, figure in figures(judged, NO_ABSTENTION).items() if "shown" not in name}
    for source in sorted(set(judged.sources)):
        part = judged.of(np.array([one == source for one in judged.sources]))
        found |= {
            f"{name}@{source}": figure
            for name, figure in figures(part, NO_ABSTENTION).items()
            if name == "accuracy" or name.startswith("recall.")
        }
    return {
        "trained_on": sorted(sources),
        "trained_pictures": sum(picture.part == "train" and picture.source in sources for picture in pictures),
        "n_images": len(unseen),
        "metrics": {name: figure.as_dict() for name, figure in found.items()},
        "confusion": confusion(judged).tolist(),
        "classes": list(classes),
    }


def truth_of(pictures: Sequence[Picture]) -> NDArray[np.int64]:
    """Class numbers of pictures."""
    return np.array([CLASSES.index(picture.condition) for picture in pictures], dtype=np.int64)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train the release's network and the leave-one-source-out fold, or reuse their checkpoints, and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of the research pictures")
    parser.add_argument("--runs", type=Path, default=Path("runs/conditions"), help="folder of checkpoints")
    parser.add_argument("--out", type=Path, default=RELEASES_DIR / "scalp-condition-0.1")
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--fold-epochs", type=int, default=8)
    parser.add_argument("--draws", type=int, default=560, help="pictures drawn per epoch")
    parser.add_argument("--reuse", action="store_true", help="take checkpoints that are there instead of training")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    weights = options.data / "weights" / "mobilenet_v2_imagenet.safetensors"
    pictures = [*atlas_pictures(options.data / "conditions"), *stand_in_pictures(options.data)]
    train = [picture for picture in pictures if picture.part == "train"]

    def trained(name: str, chosen: Sequence[Picture], epochs: int) -> ConditionNetwork:
        checkpoint = options.runs / f"{name}.pt"
        if options.reuse and checkpoint.is_file():
            network = ConditionNetwork(len(CLASSES))
            network.load_state_dict(torch.load(checkpoint, weights_only=True))
            return network.eval()
        return fit(chosen, weights, checkpoint, epochs=epochs, draws=options.draws)

    def effort(name: str) -> dict[str, Any]:
        return dict(json.loads((options.runs / f"{name}.json").read_text(encoding="utf-8")))

    network = trained("all", train, options.epochs)
    fold_network = trained("dermnet_only", [p for p in train if p.source in FOLD_SOURCES], options.fold_epochs)
    fold = fold_report(fold_network, pictures, FOLD_SOURCES) | {"training": effort("dermnet_only")}
    release = publish_release(network, pictures, options.data, options.out, fold, effort("all"))
    print(f"{release.id}: balanced accuracy {release.metrics()['test']['metrics']['balanced_accuracy']}")


if __name__ == "__main__":
    main()
