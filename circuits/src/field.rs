//! Small integers as field elements.

use halo2curves::bn256::Fr;

/// The field element of a signed integer.
pub(crate) fn integer(value: i64) -> Fr {
    let magnitude = Fr::from(value.unsigned_abs());
    if value < 0 { -magnitude } else { magnitude }
}
