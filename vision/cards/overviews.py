"""Drawn examples of the networks that look at overview photographs: each judges the same drawn heads, and the card
shows a typical right answer and the most wrong ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import cv2
import numpy as np

from vision.cards.examples import Example, chosen, side_by_side
from vision.colour import CLASS_COLOURS
from vision.condition import read_condition
from vision.measure import labels_at
from vision.norwood import SETTLING_VIEWS, grade, read_evidence
from vision.regions import detect_regions
from vision.release import Release, load_release
from vision.render import DrawnPhoto, HairColour, Scene, SkinTone, draw_head, draw_non_scalp
from vision.runtime import open_network
from vision.segment import segment
from vision.types import (
    Condition,
    LabelMap,
    NorwoodEvidence,
    NorwoodReading,
    NotMeasurable,
    Reason,
    RgbImage,
    ScalpClass,
    View,
)

SIZE_PX: Final = (640, 480)
SEGMENTATION: Final = "scalp-segmentation"
OPACITY: Final = 0.45


@dataclass(frozen=True, slots=True)
class Head:
    """What is drawn: shares of the whole scalp that thin and are bald."""

    view: View
    seed: int
    thinning: float = 0.0
    bald: float = 0.0
    hair: HairColour = HairColour.BROWN
    skin: SkinTone = SkinTone.LIGHT
    light: float = 1.0

    @property
    def words(self) -> str:
        """For captions."""
        loss = f"{100 * self.bald:.0f} % bald and {100 * self.thinning:.0f} % thinning" if self.has_loss else "no loss"
        return f"{self.view.value} of a head with {self.hair.value} hair, {self.skin.value} skin and {loss}"

    @property
    def has_loss(self) -> bool:
        """Whether any of the scalp shows."""
        return self.bald + self.thinning > 0


HEADS: Final = (
    Head(View.CROWN, 1, 0.10, 0.15),
    Head(View.CROWN, 2, 0.05, 0.30, HairColour.BLACK, SkinTone.BROWN),
    Head(View.CROWN, 3, 0.20, 0.0, HairColour.BLOND),
    Head(View.CROWN, 4, 0.0, 0.0, HairColour.BLACK, SkinTone.MEDIUM),
    Head(View.CROWN, 5, 0.10, 0.45, HairColour.GREY),
    Head(View.CROWN, 6, 0.15, 0.05, HairColour.BLACK, SkinTone.DARK),
    Head(View.HAIRLINE, 7, 0.10, 0.20),
    Head(View.HAIRLINE, 8, 0.0, 0.0, HairColour.RED),
    Head(View.OCCIPUT, 9, 0.10, 0.25, HairColour.BLACK, SkinTone.MEDIUM),
    Head(View.TEMPLE_LEFT, 10, 0.10, 0.30, HairColour.GREY),
    Head(View.CROWN, 11, 0.10, 0.20, HairColour.BROWN, SkinTone.LIGHT, 0.5),
    Head(View.TEMPLE_RIGHT, 12, 0.0, 0.0, HairColour.BLOND),
)

NORWOOD_LOSSES: Final = ((0.05, 0.02), (0.08, 0.08), (0.10, 0.15), (0.10, 0.25), (0.10, 0.38), (0.08, 0.52))
"""Thinning and bald shares that grow as the stages do; which stage a drawing stands for is nobody's judgement."""


@lru_cache(maxsize=64)
def drawn(head: Head) -> DrawnPhoto:
    """The drawing, kept for the next card."""
    return draw_head(
        head.view,
        seed=head.seed,
        thinning=head.thinning,
        bald=head.bald,
        hair_colour=head.hair,
        skin_tone=head.skin,
        light=head.light,
        size=SIZE_PX,
    )


def segmentation_examples(release: Release) -> Iterator[Example]:
    """Drawing, truth and what the segmentation says, by the share of pixels on which both agree."""
    network = open_network(release)
    said = []
    for head in HEADS:
        photo = drawn(head)
        said.append(labels_at(segment(photo.image, network, release), SIZE_PX[0], SIZE_PX[1]))
    scores = [agreement(drawn(head).truth, labels) for head, labels in zip(HEADS, said, strict=True)]
    for index, hit in picks(scores):
        head, photo = HEADS[index], drawn(HEADS[index])
        yield Example(
            f"{head.words}: drawing, truth, and what {release.id} says; IoU {scores[index]:.2f} over the classes drawn",
            hit,
            side_by_side(photo.image, tinted(photo.image, photo.truth), tinted(photo.image, said[index])),
        )


def region_examples(release: Release) -> Iterator[Example]:
    """Drawing with its truth, and the outlines of the detector, by how far the outlined area is right."""
    network = open_network(release)
    segmentation = load_release(SEGMENTATION)
    segmenter = open_network(segmentation)
    heads = [head for head in HEADS if head.view in (View.CROWN, View.OCCIPUT)]
    found = []
    for head in heads:
        image = drawn(head).image
        found.append(detect_regions(image, segment(image, segmenter, segmentation), network, release))
    scores = []
    for head, regions in zip(heads, found, strict=True):
        truth = np.isin(drawn(head).truth, (ScalpClass.THINNING, ScalpClass.BALD))
        outlined = np.zeros(truth.shape, np.uint8)
        cv2.fillPoly(outlined, [_points(region.polygon) for region in regions], 1)
        scores.append(_iou(truth, outlined > 0))
    for index, hit in picks(scores):
        photo = drawn(heads[index])
        outlined = photo.image.copy()
        for region in found[index]:
            cv2.polylines(outlined, [_points(region.polygon)], True, CLASS_COLOURS[region.kind], 4, cv2.LINE_AA)
        yield Example(
            f"{heads[index].words}: truth, and {len(found[index])} regions outlined by {release.id}; "
            f"IoU {scores[index]:.2f} with what is thinning or bald",
            hit,
            side_by_side(tinted(photo.image, photo.truth), outlined),
        )


