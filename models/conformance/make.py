"""Quantised models of one operator with random shapes, attributes and scales, and what ONNX Runtime makes of random inputs.

    python models/conformance/make.py [cases an operator] [seed] > cases.jsonl

One line a case: the operator, a name, the model (hex), the scale of its answer, whether all scales are powers of two and the operator is linear (then
not one element may differ), the integers that go in and those that come out, one list for each of two runs.
"""


import json
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

RUNS = 2
OPSET = 20


class Case:
    """A model in the making: inputs are quantised, then read; the result of the operator is quantised as the answer."""

    def __init__(self, rng, exact):
        self.rng, self.exact = rng, exact
        self.nodes, self.constants, self.inputs = [], [], []
        self.opset = OPSET

    def scale(self, low=-5, high=0):
        return float(np.float32(2.0 ** self.rng.integers(low, high + 1) * (1 if self.exact else self.rng.uniform(0.6, 1.6))))

    def constant(self, name, array):
        self.constants.append(onnx.numpy_helper.from_array(np.asarray(array), name))
        return name

    def node(self, op, inputs, outputs, domain="", **attributes):
        outputs = [outputs] if isinstance(outputs, str) else outputs
        self.nodes.append(helper.make_node(op, inputs, outputs, domain=domain, **{k: v for k, v in attributes.items() if v is not None}))
        return outputs[0]

    def linear(self, name, value, scale, zero_point, dtype):
        self.constant(name + ".scale", np.float32(scale))
        self.constant(name + ".zero", np.array(zero_point, dtype))
        self.node("QuantizeLinear", [value, name + ".scale", name + ".zero"], name + ".int")
        return self.node("DequantizeLinear", [name + ".int", name + ".scale", name + ".zero"], name + ".real")

    def kind(self):
        """A type with a zero point of it."""
        if self.rng.random() < 0.5:
            return np.uint8, int(self.rng.integers(0, 256))
        return np.int8, int(self.rng.integers(-128, 128))

    def input(self, shape, scale=None, kind=None):
        name = f"x{len(self.inputs)}"
        dtype, zero = kind or self.kind()
        scale = scale or self.scale()
        self.inputs.append((name, list(shape), scale, zero, dtype))
        return self.linear("q" + name, name, scale, zero, dtype)

    def weights(self, name, shape, per_channel=None, integers=None):
        """Weights of 8 bits; one scale, or one for each index of an axis."""
        values = integers if integers is not None else self.rng.integers(-127, 128, shape)
        if per_channel is None:
            scale = np.float32(self.scale(-8, -4))
            zero = np.array(0, np.int8)
        else:
            scale = np.array([self.scale(-8, -4) for _ in range(shape[per_channel])], np.float32)
            zero = np.zeros(shape[per_channel], np.int8)
        self.constant(name + ".int", values.astype(np.int8))
        self.constant(name + ".scale", scale)
        self.constant(name + ".zero", zero)
        return self.node("DequantizeLinear", [name + ".int", name + ".scale", name + ".zero"], name + ".real", axis=per_channel)

    def model(self, result, scale, kind):
        """The model, its answer quantised."""
        dtype, zero = kind
        self.linear("y", result, scale, zero, dtype)
        inputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s, *_ in self.inputs]
        graph = helper.make_graph(self.nodes, "case", inputs, [helper.make_tensor_value_info("y.real", TensorProto.FLOAT, None)], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)])
        model.ir_version = 9
        return onnx.shape_inference.infer_shapes(model)


def shape(rng, rank=4, most=6):
    return [1] + [int(rng.integers(1, most + 1)) for _ in range(rank - 1)]


def window(rng, sizes):
    """Kernel, strides, dilations and pads that fit."""
    kernel, strides, dilations, begin, end = [], [], [], [], []
    for size in sizes:
        k, d = int(rng.integers(1, 4)), int(rng.integers(1, 3)) if size > 3 else 1
        span = (k - 1) * d + 1
        b, e = int(rng.integers(0, min(k, 2) + 1)) if k > 1 else 0, int(rng.integers(0, min(k, 2) + 1)) if k > 1 else 0
        b, e = min(b, k - 1), min(e, k - 1)
        while size + b + e < span:
            k, d, b, e = 1, 1, 0, 0
            span = 1
        kernel.append(k), strides.append(int(rng.integers(1, 4))), dilations.append(d), begin.append(b), end.append(e)
    return dict(kernel_shape=kernel, strides=strides, dilations=dilations, pads=begin + end)


