"""Readers of the research folders for segmentation. Each picture carries what its labels *allow*, pixel by pixel.

No folder labels every class, so a label is a set: bit ``k`` of a pixel is set when :class:`ScalpClass` ``k`` is
possible there. Face skin is told from background in none of them; the two always stand together.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.preprocess import resize
from vision.training.split import Side, side_of
from vision.types import RgbImage, ScalpClass

DEFAULT_DATA = Path(os.environ.get("RESEARCH_DATA", "../shared/data"))
"""Where the research folders lie unless the command says otherwise."""

AllowedMap = NDArray[np.uint8]
"""H x W, bit k set when ``ScalpClass(k)`` is possible."""


def bits(*classes: ScalpClass) -> int:
    """The bit set of these classes."""
    return sum(1 << int(one) for one in classes)


OUTSIDE = bits(ScalpClass.BACKGROUND, ScalpClass.SKIN)
HAIR = bits(ScalpClass.DENSE, ScalpClass.THINNING)
NO_HAIR = OUTSIDE | bits(ScalpClass.BALD)
SCALP_REGION_BITS = np.array(
    [OUTSIDE, bits(ScalpClass.DENSE), bits(ScalpClass.THINNING), bits(ScalpClass.BALD)], np.uint8
)
"""Allowed classes for the values 0..3 of the ``scalp_regions`` masks."""

BARE_SKIN = {
    "folliculitis_body": (71, 72, 73, 74, 75, 76, 77, 78, 80, 82, 83, 84, 90, 91, 93, 94, 95, 97, 99),
    "psoriasis_face": (104, 107, 117, 119, 120, 121, 123, 124, 126, 130, 131, 133, 134),
}
"""Pictures of ``conditions`` that show a body or a face and, looked at one by one, nothing of the scalp."""

BALD_MARGIN = 0.15
"""Beside hair, bare scalp is possible this far (share of the frame) outside the hair's bounding box, not further."""


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """A photograph with the file it came from and the person it shows."""

    image: RgbImage
    allowed: AllowedMap
    person: str
    source: str
    name: str

    @property
    def from_above(self) -> bool:
        """Whether it shows the top of a head, which is photographed from any side."""
        return "_top" in self.name


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """A photograph and its mask on disk, and the person it shows."""

    image: Path
    mask: Path
    person: str
    source: str


class DataMissing(Exception):
    """A research folder that is needed is not there."""


def read_rgb(path: Path) -> RgbImage:
    """H x W x 3 RGB."""
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise DataMissing(f"{path} cannot be read as a picture")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def read_grey(path: Path) -> NDArray[np.uint8]:
    """H x W, values as stored."""
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise DataMissing(f"{path} cannot be read as a picture")
    return np.asarray(picture, dtype=np.uint8)


def list_scalp_regions(data: Path) -> list[PhotoFile]:
    """Photographs with drawn regions; persons as in ``norwood``, from ``labels.csv`` or else from the file's name."""
    folder = _folder(data, "scalp_regions")
    people: dict[str, str] = {}
    if (folder / "labels.csv").is_file():
        with (folder / "labels.csv").open(encoding="utf-8", newline="") as stream:
            people = {row["file"]: row["person"] for row in csv.DictReader(stream)}
    return [
        PhotoFile(path, mask, people.get(path.name) or scalp_region_person(path.stem), "scalp_regions")
        for path, mask in _pairs(folder)
    ]


def list_hair_masks(data: Path) -> list[PhotoFile]:
    """Faces with hair masks. LFW's person is the name in the file; each Figaro picture is a person of its own."""
    folder = _folder(data, "hair_masks")
    return [
        PhotoFile(path, mask, hair_mask_person(path.stem), path.stem.split("_")[0]) for path, mask in _pairs(folder)
    ]


def list_region_masks(data: Path) -> list[PhotoFile]:
    """Coarse third-party masks; the person is the name without its view."""
    folder = _folder(data, "region_masks")
    return [PhotoFile(path, mask, path.stem.rsplit("_", 1)[0], "region_masks") for path, mask in _pairs(folder)]


def list_bare_skin(data: Path, side: Side) -> list[Path]:
    """The :data:`BARE_SKIN` pictures on this side of the split; empty where the folder is not there."""
    folder = data / "conditions" / "images"
    stems = [f"{condition}_{number:04d}" for condition, numbers in BARE_SKIN.items() for number in numbers]
    paths = [folder / f"{stem}.jpg" for stem in stems if side_of(stem) == side]
    return [path for path in paths if path.is_file()]


