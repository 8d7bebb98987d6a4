//! Tiny networks that together hold every op and every kind of row, each with an honest inference. Every op is there over two
//! or more channels whose planes are not square.

mod arranged;

use assay_circuits::{Challenges, Lanes};
use assay_models::ops::{Add, Conv, Dense, MaxPool, Rescale, Reshape};
use assay_models::samples::Numbers;
use assay_models::{DType, End, Node, Op, QuantizedGraph, Requantise, TensorId, TensorInfo};
use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};

pub(crate) use arranged::{functions, gathered, grouped};

pub(crate) use crate::case::{Block, CONTEXT, Case, Copied, Place, entries};

/// Lanes of a case: with more activation lanes, more stacks of tables and more parts of remainders too.
fn lanes(activations: usize, weights: usize) -> Lanes {
    let at = activations.ilog2() as usize;
    Lanes::new(activations, weights).with_tables([1, 2, 4, 2][at]).with_parts([1, 2, 3, 2][at])
}

/// What makes a case in some number of activation lanes.
type Maker = fn(usize) -> Case;

/// Every case in one activation lane, but for the one whose elements are read by wire, and each in some number of several.
pub(crate) fn all() -> Vec<Case> {
    let makers: [(Maker, &[usize]); 12] = [
        (cnn, &[1, 4]),
        (residual, &[1, 2]),
        (pooled_output, &[1, 8]),
        (fork, &[1, 4]),
        (flat_rescale, &[1, 8]),
        (planes_of_a_dense, &[1, 2]),
        (pools, &[1, 8]),
        (other_planes, &[1, 4]),
        (free_scales, &[1, 4]),
        (grouped, &[1, 4]),
        (functions, &[1, 2]),
        (gathered, &[4]),
    ];
    makers.into_iter().flat_map(|(make, lanes)| lanes.iter().map(move |lanes| make(*lanes))).collect()
}

/// Conv 2 -> 2 (3x3, pads 1, one multiplier a channel, Relu at zero point 5), `MaxPool`, Flatten, Dense 12 -> 3, `i8`; two
/// weight lanes, so that the dense segments are padded. The image makes an exact tie and a raw 0 in the scores.
pub(crate) fn cnn(activations: usize) -> Case {
    let mut numbers = Numbers::new(3);
    let rule = Requantise { multipliers: vec![1, 3], divisor: 64, zero_point: 5, low: 5, high: 255, table: vec![] };
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
            ("flatten", Op::Reshape(Reshape), &[2], 3),
            ("dense", Op::Dense(dense(&mut numbers, 12, 3, signed(64, -2))), &[3], 4),
        ],
    );
    Case::new(graph, lanes(activations, 2), |graph, trace| {
        let conv = graph.nodes[0].op.requantise().unwrap();
        let tie = |(at, acc): (usize, &i64)| (acc * conv.multiplier(at / 24) as i64).rem_euclid(64) == 32;
        let raw = |acc: &i64| graph.nodes[3].op.requantise().unwrap().round(*acc, 0);
        let scores = trace.at(graph, End::Output).unwrap()[0];
        trace.accumulators[0].iter().enumerate().any(tie)
            && raw(&trace.accumulators[3][1]) == 0
            && scores.iter().all(|z| (-120..120).contains(z))
    })
}

