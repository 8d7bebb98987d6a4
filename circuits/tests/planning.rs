//! The planner: how many lanes, and where weights stand in them.

use std::sync::Arc;

use assay_circuits::{
    Cells, CircuitError, Fixed, Found, InferenceCircuit, Lanes, Layout, PROFILES, Sketch, statement, unsupported,
};
use assay_models::ops::{ArgMax, Conv, Dense, Gather, MaxPool, Output, Pick, Rescale};
use assay_models::samples::{
    Numbers, activation_lanes, free_scales, inputs, mlp_onnx, refused as refused_samples, tiny_cnn, tiny_mlp,
};
use assay_models::{DType, End, Node, Op, QuantizedGraph, Requantise, TensorId, TensorInfo, import, interpret};
use halo2_proofs::dev::MockProver;
use halo2curves::bn256::Fr;

#[cfg(test)]
fn satisfied(layout: Layout) {
    let layout = Arc::new(layout);
    let graph = &layout.plan.graph;
    let trace = interpret(graph, &inputs(graph, 3)).unwrap();
    let instances =
        statement(graph, &trace.at(graph, End::Input).unwrap(), &trace.at(graph, End::Output).unwrap(), Fr::from(5))
            .unwrap();
    let circuit = InferenceCircuit::new(Arc::clone(&layout), &trace, Fr::from(5)).unwrap();
    let prover = MockProver::run(layout.k, &circuit, vec![instances]).unwrap();
    assert_eq!(prover.verify(), Ok(()), "{} with {}", graph.name, layout.shape.lanes);
}

#[test]
fn inferences_satisfy_circuits_of_any_number_of_lanes() {
    let synthetic = import(&mlp_onnx(&[20, 12, 300, 5], 9), "synthetic").unwrap();
    satisfied(Layout::plan(&synthetic).unwrap());
    for (activations, weights) in [(1, 1), (1, 3), (2, 128), (4, 256), (8, 5)] {
        let lanes = Lanes::new(activations, weights);
        for graph in [&synthetic, &tiny_mlp(), &tiny_cnn()] {
            let layout = Layout::with_lanes(graph, lanes).unwrap();
            assert_eq!(layout.shape.lanes, lanes);
            satisfied(layout);
        }
    }
    for lanes in [Lanes::new(1, 0), Lanes::new(1, 257), Lanes::new(0, 1), Lanes::new(3, 1), Lanes::new(16, 1)] {
        assert!(Layout::with_lanes(&synthetic, lanes).is_err(), "{lanes}");
    }
}

/// Prices that others beat, equal prices, and sketches that say what the layouts are.
#[test]
fn a_search_takes_the_least_price_and_the_first_of_equal_ones() {
    let graph = tiny_mlp();
    let taken = |price: fn(&Sketch) -> f64| {
        Layout::search(&graph, &PROFILES, |sketch| Ok::<_, CircuitError>(price(sketch))).unwrap()
    };
    let lanes = |found: Found| found.layout.shape.lanes;
    assert_eq!(lanes(taken(|of| -(of.lanes.weights as f64))).weights, 256);
    assert_eq!(lanes(taken(|of| -(of.lanes.activations as f64))).activations, 8);
    assert_eq!(lanes(taken(|_| 1.0)), PROFILES[0]);

    let found = taken(|of| of.lanes.weights as f64);
    let tried: Vec<_> = found.tried.iter().map(|tried| tried.lanes).collect();
    assert_eq!(tried, PROFILES);
    for tried in &found.tried {
        let (sketch, layout) = (tried.sketch.as_ref().unwrap(), Layout::with_lanes(&graph, tried.lanes).unwrap());
        let report = layout.report();
        assert_eq!((sketch.k, sketch.public_words), (report.k, report.instances));
        assert_eq!((sketch.activation_rows, sketch.table_rows), (report.activation_rows, report.table_rows));
        assert_eq!((sketch.weight_rows, sketch.scalar_rows), (report.weight_rows, report.scalar_rows));
        assert!(sketch.rows() <= 1 << sketch.k);
        assert_eq!(tried.price, Some(tried.lanes.weights as f64), "{}", tried.lanes);
    }
}

