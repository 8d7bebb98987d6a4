"""The ONNX file of a network: int8 in the QuantizeLinear / DequantizeLinear form."""

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

from architecture import CLASSES, PIXEL_BITS, SIDE, Network

OPSET, IR_VERSION = 17, 8


class _Graph:
    """Nodes and initialisers under construction."""

    def __init__(self) -> None:
        self.nodes, self.initialisers = [], {}

    def constant(self, name: str, value: np.ndarray) -> str:
        self.initialisers[name] = numpy_helper.from_array(value, name)
        return name

    def node(self, op: str, inputs: list[str], output: str, **attributes) -> str:
        self.nodes.append(helper.make_node(op, inputs, [output], name=f"{output}/{op}", **attributes))
        return output

    def scale(self, name: str, bits: int, zero: np.generic) -> list[str]:
        """Names of a scale `2^-bits` and of a zero point 0 of the type of `zero`."""
        return [
            self.constant(f"{name}.scale", np.array(2.0**-bits, np.float32)),
            self.constant(f"{name}.zero_point", np.array(0, zero)),
        ]

    def requantise(self, x: str, name: str, bits: int, zero=np.uint8, output: str | None = None) -> str:
        """QuantizeLinear to the tensor `name.quantised`, then DequantizeLinear."""
        scale = self.scale(name, bits, zero)
        quantised = self.node("QuantizeLinear", [x, *scale], f"{name}.quantised")
        return self.node("DequantizeLinear", [quantised, *scale], output or f"{name}.real")

    def parameter(self, name: str, value: np.ndarray, bits: int) -> str:
        """DequantizeLinear of a constant."""
        inputs = [self.constant(name, value), *self.scale(name, bits, value.dtype.type)]
        return self.node("DequantizeLinear", inputs, f"{name}.real")


def build(network: Network, weights: list[dict]) -> _Graph:
    """The chain from `image` to `logits`."""
    g = _Graph()
    x, flat = g.requantise("image", "pixels", PIXEL_BITS), False
    for i, (layer, p) in enumerate(zip(network.layers, weights)):
        bits, name = layer.output_bits, layer.name
        if not layer.is_conv and not flat:
            x, flat = g.requantise(g.node("Flatten", [x], "flatten", axis=1), "flatten", network.input_bits(i)), True
        weight = g.parameter(f"{name}.weight", p["weight"].astype(np.int8), layer.weight_bits)
        bias = g.parameter(f"{name}.bias", p["bias"].astype(np.int32), network.accumulator_bits(i))
        if layer.is_conv:
            y = g.node("Conv", [x, weight, bias], name, kernel_shape=layer.shape[2:], pads=[layer.pad] * 4)
        else:
            y = g.node("Gemm", [x, weight, bias], name, transB=1)
        if network.is_last(i):
            g.requantise(y, name, bits, np.int8, output="logits")
            continue
        x = g.requantise(g.node("Relu", [y], f"{name}.relu"), name, bits)
        if layer.pool:
            pooled = g.node("MaxPool", [x], f"{name}.pool", kernel_shape=[2, 2], strides=[2, 2])
            x = g.requantise(pooled, f"{name}.pool", bits)
    return g


def serialise(network: Network, weights: list[dict]) -> bytes:
    """The bytes of the model, `image` float [1,1,28,28] to `logits` float [1,10], checked by onnx."""
    g = build(network, weights)
    graph = helper.make_graph(
        g.nodes,
        network.name,
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, SIDE, SIDE])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, CLASSES])],
        list(g.initialisers.values()),
    )
    opset = helper.make_opsetid("", OPSET)
    model = helper.make_model(graph, opset_imports=[opset], producer_name="assay", ir_version=IR_VERSION)
    checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)