/// `i8` input read by Conv 2 -> 2 and Add; Rescale; Flatten; Dense 24 -> 5; one weight lane, so that segments have several rows.
pub(crate) fn residual(activations: usize) -> Case {
    let mut numbers = Numbers::new(5);
    let relu = Requantise { multipliers: vec![3], divisor: 7, zero_point: -100, low: -100, high: 127, table: vec![] };
    let scores =
        Requantise { multipliers: vec![1, 2, 1, 3, 1], divisor: 64, zero_point: 9, low: 0, high: 255, table: vec![] };
    let graph = graph(
        "residual",
        vec![
            tensor("input", &[1, 2, 3, 4], DType::I8, -3),
            tensor("conv", &[1, 2, 3, 4], DType::I8, 4),
            tensor("sum", &[1, 2, 3, 4], DType::I8, 2),
            tensor("relu", &[1, 2, 3, 4], DType::I8, -100),
            tensor("vector", &[1, 24], DType::I8, -100),
            tensor("scores", &[1, 5], DType::U8, 9),
        ],
        vec![
            ("conv", Op::Conv(conv(&mut numbers, [2, 2, 3, 3], [1; 4], signed(16, 4))), &[0], 1),
            ("add", Op::Add(Add { mx: 3, my: 2, requantise: signed(8, 2) }), &[1, 0], 2),
            ("relu", Op::Rescale(Rescale { requantise: relu }), &[2], 3),
            ("flatten", Op::Reshape(Reshape), &[3], 4),
            ("dense", Op::Dense(dense(&mut numbers, 24, 5, scores)), &[4], 5),
        ],
    );
    Case::new(graph, lanes(activations, 1), |graph, trace| {
        trace.at(graph, End::Output).unwrap()[0].iter().filter(|z| (3..250).contains(*z)).count() > 3
    })
}

/// Conv 1 -> 3 (2x2, no pads) over two weight lanes, `MaxPool` as the graph's output: the maxima are packed from a copy block.
pub(crate) fn pooled_output(activations: usize) -> Case {
    let mut numbers = Numbers::new(8);
    let rule = Requantise { multipliers: vec![1], divisor: 10, zero_point: 30, low: 0, high: 255, table: vec![] };
    let graph = graph(
        "pooled output",
        vec![
            tensor("image", &[1, 1, 5, 7], DType::U8, 0),
            tensor("features", &[1, 3, 4, 6], DType::U8, 30),
            tensor("pooled", &[1, 3, 2, 3], DType::U8, 30),
        ],
        vec![("conv", Op::Conv(conv(&mut numbers, [3, 1, 2, 2], [0; 4], rule)), &[0], 1), ("pool", pool(), &[1], 2)],
    );
    Case::new(graph, lanes(activations, 2), |graph, trace| {
        trace.at(graph, End::Output).unwrap()[0].iter().filter(|z| (3..250).contains(*z)).count() > 15
    })
}

/// Conv 1 -> 2, read by `MaxPool` (through a copy block) and by a second Conv (2 -> 2, 4x6, pads unlike on every side); Add of
/// both is the output.
pub(crate) fn fork(activations: usize) -> Case {
    let mut numbers = Numbers::new(21);
    let rule = |divisor, zero_point| Requantise {
        multipliers: vec![1],
        divisor,
        zero_point,
        low: 0,
        high: 255,
        table: vec![],
    };
    let graph = graph(
        "fork",
        vec![
            tensor("image", &[1, 1, 4, 6], DType::U8, 1),
            tensor("features", &[1, 2, 4, 6], DType::U8, 7),
            tensor("pooled", &[1, 2, 2, 3], DType::U8, 7),
            tensor("convolved", &[1, 2, 2, 3], DType::U8, 11),
            tensor("output", &[1, 2, 2, 3], DType::U8, 40),
        ],
        vec![
            ("first", Op::Conv(conv(&mut numbers, [2, 1, 3, 3], [1; 4], rule(12, 7))), &[0], 1),
            ("pool", pool(), &[1], 2),
            ("second", Op::Conv(conv(&mut numbers, [2, 2, 4, 6], [1, 0, 0, 2], rule(100, 11))), &[1], 3),
            ("add", Op::Add(Add { mx: 1, my: -1, requantise: rule(3, 40) }), &[2, 3], 4),
        ],
    );
    let spread = |values: &[i64]| values.iter().collect::<std::collections::BTreeSet<_>>().len();
    Case::new(graph, lanes(activations, 1), |graph, trace| {
        trace.at(graph, End::Output).unwrap()[0].iter().filter(|z| (3..250).contains(*z)).count() > 9
            && spread(&trace.values[1]) > 10
    })
}