/// Seventeen million elements are too many for one activation lane; for eight they are not, but no key has so many public words.
#[test]
fn a_network_that_no_lanes_hold_or_no_key_has_words_for_is_refused_and_not_priced() {
    let mut graph = tiny_cnn();
    graph.nodes.truncate(1);
    graph.tensors.truncate(2);
    graph.outputs[0].tensor = graph.nodes[0].output;
    let Op::Conv(op) = &mut graph.nodes[0].op else { panic!("a Conv") };
    (op.weights_shape, op.weights, op.bias) = ([1, 1, 1, 1], vec![1i8].into(), vec![0]);
    (op.pads, op.requantise.multipliers) = ([0; 4], vec![1]);
    for tensor in &mut graph.tensors {
        tensor.shape = vec![1, 1, 2900, 2900];
    }
    let refused = |lanes: &[Lanes]| {
        let price = |_: &Sketch| -> Result<f64, CircuitError> { panic!("there is no circuit") };
        Layout::search(&graph, lanes, price).unwrap_err()
    };
    assert!(matches!(refused(&[Lanes::new(1, 4)]), CircuitError::TooManyRows { .. }));
    let words = 1 + 2 * (2900 * 2900usize).div_ceil(31);
    let several = refused(&[Lanes::new(1, 4), Lanes::new(8, 128)]);
    assert!(matches!(several, CircuitError::TooManyWords { words: got, limit: 65_536 } if got == words), "{several}");
}

/// 64 lanes of 4000 x 4096 weights fill 2^18 rows, those of 4200 x 4096 do not fit them.
#[test]
fn more_than_64_lanes_are_for_circuits_that_would_need_more_than_2_to_the_18_rows() {
    let plan = |inputs| Layout::plan(&import(&mlp_onnx(&[inputs, 4096, 10], 1), "wide").unwrap()).unwrap();
    let (small, large) = (plan(4000), plan(4200));
    assert!(small.shape.lanes.weights <= 64 && small.k <= 18, "{}, k = {}", small.shape.lanes, small.k);
    assert!(large.shape.lanes.weights > 64 && large.k <= 18, "{}, k = {}", large.shape.lanes, large.k);
    for layout in [small, large] {
        let lanes = (0..=255).filter_map(|lane| layout.fixed_cells(Fixed::W(lane)));
        let narrow = |cells: &&Cells| match cells {
            Cells::Bytes(_) => true,
            Cells::Mixed { bytes, wide } => wide.len() * 100 < bytes.len(),
            Cells::Words(_) | Cells::Field(_) => false,
        };
        assert_eq!(lanes.filter(narrow).count(), layout.shape.lanes.weights, "a byte a weight");
    }
}

/// Four weights whose accumulators lie far below the divisor `2^18`: half a million remainders, if they were all listed.
#[test]
fn a_divisor_far_above_its_accumulators_costs_a_few_hundred_table_rows() {
    let mut graph = dense(4, 1, 1, 0);
    if let Op::Dense(op) = &mut graph.nodes[0].op {
        op.weights = vec![40i8, -30, 20, 10].into();
        op.requantise.divisor = 1 << 18;
    }
    let layout = Layout::plan(&graph).unwrap();
    assert!(layout.report().table_rows < 1000 && layout.k <= 10, "{:?}", layout.report());
    satisfied(layout);
}

/// The input of 2^22 elements and eight outputs of 2046 x 2046, without the rings around them.
#[test]
fn rows_are_counted_from_the_shapes_before_anything_is_made() {
    let mut graph = tiny_cnn();
    graph.nodes.truncate(1);
    graph.tensors.truncate(2);
    graph.outputs[0].tensor = graph.nodes[0].output;
    let Op::Conv(op) = &mut graph.nodes[0].op else { panic!("a Conv") };
    let [_, channels, height, width] = op.weights_shape;
    op.weights_shape = [8, channels, height, width];
    op.weights = vec![1i8; 8 * channels * height * width].into();
    op.bias = vec![0; 8];
    op.requantise.multipliers = vec![1];
    op.pads = [0; 4];
    graph.tensors[0].shape = vec![1, channels, 2048, 2048];
    graph.tensors[1].shape = vec![1, 8, 2049 - height, 2049 - width];
    let wanted = (2049 - height) * (2049 - width);
    let expected = 2 + channels * 2048 * 2048 + 8 * wanted + 6;
    assert!(matches!(Layout::plan(&graph), Err(CircuitError::TooManyRows { rows, limit_k: 24 }) if rows == expected));
}

