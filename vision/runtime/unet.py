"""The architecture behind the scalp segmentation, for backends that run PyTorch modules. Needs the training set."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from torch import nn

from vision.release import Release
from vision.runtime.architectures import fold_batch_norms
from vision.training.imagenet import EPSILON
from vision.training.torchvision_compat import ensure_torchvision

__all__ = ["UNET_HALF", "build_release", "build_unet", "fold_batch_norms"]

UNET_HALF = "unet-half"


def build_unet(options: Mapping[str, Any], class_count: int) -> nn.Module:
    """U-Net of segmentation_models_pytorch, decoded to half resolution; weights random.

    The last decoder block (full resolution, no skip connection) costs a third of the time and draws edges finer than
    people drew the labels, so logits are made at half resolution and enlarged bilinearly.
    ``options['encoder']``: its name in segmentation_models_pytorch; ``options['decoder_channels']``: four widths,
    coarse to fine. Takes N x 3 x H x W with sides divisible by 32 and gives logits N x classes x H x W.
    """
    ensure_torchvision()
    from segmentation_models_pytorch import Unet

    encoder = str(options["encoder"])
    widths = tuple(int(width) for width in options["decoder_channels"])
    with warnings.catch_warnings():
        # Its universal encoder gives other features for the same backbone: the first is not the stem's.
        warnings.filterwarnings("ignore", "`timm-` encoders are deprecated", DeprecationWarning)
        network = Unet(
            encoder,
            encoder_weights=None,
            decoder_channels=(*widths, widths[-1]),
            in_channels=3,
            classes=class_count,
        )
    for part in network.encoder.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.eps = EPSILON
    network.decoder.blocks = network.decoder.blocks[: len(widths)]
    network.segmentation_head = nn.Sequential(
        nn.Conv2d(widths[-1], class_count, kernel_size=3, padding=1),
        nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
    )
    module: nn.Module = network
    return module


def build_release(release: Release) -> nn.Module:
    """The architecture as a release describes it, without the encoder's last layers, which classify; weights random."""
    network = build_unet(release.options, len(release.classes))
    for name in ("conv_head", "bn2"):
        setattr(network.encoder, name, nn.Identity())
    return network
