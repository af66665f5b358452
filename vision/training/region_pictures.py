"""The detector's training folder: photographs outlined by eye, heads with patches composited in, heads with full hair.

Everything is written below the folder of runs, in the layout that ultralytics reads (one line per region: class and
outline in fractions). Composited pictures are named ``composited_*`` and are never validated or tested on.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.areas import Area, affected_areas
from vision.training.split import Side, side_of
from vision.types import LabelMap, RgbImage, ScalpClass

KINDS: tuple[ScalpClass, ...] = (ScalpClass.THINNING, ScalpClass.BALD)
"""Order of the detector's classes."""

MASK_CLASSES = np.array([ScalpClass.BACKGROUND, ScalpClass.DENSE, ScalpClass.THINNING, ScalpClass.BALD], dtype=np.uint8)
"""Values of ``scalp_regions/masks`` (0 outside, 1 dense, 2 thinning, 3 bald) as :class:`ScalpClass`."""

LONG_EDGE_PX = 480


@dataclass(frozen=True, slots=True)
class OutlinedPhoto:
    """A photograph with its truth mask."""

    path: Path
    mask_path: Path
    person: str
    source: str
    view: str
    side: Side

    def image(self) -> RgbImage:
        return _read(self.path)

    def labels(self) -> LabelMap:
        mask = cv2.imread(str(self.mask_path), cv2.IMREAD_GRAYSCALE)
        if mask is None:
            raise ValueError(f"cannot read {self.mask_path.name}")
        return np.asarray(MASK_CLASSES[mask], dtype=np.uint8)


def outlined_photos(folder: Path) -> tuple[OutlinedPhoto, ...]:
    """Photographs of a folder with ``images/``, ``masks/`` and ``labels.csv`` (file, person, source)."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return tuple(
        OutlinedPhoto(
            path=folder / "images" / row["file"],
            mask_path=folder / "masks" / f"{Path(row['file']).stem}.png",
            person=row["person"],
            source=row.get("source", folder.name),
            view=row.get("view", "unclear"),
            side=side_of(row["person"]),
        )
        for row in rows
    )


def build_training_folder(data: Path, target: Path, *, composited: int, full_hair: int, repeats: int = 2) -> Path:
    """Write pictures, labels, lists and ``regions.yaml`` under ``target``; returns the yaml's path.

    ``composited`` and ``full_hair`` count extra training pictures made from the heads of ``hair_masks``; ``repeats`` is
    how often each outlined photograph stands in one epoch.
    """
    for name in ("images", "labels"):
        (target / name).mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(11)
    photos = outlined_photos(data / "scalp_regions")
    lists: dict[str, list[str]] = {"train": [], "val": []}
    skins: list[RgbImage] = []
    for photo in photos:
        if photo.side == "test":
            continue
        image, labels = photo.image(), photo.labels()
        stored = _write(target, photo.path.stem, image, affected_areas(labels))
        if photo.side == "train":
            lists["train"] += [stored] * repeats
            skins += _skin_samples(image, labels)
        else:
            lists["val"].append(stored)
    heads = sorted((data / "hair_masks" / "images").glob("figaro_*.jpg"))
    chosen = random.permutation(len(heads))[: composited + full_hair]
    for number, index in enumerate(chosen):
        image = _read(heads[index])
        hair = cv2.imread(str(data / "hair_masks" / "masks" / f"{heads[index].stem}.png"), cv2.IMREAD_GRAYSCALE)
        if hair is None or hair.shape != image.shape[:2]:
            continue
        if number < composited:
            image, regions = composite(image, hair > 127, skins, random)
            lists["train"].append(_write(target, f"composited_{heads[index].stem}", image, regions))
        else:
            lists["train"].append(_write(target, f"full_{heads[index].stem}", image, ()))
    for name, files in lists.items():
        (target / f"{name}.txt").write_text("\n".join(files) + "\n", encoding="utf-8")
    names = "\n".join(f"  {number}: {kind.name.lower()}" for number, kind in enumerate(KINDS))
    description = target / "regions.yaml"
    description.write_text(
        f"path: {target.resolve()}\ntrain: train.txt\nval: val.txt\nnames:\n{names}\n", encoding="utf-8"
    )
    return description


def composite(
    image: RgbImage, hair: NDArray[np.bool_], skins: Sequence[RgbImage], random: np.random.Generator
) -> tuple[RgbImage, tuple[Area, ...]]:
    """Patches of skin laid into hair: opaque ones are BALD, half-transparent ones THINNING; picture and truth."""
    result = image.astype(np.float32)
    labels = np.where(hair, ScalpClass.DENSE, ScalpClass.BACKGROUND).astype(np.uint8)
    distance = cv2.distanceTransform(hair.astype(np.uint8), cv2.DIST_L2, 3)
    for _ in range(int(random.integers(1, 4))):
        inside = np.argwhere(distance > 0.35 * distance.max())
        if len(inside) == 0 or not skins:
            break
        row, column = inside[int(random.integers(len(inside)))]
        reach = float(np.clip(distance[row, column] * random.uniform(0.35, 1.0), 8, None))
        blob = _blob(hair.shape, (float(column), float(row)), reach, random) & hair
        bald = random.random() < 0.6
        opacity = random.uniform(0.8, 1.0) if bald else random.uniform(0.35, 0.6)
        soft = cv2.GaussianBlur(blob.astype(np.float32), (0, 0), random.uniform(1.0, 0.12 * reach + 1.0))
        skin = _tile(skins[int(random.integers(len(skins)))], hair.shape, random).astype(np.float32)
        light = cv2.GaussianBlur(image.astype(np.float32).mean(axis=2), (0, 0), 15)
        skin *= (0.6 + 0.4 * light / max(1.0, float(light[blob].mean() if blob.any() else 1.0)))[..., None]
        alpha = (soft * opacity)[..., None]
        result = result * (1 - alpha) + skin * alpha
        labels[blob] = ScalpClass.BALD if bald else ScalpClass.THINNING
    return np.clip(result, 0, 255).astype(np.uint8), affected_areas(labels)


def outline_of(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Outline N x 2 (x, y in fractions) of a region: its pieces are joined along thin bridges, holes are left out."""
    height, width = mask.shape
    pieces = mask.astype(np.uint8)
    size = 3
    while True:
        contours, _ = cv2.findContours(pieces, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        if len(contours) <= 1 or size > max(mask.shape):
            break
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
        pieces = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, kernel)
        size = size * 2 + 1
    outline = max(contours, key=cv2.contourArea)
    outline = cv2.approxPolyDP(outline, 0.0015 * cv2.arcLength(outline, closed=True), closed=True)[:, 0, :]
    return np.asarray(outline / np.array([width, height]), dtype=np.float32)


