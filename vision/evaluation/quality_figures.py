"""The quality study as a picture and as a table in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

SETS = {"overview": "real photographs", "rendered": "drawn heads", "trichoscopy": "close-ups"}


def draw(report: Mapping[str, Any], file: Path) -> None:
    """Share of spoiled pictures found, per defect and strength, with 95 % intervals."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    defects = [
        (
            f"{check.replace('_', ' ')}\n{what}",
            {name: report["detected"][name].get(check, {}).get(what) for name in SETS},
        )
        for check, kinds in report["detected"]["overview"].items()
        for what in kinds
    ]
    columns = 4
    rows = -(-len(defects) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(13, 2.5 * rows), sharey=True, layout="constrained")
    for axis in axes.flat[len(defects) :]:
        axis.set_visible(False)
    for axis, (title, sets) in zip(axes.flat, defects, strict=False):
        for (name, label), colour in zip(SETS.items(), ("#0072b2", "#d55e00", "#009e73"), strict=True):
            figures = sets[name]
            if not figures:
                continue
            strengths = list(figures)
            shares = [figures[one]["by_this_check"] for one in strengths]
            values = [share["value"] for share in shares]
            spread = [
                [share["value"] - share["low"] for share in shares],
                [share["high"] - share["value"] for share in shares],
            ]
            axis.errorbar(strengths, values, spread, marker="o", markersize=4, capsize=2, color=colour, label=label)
        axis.set_title(title, fontsize=8)
        axis.set_ylim(-0.05, 1.05)
        axis.grid(alpha=0.3)
    axes.flat[0].legend(fontsize=7)
    figure.supylabel("share found by this check")
    figure.savefig(file, dpi=110)
    plt.close(figure)


def table(report: Mapping[str, Any]) -> str:
    """The study as Markdown."""
    time = report["processor_seconds_per_photo_of_12_megapixels"]
    lines = [
        "# The quality gate",
        "",
        f"`{report['command']}`. {report['note']}.",
        "",
        (
            f"Processor time for a photo of 12 megapixels (decoding, card, gate): median {time['median']} s, "
            f"largest {time['largest']} s of {time['photos']}."
        ),
        "",
        "## False alarms",
        "",
        "| kind | source | photos | refused | warned | refused for | warned for |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind, folders in report["false_alarms"].items():
        for folder, one in folders.items():
            lines.append(
                f"| {kind} | {folder} | {one['refused']['n']} | {_figure(one['refused'])} | {_figure(one['warned'])} "
                f"| {_counts(one['refused_by_check'])} | {_counts(one['warned_by_check'])} |"
            )
    lines += [
        "",
        "## Defects found",
        "",
        "| pictures | check | defect | strength | by this check | refused | refused or warned |",
        "|---|---|---|---|---|---|---|",
        *_rows(report["detected"]),
        "",
        "Scenes without a head, refused: "
        + ", ".join(f"{name} {_figure(one)}" for name, one in report["detected"]["no_scalp_scenes"].items())
        + ".",
        "",
        "How well the views of a head are told from one another: docs/studies/views.md.",
        "",
        "Not offered, because it could not be shown to be right: the roll of the camera in views without a face (the",
        "symmetry of the head's outline was off by 20° and more too often), and hats as such. Bands, hands and hats",
        "are drawn on real photographs, not photographed.",
        "",
    ]
    return "\n".join(lines)


def _rows(detected: Mapping[str, Any]) -> Iterator[str]:
    for name, label in SETS.items():
        for check, kinds in detected[name].items():
            for what, strengths in kinds.items():
                for strength, said in strengths.items():
                    yield _row(label, check, what, strength, said)
    for degrees, said in detected["tilted"].items():
        yield _row("portraits", "tilted", "camera rolled, degrees", degrees, said)
    for what, said in detected["wrong_view"].items():
        yield _row("real photographs", "wrong_view", what, "", said)


def _row(label: str, check: str, what: str, strength: str, said: Mapping[str, Any]) -> str:
    shares = " | ".join(_figure(said.get(key, {})) for key in ("by_this_check", "refused", "refused_or_warned"))
    return f"| {label} | {check.replace('_', ' ')} | {what} | {strength} | {shares} |"


def _figure(share: Mapping[str, float]) -> str:
    if not share.get("n"):
        return "–"
    return f"{100 * share['value']:.0f} % ({100 * share['low']:.0f}–{100 * share['high']:.0f})"


def _counts(by_check: Mapping[str, int]) -> str:
    return ", ".join(f"{check.replace('_', ' ')} {count}" for check, count in by_check.items()) or "–"
