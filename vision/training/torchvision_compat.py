"""Making torchvision importable beside a torch build that its compiled extension does not fit.

A CPU build of torch together with the torchvision wheel of the package index leaves torchvision without its compiled
operators, and importing it fails at once because ``torchvision::nms`` is unknown. Training needs only ``nms``, and only
on CPU, so this defines the two operators that torchvision registers shape rules for. Call :func:`ensure_torchvision`
before the first import of torchvision, timm, ultralytics or segmentation_models_pytorch.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from pathlib import Path

import torch

_library: torch.library.Library | None = None


def ensure_torchvision() -> None:
    """Make ``import torchvision`` work. Does nothing when the compiled extension loads; safe to call twice."""
    global _library
    if _library is not None or "torchvision" in sys.modules or _extension_loads():
        return
    library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")  # type: ignore[no-untyped-call]
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")  # type: ignore[no-untyped-call]
    library.impl("nms", non_maximum_suppression, "CPU")  # type: ignore[no-untyped-call]
    _library = library

    import torchvision.extension

    torchvision.extension._has_ops = lambda: True  # so that torchvision.ops.nms does not refuse


def _extension_loads() -> bool:
    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None:
        return False
    folder = Path(spec.origin).parent
    for suffix in importlib.machinery.EXTENSION_SUFFIXES:
        for candidate in (folder / f"_C{suffix}", folder / "_C.so"):
            if candidate.is_file():
                try:
                    torch.ops.load_library(str(candidate))  # type: ignore[no-untyped-call]
                except OSError:
                    continue
                return hasattr(torch.ops.torchvision, "nms")
    return False


def non_maximum_suppression(boxes: torch.Tensor, scores: torch.Tensor, iou_threshold: float) -> torch.Tensor:
    """Greedy suppression as ``torchvision.ops.nms``: indices kept, by falling score. Boxes are x1, y1, x2, y2."""
    if boxes.numel() == 0:
        return torch.empty(0, dtype=torch.int64, device=boxes.device)
    order = scores.argsort(descending=True, stable=True)
    x1, y1, x2, y2 = boxes[order].float().unbind(1)
    areas = (x2 - x1) * (y2 - y1)
    alive = torch.ones(len(order), dtype=torch.bool, device=boxes.device)
    kept: list[int] = []
    for index in range(len(order)):
        if not alive[index]:
            continue
        kept.append(index)
        width = (torch.minimum(x2[index], x2[index + 1 :]) - torch.maximum(x1[index], x1[index + 1 :])).clamp(min=0)
        height = (torch.minimum(y2[index], y2[index + 1 :]) - torch.maximum(y1[index], y1[index + 1 :])).clamp(min=0)
        overlap = width * height
        alive[index + 1 :] &= overlap / (areas[index] + areas[index + 1 :] - overlap) <= iou_threshold
    return order[torch.tensor(kept, dtype=torch.int64, device=boxes.device)]
