"""Fitting the condition classifier: head on a frozen backbone, then fine-tuning, seeded and resumable.

Every step draws its pictures and their changes from a generator seeded with (seed, step), so a run that was stopped
goes on exactly where it was.
"""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from tqdm import tqdm

from vision.training.condition_augment import augment
from vision.training.condition_network import ConditionNetwork
from vision.training.condition_pictures import CLASSES, Picture
from vision.training.curve import save_curve
from vision.training.imagenet import load_lite
from vision.types import RgbImage

SIZE_PX: Final = 224
CACHE_LONG_EDGE_PX: Final = 400
LABEL_SMOOTHING: Final = 0.1
HEAD_RATE: Final = 2e-3
BATCH_SEEN: Final = 16  # pictures at once when only looking


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how to train.

    Crops are seen smaller (``side``) than whole pictures are later: their content then has about the same scale
    (Touvron 2019). The head alone learns first, so that it does not spoil the backbone (Kumar et al. 2022).
    """

    steps: int = 1500
    batch: int = 16
    side: int = 192
    head_steps: int = 90
    learning_rate: float = 3e-4
    weight_decay: float = 0.02
    average_keep: float = 0.99
    seed: int = 7

    def rate_at(self, step: int) -> float:
        """Factor of the learning rates: one while the head learns, then half a cosine."""
        tuning = max(1, self.steps - self.head_steps)
        return 0.5 * (1 + math.cos(math.pi * min(1.0, max(0, step - self.head_steps) / tuning)))


class Trainer:
    """The state of a run: network, its running average, optimiser, step, minutes and curve."""

    def __init__(self, plan: Plan, file: Path, device: torch.device) -> None:
        """``file`` without its suffix names the checkpoint (``.pt``), the curve (``.json``) and its picture."""
        torch.manual_seed(plan.seed)
        self.plan, self.file, self.device = plan, file, device
        start = ConditionNetwork(len(CLASSES))
        load_lite(start.backbone, 0)
        self.network = start.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.network)
        self.optimiser = torch.optim.AdamW(
            [
                {"params": self.network.backbone.parameters(), "full": plan.learning_rate},
                {"params": self.network.head.parameters(), "full": HEAD_RATE},
            ],
            lr=plan.learning_rate,
            weight_decay=plan.weight_decay,
        )
        self.step = 0
        self.minutes = 0.0
        self.curve: list[dict[str, float]] = []
        file.parent.mkdir(parents=True, exist_ok=True)

    def fit(self, pictures: Sequence[Picture], validation: Sequence[Picture], look_every: int) -> ConditionNetwork:
        """Run to the plan's last step; the running average of the weights, on the CPU."""
        images = load_pictures(pictures)
        labels, chances = truth_of(pictures), sampling_weights(pictures)
        losses: list[float] = []
        progress = tqdm(total=self.plan.steps, initial=self.step, unit="step", mininterval=10)
        while self.step < self.plan.steps:
            began = time.monotonic()
            losses.append(self._one_step(images, labels, chances))
            self.minutes += (time.monotonic() - began) / 60
            progress.update()
            progress.set_postfix(loss=f"{np.mean(losses[-50:]):.3f}", refresh=False)
            if self.step % look_every == 0 or self.step == self.plan.steps:
                self._look(validation, float(np.mean(losses[-look_every:])))
        progress.close()
        found: ConditionNetwork = self.average.cpu().eval()
        return found

    def _one_step(self, images: Sequence[RgbImage], labels: NDArray[np.int64], chances: NDArray[np.float64]) -> float:
        plan, rng = self.plan, np.random.default_rng((self.plan.seed, self.step))
        torch.manual_seed(int(rng.integers(1 << 31)))  # dropout
        chosen = rng.choice(len(images), size=plan.batch, p=chances)
        batch = as_batch([augment(images[index], plan.side, rng) for index in chosen]).to(self.device)
        target = torch.from_numpy(labels[chosen]).to(self.device)
        for group in self.optimiser.param_groups:
            group["lr"] = group["full"] * plan.rate_at(self.step)
        only_head = self.step < plan.head_steps
        self.network.freeze(whole_backbone=only_head)
        self.network.train()
        if only_head:
            self.network.backbone.eval()
        # bfloat16 pays on CUDA; on CPUs without its instructions it is several times slower.
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            logits, _ = self.network(batch.contiguous(memory_format=torch.channels_last))
        loss = nn.functional.cross_entropy(logits.float(), target, label_smoothing=LABEL_SMOOTHING)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 2.0)
        self.optimiser.step()
        self.step += 1
        self._follow(0.9 if only_head else plan.average_keep)
        return float(loss.detach())

    def _follow(self, keep: float) -> None:
        with torch.no_grad():
            there = self.network.state_dict()
            for name, value in self.average.state_dict().items():
                if value.is_floating_point():
                    value.lerp_(there[name], 1 - keep)
                else:
                    value.copy_(there[name])

    def _look(self, validation: Sequence[Picture], loss: float) -> None:
        self.curve.append({"step": self.step, "minutes": self.minutes, "train_loss": loss})
        if validation:
            network = copy.deepcopy(self.average).cpu().eval()
            logits, _ = predict(network, validation)
            self.curve[-1] |= judged(logits, truth_of(validation))
        self.save()
        self.file.with_suffix(".json").write_text(
            json.dumps({"plan": asdict(self.plan), "minutes": round(self.minutes, 1), "curve": self.curve}, indent=1),
            encoding="utf-8",
        )
        save_curve(self.curve, self.file.with_suffix(".png"))
        tqdm.write(" ".join(f"{name}={value:.3f}" for name, value in self.curve[-1].items()))

    def save(self) -> None:
        """Write everything needed to go on; a file half-written is never the one that is read."""
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "minutes": self.minutes,
            "curve": self.curve,
            "plan": asdict(self.plan),
        }
        part = self.file.with_suffix(".pt.part")
        torch.save(state, part)
        part.replace(self.file.with_suffix(".pt"))

    def story(self) -> dict[str, Any]:
        """What ``metrics.json`` tells of the training."""
        return {
            "plan": asdict(self.plan),
            "minutes": round(self.minutes, 1),
            "device": self.device.type.upper(),
            "curve": [{name: round(float(value), 4) for name, value in point.items()} for point in self.curve],
        }

    def resume(self) -> bool:
        """Go on from the checkpoint of the same plan, if there is one."""
        path = self.file.with_suffix(".pt")
        if not path.is_file():
            return False
        state: dict[str, Any] = torch.load(path, map_location=self.device, weights_only=True)
        if state["plan"] != asdict(self.plan):
            raise SystemExit(f"{path} belongs to another plan; choose another --runs folder or remove it")
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.minutes, self.curve = state["step"], state["minutes"], state["curve"]
        return True


