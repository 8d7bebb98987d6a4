//! The crate's one error type.

/// Why no Solidity came out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SolidityError {
    /// The key could not be rebuilt.
    #[error(transparent)]
    Key(#[from] assay_halo2::Halo2Error),
    /// A commitment is the point at infinity, which the generator cannot write.
    #[error("fixed column {column} is zero in every row; drop it from the layout to verify in the EVM")]
    ZeroColumn {
        /// The column.
        column: usize,
    },
    /// The generator refused the protocol.
    #[error("the verifier could not be generated: {0:?}")]
    Generator(snark_verifier::Error),
    /// The generator's output has changed; strictness can no longer be added to it.
    #[error("the generated source has {got} places of kind {what:?}, expected {expected}; it would not be strict")]
    Unrecognised {
        /// The kind of place.
        what: &'static str,
        /// How many there should be.
        expected: &'static str,
        /// How many there are.
        got: usize,
    },
}
