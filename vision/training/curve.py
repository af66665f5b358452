"""Drawing a training curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path


def save_curve(points: Sequence[Mapping[str, float]], path: Path, by: str = "step") -> None:
    """One panel for losses, one for the other figures, against ``by``; a figure may begin later than the others."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    names = [name for name in points[-1] if name not in ("step", "minutes", "epoch")]
    known = {name: [(point[by], point[name]) for point in points if name in point] for name in names}
    losses = [name for name in names if "loss" in name]
    shares = [name for name in names if "loss" not in name and max(abs(value) for _, value in known[name]) <= 1.0]
    figure, panels = pyplot.subplots(1, 2, figsize=(11, 4))
    for panel, chosen in zip(panels, (losses, shares), strict=True):
        for name in chosen:
            panel.plot(*zip(*known[name], strict=True), label=name)
        panel.set_xlabel(by)
        panel.legend(fontsize=8)
        panel.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, dpi=100)
    pyplot.close(figure)
