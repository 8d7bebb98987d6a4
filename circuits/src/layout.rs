//! [`Layout`]: where every cell of a network sits. A pure function of the graph; the halo2 circuit and the witness filler
//! read it, and nothing else decides positions. See `docs/circuit.md`, "Layout".

use assay_models::{End, QuantizedGraph, TensorId};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use crate::cells::Cells;
use crate::columns::{CircuitShape, Fixed, Lanes};
use crate::error::CircuitError;
use crate::place::{CopyConstraint, Places, ScalarRow, cells, copies, fixed_columns};
use crate::plan::{Block, Element, MAX_PUBLIC_WORDS, Operands, Plan};
use crate::profile::PROFILES;
use crate::sketch::{MAX_K, Sketch};
use crate::tables::Tag;

/// Rows at the end of the columns that hold no cells: halo2's five blinding factors and one more.
pub const UNUSABLE_ROWS: usize = 6;
/// What [`Lanes::are_supported`] says.
const SUPPORTED: &str = "1, 2, 4 or 8 activation lanes, 1 to 256 weight lanes, 1, 2 or 4 stacks of tables and remainders in 1, 2 or 3 parts";
/// Weight lanes of circuits of up to `2^LARGE_K` rows, where nobody asks for others.
const USUAL_LANES: usize = 64;
const LARGE_K: u32 = 18;

/// Where every cell of a network sits.
#[derive(Debug)]
pub struct Layout {
    /// What is committed and claimed.
    pub plan: Plan,
    /// Circuit size: `n = 2^k` rows.
    pub k: u32,
    /// Columns in use.
    pub shape: CircuitShape,
    /// Fixed columns of up to `usable_rows` cells each, in the order of the shape.
    pub fixed: Vec<Cells>,
    /// Copy constraints.
    pub copies: Vec<CopyConstraint>,
    pub(crate) scalars: Vec<ScalarRow>,
    pub(crate) places: Places,
    tags: Vec<Tag>,
}

impl Layout {
    /// The circuit of a graph in the profile of one activation lane that has the fewest rows, and of those with as few in the one with the
    /// fewest weight lanes; in more than 64, and with remainders in several parts, only where it would need more than `2^18` rows otherwise or
    /// has no circuit; where elements are in another order, the smallest with several activation lanes. A rule for tests and examples: what is
    /// cheapest to prove or to verify, [`Layout::search`] finds by prices.
    ///
    /// # Errors
    /// As [`Layout::search`].
    pub fn plan(graph: &QuantizedGraph) -> Result<Self, CircuitError> {
        let rows = |sketch: &Sketch| Ok::<_, CircuitError>(f64::from(sketch.k));
        let of = |usual: bool| {
            let mut profiles = PROFILES.to_vec();
            let is_usual = |lanes: &Lanes| lanes.weights <= USUAL_LANES && lanes.parts == 1;
            profiles.retain(|lanes| lanes.activations == 1 && usual == is_usual(lanes));
            profiles.sort_by_key(|lanes| (lanes.parts, lanes.weights));
            Self::search(graph, &profiles, rows).map(|found| found.layout)
        };
        match of(true) {
            Ok(layout) if layout.k <= LARGE_K => Ok(layout),
            Ok(_) | Err(CircuitError::TooManyRows { .. } | CircuitError::TableTooLarge { .. }) => of(false),
            Err(CircuitError::OneLane { .. }) => {
                let mut profiles = PROFILES.to_vec();
                profiles.retain(|lanes| lanes.activations > 1);
                Self::search(graph, &profiles, rows).map(|found| found.layout)
            }
            Err(other) => Err(other),
        }
    }

    /// The circuit of a graph with some number of lanes: 1, 2, 4 or 8 for activations, 1 to 256 for weights.
    ///
    /// # Errors
    /// As [`Layout::plan`]; other numbers of lanes.
    pub fn with_lanes(graph: &QuantizedGraph, lanes: Lanes) -> Result<Self, CircuitError> {
        if !lanes.are_supported() {
            return Err(CircuitError::Invariant(SUPPORTED));
        }
        Self::with_columns(planned(graph, lanes)?, lanes)
    }

    /// The circuit of a graph with some number of lanes over fixed columns that were made before: rows, copies and tables are
    /// planned anew, which takes a moment; columns, which take as many bytes as the graph has weights, are taken as they are.
    ///
    /// # Errors
    /// As [`Layout::plan`]; [`CircuitError::ForeignColumn`] for columns that are longer than the circuit, out of order or lanes
    /// beyond the last, and for another number of lanes.
    ///
    /// # Soundness
    /// What the columns hold is not compared with the graph. Other columns are those of another circuit: its proofs do not
    /// verify under this one's key.
    pub fn over_columns(
        graph: &QuantizedGraph,
        lanes: Lanes,
        columns: Vec<(Fixed, Cells)>,
    ) -> Result<Self, CircuitError> {
        if !lanes.are_supported() {
            return Err(CircuitError::ForeignColumn { at: 0, expected: SUPPORTED });
        }
        let plan = planned(graph, lanes)?;
        let places = Places::of(&plan, lanes)?;
        check_columns(&columns, lanes, places.usable_rows())?;
        let entries = plan.tables.entries()?;
        Self::of(plan, places, &entries, columns)
    }

    pub(crate) fn with_columns(plan: Plan, lanes: Lanes) -> Result<Self, CircuitError> {
        let places = Places::of(&plan, lanes)?;
        let entries = plan.tables.entries()?;
        let columns = fixed_columns(&plan, &places, &entries)?;
        Self::of(plan, places, &entries, columns)
    }

