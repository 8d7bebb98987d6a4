//! Opening proofs: two points that show all values.
//!
//! | module | when |
//! |---|---|
//! | `shplonk` | one commitment a polynomial, as halo2 verifies |
//! | `grouped` | several columns behind a commitment, for chains |

mod grouped;
mod shplonk;

pub use grouped::{GroupValues, Quotient, grouped};
pub use shplonk::{Opening, shplonk};
