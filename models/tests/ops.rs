//! Each op against its definition, written as plainly as the ONNX operator page writes it; and its bounds.
#![expect(clippy::unwrap_used, reason = "test code")]

use assay_models::ops::{Add, ArgMax, Conv, Dense, Gather, MaxPool, Output, Pick, Rescale};
use assay_models::samples::Numbers;
use assay_models::{DType, End, Node, Op, QuantizedGraph, Requantise, TensorId, TensorInfo, interpret, intervals};
use proptest::prelude::*;

fn tensor(shape: &[usize], dtype: DType, zero_point: i32) -> TensorInfo {
    TensorInfo { name: "t".to_owned(), shape: shape.to_vec(), dtype, scale: 1.0, zero_point }
}

/// One op from a u8 input to an i32 output that holds the accumulators.
fn single(op: Op, shape: &[usize], zero_point: i32) -> QuantizedGraph {
    let output = op.output_shape(&vec![shape; op.operands()], &[]).unwrap();
    let result = match op.output() {
        Output::Indices => tensor(&output, DType::I64, 0),
        Output::Elements => tensor(&output, DType::U8, zero_point),
        Output::Requantised(_) => tensor(&output, DType::I32, 0),
    };
    let inputs = vec![TensorId(0); op.operands()];
    let node = Node { name: "op".to_owned(), op, inputs, output: TensorId(1) };
    let tensors = vec![tensor(shape, DType::U8, zero_point), result];
    QuantizedGraph::new("single", tensors, vec![node], &[TensorId(0)], &[TensorId(1)])
}

/// Runs it on a random input, which is also given to the definition, and compares; bounds must hold.
fn agrees(graph: &QuantizedGraph, seed: u64, definition: impl Fn(&[i64], &[usize]) -> Vec<i64>) {
    graph.validate().unwrap();
    let x = assay_models::samples::inputs(graph, seed);
    let trace = interpret(graph, &x).unwrap();
    assert_eq!(trace.at(graph, End::Output).unwrap()[0], definition(&x[0], &graph.tensors[0].shape));
    let bounds = intervals(graph).unwrap();
    let (lo, hi) = bounds.tensors[1];
    assert!(trace.values[1].iter().all(|v| (lo..=hi).contains(v)));
    match bounds.accumulators[0] {
        Some((lo, hi)) => assert!(trace.accumulators[0].iter().all(|v| (lo..=hi).contains(v))),
        None => assert!(trace.accumulators[0].is_empty()),
    }
}

/// `x[n, c, y, x]`, or `None` in the padding.
fn pixel(x: &[i64], shape: &[usize], n: usize, c: usize, row: isize, column: isize) -> Option<i64> {
    let (row, column) = (usize::try_from(row).ok()?, usize::try_from(column).ok()?);
    (row < shape[2] && column < shape[3]).then(|| x[((n * shape[1] + c) * shape[2] + row) * shape[3] + column])
}

fn side(size: usize, before: usize, after: usize, kernel: usize, stride: usize) -> usize {
    (size + before + after - kernel) / stride + 1
}

fn weights(numbers: &mut Numbers, count: usize) -> Vec<i16> {
    numbers.many(count, -255, 255).into_iter().map(|w| i16::try_from(w).unwrap()).collect()
}

/// Plane, kernel and pads that fit.
fn windows() -> impl Strategy<Value = ([usize; 2], [usize; 2], [usize; 4])> {
    let side = || (1usize..8).prop_flat_map(|size| (Just(size), 1..=size));
    let padded = || side().prop_flat_map(|(size, kernel)| (Just(size), Just(kernel), 0..kernel, 0..kernel));
    (padded(), padded())
        .prop_map(|((h, kh, top, bottom), (w, kw, left, right))| ([h, w], [kh, kw], [top, left, bottom, right]))
}

/// Calls `value(n, c, top, left)` for every window, row-major.
fn each_window(
    shape: &[usize],
    channels: usize,
    (kernel, strides, pads): ([usize; 2], [usize; 2], [usize; 4]),
    value: impl Fn(usize, usize, isize, isize) -> i64,
) -> Vec<i64> {
    let mut output = Vec::new();
    for n in 0..shape[0] {
        for c in 0..channels {
            for i in 0..side(shape[2], pads[0], pads[2], kernel[0], strides[0]) {
                for j in 0..side(shape[3], pads[1], pads[3], kernel[1], strides[1]) {
                    let (top, left) = (strides[0] * i, strides[1] * j);
                    let signed = |at: usize, pad: usize| isize::try_from(at).unwrap() - isize::try_from(pad).unwrap();
                    output.push(value(n, c, signed(top, pads[0]), signed(left, pads[1])));
                }
            }
        }
    }
    output
}

/// All `(a, b)` of a kernel.
fn taps(kernel: [usize; 2]) -> impl Iterator<Item = (usize, usize)> {
    (0..kernel[0]).flat_map(move |a| (0..kernel[1]).map(move |b| (a, b)))
}

fn shifted(at: isize, by: usize) -> isize {
    at + isize::try_from(by).unwrap()
}