/// A Rescale behind a Flatten of two channels, its 40 `i8` elements the output: two words.
pub(crate) fn flat_rescale(activations: usize) -> Case {
    let rule = Requantise { multipliers: vec![1], divisor: 3, zero_point: -20, low: -128, high: 127, table: vec![] };
    let graph = graph(
        "flat rescale",
        vec![
            tensor("image", &[1, 2, 4, 5], DType::U8, 7),
            tensor("vector", &[1, 40], DType::U8, 7),
            tensor("output", &[1, 40], DType::I8, -20),
        ],
        vec![
            ("flatten", Op::Reshape(Reshape), &[0], 1),
            ("rescale", Op::Rescale(Rescale { requantise: rule }), &[1], 2),
        ],
    );
    Case::new(graph, lanes(activations, 1), |_, _| true)
}

/// Dense 6 -> 48 over four lanes, reshaped to two planes that a Conv, an Add and a `MaxPool` read; a `MaxPool` of the sum, and
/// the Add of both maxima.
pub(crate) fn planes_of_a_dense(activations: usize) -> Case {
    let mut numbers = Numbers::new(34);
    let rule = |divisor, zero_point| Requantise {
        multipliers: vec![1],
        divisor,
        zero_point,
        low: 0,
        high: 255,
        table: vec![],
    };
    let graph = graph(
        "planes of a dense",
        vec![
            tensor("input", &[1, 6], DType::I8, 3),
            tensor("hidden", &[1, 48], DType::U8, 60),
            tensor("planes", &[1, 2, 4, 6], DType::U8, 60),
            tensor("convolved", &[1, 2, 4, 6], DType::U8, 90),
            tensor("sum", &[1, 2, 4, 6], DType::U8, 50),
            tensor("maxima", &[1, 2, 2, 3], DType::U8, 60),
            tensor("maxima of the sum", &[1, 2, 2, 3], DType::U8, 50),
            tensor("output", &[1, 2, 2, 3], DType::I8, -5),
        ],
        vec![
            ("dense", Op::Dense(dense(&mut numbers, 6, 48, rule(8, 60))), &[0], 1),
            ("reshape", Op::Reshape(Reshape), &[1], 2),
            ("conv", Op::Conv(conv(&mut numbers, [2, 2, 1, 3], [0, 1, 0, 1], rule(6, 90))), &[2], 3),
            ("add", Op::Add(Add { mx: 1, my: 2, requantise: rule(4, 50) }), &[2, 3], 4),
            ("pool", pool(), &[2], 5),
            ("pool of the sum", pool(), &[4], 6),
            ("output", Op::Add(Add { mx: 1, my: 1, requantise: signed(4, -5) }), &[5, 6], 7),
        ],
    );
    Case::new(graph, lanes(activations, 4), |graph, trace| {
        trace.at(graph, End::Output).unwrap()[0].iter().filter(|z| (-120..120).contains(*z)).count() > 9
            && trace.values[1].iter().filter(|z| (3..250).contains(*z)).count() > 30
    })
}

/// `MaxPool` of the input, `MaxPool` of its maxima, then a Rescale: every pool reads a copy block.
pub(crate) fn pools(activations: usize) -> Case {
    let graph = graph(
        "pools",
        vec![
            tensor("image", &[1, 2, 4, 8], DType::U8, 10),
            tensor("maxima", &[1, 2, 2, 4], DType::U8, 10),
            tensor("maxima of maxima", &[1, 2, 1, 2], DType::U8, 10),
            tensor("output", &[1, 2, 1, 2], DType::I8, 20),
        ],
        vec![
            ("pool", pool(), &[0], 1),
            ("pool of the pool", pool(), &[1], 2),
            ("rescale", Op::Rescale(Rescale { requantise: signed(5, 20) }), &[2], 3),
        ],
    );
    Case::new(graph, lanes(activations, 1), |_, trace| {
        let windows = trace.values[0].chunks(2).filter(|pair| pair.iter().all(|z| *z > 60)).count();
        windows > 4 && trace.values[0].contains(&255)
    })
}

