//! A small network for every op, and what is hard about each: zero points, multipliers a channel, uneven pads, maxima inside a
//! network and at its end, a circuit without weights, elementwise ops behind a Flatten, planes read as other planes, a divisor far above its
//! accumulators, several inputs and outputs.

use super::Numbers;
use crate::graph::{DType, Node, QuantizedGraph, TensorId, TensorInfo};
use crate::ops::{Add, ArgMax, Conv, Dense, Gather, MaxPool, Op, Pick, Rescale, Reshape};
use crate::requantise::Requantise;

/// A network that tries an op.
#[derive(Clone, Debug)]
pub struct Case {
    /// The network.
    pub graph: QuantizedGraph,
    /// Numbers of weight lanes to plan its circuit with; none where the op has no circuit yet.
    pub lanes: &'static [usize],
}

/// An op that brings the networks which try it. An [`IntegerOp`](crate::ops::IntegerOp) must.
pub trait Sampled {
    /// Networks that have the op among their nodes, at least one.
    fn cases() -> Vec<Case>
    where
        Self: Sized;
}

/// Networks that have every op with a circuit between them, each with numbers of weight lanes to plan it with.
pub fn cases() -> Vec<(QuantizedGraph, &'static [usize])> {
    all().filter(|case| !case.lanes.is_empty()).map(|case| (case.graph, case.lanes)).collect()
}

/// A network for every op that has no circuit yet: what proves [`cases`] must refuse these by name.
pub fn refused() -> Vec<QuantizedGraph> {
    all().filter(|case| case.lanes.is_empty()).map(|case| case.graph).collect()
}

/// Numbers of activation lanes that the circuit of a network may have: elements in another order are read by wire, which one lane lacks.
pub fn activation_lanes(graph: &QuantizedGraph) -> &'static [usize] {
    let gathers = graph.nodes.iter().any(|node| matches!(node.op, Op::Gather(_)));
    if gathers { &[2, 4, 8] } else { &[1, 2, 4, 8] }
}

fn all() -> impl Iterator<Item = Case> {
    Op::cases().into_iter().flat_map(|(_, cases)| cases)
}

impl Sampled for Conv {
    fn cases() -> Vec<Case> {
        vec![Case { graph: convolutions(), lanes: &[1, 8] }, Case { graph: grouped(), lanes: &[2] }]
    }
}

impl Sampled for Dense {
    fn cases() -> Vec<Case> {
        vec![Case { graph: dense_layers(), lanes: &[1, 4] }]
    }
}

impl Sampled for Add {
    fn cases() -> Vec<Case> {
        vec![Case { graph: residual(), lanes: &[1, 2] }, Case { graph: ports(), lanes: &[1, 2] }]
    }
}

impl Sampled for MaxPool {
    fn cases() -> Vec<Case> {
        vec![Case { graph: maxima(), lanes: &[1] }]
    }
}

impl Sampled for Rescale {
    fn cases() -> Vec<Case> {
        vec![Case { graph: rescale(), lanes: &[1] }, Case { graph: functions(), lanes: &[2] }]
    }
}

impl Sampled for Reshape {
    fn cases() -> Vec<Case> {
        vec![Case { graph: flattened(), lanes: &[2] }, Case { graph: reshaped(), lanes: &[1] }]
    }
}

impl Sampled for Gather {
    fn cases() -> Vec<Case> {
        vec![Case { graph: gathered(), lanes: &[2] }]
    }
}

impl Sampled for ArgMax {
    fn cases() -> Vec<Case> {
        let op = Op::ArgMax(Self { axis: 1, keepdims: false });
        vec![without_circuit("arg max", op, tensor("y", &[1, 3, 4], DType::I64, 0))]
    }
}

/// One op from `u8 [1, 2, 3, 4]`, zero point 3, to a tensor.
fn without_circuit(name: &str, op: Op, output: TensorInfo) -> Case {
    let input = tensor("x", &[1, 2, 3, 4], DType::U8, 3);
    Case { graph: graph(name, vec![input, output], vec![(name, op, &[0], 1)]), lanes: &[] }
}

/// Two inputs and four outputs, of two words each but one: maxima, what they are of, an input that is an output as it is, and one output twice.
pub fn ports() -> QuantizedGraph {
    let sum = Op::Add(Add { mx: 3, my: -2, requantise: signed(4, 5) });
    let pool = Op::MaxPool(MaxPool);
    let tensors = vec![
        tensor("x", &[1, 2, 4, 4], DType::U8, 7),
        tensor("y", &[1, 2, 4, 4], DType::I8, -3),
        tensor("sum", &[1, 2, 4, 4], DType::I8, 5),
        tensor("maxima", &[1, 2, 2, 2], DType::I8, 5),
    ];
    let graph = graph("ports", tensors, vec![("sum", sum, &[0, 1], 2), ("pool", pool, &[2], 3)]);
    let outputs = [3, 2, 1, 2].map(TensorId);
    QuantizedGraph::new("ports", graph.tensors, graph.nodes, &[TensorId(0), TensorId(1)], &outputs)
}

