#!/usr/bin/env python3
"""Rounds the scales of a quantised model (QDQ form, as quantize_static writes it) up to powers of two, weights and biases with them.

    python3 models/zoo/powers_of_two.py model.onnx rounded.onnx

Free scales give divisors that fit no lookup table; with powers of two a requantisation is a shift. A scale grows by less
than a factor of two, so nothing is clipped and up to one bit of precision is lost: measure the accuracy of the rounded model.
"""

import sys

import numpy as np
import onnx
from onnx import numpy_helper


def rounded(scale: np.ndarray) -> np.ndarray:
    """The smallest powers of two that are not below a scale."""
    return np.exp2(np.ceil(np.log2(scale.astype(np.float64)))).astype(np.float32)


def along(values: np.ndarray, axis: int, rank: int) -> np.ndarray:
    """One value for a tensor of `rank` axes, or one for every index of `axis`, so that it multiplies the tensor."""
    return values.reshape(()) if values.size == 1 else values.reshape([-1 if at == axis % rank else 1 for at in range(rank)])


def requantised(node: onnx.NodeProto, old: dict[str, np.ndarray], scale: np.ndarray) -> np.ndarray:
    """The integers of a constant behind a DequantizeLinear that stand for the same real numbers under another scale."""
    values = old[node.input[0]]
    axis = next((a.i for a in node.attribute if a.name == "axis"), 1) if values.ndim > 1 else 0
    zero = old[node.input[2]].astype(np.int64) if len(node.input) == 3 else np.int64(0)
    zero, before, after = (along(np.asarray(v), axis, values.ndim) for v in (zero, old[node.input[1]], scale))
    real = (values.astype(np.int64) - zero) * before.astype(np.float64)
    limits = np.iinfo(values.dtype)
    return np.clip(np.rint(real / after.astype(np.float64)) + zero, limits.min, limits.max).astype(values.dtype)


def round_scales(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of the model with the scale of every QuantizeLinear and DequantizeLinear rounded."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    nodes = model.graph.node
    old = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    reads = [node for node in nodes if node.op_type == "DequantizeLinear"]
    scale_of = {node.output[0]: node.input[1] for node in reads}
    new = {node.input[1]: rounded(old[node.input[1]]) for node in nodes if node.op_type in ("QuantizeLinear", "DequantizeLinear")}
    # A bias is counted in steps of its accumulators: the scale of the input times those of the weights.
    for node in nodes:
        if node.op_type in ("Conv", "Gemm") and len(node.input) == 3 and node.input[2] in scale_of:
            x, weights, bias = (scale_of[name] for name in node.input)
            new[bias] = np.broadcast_to(new[x] * new[weights], old[bias].shape).astype(np.float32)
    for node in reads:
        if node.input[0] in old:
            new[node.input[0]] = requantised(node, old, new[node.input[1]])
    for tensor in model.graph.initializer:
        if tensor.name in new:
            tensor.CopyFrom(numpy_helper.from_array(np.asarray(new[tensor.name]), tensor.name))
    onnx.checker.check_model(model)
    return model


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    onnx.save(round_scales(onnx.load(sys.argv[1])), sys.argv[2])
