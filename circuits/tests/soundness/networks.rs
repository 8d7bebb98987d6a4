//! Tiny networks that together hold every op and every kind of row, each with an honest inference. Every op is there over two
//! or more channels whose planes are not square.

use std::collections::HashMap;

use assay_circuits::{
    Advice, Challenges, Columns, Committed, CopyConstraint, Element, Fixed, Lanes, Layout, Pinned, Sums, statement,
};
use assay_models::ops::{Add, Conv, Dense, MaxPool, Rescale, Reshape};
use assay_models::samples::{Numbers, input};
use assay_models::{DType, Node, Op, QuantizedGraph, Requantise, TensorId, TensorInfo, Trace, interpret};
use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};

use crate::checker::Readers;
use crate::surface::{Outputs, surface};

/// A network, its layout, and one honest inference as completed columns.
pub(crate) struct Case {
    pub(crate) graph: QuantizedGraph,
    pub(crate) layout: Layout,
    pub(crate) input: Vec<i64>,
    pub(crate) trace: Trace,
    /// Phase 0 and, under [`challenges`], phase 1.
    pub(crate) columns: Columns,
    pub(crate) instances: Vec<Fr>,
    /// Stack and row of a tuple of the tables.
    pub(crate) tables: HashMap<[Fr; 4], (u8, usize)>,
    pub(crate) readers: Readers,
    places: HashMap<(usize, usize), Place>,
    blocks: HashMap<(TensorId, Block, usize), Place>,
}

/// Row and activation lane of an element.
pub(crate) type Place = (usize, u8);

/// Cells of a tensor that no requantisation makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Block {
    /// The graph's input.
    Input,
    /// A copy in the order of 2x2 windows.
    Windows,
    /// A copy that is read as other planes.
    Planes,
    /// A copy that the output is packed from.
    Words,
    /// A copy that the words of the input are packed from, where those are not packed from its own cells.
    InputWords,
    /// The cells of maxima, where others read them by wire.
    Maxima,
}

/// The public context element of every case.
pub(crate) const CONTEXT: u64 = 777;

impl Case {
    /// The first seeded input that `wanted` accepts.
    fn new(graph: QuantizedGraph, lanes: Lanes, wanted: impl Fn(&QuantizedGraph, &Trace) -> bool) -> Self {
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
        let (tables, readers) =
            (entries(&layout).map(|(at, tuple)| (tuple, at)).collect(), Readers::new(layout.shape.lanes));
        let places = layout.elements().unwrap().into_iter().filter_map(|(row, lane, element)| match element {
            Element::Requantised { node, index } => Some(((node, index), (row, lane))),
            Element::Byte { .. } | Element::Copy { .. } | Element::Ring { .. } => None,
        });
        let places = places.collect();
        let blocks = blocks(&layout);
        Self { graph, layout, input, trace, columns, instances, tables, readers, places, blocks }
    }

    /// Place of a requantised element of a node's output.
    pub(crate) fn place(&self, node: usize, index: usize) -> Place {
        self.places[&(node, index)]
    }

    /// Row of a requantised element of a node's output.
    pub(crate) fn row(&self, node: usize, index: usize) -> usize {
        self.place(node, index).0
    }

    /// Row of an element of the input, where its public words are packed.
    pub(crate) fn input_row(&self, index: usize) -> usize {
        self.blocks[&(self.graph.input, Block::Input, index)].0
    }

    /// Place of an element of a tensor's copy block, if there is one.
    pub(crate) fn copied(&self, tensor: TensorId, block: Block, index: usize) -> Option<Place> {
        self.blocks.get(&(self.root(tensor), block, index)).copied()
    }

    /// The tensor whose cells a tensor's are (through Reshape).
    pub(crate) fn root(&self, tensor: TensorId) -> TensorId {
        root(&self.graph, tensor)
    }

