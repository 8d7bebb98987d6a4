"""The node cases that the package onnx makes, quantised, in the form of make.py: one line a case.

    python models/conformance/node_cases.py > target/node_cases.jsonl
    CONFORMANCE=target/node_cases.jsonl cargo nextest run -p assay-models --test conformance   # and docs/operators.md, with UPDATE_TABLE=1

Every float input is rounded to 8 bits over the range of the case's numbers, integer inputs that say where and how are constants, and every float result
is rounded over the range of what is expected. Then ONNX Runtime's answer is what is expected. Cases without a float input or result, with types that are no
tensors, or that ONNX Runtime itself has no kernel for, are counted and left out.
"""

import collections
import json
import sys

import numpy as np
import onnx
import onnx.backend.test.case.node as cases
import onnxruntime
from onnx import TensorProto, helper

# Operand number of inputs that must be constants here, whatever their type.
PARAMETERS = {"Resize": {1, 2, 3}, "Upsample": {1}, "Clip": {1, 2}, "Pad": {1, 2, 3}, "BatchNormalization": {1, 2, 3, 4}, "PRelu": {1}}
WEIGHTS = {"Conv": {1, 2}, "ConvTranspose": {1, 2}, "Gemm": {1, 2}}


def linear(nodes, constants, name, value, array, signed=False):
    """QuantizeLinear and DequantizeLinear over the range of an array, 0 within it."""
    low, high = min(float(np.min(array, initial=0)), 0.0), max(float(np.max(array, initial=0)), 0.0)
    if signed:
        scale, zero = max(abs(low), abs(high), 1e-3) / 127, np.int8(0)
    else:
        scale = max(high - low, 1e-3) / 255
        zero = np.uint8(round(-low / scale))
    constants += [onnx.numpy_helper.from_array(np.float32(scale), name + ".scale"), onnx.numpy_helper.from_array(np.array(zero), name + ".zero")]
    nodes.append(helper.make_node("QuantizeLinear", [value, name + ".scale", name + ".zero"], [name + ".int"]))
    nodes.append(helper.make_node("DequantizeLinear", [name + ".int", name + ".scale", name + ".zero"], [name + ".real"]))
    return name + ".real", float(np.float32(scale)), int(zero)


def quantised(case):
    graph = case.model.graph
    [node] = graph.node
    inputs, outputs = case.data_sets[0]
    if not all(isinstance(value, np.ndarray) for value in [*inputs, *outputs]):
        return None, "no tensors"
    if node.domain not in ("", "ai.onnx"):
        return None, "another domain"
    nodes, constants, given, rename = [], [], [], {}
    for at, (info, value) in enumerate(zip(graph.input, inputs)):
        operand = list(node.input).index(info.name)
        if value.dtype in (np.float32, np.float64, np.float16) and operand not in PARAMETERS.get(node.op_type, ()):
            if not np.all(np.isfinite(value)) or value.size == 0:
                return None, "numbers that are not finite, or none"
            value = value.astype(np.float32)
            if operand in WEIGHTS.get(node.op_type, ()):
                constants.append(onnx.numpy_helper.from_array(value, info.name))
                if operand == 1:
                    rename[info.name], _, _ = linear(nodes, constants, "w", info.name, value, True)
                continue
            rename[info.name], scale, zero = linear(nodes, constants, f"x{at}", info.name, value)
            given.append((info.name, value, scale, zero))
        else:
            if value.dtype in (np.float64, np.float16):
                value = value.astype(np.float32)
            constants.append(onnx.numpy_helper.from_array(value, info.name))
    if not given:
        return None, "no float input"
    of_node = onnx.NodeProto.FromString(node.SerializeToString())
    for at, name in enumerate(of_node.input):
        of_node.input[at] = rename.get(name, name)
    nodes.append(of_node)
    name, value = list(node.output)[0], outputs[0]
    # An output that the case leaves out has no value.
    if value.dtype not in (np.float32, np.float64, np.float16) or value.size == 0 or not np.all(np.isfinite(value)):
        return None, "no float result"
    real, scale, zero = linear(nodes, constants, "y", name, value)
    infos = [helper.make_tensor_value_info(n, TensorProto.FLOAT, v.shape) for n, v, _, _ in given]
    made = helper.make_graph(nodes, "case", infos, [helper.make_tensor_value_info(real, TensorProto.FLOAT, None)], constants)
    model = helper.make_model(made, opset_imports=case.model.opset_import)
    model.ir_version = min(case.model.ir_version, 10)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        [answer] = session.run(None, {n: v for n, v, _, _ in given})
    except Exception as error:
        return None, "no kernel of ONNX Runtime"
    integers = [np.clip(np.round(v / np.float32(s)) + z, 0, 255).astype(np.int64) for _, v, s, z in given]
    steps = np.round(answer / np.float32(scale)).astype(np.int64) + zero
    return {
        "operator": node.op_type, "name": case.name, "exact": False, "model": model.SerializeToString().hex(), "shape": list(answer.shape),
        "runs": [{"inputs": [i.flatten().tolist() for i in integers], "output": steps.flatten().tolist()}],
    }, None


def main():
    left = collections.Counter()
    seen = set()
    for case in cases.collect_testcases(None):
        if case.name in seen or len(case.model.graph.node) != 1:
            left["several nodes"] += case.name not in seen
            continue
        seen.add(case.name)
        made, why = quantised(case)
        if made is None:
            left[why] += 1
            continue
        print(json.dumps(made))
    print(dict(left), file=sys.stderr)


if __name__ == "__main__":
    main()
