//! Weights rows: a segment of fixed values over `ceil(len / L)` rows, padded at the front so that its fold by `r` does not
//! depend on `L`. Rows and flags come first, for the planner to count; the values are written once, lane by lane, at the end.

use assay_models::WeightValues;
use rayon::prelude::*;

use super::Builder;
use crate::cells::Cells;
use crate::columns::Fixed;
use crate::error::CircuitError;
use crate::ops;

/// Segments whose values are copied together: a tile of a matrix is read along its rows and written along those of a lane.
const TILE: usize = 64;

const MISSING: CircuitError = CircuitError::Invariant("a segment has all its values");

/// First and last row of a segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub(crate) first: usize,
    pub(crate) last: usize,
}

/// Values of consecutive segments of equal length.
pub(crate) enum Values {
    /// Value `index` of segment `s` is weight `offset + index * stride + s` of a node.
    Weights { node: usize, offset: usize, stride: usize },
    /// One segment of its own values.
    Bias(Vec<i64>),
}

/// Consecutive segments from a row on.
pub(super) struct Block {
    first: usize,
    segments: usize,
    len: usize,
    values: Values,
}

impl Builder<'_> {
    /// Lays one segment of `len` values; `starts_sum` marks the first segment of an op, where p starts at 0.
    pub(crate) fn segment(&mut self, len: usize, starts_sum: bool) -> Segment {
        let rows = len.div_ceil(self.lanes);
        let first = self.weight_row;
        self.weight_row += rows;
        self.counts.weights += len;
        self.counts.padding += rows * self.lanes - len;
        for row in first..first + rows {
            self.set(row, Fixed::On, 1);
            self.flag(row, Fixed::Car, row > first);
            self.flag(row, Fixed::KeepP, !(starts_sum && row == first));
        }
        Segment { first, last: first + rows - 1 }
    }

    /// Says what the last `segments` segments, of `len` values each, hold.
    pub(crate) fn fill(&mut self, segments: usize, len: usize, values: Values) {
        let rows = segments * len.div_ceil(self.lanes);
        self.blocks.push(Block { first: self.weight_row - rows, segments, len, values });
    }

    /// The weight lanes in order.
    ///
    /// # Errors
    /// A segment whose values are not all there.
    pub(super) fn weight_lanes(&self) -> Result<Vec<Cells>, CircuitError> {
        (0..self.lanes).into_par_iter().map(|lane| self.weight_lane(lane)).collect()
    }

    fn weight_lane(&self, lane: usize) -> Result<Cells, CircuitError> {
        let mut cells = Cells::from(vec![0i8; self.weight_row]);
        for block in &self.blocks {
            let rows = block.len.div_ceil(self.lanes);
            let padding = rows * self.lanes - block.len;
            let weights = self.block_weights(block)?;
            for tile in (0..block.segments).step_by(TILE) {
                let count = TILE.min(block.segments - tile);
                for row in 0..rows {
                    let Some(index) = (row * self.lanes + lane).checked_sub(padding) else { continue };
                    let target = Target { first: block.first + tile * rows + row, step: rows, count };
                    match (&block.values, weights) {
                        (Values::Bias(bias), _) => {
                            cells.set_small(target.first, *bias.get(index).ok_or(MISSING)?);
                        }
                        (Values::Weights { offset, stride, .. }, Some(weights)) => {
                            target.copy(&mut cells, weights, offset + index * stride + tile)?;
                        }
                        (Values::Weights { .. }, None) => return Err(MISSING),
                    }
                }
            }
        }
        Ok(cells)
    }

    fn block_weights(&self, block: &Block) -> Result<Option<WeightValues<'_>>, CircuitError> {
        let Values::Weights { node, .. } = block.values else { return Ok(None) };
        let op = &self.graph.nodes.get(node).ok_or(MISSING)?.op;
        ops::circuit(op).weights().map(Some).ok_or(MISSING)
    }
}

/// `count` cells of a lane, `step` rows apart.
struct Target {
    first: usize,
    step: usize,
    count: usize,
}

impl Target {
    /// Copies weights from number `from` on.
    fn copy(&self, cells: &mut Cells, weights: WeightValues<'_>, from: usize) -> Result<(), CircuitError> {
        if let (WeightValues::Bytes(weights), Some(bytes)) = (weights, cells.bytes_mut()) {
            let source = weights.get(from..from + self.count).ok_or(MISSING)?;
            let last = self.first + (self.count - 1) * self.step;
            let target = bytes.get_mut(self.first..=last).ok_or(MISSING)?.iter_mut().step_by(self.step);
            target.zip(source).for_each(|(cell, weight)| *cell = *weight);
        } else {
            for at in 0..self.count {
                let weight = weights.get(from + at).ok_or(MISSING)?;
                cells.set_small(self.first + at * self.step, i64::from(weight));
            }
        }
        Ok(())
    }
}
