//! What can go wrong between a quantised graph and its circuit.

use assay_models::ModelError;

use crate::sketch::MAX_K;

/// Why a graph has no circuit, or an inference no witness.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CircuitError {
    /// The graph itself is not sound (accumulators may wrap, shapes disagree).
    #[error(transparent)]
    Model(Box<ModelError>),
    /// The circuit has no identity for this op yet.
    #[error("node `{node}`: {what} is not provable yet: expected {expected}")]
    Unsupported {
        /// ONNX node name.
        node: String,
        /// What the node asks for.
        what: String,
        /// What would be accepted.
        expected: String,
    },
    /// A lookup table would not fit any circuit.
    #[error(
        "node `{node}`: its requantisation (divisor {divisor}) needs lookup tables of {rows} rows, more than {limit}: its \
         accumulators reach far beyond what its result holds; give the result a larger scale, nearer to that of its input times \
         that of its weights times its number of inputs"
    )]
    TableTooLarge {
        /// ONNX node name.
        node: String,
        /// Rows the table would take.
        rows: u128,
        /// Rows allowed.
        limit: u128,
        /// Requantisation divisor.
        divisor: u64,
    },
    /// No circuit of supported size holds the graph.
    #[error(
        "the circuit needs {rows} rows or more, and 2^{limit_k} = {} is the limit: give the model a smaller input, fewer channels or \
         fewer weights",
        1u64 << limit_k
    )]
    TooManyRows {
        /// Rows needed at the least.
        rows: usize,
        /// Largest supported `k`.
        limit_k: u32,
    },
    /// Inputs and outputs make more public words than any key has.
    #[error(
        "inputs and outputs are {words} public words of 31 bytes with the context, and {limit} is the limit: give the model a smaller input or \
         output"
    )]
    TooManyWords {
        /// Words needed.
        words: usize,
        /// Most words of a key.
        limit: usize,
    },
    /// The trace does not belong to the graph of the layout.
    #[error("the trace does not fit the layout: {what}, expected {expected} elements and got {got}")]
    TraceMismatch {
        /// Which tensor or node.
        what: String,
        /// Elements expected.
        expected: usize,
        /// Elements found.
        got: usize,
    },
    /// A value of the trace is in no lookup table: the trace was not made by the interpreter.
    #[error("the trace is not an honest one: row {row} looks up a value that no table holds")]
    NotInTable {
        /// Row of the lookup.
        row: usize,
    },
    /// Columns that were made before do not fit the circuit of the graph.
    #[error("fixed column {at} was made for another circuit than the graph's: expected {expected}")]
    ForeignColumn {
        /// The first that does not fit.
        at: usize,
        /// What was expected of it.
        expected: &'static str,
    },
    /// Lists of cells that belong together are of unlike length.
    #[error("planner invariant violated: {left} cells are to be compared with {right} (please report this model)")]
    Unpaired {
        /// Length of one list.
        left: usize,
        /// Length of the other.
        right: usize,
    },
    /// Elements in another order are read by wire, which circuits of one activation lane do without.
    #[error(
        "node `{node}` puts elements in another order, and a circuit of one activation lane does not: plan it in 2, 4 or 8 lanes"
    )]
    OneLane {
        /// ONNX node name.
        node: String,
    },
    /// An internal invariant of the planner does not hold.
    #[error("planner invariant violated: {0} (please report this model)")]
    Invariant(&'static str),
}

impl CircuitError {
    /// A circuit with more rows than are supported.
    pub(crate) const fn too_many_rows(rows: usize) -> Self {
        Self::TooManyRows { rows, limit_k: MAX_K }
    }
}

impl From<ModelError> for CircuitError {
    fn from(error: ModelError) -> Self {
        Self::Model(Box::new(error))
    }
}