def padding(rng, attributes, sizes):
    """Some cases say how to pad in words."""
    fits = all(k <= size and s <= k for k, s, size in zip(attributes["kernel_shape"], attributes["strides"], sizes))
    if fits and rng.random() < 0.25:
        attributes = {k: v for k, v in attributes.items() if k != "pads"}
        attributes["auto_pad"] = str(rng.choice(["SAME_UPPER", "SAME_LOWER", "VALID"]))
        attributes["dilations"] = None
    return attributes


def conv(c, rng):
    spatial = int(rng.integers(1, 3))
    groups = int(rng.choice([1, 1, 2, 3]))
    each, out = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    if rng.random() < 0.3:
        each = 1
    sizes = [int(rng.integers(3, 9)) for _ in range(spatial)]
    x = c.input([1, groups * each] + sizes)
    attributes = padding(rng, window(rng, sizes), sizes)
    w = c.weights("w", [groups * out, each] + attributes["kernel_shape"], 0 if rng.random() < 0.5 else None)
    inputs = [x, w]
    if rng.random() < 0.6:
        step = c.inputs[0][2] * np.array([onnx.numpy_helper.to_array(t) for t in c.constants if t.name == "w.scale"][0], np.float64)
        steps = np.broadcast_to(step, [groups * out])
        inputs.append(c.constant("b", (rng.integers(-2000, 2000, groups * out) * steps).astype(np.float32)))
    return c.node("Conv", inputs, "r", group=groups, **attributes), 2.0


def conv_transpose(c, rng):
    spatial = int(rng.integers(1, 3))
    sizes = [int(rng.integers(1, 6)) for _ in range(spatial)]
    channels, out = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    group = 1
    if rng.random() < 0.3:
        group, channels = 2, 2 * channels
    kernel = [int(rng.integers(1, 4)) for _ in range(spatial)]
    strides = [int(rng.integers(1, 4)) for _ in range(spatial)]
    pads = [min(int(rng.integers(0, 2)), k - 1) for k in kernel] * 2
    extra = [int(rng.integers(0, s)) for s in strides]
    x = c.input([1, channels] + sizes)
    w = c.weights("w", [channels, out] + kernel)
    side = [(n - 1) * s + k - 2 * p + e for n, s, k, p, e in zip(sizes, strides, kernel, pads, extra)]
    if min(side) < 1:
        pads, extra = [0] * (2 * spatial), [0] * spatial
    return c.node("ConvTranspose", [x, w], "r", kernel_shape=kernel, strides=strides, pads=pads, output_padding=extra, group=group), 2.0


def gemm(c, rng):
    k, n = int(rng.integers(1, 12)), int(rng.integers(1, 8))
    x = c.input([1, k])
    w = c.weights("w", [n, k], 0 if rng.random() < 0.5 else None)
    return c.node("Gemm", [x, w], "r", transB=1, alpha=float(rng.choice([0.5, 1, 2]))), 2.0


def matmul(c, rng):
    k, n = int(rng.integers(1, 12)), int(rng.integers(1, 8))
    lead = [int(rng.integers(1, 5)) for _ in range(int(rng.integers(1, 4)))]
    x = c.input(lead + [k])
    w = c.weights("w", [k, n], 1 if rng.random() < 0.5 else None)
    r = c.node("MatMul", [x, w], "m")
    return r, 2.0


def matmul_of_two(c, rng):
    n, k, m = (int(rng.integers(1, 6)) for _ in range(3))
    lead, other = broadcast(rng) if rng.random() < 0.5 else ([], [])
    x, y = c.input(lead + [n, k]), c.input(other + [k, m])
    return c.node("MatMul", [x, y], "r"), 4.0


def max_pool(c, rng):
    rank = int(rng.integers(3, 6))
    x = c.input(shape(rng, rank, 7))
    sizes = c.inputs[0][1][2:]
    attributes = padding(rng, window(rng, sizes), sizes)
    if "auto_pad" not in attributes and rng.random() < 0.3:
        attributes["ceil_mode"] = 1
    return c.node("MaxPool", [x], "r", **attributes), None


