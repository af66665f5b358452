"""``python -m vision train gate_views``: fit the gate's reader of views on the maps of its own network.

No network learns: principal components and a logistic regression, and some minutes of one core to look at the pictures.
It says the limit too: that above which lie few of the right views of people whom a reader fitted on the others judges.

Telephones forget which way they were held: a third of the research photographs lie on their side or upside down, and
nobody noted which. So every picture is looked at in four turns, and which of them is upright is learnt on the way: the
turn that speaks most for the right view is taken as upright, the other three as "not upright", and the reader is fitted
again (hard expectation-maximisation, Dempster et al. 1977). From above a head has no upright.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.decode import decode_image
from vision.quality.head import look_for_head, network_sha256
from vision.quality.readers import VIEW_WEIGHTS, VIEWS_READ, Numbers, Reader, decided, likeliest, view_features
from vision.render import HairColour, SkinTone, draw_head
from vision.training.data import DEFAULT_DATA
from vision.training.norwood_people import read_men
from vision.training.split import side_of
from vision.types import RgbImage, View

LOOK_EDGE_PX: Final = 512
COMPONENTS: Final = 96
STRENGTH: Final = 0.1
"""Inverse of the penalty on the weights; as :data:`COMPONENTS`, chosen by five folds over the people trained on."""
ROUNDS: Final = 5
TURNS: Final = 4
DRAWN: Final = 8
"""Drawn heads of each view."""
ANY_TURN: Final = VIEWS_READ.index(View.CROWN)
NOT_UPRIGHT: Final = len(VIEWS_READ)

MIRRORED: Final = {View.TEMPLE_LEFT: View.TEMPLE_RIGHT, View.TEMPLE_RIGHT: View.TEMPLE_LEFT}


FOLDS: Final = 5
FALSE_ALARMS: Final = 0.03
DRAWING: Final = ""
"""Whose picture a drawn head is."""


@dataclass(frozen=True, slots=True)
class Looks:
    """Pictures as the network sees them: N x 4 turns x features, the view of each, and whose it is."""

    features: Numbers
    views: NDArray[np.int64]
    people: NDArray[np.str_]

    def chosen(self, rows: NDArray[np.bool_]) -> Looks:
        """Some of them."""
        return Looks(self.features[rows], self.views[rows], self.people[rows])


def main(arguments: Sequence[str] | None = None) -> None:
    """Write ``view_reader.npz``."""
    parser = argparse.ArgumentParser(prog="python -m vision train gate_views", description=__doc__)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="the folder of the research pictures")
    parser.add_argument("--out", type=Path, default=VIEW_WEIGHTS)
    chosen = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    looks = look_at([*of_people(chosen.data), *of_drawings()])
    weights, bias = fit(looks)
    np.savez_compressed(
        chosen.out, weights=weights.astype(np.float16), bias=bias.astype(np.float32), head=np.array(network_sha256())
    )
    print(f"{chosen.out}: {chosen.out.stat().st_size / 1e3:.0f} kB from {len(looks.views)} pictures")
    told = right_views_told(looks)
    print(f"limit {np.quantile(told, 1 - FALSE_ALARMS):.2f}: {100 * FALSE_ALARMS:.0f} % of {len(told)} right views of")
    print(f"people left out of the fit lie above it ({FOLDS} folds)")


def of_people(data: Path) -> Iterator[tuple[str, RgbImage, View]]:
    """Person, photograph and view: every photograph of the men who are not held out."""
    for man in read_men(data / "norwood"):
        if side_of(man.person) != "test":
            for view, path in man.photos:
                yield man.person, decode_image(path.read_bytes(), max_long_edge=LOOK_EDGE_PX), view


def of_drawings() -> Iterator[tuple[str, RgbImage, View]]:
    """Some drawn heads, so that the portal's demo and its tests, which show drawn people, are not told nonsense."""
    colours, tones = list(HairColour), list(SkinTone)
    for seed in range(DRAWN):
        for view in (*VIEWS_READ, View.PART):
            drawn = draw_head(
                view,
                seed=9000 + seed,
                thinning=0.05 * seed,
                parting=0.6 if view is View.PART else 0.0,
                hair_colour=colours[seed % len(colours)],
                skin_tone=tones[seed % len(tones)],
                size=(LOOK_EDGE_PX, LOOK_EDGE_PX * 3 // 4),
            )
            yield DRAWING, drawn.image, View.CROWN if view is View.PART else view


def look_at(pictures: Iterable[tuple[str, RgbImage, View]]) -> Looks:
    """Every picture and its mirror image, in four turns."""
    features: list[list[Numbers]] = []
    views: list[int] = []
    people: list[str] = []
    for person, image, view in pictures:
        for picture, shown in ((image, view), (image[:, ::-1], MIRRORED.get(view, view))):
            features.append([_seen(np.rot90(picture, turn)) for turn in range(TURNS)])
            views.append(VIEWS_READ.index(shown))
            people.append(person)
    return Looks(np.array(features, np.float32), np.array(views), np.array(people))


def right_views_told(looks: Looks) -> Numbers:
    """What the gate's check says of every photograph sent as the view it shows, the person left out of the fit."""
    people = np.array(sorted(set(looks.people) - {DRAWING}))
    fold_of = {person: number % FOLDS for number, person in enumerate(people)}
    folds = np.array([fold_of.get(person, -1) for person in looks.people])
    told: list[float] = []
    for fold in range(FOLDS):
        weights, bias = fit(looks.chosen(folds != fold))
        reader = Reader(weights, bias, "")
        out = looks.chosen(folds == fold)
        for turns, view in zip(out.features, out.views, strict=True):
            shares = [reader.probabilities(turn)[: len(VIEWS_READ)] for turn in turns]
            told.append(decided(shares[0], partial(likeliest, shares), VIEWS_READ[view]).certainty)
    return np.array(told, np.float32)


def fit(looks: Looks) -> tuple[Numbers, Numbers]:
    """Weights (features x 6) and bias of the reader, in the features' own units."""
    centre, spread, axes = _components(looks.features[:, 0])
    reduced = np.asarray(((looks.features - centre) / spread) @ axes, np.float32)
    upright: NDArray[np.int64] = np.zeros(len(looks.views), np.int64)
    for _ in range(ROUNDS):
        model = _regression(reduced, looks.views, upright)
        told = model.predict_log_proba(reduced.reshape(-1, COMPONENTS)).reshape(*reduced.shape[:2], -1)
        upright = told[np.arange(len(upright)), :, looks.views].argmax(axis=1)
    weights = (axes @ model.coef_.T.astype(np.float32)) / spread[:, None]
    return weights, np.asarray(model.intercept_ - centre @ weights, np.float32)


def _regression(reduced: Numbers, views: NDArray[np.int64], upright: NDArray[np.int64]) -> Any:
    from sklearn.linear_model import LogisticRegression

    rows, answers, weights = [], [], []
    for number, view in enumerate(views):
        for turn in range(TURNS):
            is_right = turn == upright[number] or view == ANY_TURN
            rows.append(reduced[number, turn])
            answers.append(int(view) if is_right else NOT_UPRIGHT)
            weights.append(1 / TURNS if view == ANY_TURN else 1.0 if is_right else 1 / (TURNS - 1))
    return LogisticRegression(C=STRENGTH, max_iter=500).fit(np.array(rows), answers, sample_weight=weights)


def _components(features: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Centre, spread and scaled axes of the principal components, through the smaller matrix of inner products."""
    centre, spread = features.mean(axis=0), features.std(axis=0) + 1e-3
    standard = (features - centre) / spread
    power, vectors = np.linalg.eigh(standard @ standard.T)
    most = np.argsort(power)[::-1][:COMPONENTS]
    axes = standard.T @ vectors[:, most] / power[most] * np.sqrt(len(features))
    return centre, spread, np.asarray(axes, np.float32)


def _seen(picture: RgbImage) -> Numbers:
    seen = look_for_head(np.ascontiguousarray(picture)).seen
    assert seen is not None
    return view_features(seen)
