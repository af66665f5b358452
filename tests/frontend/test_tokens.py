"""Colours that carry text or meaning reach the contrast that WCAG 2.2 AA asks for, in light and dark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vision.colour import CLASS_COLOURS, density_table
from vision.explain_hairs import HAIR_COLOURS

TOKENS = (Path(__file__).resolve().parents[2] / "static" / "css" / "_tokens.scss").read_text()
TONES = ("info", "success", "warning", "danger")

TEXT_PAIRS = [
    *((ink, ground) for ink in ("ink", "ink-muted", "accent-ink") for ground in ("bg", "surface", "sunken")),
    *((tone, ground) for tone in TONES for ground in ("bg", "surface", f"{tone}-soft")),
    *(("ink", f"{tone}-soft") for tone in (*TONES, "accent")),
    ("accent-ink", "accent-soft"),
    ("danger", "danger-soft"),
    ("on-accent", "accent"),
    ("on-accent", "accent-hover"),
    ("on-urgent", "urgent"),
]
BORDER_PAIRS = [
    ("line-strong", "surface"),
    ("line-strong", "bg"),
    ("accent", "surface"),
    ("focus", "bg"),
    ("focus", "surface"),
    ("checked", "surface"),
]


def theme(name: str) -> dict[str, str]:
    """Token → #rrggbb of the mixin ``name``."""
    body = re.search(rf"@mixin {name} \{{(.*?)\n\}}", TOKENS, re.S)
    assert body is not None
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", body.group(1)))


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb, 0 (black) to 1 (white); WCAG 2.2, definition of relative luminance."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio, 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_of_black_on_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT_PAIRS)
def test_text_reaches_4_5_to_1(name: str, ink: str, ground: str) -> None:
    colours = theme(name)
    assert contrast(colours[ink], colours[ground]) >= 4.5


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize(("line", "ground"), BORDER_PAIRS)
def test_borders_of_controls_reach_3_to_1(name: str, line: str, ground: str) -> None:
    colours = theme(name)
    assert contrast(colours[line], colours[ground]) >= 3


def test_light_and_dark_name_the_same_tokens() -> None:
    assert theme("light").keys() == theme("dark").keys()


def hexes(text: str) -> list[str]:
    return re.findall(r"#[0-9a-f]{6}", text)


def test_the_keys_of_overlays_show_the_colours_of_the_overlays() -> None:
    css = (Path(__file__).resolve().parents[2] / "static" / "css" / "_photo.scss").read_text()
    table = density_table()
    ramp = re.search(r"linear-gradient\(to right, (.*?)\);", css)
    assert ramp is not None
    assert hexes(ramp.group(1)) == ["#{:02x}{:02x}{:02x}".format(*table[round(at * 255 / 8)]) for at in range(9)]
    drawn = {kind.name.lower().replace("_", "-"): colour for kind, colour in (CLASS_COLOURS | HAIR_COLOURS).items()}
    for name, colour in drawn.items():
        swatch = re.search(rf"&--{name}[,\s].*?background: (#[0-9a-f]{{6}})", css, re.DOTALL)
        assert swatch is not None, name
        assert swatch.group(1) == "#{:02x}{:02x}{:02x}".format(*colour), name
