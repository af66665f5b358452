"""The network behind the Norwood stage: MobileNetV2 (ImageNet) up to its last block but one, and mean pooling.

Its filters stay as ImageNet left them. A hundred men are too few to move them, and the middle of the network serves a
linear reading of hair and skin better than its end, which was made to name a thousand objects.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from vision.release import Release
from vision.training.condition_network import MOBILENET, ConditionNetwork, load_imagenet

ARCHITECTURE = "mobilenetv2_100-blocks6-pool"
BLOCKS = 6
FEATURES = 160


class NorwoodNetwork(nn.Module):
    """``forward``: B x 3 x H x W (RGB / 127.5 - 1) to pooled features B x 160."""

    def __init__(self) -> None:
        super().__init__()
        backbone = cast(Any, ConditionNetwork(1, backbone=MOBILENET).backbone)
        self.conv_stem, self.bn1 = backbone.conv_stem, backbone.bn1
        self.blocks = nn.Sequential(*list(backbone.blocks)[:BLOCKS])

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.blocks(self.bn1(self.conv_stem(batch)))
        return found.mean(dim=(2, 3))


def imagenet_network(weights: Path) -> NorwoodNetwork:
    """The network with ImageNet weights kept in torchvision's ``mobilenet_v2`` layout."""
    whole = ConditionNetwork(1, backbone=MOBILENET)
    load_imagenet(whole, weights)
    network = NorwoodNetwork()
    kept = set(network.state_dict())
    network.load_state_dict({name: value for name, value in whole.backbone.state_dict().items() if name in kept})
    return network.eval()


def build_release(release: Release) -> NorwoodNetwork:
    """The architecture of a release, weights not yet loaded."""
    return NorwoodNetwork()
