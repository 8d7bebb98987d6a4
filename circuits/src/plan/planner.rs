//! [`Planner`]: a plan in the making, and what ops lower to.

use std::collections::HashMap;
use std::sync::Arc;

use assay_models::ops::Pick;
use assay_models::{DType, End, Intervals, Node, PublicWord, QuantizedGraph, Requantise, TensorId, intervals};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::planes::{self, Planes};
use super::{
    Block, Claim, Committed, Copied, Identity, Order, Owner, Plan, Published, Rectangle, Scalar, Side, Source, Step,
    Sums, Value, WeightedSum,
};
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
    /// Its packed bytes (a graph output).
    packed: bool,
}

/// A plan in the making.
pub(crate) struct Planner<'a> {
    pub(crate) graph: &'a QuantizedGraph,
    intervals: Intervals,
    pub(super) plan: Plan,
    /// What entries are made for now.
    pub(super) owner: Owner,
    /// Rows of the tables that some block has added.
    counted: usize,
    /// The block that holds the cells of a tensor.
    own: HashMap<TensorId, usize>,
    /// Elements that have a position on the wire.
    exposed: usize,
    /// Where each element of a gathered tensor is read.
    gathered: HashMap<TensorId, Arc<[Source]>>,
    /// The blocks of constants.
    constants: HashMap<i64, usize>,
    /// Scalars that are made once.
    pub(super) shared: HashMap<Scalar, Value>,
    /// Fingerprint of every channel of a tensor, by the planes it is read as.
    fingerprints: HashMap<(TensorId, Planes), Vec<Value>>,
    /// Packed elements of the tensors that enter or leave the graph, a value for each public word.
    words: HashMap<TensorId, Vec<Value>>,
    /// For every tensor the one whose cells it shares (through Reshape).
    roots: Vec<TensorId>,
    reads: HashMap<TensorId, Reads>,
    planes: HashMap<TensorId, Planes>,
}