proptest! {
    #[test]
    fn conv_is_the_sum_over_channels_and_taps(
        (plane, kernel, pads) in windows(),
        (n, c, o, group) in (1usize..3, 1usize..4, 1usize..4, 1usize..4),
        zero_point in 0i32..256,
        seed: u64,
    ) {
        let mut numbers = Numbers::new(seed);
        let shape = [n, c * group, plane[0], plane[1]];
        let conv = Conv {
            weights: weights(&mut numbers, o * group * c * kernel[0] * kernel[1]).into(),
            weights_shape: [o * group, c, kernel[0], kernel[1]],
            bias: numbers.many(o * group, -100_000, 100_000),
            pads,
            group,
            requantise: Requantise::accumulators(),
        };
        let graph = single(Op::Conv(conv.clone()), &shape, zero_point);
        agrees(&graph, seed, |x, shape| {
            each_window(shape, o * group, (kernel, [1, 1], pads), |n, out, top, left| {
                let terms = (0..c).flat_map(|channel| taps(kernel).map(move |(a, b)| (channel, a, b)));
                let term = |(channel, a, b)| {
                    let from = out / o * c + channel;
                    let value = pixel(x, shape, n, from, shifted(top, a), shifted(left, b));
                    let weight = conv.weights.get(((out * c + channel) * kernel[0] + a) * kernel[1] + b).unwrap();
                    value.map_or(0, |value| (value - i64::from(zero_point)) * i64::from(weight))
                };
                conv.bias[out] + terms.map(term).sum::<i64>()
            })
        });
    }

    #[test]
    fn a_pool_is_the_maximum_of_each_window((n, c, h, w) in (1usize..3, 1usize..4, 1usize..4, 1usize..4), zero_point in 0i32..256, seed: u64) {
        agrees(&single(Op::MaxPool(MaxPool), &[n, c, 2 * h, 2 * w], zero_point), seed, |x, shape| {
            each_window(shape, c, ([2, 2], [2, 2], [0; 4]), |n, c, top, left| {
                taps([2, 2]).filter_map(|(a, b)| pixel(x, shape, n, c, shifted(top, a), shifted(left, b))).max().unwrap()
            })
        });
    }

    #[test]
    fn dense_is_a_matrix_product_on_the_last_axis(
        (a, b, inputs, outputs) in (1usize..3, 1usize..3, 1usize..20, 1usize..8), zero_point in 0i32..256, seed: u64,
    ) {
        let mut numbers = Numbers::new(seed);
        let weights = weights(&mut numbers, inputs * outputs);
        let bias = numbers.many(outputs, -100_000, 100_000);
        let requantise = Requantise::accumulators();
        let dense = Dense { weights: weights.clone().into(), outputs, inputs, bias: bias.clone(), requantise };
        agrees(&single(Op::Dense(dense), &[a, b, inputs], zero_point), seed, |x, _| {
            let row = |row: usize| {
                let (weights, bias) = (&weights, &bias);
                (0..outputs).map(move |o| {
                    let term = |i: usize| (x[row * inputs + i] - i64::from(zero_point)) * i64::from(weights[o * inputs + i]);
                    bias[o] + (0..inputs).map(term).sum::<i64>()
                })
            };
            (0..a * b).flat_map(row).collect()
        });
    }

    #[test]
    fn add_and_rescale_work_element_by_element(mx in 1i64..1000, my in 1i64..1000, zero_point in 0i32..256, seed: u64) {
        let z = i64::from(zero_point);
        let add = Op::Add(Add { mx, my, requantise: Requantise::accumulators() });
        agrees(&single(add, &[2, 3, 5], zero_point), seed, |x, _| x.iter().map(|v| (mx + my) * (v - z)).collect());
        let rescale = Op::Rescale(Rescale { requantise: Requantise::accumulators() });
        agrees(&single(rescale, &[7], zero_point), seed, |x, _| x.iter().map(|v| v - z).collect());
    }

    #[test]
    fn a_gather_takes_the_elements_that_it_names_and_adds_the_zero_point_to_constants(
        len in 1usize..20, picks in prop::collection::vec((0usize..40, -9i32..250), 1..40), zero_point in 9i32..250, seed: u64,
    ) {
        let pick = |(index, value): &(usize, i32)| if *index < 30 { Pick::of(index % len) } else { Pick::Constant(value.clamp(&-9, &(255 - zero_point)).to_owned()) };
        let picks: Vec<Pick> = picks.iter().map(pick).collect();
        let op = Op::Gather(Gather::new(1, vec![picks.len()], picks.iter().copied()));
        agrees(&single(op, &[len], zero_point), seed, |x, _| {
            picks.iter().map(|pick| match pick {
                Pick::Element { index, .. } => x[*index],
                Pick::Constant(value) => i64::from(value + zero_point),
            }).collect()
        });
    }

    #[test]
    fn arg_max_is_the_lowest_index_of_the_maximum((a, b, c) in (1usize..3, 1usize..6, 1usize..4), keepdims: bool, seed: u64) {
        let graph = single(Op::ArgMax(ArgMax { axis: 1, keepdims }), &[a, b, c], 0);
        prop_assert_eq!(graph.tensors[1].shape.len(), if keepdims { 3 } else { 2 });
        // Few values, so that ties are common.
        let x = Numbers::new(seed).many(a * b * c, 0, 2);
        let expected: Vec<i64> = (0..a).flat_map(|i| (0..c).map(move |k| (i, k))).map(|(i, k)| {
            let line: Vec<i64> = (0..b).map(|j| x[(i * b + j) * c + k]).collect();
            let best = line.iter().position(|v| line.iter().all(|w| v >= w)).unwrap();
            i64::try_from(best).unwrap()
        }).collect();
        let trace = interpret(&graph, &[&x]).unwrap();
        prop_assert_eq!(trace.at(&graph, End::Output).unwrap()[0], &expected[..]);
    }

    #[test]
    fn requantisation_is_the_nearest_integer_and_the_even_one_at_a_tie(
        acc in -(1i64 << 39)..1 << 39, small in -1000i64..1000, m in 1u64..1 << 22, divisor in 1u64..1 << 30, even in 1u64..100,
    ) {
        for (acc, m, divisor) in [(acc, m, divisor), (small, 1, 2 * even), (small, m % 50 + 1, even)] {
            let rule = Requantise { multipliers: vec![m], divisor, zero_point: 7, low: -128, high: 127, table: vec![] };
            let q = i128::from(rule.round(acc, 0));
            let error = 2 * (q * i128::from(divisor) - i128::from(acc) * i128::from(m));
            prop_assert!(error.abs() <= i128::from(divisor));
            prop_assert!(error.abs() < i128::from(divisor) || q % 2 == 0);
            prop_assert_eq!(i128::from(rule.apply(acc, 0)), (q + 7).clamp(-128, 127));
        }
    }
}

