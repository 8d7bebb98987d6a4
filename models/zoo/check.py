"""Says whether the committed goldens are what ONNX Runtime computes, or writes them anew.

    python check.py            compares; exit code 1 and the names of the files if any differs
    python check.py --write    writes outputs.i8, trace.json, input.json and input.npy of every model

Reads `digits.u8`, `labels.u8` and the `.onnx` files. Graph optimisations are off, so every
quantised tensor of the file is computed as the file says.
"""

import argparse
import io
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort

from architecture import CLASSES, NETWORKS, PIXEL_BITS, SIDE
from powers_of_two import round_scales

TRACED = 3
ROOT = Path(__file__).parent
DTYPES = {np.dtype(np.uint8): "u8", np.dtype(np.int8): "i8"}


class Runner:
    """ONNX Runtime on one model, returning also the output of every QuantizeLinear."""

    def __init__(self, path: Path) -> None:
        model = onnx.load(path)
        zero_types = {i.name: i.data_type for i in model.graph.initializer}
        quantise = [n for n in model.graph.node if n.op_type == "QuantizeLinear"]
        for node in quantise:
            extra = onnx.helper.make_tensor_value_info(node.output[0], zero_types[node.input[2]], None)
            model.graph.output.append(extra)
        self.names = [node.output[0] for node in quantise]
        options = ort.SessionOptions()
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        self.session = ort.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])

    def quantised(self, pixels: np.ndarray) -> dict[str, np.ndarray]:
        """Every quantised tensor, in the order of the graph, for one digit of 784 u8 pixels."""
        return dict(zip(self.names, self.session.run(self.names, {"image": image(pixels)})))


def image(pixels: np.ndarray) -> np.ndarray:
    """The model's input, float32 `[1, 1, 28, 28]` in 0..1."""
    return (pixels.reshape(1, 1, SIDE, SIDE) / 2.0**PIXEL_BITS).astype(np.float32)


def trace_json(digits: list[dict]) -> bytes:
    """The trace with one tensor a line."""
    lines = []
    for digit in digits:
        tensors = ",\n".join("  " + json.dumps(t, separators=(",", ":")) for t in digit["tensors"])
        lines.append(f'{{"index":{digit["index"]},"label":{digit["label"]},"tensors":[\n{tensors}]}}')
    return ('{"digits":[\n' + ",\n".join(lines) + "]}\n").encode()


def goldens(name: str, digits: np.ndarray, labels: np.ndarray) -> tuple[dict[str, bytes], float]:
    """The bytes of every golden file of a model, and the share of digits it answers correctly."""
    runner = Runner(ROOT / name / f"{name}.onnx")
    outputs, traces = [], []
    for index, pixels in enumerate(digits):
        tensors = runner.quantised(pixels)
        outputs.append(tensors[runner.names[-1]].reshape(CLASSES))
        if index < TRACED:
            rows = [
                {"name": n, "dtype": DTYPES[t.dtype], "shape": list(t.shape), "values": t.ravel().tolist()}
                for n, t in tensors.items()
            ]
            traces.append({"index": index, "label": int(labels[index]), "tensors": rows})
    sample = image(digits[0])
    npy = io.BytesIO()
    np.save(npy, sample)
    files = {
        "outputs.i8": np.stack(outputs).astype(np.int8, casting="equiv").tobytes(),
        "trace.json": trace_json(traces),
        "input.json": (json.dumps({"input_data": [sample.ravel().tolist()]}) + "\n").encode(),
        "input.npy": npy.getvalue(),
    }
    return files, float((np.stack(outputs).argmax(1) == labels).mean())


def rounding_keeps_the_scales(name: str) -> bool:
    """Whether `powers_of_two.py` changes nothing of a model, and gives back its scales where all are made a quarter smaller."""
    model = onnx.load(ROOT / name / f"{name}.onnx")
    if round_scales(model) != model:
        return False
    names = {n.input[1] for n in model.graph.node if n.op_type in ("QuantizeLinear", "DequantizeLinear")}
    scales = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer if t.name in names}
    smaller = onnx.ModelProto.FromString(model.SerializeToString())
    for tensor in smaller.graph.initializer:
        if tensor.name in scales:
            tensor.CopyFrom(onnx.numpy_helper.from_array(np.asarray(scales[tensor.name] * np.float32(0.75)), tensor.name))
    back = {t.name: onnx.numpy_helper.to_array(t) for t in round_scales(smaller).graph.initializer}
    return all(np.array_equal(back[name], scale) for name, scale in scales.items())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="replace the committed goldens")
    write = parser.parse_args().write
    labels = np.fromfile(ROOT / "labels.u8", np.uint8)
    digits = np.fromfile(ROOT / "digits.u8", np.uint8).reshape(len(labels), SIDE * SIDE)
    differing = []
    for name in NETWORKS:
        files, correct = goldens(name, digits, labels)
        for file, data in files.items():
            path = ROOT / name / file
            if write:
                path.write_bytes(data)
            elif not path.exists() or path.read_bytes() != data:
                differing.append(f"{name}/{file}")
        if not rounding_keeps_the_scales(name):
            differing.append(f"{name}/{name}.onnx with its scales rounded by powers_of_two.py")
        print(f"{name}: {correct:.1%} of {len(labels)} digits correct, {len(files)} golden files {'written' if write else 'compared'}")
    for file in differing:
        print(f"differs from ONNX Runtime {ort.__version__}: {file}", file=sys.stderr)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