def list_unlabelled(data: Path, side: Side) -> list[Path]:
    """Heads of ``norwood`` and ``clinic_tops`` on this side of the split that nobody outlined; empty without them."""
    outlined = {file.image.name for file in list_scalp_regions(data)}
    found = []
    for folder, prefix in (("norwood", "norwood_"), ("clinic_tops", "clinic_")):
        for path in sorted((data / folder / "images").glob("*.jpg")):
            name = prefix + path.name
            if name not in outlined and side_of(scalp_region_person(Path(name).stem)) == side:
                found.append(path)
    return found


def load_unlabelled(paths: list[Path], longest_side: int) -> Iterator[LabelledPhoto]:
    """Read pictures on which anything is possible anywhere."""
    for path in paths:
        image = _shrunk(read_rgb(path), longest_side)
        anything = np.full(image.shape[:2], bits(*ScalpClass), np.uint8)
        name = f"{path.parent.parent.name}_{path.stem}"
        yield LabelledPhoto(image, anything, path.stem, "unlabelled", name)


def load_bare_skin(paths: list[Path], longest_side: int) -> Iterator[LabelledPhoto]:
    """Read pictures on which only background and skin are possible."""
    for path in paths:
        image = _shrunk(read_rgb(path), longest_side)
        yield LabelledPhoto(image, np.full(image.shape[:2], OUTSIDE, np.uint8), path.stem, "bare_skin", path.stem)


def hair_mask_person(stem: str) -> str:
    """``lfw_Jennifer_Lopez_0009`` is a picture of ``lfw_Jennifer_Lopez``; other stems stand for themselves."""
    return re.sub(r"_\d{4}$", "", stem) if stem.startswith("lfw_") else stem


def scalp_region_person(stem: str) -> str:
    """``norwood_p057_top_down`` shows ``p057``, ``clinic_top_003`` shows ``top_003``."""
    found = re.match(r"norwood_(p\d+)_|clinic_(top_\d+)", stem)
    return next(part for part in found.groups() if part) if found else stem


def allowed_from_scalp_regions(mask: NDArray[np.uint8]) -> AllowedMap:
    """Values 0 outside, 1 dense, 2 thinning, 3 bald."""
    return np.asarray(SCALP_REGION_BITS[mask], dtype=np.uint8)


def allowed_from_hair_mask(mask: NDArray[np.uint8]) -> AllowedMap:
    """255 = hair, which may be dense or thinning. Elsewhere background, face, and bare scalp where it is near hair.

    Without any hair in the picture, bare scalp stays possible everywhere.
    """
    hair = mask > 127
    allowed = np.where(hair, HAIR, NO_HAIR).astype(np.uint8)
    if not hair.any():
        return allowed
    rows, columns = np.flatnonzero(hair.any(1)), np.flatnonzero(hair.any(0))
    margin_y, margin_x = round(BALD_MARGIN * mask.shape[0]), round(BALD_MARGIN * mask.shape[1])
    near = np.zeros(mask.shape, bool)
    near[
        max(0, rows[0] - margin_y) : rows[-1] + 1,
        max(0, columns[0] - margin_x) : columns[-1] + 1 + margin_x,
    ] = True
    allowed[~near & ~hair] = OUTSIDE
    return allowed


def load_photos(files: list[PhotoFile], longest_side: int) -> Iterator[LabelledPhoto]:
    """Read pictures and masks, shrunk so that the longer side is at most ``longest_side``."""
    for file in files:
        image, mask = _shrunk(read_rgb(file.image), longest_side), read_grey(file.mask)
        height, width = image.shape[:2]
        mask = np.asarray(cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
        to_allowed = allowed_from_scalp_regions if file.source == "scalp_regions" else allowed_from_hair_mask
        yield LabelledPhoto(image, to_allowed(mask), file.person, file.source, file.image.stem)


def _shrunk(image: RgbImage, longest_side: int) -> RgbImage:
    factor = min(1.0, longest_side / max(image.shape[:2]))
    return resize(image, round(image.shape[0] * factor), round(image.shape[1] * factor))


def on_side(files: list[PhotoFile], side: Side) -> list[PhotoFile]:
    """Those whose person is on this side of the split."""
    return [file for file in files if side_of(file.person) == side]


def _folder(data: Path, name: str) -> Path:
    """``data/name``, or ``data`` itself when it is laid out like that folder."""
    for folder in (data / name, data):
        if (folder / "images").is_dir():
            return folder
    raise DataMissing(f"no folder {name} in {data}; point --data or RESEARCH_DATA at the research pictures")


def _pairs(folder: Path) -> list[tuple[Path, Path]]:
    """Pictures that have a mask, with it, by name."""
    masks = {path.stem: path for path in (folder / "masks").iterdir()}
    return [(path, masks[path.stem]) for path in sorted((folder / "images").iterdir()) if path.stem in masks]
