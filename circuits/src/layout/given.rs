//! A layout over fixed columns that were made before and kept.

use assay_models::{QuantizedGraph, intervals};

use super::{Builder, Layout, MAX_LANES, UNUSABLE_ROWS};
use crate::cells::Cells;
use crate::columns::Fixed;
use crate::error::CircuitError;

impl Layout {
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
        graph.validate()?;
        let intervals = intervals(graph)?;
        let builder = Builder::without_columns(graph, &intervals, lanes)?;
        let (k, table) = (builder.k()?, builder.tables.entries()?);
        check_columns(&columns, builder.lanes, (1 << k) - UNUSABLE_ROWS)?;
        builder.layout(k, &table, columns)
    }
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
