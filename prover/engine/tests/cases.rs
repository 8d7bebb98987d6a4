//! Every op that has a layout and every model of the zoo, proved by the engine: the keys and the commitments are the stock prover's, and the
//! unmodified verifier accepts.

#![cfg(test)]

mod parity;

use assay_circuits::Layout;
use assay_models::ops::{Add, Conv, Dense, MaxPool, Rescale};
use assay_models::samples::{self, Numbers};
use assay_models::{DType, Node, Op, QuantizedGraph, Requantise, TensorId, TensorInfo, import};
use parity::compare;

/// Plans with this many weight lanes.
fn prove_case(graph: &QuantizedGraph, lanes: usize) {
    compare(graph, Layout::with_lanes(graph, lanes).unwrap());
}

#[test]
fn small_networks_are_proved() {
    for graph in [samples::tiny_mlp(), samples::tiny_cnn()] {
        compare(&graph, Layout::plan(&graph).unwrap());
    }
}

#[test]
fn the_zoos_perceptron_is_proved() {
    let onnx = include_bytes!("../../../models/zoo/mnist-mlp/mnist-mlp.onnx");
    let graph = import(onnx, "mnist-mlp").unwrap();
    compare(&graph, Layout::plan(&graph).unwrap());
}

#[test]
fn the_zoos_lenet_is_proved() {
    let graph = import(include_bytes!("../../../models/zoo/lenet/lenet.onnx"), "lenet").unwrap();
    compare(&graph, Layout::plan(&graph).unwrap());
}

#[test]
fn dense_layers_are_proved() {
    let mut numbers = Numbers::new(1);
    let wide = Requantise { multipliers: vec![1, 2, 1, 3, 1], ..unsigned(32, 9) };
    let graph = graph(
        "dense",
        vec![
            tensor("x", &[1, 7], DType::I8, -3),
            tensor("h", &[1, 5], DType::U8, 9),
            tensor("y", &[1, 3], DType::I8, -2),
        ],
        vec![
            ("first", Op::Dense(dense(&mut numbers, 7, 5, wide)), &[0], 1),
            ("second", Op::Dense(dense(&mut numbers, 5, 3, signed(16, -2))), &[1], 2),
        ],
    );
    prove_case(&graph, 1);
    prove_case(&graph, 4);
}

#[test]
fn convolutions_with_even_uneven_and_no_pads_are_proved() {
    let mut numbers = Numbers::new(2);
    let channels = Requantise { multipliers: vec![1, 3], ..unsigned(64, 5) };
    let graph = graph(
        "conv",
        vec![
            tensor("x", &[1, 2, 4, 4], DType::U8, 3),
            tensor("even", &[1, 2, 4, 4], DType::U8, 5),
            tensor("uneven", &[1, 1, 3, 3], DType::U8, 11),
            tensor("none", &[1, 2, 2, 2], DType::I8, 0),
        ],
        vec![
            ("even", Op::Conv(conv(&mut numbers, [2, 2, 3, 3], [1; 4], channels)), &[0], 1),
            ("uneven", Op::Conv(conv(&mut numbers, [1, 2, 4, 4], [1, 0, 1, 2], unsigned(40, 11))), &[1], 2),
            ("none", Op::Conv(conv(&mut numbers, [2, 1, 2, 2], [0; 4], signed(8, 0))), &[2], 3),
        ],
    );
    prove_case(&graph, 1);
    prove_case(&graph, 8);
}

#[test]
fn maxima_inside_a_network_and_at_its_end_are_proved() {
    let mut numbers = Numbers::new(3);
    let pool = || Op::MaxPool(MaxPool { kernel: [2, 2], strides: [2, 2], pads: [0; 4] });
    let graph = graph(
        "max pool",
        vec![
            tensor("x", &[1, 1, 8, 8], DType::U8, 2),
            tensor("features", &[1, 1, 8, 8], DType::U8, 30),
            tensor("pooled", &[1, 1, 4, 4], DType::U8, 30),
            tensor("again", &[1, 1, 4, 4], DType::I8, 1),
            tensor("y", &[1, 1, 2, 2], DType::I8, 1),
        ],
        vec![
            ("first", Op::Conv(conv(&mut numbers, [1, 1, 3, 3], [1; 4], unsigned(10, 30))), &[0], 1),
            ("inside", pool(), &[1], 2),
            ("second", Op::Conv(conv(&mut numbers, [1, 1, 3, 3], [1; 4], signed(12, 1))), &[2], 3),
            ("end", pool(), &[3], 4),
        ],
    );
    prove_case(&graph, 1);
}

