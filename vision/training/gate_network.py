"""``python -m vision train gate``: write the network of the quality gate from the shipped segmentation. Nothing learns.

OpenCV runs ONNX; the weights are the release's own, in float16. Needs the training set and ``onnx``.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from vision.quality.head import INPUT, MODEL, RELEASE

OPSET: Final = 13


def main(arguments: Sequence[str] | None = None) -> None:
    """Write ``head.onnx``."""
    parser = argparse.ArgumentParser(prog="python -m vision train gate", description=__doc__)
    parser.add_argument("--release", default=RELEASE, help="id of the segmentation to take the weights from")
    parser.add_argument("--out", type=Path, default=MODEL)
    chosen = parser.parse_args(arguments)
    export(chosen.release, chosen.out)
    print(f"{chosen.out}: {chosen.out.stat().st_size / 1e6:.1f} MB from {chosen.release}")


def export(release_id: str, file: Path) -> None:
    """The release's network for one picture of the gate's size, weights in float16 (what they are rounded to)."""
    import numpy as np
    import onnx
    import torch
    from onnx import numpy_helper

    from vision.release import load_release
    from vision.runtime.architectures import load_module

    module = load_module(load_release(release_id)).eval()
    example = torch.zeros(1, 3, INPUT.height, INPUT.width)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)  # OpenCV reads what the older exporter writes
        torch.onnx.export(module, (example,), file, dynamo=False, opset_version=OPSET)
    model = onnx.load(file)
    for tensor in model.graph.initializer:
        value = numpy_helper.to_array(tensor)
        if value.dtype == np.float32 and value.size > 1:
            tensor.CopyFrom(numpy_helper.from_array(value.astype(np.float16), tensor.name))
    file.write_bytes(model.SerializeToString())
