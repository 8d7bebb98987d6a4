//! [`Planner`]: a plan in the making, and what ops lower to.

use std::collections::HashMap;

use assay_models::{DType, Intervals, QuantizedGraph, Requantise, TensorId, intervals};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::planes::{self, Planes};
use super::{Block, Claim, Committed, Identity, Order, Plan, PublicWord, Scalar, Side, Step, Sums, Value, WeightedSum};
use crate::error::CircuitError;
use crate::field::integer;
use crate::ops::{self, Reading};
use crate::pairs::pairs;
use crate::plan::WORD_BYTES;
use crate::tables::Tables;

/// What a tensor's consumers read of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Reads {
    /// Its fingerprint (linear ops).
    plane: bool,
    /// The maxima of its 2x2 windows.
    pooled: bool,
    /// Its packed bytes (graph output).
    packed: bool,
}

/// A plan in the making.
pub(crate) struct Planner<'a> {
    pub(crate) graph: &'a QuantizedGraph,
    intervals: Intervals,
    pub(super) plan: Plan,
    /// Scalars that are made once.
    pub(super) shared: HashMap<Scalar, Value>,
    /// Fingerprint of every channel of a tensor, by the planes it is read as.
    fingerprints: HashMap<(TensorId, Planes), Vec<Value>>,
    /// For every tensor the one whose cells it shares (through Reshape).
    roots: Vec<TensorId>,
    reads: HashMap<TensorId, Reads>,
    planes: HashMap<TensorId, Planes>,
}

impl<'a> Planner<'a> {
    /// The plan of a valid graph.
    pub(super) fn plan(graph: &'a QuantizedGraph) -> Result<Plan, CircuitError> {
        let intervals = intervals(graph)?;
        let roots = planes::roots(graph)?;
        let plan = Plan {
            graph: graph.clone(),
            blocks: Vec::new(),
            scalars: Vec::new(),
            weighted_sums: Vec::new(),
            identities: Vec::new(),
            words: Vec::new(),
            steps: Vec::new(),
            tables: Tables::planned(graph, &intervals)?,
            splits: vec![None; graph.nodes.len()],
        };
        let mut planner = Self {
            graph,
            intervals,
            plan,
            shared: HashMap::new(),
            fingerprints: HashMap::new(),
            planes: planes::find(graph, &roots)?,
            roots,
            reads: HashMap::new(),
        };
        planner.find_reads()?;
        planner.input()?;
        for (index, node) in graph.nodes.iter().enumerate() {
            ops::lower(&mut planner, index, node)?;
        }
        let value = planner.scalar(Scalar::Context);
        planner.publish(PublicWord::Context { value });
        Ok(planner.plan)
    }

    /// The tensor whose cells a tensor's are (through Reshape).
    fn root(&self, tensor: TensorId) -> Result<TensorId, CircuitError> {
        self.roots.get(tensor.0).copied().ok_or(CircuitError::Invariant("tensor index"))
    }

    /// The planes in which a tensor's cells are laid.
    pub(crate) fn planes(&self, tensor: TensorId) -> Result<Planes, CircuitError> {
        let root = self.root(tensor)?;
        self.planes.get(&root).copied().ok_or(CircuitError::Invariant("every tensor has planes"))
    }

    /// The planes of a tensor that an op reads as `[1, c, h, w]`.
    pub(crate) fn image(&self, tensor: TensorId) -> Result<Planes, CircuitError> {
        let shape = &self.graph.tensor(tensor)?.shape;
        Planes::of_shape(shape).ok_or(CircuitError::Invariant("a window slides over [1, c, h, w]"))
    }

    /// Zero point of a tensor.
    pub(crate) fn zero_point(&self, tensor: TensorId) -> Result<i64, CircuitError> {
        Ok(i64::from(self.graph.tensor(tensor)?.zero_point))
    }

