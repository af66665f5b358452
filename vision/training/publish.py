"""Writing a release folder: the counterpart of :mod:`vision.release`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from vision.release import Release, read_release, sha256_of


def publish(release: Release, file_names: Sequence[str], metrics: Mapping[str, Any], card: str) -> Release:
    """Complete ``release.folder`` around the network files already written there, and read it back.

    Computes the sha256 of ``file_names`` and writes ``release.toml``, ``metrics.json`` and ``card.md``.
    """
    folder = release.folder
    complete = replace(release, files={name: sha256_of(folder / name) for name in file_names})
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    (folder / "card.md").write_text(card.rstrip() + "\n", encoding="utf-8")
    (folder / "release.toml").write_text(release_toml(complete), encoding="utf-8")
    return read_release(Path(folder))


def release_toml(release: Release) -> str:
    """The text of ``release.toml``."""
    head = {
        "name": release.name,
        "version": release.version,
        "task": release.task,
        "architecture": release.architecture,
        "classes": list(release.classes),
        "temperature": release.temperature,
        "trained_on": list(release.trained_on),
        "licence_note": release.licence_note,
    }
    spec = release.input
    tables: dict[str, Mapping[str, Any]] = {
        "input": {
            "height": spec.height,
            "width": spec.width,
            "resize": spec.resize,
            "scale": list(spec.scale),
            "shift": list(spec.shift),
        },
        "thresholds": release.thresholds,
        "options": release.options,
        "files": release.files,
    }
    lines = [f"{_key(name)} = {_value(value)}" for name, value in head.items()]
    for title, table in tables.items():
        if table:
            lines += ["", f"[{title}]", *(f"{_key(name)} = {_value(value)}" for name, value in table.items())]
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() else json.dumps(name)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, (int, float)):
        return repr(value)
    raise TypeError(f"release.toml cannot hold {type(value).__name__}")