#[test]
fn sums_changes_of_scale_and_changes_of_shape_are_proved() {
    let mut numbers = Numbers::new(4);
    let relu = Requantise { multipliers: vec![3], divisor: 7, zero_point: -100, low: -100, high: 127 };
    let graph = graph(
        "residual",
        vec![
            tensor("x", &[1, 1, 3, 4], DType::I8, -3),
            tensor("conv", &[1, 1, 3, 4], DType::I8, 4),
            tensor("sum", &[1, 1, 3, 4], DType::I8, 2),
            tensor("relu", &[1, 1, 3, 4], DType::I8, -100),
            tensor("vector", &[1, 12], DType::I8, -100),
            tensor("y", &[1, 5], DType::U8, 9),
        ],
        vec![
            ("conv", Op::Conv(conv(&mut numbers, [1, 1, 3, 3], [1; 4], signed(9, 4))), &[0], 1),
            ("add", Op::Add(Add { mx: 3, my: -2, requantise: signed(8, 2) }), &[1, 0], 2),
            ("relu", Op::Rescale(Rescale { requantise: relu }), &[2], 3),
            ("flatten", Op::Reshape, &[3], 4),
            ("dense", Op::Dense(dense(&mut numbers, 12, 5, unsigned(32, 9))), &[4], 5),
        ],
    );
    prove_case(&graph, 1);
    prove_case(&graph, 2);
}

/// No weights at all, and a circuit that is full to its last usable row but one.
#[test]
fn a_change_of_scale_alone_is_proved_in_a_full_circuit() {
    let requantise = Requantise { multipliers: vec![1], ..signed(8, 0) };
    let graph = graph(
        "rescale",
        vec![tensor("x", &[1, 252], DType::U8, 0), tensor("y", &[1, 252], DType::I8, 0)],
        vec![("rescale", Op::Rescale(Rescale { requantise }), &[0], 1)],
    );
    prove_case(&graph, 1);
}

fn conv(numbers: &mut Numbers, shape: [usize; 4], pads: [usize; 4], requantise: Requantise) -> Conv {
    Conv {
        weights: weights(numbers, shape.iter().product()).into(),
        weights_shape: shape,
        bias: numbers.many(shape[0], -40, 40),
        strides: [1, 1],
        pads,
        group: 1,
        requantise,
    }
}

fn dense(numbers: &mut Numbers, inputs: usize, outputs: usize, requantise: Requantise) -> Dense {
    let bias = numbers.many(outputs, -40, 40);
    Dense { weights: weights(numbers, inputs * outputs).into(), outputs, inputs, bias, requantise }
}

fn weights(numbers: &mut Numbers, count: usize) -> Vec<i16> {
    numbers.many(count, -3, 3).into_iter().map(|weight| weight as i16).collect()
}

fn unsigned(divisor: u64, zero_point: i32) -> Requantise {
    Requantise { multipliers: vec![1], divisor, zero_point, low: 0, high: 255 }
}

fn signed(divisor: u64, zero_point: i32) -> Requantise {
    Requantise { multipliers: vec![1], divisor, zero_point, low: -128, high: 127 }
}

fn tensor(name: &str, shape: &[usize], dtype: DType, zero_point: i32) -> TensorInfo {
    TensorInfo { name: name.to_owned(), shape: shape.to_vec(), dtype, scale: 1.0, zero_point }
}

fn graph(name: &str, tensors: Vec<TensorInfo>, nodes: Vec<(&str, Op, &[usize], usize)>) -> QuantizedGraph {
    let output = TensorId(tensors.len() - 1);
    let node = |(name, op, inputs, output): (&str, Op, &[usize], usize)| Node {
        name: name.to_owned(),
        op,
        inputs: inputs.iter().copied().map(TensorId).collect(),
        output: TensorId(output),
    };
    let nodes = nodes.into_iter().map(node).collect();
    QuantizedGraph { name: name.to_owned(), tensors, nodes, input: TensorId(0), output }
}
