//! Opening proofs: two points that show all values.
//!
//! | module | when |
//! |---|---|
//! | `shplonk` | one commitment a polynomial, as halo2 verifies |
//! | `grouped` | several columns behind a commitment, for chains |

mod grouped;
mod shplonk;

use halo2curves::bn256::Fr;

use crate::ProverError;

pub use grouped::{Quotient, grouped};
pub use shplonk::shplonk;

/// Columns that are opened at the same points, and their values there: a rotation set of SHPLONK, or the columns behind one commitment.
pub struct OpenedColumns<'a, C> {
    /// In the order in which challenges fold them; of a group, the column in each slot.
    pub columns: Vec<&'a C>,
    /// Where they are opened; no two meet modulo the rows.
    pub rotations: Vec<i32>,
    /// Of each column, in the order of the rotations.
    pub values: Vec<Vec<Fr>>,
}

impl<C> OpenedColumns<'_, C> {
    /// As many values a column as rotations, as many columns as lists of values.
    fn check(&self) -> Result<(), ProverError> {
        paired("opened columns and lists of values", self.columns.len(), self.values.len())?;
        let mut lists = self.values.iter();
        lists.try_for_each(|own| paired("rotations of a column and its values", self.rotations.len(), own.len()))
    }
}

fn paired(what: &'static str, expected: usize, got: usize) -> Result<(), ProverError> {
    if expected == got { Ok(()) } else { Err(ProverError::Unpaired { what, expected, got }) }
}
