"""Writing a network once for all backends: one weights file, and an OpenVINO graph that reads its constants from it.

``weights.safetensors`` holds the folded float16 weights under PyTorch's names, and what else the graph needs (shapes,
factors) under ``openvino.*``. The constants of ``model.xml`` are offsets into that same file, so that a release carries
its weights once and every backend runs the very same numbers. A network that OpenCV must read too, at the quality gate,
is written as one ``model.onnx`` instead (:func:`export_onnx`).
"""

from __future__ import annotations

import copy
import json
import warnings
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vision.release import ONNX_FILE
from vision.runtime.architectures import EXTRA_PREFIX, HALF_SUFFIX, fold_batch_norms

FILES = ("model.xml", "weights.safetensors")
"""What :func:`export_network` writes."""

OPSET = 13
"""Of ONNX: what OpenCV 4 reads."""

NUMPY_TYPES = {
    "f16": np.float16,
    "f32": np.float32,
    "f64": np.float64,
    "i32": np.int32,
    "i64": np.int64,
    "u8": np.uint8,
}
"""OpenVINO's names of element types."""


def export_network(network: nn.Module, folder: Path, input_shape: Sequence[int]) -> tuple[str, ...]:
    """Write :data:`FILES` for a network, for any batch size; ``input_shape`` C x H x W. The network itself stays."""
    import openvino

    folder.mkdir(parents=True, exist_ok=True)
    rounded = half_precision(fold_batch_norms(copy.deepcopy(network).float().eval()))
    example = torch.zeros(2, *input_shape)
    for parameter in rounded.parameters():
        parameter.requires_grad_(False)
    with torch.no_grad():
        rounded(example)  # some networks fix their anchors at the first picture
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*torch.jit.*deprecated", DeprecationWarning)  # the converter traces
        model = openvino.convert_model(rounded, example_input=example, input=[-1, *input_shape])
    openvino.save_model(model, folder / "model.xml", compress_to_fp16=True)
    weights = {name: value.detach().numpy() for name, value in rounded.state_dict().items()}
    join_weights(folder, {name: _as_shipped(value) for name, value in weights.items()})
    return FILES


def export_onnx(network: nn.Module, folder: Path, input_shape: Sequence[int]) -> tuple[str, ...]:
    """Write :data:`ONNX_FILE` for any batch size: read by OpenVINO, by OpenCV and, for its weights, by PyTorch.

    Every weight is a float16 constant under PyTorch's name and ``.half``, and a cast back to float32. The network
    itself stays.
    """
    import onnx
    from onnx import helper, numpy_helper

    folder.mkdir(parents=True, exist_ok=True)
    rounded = half_precision(fold_batch_norms(copy.deepcopy(network).float().eval()))
    path = folder / ONNX_FILE
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)  # OpenCV reads what the older exporter writes
        torch.onnx.export(
            rounded,
            (torch.zeros(2, *input_shape),),
            path,
            dynamo=False,
            opset_version=OPSET,
            input_names=["picture"],
            output_names=["logits"],
            dynamic_axes={"picture": {0: "n"}, "logits": {0: "n"}},
        )
    model = onnx.load(path)
    casts = []
    for tensor in model.graph.initializer:
        value, name = numpy_helper.to_array(tensor), tensor.name
        if value.dtype == np.float32 and value.size > 1:
            tensor.CopyFrom(numpy_helper.from_array(value.astype(np.float16), name + HALF_SUFFIX))
            casts.append(helper.make_node("Cast", [name + HALF_SUFFIX], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    path.chmod(0o644)
    return (ONNX_FILE,)


def half_precision(network: nn.Module) -> nn.Module:
    """Every weight rounded to what float16 can hold, still stored as float32; in place."""
    state: dict[str, Tensor] = network.state_dict()
    network.load_state_dict({n: v.half().float() if v.is_floating_point() else v for n, v in state.items()})
    return network


def join_weights(folder: Path, weights: dict[str, NDArray[np.generic]]) -> None:
    """Point the constants of ``model.xml`` into ``weights.safetensors``, write that, and drop ``model.bin``."""
    from safetensors.numpy import save_file

    tree = ElementTree.parse(folder / "model.xml")  # noqa: S314  (written a moment ago, by the exporter)
    blob = (folder / "model.bin").read_bytes()
    by_content = {value.tobytes(): name for name, value in weights.items()}
    stored = dict(weights)
    places: list[tuple[ElementTree.Element, str]] = []
    for data in (layer.find("data") for layer in tree.iter("layer") if layer.get("type") == "Const"):
        assert data is not None, "a constant of the graph has no data"
        start, size = int(data.attrib["offset"]), int(data.attrib["size"])
        content = blob[start : start + size]
        if content not in by_content:
            name = f"{EXTRA_PREFIX}{len(stored) - len(weights)}"
            stored[name] = np.frombuffer(content, NUMPY_TYPES.get(data.attrib["element_type"], np.uint8))
            by_content[content] = name
        places.append((data, by_content[content]))
    path = folder / "weights.safetensors"
    save_file(stored, path)
    path.chmod(0o644)
    offsets = tensor_offsets(path)
    for data, name in places:
        data.set("offset", str(offsets[name]))
    tree.write(folder / "model.xml", encoding="utf-8", xml_declaration=True)
    (folder / "model.bin").unlink()


def tensor_offsets(path: Path) -> dict[str, int]:
    """Where in a safetensors file each tensor's bytes begin."""
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        header = json.loads(stream.read(length))
    return {name: 8 + length + entry["data_offsets"][0] for name, entry in header.items() if name != "__metadata__"}


def _as_shipped(value: NDArray[np.generic]) -> NDArray[np.generic]:
    """In row order: a network trained with channels last has its weights lie otherwise, and a file keeps no strides."""
    return np.ascontiguousarray(value.astype(np.float16) if np.issubdtype(value.dtype, np.floating) else value)
