//! Weights rows: a segment holds a weight of every output over `ceil(outputs / L)` rows, padded at the front so that its fold by `r`
//! does not depend on `L`. A weighted sum has a segment for every weight of an output, and one for the biases.

use assay_models::WeightValues;
use rayon::prelude::*;

use super::columns::FixedColumns;
use crate::cells::Cells;
use crate::columns::Fixed;
use crate::error::CircuitError;
use crate::ops;
use crate::pairs::pairs;
use crate::place::Places;
use crate::plan::{Operands, Plan, WeightedSum};

/// Segments whose values are copied together: a tile of a matrix is read along its rows and written along those of a lane.
const TILE: usize = 64;

const MISSING: CircuitError = CircuitError::Invariant("a segment has all its values");

impl FixedColumns {
    /// Flags and values of all weighted sums.
    ///
    /// # Errors
    /// A node without its weights.
    pub(super) fn weights(&mut self, plan: &Plan, places: &Places) -> Result<(), CircuitError> {
        for (sum, first) in pairs(&plan.weighted_sums, &places.weighted_sums)? {
            self.segments(sum, *first, places.lanes.weights)?;
        }
        let lanes: Vec<Cells> = (0..places.lanes.weights)
            .into_par_iter()
            .map(|lane| weight_lane(plan, places, lane))
            .collect::<Result<_, CircuitError>>()?;
        for (lane, cells) in (0..=u8::MAX).zip(lanes) {
            *self.column(Fixed::W(lane))? = cells;
        }
        Ok(())
    }

    /// Flags of a weighted sum.
    fn segments(&mut self, sum: &WeightedSum, first: usize, lanes: usize) -> Result<(), CircuitError> {
        let (rows, segments) = (sum.segment_rows(lanes), sum.operands.segments());
        for segment in 0..=segments {
            let start = first + segment * rows;
            for row in start..start + rows {
                self.set(row, Fixed::On, 1)?;
                self.flag(row, Fixed::Car, row > start)?;
                self.flag(row, Fixed::KeepP, row > first)?;
            }
        }
        match &sum.operands {
            Operands::Fingerprints { kernel, .. } => self.kernels(*kernel, first, rows, segments)?,
            Operands::Elements { planes, .. } => {
                for segment in 0..segments {
                    let within = segment % planes.area();
                    let (row, column) = (within / planes.width, within % planes.width);
                    let start = first + segment * rows;
                    let last = start + rows - 1;
                    (start..last).try_for_each(|at| self.set(at, Fixed::KeepU, 1))?;
                    self.set(last, if column == 0 { Fixed::StartX } else { Fixed::ContX }, 1)?;
                    let ends_row = column + 1 == planes.width;
                    self.flag(last, Fixed::TakeX, ends_row)?;
                    self.flag(last, Fixed::StepX, ends_row && row > 0)?;
                }
            }
        }
        let last = first + sum.rows(lanes) - 1;
        self.set(last, Fixed::Take, 1)?;
        self.set(last, Fixed::Product, 1)
    }

    /// Flags of kernel taps: rows of a kernel ascend, columns descend.
    fn kernels(
        &mut self,
        [height, width]: [usize; 2],
        first: usize,
        rows: usize,
        segments: usize,
    ) -> Result<(), CircuitError> {
        for segment in 0..segments {
            let (row, column) = (segment % (height * width) / width, segment % width);
            let start = first + segment * rows;
            let last = start + rows - 1;
            self.set(last, Fixed::Take, 1)?;
            self.flag(last, Fixed::Step, column > 0)?;
            self.flag(last, Fixed::Product, column + 1 == width)?;
            for at in start..=last {
                let starts = column == 0 && at == start;
                self.flag(at, Fixed::KeepU, !starts)?;
                self.flag(at, Fixed::StepU, starts && row > 0)?;
            }
        }
        Ok(())
    }
}

/// The values of one lane.
fn weight_lane(plan: &Plan, places: &Places, lane: usize) -> Result<Cells, CircuitError> {
    let mut cells = Cells::from(vec![0i8; places.weights_end]);
    let lanes = places.lanes.weights;
    for (sum, first) in pairs(&plan.weighted_sums, &places.weighted_sums)? {
        let node = plan.graph.nodes.get(sum.node).ok_or(MISSING)?;
        let weights = ops::circuit(&node.op).weights().ok_or(MISSING)?;
        let rows = sum.segment_rows(lanes);
        let padding = rows * lanes - sum.outputs;
        let segments = sum.operands.segments();
        for row in 0..rows {
            let Some(output) = (row * lanes + lane).checked_sub(padding) else { continue };
            for tile in (0..segments).step_by(TILE) {
                let target = Target { first: first + tile * rows + row, step: rows, count: TILE.min(segments - tile) };
                target.copy(&mut cells, sum, weights, output, tile)?;
            }
            cells.set_small(first + segments * rows + row, *sum.bias.get(output).ok_or(MISSING)?);
        }
    }
    Ok(cells)
}

/// `count` cells of a lane, `step` rows apart: those of consecutive segments.
struct Target {
    first: usize,
    step: usize,
    count: usize,
}

impl Target {
    /// Copies the weights of an output from segment `from` on.
    fn copy(
        &self,
        cells: &mut Cells,
        sum: &WeightedSum,
        weights: WeightValues<'_>,
        output: usize,
        from: usize,
    ) -> Result<(), CircuitError> {
        let start = (sum.first + output) * sum.operands.segments();
        if let (Operands::Elements { .. }, WeightValues::Bytes(weights), Some(bytes)) =
            (&sum.operands, weights, cells.bytes_mut())
        {
            let source = weights.get(start + from..start + from + self.count).ok_or(MISSING)?;
            let last = self.first + (self.count - 1) * self.step;
            let target = bytes.get_mut(self.first..=last).ok_or(MISSING)?.iter_mut().step_by(self.step);
            target.zip(source).for_each(|(cell, weight)| *cell = *weight);
            return Ok(());
        }
        for at in 0..self.count {
            let weight = weights.get(start + sum.operands.weight(from + at)).ok_or(MISSING)?;
            cells.set_small(self.first + at * self.step, i64::from(weight));
        }
        Ok(())
    }
}
