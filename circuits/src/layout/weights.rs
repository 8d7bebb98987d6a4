//! Weights rows: a segment of fixed values over `ceil(len / L)` rows, padded at the front so that its fold by `r` does not
//! depend on `L`. Rows and flags come first, for the planner to count; the values are written once, lane by lane, at the end.

use assay_models::{Op, WeightValues};
use rayon::prelude::*;

use super::Builder;
use crate::cells::Cells;
use crate::columns::Fixed;

/// Segments whose values are copied together: a tile of a matrix is read along its rows and written along those of a lane.
const TILE: usize = 64;

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
    pub(super) fn weight_lanes(&self) -> Vec<Cells> {
        (0..self.lanes).into_par_iter().map(|lane| self.weight_lane(lane)).collect()
    }

    fn weight_lane(&self, lane: usize) -> Cells {
        let mut cells = Cells::from(vec![0i8; self.weight_row]);
        for block in &self.blocks {
            let rows = block.len.div_ceil(self.lanes);
            let padding = rows * self.lanes - block.len;
            let weights = self.block_weights(block);
            for tile in (0..block.segments).step_by(TILE) {
                let count = TILE.min(block.segments - tile);
                for row in 0..rows {
                    let Some(index) = (row * self.lanes + lane).checked_sub(padding) else { continue };
                    let target = Target { first: block.first + tile * rows + row, step: rows, count };
                    match (&block.values, weights) {
                        (Values::Bias(bias), _) => {
                            cells.set_small(target.first, bias.get(index).copied().unwrap_or(0));
                        }
                        (Values::Weights { offset, stride, .. }, Some(weights)) => {
                            target.copy(&mut cells, weights, offset + index * stride + tile);
                        }
                        (Values::Weights { .. }, None) => {}
                    }
                }
            }
        }
        cells
    }

    fn block_weights(&self, block: &Block) -> Option<WeightValues<'_>> {
        let Values::Weights { node, .. } = block.values else { return None };
        match &self.graph.nodes.get(node)?.op {
            Op::Conv(op) => Some(op.weights.values()),
            Op::Dense(op) => Some(op.weights.values()),
            Op::Add(_)
            | Op::AveragePool(_)
            | Op::MaxPool(_)
            | Op::Rescale(_)
            | Op::Reshape
            | Op::Transpose(_)
            | Op::ArgMax(_) => None,
        }
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
    fn copy(&self, cells: &mut Cells, weights: WeightValues<'_>, from: usize) {
        if let (WeightValues::Bytes(weights), Some(bytes)) = (weights, cells.bytes_mut()) {
            let source = weights.get(from..from + self.count).unwrap_or_default();
            let target = bytes.get_mut(self.first..).unwrap_or_default().iter_mut().step_by(self.step);
            target.zip(source).for_each(|(cell, weight)| *cell = *weight);
        } else {
            for at in 0..self.count {
                let weight = weights.get(from + at).map_or(0, i64::from);
                cells.set_small(self.first + at * self.step, weight);
            }
        }
    }
}