def average_pool(c, rng):
    rank = int(rng.integers(3, 5))
    x = c.input(shape(rng, rank, 7))
    attributes = padding(rng, window(rng, c.inputs[0][1][2:]), c.inputs[0][1][2:])
    attributes["dilations"] = None
    sizes = c.inputs[0][1][2:]
    for at, size in enumerate(sizes):
        if attributes["kernel_shape"][at] > size:
            attributes["kernel_shape"][at] = 1
            if "pads" in attributes:
                attributes["pads"][at] = attributes["pads"][at + len(sizes)] = 0
    return c.node("AveragePool", [x], "r", count_include_pad=int(rng.integers(0, 2)), **attributes), 1.0


def global_pool(op):
    def make(c, rng):
        x = c.input(shape(rng, int(rng.integers(3, 6)), 5))
        return c.node(op, [x], "r"), 1.0 if op == "GlobalAveragePool" else None
    return make


def reduce(op):
    def make(c, rng):
        x = c.input(shape(rng, int(rng.integers(2, 5)), 5))
        rank = len(c.inputs[0][1])
        axes = sorted(rng.choice(rank, int(rng.integers(1, rank)), replace=False).tolist())
        keep = int(rng.integers(0, 2))
        return c.node(op, [x, c.constant("axes", np.array(axes, np.int64))], "r", keepdims=keep), None if op in ("ReduceMax", "ReduceMin") else 1.0
    return make


def broadcast(rng):
    one = shape(rng, int(rng.integers(2, 5)), 4)
    other = [1 if rng.random() < 0.4 else size for size in one]
    if rng.random() < 0.4:
        other = other[int(rng.integers(0, len(other))):]
    return (one, other) if rng.random() < 0.5 else (other, one)


def binary(op):
    def make(c, rng):
        one, other = broadcast(rng)
        if op in ("Max", "Min"):
            scale, kind = c.scale(), c.kind()
            x, y = c.input(one, scale, kind), c.input(other, scale, kind)
            return c.node(op, [x, y], "r"), None
        x, y = c.input(one), c.input(other)
        return c.node(op, [x, y], "r"), 1.0
    return make


def with_constant(op, where):
    def make(c, rng):
        x = c.input(shape(rng, 4, 5))
        channels = c.inputs[0][1][1]
        size = [1] if where == "scalar" else [channels, 1, 1]
        low = 0.25 if op in ("Div", "Mul") else -3
        values = np.round(rng.uniform(low, 3, size) * 16) / 16
        if op == "Div":
            values = 2.0 ** np.round(rng.uniform(-2, 2, size))
        k = c.constant("k", values.astype(np.float32))
        inputs = [k, x] if op == "Sub" and rng.random() < 0.3 else [x, k]
        return c.node(op, inputs, "r"), 1.0
    return make


def unary(op, low=None, **attributes):
    def make(c, rng):
        # Functions that are not defined everywhere get numbers where they are.
        kind = (np.uint8, 0) if low is not None else None
        x = c.input(shape(rng, int(rng.integers(2, 5)), 6), kind=kind, scale=c.scale(-7, -4))
        if low is not None:
            k = c.constant("low", np.float32(low))
            x = c.node("Max", [x, k], "bounded")
        given = {k: float(np.float32(rng.uniform(*v))) if isinstance(v, tuple) else v for k, v in attributes.items()}
        return c.node(op, [x], "r", **given), 0.1
    return make


def concat(c, rng):
    base = shape(rng, int(rng.integers(2, 5)), 4)
    axis = int(rng.integers(0, len(base)))
    values = []
    same = rng.random() < 0.5
    scale, kind = c.scale(), c.kind()
    for _ in range(int(rng.integers(2, 4))):
        size = list(base)
        size[axis] = int(rng.integers(1, 4))
        values.append(c.input(size, scale, kind) if same else c.input(size))
    return c.node("Concat", values, "r", axis=axis), 1.0


def split(c, rng):
    base = shape(rng, int(rng.integers(2, 5)), 4)
    axis = int(rng.integers(1, len(base)))
    parts = [int(rng.integers(1, 4)) for _ in range(2)]
    base[axis] = sum(parts)
    x = c.input(base)
    c.node("Split", [x, c.constant("parts", np.array(parts, np.int64))], ["r0", "r1"], axis=axis)
    return c.node("Concat", ["r1", "r0"], "r", axis=axis), None