    /// Fingerprints of a tensor read as some planes, one a channel. Where its cells are laid in other planes, a second set of cells
    /// is committed and tied to the first.
    pub(crate) fn fingerprints(&mut self, tensor: TensorId, planes: Planes) -> Result<Vec<Value>, CircuitError> {
        let key = (self.root(tensor)?, planes);
        if !self.fingerprints.contains_key(&key) {
            let laid = self.planes(tensor)?;
            if laid == planes || laid.len() != planes.len() {
                return Err(CircuitError::Invariant("a tensor is committed before it is read, with all its elements"));
            }
            let block = self.repeat(tensor, Sums::Planes(planes))?;
            self.keep_fingerprints(tensor, planes, self.values(block, Side::G)?)?;
        }
        self.fingerprints.get(&key).cloned().ok_or(CircuitError::Invariant("a tensor is committed before it is read"))
    }

    /// Commits what a node's accumulators are requantised to. The left side of the node's identity is one fingerprint for each channel.
    pub(crate) fn requantised_planes(&mut self, node: usize, rule: &Requantise) -> Result<Vec<Value>, CircuitError> {
        let planes = self.planes(self.output(node)?)?;
        let block = self.requantised(node, Sums::Planes(planes), rule)?;
        self.values(block, Side::F)
    }

    /// As [`Planner::requantised_planes`], with one fingerprint of all accumulators in `r`.
    pub(crate) fn requantised_vector(&mut self, node: usize, rule: &Requantise) -> Result<Value, CircuitError> {
        let block = self.requantised(node, Sums::Vector, rule)?;
        Ok(Value::Fingerprint { block, side: Side::F, index: 0 })
    }

    /// Commits the accumulators of a node outside the rectangle that its op wants, for every channel of the full planes. Fingerprints
    /// of the rectangles, channel by channel.
    pub(crate) fn ring(
        &mut self,
        node: usize,
        full: Planes,
        rectangles: Vec<[usize; 4]>,
    ) -> Result<Vec<Value>, CircuitError> {
        if rectangles.is_empty() {
            return Ok(Vec::new());
        }
        let cells = Committed::Ring { node, rectangles };
        let block = Block { cells, planes: full, order: Order::Rows, f: Sums::Planes(full), g: None, tags: None };
        let block = self.block(block);
        self.values(block, Side::F)
    }

    /// The right side of a linear layer.
    pub(crate) fn weighted_sum(&mut self, sum: WeightedSum) -> Value {
        let index = self.plan.weighted_sums.len();
        self.plan.weighted_sums.push(sum);
        self.plan.steps.push(Step::WeightedSum(index));
        Value::WeightedSum(index)
    }

    /// Claims that two values are equal, of a node's op; `sides` says which they are.
    pub(crate) fn equal(&mut self, node: usize, sides: &'static str, left: Value, right: Value) {
        self.identity(Identity { claim: Claim::Node { node, sides }, channel: None, left, right });
    }

    /// Claims that the values of two lists are equal, in pairs, one for each channel.
    ///
    /// # Errors
    /// Lists of unlike length: a value without a partner would be bound by nothing.
    pub(crate) fn equal_all(
        &mut self,
        node: usize,
        sides: &'static str,
        left: &[Value],
        right: &[Value],
    ) -> Result<(), CircuitError> {
        self.claim_all(Claim::Node { node, sides }, left, right)
    }

    fn claim_all(&mut self, claim: Claim, left: &[Value], right: &[Value]) -> Result<(), CircuitError> {
        for (channel, (left, right)) in pairs(left, right)?.enumerate() {
            self.identity(Identity { claim, channel: Some(channel), left: *left, right: *right });
        }
        Ok(())
    }

    fn identity(&mut self, identity: Identity) {
        self.plan.steps.push(Step::Identity(self.plan.identities.len()));
        self.plan.identities.push(identity);
    }

    fn publish(&mut self, word: PublicWord) {
        self.plan.steps.push(Step::Word(self.plan.words.len()));
        self.plan.words.push(word);
    }

    fn block(&mut self, block: Block) -> usize {
        let index = self.plan.blocks.len();
        self.plan.tables.relu |= block.order == Order::Windows;
        self.plan.blocks.push(block);
        self.plan.steps.push(Step::Block(index));
        index
    }

    /// The sums over a block on a side.
    fn values(&self, block: usize, side: Side) -> Result<Vec<Value>, CircuitError> {
        let count = self.plan.block(block)?.count(side);
        Ok((0..count).map(|index| Value::Fingerprint { block, side, index }).collect())
    }

    fn output(&self, node: usize) -> Result<TensorId, CircuitError> {
        Ok(self.graph.nodes.get(node).ok_or(CircuitError::Invariant("node index"))?.output)
    }

    /// Keeps the fingerprints of a tensor read as some planes, one a channel.
    fn keep_fingerprints(&mut self, tensor: TensorId, planes: Planes, values: Vec<Value>) -> Result<(), CircuitError> {
        if values.len() != planes.channels {
            return Err(CircuitError::Invariant("a fingerprint a channel"));
        }
        let key = (self.root(tensor)?, planes);
        self.fingerprints.insert(key, values);
        Ok(())
    }

    /// The graph's input: every element range-checked, its fingerprint, its public words.
    fn input(&mut self) -> Result<(), CircuitError> {
        let tensor = self.graph.input;
        let planes = self.planes(tensor)?;
        let block = self.bytes(tensor, Order::Rows, Sums::Words)?;
        self.publish_words(tensor, block, |index, value| PublicWord::Input { index, value })?;
        self.keep_fingerprints(tensor, planes, self.values(block, Side::F)?)?;
        self.read_again(tensor, self.reads(tensor)?)
    }

    /// The block of a requantised tensor, and whatever else is read of it.
    fn requantised(&mut self, node: usize, f: Sums, rule: &Requantise) -> Result<usize, CircuitError> {
        let output = self.output(node)?;
        self.dtype(output)?;
        let reads = self.reads(output)?;
        let alone = [reads.plane, reads.pooled, reads.packed].into_iter().filter(|read| *read).count() == 1;
        let planes = self.planes(output)?;
        let (order, g) = match (alone, f) {
            (true, Sums::Planes(_)) if reads.pooled => (Order::Windows, Sums::Maxima),
            (true, _) if reads.packed => (Order::Rows, Sums::Words),
            _ => (Order::Rows, Sums::Planes(planes)),
        };
        let interval = self.intervals.accumulators.get(node).copied().flatten();
        let interval = interval.ok_or(CircuitError::Invariant("accumulators have an interval"))?;
        let laid = self.graph.nodes.get(node).ok_or(CircuitError::Invariant("node index"))?;
        let (tags, split) = self.plan.tables.requantise(laid, rule, interval)?;
        *self.plan.splits.get_mut(node).ok_or(CircuitError::Invariant("node index"))? = Some(split);
        let cells = Committed::Requantised { node };
        let block = self.block(Block { cells, planes, order, f, g: Some(g), tags: Some(tags) });
        match g {
            Sums::Maxima => self.pooled(output, block)?,
            Sums::Words => self.publish_output(output, block)?,
            Sums::Planes(_) | Sums::Vector => {
                self.keep_fingerprints(output, planes, self.values(block, Side::G)?)?;
                self.read_again(output, reads)?;
            }
        }
        Ok(block)
    }

    /// Second sets of cells for what is read of a tensor beside its fingerprint.
    fn read_again(&mut self, tensor: TensorId, reads: Reads) -> Result<(), CircuitError> {
        if reads.pooled {
            let block = self.repeat(tensor, Sums::Maxima)?;
            self.pooled(tensor, block)?;
        }
        if reads.packed {
            let block = self.repeat(tensor, Sums::Words)?;
            self.publish_output(tensor, block)?;
        }
        Ok(())
    }