def _write(target: Path, stem: str, image: RgbImage, regions: Sequence[Area]) -> str:
    path = target / "images" / f"{stem}.jpg"
    cv2.imwrite(str(path), _reduced(image)[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
    lines = []
    for region in regions:
        outline = outline_of(region.mask)
        if len(outline) >= 3:
            points = " ".join(f"{value:.5f}" for value in outline.ravel())
            lines.append(f"{KINDS.index(region.kind)} {points}")
    (target / "labels" / f"{stem}.txt").write_text("\n".join(lines), encoding="utf-8")
    return str(path.resolve())


def _skin_samples(image: RgbImage, labels: LabelMap) -> Iterator[RgbImage]:
    """The largest square of bald scalp in a photograph, if it is large enough to be a texture."""
    bald = (labels == ScalpClass.BALD).astype(np.uint8)
    distance = cv2.distanceTransform(bald, cv2.DIST_L2, 3)
    row, column = np.unravel_index(int(distance.argmax()), distance.shape)
    half = int(distance[row, column] / 1.5)
    if half >= 16:
        yield image[max(0, row - half) : row + half, max(0, column - half) : column + half]


def _tile(skin: RgbImage, shape: tuple[int, ...], random: np.random.Generator) -> RgbImage:
    height, width = shape[:2]
    turned = np.rot90(skin, int(random.integers(4)))
    side = int(random.uniform(0.5, 1.2) * max(height, width))
    tile = cv2.resize(np.ascontiguousarray(turned), (side, side), interpolation=cv2.INTER_LINEAR)
    padded = cv2.copyMakeBorder(tile, 0, max(0, height - side), 0, max(0, width - side), cv2.BORDER_REFLECT)
    return np.asarray(padded[:height, :width], dtype=np.uint8)


def _blob(
    shape: tuple[int, ...], centre: tuple[float, float], reach: float, random: np.random.Generator
) -> NDArray[np.bool_]:
    angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    radius = np.ones_like(angles)
    for order in range(1, 5):
        radius += random.normal(0, 0.22 / order) * np.cos(order * angles + random.uniform(0, 2 * np.pi))
    radius = np.clip(radius, 0.4, 1.6) * reach
    stretch = random.uniform(0.6, 1.0)
    points = np.stack([centre[0] + radius * np.cos(angles), centre[1] + stretch * radius * np.sin(angles)], axis=1)
    canvas = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(canvas, [points.astype(np.int32)], (1,))
    return canvas.astype(bool)


def _read(path: Path) -> RgbImage:
    stored = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if stored is None:
        raise ValueError(f"cannot read {path.name}")
    return np.ascontiguousarray(stored[:, :, ::-1]).astype(np.uint8)


def _reduced(image: RgbImage) -> RgbImage:
    scale = LONG_EDGE_PX / max(image.shape[:2])
    if scale >= 1:
        return image
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), dtype=np.uint8)
