//! [`Layout`]: where every cell of a network sits. A pure function of the graph; the halo2 circuit and the witness filler
//! read it, and nothing else decides positions. See `docs/circuit.md`, "Layout".

mod activations;
mod given;
mod planes;
mod scalars;
mod tables;
mod unsupported;
mod weights;

use std::collections::HashMap;

use assay_models::{Intervals, Node, QuantizedGraph, Split, TensorId, intervals};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use crate::cells::Cells;
use crate::columns::{Advice, Fixed, Shape};
use crate::error::CircuitError;
use crate::ops::{self, Reading};

pub use activations::Element;
pub(crate) use activations::Function;
pub(crate) use planes::{Planes, pairs};
pub(crate) use scalars::{ScalarRow, Sources};
use tables::{Tables, Tag};
pub use unsupported::unsupported as list_unsupported;
pub(crate) use weights::Values;

/// Rows at the end of the columns that hold no cells: halo2's five blinding factors and one more.
pub const UNUSABLE_ROWS: usize = 6;
/// Bytes packed into one public word.
pub const WORD_BYTES: usize = 31;
/// Largest supported circuit.
const MAX_K: u32 = 22;
const MIN_K: u32 = 6;
/// Proving work a row beside the weight lanes, in units of one fixed column: 33 columns (advice, permutation products,
/// quotient pieces, the flags together) of three units each.
const WORK_BESIDE_LANES: u64 = 99;
/// Widest supported weight row.
const MAX_LANES: usize = 256;
/// Widest weight row of a circuit of up to `2^LARGE_K` rows. A proof shows one word a lane, and a contract pays for each; where
/// a circuit with these lanes would be larger, proving time and memory decide instead.
const USUAL_LANES: usize = 64;
const LARGE_K: u32 = 18;

/// An advice cell or a public one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wire {
    /// Column and row.
    Advice(Advice, usize),
    /// Row of the instance column.
    Instance(usize),
}

/// Two cells that must be equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// What the equality means, for messages.
    pub name: String,
    /// One end.
    pub left: Wire,
    /// The other end.
    pub right: Wire,
}

/// Where every cell of a network sits.
#[derive(Debug)]
pub struct Layout {
    /// The network.
    pub graph: QuantizedGraph,
    /// Circuit size: `n = 2^k` rows.
    pub k: u32,
    /// Columns in use.
    pub shape: Shape,
    /// Fixed columns of up to `usable_rows` cells each, in the order of the shape.
    pub fixed: Vec<Cells>,
    /// Copy constraints.
    pub copies: Vec<Copy>,
    /// Public words: packed input, packed output, context.
    pub instances: usize,
    /// Row of every activation element, in row order.
    pub elements: Vec<(usize, Element)>,
    /// Row, tensor and index of every x cell.
    pub dense_inputs: Vec<(usize, TensorId, usize)>,
    pub(crate) scalars: Vec<ScalarRow>,
    /// Rows in use by weights and scalars, activations, tables.
    pub(crate) rows: Rows,
    tags: Vec<Tag>,
    /// How each node's accumulators are cut; `None` where an op has none.
    splits: Vec<Option<Split>>,
    pub(crate) counts: Counts,
}

/// Rows by region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) activations: usize,
    pub(crate) weights: usize,
    pub(crate) scalars: usize,
    pub(crate) tables: usize,
}

/// Assigned phase-0 cells by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) requantise: usize,
    pub(crate) bytes: usize,
    pub(crate) ring: usize,
    pub(crate) maximum: usize,
    pub(crate) weights: usize,
    pub(crate) padding: usize,
}

