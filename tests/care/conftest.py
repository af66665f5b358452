"""A sealed store of its own for each test, so that what lies in it can be counted."""

from __future__ import annotations

import pytest


@pytest.fixture
def sealed_folder(settings, tmp_path):
    """The folder of sealed files; ``list(sealed_files(...))`` names what lies there."""
    storages = {**settings.STORAGES, "sealed": {**settings.STORAGES["sealed"]}}
    storages["sealed"]["OPTIONS"] = {"location": str(tmp_path / "sealed"), "base_url": None}
    settings.STORAGES = storages
    return tmp_path / "sealed"


@pytest.fixture
def sealed_files(sealed_folder):
    """A function that lists the sealed files there are now."""
    return lambda: sorted(path.name for path in sealed_folder.rglob("*") if path.is_file())
