"""``python -m vision train gate_covers``: fit the gate's reader of covers (hands, hats, bands) on its network's maps.

There are no photographs of covered heads to learn from, so covers are laid over photographs of men trained on
(:mod:`vision.render.covers`), half of them drawn, half cut from photographs of other men trained on; every cell of the
map is told whether a cover lies there. So that it learns covers and not the pasting, every head is shown as well with a
piece of itself pasted a little aside, which counts as free; and so are drawn heads, which the portal's demo shows. A
logistic regression, some minutes of one core. The limit is read from men kept for validation, without covers.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from vision.decode import decode_image
from vision.preprocess import Placement
from vision.quality.covers import CELLS, COVER_WEIGHTS, cell_features, score
from vision.quality.head import HeadLook, look_for_head, network_sha256, release
from vision.quality.readers import Numbers, Reader
from vision.render.covers import Box, Cover, CoveredPhoto, draw_cover
from vision.training.data import DEFAULT_DATA
from vision.training.gate_views import of_drawings
from vision.training.norwood_people import read_men
from vision.training.split import Side, side_of
from vision.types import RgbImage

LOOK_EDGE_PX: Final = 448
STUFF_EDGE_PX: Final = 1000
STUFF_PX: Final = (110, 260)
"""Edge of a piece of cloth or skin cut from a photograph of :data:`STUFF_EDGE_PX`: least and most."""
STRENGTH: Final = 0.003
"""Inverse of the penalty on the weights of the standardised features."""
COVERED_FROM: Final = 0.5
FREE_TO: Final = 0.02
"""Share of a cell under the cover from which it counts as covered, and up to which as free; the rest is left out."""
ASIDE: Final = (0.05, 0.12)
"""How far aside, in widths of the scalp, the piece of itself is taken that is pasted on a head."""
FALSE_ALARMS: Final = 0.03


@dataclass(frozen=True, slots=True)
class Cells:
    """One picture: features of its cells, how much of each is covered, and whether a cover was laid on it."""

    features: Numbers  # cells x features
    covered: Numbers
    laid: bool


@dataclass(frozen=True, slots=True)
class Stuff:
    """Pieces of photographs, each with the person they were cut from."""

    cloth: tuple[tuple[str, RgbImage], ...]
    skin: tuple[tuple[str, RgbImage], ...]

    def piece(self, kind: Cover, person: str, random: np.random.Generator) -> RgbImage:
        """Skin for a hand, else cloth, of somebody else."""
        pieces = [piece for whose, piece in (self.skin if kind is Cover.HAND else self.cloth) if whose != person]
        return pieces[int(random.integers(len(pieces)))]


def main(arguments: Sequence[str] | None = None) -> None:
    """Write ``cover_reader.npz`` and say the limit."""
    parser = argparse.ArgumentParser(prog="python -m vision train gate_covers", description=__doc__)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="the folder of the research pictures")
    parser.add_argument("--out", type=Path, default=COVER_WEIGHTS)
    chosen = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    learnt = [*look_at_people(chosen.data, "train"), *look_at_drawings()]
    reader = fit(learnt)
    np.savez_compressed(
        chosen.out, weights=reader.weights.astype(np.float16), bias=reader.bias, head=np.array(network_sha256())
    )
    kept = look_at_people(chosen.data, "validation")
    free = [score(one.features, reader) for one in kept if not one.laid]
    laid = np.array([score(one.features, reader) for one in kept if one.laid])
    limit = float(np.quantile(free, 1 - FALSE_ALARMS))
    print(f"{chosen.out}: {chosen.out.stat().st_size / 1e3:.0f} kB from {len(learnt)} pictures")
    print(f"limit {limit:.2f}: of {len(free)} pictures kept for validation {100 * FALSE_ALARMS:.0f} % lie above it,")
    print(f"and {100 * (laid > limit).mean():.0f} % of {len(laid)} with a cover")


def look_at_people(data: Path, side: Side) -> list[Cells]:
    """Every photograph of the men on this side: as it is, with a piece of itself, with a drawn and with a cut cover."""
    random = np.random.default_rng(23)
    stuff, kinds, pictures = cut_stuff(data, side), list(Cover), []
    for number, (person, image) in enumerate(photographs(data, side)):
        look = look_for_head(image)
        nothing = np.zeros(image.shape[:2], np.float32)
        box = scalp_box(look, image)
        own = with_itself(image, box, kinds[number % len(kinds)], random)
        pictures.append(_cells(look, nothing, laid=False))
        pictures.append(_cells(look_for_head(own.image), nothing, laid=False))
        for again, cut in enumerate((None, stuff)):
            kind = kinds[(number + again) % len(kinds)]
            covered = draw_cover(image, box, kind, random, None if cut is None else cut.piece(kind, person, random))
            pictures.append(_cells(look_for_head(covered.image), covered.share, laid=True))
    return pictures


def photographs(data: Path, side: Side, edge_px: int = LOOK_EDGE_PX) -> Iterator[tuple[str, RgbImage]]:
    """Person and photograph, every view of every man on this side of the split."""
    for man in read_men(data / "norwood"):
        if side_of(man.person) == side:
            for _, path in man.photos:
                yield man.person, decode_image(path.read_bytes(), max_long_edge=edge_px)


def cut_stuff(data: Path, side: Side) -> Stuff:
    """Pieces of cloth, wall and skin beside the heads of the men on this side."""
    random = np.random.default_rng(31)
    cloth: list[tuple[str, RgbImage]] = []
    skin: list[tuple[str, RgbImage]] = []
    for person, image in photographs(data, side, STUFF_EDGE_PX):
        beside = ~look_for_head(image).mask(image.shape[1], image.shape[0])
        for _ in range(12):
            edge = int(random.integers(*STUFF_PX))
            if min(image.shape[:2]) <= edge:
                continue
            top, left = (int(random.integers(0, whole - edge)) for whole in image.shape[:2])
            if not beside[top : top + edge, left : left + edge].all():
                continue
            piece = np.ascontiguousarray(image[top : top + edge, left : left + edge])
            bare = _skin_share(piece)
            if bare > 0.9:
                skin.append((person, piece))
            elif bare < 0.3:
                cloth.append((person, piece))
    return Stuff(tuple(cloth), tuple(skin))


def with_itself(image: RgbImage, box: Box, kind: Cover, random: np.random.Generator) -> CoveredPhoto:
    """A piece of the head pasted a little aside, in the shape of a cover: pasted, and yet nothing lies on it."""
    shape = draw_cover(image, box, kind, random).share[..., None]
    angle, reach = random.uniform(0, 2 * np.pi), random.uniform(*ASIDE) * (box[2] - box[0])
    move = np.array(((1, 0, reach * np.cos(angle)), (0, 1, reach * np.sin(angle))), np.float32)
    aside = cv2.warpAffine(image, move, image.shape[1::-1], borderMode=cv2.BORDER_REFLECT)
    pasted = image * (1 - shape) + aside * shape
    return CoveredPhoto(np.asarray(pasted, np.uint8), np.zeros(image.shape[:2], np.float32))


def look_at_drawings() -> list[Cells]:
    """The drawn heads of the reader of views, free: the demo and the tests are not to be told of hats."""
    return [
        _cells(look_for_head(image), np.zeros(image.shape[:2], np.float32), laid=False) for _, image, _ in of_drawings()
    ]


def fit(pictures: Sequence[Cells]) -> Reader:
    """A reader with two answers: free, covered."""
    from sklearn.linear_model import LogisticRegression

    covered = np.concatenate([one.covered for one in pictures])
    known = (covered >= COVERED_FROM) | (covered <= FREE_TO)
    features = np.concatenate([one.features for one in pictures])[known]
    centre, spread = features.mean(axis=0), features.std(axis=0) + 1e-3
    model: Any = LogisticRegression(C=STRENGTH, max_iter=200, class_weight="balanced")
    model.fit((features - centre) / spread, covered[known] >= COVERED_FROM)
    weights = (model.coef_[0] / spread).astype(np.float32)
    bias = float(model.intercept_[0] - centre @ weights)
    return Reader(np.stack([np.zeros_like(weights), weights], axis=1), np.array((0.0, bias), np.float32), "")


def scalp_box(look: HeadLook, image: RgbImage) -> Box:
    """Left, top, right and bottom of the scalp seen, the farthest 2 % cut off; else of the picture."""
    rows, columns = np.nonzero(look.mask(image.shape[1], image.shape[0]))
    if not len(rows):
        return 0.0, 0.0, float(image.shape[1]), float(image.shape[0])
    (left, right), (top, bottom) = np.percentile(columns, (2, 98)), np.percentile(rows, (2, 98))
    return float(left), float(top), float(right), float(bottom)


def _cells(look: HeadLook, share: Numbers, *, laid: bool) -> Cells:
    assert look.seen is not None
    features, inside = cell_features(look.seen)
    return Cells(features, _of_cells(share, look.seen.place)[inside], laid)


def _of_cells(share: Numbers, place: Placement) -> Numbers:
    """The cover's share on the cells of the network's canvas, 9 x 9 flat."""
    size = release().input
    canvas = np.zeros((size.height, size.width), np.float32)
    canvas[place.top : place.top + place.height, place.left : place.left + place.width] = cv2.resize(
        share, (place.width, place.height), interpolation=cv2.INTER_AREA
    )
    return np.asarray(cv2.resize(canvas, (CELLS, CELLS), interpolation=cv2.INTER_AREA), np.float32).ravel()


def _skin_share(piece: RgbImage) -> float:
    """Share of a piece with the hue of skin (Chai and Ngan 1999: Cr 133 to 173, Cb 77 to 127)."""
    _, red, blue = cv2.split(cv2.cvtColor(piece, cv2.COLOR_RGB2YCrCb))
    return float(((red >= 133) & (red <= 173) & (blue >= 77) & (blue <= 127)).mean())
