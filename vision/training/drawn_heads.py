"""Drawn heads among what the scalp segmentation is trained on: the truth of every pixel is known, nobody is shown.

Their seeds begin at :data:`FIRST_SEED`, above those of every study and test, so that no head is measured that was
trained on. They are synthetic, and named so in the release's card.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from tqdm import tqdm

from vision.evaluation.change_renders import held
from vision.render import HAIR_COLOURS, SKIN_TONES, DrawnPhoto, draw_head
from vision.training.data import LabelledPhoto, bits
from vision.types import ScalpClass, View

FIRST_SEED: Final = 700_000
CLASS_BITS: Final = np.array([bits(ScalpClass(one)) for one in range(len(ScalpClass))], np.uint8)
LONG_EDGES: Final = (640, 800, 1200)
VIEWS: Final = (View.CROWN, View.CROWN, View.HAIRLINE, View.TEMPLE_LEFT, View.TEMPLE_RIGHT, View.PART, View.OCCIPUT)
NO_LOSS: Final = 0.15
"""Share of the heads without any loss, and the share that lose in one way only."""


def draw_one(number: int) -> DrawnPhoto:
    """Head ``number``: any view, any loss up to 95 % of the scalp, any colour, taken within the capture protocol."""
    seed = FIRST_SEED + number
    random = np.random.default_rng(seed)
    kind = float(random.random())
    thinning = 0.0 if kind < NO_LOSS else float(random.uniform(0, 0.55))
    bald = 0.0 if kind < 2 * NO_LOSS else float(random.uniform(0, 0.4))
    view = VIEWS[number % len(VIEWS)]
    long_edge = int(random.choice(LONG_EDGES))
    return draw_head(
        view,
        seed=seed,
        thinning=thinning,
        bald=bald,
        parting=float(random.choice([0.0, 0.0, random.uniform(0.01, 0.06)])),
        hair_colour=list(HAIR_COLOURS)[int(random.integers(len(HAIR_COLOURS)))],
        skin_tone=list(SKIN_TONES)[int(random.integers(len(SKIN_TONES)))],
        light_slope_stops=float(random.normal(0, 0.3)),
        size=(long_edge, long_edge * 3 // 4),
        capture=held(random),
        combed=int(random.integers(0, 1000)),
    )


def labelled(drawing: DrawnPhoto, number: int, longest_side: int) -> LabelledPhoto:
    """The drawing and its truth, its longer side brought down to ``longest_side``."""
    height, width = drawing.truth.shape
    scale = min(1.0, longest_side / max(height, width))
    size = (round(width * scale), round(height * scale))
    image = cv2.resize(drawing.image, size, interpolation=cv2.INTER_AREA)
    truth = cv2.resize(drawing.truth, size, interpolation=cv2.INTER_NEAREST)
    name = f"drawn_{drawing.view.value}_{number}"
    return LabelledPhoto(np.asarray(image, np.uint8), CLASS_BITS[truth], f"drawn {number}", "drawn", name)


def drawn_heads(first: int, count: int, longest_side: int, cache: Path) -> list[LabelledPhoto]:
    """Heads ``first`` to ``first + count - 1``; each is drawn once, about a second, and kept in ``cache``."""
    cache.mkdir(parents=True, exist_ok=True)
    return list(tqdm(_kept(first, count, longest_side, cache), total=count, unit="drawn head", mininterval=10))


def _kept(first: int, count: int, longest_side: int, cache: Path) -> Iterator[LabelledPhoto]:
    for number in range(first, first + count):
        path = cache / f"{number}-{longest_side}.npz"
        if not path.is_file():
            photo = labelled(draw_one(number), number, longest_side)
            with path.with_suffix(".part").open("wb") as file:
                np.savez(file, image=photo.image, allowed=photo.allowed, name=np.array(photo.name))
            path.with_suffix(".part").replace(path)
        with np.load(path) as stored:
            yield LabelledPhoto(stored["image"], stored["allowed"], f"drawn {number}", "drawn", str(stored["name"]))