    fn of(
        plan: Plan,
        places: Places,
        entries: &[[i64; 4]],
        columns: Vec<(Fixed, Cells)>,
    ) -> Result<Self, CircuitError> {
        let shape = CircuitShape::new(places.lanes);
        // Whoever reads the layout goes through these lists side by side.
        for (left, right) in [
            (plan.blocks.len(), places.blocks.len()),
            (plan.blocks.len(), plan.table_rows.len()),
            (plan.weighted_sums.len(), places.weighted_sums.len()),
            (plan.scalars.len(), places.scalars.len()),
            (plan.scalars.len(), plan.makers.len()),
            (shape.fixed.len(), columns.len()),
        ] {
            if left != right {
                return Err(CircuitError::Unpaired { left, right });
            }
        }
        let (copies, scalars) = copies(&plan, &places)?;
        Ok(Self {
            k: places.k,
            shape,
            fixed: columns.into_iter().map(|(_, cells)| cells).collect(),
            copies,
            scalars,
            tags: Tag::all(entries)?,
            plan,
            places,
        })
    }

    /// Number of rows that may hold cells.
    pub fn usable_rows(&self) -> usize {
        self.places.usable_rows()
    }

    /// Number of public words.
    pub fn instances(&self) -> usize {
        self.plan.words.len()
    }

    /// Row, lane and element of every activation, in row order.
    ///
    /// # Errors
    /// None for a layout that was planned.
    pub fn elements(&self) -> Result<Vec<(usize, u8, Element)>, CircuitError> {
        let mut elements = Vec::new();
        for (first, block) in self.blocks() {
            let places = cells(block, self.shape.lanes.activations, first)?;
            elements.extend(places.zip(block.elements()).map(|((row, lane), element)| (row, lane, element)));
        }
        Ok(elements)
    }

    /// Every block and its first row.
    pub fn blocks(&self) -> impl Iterator<Item = (usize, &Block)> {
        self.places.blocks.iter().copied().zip(&self.plan.blocks)
    }

    /// Row, tensor and index of every x cell.
    pub fn dense_inputs(&self) -> impl Iterator<Item = (usize, TensorId, usize)> + '_ {
        let sums = self.places.weighted_sums.iter().zip(&self.plan.weighted_sums);
        let beside = sums.filter_map(|(first, sum)| match &sum.operands {
            Operands::Elements { tensor, planes, .. } => Some((first, sum, *tensor, planes.len())),
            Operands::Fingerprints { .. } => None,
        });
        beside.flat_map(|(first, sum, tensor, inputs)| {
            let rows = sum.segment_rows(self.places.lanes.weights);
            (0..inputs).map(move |input| (first + (input + 1) * rows - 1, tensor, input))
        })
    }

    /// Number of fixed columns that the network has no use for: they are zero.
    pub fn zero_columns(&self) -> usize {
        self.fixed.iter().filter(|cells| cells.is_zero()).count()
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

    /// Stack and row of an entry `(tag, v1, v2, v3)` of the tables.
    pub(crate) fn table_row(&self, tuple: [i64; 4]) -> Option<(u8, usize)> {
        let [tag, value, ..] = tuple;
        let tag = usize::try_from(tag).ok().and_then(|tag| self.tags.get(tag))?;
        let held = self.places.tables.checked_sub(1).filter(|held| *held > 0)?;
        let place = |entry: usize| Some((u8::try_from(entry / held).ok()?, 1 + entry % held));
        let holds = |(stack, row): &(u8, usize)| {
            let cell = |column| self.fixed_cells(column).map_or(Some(0), |cells| cells.get_small(*row));
            Fixed::entry(*stack).map(cell) == tuple.map(Some)
        };
        tag.entries_of(value).filter_map(place).find(holds)
    }
}

/// The plan of a graph, unless its inputs and its requantised tensors alone take more rows than any circuit has, or its inputs and outputs more
/// public words than any key: then nothing is made.
pub(crate) fn planned(graph: &QuantizedGraph, lanes: Lanes) -> Result<Plan, CircuitError> {
    graph.validate()?;
    let outputs = graph.nodes.iter().filter(|node| node.op.requantise().is_some()).map(|node| node.output);
    let mut elements = 0usize;
    for tensor in outputs.chain(graph.at(End::Input)) {
        elements = elements.saturating_add(graph.tensor(tensor)?.len());
    }
    let rows = elements.div_ceil(lanes.activations.max(1)).saturating_add(2 + UNUSABLE_ROWS);
    if rows > 1 << MAX_K {
        return Err(CircuitError::too_many_rows(rows));
    }
    let words = graph.word_count(End::Input)? + graph.word_count(End::Output)? + 1;
    if words > MAX_PUBLIC_WORDS {
        return Err(CircuitError::TooManyWords { words, limit: MAX_PUBLIC_WORDS });
    }
    Plan::of(graph, lanes.activations, lanes.parts)
}

/// Whether columns made before are those of some circuit with this many lanes and usable rows.
fn check_columns(columns: &[(Fixed, Cells)], lanes: Lanes, usable: usize) -> Result<(), CircuitError> {
    let shape = CircuitShape::new(lanes);
    for (at, (column, cells)) in columns.iter().enumerate() {
        let refuse = |expected| Err(CircuitError::ForeignColumn { at, expected });
        if shape.fixed.get(at) != Some(column) {
            return refuse("the columns of these lanes, in order");
        }
        if cells.len() > usable {
            return refuse("no more cells than usable rows");
        }
    }
    if columns.len() != shape.fixed.len() {
        return Err(CircuitError::ForeignColumn {
            at: columns.len(),
            expected: "a column for each of these lanes' circuits",
        });
    }
    Ok(())
}