impl Layout {
    /// Plans the circuit of a graph: among the weight-lane counts 1, 2, 4, ... 64 the one with the smallest estimated
    /// proving work (`n` times the columns, a fixed lane counted a third of an advice column); 128 and 256 lanes count too where
    /// 64 would need more than `2^18` rows.
    ///
    /// # Errors
    /// [`CircuitError::Unsupported`] names the node without an identity; [`CircuitError::TableTooLarge`] and
    /// [`CircuitError::TooManyRows`] say what does not fit; interval errors of the model are passed on.
    pub fn plan(graph: &QuantizedGraph) -> Result<Self, CircuitError> {
        graph.validate()?;
        let intervals = intervals(graph)?;
        let widest = Builder::without_columns(graph, &intervals, MAX_LANES)?;
        let rows = |lanes| widest.rows_with(ops::weight_rows(graph, lanes)).next_power_of_two();
        let limit = if rows(USUAL_LANES) > 1 << LARGE_K { MAX_LANES } else { USUAL_LANES };
        let work = |lanes: &usize| rows(*lanes) as u64 * (WORK_BESIDE_LANES + *lanes as u64);
        let candidates = std::iter::successors(Some(1), |lanes| Some(2 * lanes)).take_while(|lanes| *lanes <= limit);
        let lanes = candidates.min_by_key(work).ok_or(CircuitError::Invariant("some lane count fits"))?;
        Builder::with_columns(graph, &intervals, lanes)?.finish()
    }

    /// The circuit of a graph with `lanes` weight lanes, 1 to 256.
    ///
    /// # Errors
    /// As [`Layout::plan`].
    pub fn with_lanes(graph: &QuantizedGraph, lanes: usize) -> Result<Self, CircuitError> {
        graph.validate()?;
        let intervals = intervals(graph)?;
        Builder::with_columns(graph, &intervals, lanes.clamp(1, MAX_LANES))?.finish()
    }

    /// Number of rows that may hold cells.
    pub fn usable_rows(&self) -> usize {
        (1usize << self.k) - UNUSABLE_ROWS
    }

    /// How a node's accumulators are cut for the lookups.
    ///
    /// # Errors
    /// A node without accumulators.
    pub fn split(&self, node: usize) -> Result<Split, CircuitError> {
        let split = self.splits.get(node).copied().flatten();
        split.ok_or(CircuitError::Invariant("a requantised node has a split"))
    }

    /// A fixed cell; zero where the shape lacks the column.
    pub fn fixed_at(&self, column: Fixed, row: usize) -> Fr {
        self.fixed_cells(column).map_or(Fr::ZERO, |cells| cells.get(row))
    }

    /// A fixed column; `None` where the shape lacks it.
    #[inline]
    pub fn fixed_cells(&self, column: Fixed) -> Option<&Cells> {
        self.shape.fixed_index(column).and_then(|index| self.fixed.get(index))
    }

    /// Table row of a tuple `(tag, v1, v2, v3)`.
    pub(crate) fn table_row(&self, tuple: [i64; 4]) -> Option<usize> {
        let columns = [Fixed::T0, Fixed::T1, Fixed::T2, Fixed::T3].map(|column| self.fixed_cells(column));
        let holds = |row: &usize| {
            let cells = columns.iter().map(|cells| cells.map_or(Some(0), |cells| cells.get_small(*row)));
            cells.eq(tuple.map(Some))
        };
        let [tag, value, ..] = tuple;
        let tag = usize::try_from(tag).ok().and_then(|tag| self.tags.get(tag))?;
        tag.rows_of(value).find(holds)
    }
}

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

/// A layout in the making: rows grow until [`Builder::finish`] knows how many there are.
pub(crate) struct Builder<'a> {
    pub(crate) graph: &'a QuantizedGraph,
    pub(crate) intervals: &'a Intervals,
    pub(crate) lanes: usize,
    /// By [`Fixed::slot`]; a column exists once a cell of it is not zero.
    fixed: Vec<Cells>,
    blocks: Vec<weights::Block>,
    copies: Vec<Copy>,
    instances: usize,
    elements: Vec<(usize, Element)>,
    dense_inputs: Vec<(usize, TensorId, usize)>,
    scalars: Vec<ScalarRow>,
    tables: Tables,
    splits: Vec<Option<Split>>,
    counts: Counts,
    /// Next free rows; row 0 stays empty so that no carry reaches the blinding rows at the end of the columns.
    activation_row: usize,
    weight_row: usize,
    scalar_row: usize,
    memo: HashMap<scalars::Term, Wire>,
    /// Fingerprint of every channel of a tensor, by the planes it is read as.
    fingerprints: HashMap<(TensorId, Planes), Vec<Wire>>,
    roots: Vec<TensorId>,
    reads: HashMap<TensorId, Reads>,
    planes: HashMap<TensorId, Planes>,
}

