"""The architecture behind the region detector, for backends that run PyTorch modules. Needs the training set."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import torch
from torch import nn

from vision.release import Release
from vision.training.torchvision_compat import ensure_torchvision

NETWORK = Path(__file__).parents[1] / "training" / "region_network.yaml"


def quiet_ultralytics(folder: Path) -> None:
    """Import torchvision and keep ultralytics from fetching anything, or writing outside ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.update(YOLO_AUTOINSTALL="false", YOLO_OFFLINE="true", YOLO_CONFIG_DIR=str(folder.resolve()))
    ensure_torchvision()


def build_release(release: Release) -> nn.Module:
    """The detector as it is served; weights random."""
    quiet_ultralytics(Path(tempfile.gettempdir()) / "trichora-ultralytics")
    from ultralytics.nn.tasks import SegmentationModel

    network = SegmentationModel(str(NETWORK), ch=3, nc=len(release.classes), verbose=False)
    return as_served(network, release.input.height)


def as_served(network: Any, size_px: int) -> nn.Module:
    """A detector that gives anchor columns and mask prototypes for pictures of this size, convolutions fused."""
    from ultralytics.nn.modules.head import Detect

    fused: nn.Module = network.float().fuse(verbose=False).eval()
    for module in fused.modules():
        if isinstance(module, Detect):
            module.export, module.dynamic, module.format = True, False, "openvino"
    with torch.inference_mode(False), torch.no_grad():
        fused(torch.zeros(1, 3, size_px, size_px))  # fixes the anchors for this size
    return fused