def slice_(c, rng):
    x = c.input(shape(rng, int(rng.integers(2, 5)), 7))
    sizes = c.inputs[0][1]
    axes = sorted(rng.choice(len(sizes), int(rng.integers(1, len(sizes) + 1)), replace=False).tolist())
    starts, ends, steps = [], [], []
    for axis in axes:
        size, step = sizes[axis], int(rng.choice([1, 2, -1, -2]))
        a = int(rng.integers(0, size))
        starts.append(a - size if rng.random() < 0.3 else a)
        ends.append(int(rng.integers(a + 1, size + 3)) if step > 0 else (-size - 1 if rng.random() < 0.5 or a == 0 else int(rng.integers(0, a))))
        steps.append(step)
    names = [c.constant(n, np.array(v, np.int64)) for n, v in (("starts", starts), ("ends", ends), ("axes", axes), ("steps", steps))]
    return c.node("Slice", [x] + names, "r"), None


def pad(c, rng):
    x = c.input(shape(rng, int(rng.integers(2, 5)), 5))
    sizes = c.inputs[0][1]
    mode = str(rng.choice(["constant", "reflect", "edge", "wrap"]))
    most = lambda size: max(0, size - 1) if mode in ("reflect", "wrap") else 2
    pads = [int(rng.integers(0, min(2, most(s)) + 1)) for s in sizes] + [int(rng.integers(0, min(2, most(s)) + 1)) for s in sizes]
    inputs = [x, c.constant("pads", np.array(pads, np.int64))]
    return c.node("Pad", inputs, "r", mode=mode), None


def gather(c, rng):
    x = c.input(shape(rng, int(rng.integers(2, 5)), 5))
    axis = int(rng.integers(0, len(c.inputs[0][1])))
    size = c.inputs[0][1][axis]
    indices = rng.integers(-size, size, [int(rng.integers(1, 4)) for _ in range(int(rng.integers(1, 3)))])
    return c.node("Gather", [x, c.constant("i", indices.astype(np.int64))], "r", axis=axis), None


def transpose(c, rng):
    x = c.input(shape(rng, int(rng.integers(2, 5)), 5))
    return c.node("Transpose", [x], "r", perm=rng.permutation(len(c.inputs[0][1])).tolist()), None


def expand(c, rng):
    one, other = broadcast(rng)
    whole = np.broadcast_shapes(one, other)
    x = c.input(other if list(whole) == one else one)
    return c.node("Expand", [x, c.constant("s", np.array(whole, np.int64))], "r"), None


def tile(c, rng):
    x = c.input(shape(rng, int(rng.integers(2, 5)), 4))
    times = rng.integers(1, 3, len(c.inputs[0][1]))
    return c.node("Tile", [x, c.constant("t", times.astype(np.int64))], "r"), None


def depth_to_space(c, rng):
    x = c.input([1, 4 * int(rng.integers(1, 4)), int(rng.integers(1, 5)), int(rng.integers(1, 5))])
    return c.node("DepthToSpace", [x], "r", blocksize=2, mode=str(rng.choice(["DCR", "CRD"]))), None


def space_to_depth(c, rng):
    x = c.input([1, int(rng.integers(1, 4)), 2 * int(rng.integers(1, 5)), 2 * int(rng.integers(1, 5))])
    return c.node("SpaceToDepth", [x], "r", blocksize=2), None


def resize(c, rng):
    x = c.input(shape(rng, 4, 5))
    sizes = c.inputs[0][1]
    ways = dict(
        mode="nearest",
        coordinate_transformation_mode=str(rng.choice(["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"])),
        nearest_mode=str(rng.choice(["round_prefer_floor", "floor", "ceil", "round_prefer_ceil"])),
    )
    if rng.random() < 0.5:
        scales = np.array([1, 1, *rng.choice([0.5, 1, 1.5, 2, 3], 2)], np.float32)
        scales = np.where(np.floor(np.array(sizes) * scales) < 1, 1, scales).astype(np.float32)
        return c.node("Resize", [x, "", c.constant("scales", scales)], "r", **ways), None
    wanted = np.array(sizes[:2] + [int(rng.integers(1, 10)) for _ in range(2)], np.int64)
    return c.node("Resize", [x, "", "", c.constant("sizes", wanted)], "r", **ways), None


def flatten(c, rng):
    x = c.input(shape(rng, int(rng.integers(2, 5)), 4))
    return c.node("Flatten", [x], "r", axis=int(rng.integers(0, len(c.inputs[0][1]) + 1))), None


def clip(c, rng):
    x = c.input(shape(rng, int(rng.integers(2, 5)), 4))
    low, high = sorted(rng.uniform(-2, 2, 2))
    return c.node("Clip", [x, c.constant("low", np.float32(low)), c.constant("high", np.float32(high))], "r"), 0.3


