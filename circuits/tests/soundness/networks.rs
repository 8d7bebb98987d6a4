//! Four tiny networks that together hold every op and every kind of row, each with an honest inference.

use std::collections::HashMap;

use assay_circuits::{Advice, Challenges, Columns, Element, Fixed, Layout, Pinned, statement};
use assay_models::ops::{Add, Conv, Dense, MaxPool, Rescale};
use assay_models::samples::{Numbers, input};
use assay_models::{DType, Node, Op, QuantizedGraph, Requantise, TensorId, TensorInfo, Trace, interpret};
use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};

use crate::checker::Readers;

/// A network, its layout, and one honest inference as completed columns.
pub(crate) struct Case {
    pub(crate) graph: QuantizedGraph,
    pub(crate) layout: Layout,
    pub(crate) input: Vec<i64>,
    pub(crate) trace: Trace,
    /// Phase 0 and, under [`challenges`], phase 1.
    pub(crate) columns: Columns,
    pub(crate) instances: Vec<Fr>,
    /// Table row of a tuple.
    pub(crate) tables: HashMap<[Fr; 4], usize>,
    pub(crate) readers: Readers,
    rows: HashMap<(usize, usize), usize>,
}

/// The public context element of every case.
pub(crate) const CONTEXT: u64 = 777;

impl Case {
    /// The first seeded input that `wanted` accepts.
    fn new(graph: QuantizedGraph, lanes: usize, wanted: impl Fn(&QuantizedGraph, &Trace) -> bool) -> Self {
        graph.validate().unwrap();
        let layout = Layout::with_lanes(&graph, lanes).unwrap();
        let (input, trace) = (0..20_000)
            .map(|seed| input(&graph, seed))
            .map(|input| (input.clone(), interpret(&graph, &input).unwrap()))
            .find(|(_, trace)| wanted(&graph, trace))
            .unwrap();
        let mut columns = Columns::phase_zero(&layout, &trace, Fr::from(CONTEXT)).unwrap();
        columns.complete(&layout, &challenges(1), &Pinned::new()).unwrap();
        let instances = statement(&graph, &input, trace.output(&graph), Fr::from(CONTEXT)).unwrap();
        let (tables, readers) = (table_rows(&layout), Readers::new(&layout.shape));
        let rows = layout
            .elements
            .iter()
            .filter_map(|(row, element)| match element {
                Element::Requantised { node, index, .. } => Some(((*node, *index), *row)),
                Element::Byte { .. } | Element::Ring { .. } => None,
            })
            .collect();
        Self { graph, layout, input, trace, columns, instances, tables, readers, rows }
    }

    /// Row of a requantised element of a node's output.
    pub(crate) fn row(&self, node: usize, index: usize) -> usize {
        self.rows[&(node, index)]
    }

    /// Rows of byte elements of a tensor, by index: the input's own, or a copy block's.
    pub(crate) fn bytes(&self, tensor: TensorId, index: usize) -> Option<usize> {
        self.layout
            .elements
            .iter()
            .find_map(|(row, element)| (*element == Element::Byte { tensor, index }).then_some(*row))
    }

    pub(crate) fn flag(&self, column: Fixed, row: usize) -> bool {
        self.layout.fixed_at(column, row) != Fr::ZERO
    }

    pub(crate) fn cell(&self, column: Advice, row: usize) -> Fr {
        self.columns.get(&self.layout, column, row)
    }

    /// First row that no activation uses.
    pub(crate) fn activations_end(&self) -> usize {
        1 + self.layout.report().activation_rows
    }

    /// First row that no scalar uses.
    pub(crate) fn scalars_end(&self) -> usize {
        let report = self.layout.report();
        1 + report.weight_rows + report.scalar_rows
    }

    /// Index of a node by name.
    pub(crate) fn node(&self, name: &str) -> usize {
        self.graph.nodes.iter().position(|node| node.name == name).unwrap()
    }

    /// Numerator `acc * m` and divisor of an element.
    pub(crate) fn quotient(&self, node: usize, index: usize) -> (i64, i64) {
        let op = &self.graph.nodes[node].op;
        let rule = op.requantise().unwrap();
        let channel = op.channel(index, &self.graph.tensors[self.graph.nodes[node].output.0].shape);
        (self.trace.accumulators[node][index] * rule.multiplier(channel) as i64, rule.divisor as i64)
    }

    /// Elements of a node whose quotient lies exactly between two integers.
    pub(crate) fn ties(&self, node: usize) -> Vec<usize> {
        let tie = |index: &usize| {
            let (n, d) = self.quotient(node, *index);
            2 * n.rem_euclid(d) == d
        };
        (0..self.trace.accumulators[node].len()).filter(tie).collect()
    }
}

fn table_rows(layout: &Layout) -> HashMap<[Fr; 4], usize> {
    let tuple = |row| [Fixed::T0, Fixed::T1, Fixed::T2, Fixed::T3].map(|column| layout.fixed_at(column, row));
    (0..layout.report().table_rows).rev().map(|row| (tuple(row), row)).collect()
}