/// Two dense layers, of one multiplier an output and of one in all.
fn dense_layers() -> QuantizedGraph {
    let mut numbers = Numbers::new(1);
    let wide = Requantise { multipliers: vec![1, 2, 1, 3, 1], ..unsigned(32, 9) };
    graph(
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
    )
}

/// Convolutions with even, uneven and no pads.
fn convolutions() -> QuantizedGraph {
    let mut numbers = Numbers::new(2);
    let channels = Requantise { multipliers: vec![1, 3], ..unsigned(64, 5) };
    graph(
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
    )
}

/// Two groups of channels, and one channel a group.
fn grouped() -> QuantizedGraph {
    let mut numbers = Numbers::new(9);
    let channels = Requantise { multipliers: vec![1, 3, 2, 1], ..unsigned(40, 5) };
    let groups = Conv { group: 2, ..conv(&mut numbers, [4, 2, 2, 2], [0, 0, 1, 1], channels) };
    let depthwise = Conv { group: 4, ..conv(&mut numbers, [4, 1, 3, 3], [1; 4], signed(8, -7)) };
    graph(
        "grouped",
        vec![
            tensor("x", &[1, 4, 3, 3], DType::U8, 3),
            tensor("groups", &[1, 4, 3, 3], DType::U8, 5),
            tensor("y", &[1, 4, 3, 3], DType::I8, -7),
        ],
        vec![("groups", Op::Conv(groups), &[0], 1), ("depthwise", Op::Conv(depthwise), &[1], 2)],
    )
}

/// A function behind a convolution, one on its own, and a product as the difference of two quarter squares.
fn functions() -> QuantizedGraph {
    let mut numbers = Numbers::new(10);
    let after =
        Requantise { table: (0..256).map(|x| (x * x / 256 + 7 * (x % 5)).min(255)).collect(), ..unsigned(12, 0) };
    let alone = Requantise { table: (-128..128).map(|x: i32| 3 - x / 2).collect(), ..signed(1, 4) };
    let squares = Requantise {
        zero_point: 0,
        low: -510,
        high: 510,
        table: (-510..=510).map(|x| x * x / 4).collect(),
        ..signed(1, 0)
    };
    let square = |my| Op::Add(Add { mx: 1, my, requantise: squares.clone() });
    graph(
        "functions",
        vec![
            tensor("x", &[1, 2, 3, 3], DType::I8, 4),
            tensor("features", &[1, 2, 3, 3], DType::U8, 9),
            tensor("function", &[1, 2, 3, 3], DType::I8, 3),
            tensor("sum", &[1, 2, 3, 3], DType::I32, 0),
            tensor("difference", &[1, 2, 3, 3], DType::I32, 0),
            tensor("y", &[1, 2, 3, 3], DType::U8, 20),
        ],
        vec![
            ("conv", Op::Conv(conv(&mut numbers, [2, 2, 3, 3], [1; 4], after)), &[0], 1),
            ("function", Op::Rescale(Rescale { requantise: alone }), &[0], 2),
            ("square of the sum", square(1), &[1, 2], 3),
            ("square of the difference", square(-1), &[1, 2], 4),
            ("product", Op::Add(Add { mx: 1, my: -1, requantise: unsigned(48, 20) }), &[3, 4], 5),
        ],
    )
}