impl<'a> Builder<'a> {
    /// Rows, copies and tables, and the fixed columns but for their weights.
    fn with_columns(graph: &'a QuantizedGraph, intervals: &'a Intervals, lanes: usize) -> Result<Self, CircuitError> {
        Self::build(graph, intervals, lanes, Fixed::all().map(|_| Cells::default()).collect())
    }

    /// Rows, copies and tables alone: setting a cell of a column that is not there does nothing.
    fn without_columns(
        graph: &'a QuantizedGraph,
        intervals: &'a Intervals,
        lanes: usize,
    ) -> Result<Self, CircuitError> {
        Self::build(graph, intervals, lanes, Vec::new())
    }

    fn build(
        graph: &'a QuantizedGraph,
        intervals: &'a Intervals,
        lanes: usize,
        fixed: Vec<Cells>,
    ) -> Result<Self, CircuitError> {
        let weight_rows = ops::weight_rows(graph, lanes);
        let least = 2 + weight_rows.max(ops::least_activation_rows(graph)?) + UNUSABLE_ROWS;
        if least > 1 << MAX_K {
            return Err(CircuitError::TooManyRows { rows: least, limit_k: MAX_K });
        }
        let mut builder = Self {
            graph,
            intervals,
            lanes,
            fixed,
            blocks: Vec::new(),
            copies: Vec::new(),
            instances: 0,
            elements: Vec::new(),
            dense_inputs: Vec::new(),
            scalars: Vec::new(),
            tables: Tables::planned(graph, intervals)?,
            splits: vec![None; graph.nodes.len()],
            counts: Counts::default(),
            activation_row: 1,
            weight_row: 1,
            scalar_row: 1 + weight_rows,
            memo: HashMap::new(),
            fingerprints: HashMap::new(),
            roots: planes::roots(graph)?,
            reads: HashMap::new(),
            planes: HashMap::new(),
        };
        builder.planes = planes::find(graph, &builder.roots)?;
        builder.find_reads()?;
        builder.input()?;
        for (index, node) in graph.nodes.iter().enumerate() {
            ops::lay_out(&mut builder, index, node)?;
        }
        if builder.weight_row != 1 + weight_rows {
            return Err(CircuitError::Invariant("weight rows are those counted beforehand"));
        }
        let context = builder.scalar_free();
        builder.publish("context", context);
        Ok(builder)
    }

    /// Rows the circuit needs with `weight_rows` rows of weights, blinding included.
    fn rows_with(&self, weight_rows: usize) -> usize {
        let scalars = self.scalar_row - self.weight_row;
        // The last usable row only ends the sum of helpers: a lookup there would count for nothing.
        let summed = self.activation_row.max(self.tables.rows()) + 1;
        let used = summed.max(1 + weight_rows + scalars);
        used + UNUSABLE_ROWS
    }

    /// log2 of the rows of the circuit.
    fn k(&self) -> Result<u32, CircuitError> {
        let total = self.rows_with(self.weight_row - 1).max(self.instances + UNUSABLE_ROWS);
        let k = total.next_power_of_two().ilog2().max(MIN_K);
        if k > MAX_K {
            return Err(CircuitError::TooManyRows { rows: total, limit_k: MAX_K });
        }
        if self.activation_row >= (1usize << k) - UNUSABLE_ROWS {
            return Err(CircuitError::Invariant("no lookup stands in the last usable row"));
        }
        Ok(k)
    }

