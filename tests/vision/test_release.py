"""A release is used only when it is exactly what was published."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from vision.release import InputSpec, Release, ReleaseCorrupt, ReleaseMissing, list_releases, load_release
from vision.training.publish import publish, release_toml


def _publish(directory: Path, version: str = "0.1") -> Release:
    folder = directory / f"toy-net-{version}"
    folder.mkdir()
    (folder / "model.bin").write_bytes(bytes(range(256)))
    draft = Release(
        name="toy-net",
        version=version,
        task="segmentation",
        architecture="toy",
        input=InputSpec(32, 64, "letterbox"),
        classes=("background", "dense"),
        temperature=1.25,
        files={},
        trained_on=("drawn pictures",),
        licence_note="research use",
        folder=folder,
        thresholds={"score": 0.5},
        options={"decoder_channels": [8, 4]},
    )
    return publish(draft, ["model.bin"], {"iou": 0.5}, "# Toy")


def test_a_published_release_reads_back_whole(tmp_path: Path) -> None:
    published = _publish(tmp_path)
    loaded = load_release("toy-net", tmp_path)
    assert loaded == published
    assert loaded.id == "toy-net-0.1"
    assert loaded.input == InputSpec(32, 64, "letterbox")
    assert loaded.options["decoder_channels"] == [8, 4]
    assert loaded.thresholds == {"score": 0.5}
    assert loaded.metrics() == {"iou": 0.5}
    assert loaded.card() == "# Toy\n"


def test_a_changed_byte_is_refused(tmp_path: Path) -> None:
    release = _publish(tmp_path)
    path = release.path("model.bin")
    content = bytearray(path.read_bytes())
    content[17] ^= 1
    path.write_bytes(content)
    with pytest.raises(ReleaseCorrupt, match=r"model\.bin has sha256"):
        load_release("toy-net", tmp_path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    _publish(tmp_path).path("model.bin").unlink()
    with pytest.raises(ReleaseCorrupt, match=r"model\.bin is missing"):
        load_release("toy-net", tmp_path)


def test_a_file_outside_the_folder_is_refused(tmp_path: Path) -> None:
    release = _publish(tmp_path)
    text = release_toml(replace(release, files={"../model.bin": "00"}))
    (release.folder / "release.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ReleaseCorrupt, match="outside"):
        load_release("toy-net", tmp_path)


def test_the_newest_version_is_the_default_and_an_id_is_exact(tmp_path: Path) -> None:
    for version in ("0.9", "0.10", "0.2"):
        _publish(tmp_path, version)
    assert [release.version for release in list_releases(tmp_path)] == ["0.2", "0.9", "0.10"]
    assert load_release("toy-net", tmp_path).version == "0.10"
    assert load_release("toy-net-0.9", tmp_path).version == "0.9"


def test_an_unknown_release_says_its_name(tmp_path: Path) -> None:
    with pytest.raises(ReleaseMissing, match="no-such-net"):
        load_release("no-such-net", tmp_path)


def test_every_shipped_release_is_whole() -> None:
    for release in list_releases():
        assert load_release(release.id) == release
        assert "research use" in release.licence_note.lower()
        assert release.metrics()
        assert release.card().startswith("# ")