/// Elements in other orders: of the input, of a result, of what was gathered before and of two tensors with constants between; read by a
/// convolution, a dense layer, as windows and as the output. One is read often, and one never.
fn gathered() -> QuantizedGraph {
    let mut numbers = Numbers::new(11);
    let turned = Gather::by(1, &[1, 2, 4, 3], |at| Pick::of((at[1] * 3 + at[3]) * 4 + at[2]));
    let padded = Gather::by(2, &[1, 2, 4, 4], |at| match (at[2], at[3]) {
        (0, 0) => Pick::Constant(-2),
        (0, _) => Pick::Constant(1),
        (_, 0) => Pick::Element { operand: 1, index: 0 },
        (i, j) => Pick::Element { operand: 0, index: (at[1] * 3 + i - 1) * 4 + j - 1 },
    });
    let backwards = Gather::by(1, &[1, 8], |at| Pick::of(30 - 3 * at[1]));
    let answer = Gather::by(1, &[1, 12], |at| Pick::of([7, 3, 3, 0][at[1] % 4]));
    graph(
        "gathered",
        vec![
            tensor("x", &[1, 2, 3, 4], DType::U8, 4),
            tensor("turned", &[1, 2, 4, 3], DType::U8, 4),
            tensor("features", &[1, 2, 3, 4], DType::U8, 30),
            tensor("other", &[1, 1, 1, 2], DType::U8, 30),
            tensor("padded", &[1, 2, 4, 4], DType::U8, 30),
            tensor("pooled", &[1, 2, 2, 2], DType::U8, 30),
            tensor("flat", &[1, 8], DType::U8, 30),
            tensor("backwards", &[1, 8], DType::U8, 30),
            tensor("scores", &[1, 8], DType::I8, 1),
            tensor("sum", &[1, 8], DType::I8, -2),
            tensor("y", &[1, 12], DType::I8, -2),
        ],
        vec![
            ("turn", Op::Gather(turned), &[0], 1),
            ("conv", Op::Conv(conv(&mut numbers, [2, 2, 2, 2], [0, 1, 0, 1], unsigned(10, 30))), &[1], 2),
            ("narrow", Op::Conv(conv(&mut numbers, [1, 2, 3, 3], [0; 4], unsigned(10, 30))), &[0], 3),
            ("pad", Op::Gather(padded), &[2, 3], 4),
            ("pool", Op::MaxPool(MaxPool), &[4], 5),
            ("flatten", Op::Reshape(Reshape), &[5], 6),
            ("reverse", Op::Gather(backwards), &[4], 7),
            ("dense", Op::Dense(dense(&mut numbers, 8, 8, signed(12, 1))), &[7], 8),
            ("add", Op::Add(Add { mx: 1, my: 1, requantise: signed(2, -2) }), &[8, 6], 9),
            ("answer", Op::Gather(answer), &[9], 10),
        ],
    )
}

/// Maxima inside a network and at its end.
fn maxima() -> QuantizedGraph {
    let mut numbers = Numbers::new(3);
    let pool = || Op::MaxPool(MaxPool);
    graph(
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
    )
}

/// A sum of two tensors, a change of scale and a change of shape.
fn residual() -> QuantizedGraph {
    let mut numbers = Numbers::new(4);
    let relu = Requantise { multipliers: vec![3], divisor: 7, zero_point: -100, low: -100, high: 127, table: vec![] };
    graph(
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
            ("flatten", Op::Reshape(Reshape), &[3], 4),
            ("dense", Op::Dense(dense(&mut numbers, 12, 5, unsigned(32, 9))), &[4], 5),
        ],
    )
}

/// Elementwise ops on a flattened tensor of several channels of uneven planes; more outputs than one word holds.
fn flattened() -> QuantizedGraph {
    let mut numbers = Numbers::new(6);
    graph(
        "flattened",
        vec![
            tensor("x", &[1, 1, 3, 4], DType::U8, 4),
            tensor("features", &[1, 3, 2, 3], DType::U8, 7),
            tensor("vector", &[1, 18], DType::U8, 7),
            tensor("observed", &[1, 18], DType::I8, -5),
            tensor("doubled", &[1, 18], DType::I8, 3),
            tensor("y", &[1, 33], DType::I8, 0),
        ],
        vec![
            ("conv", Op::Conv(conv(&mut numbers, [3, 1, 2, 2], [0; 4], unsigned(12, 7))), &[0], 1),
            ("flatten", Op::Reshape(Reshape), &[1], 2),
            ("observe", Op::Rescale(Rescale { requantise: signed(2, -5) }), &[2], 3),
            ("double", Op::Add(Add { mx: 1, my: 1, requantise: signed(3, 3) }), &[3, 3], 4),
            ("dense", Op::Dense(dense(&mut numbers, 18, 33, signed(16, 0))), &[4], 5),
        ],
    )
}

/// Planes that are read as other planes by Conv and Add, and a divisor far above its accumulators.
fn reshaped() -> QuantizedGraph {
    let mut numbers = Numbers::new(7);
    graph(
        "reshaped",
        vec![
            tensor("x", &[1, 2, 2, 3], DType::I8, 2),
            tensor("scaled", &[1, 2, 2, 3], DType::I8, -1),
            tensor("other planes", &[1, 3, 1, 4], DType::I8, -1),
            tensor("features", &[1, 4, 1, 3], DType::I8, 6),
            tensor("more planes", &[1, 3, 4, 1], DType::I8, 6),
            tensor("scaled again", &[1, 3, 4, 1], DType::I8, -1),
            tensor("sum", &[1, 3, 4, 1], DType::I8, 9),
            tensor("y", &[1, 3, 4, 1], DType::U8, 100),
        ],
        vec![
            ("scale", Op::Rescale(Rescale { requantise: signed(2, -1) }), &[0], 1),
            ("to other planes", Op::Reshape(Reshape), &[1], 2),
            ("conv", Op::Conv(conv(&mut numbers, [4, 3, 1, 2], [0; 4], signed(20, 6))), &[2], 3),
            ("to more planes", Op::Reshape(Reshape), &[3], 4),
            ("again", Op::Reshape(Reshape), &[1], 5),
            ("add", Op::Add(Add { mx: 2, my: -1, requantise: signed(3, 9) }), &[4, 5], 6),
            ("far", Op::Rescale(Rescale { requantise: unsigned(1 << 18, 100) }), &[6], 7),
        ],
    )
}

