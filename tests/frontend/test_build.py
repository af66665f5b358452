"""The built front end: it is there, it is small enough for a phone, and it needs neither the network nor eval."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DIST = ROOT / "static" / "dist"

pytestmark = pytest.mark.skipif(
    not (DIST / "app.js").exists(), reason="the front end is not built: run `make front` (or npm ci && npm run build)"
)


def compressed_kb(*names: str) -> float:
    """Size of these files in kB (1000 bytes) as a server sends them compressed."""
    return sum(len(gzip.compress((DIST / name).read_bytes(), compresslevel=9)) for name in names) / 1000


@pytest.mark.parametrize(
    ("page", "scripts", "budget_kb"),
    [
        ("every page", ("theme.js", "app.js"), 150),
        ("upload", ("theme.js", "app.js", "upload.js"), 150),
        ("comparison", ("theme.js", "app.js", "compare.js"), 150),
        ("review", ("theme.js", "app.js", "review.js"), 500),
        ("charts", ("theme.js", "app.js", "charts.js"), 500),
    ],
)
def test_scripts_of_a_page_stay_within_the_budget(page: str, scripts: tuple[str, ...], budget_kb: float) -> None:
    assert compressed_kb(*scripts) < budget_kb, page


def test_styles_of_every_page_stay_within_40_kb() -> None:
    assert compressed_kb("app.css") < 40


@pytest.mark.parametrize("name", sorted(path.name for path in DIST.glob("*.css")))
def test_styles_load_nothing_from_elsewhere(name: str) -> None:
    addresses = re.findall(r"url\(\s*[\"']?([^\"')]+)", (DIST / name).read_text())
    assert [address for address in addresses if not address.startswith(("data:", "./", "#", "%23"))] == []
    assert [a for a in addresses if a.startswith("./") and not (DIST / a).exists()] == []


@pytest.mark.parametrize("name", ["review.js", "app.js", "upload.js", "compare.js"])
def test_pixi_and_openseadragon_are_patched_for_the_content_policy(name: str) -> None:
    script = (DIST / name).read_text()
    assert "please use @pixi/unsafe-eval module" not in script
    assert "data-openseadragon-mobile-css" not in script


def test_every_icon_that_a_template_names_is_in_the_sprite() -> None:
    drawn = set(re.findall(r'<symbol id="([^"]+)"', (DIST / "icons.svg").read_text()))
    named: set[str] = set()
    for template in (ROOT / "templates").rglob("*.html"):
        text = template.read_text()
        named |= set(re.findall(r'_components/icon\.html" with name="([^"]+)"', text))
        named |= set(re.findall(r'\bicon="([a-z0-9-]+)"', text))
    assert named - drawn == set()


def test_the_lock_file_pins_every_package_and_names_no_registry() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    manifest = json.loads((ROOT / "package.json").read_text())
    assert [path for path, package in packages.items() if "resolved" in package] == []
    assert [path for path, package in packages.items() if path and "integrity" not in package] == []
    wanted = {**manifest["dependencies"], **manifest["devDependencies"]}
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted
