"""The stand-in for torchvision's compiled suppression keeps what a plain reading of the rule keeps."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from vision.training.torchvision_compat import ensure_torchvision, non_maximum_suppression  # noqa: E402


def _by_hand(boxes: np.ndarray, scores: np.ndarray, limit: float) -> list[int]:
    kept: list[int] = []
    for one in np.argsort(-scores, kind="stable"):
        for other in kept:
            left, top = np.maximum(boxes[one, :2], boxes[other, :2])
            right, bottom = np.minimum(boxes[one, 2:], boxes[other, 2:])
            both = max(0.0, right - left) * max(0.0, bottom - top)
            areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (boxes[one], boxes[other])]
            if both / (sum(areas) - both) > limit:
                break
        else:
            kept.append(int(one))
    return kept


@pytest.mark.parametrize("limit", [0.3, 0.5, 0.7])
def test_overlapping_boxes_are_suppressed(limit):
    rng = np.random.default_rng(4)
    corner = rng.uniform(0, 60, (80, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(10, 40, (80, 2))], axis=1)
    scores = rng.random(80)
    found = non_maximum_suppression(torch.tensor(boxes), torch.tensor(scores), limit)
    assert found.tolist() == _by_hand(boxes, scores, limit)


def test_no_boxes_keep_none():
    assert non_maximum_suppression(torch.zeros(0, 4), torch.zeros(0), 0.5).tolist() == []


def test_torchvision_can_be_imported_and_suppresses():
    ensure_torchvision()
    ensure_torchvision()
    torchvision = pytest.importorskip("torchvision")
    boxes = torch.tensor([[0.0, 0, 10, 10], [1, 1, 10, 10], [20, 20, 30, 30]])
    assert torchvision.ops.nms(boxes, torch.tensor([0.5, 0.9, 0.1]), 0.5).tolist() == [1, 2]
