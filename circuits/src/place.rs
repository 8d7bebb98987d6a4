//! Rows for the entries of a plan: the only code that knows where anything sits.
//!
//! | module | what it is |
//! |---|---|
//! | `places` | how many rows each entry takes and where they begin; the cell of a value |
//! | `rows` | the rows of a block in some number of lanes |
//! | `copies` | the copy constraints, and the scalar rows |
//! | `columns` | the fixed columns, made region by region: `activations`, `weights`, `scalars`, tables |

mod activations;
mod columns;
mod copies;
mod places;
mod rows;
mod scalars;
mod weights;

pub(crate) use columns::fixed_columns;
pub use copies::{CopyConstraint, Reason, Wire};
pub(crate) use copies::{ScalarRow, Sources, copies};
pub(crate) use places::Places;
pub(crate) use rows::{cells, padding, rows_of};
