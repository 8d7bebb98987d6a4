//! The crate's one error type.

use assay_circuits::Wire;
use assay_verifier::encoding::hex_of;
use assay_verifier::protocol::Polynomial;

/// Why there is no SRS, key or proof.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProverError {
    /// The bytes are not an SRS.
    #[error(
        "not an assay SRS: expected it to begin with ASSAYSR2; run `assay srs import FILE` with a ceremony's powers, or `assay srs generate --insecure`"
    )]
    SrsMagic,
    /// An SRS of another version.
    #[error(
        "the SRS has version {got}, this program reads version 2: make it again with `assay srs import FILE` or `assay srs generate --insecure`"
    )]
    SrsVersion {
        /// Version in the file, readable.
        got: String,
    },
    /// The file does not have the length its `k` says.
    #[error("the SRS is truncated or has bytes to spare: expected {expected} bytes for k = {k}, got {got}")]
    SrsLength {
        /// The `k` in the file.
        k: u32,
        /// Bytes expected.
        expected: u64,
        /// Bytes found.
        got: u64,
    },
    /// `k` is out of range.
    #[error("expected an SRS with k in {least}..={most}, got {got}")]
    SrsSize {
        /// Smallest accepted.
        least: u32,
        /// Largest accepted.
        most: u32,
        /// Found.
        got: u32,
    },
    /// The checksum at the end of the file does not match.
    #[error("the SRS is damaged: its checksum is {}, expected {}", hex_of(.got), hex_of(.expected))]
    SrsChecksum {
        /// Checksum of the bytes.
        expected: [u8; 32],
        /// Checksum in the file.
        got: [u8; 32],
    },
    /// Points that are not where they must be.
    #[error("the SRS is not one: {0}")]
    SrsPoint(&'static str),
    /// A point is not one of the curve, or not written as this format wants it.
    #[error("the SRS is not one: {what} {at} is off the curve, zero or not canonical")]
    SrsOffCurve {
        /// Which points.
        what: &'static str,
        /// The first bad one.
        at: usize,
    },
    /// The bytes are not a powers-of-tau file.
    #[error("not a powers-of-tau file: {0}")]
    PtauForm(&'static str),
    /// A powers-of-tau file of another version.
    #[error("expected a powers-of-tau file of version 1, got {got}")]
    PtauVersion {
        /// Version in the file.
        got: u32,
    },
    /// A powers-of-tau file of another curve.
    #[error("expected a powers-of-tau file of BN254 (bn128), got one of the curve over the prime 0x{}", hex_of(.got))]
    PtauPrime {
        /// The prime in the file, most significant byte first; at most 64 bytes of it.
        got: Vec<u8>,
    },
    /// A powers-of-tau file whose size is out of range.
    #[error("expected a powers-of-tau file of power 1..={most}, got {got}")]
    PtauPower {
        /// The ceremony's, at most 28.
        most: u32,
        /// Found.
        got: u32,
    },
    /// A powers-of-tau file lacks a section.
    #[error("the powers-of-tau file has no section {section} (1 is the header, 2 the powers in G1, 3 those in G2)")]
    PtauMissing {
        /// Kind of the section.
        section: u32,
    },
    /// A section of a powers-of-tau file does not have the length it must have.
    #[error("section {section} of the powers-of-tau file: expected {expected} bytes, got {got}")]
    PtauSection {
        /// Kind of the section.
        section: u32,
        /// Bytes expected.
        expected: u64,
        /// Bytes found.
        got: u64,
    },
    /// The bytes are not a proving key.
    #[error("not a proving key: expected it to begin with ASSAYPK; run `assay setup` again")]
    KeyMagic,
    /// A proving key of another version.
    #[error("the proving key has version {got}, this program reads version 3: run `assay setup` again")]
    KeyVersion {
        /// Version in the file, readable.
        got: String,
    },
    /// The proving key was made beside another verifying key.
    #[error(
        "the proving key belongs to the verifying key {}, but this one is {}; run `assay setup` again",
        hex_of(.got),
        hex_of(.expected)
    )]
    ForeignKey {
        /// Digest of the verifying key at hand.
        expected: [u8; 32],
        /// Digest in the proving key.
        got: [u8; 32],
    },
    /// The proving key does not have the length that its header says.
    #[error(
        "the proving key is truncated or has bytes to spare: expected {expected} bytes, got {got}; run `assay setup` again"
    )]
    KeyLength {
        /// Bytes expected.
        expected: u64,
        /// Bytes found.
        got: u64,
    },
    /// The checksum at the end of the proving key does not match.
    #[error(
        "the proving key is damaged: its checksum is {}, expected {}; run `assay setup` again",
        hex_of(.got),
        hex_of(.expected)
    )]
    KeyChecksum {
        /// Checksum of the bytes.
        expected: [u8; 32],
        /// Checksum in the file.
        got: [u8; 32],
    },
    /// A column of the proving key is none.
    #[error(
        "column {at} of the proving key has a form, name or value that this version does not know; run `assay setup` again"
    )]
    KeyColumn {
        /// The first bad one.
        at: usize,
    },
    /// The SRS is of another size than the circuit.
    #[error("the circuit has 2^{circuit} rows, the SRS 2^{srs}; use an SRS with k = {circuit}")]
    SrsMismatch {
        /// `k` of the circuit.
        circuit: u32,
        /// `k` of the SRS.
        srs: u32,
    },
    /// The SRS is prepared for another opening than the key's.
    #[error(
        "the key's commitments hold up to {key} columns, but this SRS is prepared for {srs}: use the `srs` beside the key, or cut one to it"
    )]
    SrsWidth {
        /// Columns to a commitment of the key.
        key: u32,
        /// Columns to a commitment for which the SRS holds bases.
        srs: u32,
    },
    /// The key was made with another SRS.
    #[error("the key belongs to the SRS {}, but this SRS is {}; use the one it was made with, or run `assay setup` again", hex_of(.expected), hex_of(.got))]
    ForeignSrs {
        /// Digest in the key.
        expected: [u8; 32],
        /// Digest of the SRS at hand.
        got: [u8; 32],
    },
    /// The key was made for another graph.
    #[error("the key belongs to the graph {}, but this graph is {}; run `assay setup` for it", hex_of(.expected), hex_of(.got))]
    ForeignGraph {
        /// Digest in the key.
        expected: [u8; 32],
        /// Digest of the graph at hand.
        got: [u8; 32],
    },
    /// The key describes another constraint system than the layout's.
    #[error(
        "the key describes another circuit than this layout's, perhaps of an older version; run `assay setup` again"
    )]
    ForeignLayout,
    /// A copy joins a cell that the permutation argument does not reach.
    #[error(
        "the layout's copy `{copy}` joins {cell:?}: expected a cell of a usable row in a column that copies may touch; no key is made without the copy, please report this model"
    )]
    UnboundCopy {
        /// What the copy means.
        copy: String,
        /// Its end that cannot be bound.
        cell: Wire,
    },
    /// The layout leaves another number of rows to the blinds than the circuit takes.
    #[error(
        "the layout leaves the last {layout} rows of every column to the blinds, but the circuit takes {circuit}; no key is made of it, please report this model"
    )]
    UnusableRows {
        /// Rows at the end that the layout does not use.
        layout: usize,
        /// Rows that the constraint system's blinds take, and one more.
        circuit: usize,
    },
    /// A polynomial that the key or the protocol names is not there.
    #[error("there is no column for {0:?}, which the key names; run `assay setup` again")]
    MissingColumn(Polynomial),
    /// Two lists that belong together differ in length.
    #[error("{what}: expected {expected}, got {got}; please report this model")]
    Unpaired {
        /// What is paired with what.
        what: &'static str,
        /// Length of the first list.
        expected: usize,
        /// Length of the second.
        got: usize,
    },
    /// The public values are not as many as the key's.
    #[error("expected {expected} instances, got {got}")]
    InstanceCount {
        /// The key's count.
        expected: usize,
        /// The count given.
        got: usize,
    },
    /// A witness has another number of columns than the circuit.
    #[error("expected {expected} advice columns in phase {phase}, got {got}")]
    ColumnCount {
        /// The phase.
        phase: u8,
        /// The circuit's count.
        expected: usize,
        /// The witness's count.
        got: usize,
    },
    /// A challenge fell where a division is undefined; the odds are below 2^-200.
    #[error("a challenge of the transcript lies in the evaluation domain; prove again with fresh randomness")]
    UnluckyChallenge,
    /// A constant of the protocol that is not zero, or no field element, where it must be.
    #[error("{0} is out of its range; please report this model")]
    NoInverse(&'static str),
    /// A commitment is the point at infinity, which no transcript takes: the polynomial is zero.
    #[error("{what} is zero and commits to the point at infinity; is the circuit's degree the true one?")]
    Infinity {
        /// The polynomial.
        what: &'static str,
    },
    /// The trace does not fit the layout.
    #[error(transparent)]
    Circuit(Box<assay_circuits::CircuitError>),
    /// A key could not be made or read.
    #[error(transparent)]
    Key(#[from] assay_verifier::VerifyError),
    /// A circuit that a key cannot describe.
    #[error(transparent)]
    Description(#[from] assay_halo2::Halo2Error),
    /// halo2 refused.
    #[error("the stock prover failed: {0}")]
    Halo2(#[from] halo2_proofs::plonk::Error),
    /// Reading or writing failed.
    #[error("a file could not be read or written: {0}")]
    Io(#[from] std::io::Error),
}

impl From<assay_circuits::CircuitError> for ProverError {
    fn from(error: assay_circuits::CircuitError) -> Self {
        Self::Circuit(Box::new(error))
    }
}
