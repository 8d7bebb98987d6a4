//! [`FixedColumns`]: the fixed columns of a circuit in the making.

use crate::cells::Cells;
use crate::columns::{CircuitShape, Fixed};
use crate::error::CircuitError;
use crate::place::Places;
use crate::plan::Plan;

use halo2curves::bn256::Fr;

/// Fixed columns by [`Fixed::slot`]; what is not set is zero.
pub(super) struct FixedColumns(Vec<Cells>);

/// The fixed columns of a plan, in the order of its circuit's [`CircuitShape`].
///
/// # Errors
/// A node without its weights or its rule; a cell in a column that a circuit of these lanes lacks.
pub(crate) fn fixed_columns(
    plan: &Plan,
    places: &Places,
    entries: &[[i64; 4]],
) -> Result<Vec<(Fixed, Cells)>, CircuitError> {
    let mut columns = FixedColumns(Fixed::all().map(|_| Cells::default()).collect());
    columns.activations(plan, places)?;
    columns.weights(plan, places)?;
    columns.scalars(plan, places)?;
    columns.tables(places, entries)?;
    columns.0.iter_mut().for_each(Cells::share);
    let shape = CircuitShape::new(places.lanes);
    let take = |column: &Fixed| Ok((*column, std::mem::take(columns.column(*column)?)));
    let made = shape.fixed.iter().map(take).collect::<Result<Vec<_>, CircuitError>>()?;
    if columns.0.iter().any(|cells| !cells.is_zero()) {
        return Err(CircuitError::Invariant("only columns of the circuit hold cells"));
    }
    Ok(made)
}

impl FixedColumns {
    /// A column.
    pub(super) fn column(&mut self, column: Fixed) -> Result<&mut Cells, CircuitError> {
        self.0.get_mut(column.slot()).ok_or(CircuitError::Invariant("every column has a slot"))
    }

    /// Sets a cell to a small integer.
    pub(super) fn set(&mut self, row: usize, column: Fixed, value: i64) -> Result<(), CircuitError> {
        self.column(column)?.set_small(row, value);
        Ok(())
    }

    /// Sets a flag where it is on.
    pub(super) fn flag(&mut self, row: usize, column: Fixed, on: bool) -> Result<(), CircuitError> {
        if on { self.set(row, column, 1) } else { Ok(()) }
    }

    /// Sets a cell.
    pub(super) fn set_field(&mut self, row: usize, column: Fixed, value: Fr) -> Result<(), CircuitError> {
        self.column(column)?.set(row, value);
        Ok(())
    }

    /// The stacks of tables, and the rows in which helpers are summed. A stack holds consecutive entries from row 1 on; its other rows repeat
    /// its last one. So does row 0, where nothing is counted: the lookup of a maximum reads the row before, which is a blinding row there.
    fn tables(&mut self, places: &Places, entries: &[[i64; 4]]) -> Result<(), CircuitError> {
        let (usable, held) = (places.usable_rows(), places.tables - 1);
        for stack in places.lanes.of_tables() {
            let last = entries.len().min((usize::from(stack) + 1) * held).saturating_sub(1);
            for row in 0..usable {
                let at = (usize::from(stack) * held + row).checked_sub(1).filter(|at| row > 0 && *at < last);
                let entry = entries.get(at.unwrap_or(last));
                let entry = entry.ok_or(CircuitError::Invariant("a stack of tables is not empty"))?;
                for (column, value) in Fixed::entry(stack).into_iter().zip(entry) {
                    self.set(row, column, *value)?;
                }
            }
        }
        for row in 0..usable {
            self.flag(row, Fixed::Use, row + 1 < usable)?;
            self.flag(row, Fixed::Edge, row == 0 || row + 1 == usable)?;
        }
        Ok(())
    }
}
