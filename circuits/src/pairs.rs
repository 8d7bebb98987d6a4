//! Lists that belong together.

use crate::error::CircuitError;

/// Two lists of one length, in pairs.
///
/// # Errors
/// Lists of unlike length.
pub(crate) fn pairs<'a, A, B>(
    left: &'a [A],
    right: &'a [B],
) -> Result<impl Iterator<Item = (&'a A, &'a B)>, CircuitError> {
    if left.len() != right.len() {
        return Err(CircuitError::Unpaired { left: left.len(), right: right.len() });
    }
    Ok(left.iter().zip(right))
}