    /// The layout with its columns.
    fn finish(mut self) -> Result<Layout, CircuitError> {
        let k = self.k()?;
        let usable = (1usize << k) - UNUSABLE_ROWS;
        let table = self.tables.entries()?;
        let last = *table.last().ok_or(CircuitError::Invariant("the table stack is not empty"))?;
        for row in 0..usable {
            let entry = table.get(row).copied().unwrap_or(last);
            for (column, value) in [Fixed::T0, Fixed::T1, Fixed::T2, Fixed::T3].into_iter().zip(entry) {
                self.set(row, column, value);
            }
            self.set(row, Fixed::Use, i64::from(row + 1 < usable));
            self.set(row, Fixed::Edge, i64::from(row == 0 || row + 1 == usable));
        }
        for (lane, cells) in self.weight_lanes()?.into_iter().enumerate() {
            if let Some(column) = self.fixed.get_mut(Fixed::W(lane as u8).slot()) {
                *column = cells;
            }
        }
        let mut fixed = std::mem::take(&mut self.fixed);
        fixed.iter_mut().for_each(Cells::share);
        let used = Fixed::all().zip(fixed).filter(|(_, cells)| !cells.is_zero()).collect();
        self.layout(k, &table, used)
    }

    fn layout(self, k: u32, table: &[[i64; 4]], columns: Vec<(Fixed, Cells)>) -> Result<Layout, CircuitError> {
        let (used, fixed) = columns.into_iter().unzip();
        Ok(Layout {
            graph: self.graph.clone(),
            k,
            shape: Shape::new(used, self.lanes),
            fixed,
            copies: self.copies,
            instances: self.instances,
            elements: self.elements,
            dense_inputs: self.dense_inputs,
            rows: Rows {
                activations: self.activation_row,
                weights: self.weight_row,
                scalars: self.scalars.len(),
                tables: table.len(),
            },
            scalars: self.scalars,
            tags: Tag::all(table)?,
            splits: self.splits,
            counts: self.counts,
        })
    }

    /// Sets a fixed cell to a small integer.
    pub(crate) fn set(&mut self, row: usize, column: Fixed, value: i64) {
        if let Some(cells) = self.fixed.get_mut(column.slot()) {
            cells.set_small(row, value);
        }
    }

    /// Sets a fixed flag.
    pub(crate) fn flag(&mut self, row: usize, column: Fixed, on: bool) {
        self.set(row, column, i64::from(on));
    }

    /// Sets a fixed cell.
    pub(crate) fn set_field(&mut self, row: usize, column: Fixed, value: Fr) {
        if let Some(cells) = self.fixed.get_mut(column.slot()) {
            cells.set(row, value);
        }
    }

    /// Constrains two cells to be equal.
    pub(crate) fn copy(&mut self, name: impl Into<String>, left: Wire, right: Wire) {
        self.copies.push(Copy { name: name.into(), left, right });
    }

    /// Makes a cell the next public word.
    pub(crate) fn publish(&mut self, name: &str, cell: Wire) {
        let row = self.instances;
        self.instances += 1;
        self.copy(format!("{name} = instance {row}"), cell, Wire::Instance(row));
    }

    /// Zero point of a tensor.
    pub(crate) fn zero_point(&self, tensor: TensorId) -> Result<i64, CircuitError> {
        Ok(i64::from(self.graph.tensor(tensor)?.zero_point))
    }

    /// The fingerprint of `x - zero_point` from that of `x`: `X - zero_point * G` over the real `height x width`.
    pub(crate) fn centred(&mut self, fingerprint: Wire, zero_point: i64, planes: Planes) -> Result<Wire, CircuitError> {
        if zero_point == 0 {
            return Ok(fingerprint);
        }
        let (one, area) = (self.one(), self.area(planes.height, planes.width));
        self.linear(&[(1, fingerprint, one), (-zero_point, area, one)])
            .ok_or(CircuitError::Invariant("a sum has terms"))
    }

    /// The x cell of a weights row holds an element of a tensor.
    pub(crate) fn dense_input(&mut self, row: usize, tensor: TensorId, index: usize) {
        self.dense_inputs.push((row, tensor, index));
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

/// A refusal that names the node.
pub(crate) fn unsupported(node: &Node, what: impl Into<String>, expected: &str) -> CircuitError {
    CircuitError::Unsupported { node: node.name.clone(), what: what.into(), expected: expected.to_owned() }
}
