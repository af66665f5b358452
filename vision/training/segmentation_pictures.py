"""What the scalp segmentation is trained on, and how a batch is drawn from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vision.training.data import (
    OUTSIDE,
    LabelledPhoto,
    bits,
    list_bare_skin,
    list_hair_masks,
    list_scalp_regions,
    list_unlabelled,
    load_bare_skin,
    load_photos,
    load_unlabelled,
    on_side,
)
from vision.training.drawn_heads import drawn_heads
from vision.training.segmentation_validation import CHANNEL_BITS
from vision.types import RgbImage, ScalpClass

CACHE_SIDE = 480
WALL_SHARE = 0.3  # of the last picture in a batch: how often it is drawn
BARE_SKIN_SHARE = 0.5  # of the last but one: how often it is a body or a face; else one of LFW
OBLIQUE_WEIGHT = 2.0
"""Outlined photographs from the front and the back are few, and read worst: they are drawn this much more often."""
VALIDATION_HEADS = range(10_000, 10_042)
"""Drawn heads that are never trained on."""

SURE = 0.9
"""From this probability on, what a teacher says of a pixel of an unlabelled photograph is taken as its label."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """What is trained on, and what the temperature is chosen by."""

    regions: list[LabelledPhoto]
    figaro: list[LabelledPhoto]
    lfw: list[LabelledPhoto]
    bare_skin: list[LabelledPhoto]
    unlabelled: list[LabelledPhoto]
    validation: list[LabelledPhoto]
    taught: tuple[LabelledPhoto, ...] = ()
    drawn: tuple[LabelledPhoto, ...] = ()

    def taught_by(self, teacher: Callable[[RgbImage], Tensor]) -> Pictures:
        """With the unlabelled photographs labelled where ``teacher`` (photo to logits C x h x w) is sure."""
        return replace(self, taught=tuple(teach(photo, teacher) for photo in self.unlabelled))


def read_pictures(data: Path) -> Pictures:
    """Training and validation people; those held out for the test are not opened."""
    regions, hair = list_scalp_regions(data), list_hair_masks(data)
    train_hair = list(load_photos(on_side(hair, "train"), CACHE_SIDE))
    return Pictures(
        regions=list(load_photos(on_side(regions, "train"), CACHE_SIDE)),
        figaro=[photo for photo in train_hair if photo.source == "figaro"],
        lfw=[photo for photo in train_hair if photo.source != "figaro"],
        bare_skin=list(load_bare_skin(list_bare_skin(data, "train"), CACHE_SIDE)),
        unlabelled=list(load_unlabelled(list_unlabelled(data, "train"), CACHE_SIDE)),
        validation=list(load_photos(on_side(regions, "validation"), 640))
        + list(load_photos(on_side(hair, "validation")[::8], 640)),
    )


def with_drawn_heads(pictures: Pictures, count: int, folder: Path) -> Pictures:
    """With ``count`` drawn heads to train on, and others to look at beside the validation people."""
    looked_at = drawn_heads(VALIDATION_HEADS.start, len(VALIDATION_HEADS), CACHE_SIDE, folder)
    return replace(
        pictures,
        drawn=tuple(drawn_heads(0, count, CACHE_SIDE, folder)),
        validation=[*pictures.validation, *looked_at],
    )


def draw_batch(
    pictures: Pictures, size: int, final_stage: bool, rng: np.random.Generator
) -> tuple[list[LabelledPhoto], int]:
    """Half outlined regions, then heads of Figaro, one of LFW or of bare skin, and one piece with nothing at all.

    In the final stage an eighth of the batch is taught. Where there are drawn heads, they are three eighths of it, and
    outlined regions as many. The second value counts pictures whose regions are all known, which come first.
    """
    drawn = size * 3 // 8 if pictures.drawn else 0
    regions = drawn or size // 2
    taught = size // 8 if final_stage and pictures.taught and not drawn else 0
    weights = np.array([1.0 if photo.from_above else OBLIQUE_WEIGHT for photo in pictures.regions])
    batch = [pictures.regions[row] for row in rng.choice(len(weights), regions, p=weights / weights.sum())]
    batch += [_one_of(pictures.drawn, rng) for _ in range(drawn)]
    outlined = len(batch)
    hair = [*pictures.figaro, *pictures.lfw]
    batch += [_one_of(pictures.taught, rng) for _ in range(taught)]
    batch += [_one_of(pictures.figaro or hair, rng) for _ in range(size - outlined - taught - 2)]
    bare = pictures.bare_skin and rng.random() < BARE_SKIN_SHARE
    batch.append(_one_of(pictures.bare_skin if bare else pictures.lfw or hair, rng))
    if rng.random() < WALL_SHARE:
        batch.append(drawn_wall(rng))
    else:
        photo = _one_of(hair, rng)
        batch.append(cut_outside(photo, rng) or photo)
    return batch, outlined


def teach(photo: LabelledPhoto, teacher: Callable[[RgbImage], Tensor]) -> LabelledPhoto:
    """The photograph with the teacher's classes where it is sure of one."""
    seen = teacher(photo.image).softmax(0)[None]
    height, width = photo.image.shape[:2]
    confidence, label = torch.nn.functional.interpolate(seen, (height, width), mode="bilinear")[0].max(0)
    classes = np.array(CHANNEL_BITS, np.uint8)[label.numpy()]
    allowed = np.where(confidence.numpy() >= SURE, classes, np.uint8(bits(*ScalpClass)))
    return replace(photo, allowed=allowed.astype(np.uint8))


def drawn_wall(rng: np.random.Generator) -> LabelledPhoto:
    """A drawn picture of nothing: one colour running into another, more or less grainy."""
    along = np.linspace(0, 1, CACHE_SIDE, dtype=np.float32)
    first, second = rng.uniform(0, 255, (2, 3)).astype(np.float32)
    second = first + (second - first) * np.float32(rng.uniform(0, 0.6))
    ramp = first + (second - first) * along[:, None, None]
    grain = rng.standard_normal((CACHE_SIDE, CACHE_SIDE, 1), dtype=np.float32) * np.float32(rng.uniform(0, 25))
    image = np.clip(ramp + grain, 0, 255).astype(np.uint8)
    return LabelledPhoto(image, np.full(image.shape[:2], OUTSIDE, np.uint8), "drawn", "drawn", "wall")


def cut_outside(photo: LabelledPhoto, rng: np.random.Generator) -> LabelledPhoto | None:
    """A piece of the picture in which only background and face are possible, or nothing when none was met."""
    height, width = photo.image.shape[:2]
    for _ in range(8):
        side = int(rng.integers(min(height, width) // 4, min(height, width) // 2 + 1))
        top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
        piece = (slice(top, top + side), slice(left, left + side))
        if (photo.allowed[piece] == OUTSIDE).all():
            return replace(photo, image=photo.image[piece], allowed=photo.allowed[piece])
    return None


def _one_of(photos: Sequence[LabelledPhoto], rng: np.random.Generator) -> LabelledPhoto:
    return photos[int(rng.integers(len(photos)))]
