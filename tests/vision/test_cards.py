"""Model cards: rebuilt from the committed figures without data, drawn examples beside them, and an index of all."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vision.cards.aims import Aim
from vision.cards.command import merged, write_card
from vision.cards.examples import EXAMPLES_HEADING, Example, chosen, save_examples, side_by_side
from vision.cards.index import INDEX_FILE, headlines, index_text
from vision.cards.overviews import agreement, picks
from vision.release import RELEASES_DIR, Release, list_releases, load_release
from vision.types import ScalpClass

MOST_BYTES = 1_000_000


@pytest.fixture
def copied(tmp_path: Path) -> Release:
    """A shipped release without its weights, in a folder that may be written."""
    shipped = load_release("norwood-stage")
    folder = tmp_path / shipped.id
    folder.mkdir()
    for name in ("card.md", "metrics.json", "release.toml"):
        shutil.copy(shipped.folder / name, folder / name)
    return replace(shipped, folder=folder)


def test_without_the_research_pictures_the_text_is_rebuilt_from_the_committed_figures(
    copied: Release, tmp_path: Path
) -> None:
    before = json.loads((copied.folder / "metrics.json").read_text(encoding="utf-8"))
    changed = json.loads(json.dumps(before))
    changed["test"]["metrics"]["kappa_quadratic"]["value"] = 0.123
    (copied.folder / "metrics.json").write_text(json.dumps(changed), encoding="utf-8")
    said = write_card(copied, tmp_path / "nowhere", draw=False)
    assert "no research pictures" in said
    assert "0.12 (" in copied.card()
    assert json.loads((copied.folder / "metrics.json").read_text(encoding="utf-8")) == changed


def test_examples_of_an_earlier_run_stay_when_none_are_drawn(copied: Release) -> None:
    card = copied.folder / "card.md"
    card.write_text(f"old text\n\n{EXAMPLES_HEADING}\n\n![a head](examples/hit-1.webp)\n", encoding="utf-8")
    write_card(copied, None, draw=False)
    assert "old text" not in copied.card()
    assert copied.card().endswith("![a head](examples/hit-1.webp)\n")


def test_what_cannot_be_measured_again_stays() -> None:
    assert merged({"training": {"men": 3}, "test": 1}, {"test": 2}) == {"training": {"men": 3}, "test": 2}


def test_hits_come_first_and_old_pictures_go(tmp_path: Path) -> None:
    picture = np.zeros((20, 30, 3), np.uint8)
    folder = tmp_path / "examples"
    folder.mkdir()
    (folder / "failure-9.webp").write_bytes(b"old")
    section = save_examples([Example("wrong", False, picture), Example("right", True, picture)], folder)
    assert sorted(path.name for path in folder.iterdir()) == ["failure-2.webp", "hit-1.webp"]
    assert section.index("Typical: right") < section.index("Among the worst: wrong")
    assert save_examples([], folder) == ""
    assert not folder.exists()


def test_the_worst_are_failures_and_the_upper_quartile_typical() -> None:
    scores = [0.9, 0.1, 0.8, 0.2, 0.85, 0.7, 0.95, 0.6]
    typical, worst = chosen(scores)
    assert worst == [1, 3]
    assert [scores[index] for index in typical] == [0.9, 0.95]
    assert [hit for _, hit in picks(scores)] == [True, True, False, False]


def test_panels_get_one_height() -> None:
    row = side_by_side(np.zeros((100, 50, 3), np.uint8), np.zeros((440, 440, 3), np.uint8))
    assert row.shape == (220, 110 + 6 + 220, 3)


def test_agreement_counts_only_what_was_drawn() -> None:
    truth = np.full((40, 40), ScalpClass.DENSE, np.uint8)
    truth[:20] = ScalpClass.BALD
    said = truth.copy()
    assert agreement(truth, said) == 1.0
    said[:10] = ScalpClass.DENSE
    assert agreement(truth, said) == pytest.approx((20 / 30 + 10 / 20) / 2)


def test_headlines_are_the_first_figures_of_the_table() -> None:
    figure = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 9}
    metrics = {"test": {"metrics": {"within_one": figure, "exact": figure, "kappa_quadratic": figure}}}
    assert list(headlines(metrics)) == ["quadratic kappa 0.50 (0.40–0.60)", "within one stage 0.50 (0.40–0.60)"]


def test_every_shipped_release_is_in_the_index_with_a_card_that_is_there() -> None:
    text = index_text(list_releases(), INDEX_FILE.parent)
    for release in list_releases():
        link = f"../vision/releases/{release.id}/card.md"
        assert f"[{release.id}]({link})" in text
        assert (INDEX_FILE.parent / link).is_file()
    assert all(f"[{release.id}]" in INDEX_FILE.read_text(encoding="utf-8") for release in list_releases())


def test_pictures_beside_cards_are_small_and_every_one_shown_is_there() -> None:
    pictures = [path for path in RELEASES_DIR.glob("*/examples/*") if path.is_file()]
    assert pictures
    assert sum(path.stat().st_size for path in pictures) < MOST_BYTES
    for release in list_releases():
        for name in re.findall(r"\]\(([^)]+\.(?:webp|png))\)", release.card()):
            assert (release.folder / name).is_file(), f"{release.id}: {name}"


@pytest.mark.parametrize(
    ("at_most", "figure", "verdict"),
    [
        (False, {"value": 0.95, "low": 0.94, "high": 0.96}, "reached"),
        (False, {"value": 0.94, "low": 0.92, "high": 0.96}, "reached; the interval leaves it open"),
        (False, {"value": 0.92, "low": 0.90, "high": 0.94}, "not reached; the interval leaves it open"),
        (False, {"value": 0.90, "low": 0.88, "high": 0.92}, "**not reached**"),
        (True, {"value": 0.90, "low": 0.88, "high": 0.92}, "reached"),
        (True, {"value": 0.95, "low": 0.94, "high": 0.96}, "**not reached**"),
    ],
)
def test_an_aim_is_reached_or_not_and_its_interval_may_leave_that_open(at_most, figure, verdict) -> None:
    assert Aim("a figure", ("x",), 0.93, at_most=at_most).verdict(figure) == verdict


def test_every_card_says_what_was_to_be_reached() -> None:
    for release in list_releases():
        card = release.card()
        assert "## What it was to reach" in card, release.id
        if "not reached" in card:
            assert "Data that would help:" in card, release.id