impl<'a> Planner<'a> {
    /// The plan of a valid graph.
    pub(super) fn plan(graph: &'a QuantizedGraph, activation_lanes: usize, parts: usize) -> Result<Plan, CircuitError> {
        let intervals = intervals(graph)?;
        let roots = planes::roots(graph)?;
        let plan = Plan {
            graph: graph.clone(),
            activation_lanes,
            parts,
            blocks: Vec::new(),
            scalars: Vec::new(),
            weighted_sums: Vec::new(),
            identities: Vec::new(),
            words: Vec::new(),
            steps: Vec::new(),
            makers: Vec::new(),
            table_rows: Vec::new(),
            tables: Tables::planned(graph, &intervals, parts)?,
            splits: vec![None; graph.nodes.len()],
        };
        let mut planner = Self {
            graph,
            intervals,
            counted: plan.tables.rows(),
            plan,
            owner: Owner::Input,
            own: HashMap::new(),
            exposed: 0,
            gathered: HashMap::new(),
            constants: HashMap::new(),
            shared: HashMap::new(),
            fingerprints: HashMap::new(),
            words: HashMap::new(),
            planes: planes::find(graph, &roots)?,
            roots,
            reads: HashMap::new(),
        };
        planner.find_reads()?;
        graph.at(End::Input).into_iter().try_for_each(|tensor| planner.input(tensor))?;
        for (index, node) in graph.nodes.iter().enumerate() {
            planner.owner = Owner::Node(index);
            ops::lower(&mut planner, index, node)?;
        }
        planner.owner = Owner::Circuit;
        planner.publish()?;
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
            let root = self.root(tensor)?;
            let own = self.own.get(&root).copied();
            let committed = own.is_some() || self.gathered.contains_key(&root);
            if laid == planes && !committed || laid.len() != planes.len() {
                return Err(CircuitError::Invariant("a tensor is committed before it is read, with all its elements"));
            }
            let summed = own.filter(|block| laid == planes && self.sum_bytes(*block, planes));
            let values = if let Some(block) = summed {
                self.values(block, Side::F)?
            } else {
                let block = self.repeat(tensor, Sums::Planes(planes))?;
                self.values(block, Side::G)?
            };
            self.keep_fingerprints(tensor, planes, values)?;
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
        let apart =
            self.plan.activation_lanes > 1 && rule.multipliers.iter().any(|m| Some(m) != rule.multipliers.first());
        let block = self.requantised(node, Sums::Vector { apart }, rule)?;
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
        // A narrow rectangle is laid by columns where that takes fewer rows.
        let rows = |[length, segments]: [usize; 2]| length.div_ceil(self.plan.activation_lanes) * segments;
        let rectangles = rectangles.into_iter().map(|at| {
            let [_, _, height, width] = at;
            Rectangle { at, by_columns: rows([height, width]) < rows([width, height]) }
        });
        let cells = Committed::Ring { node, rectangles: rectangles.collect() };
        let block = self.block(Block {
            cells,
            planes: full,
            order: Order::Rows,
            f: Some(Sums::Planes(full)),
            g: None,
            position: None,
            tags: None,
            padding: 0,
        });
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

    /// As [`Planner::equal`], of one group of channels.
    pub(crate) fn equal_in_group(&mut self, node: usize, sides: &'static str, group: usize, [left, right]: [Value; 2]) {
        self.identity(Identity { claim: Claim::Node { node, sides }, channel: Some(group), left, right });
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

    /// Publishes a value for every word of the graph.
    fn publish(&mut self) -> Result<(), CircuitError> {
        for word in self.graph.public_words()? {
            let value = match &word {
                PublicWord::Elements { tensor, elements, .. } => {
                    let words = self.words.get(&self.root(*tensor)?);
                    let value = words.and_then(|words| words.get(elements.start / WORD_BYTES)).copied();
                    value.ok_or(CircuitError::Invariant("a tensor that enters or leaves the graph is packed"))?
                }
                PublicWord::Context => self.scalar(Scalar::Context),
            };
            self.plan.steps.push(Step::Word(self.plan.words.len()));
            self.plan.words.push(Published { word, value });
        }
        Ok(())
    }

    fn block(&mut self, block: Block) -> usize {
        let index = self.plan.blocks.len();
        self.plan.tables.relu |= block.order == Order::Windows;
        let rows = self.plan.tables.rows();
        self.plan.table_rows.push(rows - self.counted);
        self.counted = rows;
        self.plan.blocks.push(block);
        self.plan.steps.push(Step::Block(index));
        index
    }

    /// Lets f sum a block of range-checked elements; whether it is one.
    fn sum_bytes(&mut self, block: usize, planes: Planes) -> bool {
        match self.plan.blocks.get_mut(block) {
            Some(block) if matches!(block.cells, Committed::Bytes { .. }) => {
                block.f = Some(Sums::Planes(planes));
                true
            }
            _ => false,
        }
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

    /// An input of the graph: every element range-checked, its fingerprint, its public words.
    fn input(&mut self, tensor: TensorId) -> Result<(), CircuitError> {
        let planes = self.planes(tensor)?;
        let words = if self.plan.activation_lanes == 1 {
            let block = self.bytes(tensor, Order::Rows, Some(Sums::Planes(planes)), Some(Sums::Words))?;
            self.keep_fingerprints(tensor, planes, self.values(block, Side::F)?)?;
            block
        } else {
            // Its fingerprint is summed once somebody asks for it.
            let block = self.bytes(tensor, Order::Rows, None, None)?;
            self.own.insert(self.root(tensor)?, block);
            self.repeat(tensor, Sums::Words)?
        };
        self.keep_words(tensor, words)?;
        self.read_again(tensor, self.reads(tensor)?)
    }

    /// The block of a requantised tensor, and whatever else is read of it.
    fn requantised(&mut self, node: usize, f: Sums, rule: &Requantise) -> Result<usize, CircuitError> {
        let output = self.output(node)?;
        let reads = self.reads(output)?;
        let alone = [reads.plane, reads.pooled, reads.packed].into_iter().filter(|read| *read).count() == 1;
        let planes = self.planes(output)?;
        let several = self.plan.activation_lanes > 1;
        let same_rows = match f {
            Sums::Vector { apart } => !apart && planes.width == planes.len(),
            Sums::Planes(_) | Sums::Maxima | Sums::Words => true,
        };
        let (order, g) = match (alone, f) {
            (true, Sums::Planes(_)) if reads.pooled => (Order::Windows, Some(Sums::Maxima)),
            (true, _) if reads.packed && !several => (Order::Rows, Some(Sums::Words)),
            _ if several && !(reads.plane && same_rows) => (Order::Rows, None),
            _ => (Order::Rows, Some(Sums::Planes(planes))),
        };
        let interval = self.intervals.accumulators.get(node).copied().flatten();
        let interval = interval.ok_or(CircuitError::Invariant("accumulators have an interval"))?;
        let laid = self.graph.nodes.get(node).ok_or(CircuitError::Invariant("node index"))?;
        let (tags, split) = self.plan.tables.requantise(laid, rule, interval)?;
        *self.plan.splits.get_mut(node).ok_or(CircuitError::Invariant("node index"))? = Some(split);
        let cells = Committed::Requantised { node };
        let padding = 0i64.clamp(interval.0, interval.1);
        let position = None;
        let block = self.block(Block { cells, planes, order, f: Some(f), g, position, tags: Some(tags), padding });
        if several {
            self.own.insert(self.root(output)?, block);
        }
        match g {
            Some(Sums::Maxima) => self.pooled(output, block)?,
            Some(Sums::Words) => self.keep_words(output, block)?,
            Some(Sums::Planes(_)) => {
                self.keep_fingerprints(output, planes, self.values(block, Side::G)?)?;
                self.read_again(output, reads)?;
            }
            // Whoever reads its fingerprint asks for copies.
            Some(Sums::Vector { .. }) | None => self.read_again(output, reads)?,
        }
        Ok(block)
    }

    /// Second sets of cells for what is read of a tensor beside its fingerprint.
    fn read_again(&mut self, tensor: TensorId, reads: Reads) -> Result<(), CircuitError> {
        if reads.pooled {
            let block = self.repeat(tensor, Sums::Maxima)?;
            self.pooled(tensor, block)?;
        }
        if reads.packed && !self.words.contains_key(&self.root(tensor)?) {
            let block = self.repeat(tensor, Sums::Words)?;
            self.keep_words(tensor, block)?;
        }
        Ok(())
    }

    /// A second set of cells for a tensor: with one activation lane range-checked elements that are tied to its own by equal fingerprints,
    /// with several copies by wire.
    fn repeat(&mut self, tensor: TensorId, g: Sums) -> Result<usize, CircuitError> {
        let order = if g == Sums::Maxima { Order::Windows } else { Order::Rows };
        if self.plan.activation_lanes == 1 {
            return self.tied(tensor, order, Some(g));
        }
        let of = self.sources(tensor)?;
        let (planes, cells) = (self.planes(tensor)?, Committed::Copies { tensor, of });
        let (f, position, tags) = (None, None, None);
        Ok(self.block(Block { cells, planes, order, f, g: Some(g), position, tags, padding: 0 }))
    }

    /// Range-checked elements of a tensor that are tied to its own cells, or to maxima, by equal fingerprints.
    fn tied(&mut self, tensor: TensorId, order: Order, g: Option<Sums>) -> Result<usize, CircuitError> {
        let originals = self.fingerprints(tensor, self.planes(tensor)?)?;
        let f = Some(Sums::Planes(self.planes(tensor)?));
        let block = self.bytes(tensor, order, f, g)?;
        self.claim_all(Claim::Repeats { block, tensor }, &self.values(block, Side::F)?, &originals)?;
        Ok(block)
    }

    /// Says where the elements of a node's output are read: it has no cells of its own, and whoever reads it reads copies.
    ///
    /// # Errors
    /// [`CircuitError::OneLane`]: there is no wire beside one activation lane.
    pub(crate) fn gather(
        &mut self,
        index: usize,
        node: &Node,
        picks: impl Iterator<Item = Pick>,
    ) -> Result<(), CircuitError> {
        if self.plan.activation_lanes == 1 {
            return Err(CircuitError::OneLane { node: node.name.clone() });
        }
        let operands = node.inputs.iter().map(|input| self.sources(*input)).collect::<Result<Vec<_>, _>>()?;
        let output = self.output(index)?;
        let zero_point = self.zero_point(output)?;
        let mut sources = Vec::with_capacity(self.graph.tensor(output)?.len());
        for pick in picks {
            sources.push(match pick {
                Pick::Element { operand, index } => {
                    let of = operands.get(operand).ok_or(CircuitError::Invariant("an operand of a Gather"))?;
                    of.source(index)?
                }
                Pick::Constant(value) => Source { block: self.constant(zero_point + i64::from(value)), index: 0 },
            });
        }
        if sources.len() != self.graph.tensor(output)?.len() {
            return Err(CircuitError::Unpaired { left: sources.len(), right: self.graph.tensor(output)?.len() });
        }
        self.gathered.insert(self.root(output)?, sources.into());
        self.read_again(output, self.reads(output)?)
    }

    /// Where the elements of a tensor are read: gathers of gathers are composed.
    fn sources(&mut self, tensor: TensorId) -> Result<Copied, CircuitError> {
        match self.gathered.get(&self.root(tensor)?) {
            Some(sources) => Ok(Copied::Gathered(Arc::clone(sources))),
            None => Ok(Copied::Whole(self.exposed(tensor)?)),
        }
    }

    /// The block of a constant, which is made once.
    fn constant(&mut self, value: i64) -> usize {
        if let Some(known) = self.constants.get(&value) {
            return *known;
        }
        let tags = Some(self.plan.tables.constant(value));
        let (cells, position) = (Committed::Constant { value }, Some(self.exposed));
        self.exposed += 1;
        let planes = Planes::vector(1);
        let block =
            self.block(Block { cells, planes, order: Order::Rows, f: None, g: None, position, tags, padding: value });
        self.constants.insert(value, block);
        block
    }

    /// The block whose elements, one for each of the tensor's, may be read by wire. Maxima have no cell of their own: theirs is made.
    fn exposed(&mut self, tensor: TensorId) -> Result<usize, CircuitError> {
        let root = self.root(tensor)?;
        let block = match self.own.get(&root) {
            Some(block) => *block,
            None => self.tied(tensor, Order::Rows, None)?,
        };
        self.own.insert(root, block);
        let (first, of) =
            (self.exposed, self.plan.blocks.get_mut(block).ok_or(CircuitError::Invariant("block index"))?);
        if of.position.is_none() {
            of.position = Some(first);
            self.exposed += of.len();
        }
        Ok(block)
    }

    /// Range-checked elements of a tensor.
    fn bytes(
        &mut self,
        tensor: TensorId,
        order: Order,
        f: Option<Sums>,
        g: Option<Sums>,
    ) -> Result<usize, CircuitError> {
        let planes = self.planes(tensor)?;
        let tags = self.plan.tables.bytes(self.dtype(tensor)?);
        let cells = Committed::Bytes { tensor };
        Ok(self.block(Block { cells, planes, order, f, g, position: None, tags: Some(tags), padding: 0 }))
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
            let before = std::mem::replace(&mut self.owner, Owner::Node(index));
            ops::lower(self, index, node)?;
            let output = node.output;
            self.keep_fingerprints(output, self.planes(output)?, self.values(block, Side::G)?)?;
            self.read_again(output, self.reads(output)?)?;
            self.owner = before;
        }
        Ok(())
    }

    /// Keeps the words that a block of all elements of a tensor sums; signed bytes are shifted by 128.
    fn keep_words(&mut self, tensor: TensorId, block: usize) -> Result<(), CircuitError> {
        let len = self.graph.tensor(tensor)?.len();
        let signed = self.dtype(tensor)? == DType::I8;
        let packed = self.values(block, Side::G)?;
        if packed.len() != len.div_ceil(WORD_BYTES) {
            return Err(CircuitError::Unpaired { left: packed.len(), right: len.div_ceil(WORD_BYTES) });
        }
        let mut words = Vec::with_capacity(packed.len());
        for (index, packed) in packed.into_iter().enumerate() {
            let bytes = WORD_BYTES.min(len - index * WORD_BYTES);
            let shift = (0..bytes).fold(Fr::ZERO, |acc, _| acc * Fr::from(256) + integer(128));
            words.push(if signed { self.shifted(packed, shift) } else { packed });
        }
        self.words.insert(self.root(tensor)?, words);
        Ok(())
    }

    /// The type of a tensor's elements, if they can be range-checked.
    pub(crate) fn dtype(&self, tensor: TensorId) -> Result<DType, CircuitError> {
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
                    Reading::Nothing | Reading::Elements => {}
                    Reading::Maxima => reads.pooled = true,
                    Reading::Fingerprints => reads.plane = true,
                }
            }
        }
        for output in self.graph.at(End::Output) {
            let root = self.root(output)?;
            self.reads.entry(root).or_default().packed = true;
        }
        Ok(())
    }
}
