"""The architectures behind the releases, for backends that run PyTorch modules. Needs the training set.

``release.toml`` names an architecture; :data:`BUILDERS` says which function builds it. A new network is one line there:
its function takes the release and gives a module with the weights' names, in any state.
"""

from __future__ import annotations

import importlib
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from torch import nn

from vision.release import ONNX_FILE, Release, ReleaseError

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

BUILDERS: Final[dict[str, str]] = {
    "unet-half": "vision.runtime.unet:build_release",
    "yolo11-seg-mobilenet_v2": "vision.runtime.yolo:build_release",
    "mobilenetv2_100-pool-linear": "vision.training.condition_network:build_release",
    "efficientnet_lite0-pool-linear": "vision.training.condition_network:build_release",
    "mobilenetv2_100-blocks6-pool": "vision.training.norwood_network:build_release",
    "hair-points-mobilenet_v2-half": "vision.runtime.hair_network:build_release",
}
"""Architecture to ``module:function``."""

NAMED_PAIRS: Final = frozenset(
    {
        ("conv", "bn"),
        ("conv_stem", "bn1"),
        ("conv_pw", "bn1"),
        ("conv_dw", "bn2"),
        ("conv_dw", "bn1"),
        ("conv_pwl", "bn3"),
        ("conv_pw", "bn2"),
        ("conv_head", "bn2"),
    }
)
"""Attributes of ultralytics and timm that run one after the other; in a ``Sequential`` any two neighbours do."""

EXTRA_PREFIX: Final = "openvino."
"""Tensors of a weights file that only the OpenVINO graph reads."""

HALF_SUFFIX: Final = ".half"
"""Behind a weight's name in an :data:`~vision.release.ONNX_FILE`: its float16 constant."""


def load_module(release: Release) -> nn.Module:
    """The release's network in PyTorch, in float32, for inference. Raises ReleaseError for an unknown architecture."""
    network, weights = build(release), stored_weights(release)
    if any(name.endswith("running_mean") for name in weights):  # shipped as trained
        network.load_state_dict(weights)
        return fold_batch_norms(network).eval()
    network = fold_batch_norms(network)
    network.load_state_dict(weights)
    return network.eval()


def build(release: Release) -> nn.Module:
    """The architecture of a release, its weights not yet loaded. Raises ReleaseError for an unknown architecture."""
    if release.architecture not in BUILDERS:
        raise ReleaseError(f"{release.id}: the torch backend does not build {release.architecture!r}")
    module_name, function = BUILDERS[release.architecture].split(":")
    network: nn.Module = getattr(importlib.import_module(module_name), function)(release)
    return network.eval()


def stored_weights(release: Release) -> dict[str, Tensor]:
    """The network's tensors as they are stored, in float32."""
    if ONNX_FILE in release.files:
        return onnx_weights(release.path(ONNX_FILE))
    from safetensors.torch import load_file

    stored = load_file(release.path("weights.safetensors"))
    return {
        name: value.float() if value.is_floating_point() else value
        for name, value in stored.items()
        if not name.startswith(EXTRA_PREFIX)
    }


def onnx_weights(path: Path) -> dict[str, Tensor]:
    """The weights of a ``model.onnx`` under PyTorch's names, in float32; what several names share is under each."""
    import onnx
    import torch
    from onnx import numpy_helper

    graph = onnx.load(path).graph
    found = {
        tensor.name.removesuffix(HALF_SUFFIX): torch.from_numpy(numpy_helper.to_array(tensor).copy()).float()
        for tensor in graph.initializer
    }
    shared = [(node.output[0], node.input[0]) for node in graph.node if node.op_type == "Identity"]
    return found | {name: found[source] for name, source in shared if source in found}


def fold_batch_norms(module: nn.Module) -> nn.Module:
    """Multiply every batch normalisation into the convolution before it, in place; for inference only.

    What ships is folded and then rounded to half precision, so that all backends run the very same weights; rounding
    first and folding later, as exporters do by themselves, would give each its own.
    """
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    module.eval()
    for _, parent, first_name, second_name in foldable(module):
        first, second = getattr(parent, first_name), getattr(parent, second_name)
        setattr(parent, first_name, fuse_conv_bn_eval(first, second))
        setattr(parent, second_name, _activation_of(second))
    return module


def foldable(module: nn.Module) -> list[tuple[str, nn.Module, str, str]]:
    """Every convolution that a batch normalisation follows: name of their parent, the parent, and both attributes."""
    return [
        (path, parent, first_name, second_name)
        for path, parent in module.named_modules()
        for (first_name, first), (second_name, second) in pairwise(list(parent.named_children()))
        if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d)
        if isinstance(parent, nn.Sequential) or (first_name, second_name) in NAMED_PAIRS
    ]


def _activation_of(norm: nn.BatchNorm2d) -> nn.Module:
    """What remains of a normalisation once it is folded: timm's have an activation of their own."""
    activation = getattr(norm, "act", None)
    return activation if isinstance(activation, nn.Module) else nn.Identity()