    /// Elements of one channel of a tensor's cells: those of a `[1, c, h, w]` among its names; for the output of an
    /// elementwise op without one, those of the operand; else all.
    pub(crate) fn area(&self, tensor: TensorId) -> usize {
        let root = self.root(tensor);
        let infos = self.graph.tensors.iter().enumerate();
        let mut names = infos.filter(|(at, _)| self.root(TensorId(*at)) == root).map(|(_, info)| info);
        if let Some(info) = names.find(|info| info.shape.len() == 4) {
            return info.shape[2] * info.shape[3];
        }
        let producer = self.graph.nodes.iter().find(|node| node.output == root);
        producer.map_or(self.graph.tensors[root.0].len(), |node| match surface(&node.op).outputs {
            Outputs::Channels(_) => self.area(node.inputs[0]),
            Outputs::Joined => self.graph.tensors[root.0].len(),
            Outputs::None => panic!("{} makes no cells, or [1, c, h, w]", node.name),
        })
    }

    /// An element of every channel of a tensor, each at another place of its plane.
    pub(crate) fn one_a_channel(&self, tensor: TensorId) -> Vec<usize> {
        let (area, len) = (self.area(tensor), self.graph.tensors[tensor.0].len());
        let elements = (0..len.div_ceil(area)).map(|channel| channel * area + (area / 2 + channel) % area);
        elements.collect()
    }

    pub(crate) fn flag(&self, column: Fixed, row: usize) -> bool {
        self.layout.fixed_at(column, row) != Fr::ZERO
    }

    pub(crate) fn cell(&self, column: Advice, row: usize) -> Fr {
        self.columns.get(&self.layout, column, row)
    }

    /// Whether an element of a copy block is read by wire.
    pub(crate) fn wired(&self, (row, lane): Place) -> bool {
        self.flag(Fixed::Reads(lane), row)
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

    /// The copies whose names start with a word.
    pub(crate) fn copies_named(&self, start: &'static str) -> impl Iterator<Item = &CopyConstraint> {
        self.layout.copies.iter().filter(move |copy| self.layout.copy_name(copy).starts_with(start))
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

fn root(graph: &QuantizedGraph, tensor: TensorId) -> TensorId {
    match graph.nodes.iter().find(|node| node.output == tensor && matches!(node.op, Op::Reshape(_))) {
        Some(reshape) => root(graph, reshape.inputs[0]),
        None => tensor,
    }
}

/// Places of elements that no requantisation makes, by what their block is for.
fn blocks(layout: &Layout) -> HashMap<(TensorId, Block, usize), Place> {
    let mut blocks = HashMap::new();
    let elements = layout.elements().unwrap();
    let mut at = 0;
    for (_, block) in layout.blocks() {
        let of = &elements[at..at + block.len()];
        at += block.len();
        let (Committed::Bytes { tensor } | Committed::Copies { tensor, .. }) = block.cells else { continue };
        let tensor = root(&layout.plan.graph, tensor);
        let input = tensor == layout.plan.graph.input;
        let known = |kind| blocks.contains_key(&(tensor, kind, 0));
        let kind = match block.g {
            _ if input && !known(Block::Input) => Block::Input,
            Some(Sums::Words) if input && layout.shape.lanes.activations > 1 && !known(Block::InputWords) => {
                Block::InputWords
            }
            Some(Sums::Words) => Block::Words,
            Some(Sums::Maxima) => Block::Windows,
            Some(Sums::Planes(_)) => Block::Planes,
            Some(Sums::Vector { .. }) | None => Block::Maxima,
        };
        for (row, lane, element) in of {
            let (Element::Byte { index, .. } | Element::Copy { index, .. }) = element else { panic!("{element:?}") };
            assert_eq!(blocks.insert((tensor, kind, *index), (*row, *lane)), None, "{kind:?} of {tensor:?} twice");
        }
    }
    blocks
}

/// Stack, row and tuple of every entry of the tables.
pub(crate) fn entries(layout: &Layout) -> impl Iterator<Item = ((u8, usize), [Fr; 4])> {
    let rows = move |stack| (1..layout.report().table_rows).map(move |row| (stack, row));
    let tuple = |(stack, row)| Fixed::entry(stack).map(|column| layout.fixed_at(column, row));
    layout.shape.lanes.of_tables().flat_map(rows).map(move |at| (at, tuple(at)))
}

/// Lanes of a case: with more activation lanes, more stacks of tables too.
fn lanes(activations: usize, weights: usize) -> Lanes {
    Lanes::new(activations, weights).with_tables([1, 2, 4, 2][activations.ilog2() as usize])
}

/// What makes a case in some number of activation lanes.
type Maker = fn(usize) -> Case;

/// Every case in one activation lane, and each in some number of several.
pub(crate) fn all() -> Vec<Case> {
    let makers: [(Maker, usize); 8] = [
        (cnn, 4),
        (residual, 2),
        (pooled_output, 8),
        (fork, 4),
        (flat_rescale, 8),
        (planes_of_a_dense, 2),
        (pools, 8),
        (other_planes, 4),
    ];
    makers.into_iter().flat_map(|(make, several)| [make(1), make(several)]).collect()
}

/// Conv 2 -> 2 (3x3, pads 1, one multiplier a channel, Relu at zero point 5), `MaxPool`, Flatten, Dense 12 -> 3, `i8`; two
/// weight lanes, so that the dense segments are padded. The image makes an exact tie and a raw 0 in the scores.
pub(crate) fn cnn(activations: usize) -> Case {
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
            ("flatten", Op::Reshape(Reshape), &[2], 3),
            ("dense", Op::Dense(dense(&mut numbers, 12, 3, signed(64, -2))), &[3], 4),
        ],
    );
    Case::new(graph, lanes(activations, 2), |graph, trace| {
        let conv = graph.nodes[0].op.requantise().unwrap();
        let tie = |(at, acc): (usize, &i64)| (acc * conv.multiplier(at / 24) as i64).rem_euclid(64) == 32;
        let raw = |acc: &i64| graph.nodes[3].op.requantise().unwrap().round(*acc, 0);
        let scores = trace.output(graph);
        trace.accumulators[0].iter().enumerate().any(tie)
            && raw(&trace.accumulators[3][1]) == 0
            && scores.iter().all(|z| (-120..120).contains(z))
    })
}

/// `i8` input read by Conv 2 -> 2 and Add; Rescale; Flatten; Dense 24 -> 5; one weight lane, so that segments have several rows.
pub(crate) fn residual(activations: usize) -> Case {
    let mut numbers = Numbers::new(5);
    let relu = Requantise { multipliers: vec![3], divisor: 7, zero_point: -100, low: -100, high: 127 };
    let scores = Requantise { multipliers: vec![1, 2, 1, 3, 1], divisor: 64, zero_point: 9, low: 0, high: 255 };
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
        trace.output(graph).iter().filter(|z| (3..250).contains(*z)).count() > 3
    })
}

