//! What a layout costs, in rows, columns and cells.

use serde::{Deserialize, Serialize};

use crate::columns::Advice;
use crate::layout::Layout;
use crate::plan::{Block, Committed, Order};

/// The size of a layout; the numbers that proving time, memory and gas follow from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayoutReport {
    /// Circuit size: `2^k` rows.
    pub k: u32,
    /// Weight lanes.
    pub weight_lanes: usize,
    /// Activation lanes.
    pub activation_lanes: usize,
    /// Rows of activations.
    pub activation_rows: usize,
    /// Rows of weights.
    pub weight_rows: usize,
    /// Rows of scalars.
    pub scalar_rows: usize,
    /// Rows of lookup tables.
    pub table_rows: usize,
    /// Advice columns.
    pub advice_columns: usize,
    /// Of them narrow, in phase 0.
    pub narrow_columns: usize,
    /// Of them lookup helpers (and their sum).
    pub helper_columns: usize,
    /// Fixed columns.
    pub fixed_columns: usize,
    /// Public words.
    pub instances: usize,
    /// Copy constraints.
    pub copies: usize,
    /// Elements of all activation tensors.
    pub activations: usize,
    /// Phase-0 cells of requantised tensors.
    pub requantise_cells: usize,
    /// Phase-0 cells of the input and of copied tensors.
    pub byte_cells: usize,
    /// Phase-0 cells of convolution rings.
    pub ring_cells: usize,
    /// Phase-0 cells of maxima.
    pub maximum_cells: usize,
    /// Phase-0 cells of dense inputs.
    pub dense_input_cells: usize,
    /// Fixed cells that hold a weight or a bias.
    pub weight_cells: usize,
    /// Fixed cells that pad weight rows at the front.
    pub padding_cells: usize,
}

impl Layout {
    /// The size of the layout.
    pub fn report(&self) -> LayoutReport {
        let count = |keep: fn(&Advice) -> bool| self.shape.advice.iter().filter(|c| keep(c)).count();
        let elements = |keep: fn(&Block) -> bool| -> usize {
            self.plan.blocks.iter().filter(|block| keep(block)).map(Block::len).sum()
        };
        let weight_cells = self.plan.weighted_sums.iter().map(|sum| (sum.operands.segments() + 1) * sum.outputs).sum();
        LayoutReport {
            k: self.k,
            weight_lanes: self.shape.lanes.weights,
            activation_lanes: self.shape.lanes.activations,
            activation_rows: self.places.activations_end - 1,
            weight_rows: self.places.weights_end - 1,
            scalar_rows: self.scalars.len(),
            table_rows: self.places.tables,
            advice_columns: self.shape.advice.len(),
            narrow_columns: count(|c| c.phase() == 0),
            helper_columns: count(|c| matches!(c, Advice::H(_))),
            fixed_columns: self.shape.fixed.len(),
            instances: self.instances(),
            copies: self.copies.len(),
            activations: self.plan.graph.tensors.iter().map(assay_models::TensorInfo::len).sum(),
            requantise_cells: 4 * elements(|block| matches!(block.cells, Committed::Requantised { .. })),
            byte_cells: 4 * elements(|block| matches!(block.cells, Committed::Bytes { .. })),
            ring_cells: elements(|block| matches!(block.cells, Committed::Ring { .. })),
            maximum_cells: elements(|block| block.order == Order::Windows),
            dense_input_cells: self.dense_inputs().count(),
            weight_cells,
            padding_cells: (self.places.weights_end - 1) * self.places.lanes.weights - weight_cells,
        }
    }
}
