"""How a hair network does on the validation people: the figures that choose the checkpoint and the reading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch
from torch import nn

from vision.evaluation.trichoscopy_matching import in_frame, match_hairs
from vision.hairs import MIRRORS, Found, Reading, keep_distinct, mean_of_mirrors, read_maps
from vision.preprocess import PADDING_GREY, normalise
from vision.release import InputSpec
from vision.training.hairs_data import CANONICAL_PX_PER_MM, HairPicture
from vision.training.hairs_target import ARROW_PX

SPEC: Final = InputSpec(height=336, width=416)
KIND_NAMES: Final = ("multi_hair_unit", "single", "thin", "abnormal")
"""What the kinds of :data:`~vision.training.hairs_data.KINDS` are called in a release."""
OPTIONS: Final[dict[str, Any]] = {
    "decoder_channels": (24, 40, 64, 96),
    "px_per_mm": CANONICAL_PX_PER_MM,
    "arrow_px": ARROW_PX,
    "tile_overlap_px": 96,
    "flips": True,
}
SCORES: Final = tuple(round(0.16 + 0.02 * step, 2) for step in range(25))


def predict_maps(
    network: nn.Module, picture: HairPicture, mirrored: bool = False
) -> np.ndarray[Any, np.dtype[np.float32]]:
    """The network's maps of one picture that fits its input; ``mirrored``: the mean over its four mirror images."""
    height, width = picture.image.shape[:2]
    canvas = np.full((SPEC.height, SPEC.width, 3), PADDING_GREY, np.uint8)
    canvas[:height, :width] = picture.image[: SPEC.height, : SPEC.width]
    tile = normalise(canvas, SPEC)
    views = np.stack([tile[:, ::y, ::x] for y, x in (MIRRORS if mirrored else MIRRORS[:1])])
    with torch.inference_mode():
        maps = mean_of_mirrors(network(torch.from_numpy(views)).numpy())
    return maps[:, : (height + 1) // 2, : (width + 1) // 2]


def validate(network: nn.Module, pictures: Sequence[HairPicture]) -> dict[str, float]:
    """Figures at the score with the best F1."""
    found = [read_maps(predict_maps(network, picture), ARROW_PX, Reading(0.0).middle_share) for picture in pictures]
    distinct = [keep_distinct(one, Reading(min(SCORES))) for one in found]
    tried = []
    for score in SCORES:
        above = [one.chosen(one.scores >= score) for one in distinct]
        tried.append(score_distinct(above, pictures) | {"score": score})
    return max(tried, key=lambda figures: figures["f1"])


def score_distinct(found: Sequence[Found], pictures: Sequence[HairPicture]) -> dict[str, float]:
    """F1 and its parts, count error and bias per picture, and the share of matched hairs whose kind is right."""
    hits = predicted = labelled = kinds_right = 0
    count_errors: list[float] = []
    for every, picture in zip(found, pictures, strict=True):
        height, width = picture.image.shape[:2]
        hairs = every.chosen(in_frame(every.arrows, width, height))
        inside = in_frame(picture.arrows, width, height)
        match = match_hairs(hairs.arrows, picture.arrows[inside], CANONICAL_PX_PER_MM)
        hits, predicted, labelled = hits + match.hits, predicted + match.found, labelled + match.true
        told = hairs.kinds[match.found_rows].argmax(1) if match.hits else np.zeros(0, int)
        kinds_right += int((told == picture.kinds[inside][match.true_rows]).sum())
        if match.true:
            count_errors.append((match.found - match.true) / match.true)
    return {
        "f1": 2 * hits / max(1, predicted + labelled),
        "precision": hits / max(1, predicted),
        "recall": hits / max(1, labelled),
        "count_error": float(np.mean(np.abs(count_errors))),
        "count_bias": predicted / max(1, labelled) - 1,
        "kind_accuracy": kinds_right / max(1, hits),
    }
