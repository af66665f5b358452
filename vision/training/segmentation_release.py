"""From a training run to a release: temperature, export, figures on held-out people, card.

``python -m vision train scalp_segmentation --publish VERSION`` comes here after training.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vision.evaluation.domain import evaluate_domain
from vision.evaluation.segmentation import evaluate_hair_masks, evaluate_region_masks, evaluate_scalp_regions
from vision.release import RELEASES_DIR, InputSpec, Release, load_release
from vision.runtime import open_network
from vision.runtime.unet import UNET_HALF
from vision.training.data import LabelledPhoto
from vision.training.export import export_onnx
from vision.training.partial_loss import allowed_channels, marginal_log_loss
from vision.training.publish import publish
from vision.training.segmentation_card import card_text
from vision.training.segmentation_validation import CHANNEL_BITS, CLASSES, OPTIONS, predict_logits, shrink_labels

NAME = "scalp-segmentation"
TRAINED_ON = (
    "scalp_regions: photographs of Roboflow Universe 'hair-loss' (CC BY 4.0) and of a clinic (none stated)",
    "hair_masks: Figaro1k (Univ. Brescia) and LFW hair masks (research terms, none stated in the repository)",
    "conditions: bodies and faces of a dermatology atlas (copyright of the atlas), as pictures without scalp",
    "norwood (Roboflow Universe, CC BY 4.0) and clinic_tops (none stated): photographs without outlines, self-labelled",
    "drawn walls: synthetic pictures of nothing, in at most 2 % of what was shown",
    "drawn heads: synthetic, by vision.render, three pictures of eight in the last stage; none that a study measures",
    "EfficientNet-Lite2 trained on ImageNet: starting weights of the encoder (Apache-2.0)",
)
LICENCE_NOTE = "research use; licences of the sources vary"


def fit_temperature(logits: Sequence[Tensor], possible: Sequence[Tensor]) -> float:
    """The temperature with the least marginal log loss, each photo weighing the same; searched on a fine grid."""
    grid = np.geomspace(0.5, 3.0, 73)
    losses = [
        float(
            np.mean([float(marginal_log_loss(one / float(t), may)) for one, may in zip(logits, possible, strict=True)])
        )
        for t in grid
    ]
    return round(float(grid[int(np.argmin(losses))]), 3)


def calibration_error(
    logits: Sequence[Tensor], possible: Sequence[Tensor], temperature: float, bins: int = 15
) -> float:
    """Expected calibration error over pixels with one possible class (Naeini 2015), equal-width bins."""
    sure: list[NDArray[np.float32]] = []
    right: list[NDArray[np.bool_]] = []
    for one, may in zip(logits, possible, strict=True):
        decided = (may.sum(1) == 1)[0]
        confidence, label = (one / temperature).softmax(1)[0].max(0)
        sure.append(confidence[decided].numpy())
        right.append((label == may[0].int().argmax(0))[decided].numpy())
    confidences, hits = np.concatenate(sure), np.concatenate(right)
    place = np.minimum((confidences * bins).astype(int), bins - 1)
    gaps = [
        abs(float(hits[place == one].mean()) - float(confidences[place == one].mean())) * float((place == one).mean())
        for one in range(bins)
        if (place == one).any()
    ]
    return float(sum(gaps))


def publish_run(
    network: nn.Module,
    validation: Sequence[LabelledPhoto],
    spec: InputSpec,
    data: Path,
    version: str,
    training: dict[str, Any],
    directory: Path = RELEASES_DIR,
) -> Release:
    """Calibrate on the validation people, export, score the exported release on the test people, write the folder.

    ``training`` (plan, minutes, steps, counts) goes into ``metrics.json`` as it is.
    """
    photos = [photo for photo in validation if photo.source == "scalp_regions"]
    logits = [predict_logits(network, photo.image, spec)[None] for photo in photos]
    possible = [
        allowed_channels(torch.from_numpy(shrink_labels(photo.allowed, photo.image, spec))[None], CHANNEL_BITS)
        for photo in photos
    ]
    temperature = fit_temperature(logits, possible)
    calibration = {
        "temperature": temperature,
        "ece_before": round(calibration_error(logits, possible, 1.0), 4),
        "ece_after": round(calibration_error(logits, possible, temperature), 4),
    }
    drafts = directory / ".draft"  # a release that is being used stays whole until the new one is
    folder = drafts / f"{NAME}-{version}"
    files = export_onnx(network, folder, (3, spec.height, spec.width))
    draft = Release(
        name=NAME,
        version=version,
        task="segmentation",
        architecture=UNET_HALF,
        input=spec,
        classes=CLASSES,
        temperature=temperature,
        files={},
        trained_on=TRAINED_ON,
        licence_note=LICENCE_NOTE,
        folder=folder,
        options=OPTIONS,
    )
    publish(draft, files, {"training": training}, f"# {draft.id}")
    metrics = measure(load_release(draft.id, drafts), data) | {"calibration": calibration, "training": training}
    publish(draft, files, metrics, card_text(draft, metrics))
    target = directory / draft.id
    if target.exists():
        shutil.rmtree(target)
    folder.rename(target)
    drafts.rmdir()
    return load_release(draft.id, directory)


def measure(release: Release, data: Path) -> dict[str, Any]:
    """Figures of the exported release on people that training did not see, and how far each share is off."""
    network = open_network(release)
    tasks = {
        "scalp_regions": evaluate_scalp_regions(data, network, release, split="test"),
        "hair_masks": evaluate_hair_masks(data, network, release, split="test"),
        "region_masks": evaluate_region_masks(data, network, release),
    }
    return {
        "release": release.id,
        "split": "people held out (vision.training.split); region_masks: all, none was trained on",
        "tasks": {name: {**report, "command": command(name)} for name, report in tasks.items()},
        "measures": tasks["scalp_regions"]["measures"],
        "domain": evaluate_domain(data, network, release),
    }


def command(task: str) -> str:
    """The command that gives a task's figures again."""
    split = "" if task == "region_masks" else " --split test"
    return f"python -m vision evaluate {task} --data ../shared/data/{task}{split}"
