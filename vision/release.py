"""What a shipped network is: reading and checking the folders of ``vision/releases``.

A release is a folder ``<name>-<version>`` with the network's files, ``release.toml``, ``metrics.json`` and ``card.md``.
Nothing here loads a network; that is the work of :mod:`vision.runtime`.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

RELEASES_DIR = Path(__file__).parent / "releases"
"""Where the shipped releases lie."""

ONNX_FILE = "model.onnx"
"""Graph and weights of a network that OpenCV reads too; it stands for ``model.xml`` and ``weights.safetensors``."""

ResizeRule = Literal["letterbox", "stretch", "centre_crop"]
RESIZE_RULES: tuple[ResizeRule, ...] = ("letterbox", "stretch", "centre_crop")


class ReleaseError(Exception):
    """A release cannot be used."""


class ReleaseMissing(ReleaseError):
    """There is no such release."""


class ReleaseCorrupt(ReleaseError):
    """A release's file is absent, differs from its recorded sha256, or its description is not valid."""


@dataclass(frozen=True, slots=True)
class InputSpec:
    """What the network takes: RGB of ``height x width``, ``value / scale - shift`` per channel, NCHW float32."""

    height: int
    width: int
    resize: ResizeRule = "letterbox"
    scale: tuple[float, float, float] = (127.5, 127.5, 127.5)
    shift: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Release:
    """One network as it ships. Immutable; every finding names the release (:attr:`id`) that made it."""

    name: str
    version: str
    task: str
    architecture: str
    input: InputSpec
    classes: tuple[str, ...]
    temperature: float
    files: Mapping[str, str]  # file name -> sha256, hex
    trained_on: tuple[str, ...]
    licence_note: str
    folder: Path
    thresholds: Mapping[str, float] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)  # what the architecture needs to be rebuilt

    @property
    def id(self) -> str:
        """``<name>-<version>``, as stored with a finding."""
        return f"{self.name}-{self.version}"

    def path(self, file_name: str) -> Path:
        """Path of one of the release's files. Raises :class:`ReleaseCorrupt` for a file that it does not list."""
        if file_name not in self.files:
            raise ReleaseCorrupt(f"{self.id} lists no file {file_name!r}")
        return self.folder / file_name

    def metrics(self) -> dict[str, Any]:
        """The figures of ``metrics.json``, measured on people the network has not seen."""
        metrics: dict[str, Any] = json.loads((self.folder / "metrics.json").read_text(encoding="utf-8"))
        return metrics

    def card(self) -> str:
        """The model card, Markdown."""
        return (self.folder / "card.md").read_text(encoding="utf-8")


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def list_releases(directory: Path = RELEASES_DIR) -> tuple[Release, ...]:
    """All releases found, ordered by name, then version. Files are not checked; :func:`load_release` does that."""
    if not directory.is_dir():
        return ()
    found = [read_release(toml.parent) for toml in sorted(directory.glob("*/release.toml"))]
    return tuple(sorted(found, key=lambda release: (release.name, _version_key(release.version))))


def load_release(name: str, directory: Path = RELEASES_DIR) -> Release:
    """The release with this name (newest version) or this exact id, every file checked against its sha256.

    Raises :class:`ReleaseMissing` when there is none, :class:`ReleaseCorrupt` when a file is absent or changed.
    """
    matching = [release for release in list_releases(directory) if name in (release.name, release.id)]
    if not matching:
        raise ReleaseMissing(f"no release named {name!r}")
    release = matching[-1]
    check_files(release)
    return release


def check_files(release: Release) -> None:
    """Raise :class:`ReleaseCorrupt` unless every listed file is there with the recorded sha256."""
    for file_name, expected in release.files.items():
        path = release.folder / file_name
        if not path.is_file():
            raise ReleaseCorrupt(f"{release.id}: {file_name} is missing")
        actual = sha256_of(path)
        if actual != expected:
            raise ReleaseCorrupt(
                f"{release.id}: {file_name} has sha256 {actual[:12]}…, its release.toml says {expected[:12]}…; "
                "the file was changed or not fully copied"
            )


def read_release(folder: Path) -> Release:
    """Parse ``release.toml`` without checking files. Raises :class:`ReleaseCorrupt` when it is not valid."""
    try:
        table = tomllib.loads((folder / "release.toml").read_text(encoding="utf-8"))
        release = _from_table(table, folder)
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise ReleaseCorrupt(f"{folder.name}/release.toml cannot be read: {error!r}") from error
    if folder.name != release.id:
        raise ReleaseCorrupt(f"{folder.name}/release.toml describes {release.id}")
    return release


def _from_table(table: Mapping[str, Any], folder: Path) -> Release:
    source = table["input"]
    resize = source["resize"]
    if resize not in RESIZE_RULES:
        raise ValueError(f"unknown resize rule {resize!r}")
    return Release(
        name=str(table["name"]),
        version=str(table["version"]),
        task=str(table["task"]),
        architecture=str(table["architecture"]),
        input=InputSpec(
            height=int(source["height"]),
            width=int(source["width"]),
            resize=resize,
            scale=_triple(source["scale"]),
            shift=_triple(source["shift"]),
        ),
        classes=tuple(str(name) for name in table["classes"]),
        temperature=float(table["temperature"]),
        files={_plain_name(name): str(digest) for name, digest in table["files"].items()},
        trained_on=tuple(str(name) for name in table["trained_on"]),
        licence_note=str(table["licence_note"]),
        folder=folder,
        thresholds={str(name): float(value) for name, value in table.get("thresholds", {}).items()},
        options=dict(table.get("options", {})),
    )


def _triple(values: Any) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def _plain_name(name: str) -> str:
    if Path(name).name != name:
        raise ValueError(f"file {name!r} is outside the release's folder")
    return name


def _version_key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))
