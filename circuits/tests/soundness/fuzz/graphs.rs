//! A random network from a seed.

mod newer;

use assay_circuits::{CircuitError, Lanes, Layout};
use assay_models::ops::{Add, Conv, Dense, MaxPool, Rescale, Reshape};
use assay_models::samples::{Numbers, inputs};
use assay_models::{DType, Node, Op, QuantizedGraph, Requantise, TensorId, TensorInfo, Trace, interpret};

/// Most elements of a tensor.
const ELEMENTS: usize = 120;

/// A network and an inference.
pub(crate) struct Network {
    pub(crate) seed: u64,
    pub(crate) graph: QuantizedGraph,
    pub(crate) lanes: Lanes,
    pub(crate) inputs: Vec<Vec<i64>>,
    pub(crate) trace: Trace,
}

impl Network {
    /// The network of a seed, in lanes that the seed decides.
    pub(crate) fn random(seed: u64) -> Self {
        Self::of(seed, true)
    }

    /// As [`Network::random`], without gathers, groups, functions and batches: what a seed stood for before there were any.
    pub(crate) fn without_newer_kinds(seed: u64) -> Self {
        Self::of(seed, false)
    }

    fn of(seed: u64, newer: bool) -> Self {
        let activations = [1, 2, 4, 8][seed as usize % 4];
        let mut maker = Maker::new(seed);
        maker.newer = newer;
        maker.gathers = newer && activations > 1;
        let steps = maker.below(6) + 1;
        for _ in 0..steps {
            maker.step();
        }
        let lanes = Lanes::new(activations, [1, 2, 3, 4, 5, 8][maker.below(6)]);
        let lanes = lanes.with_tables([1, 2, 4][(seed / 4) as usize % 3]).with_parts(1 + (seed / 12) as usize % 3);
        let graph = maker.finish();
        graph.validate().unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        let inputs = inputs(&graph, seed ^ 0xF00D);
        let trace = interpret(&graph, &inputs).unwrap();
        Self { seed, graph, lanes, inputs, trace }
    }

    /// Whether it has gathers, groups, functions and tensors between nodes that are wider than 8 bits.
    pub(crate) fn newer_kinds(&self) -> [bool; 4] {
        let has = |of: fn(&Op) -> bool| self.graph.nodes.iter().any(|node| of(&node.op));
        [
            has(|op| matches!(op, Op::Gather(_))),
            has(|op| matches!(op, Op::Conv(conv) if conv.group > 1)),
            has(|op| op.requantise().is_some_and(|rule| !rule.table.is_empty())),
            self.graph.tensors.iter().any(|info| info.dtype == DType::I32),
        ]
    }

    /// The layout, unless the network needs something that is not provable.
    pub(crate) fn layout(&self) -> Option<Layout> {
        match Layout::with_lanes(&self.graph, self.lanes) {
            Ok(layout) => Some(layout),
            Err(CircuitError::Unsupported { .. }) => None,
            Err(error) => panic!("seed {}: {error}\n{:#?}", self.seed, self.graph),
        }
    }
}

struct Maker {
    numbers: Numbers,
    /// Whether weights may be 0.
    zeros: bool,
    /// Whether there may be groups, functions and batches, and gathers too.
    newer: bool,
    gathers: bool,
    tensors: Vec<TensorInfo>,
    nodes: Vec<Node>,
    inputs: Vec<TensorId>,
    /// How many outputs there may be beside the last tensor.
    more_outputs: usize,
}

impl Maker {
    fn new(seed: u64) -> Self {
        let mut maker = Self {
            numbers: Numbers::new(seed),
            zeros: seed.is_multiple_of(4),
            newer: false,
            gathers: false,
            tensors: Vec::new(),
            nodes: Vec::new(),
            inputs: Vec::new(),
            more_outputs: if seed / 8 % 2 == 1 { (seed / 16) as usize % 3 + 1 } else { 0 },
        };
        let inputs = if seed / 4 % 2 == 1 { 2 + (seed / 16) as usize % 2 } else { 1 };
        (0..inputs).for_each(|_| maker.input());
        maker
    }

    fn input(&mut self) {
        let shape = if self.below(5) == 0 {
            vec![1, self.below(40) + 1]
        } else {
            vec![1, self.below(3) + 1, self.below(6) + 1, self.below(6) + 1]
        };
        let (dtype, zero_point) = self.element();
        let tensor = self.tensor(shape, dtype, zero_point);
        self.inputs.push(tensor);
    }

    fn below(&mut self, limit: usize) -> usize {
        self.numbers.between(0, limit as i64 - 1) as usize
    }

