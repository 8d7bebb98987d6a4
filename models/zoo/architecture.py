"""The networks of the zoo: their layers and the power-of-two scales of every tensor.

A tensor with `bits` fraction bits holds integers `q` that stand for `q * 2^-bits`. A layer reads
activations with `i` bits, has weights with `w` bits, and writes activations with `o` bits; its
accumulator has `i + w` bits and is divided by `D = 2^(i + w - o)`, rounding half to even.
"""

import math
from dataclasses import dataclass

PIXEL_BITS = 8
SIDE = 28
CLASSES = 10


@dataclass(frozen=True)
class Layer:
    """A convolution (`shape = [out, in, h, w]`) or a dense layer (`shape = [out, in]`).

    Every layer but the last is followed by Relu and writes u8; the last writes i8. `span` is the
    width, in units of the output, that training allows the worst case of the accumulator.
    """

    name: str
    shape: tuple[int, ...]
    weight_bits: int
    output_bits: int
    span: int
    pad: int = 0
    pool: bool = False

    @property
    def is_conv(self) -> bool:
        return len(self.shape) == 4

    @property
    def fan_in(self) -> int:
        return math.prod(self.shape[1:])


@dataclass(frozen=True)
class Network:
    """A chain of layers; the activations are flattened before the first dense one."""

    name: str
    title: str
    layers: tuple[Layer, ...]
    table_limit: int

    def input_bits(self, index: int) -> int:
        """Fraction bits of the activations that layer `index` reads."""
        return PIXEL_BITS if index == 0 else self.layers[index - 1].output_bits

    def accumulator_bits(self, index: int) -> int:
        """Fraction bits of the accumulator and of the bias of layer `index`."""
        return self.input_bits(index) + self.layers[index].weight_bits

    def divisor(self, index: int) -> int:
        """`D`, what the accumulator of layer `index` is divided by."""
        return 1 << (self.accumulator_bits(index) - self.layers[index].output_bits)

    def is_last(self, index: int) -> bool:
        return index == len(self.layers) - 1

    def parameters(self) -> int:
        return sum(math.prod(layer.shape) + layer.shape[0] for layer in self.layers)


MNIST_MLP = Network(
    name="mnist-mlp",
    title="784-128-10, two dense layers",
    table_limit=7_000,
    layers=(
        Layer("dense1", (128, 784), weight_bits=6, output_bits=5, span=1400),
        Layer("dense2", (10, 128), weight_bits=6, output_bits=2, span=700),
    ),
)

LENET = Network(
    name="lenet",
    title="LeNet-5 on 28x28, two convolutions and three dense layers",
    table_limit=15_000,
    layers=(
        Layer("conv1", (6, 1, 5, 5), weight_bits=5, output_bits=5, span=1500, pad=2, pool=True),
        Layer("conv2", (16, 6, 5, 5), weight_bits=7, output_bits=4, span=2000, pool=True),
        Layer("dense1", (120, 400), weight_bits=8, output_bits=4, span=2000),
        Layer("dense2", (84, 120), weight_bits=8, output_bits=4, span=2000),
        Layer("dense3", (10, 84), weight_bits=7, output_bits=3, span=1000),
    ),
)

NETWORKS = {network.name: network for network in (MNIST_MLP, LENET)}