/// Value `o` of segment `l` is weight `[o, l]`; the segment after the last is the bias; padding stands in front.
#[test]
fn weights_of_any_width_stand_where_their_segments_say() {
    for (magnitude, bias) in [(127, 100), (127, 1 << 33), (255, 3000)] {
        let graph = dense(19, 37, magnitude, bias);
        let Op::Dense(op) = &graph.nodes[0].op else { panic!("a Dense") };
        for lanes in [1, 4, 16, 64] {
            let layout = Layout::with_lanes(&graph, Lanes::new(1, lanes)).unwrap();
            let (rows, padding) = (37usize.div_ceil(lanes), 37usize.div_ceil(lanes) * lanes - 37);
            for segment in 0..=19 {
                for at in 0..rows * lanes {
                    let expected = at.checked_sub(padding).map_or(0, |o| match segment {
                        19 => op.bias[o],
                        _ => op.weights.get(o * 19 + segment).unwrap().into(),
                    });
                    let row = 1 + segment * rows + at / lanes;
                    let cells = layout.fixed_cells(Fixed::W((at % lanes) as u8));
                    assert_eq!(cells.map_or(Some(0), |cells| cells.get_small(row)), Some(expected));
                }
            }
            if layout.k < 14 {
                satisfied(layout);
            }
        }
    }
}

/// The first layer of the small perceptron, with more and wider weights.
#[cfg(test)]
fn dense(inputs: usize, outputs: usize, magnitude: i64, bias: i64) -> QuantizedGraph {
    let mut graph = tiny_mlp();
    graph.nodes.truncate(1);
    graph.tensors.truncate(2);
    graph.outputs[0].tensor = graph.nodes[0].output;
    (graph.tensors[0].shape, graph.tensors[1].shape) = (vec![1, inputs], vec![1, outputs]);
    let mut numbers = Numbers::new(magnitude as u64);
    let weights = numbers.many(inputs * outputs, -magnitude, magnitude).into_iter().map(|w| w as i16).collect();
    if let Op::Dense(Dense { requantise, .. }) = &graph.nodes[0].op {
        let mut requantise = requantise.clone();
        requantise.divisor = if bias > 1 << 30 { 1 << 17 } else { 512 };
        let bias = numbers.many(outputs, -bias, bias);
        graph.nodes[0].op = Op::Dense(Dense { weights, outputs, inputs, bias, requantise });
    }
    graph
}

/// What a layout is over columns that were kept, and over those that are no circuit's.
#[test]
fn a_layout_over_kept_columns_is_the_one_they_were_kept_from() {
    for graph in [tiny_mlp(), tiny_cnn()] {
        let planned = Layout::plan(&graph).unwrap();
        let kept: Vec<(Fixed, Cells)> =
            planned.shape.fixed.iter().copied().zip(planned.fixed.iter().cloned()).collect();
        let over = |lanes, columns: &[(Fixed, Cells)]| Layout::over_columns(&graph, lanes, columns.to_vec());
        let lanes = planned.shape.lanes;
        assert_eq!(format!("{:?}", over(lanes, &kept).unwrap()), format!("{planned:?}"));

        let at = |refused: Result<Layout, CircuitError>| match refused.unwrap_err() {
            CircuitError::ForeignColumn { at, .. } => at,
            other => panic!("{other}"),
        };
        let wrong = [(1, 0), (1, 257), (0, 1), (3, 1), (16, 1)].map(|(a, w)| at(over(Lanes::new(a, w), &kept)));
        assert_eq!(wrong, [0; 5]);
        let mut columns = kept.clone();
        columns.swap(0, 1);
        assert_eq!(at(over(lanes, &columns)), 0);
        columns[0] = kept[0].clone();
        assert_eq!(at(over(lanes, &columns)), 1);
        assert_eq!(at(over(lanes, &kept[..kept.len() - 1])), kept.len() - 1);
        let mut columns = kept.clone();
        columns[2].1.resize(planned.usable_rows());
        assert!(over(lanes, &columns).is_ok());
        columns[2].1.resize(planned.usable_rows() + 1);
        assert_eq!(at(over(lanes, &columns)), 2);
        let columns = [kept.clone(), vec![(Fixed::W(lanes.weights as u8), Cells::default())]].concat();
        assert_eq!(at(over(lanes, &columns)), kept.len());
    }
}

/// `x -> op -> y`, of a shape and an element type.
#[cfg(test)]
fn single(op: Op, shape: &[usize], dtype: DType) -> QuantizedGraph {
    let tensor = |name: &str, shape: Vec<usize>, dtype| TensorInfo {
        name: name.to_owned(),
        shape,
        dtype,
        scale: 1.0,
        zero_point: 0,
    };
    let output = op.output_shape(&[shape], shape).unwrap();
    let kind = match op.output() {
        Output::Indices => DType::I64,
        Output::Elements => dtype,
        Output::Requantised(_) => DType::U8,
    };
    let tensors = vec![tensor("x", shape.to_vec(), dtype), tensor("y", output, kind)];
    let nodes = vec![Node { name: "op".to_owned(), op, inputs: vec![TensorId(0)], output: TensorId(1) }];
    QuantizedGraph::new("single", tensors, nodes, &[TensorId(0)], &[TensorId(1)])
}