def relu(c, rng):
    x = c.input(shape(rng, int(rng.integers(2, 5)), 4))
    return c.node("Relu", [x], "r"), 0.3


def many(op):
    def make(c, rng):
        of, scale, kind = shape(rng, 3, 4), c.scale(), c.kind()
        values = [c.input(of, scale, kind) for _ in range(int(rng.integers(3, 5)))]
        return c.node(op, values, "r"), None if op in ("Max", "Min") else 1.0
    return make



def batch_normalization(c, rng):
    x = c.input(shape(rng, int(rng.integers(2, 5)), 5))
    channels = c.inputs[0][1][1]
    draw = lambda name, low, high: c.constant(name, rng.uniform(low, high, channels).astype(np.float32))
    parameters = [draw("gamma", -2, 2), draw("beta", -1, 1), draw("mean", -1, 1), draw("var", 0.1, 2)]
    return c.node("BatchNormalization", [x] + parameters, "r"), 1.0


def gather_elements(c, rng):
    x = c.input(shape(rng, int(rng.integers(2, 5)), 5))
    sizes = c.inputs[0][1]
    axis = int(rng.integers(0, len(sizes)))
    of = [int(rng.integers(1, s + 1)) for s in sizes]
    indices = rng.integers(-sizes[axis], sizes[axis], of)
    return c.node("GatherElements", [x, c.constant("i", indices.astype(np.int64))], "r", axis=axis), None


def gather_nd(c, rng):
    x = c.input(shape(rng, int(rng.integers(2, 5)), 5))
    sizes = c.inputs[0][1]
    depth = int(rng.integers(1, len(sizes) + 1))
    indices = np.stack([rng.integers(-s, s, [2, 3]) for s in sizes[:depth]], axis=-1)
    return c.node("GatherND", [x, c.constant("i", indices.astype(np.int64))], "r"), None


def lp_pool(c, rng):
    x = c.input(shape(rng, int(rng.integers(3, 5)), 7))
    sizes = c.inputs[0][1][2:]
    attributes = window(rng, sizes)
    return c.node("LpPool", [x], "r", p=int(rng.integers(1, 3)), **attributes), 2.0


def softmax(op):
    def make(c, rng):
        x = c.input(shape(rng, int(rng.integers(2, 5)), 12), scale=c.scale(-6, -2))
        return c.node(op, [x], "r", axis=int(rng.integers(1, len(c.inputs[0][1])))), 1 / 128 if op == "Softmax" else 0.5
    return make


LINEAR = {
    "Conv": conv, "ConvTranspose": conv_transpose, "Gemm": gemm, "MatMul": matmul, "MatMul of two": matmul_of_two, "MaxPool": max_pool, "AveragePool": average_pool,
    "GlobalAveragePool": global_pool("GlobalAveragePool"), "GlobalMaxPool": global_pool("GlobalMaxPool"),
    "ReduceMax": reduce("ReduceMax"), "ReduceMin": reduce("ReduceMin"), "ReduceMean": reduce("ReduceMean"), "ReduceSum": reduce("ReduceSum"),
    "Add": binary("Add"), "Sub": binary("Sub"), "Mul": binary("Mul"), "Max": binary("Max"), "Min": binary("Min"),
    "Max of many": many("Max"), "Min of many": many("Min"), "Sum": many("Sum"), "Mean": many("Mean"),
    "Add a constant": with_constant("Add", "scalar"), "Sub a constant": with_constant("Sub", "scalar"),
    "Mul by a constant": with_constant("Mul", "scalar"), "Div by a constant": with_constant("Div", "scalar"),
    "Add a channel's": with_constant("Add", "channel"), "Sub a channel's": with_constant("Sub", "channel"),
    "Mul by a channel's": with_constant("Mul", "channel"), "Div by a channel's": with_constant("Div", "channel"),
    "Concat": concat, "Split": split, "Slice": slice_, "Pad": pad, "Gather": gather, "GatherElements": gather_elements, "GatherND": gather_nd, "Transpose": transpose, "Expand": expand,
    "Tile": tile, "DepthToSpace": depth_to_space, "SpaceToDepth": space_to_depth, "Resize": resize, "Flatten": flatten,
    "Clip": clip, "Relu": relu,
}
FUNCTIONS = {
    "Sigmoid": unary("Sigmoid"), "Tanh": unary("Tanh"), "LeakyRelu": unary("LeakyRelu", alpha=(0.01, 0.4)), "Elu": unary("Elu", alpha=(0.2, 2)),
    "Celu": unary("Celu", alpha=(0.2, 2)), "Selu": unary("Selu"), "HardSigmoid": unary("HardSigmoid", alpha=(0.1, 0.4), beta=(0.3, 0.7)),
    "HardSwish": unary("HardSwish"), "Gelu": unary("Gelu"), "Gelu by Tanh": unary("Gelu", approximate="tanh"), "Mish": unary("Mish"),
    "Softplus": unary("Softplus"), "Softsign": unary("Softsign"), "Erf": unary("Erf"), "Exp": unary("Exp"), "Log": unary("Log", 0.05),
    "Sqrt": unary("Sqrt", 0.0), "Reciprocal": unary("Reciprocal", 0.1), "Abs": unary("Abs"), "Neg": unary("Neg"), "Sign": unary("Sign"),
    "Floor": unary("Floor"), "Ceil": unary("Ceil"), "Round": unary("Round"), "Sin": unary("Sin"), "Cos": unary("Cos"), "Tan": unary("Tan"),
    "Asin": unary("Asin"), "Acos": unary("Acos"), "Atan": unary("Atan"), "Sinh": unary("Sinh"), "Cosh": unary("Cosh"), "Asinh": unary("Asinh"),
    "Acosh": unary("Acosh", 1.0), "Atanh": unary("Atanh"), "ThresholdedRelu": unary("ThresholdedRelu", alpha=(0.1, 1)),
    "BatchNormalization": batch_normalization, "ReduceL1": reduce("ReduceL1"), "ReduceL2": reduce("ReduceL2"),
    "ReduceSumSquare": reduce("ReduceSumSquare"), "LpPool": lp_pool, "Softmax": softmax("Softmax"), "LogSoftmax": softmax("LogSoftmax"), "Shrink": unary("Shrink", lambd=(0.1, 0.6), bias=(0.0, 0.3)),
}


