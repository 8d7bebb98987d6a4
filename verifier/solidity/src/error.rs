//! The crate's one error type.

/// Why no Solidity came out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SolidityError {
    /// The key could not be rebuilt.
    #[error(transparent)]
    Key(#[from] assay_verifier::VerifyError),
    /// The constraint system has no encoding to take a digest of.
    #[error("the constraint system cannot be encoded: {0}")]
    Encoding(postcard::Error),
    /// Two rotations are the same row.
    #[error(
        "rotations {one} and {other} meet in a circuit of 2^{k} rows; expected them to differ, use a larger circuit"
    )]
    RotationsMeet {
        /// A rotation.
        one: i32,
        /// Another.
        other: i32,
        /// The circuit has `2^k` rows.
        k: u32,
    },
    /// A rotation by half of the rows or more, where commitments are grouped.
    #[error("a gate reads a row half of the 2^{k} rows away or farther; expected nearer ones, use a larger circuit")]
    DistantRotation {
        /// The circuit has `2^k` rows.
        k: u32,
    },
    /// A gate reads a place that the memory map does not have.
    #[error("the generated code reads {name}, which the memory map does not hold; this is a defect of the generator")]
    UnknownRegion {
        /// The region's name.
        name: String,
    },
    /// A template could not be filled.
    #[error("the template could not be filled: {0}")]
    Template(#[from] askama::Error),
}