    fn element(&mut self) -> (DType, i32) {
        let dtype = [DType::U8, DType::I8][self.below(2)];
        // 0 often: then there is no zero-point term.
        let zero_point = if self.below(3) == 0 { 0 } else { self.numbers.between(dtype.min(), dtype.max()) as i32 };
        (dtype, zero_point)
    }

    fn tensor(&mut self, shape: Vec<usize>, dtype: DType, zero_point: i32) -> TensorId {
        let name = format!("t{}", self.tensors.len());
        self.tensors.push(TensorInfo { name, shape, dtype, scale: 1.0, zero_point });
        TensorId(self.tensors.len() - 1)
    }

    fn node(&mut self, op: Op, inputs: Vec<TensorId>, shape: Vec<usize>) -> TensorId {
        let first = &self.tensors[inputs[0].0];
        let (dtype, zero_point) = match op.requantise() {
            Some(rule) if !rule.table.is_empty() => newer::type_of(&rule.table),
            Some(rule) => (if rule.low < 0 { DType::I8 } else { DType::U8 }, rule.zero_point),
            None => (first.dtype, first.zero_point),
        };
        let name = format!("{}{}", op.name(), self.nodes.len());
        let output = self.tensor(shape, dtype, zero_point);
        self.nodes.push(Node { name, op, inputs, output });
        output
    }

    /// A rule whose tables are small for accumulators of up to a few thousand, now and then with a divisor far above them.
    fn rule(&mut self, channels: usize) -> Requantise {
        let (dtype, zero_point) = self.element();
        let count = if self.below(3) == 0 { channels } else { 1 };
        let divisor = match self.below(8) {
            0 => 1 << (self.below(6) + 12),
            1 => self.below(60) as u64 + 40,
            2 => 48 << self.below(3),
            _ => 32 << self.below(4),
        };
        let low = if dtype == DType::U8 && self.below(2) == 0 { zero_point } else { dtype.min() as i32 };
        let multipliers = self.numbers.many(count, 1, 5).into_iter().map(|m| m as u64).collect();
        let rule = Requantise { multipliers, divisor, zero_point, low, high: dtype.max() as i32, table: vec![] };
        let rule = match self.below(6) {
            // A handful of outputs: what reads them has few accumulators, down to a constant.
            0 => Requantise { high: (low + 1 + self.below(6) as i32).min(rule.high), ..rule },
            1 | 2 => self.shared(rule),
            _ => rule,
        };
        if self.newer { self.function(rule) } else { rule }
    }

    /// The outputs of an earlier node, with multipliers and a divisor of its own: the two may share a table.
    fn shared(&mut self, rule: Requantise) -> Requantise {
        let earlier: Vec<&Requantise> = self.nodes.iter().filter_map(|node| node.op.requantise()).collect();
        let Some(last) = earlier.len().checked_sub(1) else { return rule };
        let earlier = earlier[self.numbers.between(0, last as i64) as usize];
        let Requantise { zero_point, low, high, .. } = *earlier;
        Requantise { zero_point, low, high, table: earlier.table.clone(), ..rule }
    }

    /// Small weights. Every fourth network has zeros among them; in the others every fingerprint matters to every identity that reads it.
    fn weights(&mut self, count: usize) -> Vec<i16> {
        let values = if self.zeros { [-3, -2, -1, 0, 1, 2, 3].as_slice() } else { &[-3, -2, -1, 1, 2, 3] };
        (0..count).map(|_| values[self.below(values.len())]).collect()
    }

    /// One op more, on tensors made so far, the last one preferred.
    fn step(&mut self) {
        let last = self.tensors.len() - 1;
        let source = TensorId(if self.below(3) > 0 { last } else { self.below(last + 1) });
        if self.newer && self.newer_step(source) {
            return;
        }
        match self.below(12) {
            0..=2 => self.conv(source),
            3 => self.dense(source),
            4 | 5 => self.rescale(source),
            6 | 7 => self.add(source),
            8 | 9 => self.pool(source),
            _ => drop(self.reshape(source)),
        }
    }

    fn conv(&mut self, source: TensorId) {
        let source = self.planes(source);
        let [_, channels, height, width] = self.tensors[source.0].shape[..] else { unreachable!() };
        let outputs = self.below(5) + 1;
        let kernel = [self.below(3.min(height)) + 1, self.below(3.min(width)) + 1];
        let pads = [0, 1, 0, 1].map(|axis| self.below(kernel[axis]));
        let shape =
            vec![1, outputs, height + pads[0] + pads[2] + 1 - kernel[0], width + pads[1] + pads[3] + 1 - kernel[1]];
        if shape.iter().product::<usize>() > ELEMENTS {
            return self.rescale(source);
        }
        let op = Conv {
            weights: self.weights(outputs * channels * kernel[0] * kernel[1]).into(),
            weights_shape: [outputs, channels, kernel[0], kernel[1]],
            bias: self.numbers.many(outputs, -200, 200),
            pads,
            group: 1,
            requantise: self.rule(outputs),
        };
        self.node(Op::Conv(op), vec![source], shape);
    }