def answer(model, inputs):
    options = onnxruntime.SessionOptions()
    # Every operator as the file has it: what is fused may saturate between, or round once where the file rounds twice.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(["y.int"] , inputs)[0] if "y.int" in [o.name for o in session.get_outputs()] else session.run(None, inputs)[0]


def make(name, build, rng, exact):
    c = Case(rng, exact)
    result, scale = build(c, rng)
    first = c.inputs[0]
    if scale is None:
        # Elements are moved or compared. Another scale behind that makes something of a move that moves nothing.
        kind, out = (first[4], first[3]), (2 if exact else 1.7) * first[2]
    else:
        kind, out = c.kind(), c.scale(-1 if "Softmax" in name else -3, 2) * scale
        if not exact:
            out = float(np.float32(out))
    if exact:
        out = float(2.0 ** np.round(np.log2(out)))
    model = c.model(result, out, kind)
    runs = []
    for _ in range(RUNS):
        integers = [rng.integers(np.iinfo(d).min, np.iinfo(d).max + 1, s) for _, s, _, _, d in c.inputs]
        real = {n: ((i - z) * np.float32(s)).astype(np.float32) for (n, _, s, z, _), i in zip(c.inputs, integers)}
        y = answer(model, real)
        steps = np.round(y / np.float32(out)).astype(np.int64) + kind[1]
        runs.append({"inputs": [i.flatten().tolist() for i in integers], "output": steps.flatten().tolist()})
    return {
        "operator": name, "exact": bool(exact), "model": model.SerializeToString().hex(), "runs": runs, "shape": list(y.shape),
    }


def main():
    count, seed = int(sys.argv[1]) if len(sys.argv) > 1 else 6, int(sys.argv[2]) if len(sys.argv) > 2 else 1
    failed = 0
    for name, build in {**LINEAR, **FUNCTIONS}.items():
        made = 0
        rng = np.random.default_rng([seed, *map(ord, name)])
        for attempt in range(4 * count):
            if made == count:
                break
            try:
                case = make(name, build, rng, name in LINEAR and attempt % 2 == 0)
            except Exception as error:  # ONNX Runtime has no kernel for it, or the random attributes do not fit.
                print(f"{name}: {str(error)[:200]}", file=sys.stderr)
                failed += 1
                continue
            made += 1
            print(json.dumps(case))
        if made < count:
            print(f"{name}: {made} of {count} cases", file=sys.stderr)
    print(f"{failed} tries without a case", file=sys.stderr)


if __name__ == "__main__":
    main()
