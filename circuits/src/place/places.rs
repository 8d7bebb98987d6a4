//! [`Places`]: the first row of every entry of a plan, counted before any column is made.

use crate::columns::{Advice, Lanes};
use crate::error::CircuitError;
use crate::layout::UNUSABLE_ROWS;
use crate::place::Wire;
use crate::place::rows::{check, row_of, rows_of};
use crate::plan::{Plan, Scalar, Side, Value};
use crate::sketch::Sketch;

/// The first row of every entry of a plan. Activations and weights have columns of their own; scalars stand below the weights. Row 0
/// stays empty so that no carry reaches the blinding rows at the end of the columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    pub(crate) lanes: Lanes,
    pub(crate) sketch: Sketch,
    /// log2 of the rows of the circuit.
    pub(crate) k: u32,
    /// By block.
    pub(crate) blocks: Vec<usize>,
    /// By weighted sum.
    pub(crate) weighted_sums: Vec<usize>,
    /// By scalar.
    pub(crate) scalars: Vec<usize>,
    /// First rows after activations, weights and scalars.
    pub(crate) activations_end: usize,
    pub(crate) weights_end: usize,
    pub(crate) scalars_end: usize,
    /// Rows of each stack of tables, with the empty row 0.
    pub(crate) tables: usize,
}

/// Gives every entry its first row from `start` on; returns these and the first free row.
fn in_turn(start: usize, rows: impl Iterator<Item = usize>) -> Result<(Vec<usize>, usize), CircuitError> {
    let mut next = start;
    let mut firsts = Vec::new();
    for rows in rows {
        firsts.push(next);
        next = next.checked_add(rows).ok_or(CircuitError::Invariant("rows are counted in 64 bits"))?;
    }
    Ok((firsts, next))
}

impl Places {
    /// Places a plan in the lanes of a circuit.
    ///
    /// # Errors
    /// [`CircuitError::TooManyRows`]; lanes that the plan was not made for.
    pub(crate) fn of(plan: &Plan, lanes: Lanes) -> Result<Self, CircuitError> {
        let sketch = Sketch::of(plan, lanes)?;
        let Sketch { k, table_rows: tables, .. } = sketch;
        plan.blocks.iter().try_for_each(|block| check(block, lanes.activations))?;
        if plan.scalars.iter().any(|scalar| scalar.terms().len() != scalar.steps()) {
            return Err(CircuitError::Invariant("a scalar takes as many rows as it has steps"));
        }
        let of_blocks = plan.blocks.iter().map(|block| rows_of(block, lanes.activations));
        let (blocks, activations_end) = in_turn(1, of_blocks.collect::<Result<Vec<_>, _>>()?.into_iter())?;
        let (weighted_sums, weights_end) = in_turn(1, plan.weighted_sums.iter().map(|sum| sum.rows(lanes.weights)))?;
        let (scalars, scalars_end) = in_turn(weights_end, plan.scalars.iter().map(Scalar::steps))?;
        let usable = (1 << k) - UNUSABLE_ROWS;
        if activations_end.max(tables) >= usable || scalars_end > usable {
            return Err(CircuitError::Invariant("every entry has usable rows, and no lookup stands in the last"));
        }
        Ok(Self { lanes, sketch, k, blocks, weighted_sums, scalars, activations_end, weights_end, scalars_end, tables })
    }

    /// Rows that may hold cells.
    pub(crate) const fn usable_rows(&self) -> usize {
        (1 << self.k) - UNUSABLE_ROWS
    }

    /// The cell of a value.
    ///
    /// # Errors
    /// A value of another plan.
    pub(crate) fn wire(&self, plan: &Plan, value: Value) -> Result<Wire, CircuitError> {
        self.cell(plan, value).ok_or(CircuitError::Invariant("every value has a cell"))
    }

    fn cell(&self, plan: &Plan, value: Value) -> Option<Wire> {
        Some(match value {
            Value::Scalar(index) => {
                let (first, scalar) = (self.scalars.get(index)?, plan.scalars.get(index)?);
                let last = first + scalar.steps() - 1;
                let column = if matches!(scalar, Scalar::Geometric { .. }) { Advice::Acc2 } else { Advice::P };
                Wire::Advice(column, last)
            }
            Value::Fingerprint { block, side, index } => {
                let (first, block) = (self.blocks.get(block)?, plan.blocks.get(block)?);
                let column = if side == Side::F { Advice::F2 } else { Advice::G2 };
                Wire::Advice(column, first + row_of(block, block.end(side, index)? - 1, self.lanes.activations).ok()?)
            }
            Value::WeightedSum(index) => {
                let (first, sum) = (self.weighted_sums.get(index)?, plan.weighted_sums.get(index)?);
                Wire::Advice(Advice::P, first + sum.rows(self.lanes.weights) - 1)
            }
        })
    }
}
