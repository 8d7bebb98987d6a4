//! Groups of channels, functions given value by value, and elements in other orders.

use assay_models::ops::{Add, Conv, Gather, MaxPool, Pick, Rescale};
use assay_models::samples::Numbers;
use assay_models::{DType, End, Op, QuantizedGraph, Requantise, Trace};

use super::{Case, conv, dense, graph, lanes, signed, tensor};

/// Outputs that no rule cuts off.
fn within(graph: &QuantizedGraph, trace: &Trace, ends: std::ops::Range<i64>) -> usize {
    trace.at(graph, End::Output).unwrap()[0].iter().filter(|z| ends.contains(z)).count()
}

/// Two groups of two channels with a multiplier an output, then a group for every channel.
pub(crate) fn grouped(activations: usize) -> Case {
    let mut numbers = Numbers::new(9);
    let rule = Requantise { multipliers: vec![1, 3, 2, 1], low: 0, high: 255, ..signed(40, 70) };
    let pairs = Conv { group: 2, ..conv(&mut numbers, [4, 2, 2, 2], [0, 0, 1, 1], rule) };
    let depthwise = Conv { group: 4, ..conv(&mut numbers, [4, 1, 1, 3], [0, 1, 0, 1], signed(8, -7)) };
    let graph = graph(
        "grouped",
        vec![
            tensor("image", &[1, 4, 2, 3], DType::U8, 3),
            tensor("pairs", &[1, 4, 2, 3], DType::U8, 70),
            tensor("output", &[1, 4, 2, 3], DType::I8, -7),
        ],
        vec![("pairs", Op::Conv(pairs), &[0], 1), ("depthwise", Op::Conv(depthwise), &[1], 2)],
    );
    Case::new(graph, lanes(activations, 2), |graph, trace| within(graph, trace, -120..120) > 20)
}

/// A function behind a convolution and one on its own, and their product as the difference of two quarter squares, which 8 bits do not hold.
pub(crate) fn functions(activations: usize) -> Case {
    let mut numbers = Numbers::new(10);
    let steps = |divisor, zero_point, table: [i32; 16]| Requantise {
        low: 0,
        high: 15,
        table: table.to_vec(),
        ..signed(divisor, zero_point)
    };
    let after = steps(120, 7, [9, 0, 1, 12, 5, 5, 3, 15, 14, 2, 8, 7, 11, 4, 13, 10]);
    let alone = steps(16, 8, [-8, -7, 6, -5, 0, 0, -2, 7, 4, 3, 2, 1, -3, -1, 5, -6]);
    let squares = Requantise { low: -20, high: 20, table: (-20..=20).map(|x| x * x / 4).collect(), ..signed(1, 0) };
    let square = |my| Op::Add(Add { mx: 1, my, requantise: squares.clone() });
    let product = Requantise { low: 0, high: 255, ..signed(2, 60) };
    let graph = graph(
        "functions",
        vec![
            tensor("input", &[1, 2, 2, 3], DType::I8, 4),
            tensor("features", &[1, 2, 2, 3], DType::U8, 9),
            tensor("function", &[1, 2, 2, 3], DType::I8, 3),
            tensor("sum", &[1, 2, 2, 3], DType::I32, 0),
            tensor("difference", &[1, 2, 2, 3], DType::I32, 0),
            tensor("product", &[1, 2, 2, 3], DType::U8, 60),
        ],
        vec![
            ("conv", Op::Conv(conv(&mut numbers, [2, 2, 1, 2], [0, 0, 0, 1], after)), &[0], 1),
            ("function", Op::Rescale(Rescale { requantise: alone }), &[0], 2),
            ("square of the sum", square(1), &[1, 2], 3),
            ("square of the difference", square(-1), &[1, 2], 4),
            ("product", Op::Add(Add { mx: 1, my: -1, requantise: product }), &[3, 4], 5),
        ],
    );
    Case::new(graph, lanes(activations, 1), |graph, trace| {
        let products = trace.values[1].iter().zip(&trace.values[2]).map(|(x, y)| (x - 9) * (y - 3));
        assert!(products.eq(trace.accumulators[4].iter().copied()), "quarter squares make products");
        within(graph, trace, 1..255) == 12 && trace.values[1].contains(&15)
    })
}