    /// A second set of cells for a tensor, tied to its own by equal fingerprints.
    fn repeat(&mut self, tensor: TensorId, g: Sums) -> Result<usize, CircuitError> {
        let originals = self.fingerprints(tensor, self.planes(tensor)?)?;
        let order = if g == Sums::Maxima { Order::Windows } else { Order::Rows };
        let block = self.bytes(tensor, order, g)?;
        self.claim_all(Claim::Repeats { block, tensor }, &self.values(block, Side::F)?, &originals)?;
        Ok(block)
    }

    /// Range-checked elements of a tensor.
    fn bytes(&mut self, tensor: TensorId, order: Order, g: Sums) -> Result<usize, CircuitError> {
        let planes = self.planes(tensor)?;
        let tags = self.plan.tables.bytes(self.dtype(tensor)?);
        let cells = Committed::Bytes { tensor };
        Ok(self.block(Block { cells, planes, order, f: Sums::Planes(planes), g: Some(g), tags: Some(tags) }))
    }

    /// The maxima of a block are the outputs of the MaxPool nodes that read its tensor.
    fn pooled(&mut self, source: TensorId, block: usize) -> Result<(), CircuitError> {
        let root = self.root(source)?;
        for (index, node) in self.graph.nodes.iter().enumerate() {
            let [input] = node.inputs.as_slice() else { continue };
            if ops::circuit(&node.op).reads() != Reading::Maxima || self.root(*input)? != root {
                continue;
            }
            // Its windows are those that the cells are laid in, or it is refused before anything rests on them.
            ops::lower(self, index, node)?;
            let output = node.output;
            self.keep_fingerprints(output, self.planes(output)?, self.values(block, Side::G)?)?;
            self.read_again(output, self.reads(output)?)?;
        }
        Ok(())
    }

    fn publish_output(&mut self, tensor: TensorId, block: usize) -> Result<(), CircuitError> {
        self.publish_words(tensor, block, |index, value| PublicWord::Output { index, value })
    }

    /// Publishes the words of a tensor's block; signed bytes are shifted by 128.
    fn publish_words(
        &mut self,
        tensor: TensorId,
        block: usize,
        word: fn(usize, Value) -> PublicWord,
    ) -> Result<(), CircuitError> {
        let len = self.plan.block(block)?.len();
        let signed = self.dtype(tensor)? == DType::I8;
        for (index, packed) in self.values(block, Side::G)?.into_iter().enumerate() {
            let bytes = WORD_BYTES.min(len - index * WORD_BYTES);
            let shift = (0..bytes).fold(Fr::ZERO, |acc, _| acc * Fr::from(256) + integer(128));
            let value = if signed { self.shifted(packed, shift) } else { packed };
            self.publish(word(index, value));
        }
        Ok(())
    }

    /// The type of a tensor's elements, if they can be range-checked.
    fn dtype(&self, tensor: TensorId) -> Result<DType, CircuitError> {
        let info = self.graph.tensor(tensor)?;
        match info.dtype {
            DType::U8 | DType::I8 => Ok(info.dtype),
            other => Err(CircuitError::Unsupported {
                node: info.name.clone(),
                what: format!("an element type of {other:?}"),
                expected: "u8 or i8 tensors".to_owned(),
            }),
        }
    }

    /// What is read of a tensor's cells; nothing, for a tensor that no node reads.
    fn reads(&self, tensor: TensorId) -> Result<Reads, CircuitError> {
        Ok(self.reads.get(&self.root(tensor)?).copied().unwrap_or_default())
    }

    fn find_reads(&mut self) -> Result<(), CircuitError> {
        for node in &self.graph.nodes {
            for input in &node.inputs {
                let root = self.root(*input)?;
                let reads = self.reads.entry(root).or_default();
                match ops::circuit(&node.op).reads() {
                    Reading::Nothing => {}
                    Reading::Maxima => reads.pooled = true,
                    Reading::Fingerprints => reads.plane = true,
                }
            }
        }
        let output = self.root(self.graph.output)?;
        self.reads.entry(output).or_default().packed = true;
        Ok(())
    }
}
