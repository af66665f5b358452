"""The architecture that finds hairs in trichoscopy, for backends that run PyTorch modules. Needs the training set.

MobileNetV2 up to its last block at a sixteenth of the input, and a light decoder of depthwise-separable convolutions
back to half of it: a usual U-Net decoder costs more than the encoder and adds nothing to points and arrows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from vision.release import Release
from vision.training.torchvision_compat import ensure_torchvision

HAIR_POINTS_MOBILENET_V2: Final = "hair-points-mobilenet_v2-half"

STAGE_ENDS: Final = (2, 4, 7, 14)
"""Where the encoder's maps at 1/2, 1/4, 1/8 and 1/16 end, in torchvision's ``features``."""

STAGE_WIDTHS: Final = (16, 24, 32, 96)
OUTPUT_CHANNELS: Final = 8
"""Root and middle logits, arrow x and y, four kinds."""


class Separable(nn.Sequential):
    """Depthwise 3 x 3, pointwise, each normalised and rectified; flat, so that normalisations fold away."""

    def __init__(self, width: int, out: int, kernel: int = 3) -> None:
        super().__init__(
            nn.Conv2d(width, width, kernel, padding=kernel // 2, groups=width, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, out, 1, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU(inplace=True),
        )


class HairNetwork(nn.Module):
    """``forward``: B x 3 x H x W (RGB / 127.5 - 1, sides divisible by 16) to B x 8 x H/2 x W/2.

    Channels: logit of a root, logit of a hair's middle, the arrow root to tip in units of ``options['arrow_px']`` input
    px (x, y), and logits of the kinds in the release's order.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__()
        ensure_torchvision()
        from torchvision.models import mobilenet_v2

        half, quarter, eighth, sixteenth = (int(width) for width in options["decoder_channels"])
        self.encoder = mobilenet_v2().features[: STAGE_ENDS[-1]]
        self.top = nn.Sequential(nn.Conv2d(STAGE_WIDTHS[3], sixteenth, 1, bias=False), nn.BatchNorm2d(sixteenth))
        self.context = Separable(sixteenth, eighth, kernel=5)
        self.side_8 = nn.Sequential(nn.Conv2d(STAGE_WIDTHS[2], eighth, 1, bias=False), nn.BatchNorm2d(eighth))
        self.join_8 = Separable(eighth, quarter, kernel=5)
        self.side_4 = nn.Sequential(nn.Conv2d(STAGE_WIDTHS[1], quarter, 1, bias=False), nn.BatchNorm2d(quarter))
        self.join_4 = nn.Sequential(Separable(quarter, quarter), Separable(quarter, half))
        self.side_2 = nn.Sequential(nn.Conv2d(STAGE_WIDTHS[0], half, 1, bias=False), nn.BatchNorm2d(half))
        self.join_2 = nn.Sequential(Separable(half, half), Separable(half, half * 2))
        self.head = nn.Conv2d(half * 2, OUTPUT_CHANNELS, 1)
        nn.init.normal_(self.head.weight, std=0.01)
        assert self.head.bias is not None
        nn.init.zeros_(self.head.bias)
        with torch.no_grad():
            self.head.bias[:2] = -4.6  # a hair's point is rare: start by saying so (Lin 2017)

    def forward(self, batch: Tensor) -> Tensor:
        quarter_2, quarter_4 = self.early(batch)
        return self.late(quarter_2, quarter_4)

    def early(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """Maps at 1/2 and 1/4: the part whose ImageNet filters stay as they are."""
        half = self.encoder[: STAGE_ENDS[0]](batch)
        return half, self.encoder[STAGE_ENDS[0] : STAGE_ENDS[1]](half)

    def late(self, half: Tensor, quarter: Tensor) -> Tensor:
        """Everything after :meth:`early`."""
        eighth = self.encoder[STAGE_ENDS[1] : STAGE_ENDS[2]](quarter)
        sixteenth = self.encoder[STAGE_ENDS[2] : STAGE_ENDS[3]](eighth)
        joined = self.context(torch.relu(self.top(sixteenth)))
        joined = self.join_8(torch.relu(_twice(joined) + self.side_8(eighth)))
        joined = self.join_4(torch.relu(_twice(joined) + self.side_4(quarter)))
        joined = self.join_2(torch.relu(_twice(joined) + self.side_2(half)))
        output: Tensor = self.head(joined)
        return output


def _twice(maps: Tensor) -> Tensor:
    return interpolate(maps, scale_factor=2.0, mode="bilinear", align_corners=False)


class WithDomain(nn.Module):
    """A :class:`HairNetwork` that also says how far a picture lies from those it was trained on.

    ``forward``: maps as of :class:`HairNetwork`, and B distances: the length of the whitened difference between the
    picture's mean and spread of deep features and those of the training pictures (Lee 2018, Mahalanobis), divided by
    the root of its dimensions, so that a training picture lies at about 1.
    """

    centre: Tensor
    whitening: Tensor

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__()
        self.network = HairNetwork(options)
        features = 2 * (STAGE_WIDTHS[2] + STAGE_WIDTHS[3])
        self.register_buffer("centre", torch.zeros(features))
        self.register_buffer("whitening", torch.eye(features))

    def forward(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        half, quarter = self.network.early(batch)
        difference = (self.features(quarter) - self.centre) @ self.whitening
        return self.network.late(half, quarter), difference.square().mean(dim=1).sqrt()

    def features(self, quarter: Tensor) -> Tensor:
        """B x 256 from the map at 1/4: mean and standard deviation of the maps at 1/8 and at 1/16."""
        eighth = self.network.encoder[STAGE_ENDS[1] : STAGE_ENDS[2]](quarter)
        sixteenth = self.network.encoder[STAGE_ENDS[2] : STAGE_ENDS[3]](eighth)
        parts = []
        for maps in (eighth, sixteenth):
            mean = maps.mean(dim=(2, 3))
            parts += [mean, ((maps - mean[:, :, None, None]).square().mean(dim=(2, 3)) + 1e-6).sqrt()]
        return torch.cat(parts, dim=1)


def build_release(release: Release) -> nn.Module:
    """The architecture as a release describes it; weights random."""
    return WithDomain(release.options)