/// Planes of 3 x 4 reshaped to planes of 2 x 4, which a Conv reads from a copy block.
pub(crate) fn other_planes(activations: usize) -> Case {
    let mut numbers = Numbers::new(55);
    let rule = Requantise { multipliers: vec![1], divisor: 16, zero_point: 100, low: 0, high: 255, table: vec![] };
    let graph = graph(
        "other planes",
        vec![
            tensor("image", &[1, 2, 3, 4], DType::U8, 7),
            tensor("turned", &[1, 3, 2, 4], DType::U8, 7),
            tensor("output", &[1, 2, 2, 3], DType::U8, 100),
        ],
        vec![
            ("reshape", Op::Reshape(Reshape), &[0], 1),
            ("conv", Op::Conv(conv(&mut numbers, [2, 3, 1, 2], [0; 4], rule)), &[1], 2),
        ],
    );
    Case::new(graph, lanes(activations, 2), |graph, trace| {
        trace.at(graph, End::Output).unwrap()[0].iter().filter(|z| (3..250).contains(*z)).count() > 9
    })
}

/// Conv 1 -> 2 with a multiplier of its own for each channel, Flatten, Dense 12 -> 3 with an odd divisor: remainders in three parts in any number of
/// activation lanes, for no table of one part holds them. One of the multipliers is even, and an exact tie is among its accumulators.
pub(crate) fn free_scales(activations: usize) -> Case {
    let mut numbers = Numbers::new(89);
    let rule = |multipliers, divisor, zero_point| Requantise {
        multipliers,
        divisor,
        zero_point,
        low: 0,
        high: 255,
        table: vec![],
    };
    let graph = graph(
        "free scales",
        vec![
            tensor("image", &[1, 1, 2, 3], DType::U8, 9),
            tensor("features", &[1, 2, 2, 3], DType::U8, 90),
            tensor("vector", &[1, 12], DType::U8, 90),
            tensor("scores", &[1, 3], DType::U8, 70),
        ],
        vec![
            (
                "conv",
                Op::Conv(conv(&mut numbers, [2, 1, 3, 3], [1; 4], rule(vec![65_537, 3 << 16], 1 << 20, 90))),
                &[0],
                1,
            ),
            ("flatten", Op::Reshape(Reshape), &[1], 2),
            ("dense", Op::Dense(dense(&mut numbers, 12, 3, rule(vec![123_457], 1_234_567, 70))), &[2], 3),
        ],
    );
    Case::new(graph, lanes(activations, 2).with_parts(3), |graph, trace| {
        let apart = |(at, acc): (usize, &i64)| at >= 6 && (acc * (3 << 16)).rem_euclid(1 << 20) == 1 << 19;
        trace.accumulators[0].iter().enumerate().any(apart)
            && trace.at(graph, End::Output).unwrap()[0].iter().all(|z| (3..250).contains(z))
    })
}

fn conv(numbers: &mut Numbers, shape: [usize; 4], pads: [usize; 4], requantise: Requantise) -> Conv {
    let [outputs, channels, height, width] = shape;
    Conv {
        weights: weights(numbers, outputs * channels * height * width).into(),
        weights_shape: shape,
        bias: numbers.many(outputs, -40, 40),
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
    Op::MaxPool(MaxPool)
}

fn signed(divisor: u64, zero_point: i32) -> Requantise {
    Requantise { multipliers: vec![1], divisor, zero_point, low: -128, high: 127, table: vec![] }
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
    QuantizedGraph::new(name, tensors, nodes, &[TensorId(0)], &[output])
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
