"""``python -m vision card RELEASE``: figures, text and drawn examples of a release, and the index of all cards."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vision.cards.aims import aims_section
from vision.cards.examples import EXAMPLES_HEADING, save_examples
from vision.cards.index import INDEX_FILE, write_index
from vision.cards.makers import maker_for
from vision.release import Release, ReleaseError, list_releases, load_release
from vision.training.data import DEFAULT_DATA


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m vision card", description=__doc__)
    parser.add_argument("release", nargs="*", help="name or id; without any: every shipped release")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of the research pictures")
    parser.add_argument("--keep-figures", action="store_true", help="do not measure again: take metrics.json as it is")
    parser.add_argument("--keep-pictures", action="store_true", help="do not draw examples again")
    options = parser.parse_args(arguments)
    try:
        chosen = [load_release(name) for name in options.release] or list(list_releases())
        for release in chosen:
            data = None if options.keep_figures else options.data
            print(write_card(release, data, draw=not options.keep_pictures), flush=True)
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    write_index(list_releases(), INDEX_FILE)
    print(f"index of cards: {INDEX_FILE}")
    return 0


def write_card(release: Release, data: Path | None, *, draw: bool = True) -> str:
    """Write ``metrics.json``, ``card.md`` and ``examples/`` of a release; returns what was done, in a line.

    ``data`` None or absent: the figures stay as ``metrics.json`` states them and only the text is written anew.
    """
    maker = maker_for(release.task)
    stated = release.metrics()
    measured = data is not None and data.is_dir()
    metrics = merged(stated, maker.measure(release, data)) if measured and data is not None else stated
    text = "\n\n".join(part for part in (maker.text(release, metrics).rstrip(), aims_section(release, metrics)) if part)
    examples = save_examples(maker.examples(release), release.folder / "examples") if draw else _listed(release.card())
    _write(release.folder / "metrics.json", json.dumps(metrics, indent=2))
    _write(release.folder / "card.md", text + (f"\n\n{examples}" if examples else ""))
    if measured:
        return f"{release.id}: measured on {data}, card and examples written"
    missing = "" if data is None else f"no research pictures in {data}; "
    return f"{release.id}: {missing}card written from the committed metrics.json"


def merged(stated: Mapping[str, Any], measured: Mapping[str, Any]) -> dict[str, Any]:
    """What was measured in place of what was stated; what cannot be measured again (training, calibration) stays."""
    return {**stated, **measured}


def _listed(card: str) -> str:
    at = card.find(EXAMPLES_HEADING)
    return card[at:].rstrip() if at >= 0 else ""


def _write(path: Path, text: str) -> None:
    path.write_text(text.rstrip() + "\n", encoding="utf-8")