def load_pictures(pictures: Sequence[Picture]) -> list[RgbImage]:
    """The pictures as RGB arrays, reduced to a long edge of :data:`CACHE_LONG_EDGE_PX`."""
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
    """Square pictures of one size to the network's NCHW float input."""
    stacked = np.stack(images).astype(np.float32) / 127.5 - 1.0
    return torch.from_numpy(np.ascontiguousarray(stacked.transpose(0, 3, 1, 2)))


def predict(
    network: ConditionNetwork, pictures: Sequence[Picture], *, mirrored: bool = False
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Logits N x K and pooled features N x D of whole pictures as they are served, or of their mirror images."""
    images = load_pictures(pictures)
    return read_images(network, [image[:, ::-1] for image in images] if mirrored else images)


def read_images(
    network: ConditionNetwork, pictures: Sequence[RgbImage]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Logits N x K and pooled features N x D of pictures of any size, as they are served."""
    images = [cv2.resize(image, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_AREA) for image in pictures]
    logits, pooled = [], []
    network.eval()
    with torch.no_grad():
        for start in range(0, len(images), BATCH_SEEN):
            part = [np.asarray(image, dtype=np.uint8) for image in images[start : start + BATCH_SEEN]]
            out, features = network(as_batch(part))
            logits.append(out.numpy())
            pooled.append(features.mean(dim=(2, 3)).numpy())
    return np.concatenate(logits), np.concatenate(pooled)


def judged(logits: NDArray[np.float32], truth: NDArray[np.int64]) -> dict[str, float]:
    """Loss and mean recall over the classes that there are, for the curve."""
    chances = torch.from_numpy(logits).log_softmax(1).numpy()
    right = logits.argmax(axis=1) == truth
    return {
        "validation_loss": float(-chances[np.arange(len(truth)), truth].mean()),
        "balanced_accuracy": float(np.mean([right[truth == number].mean() for number in np.unique(truth)])),
        "accuracy": float(right.mean()),
    }


def truth_of(pictures: Sequence[Picture]) -> NDArray[np.int64]:
    """Class numbers of pictures."""
    return np.array([CLASSES.index(picture.condition) for picture in pictures], dtype=np.int64)
