//! The crate's one error type.

use crate::encoding::hex_of;
use crate::protocol::{Polynomial, TranscriptChallenge};

/// Why something was refused.
///
/// [`VerifyError::rejects_proof`] tells a proof that is wrong from a request that is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The bytes do not begin as the expected artifact does.
    #[error("not {what}: expected the file to begin with {expected:?}, got {got:?}; is this the right file?")]
    Magic {
        /// The artifact that was asked for.
        what: &'static str,
        /// Its first bytes.
        expected: &'static str,
        /// The first bytes found.
        got: String,
    },
    /// The artifact is of another version of the format.
    #[error("{what} has format version {got}, expected {expected}; make it again with this version of assay")]
    Version {
        /// The artifact that was asked for.
        what: &'static str,
        /// The version this build reads.
        expected: char,
        /// The version found.
        got: char,
    },
    /// The body ends too early or does not decode.
    #[error("{what} is truncated or damaged: {fault}")]
    Encoding {
        /// The artifact that was asked for.
        what: &'static str,
        /// What the decoder met.
        fault: &'static str,
    },
    /// The file is larger than any of its kind.
    #[error("{what} of {got} bytes: expected {most} at most; is this the right file?")]
    FileSize {
        /// The artifact that was asked for.
        what: &'static str,
        /// Most bytes of such a file.
        most: usize,
        /// Bytes found.
        got: usize,
    },
    /// JSON that is not a proof file.
    #[error("not a proof file: {0}")]
    Json(#[from] serde_json::Error),
    /// A hexadecimal field of a proof file is not one.
    #[error("proof file: {field} is not {expected} bytes of hexadecimal")]
    Hexadecimal {
        /// The field's name.
        field: &'static str,
        /// Bytes expected, or "whole".
        expected: &'static str,
    },
    /// Bytes follow the end of the artifact.
    #[error("{what} has {got} bytes after its end, expected none")]
    TrailingBytes {
        /// The artifact that was asked for.
        what: &'static str,
        /// How many bytes are left over.
        got: usize,
    },
    /// A word is not below the field's modulus.
    #[error("instance {index} is not a field element: expected a word below the scalar modulus, got 0x{}", hex_of(.got))]
    InstanceRange {
        /// Its position.
        index: usize,
        /// The word, big-endian.
        got: [u8; 32],
    },
    /// A count lies outside what a key may hold.
    #[error("verifying key: expected {what} in {least}..={most}, got {got}")]
    Limit {
        /// What is counted.
        what: &'static str,
        /// Smallest accepted value.
        least: u64,
        /// Largest accepted value.
        most: u64,
        /// The value found.
        got: u64,
    },
    /// A key's parts contradict each other or name what does not exist.
    #[error("verifying key: {what} (at {at})")]
    Inconsistent {
        /// What is wrong.
        what: &'static str,
        /// Which of its kind: gate, column, query or node.
        at: usize,
    },
    /// The proof was made for another key.
    #[error(
        "the proof belongs to the verifying key {}, but this key is {}; verify it with the key it was made for",
        hex_of(.got), hex_of(.expected)
    )]
    ForeignKey {
        /// Digest of the key at hand.
        expected: [u8; 32],
        /// Digest the proof carries.
        got: [u8; 32],
    },
    /// The wrong number of public values.
    #[error("expected {expected} instances, got {got}")]
    InstanceCount {
        /// The key's count.
        expected: usize,
        /// The count given.
        got: usize,
    },
    /// The proof's length is not the key's.
    #[error("the proof is truncated or has bytes to spare: expected {expected} bytes, got {got}")]
    ProofLength {
        /// Bytes of every proof of this key.
        expected: usize,
        /// Bytes given.
        got: usize,
    },
    /// A point of the proof cannot be used.
    #[error("the proof is malformed: its point {index}, {polynomial}, is {fault}")]
    MalformedPoint {
        /// Its position among the points.
        index: usize,
        /// What it commits to.
        polynomial: Polynomial,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// A scalar of the proof is not canonical.
    #[error(
        "the proof is malformed: its scalar {index}, the value of {polynomial} {rotation:+} rows from x, is not below the modulus"
    )]
    MalformedScalar {
        /// Its position among the scalars.
        index: usize,
        /// Whose value it is.
        polynomial: Polynomial,
        /// Rows below the current one.
        rotation: i32,
    },
    /// A challenge fell where a division is undefined; the odds are below 2^-200.
    #[error("the proof is invalid: its challenge {challenge:?} lies where the check is undefined; prove again")]
    UnluckyChallenge {
        /// The challenge.
        challenge: TranscriptChallenge,
    },
    /// The proof is well formed and proves nothing.
    #[error("the proof is invalid: it does not show that these outputs follow from these inputs")]
    Invalid,
}

impl VerifyError {
    /// True when the request was in order and the *proof*, with its public values, was found wrong: malformed, of the wrong length or
    /// invalid. False when a key, a file, a proof of another key or the number of instances is at fault.
    pub fn rejects_proof(&self) -> bool {
        matches!(
            self,
            Self::ProofLength { .. }
                | Self::MalformedPoint { .. }
                | Self::MalformedScalar { .. }
                | Self::UnluckyChallenge { .. }
                | Self::Invalid
                | Self::InstanceRange { .. }
        )
    }
}