/// Elements of the input, of a convolution whose rows are windows, of its maxima with constants between, of what was gathered before, of
/// maxima of gathered elements, and of a sum; read by a convolution, as windows, by a dense layer, by a sum and as the output. The
/// first element of the input is read twice and its last never.
pub(crate) fn gathered(activations: usize) -> Case {
    let mut numbers = Numbers::new(13);
    let rule = |divisor| Requantise { low: 0, high: 255, ..signed(divisor, 30) };
    let of = |at| Pick::of(at);
    let [feature, maximum] = [0, 1].map(|operand| move |index| Pick::Element { operand, index });
    let zero = Pick::Constant(0);
    let turned = (0..16).map(|at| if at == 15 { of(0) } else { of(at / 8 * 8 + at % 2 * 4 + at % 8 / 2) });
    let mixed = [
        [Pick::Constant(-2), feature(0), feature(5), maximum(1)],
        [feature(9), Pick::Constant(1), maximum(0), feature(5)],
        [maximum(3), feature(15), Pick::Constant(-2), feature(2)],
        [feature(5), feature(7), maximum(1), zero],
    ];
    let answer = [of(2), of(0), of(0), of(3), Pick::Constant(5), of(1)];
    let gather = |operands, shape: &[usize], picks: &[Pick]| {
        Op::Gather(Gather::new(operands, shape.to_vec(), picks.iter().copied()))
    };
    let graph = graph(
        "gathered",
        vec![
            tensor("image", &[1, 2, 2, 4], DType::U8, 4),
            tensor("turned", &[1, 2, 4, 2], DType::U8, 4),
            tensor("features", &[1, 2, 4, 2], DType::U8, 30),
            tensor("pooled", &[1, 2, 2, 1], DType::U8, 30),
            tensor("mixed", &[1, 2, 2, 4], DType::U8, 30),
            tensor("maxima", &[1, 2, 1, 2], DType::U8, 30),
            tensor("again", &[1, 5], DType::U8, 30),
            tensor("scores", &[1, 4], DType::U8, 30),
            tensor("backwards", &[1, 4], DType::U8, 30),
            tensor("sum", &[1, 4], DType::I8, -2),
            tensor("answer", &[1, 6], DType::I8, -2),
        ],
        vec![
            ("turn", gather(1, &[1, 2, 4, 2], &turned.collect::<Vec<_>>()), &[0], 1),
            ("conv", Op::Conv(conv(&mut numbers, [2, 2, 2, 1], [0, 0, 1, 0], rule(10))), &[1], 2),
            ("pool", Op::MaxPool(MaxPool), &[2], 3),
            ("mix", gather(2, &[1, 2, 2, 4], &mixed.concat()), &[2, 3], 4),
            ("pool of the mixed", Op::MaxPool(MaxPool), &[4], 5),
            ("gather again", gather(1, &[1, 5], &[15, 8, 3, 9, 0].map(of)), &[4], 6),
            ("dense", Op::Dense(dense(&mut numbers, 5, 4, rule(12))), &[6], 7),
            ("reverse", gather(1, &[1, 4], &[3, 2, 1, 0].map(of)), &[5], 8),
            ("add", Op::Add(Add { mx: 1, my: 1, requantise: signed(4, -2) }), &[7, 8], 9),
            ("answer", gather(1, &[1, 6], &answer), &[9], 10),
        ],
    );
    let apart = |values: &[i64]| values.iter().collect::<std::collections::BTreeSet<_>>().len();
    Case::new(graph, lanes(activations, 2), |graph, trace| {
        within(graph, trace, -120..120) == 6
            && trace.values[2].iter().all(|z| (3..250).contains(z))
            && [(2, 14), (3, 4), (5, 4), (7, 4), (9, 4)]
                .into_iter()
                .all(|(at, least)| apart(&trace.values[at]) >= least)
    })
}