/// Scales that are no powers of two, as a quantiser chooses them: a multiplier of 24 bits for each channel of a convolution, and a fraction for a
/// dense layer. A circuit whose remainders have one part would need a million table rows.
pub fn free_scales() -> QuantizedGraph {
    let mut numbers = Numbers::new(8);
    let channels = vec![14_680_065, 9_437_184, 11_534_337];
    let wide =
        Requantise { multipliers: channels, divisor: 1 << 27, zero_point: 90, low: 90, high: 255, table: vec![] };
    let odd =
        Requantise { multipliers: vec![3_571], divisor: 131_071, zero_point: 3, low: -128, high: 127, table: vec![] };
    graph(
        "free scales",
        vec![
            tensor("x", &[1, 2, 4, 5], DType::U8, 3),
            tensor("features", &[1, 3, 4, 5], DType::U8, 90),
            tensor("vector", &[1, 60], DType::U8, 90),
            tensor("y", &[1, 4], DType::I8, 3),
        ],
        vec![
            ("conv", Op::Conv(conv(&mut numbers, [3, 2, 3, 3], [1; 4], wide)), &[0], 1),
            ("flatten", Op::Reshape(Reshape), &[1], 2),
            ("dense", Op::Dense(dense(&mut numbers, 60, 4, odd)), &[2], 3),
        ],
    )
}

/// No weights at all, and a circuit that is full to its last usable row but one.
fn rescale() -> QuantizedGraph {
    let requantise = Requantise { multipliers: vec![1], ..signed(8, 0) };
    graph(
        "rescale",
        vec![tensor("x", &[1, 252], DType::U8, 0), tensor("y", &[1, 252], DType::I8, 0)],
        vec![("rescale", Op::Rescale(Rescale { requantise }), &[0], 1)],
    )
}

fn conv(numbers: &mut Numbers, shape: [usize; 4], pads: [usize; 4], requantise: Requantise) -> Conv {
    Conv {
        weights: numbers.weights(shape.iter().product(), 3),
        weights_shape: shape,
        bias: numbers.many(shape[0], -40, 40),
        pads,
        group: 1,
        requantise,
    }
}

fn dense(numbers: &mut Numbers, inputs: usize, outputs: usize, requantise: Requantise) -> Dense {
    let bias = numbers.many(outputs, -40, 40);
    Dense { weights: numbers.weights(inputs * outputs, 3), outputs, inputs, bias, requantise }
}

fn unsigned(divisor: u64, zero_point: i32) -> Requantise {
    Requantise { multipliers: vec![1], divisor, zero_point, low: 0, high: 255, table: vec![] }
}

fn signed(divisor: u64, zero_point: i32) -> Requantise {
    Requantise { multipliers: vec![1], divisor, zero_point, low: -128, high: 127, table: vec![] }
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
    QuantizedGraph::new(name, tensors, nodes, &[TensorId(0)], &[output])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{interpret, intervals, samples};

    #[test]
    fn free_scales_reach_both_ends_of_no_output_and_many_values_between() {
        let graph = free_scales();
        graph.validate().unwrap();
        let trace = interpret(&graph, &samples::inputs(&graph, 5)).unwrap();
        for (tensor, least) in [(1, 20), (3, 3)] {
            let values: std::collections::BTreeSet<i64> = trace.values[tensor].iter().copied().collect();
            assert!(values.len() >= least, "{values:?}");
        }
    }

    #[test]
    fn the_networks_of_an_op_have_it_among_their_nodes_and_run_within_their_bounds() {
        for (name, cases) in Op::cases() {
            assert!(!cases.is_empty(), "{name} has a network");
            for Case { graph, .. } in cases {
                assert!(graph.nodes.iter().any(|node| node.op.name() == name), "{} has no {name}", graph.name);
                graph.validate().unwrap();
                let bounds = intervals(&graph).unwrap().tensors;
                let trace = interpret(&graph, &samples::inputs(&graph, 5)).unwrap();
                assert_eq!(trace.values.len(), bounds.len(), "{}", graph.name);
                for (values, (low, high)) in trace.values.iter().zip(bounds) {
                    assert!(values.iter().all(|value| (low..=high).contains(value)), "{}", graph.name);
                }
            }
        }
    }
}