/// Every case.
pub(crate) fn all() -> Vec<Case> {
    vec![cnn(), residual(), pooled_output(), fork()]
}

/// Conv 2 -> 2 (3x3, pads 1, one multiplier a channel, Relu at zero point 5), `MaxPool`, Flatten, Dense 12 -> 3, `i8`; two
/// weight lanes, so that the dense segments are padded. The image makes an exact tie and a raw 0 in the scores.
pub(crate) fn cnn() -> Case {
    let mut numbers = Numbers::new(3);
    let rule = Requantise { multipliers: vec![1, 3], divisor: 64, zero_point: 5, low: 5, high: 255 };
    let graph = graph(
        "cnn",
        vec![
            tensor("image", &[1, 2, 4, 6], DType::U8, 3),
            tensor("features", &[1, 2, 4, 6], DType::U8, 5),
            tensor("pooled", &[1, 2, 2, 3], DType::U8, 5),
            tensor("vector", &[1, 12], DType::U8, 5),
            tensor("scores", &[1, 3], DType::I8, -2),
        ],
        vec![
            ("conv", Op::Conv(conv(&mut numbers, [2, 2, 3, 3], [1; 4], rule)), &[0], 1),
            ("pool", pool(), &[1], 2),
            ("flatten", Op::Reshape, &[2], 3),
            ("dense", Op::Dense(dense(&mut numbers, 12, 3, signed(64, -2))), &[3], 4),
        ],
    );
    Case::new(graph, 2, |graph, trace| {
        let conv = graph.nodes[0].op.requantise().unwrap();
        let tie = |(at, acc): (usize, &i64)| (acc * conv.multiplier(at / 24) as i64).rem_euclid(64) == 32;
        let raw = |acc: &i64| graph.nodes[3].op.requantise().unwrap().round(*acc, 0);
        let scores = trace.output(graph);
        trace.accumulators[0].iter().enumerate().any(tie)
            && raw(&trace.accumulators[3][1]) == 0
            && scores.iter().all(|z| (-120..120).contains(z))
    })
}

/// `i8` input read by Conv and Add; Rescale; Flatten; Dense 12 -> 5; one weight lane, so that segments have several rows.
pub(crate) fn residual() -> Case {
    let mut numbers = Numbers::new(5);
    let relu = Requantise { multipliers: vec![3], divisor: 7, zero_point: -100, low: -100, high: 127 };
    let graph = graph(
        "residual",
        vec![
            tensor("input", &[1, 1, 3, 4], DType::I8, -3),
            tensor("conv", &[1, 1, 3, 4], DType::I8, 4),
            tensor("sum", &[1, 1, 3, 4], DType::I8, 2),
            tensor("relu", &[1, 1, 3, 4], DType::I8, -100),
            tensor("vector", &[1, 12], DType::I8, -100),
            tensor("scores", &[1, 5], DType::U8, 9),
        ],
        vec![
            ("conv", Op::Conv(conv(&mut numbers, [1, 1, 3, 3], [1; 4], signed(9, 4))), &[0], 1),
            ("add", Op::Add(Add { mx: 3, my: 2, requantise: signed(8, 2) }), &[1, 0], 2),
            ("relu", Op::Rescale(Rescale { requantise: relu }), &[2], 3),
            ("flatten", Op::Reshape, &[3], 4),
            (
                "dense",
                Op::Dense(dense(
                    &mut numbers,
                    12,
                    5,
                    Requantise { multipliers: vec![1, 2, 1, 3, 1], divisor: 32, zero_point: 9, low: 0, high: 255 },
                )),
                &[4],
                5,
            ),
        ],
    );
    Case::new(graph, 1, |graph, trace| trace.output(graph).iter().filter(|z| (3..250).contains(*z)).count() > 3)
}

/// Conv 1 -> 2 (2x2, no pads), `MaxPool` as the graph's output: the maxima are packed from a copy block.
pub(crate) fn pooled_output() -> Case {
    let mut numbers = Numbers::new(8);
    let rule = Requantise { multipliers: vec![1], divisor: 10, zero_point: 30, low: 0, high: 255 };
    let graph = graph(
        "pooled output",
        vec![
            tensor("image", &[1, 1, 5, 5], DType::U8, 0),
            tensor("features", &[1, 2, 4, 4], DType::U8, 30),
            tensor("pooled", &[1, 2, 2, 2], DType::U8, 30),
        ],
        vec![("conv", Op::Conv(conv(&mut numbers, [2, 1, 2, 2], [0; 4], rule)), &[0], 1), ("pool", pool(), &[1], 2)],
    );
    Case::new(graph, 4, |graph, trace| trace.output(graph).iter().all(|z| (3..250).contains(z)))
}