#[test]
fn free_scales_cost_no_large_tables() {
    let graph = free_scales();
    let layout = Layout::plan(&graph).unwrap();
    assert_eq!((layout.shape.lanes.parts, layout.k), (3, 11), "{:?}", layout.sketch());
    // As many rows as powers of two need, but for the tables.
    let report = layout.report();
    assert!(report.activation_rows < 300 && report.weight_rows < 1000 && report.table_rows < 1 << 12, "{report:?}");
}

/// What the command line lists beforehand is what the planner would stop at, in the same words.
#[test]
fn the_list_of_what_is_unsupported_agrees_with_the_planner() {
    let free = Requantise { multipliers: vec![1 << 24], divisor: 1, ..rule() };
    let wide = Requantise { low: -40_000, high: 40_000, table: vec![300; 80_001], ..rule() };
    let (image, images) = ([1, 2, 4, 4], [2, 2, 4, 4]);
    let refused = [
        (single(conv([1, 2, 2, 2], 1), &images, DType::U8), "Conv over a batch"),
        (single(Op::MaxPool(MaxPool), &images, DType::U8), "MaxPool over a batch"),
        (single(Op::ArgMax(ArgMax { axis: 1, keepdims: true }), &image, DType::U8), "ArgMax"),
        (single(rescale(rule()), &image, DType::I16), "`x`: an element type of I16"),
        (chain(rescale(wide.clone()), Op::MaxPool(MaxPool), DType::I16), "`middle`: an element type of I16"),
        (single(rescale(free), &image, DType::U8), "lookup tables"),
    ];
    for (graph, words) in refused {
        let listed = unsupported(&graph);
        let first = listed.first().unwrap_or_else(|| panic!("{words} is not listed")).to_string();
        assert!(first.contains(words), "{first}");
        assert_eq!(Layout::plan(&graph).unwrap_err().to_string(), first);
    }
    let without_circuit = refused_samples();
    assert!(!without_circuit.is_empty());
    for graph in without_circuit {
        let (listed, name) = (unsupported(&graph), graph.nodes[0].op.name());
        assert!(
            listed[0].to_string().contains(name),
            "{name} is refused by name, or its case has weight lanes: {listed:?}"
        );
        assert_eq!(Layout::plan(&graph).unwrap_err().to_string(), listed[0].to_string());
    }
    let provable = [
        tiny_cnn(),
        tiny_mlp(),
        single(conv([2, 2, 3, 3], 1), &image, DType::U8),
        single(conv([4, 1, 3, 3], 2), &image, DType::U8),
        single(rescale(rule()), &[2, 4], DType::U8),
        single(rescale(rule()), &images, DType::U8),
        single(backwards(32), &image, DType::U8),
        chain(rescale(wide), rescale(rule()), DType::I16),
    ];
    for graph in provable {
        assert!(unsupported(&graph).is_empty(), "{}: {:?}", graph.name, unsupported(&graph));
        satisfied(Layout::plan(&graph).unwrap());
    }
}

/// One activation lane has no wire, by which a Gather's elements are read: the planner says so, and takes several lanes where it may choose.
#[test]
fn elements_in_another_order_are_planned_in_several_activation_lanes() {
    let graph = single(backwards(32), &[1, 2, 4, 4], DType::U8);
    let one: Vec<Lanes> = PROFILES.into_iter().filter(|lanes| lanes.activations == 1).collect();
    let price = |sketch: &Sketch| Ok::<_, CircuitError>(f64::from(sketch.k));
    for lanes in &one {
        let refused = Layout::with_lanes(&graph, *lanes).unwrap_err();
        assert!(matches!(&refused, CircuitError::OneLane { node } if node == "op"), "{refused}");
    }
    let refused = Layout::search(&graph, &one, price).unwrap_err();
    assert!(matches!(&refused, CircuitError::OneLane { node } if node == "op"), "{refused}");
    let found = Layout::search(&graph, &PROFILES, price).unwrap();
    assert!(found.layout.shape.lanes.activations > 1);
    for tried in &found.tried {
        assert_eq!(tried.sketch.is_ok(), tried.lanes.activations > 1, "{}", tried.lanes);
    }
    assert!(Layout::plan(&graph).unwrap().shape.lanes.activations > 1);
    assert_eq!(activation_lanes(&graph), [2, 4, 8]);
    assert_eq!(activation_lanes(&tiny_cnn()), [1, 2, 4, 8]);
}

#[cfg(test)]
fn rule() -> Requantise {
    Requantise { multipliers: vec![1], divisor: 4, zero_point: 0, low: 0, high: 255, table: vec![] }
}