    fn dense(&mut self, source: TensorId) {
        let inputs = self.tensors[source.0].len();
        if inputs > 60 {
            return self.pool(source);
        }
        let source = match self.tensors[source.0].shape[..] {
            [1, _] => source,
            _ => self.node(Op::Reshape(Reshape), vec![source], vec![1, inputs]),
        };
        let outputs = if self.below(4) == 0 { self.below(30) + 31 } else { self.below(12) + 1 };
        let op = Dense {
            weights: self.weights(inputs * outputs).into(),
            outputs,
            inputs,
            bias: self.numbers.many(outputs, -200, 200),
            requantise: self.rule(outputs),
        };
        self.node(Op::Dense(op), vec![source], vec![1, outputs]);
    }

    fn rescale(&mut self, source: TensorId) {
        let shape = self.tensors[source.0].shape.clone();
        let op = Op::Rescale(Rescale { requantise: Requantise { divisor: self.below(9) as u64 + 1, ..self.rule(1) } });
        self.node(op, vec![source], shape);
    }

    /// With a tensor of equal shape, with one of as many elements behind a Reshape, or with itself.
    fn add(&mut self, source: TensorId) {
        let shape = self.tensors[source.0].shape.clone();
        let len = self.tensors[source.0].len();
        let others: Vec<usize> = (0..self.tensors.len()).filter(|at| self.tensors[*at].len() == len).collect();
        let other = TensorId(others[self.below(others.len())]);
        let other = if self.tensors[other.0].shape == shape {
            other
        } else {
            self.node(Op::Reshape(Reshape), vec![other], shape.clone())
        };
        let [mx, my] = [0, 1].map(|_| [-2, -1, 1, 2, 3][self.below(5)]);
        let op = Op::Add(Add { mx, my, requantise: self.rule(1) });
        self.node(op, vec![source, other], shape);
    }

    fn pool(&mut self, source: TensorId) {
        let [1, channels, height, width] = self.tensors[source.0].shape[..] else { return self.rescale(source) };
        if height % 2 != 0 || width % 2 != 0 || self.is_wide(source) {
            return self.rescale(source);
        }
        let op = Op::MaxPool(MaxPool);
        self.node(op, vec![source], vec![1, channels, height / 2, width / 2]);
    }

    /// To a vector, to three axes or to planes.
    fn reshape(&mut self, source: TensorId) -> TensorId {
        let len = self.tensors[source.0].len();
        let shape = match self.below(3) {
            0 => vec![1, len],
            1 => {
                let first = self.divisor(len);
                vec![1, first, len / first]
            }
            _ => return self.reshape_to_planes(source),
        };
        self.node(Op::Reshape(Reshape), vec![source], shape)
    }

    fn reshape_to_planes(&mut self, source: TensorId) -> TensorId {
        let len = self.tensors[source.0].len();
        let channels = self.divisor(len);
        let height = self.divisor(len / channels);
        self.node(Op::Reshape(Reshape), vec![source], vec![1, channels, height, len / channels / height])
    }

    /// The tensor itself, if it has planes.
    fn planes(&mut self, source: TensorId) -> TensorId {
        if let [1, _, _, _] = self.tensors[source.0].shape[..] { source } else { self.reshape_to_planes(source) }
    }

    fn divisor(&mut self, len: usize) -> usize {
        let divisors: Vec<usize> = (1..=len).filter(|d| len.is_multiple_of(*d)).collect();
        divisors[self.below(divisors.len())]
    }

    /// The last tensor is an output, and now and then others, an input or one that is there twice among them.
    fn finish(mut self) -> QuantizedGraph {
        self.narrow_last();
        let narrow: Vec<TensorId> = (0..self.tensors.len()).map(TensorId).filter(|at| !self.is_wide(*at)).collect();
        let mut outputs: Vec<TensorId> = (0..self.more_outputs).map(|_| narrow[self.below(narrow.len())]).collect();
        outputs.push(TensorId(self.tensors.len() - 1));
        QuantizedGraph::new("random", self.tensors, self.nodes, &self.inputs, &outputs)
    }
}
