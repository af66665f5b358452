"""What the condition classifier should know as its subject, and what as not: pictures, and the reader fitted on them.

A distance to the training pictures alone does not tell a close-up of hair from a head with hair: to a network both are
hair. So a linear reader of its features is shown both (outlier exposure, Hendrycks et al. 2019). Pictures that stand
only in :func:`strangers` of the test part were never shown to it, and two kinds of them to no training at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.decode import decode_image
from vision.render import HairColour, Scene, SkinTone, draw_head, draw_non_scalp
from vision.training.condition_pictures import Part, part_of, stand_in_pictures
from vision.training.data import DataMissing, scalp_region_person
from vision.training.hairs_data import list_hair_files
from vision.types import RgbImage, View

SIZE: Final = (640, 480)
DRAWN_HEADS: Final = 160
DRAWN_SCENES: Final = 80
EVERY_FACE: Final = 15
EVERY_FIELD: Final = 8
STRENGTH: Final = 0.01
"""Inverse of the regularisation; ten times more or less changes little."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture that is, or is not, the classifier's subject; opened or drawn when asked for."""

    kind: str
    part: Part
    open: Callable[[], RgbImage]


@dataclass(frozen=True, slots=True)
class Reader:
    """Weights C over unit-length features and a number: log odds of being the subject."""

    weight: NDArray[np.float32]
    bias: np.float32


def subjects(data: Path) -> list[Sample]:
    """Heads beside those that carry a class: other photographs of the same collections, faces with hair, drawings."""
    return [*_other_heads(data), *_faces(data), *_drawn_heads()]


def strangers(data: Path) -> list[Sample]:
    """Close-ups of hair, clipped and not, drawn rooms and pages, and photographs of other things."""
    return [*_close_ups(data), *_scenes(), *_things()]


def fit_reader(known: NDArray[np.float32], strange: NDArray[np.float32]) -> Reader:
    """Logistic regression on unit-length features of subjects N x C and strangers M x C, both sides weighing alike."""
    from sklearn.linear_model import LogisticRegression

    features = unit(np.concatenate([known, strange]))
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    labels = np.repeat([1, 0], [len(known), len(strange)])
    fitted = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=3000)
    fitted.fit((features - mean) / spread, labels)
    weight = fitted.coef_[0] / spread
    return Reader(weight.astype(np.float32), np.float32(fitted.intercept_[0] - weight @ mean))


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of length one."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), np.float32)


def _other_heads(data: Path) -> Iterator[Sample]:
    taken = {picture.path.name for picture in stand_in_pictures(data)}
    for folder, prefix in (("norwood", "norwood_"), ("clinic_tops", "clinic_")):
        for path in sorted((data / folder / "images").glob("*.jpg")):
            if path.name not in taken and prefix + path.name not in taken:
                person = scalp_region_person(prefix + path.stem)
                yield Sample("heads of the same collections", part_of(person), _reader_of(path))


def _faces(data: Path) -> Iterator[Sample]:
    for path in sorted((data / "hair_masks" / "images").glob("lfw_*.jpg"))[::EVERY_FACE]:
        yield Sample("faces with hair (LFW)", part_of(path.stem.rpartition("_")[0]), _reader_of(path))


def _drawn_heads() -> Iterator[Sample]:
    views = [view for view in View if view.is_global]
    colours, tones = list(HairColour), list(SkinTone)
    random = np.random.default_rng(3)
    for number in range(DRAWN_HEADS):
        thinning, bald = float(random.uniform(0, 0.4)), float(random.choice([0.0, 0.0, random.uniform(0, 0.3)]))

        def draw(number: int = number, thinning: float = thinning, bald: float = bald) -> RgbImage:
            return draw_head(
                views[number % len(views)],
                seed=1000 + number,
                thinning=thinning,
                bald=bald,
                parting=0.02 * (number % 3),
                hair_colour=colours[number % len(colours)],
                skin_tone=tones[number // 2 % len(tones)],
                size=SIZE,
            ).image

        yield Sample("drawn heads", part_of(f"drawn {number}"), draw)


def _close_ups(data: Path) -> Iterator[Sample]:
    try:
        files = list_hair_files(data / "trichoscopy")
    except DataMissing:
        files = []
    for file in files[::EVERY_FIELD]:
        yield Sample("close-ups of clipped hair", part_of(file.patient), _reader_of(file.image))
    for path in sorted((data / "trichoscopy_unclipped").rglob("*.jpg")):
        yield Sample("close-ups of hair not clipped", "test", _reader_of(path))


def _scenes() -> Iterator[Sample]:
    scenes = list(Scene)
    for number in range(DRAWN_SCENES):

        def draw(number: int = number) -> RgbImage:
            return draw_non_scalp(scenes[number % len(scenes)], seed=5000 + number, size=SIZE)

        yield Sample("drawn rooms, pages and landscapes", part_of(f"scene {number}"), draw)


def _things() -> Iterator[Sample]:
    """The example pictures that come with scikit-image and scikit-learn: coffee, a cat, bricks, text, a retina."""
    import skimage
    import sklearn

    folders = (Path(skimage.__file__).parent / "data", Path(sklearn.__file__).parent / "datasets" / "images")
    paths = [path for folder in folders for path in sorted(folder.glob("*.jpg")) + sorted(folder.glob("*.png"))]
    for path in paths:
        image = _readable(path)
        if image is not None and min(image.shape[:2]) >= 200:
            yield Sample("photographs and charts of other things", "test", _reader_of(path))


def _readable(path: Path) -> RgbImage | None:
    stored = cv2.imread(str(path), cv2.IMREAD_COLOR)
    return None if stored is None else np.ascontiguousarray(stored[:, :, ::-1]).astype(np.uint8)


def _reader_of(path: Path) -> Callable[[], RgbImage]:
    return lambda: _read(path)


def _read(path: Path) -> RgbImage:
    image = _readable(path)
    return decode_image(path.read_bytes()) if image is None else image