#[cfg(test)]
fn rescale(requantise: Requantise) -> Op {
    Op::Rescale(Rescale { requantise })
}

#[cfg(test)]
fn conv(weights_shape: [usize; 4], group: usize) -> Op {
    let weights = vec![1i8; weights_shape.iter().product()].into();
    let bias = vec![0; weights_shape[0]];
    Op::Conv(Conv { weights, weights_shape, bias, pads: [0; 4], group, requantise: rule() })
}

/// All elements, the last first.
#[cfg(test)]
fn backwards(len: usize) -> Op {
    Op::Gather(Gather::new(1, vec![1, len], (0..len).rev().map(Pick::of)))
}

/// `x -> first -> middle -> second -> y`, of images of bytes but for the tensor in the middle.
#[cfg(test)]
fn chain(first: Op, second: Op, middle: DType) -> QuantizedGraph {
    let shape = [1, 2, 4, 4];
    let mut graph = single(second, &shape, middle);
    graph.tensors[0].name = "middle".to_owned();
    graph.tensors.insert(0, TensorInfo { name: "x".to_owned(), dtype: DType::U8, ..graph.tensors[0].clone() });
    graph.nodes[0] = Node { inputs: vec![TensorId(1)], output: TensorId(2), ..graph.nodes[0].clone() };
    let node = Node { name: "first".to_owned(), op: first, inputs: vec![TensorId(0)], output: TensorId(1) };
    graph.nodes.insert(0, node);
    QuantizedGraph::new("chain", graph.tensors, graph.nodes, &[TensorId(0)], &[TensorId(2)])
}

/// A part of a model that an importer could read is enough to say what else is unsupported, of every node.
#[test]
fn every_unsupported_node_is_listed() {
    let mut graph = tiny_cnn();
    graph.tensors[0].shape[0] = 2;
    graph.nodes[1].op = Op::ArgMax(ArgMax { axis: 1, keepdims: true });
    graph.nodes.truncate(2);
    let listed: Vec<String> = unsupported(&graph).iter().map(ToString::to_string).collect();
    assert_eq!(listed.len(), 2, "{listed:?}");
    assert!(listed[0].contains("`conv`") && listed[1].contains("`pool`"), "{listed:?}");
}

/// Requantisations that share a rule share a table over the union of their quotients: two constants far apart would ask for a table of
/// `2^61` rows, and several of them for more rows than there are numbers.
#[test]
fn tables_that_are_too_much_together_are_refused_by_name() {
    for (rules, bias, multiplier) in
        [(1, (1i64 << 39) + 5, 1u64 << 22), (4, (1 << 40) - 1, 1 << 21), (8, (1 << 40) - 1, (1 << 22) - 1)]
    {
        let mut tensors = vec![named("x", 0)];
        let mut nodes = Vec::new();
        for (rule, sign) in (0..rules).flat_map(|rule| [(rule, -1), (rule, 1)]) {
            let output = TensorId(tensors.len());
            let zero_point = rule;
            tensors.push(named(&format!("t{}", output.0), zero_point));
            let requantise =
                Requantise { multipliers: vec![multiplier], divisor: 1, zero_point, low: 0, high: 255, table: vec![] };
            let bias = vec![sign * bias];
            let op = Op::Dense(Dense { weights: vec![0i8].into(), outputs: 1, inputs: 1, bias, requantise });
            nodes.push(Node { name: format!("d{}", output.0), op, inputs: vec![TensorId(0)], output });
        }
        let output = TensorId(tensors.len() - 1);
        let graph = QuantizedGraph::new("far", tensors, nodes, &[TensorId(0)], &[output]);
        graph.validate().unwrap();
        let too_large = |refused: Result<Layout, CircuitError>| {
            assert!(matches!(refused, Err(CircuitError::TableTooLarge { .. })), "{refused:?}");
        };
        too_large(Layout::plan(&graph));
        let asked = |_: &Sketch| -> Result<f64, CircuitError> { panic!("there is no circuit") };
        too_large(Layout::search(&graph, &PROFILES, asked).map(|found| found.layout));
        too_large(Layout::with_lanes(&graph, Lanes::new(4, 1)));
        assert!(matches!(unsupported(&graph).as_slice(), [CircuitError::TableTooLarge { .. }]));
    }
}

/// One element of 8 bits.
#[cfg(test)]
fn named(name: &str, zero_point: i32) -> TensorInfo {
    TensorInfo { name: name.to_owned(), shape: vec![1, 1], dtype: DType::U8, scale: 1.0, zero_point }
}
