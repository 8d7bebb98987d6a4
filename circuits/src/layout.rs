//! [`Layout`]: where every cell of a network sits. A pure function of the graph; the halo2 circuit and the witness filler
//! read it, and nothing else decides positions. See `docs/circuit.md`, "Layout".

use assay_models::{QuantizedGraph, TensorId};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use crate::cells::Cells;
use crate::columns::{Fixed, Shape};
use crate::error::CircuitError;
use crate::place::{CopyConstraint, Places, ScalarRow, copies, fixed_columns, rows};
use crate::plan::{Block, Element, Operands, Plan};
use crate::tables::Tag;

/// Rows at the end of the columns that hold no cells: halo2's five blinding factors and one more.
pub const UNUSABLE_ROWS: usize = 6;
/// Proving work a row beside the weight lanes, in units of one fixed column: 33 columns (advice, permutation products,
/// quotient pieces, the flags together) of three units each.
const WORK_BESIDE_LANES: u64 = 99;
/// Widest supported weight row.
const MAX_LANES: usize = 256;
/// Widest weight row of a circuit of up to `2^LARGE_K` rows. A proof shows one word a lane, and a contract pays for each; where
/// a circuit with these lanes would be larger, proving time and memory decide instead.
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
    pub shape: Shape,
    /// Fixed columns of up to `usable_rows` cells each, in the order of the shape.
    pub fixed: Vec<Cells>,
    /// Copy constraints.
    pub copies: Vec<CopyConstraint>,
    pub(crate) scalars: Vec<ScalarRow>,
    pub(crate) places: Places,
    tags: Vec<Tag>,
}

impl Layout {
    /// Plans the circuit of a graph: among the weight-lane counts 1, 2, 4, ... 64 the one with the smallest estimated
    /// proving work (`n` times the columns, a fixed lane counted a third of an advice column); 128 and 256 lanes count too where
    /// 64 would need more than `2^18` rows.
    ///
    /// # Errors
    /// As [`Plan::of`]; [`CircuitError::TooManyRows`] where no supported circuit holds the graph.
    pub fn plan(graph: &QuantizedGraph) -> Result<Self, CircuitError> {
        let plan = Plan::of(graph)?;
        let lanes = best_lanes(&plan)?;
        Self::with_columns(plan, lanes)
    }

    /// The circuit of a graph with `lanes` weight lanes, 1 to 256.
    ///
    /// # Errors
    /// As [`Layout::plan`].
    pub fn with_lanes(graph: &QuantizedGraph, lanes: usize) -> Result<Self, CircuitError> {
        Self::with_columns(Plan::of(graph)?, lanes.clamp(1, MAX_LANES))
    }

    /// The circuit of a graph with `lanes` weight lanes, 1 to 256, over fixed columns that were made before: rows, copies and tables are
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
        lanes: usize,
        columns: Vec<(Fixed, Cells)>,
    ) -> Result<Self, CircuitError> {
        if lanes == 0 || lanes > MAX_LANES {
            return Err(CircuitError::ForeignColumn { at: 0, expected: "1 to 256 weight lanes" });
        }
        let plan = Plan::of(graph)?;
        let places = Places::of(&plan, lanes)?;
        check_columns(&columns, lanes, places.usable_rows())?;
        let table = plan.tables.entries()?;
        Self::of(plan, places, &table, columns)
    }

    fn with_columns(plan: Plan, lanes: usize) -> Result<Self, CircuitError> {
        let places = Places::of(&plan, lanes)?;
        let table = plan.tables.entries()?;
        let columns = fixed_columns(&plan, &places, &table)?;
        Self::of(plan, places, &table, columns)
    }

    fn of(plan: Plan, places: Places, table: &[[i64; 4]], columns: Vec<(Fixed, Cells)>) -> Result<Self, CircuitError> {
        let (copies, scalars) = copies(&plan, &places)?;
        let (used, fixed) = columns.into_iter().unzip();
        Ok(Self {
            k: places.k,
            shape: Shape::new(used, places.lanes),
            fixed,
            copies,
            scalars,
            tags: Tag::all(table)?,
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

    /// Row of every activation element, in row order.
    pub fn elements(&self) -> impl Iterator<Item = (usize, Element)> + '_ {
        self.blocks().flat_map(|(first, block)| (first..).zip(block.elements()))
    }

    /// Every block and its first row.
    pub fn blocks(&self) -> impl Iterator<Item = (usize, &Block)> {
        self.places.blocks.iter().copied().zip(&self.plan.blocks)
    }

    /// Row, tensor and index of every x cell.
    pub fn dense_inputs(&self) -> impl Iterator<Item = (usize, TensorId, usize)> + '_ {
        let sums = self.places.weighted_sums.iter().zip(&self.plan.weighted_sums);
        sums.flat_map(|(first, sum)| {
            let (tensor, inputs) = match &sum.operands {
                Operands::Elements { tensor, planes, .. } => (*tensor, planes.len()),
                Operands::Fingerprints { .. } => (TensorId(0), 0),
            };
            let rows = sum.segment_rows(self.places.lanes);
            (0..inputs).map(move |input| (first + (input + 1) * rows - 1, tensor, input))
        })
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

/// The number of weight lanes with the least estimated proving work.
fn best_lanes(plan: &Plan) -> Result<usize, CircuitError> {
    let rows = |lanes| rows(plan, lanes).next_power_of_two();
    let limit = if rows(USUAL_LANES) > 1 << LARGE_K { MAX_LANES } else { USUAL_LANES };
    let work = |lanes: &usize| rows(*lanes) as u64 * (WORK_BESIDE_LANES + *lanes as u64);
    let candidates = std::iter::successors(Some(1), |lanes| Some(2 * lanes)).take_while(|lanes| *lanes <= limit);
    candidates.min_by_key(work).ok_or(CircuitError::Invariant("some lane count fits"))
}
/// Whether columns made before are those of some circuit with this many lanes and usable rows.
fn check_columns(columns: &[(Fixed, Cells)], lanes: usize, usable: usize) -> Result<(), CircuitError> {
    let mut least = 0;
    for (at, (column, cells)) in columns.iter().enumerate() {
        let refuse = |expected| Err(CircuitError::ForeignColumn { at, expected });
        if column.slot() < least {
            return refuse("columns in order");
        }
        if matches!(column, Fixed::W(lane) if usize::from(*lane) >= lanes) {
            return refuse("as many weight lanes as the circuit has");
        }
        if cells.len() > usable {
            return refuse("no more cells than usable rows");
        }
        least = column.slot() + 1;
    }
    Ok(())
}