def condition_examples(release: Release) -> Iterator[Example]:
    """Heads with and without loss and things that are no scalp, with the probability of the class that is right; on
    what is no scalp, abstaining is right."""
    network = open_network(release)
    subjects: list[tuple[str, RgbImage, Condition | None]] = [
        (head.words, drawn(head).image, Condition.ALOPECIA if head.has_loss else Condition.NO_FINDING) for head in HEADS
    ]
    subjects += [(f"{scene.value}, not a scalp", draw_non_scalp(scene, seed=3, size=SIZE_PX), None) for scene in Scene]
    readings = [read_condition(image, network, release) for _, image, _ in subjects]
    scores = []
    for (_, _, wanted), (reading, _) in zip(subjects, readings, strict=True):
        if wanted is None:
            scores.append(1.0 if reading.shown is Condition.UNSURE else 0.0)
        else:
            scores.append(reading.probabilities.get(wanted, 0.0))
    of_heads, _ = chosen(scores[: len(HEADS)])  # typical: a head of which it said the right class
    _, worst = chosen(scores)
    for index, hit in [*((index, True) for index in of_heads), *((index, False) for index in worst)]:
        words, image, wanted = subjects[index]
        reading, attention = readings[index]
        best = max(reading.probabilities, key=reading.probabilities.__getitem__)
        says = f"{best.value} {100 * reading.probabilities[best]:.0f} %"
        shown = "abstains" if reading.shown is Condition.UNSURE else "is shown"
        expected = "abstaining" if wanted is None else wanted.value
        heat = cv2.resize(np.round(255 * attention).astype(np.uint8), SIZE_PX, interpolation=cv2.INTER_CUBIC)
        coloured = cv2.applyColorMap(heat, cv2.COLORMAP_VIRIDIS)[:, :, ::-1]
        yield Example(
            f"{words}: {says} ({shown}), right would be {expected}; beside it the model's attention",
            hit,
            side_by_side(image, cv2.addWeighted(image, 0.5, np.ascontiguousarray(coloured), 0.5, 0.0)),
        )


def norwood_examples(release: Release) -> Iterator[Example]:
    """Rows of one drawn head losing more and more: the stage ought to rise from step to step."""
    network = open_network(release)
    segmentation = load_release(SEGMENTATION)
    segmenter = open_network(segmentation)
    rows = []
    for hair, skin in (
        (HairColour.BROWN, SkinTone.LIGHT),
        (HairColour.BLACK, SkinTone.BROWN),
        (HairColour.GREY, SkinTone.MEDIUM),
    ):
        stages: list[NorwoodReading | NotMeasurable] = []
        panels = []
        for thinning, bald in NORWOOD_LOSSES:
            evidence = []
            for view in sorted(SETTLING_VIEWS):
                image = drawn(Head(view, 21, thinning, bald, hair, skin)).image
                read = read_evidence(image, segment(image, segmenter, segmentation), view, network, release)
                if isinstance(read, NorwoodEvidence):
                    evidence.append(read)
                if view is View.CROWN:
                    panels.append(image)
            stages.append(grade(evidence, release, NotMeasurable(Reason.MODEL_OFF), male=True))
        rows.append((hair, skin, stages, panels))
    scores = [_rising([one for one in stages if isinstance(one, NorwoodReading)]) for _, _, stages, _ in rows]
    order = np.argsort(scores, kind="stable")
    for index, hit in ((int(order[-1]), True), (int(order[0]), False)):
        hair, skin, stages, panels = rows[index]
        said = ", ".join(str(one.stage) if isinstance(one, NorwoodReading) else "not gradable" for one in stages)
        yield Example(
            f"one head with {hair.value} hair and {skin.value} skin losing more from left to right (crowns shown, read "
            f"with the hairline): stages said {said}",
            hit,
            side_by_side(*panels),
        )


def picks(scores: list[float]) -> list[tuple[int, bool]]:
    """Indices to show, with whether they are hits."""
    hits, failures = chosen(scores)
    return [*((index, True) for index in hits), *((index, False) for index in failures)]


def agreement(truth: LabelMap, said: LabelMap) -> float:
    """Mean IoU over the scalp classes that were drawn."""
    found = [_iou(truth == kind, said == kind) for kind in ScalpClass.scalp() if (truth == kind).mean() > 0.002]
    return float(np.mean(found)) if found else 0.0


def tinted(image: RgbImage, labels: LabelMap) -> RgbImage:
    """The picture with its scalp classes in their colours."""
    shown = image.copy()
    for kind, colour in CLASS_COLOURS.items():
        inside = labels == kind
        shown[inside] = (shown[inside] * (1 - OPACITY) + np.array(colour) * OPACITY).astype(np.uint8)
    return shown


def _iou(one: Any, two: Any) -> float:
    union = float(np.logical_or(one, two).sum())
    return 1.0 if union == 0 else float(np.logical_and(one, two).sum()) / union


def _rising(stages: Iterable[NorwoodReading]) -> float:
    """Stages gained from the first to the last drawing, less twice every step back."""
    values = [reading.stage for reading in stages]
    steps = np.diff(values)
    return float(steps.sum() + 2 * np.minimum(steps, 0).sum()) if len(values) > 1 else -99.0


def _points(polygon: Iterable[tuple[float, float]]) -> Any:
    return np.array([[round(x * SIZE_PX[0]), round(y * SIZE_PX[1])] for x, y in polygon], np.int32)