/// Conv 1 -> 3 (2x2, no pads) over two weight lanes, `MaxPool` as the graph's output: the maxima are packed from a copy block.
pub(crate) fn pooled_output(activations: usize) -> Case {
    let mut numbers = Numbers::new(8);
    let rule = Requantise { multipliers: vec![1], divisor: 10, zero_point: 30, low: 0, high: 255 };
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
        trace.output(graph).iter().filter(|z| (3..250).contains(*z)).count() > 15
    })
}

/// Conv 1 -> 2, read by `MaxPool` (through a copy block) and by a second Conv (2 -> 2, 4x6, pads unlike on every side); Add of
/// both is the output.
pub(crate) fn fork(activations: usize) -> Case {
    let mut numbers = Numbers::new(21);
    let rule = |divisor, zero_point| Requantise { multipliers: vec![1], divisor, zero_point, low: 0, high: 255 };
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
        trace.output(graph).iter().filter(|z| (3..250).contains(*z)).count() > 9 && spread(&trace.values[1]) > 10
    })
}

/// A Rescale behind a Flatten of two channels, its 40 `i8` elements the output: two words.
pub(crate) fn flat_rescale(activations: usize) -> Case {
    let rule = Requantise { multipliers: vec![1], divisor: 3, zero_point: -20, low: -128, high: 127 };
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
    let rule = |divisor, zero_point| Requantise { multipliers: vec![1], divisor, zero_point, low: 0, high: 255 };
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
        trace.output(graph).iter().filter(|z| (-120..120).contains(*z)).count() > 9
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
    let rule = Requantise { multipliers: vec![1], divisor: 16, zero_point: 100, low: 0, high: 255 };
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
        trace.output(graph).iter().filter(|z| (3..250).contains(*z)).count() > 9
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