#[test]
fn bounds_of_a_dense_layer_are_reached_by_some_input() {
    let mut graph = assay_models::samples::tiny_mlp();
    graph.nodes.truncate(1);
    graph.tensors.truncate(2);
    graph.outputs[0].tensor = TensorId(1);
    let Op::Dense(dense) = &graph.nodes[0].op else { panic!("dense first") };
    let mut reached: Option<(i64, i64)> = None;
    let weights: Vec<i16> = dense.weights.iter().collect();
    for weights in weights.chunks(dense.inputs) {
        for high in [false, true] {
            let x: Vec<i64> = weights.iter().map(|w| if (*w > 0) == high { 255 } else { 0 }).collect();
            for acc in &interpret(&graph, &[x]).unwrap().accumulators[0] {
                reached = Some(reached.map_or((*acc, *acc), |(lo, hi)| (lo.min(*acc), hi.max(*acc))));
            }
        }
    }
    assert_eq!(intervals(&graph).unwrap().accumulators[0], reached);
}

#[test]
fn a_graph_that_could_wrap_is_refused_by_node() {
    let mut graph = assay_models::samples::tiny_mlp();
    let Op::Dense(dense) = &mut graph.nodes[1].op else { panic!("dense second") };
    dense.requantise.multipliers = vec![u64::from(u32::MAX)];
    dense.bias[0] = (1 << 40) - 1;
    let message = intervals(&graph).unwrap_err().to_string();
    assert!(message.contains("scores") && message.contains("2^40"), "{message}");
    assert!(graph.validate().is_err());
}

#[test]
fn inputs_of_the_wrong_length_or_range_are_refused_with_expected_and_got() {
    let graph = assay_models::samples::tiny_mlp();
    let message = interpret(&graph, &[[0; 7]]).unwrap_err().to_string();
    assert!(message.contains("expected 8 values, got 7") && message.contains("[1, 8]"), "{message}");
    let message = interpret(&graph, &[[0, 0, 256, 0, 0, 0, 0, 0]]).unwrap_err().to_string();
    assert!(message.contains("256 at element 2") && message.contains("0..=255"), "{message}");
    let message =
        assay_models::quantise(&graph.tensors[0], &[0.0, f64::NAN, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]).unwrap_err();
    assert!(message.to_string().contains("element 1 is NaN"), "{message}");
}

/// A kernel and a plane that are each small, and a full plane of 2^40 elements, of which the op wants 2^20.
#[test]
fn a_convolution_whose_full_plane_is_too_large_is_refused_before_it_is_evaluated() {
    let n = 1 << 20;
    let requantise = Requantise { multipliers: vec![1], divisor: 4, zero_point: 0, low: 0, high: 255, table: vec![] };
    let conv = |height: usize| {
        Op::Conv(Conv {
            weights: vec![0i8; height].into(),
            weights_shape: [1, 1, height, 1],
            bias: vec![0],
            pads: [height - 1, 0, 0, 0],
            group: 1,
            requantise: requantise.clone(),
        })
    };
    let shape: &[usize] = &[1, 1, 1, n];
    assert!(conv(3).output_shape(&[shape], &[]).is_ok());
    let refused = conv(n).output_shape(&[shape], &[]).unwrap_err().to_string();
    assert!(refused.contains("67108864") || refused.contains("67,108,864"), "{refused}");
}