/// Conv 1 -> 1, read by `MaxPool` (through a copy block) and by a second Conv (4x5, pads unlike on
/// every side); Add of both is the output.
pub(crate) fn fork() -> Case {
    let mut numbers = Numbers::new(21);
    let rule = |divisor, zero_point| Requantise { multipliers: vec![1], divisor, zero_point, low: 0, high: 255 };
    let graph = graph(
        "fork",
        vec![
            tensor("image", &[1, 1, 4, 4], DType::U8, 1),
            tensor("features", &[1, 1, 4, 4], DType::U8, 7),
            tensor("pooled", &[1, 1, 2, 2], DType::U8, 7),
            tensor("convolved", &[1, 1, 2, 2], DType::U8, 11),
            tensor("output", &[1, 1, 2, 2], DType::U8, 40),
        ],
        vec![
            ("first", Op::Conv(conv(&mut numbers, [1, 1, 3, 3], [1; 4], rule(12, 7))), &[0], 1),
            ("pool", pool(), &[1], 2),
            ("second", Op::Conv(conv(&mut numbers, [1, 1, 4, 5], [1, 0, 0, 2], rule(40, 11))), &[1], 3),
            ("add", Op::Add(Add { mx: 1, my: -1, requantise: rule(3, 40) }), &[2, 3], 4),
        ],
    );
    let spread = |values: &[i64]| values.iter().collect::<std::collections::BTreeSet<_>>().len();
    Case::new(graph, 1, |graph, trace| {
        trace.output(graph).iter().all(|z| (3..250).contains(z)) && spread(&trace.values[1]) > 10
    })
}

fn conv(numbers: &mut Numbers, shape: [usize; 4], pads: [usize; 4], requantise: Requantise) -> Conv {
    let [outputs, channels, height, width] = shape;
    Conv {
        weights: weights(numbers, outputs * channels * height * width).into(),
        weights_shape: shape,
        bias: numbers.many(outputs, -40, 40),
        strides: [1, 1],
        pads,
        group: 1,
        requantise,
    }
}

fn dense(numbers: &mut Numbers, inputs: usize, outputs: usize, requantise: Requantise) -> Dense {
    Dense {
        weights: weights(numbers, inputs * outputs).into(),
        outputs,
        inputs,
        bias: numbers.many(outputs, -40, 40),
        requantise,
    }
}

/// Small weights, none of them 0: every fingerprint matters.
fn weights(numbers: &mut Numbers, count: usize) -> Vec<i16> {
    numbers.many(count, 0, 3).into_iter().map(|at| [-2, -1, 1, 2][at as usize]).collect()
}

fn pool() -> Op {
    Op::MaxPool(MaxPool { kernel: [2, 2], strides: [2, 2], pads: [0; 4] })
}

fn signed(divisor: u64, zero_point: i32) -> Requantise {
    Requantise { multipliers: vec![1], divisor, zero_point, low: -128, high: 127 }
}

fn tensor(name: &str, shape: &[usize], dtype: DType, zero_point: i32) -> TensorInfo {
    TensorInfo { name: name.to_owned(), shape: shape.to_vec(), dtype, scale: 1.0, zero_point }
}

pub(crate) fn graph(name: &str, tensors: Vec<TensorInfo>, nodes: Vec<(&str, Op, &[usize], usize)>) -> QuantizedGraph {
    let output = TensorId(tensors.len() - 1);
    let node = |(name, op, inputs, output): (&str, Op, &[usize], usize)| Node {
        name: name.to_owned(),
        op,
        inputs: inputs.iter().copied().map(TensorId).collect(),
        output: TensorId(output),
    };
    let nodes = nodes.into_iter().map(node).collect();
    QuantizedGraph { name: name.to_owned(), tensors, nodes, input: TensorId(0), output, integer_input: false }
}

/// Challenges known to everybody, others for each seed.
pub(crate) fn challenges(seed: u64) -> Challenges {
    let mut numbers = Numbers::new(0xC4A1 ^ (seed << 32));
    [(); 5].map(|()| random(&mut numbers))
}

/// A field element that is no small integer.
pub(crate) fn random(numbers: &mut Numbers) -> Fr {
    let limb = |numbers: &mut Numbers| Fr::from(numbers.between(0, i64::MAX) as u64);
    let shift = Fr::from(1 << 63);
    (0..4).fold(Fr::ZERO, |sum, _| sum * shift + limb(numbers))
}

/// The field element of an integer.
pub(crate) fn integer(value: i64) -> Fr {
    if value < 0 { -Fr::from(value.unsigned_abs()) } else { Fr::from(value as u64) }
}

/// The integer of a small field element.
pub(crate) fn small(value: Fr) -> i64 {
    let low = |value: Fr| {
        let bytes: [u8; 32] = value.to_repr().as_ref().try_into().unwrap();
        bytes[7..].iter().all(|b| *b == 0).then(|| i64::from_le_bytes(bytes[..8].try_into().unwrap()))
    };
    low(value).or_else(|| low(-value).map(|v| -v)).unwrap()
}
