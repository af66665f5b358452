"""The network of the condition classifier: EfficientNet-Lite0 (timm), global pooling, one linear layer.

Because nothing lies between the last feature map and the logits but a mean and a linear layer, the class activation
map of Zhou et al. 2016 is exact and equals Grad-CAM; the exported network therefore returns the feature map beside the
logits.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, cast

import torch
from safetensors.torch import load_file
from torch import nn

from vision.release import Release
from vision.training.torchvision_compat import ensure_torchvision

ARCHITECTURE = "efficientnet_lite0-pool-linear"
LITE: Final = "tf_efficientnet_lite0"
MOBILENET: Final = "mobilenetv2_100"
FEATURES = 1280
FROZEN_BLOCKS = 3
"""Stem and first blocks keep their ImageNet filters: little data, and they cost most of the time."""


class ConditionNetwork(nn.Module):
    """``forward``: B x 3 x H x W (RGB / 127.5 - 1) to logits B x K and the last feature map B x 1280 x H/32 x W/32."""

    def __init__(self, classes: int, dropout: float = 0.3, backbone: str = LITE) -> None:
        """``backbone``: :data:`LITE`, or another network of timm with as many features."""
        super().__init__()
        ensure_torchvision()
        import timm

        self.backbone = cast(Any, timm.create_model(backbone, pretrained=False, num_classes=0))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(FEATURES, classes)

    def forward(self, batch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = self.backbone.forward_features(batch)
        pooled = features.mean(dim=(2, 3))
        return self.head(self.dropout(pooled)), features

    def freeze(self, *, whole_backbone: bool) -> None:
        """Stop gradients in the whole backbone, or only in its stem and first blocks."""
        for parameter in self.parameters():
            parameter.requires_grad_(True)
        frozen = [self.backbone] if whole_backbone else self._early_layers()
        for layer in frozen:
            for parameter in layer.parameters():
                parameter.requires_grad_(False)

    def _early_layers(self) -> list[nn.Module]:
        return [self.backbone.conv_stem, self.backbone.bn1, *self.backbone.blocks[:FROZEN_BLOCKS]]


def build_release(release: Release) -> nn.Module:
    """The network as a release describes it, for the torch backend; weights random."""
    return ConditionNetwork(len(release.classes), backbone=LITE if release.architecture == ARCHITECTURE else MOBILENET)


def load_imagenet(network: ConditionNetwork, weights: Path) -> None:
    """Load ImageNet weights kept in torchvision's ``mobilenet_v2`` layout.

    Both packages register the same layers in the same order, so keys are paired by position and checked by shape.
    Raises ``ValueError`` when they do not pair.
    """
    ensure_torchvision()
    from torchvision.models import mobilenet_v2

    stored = load_file(str(weights))
    source = [key for key in mobilenet_v2().state_dict() if not key.startswith("classifier.")]
    target = network.backbone.state_dict()
    if len(source) != len(target):
        raise ValueError(f"{len(source)} tensors in torchvision's layout, {len(target)} in timm's")
    paired: dict[str, torch.Tensor] = {}
    for there, here in zip(source, target, strict=True):
        tensor = stored[there]
        if tensor.shape != target[here].shape:
            raise ValueError(f"{there} {tuple(tensor.shape)} does not fit {here} {tuple(target[here].shape)}")
        paired[here] = tensor.float() if tensor.is_floating_point() else tensor
    network.backbone.load_state_dict(paired)
