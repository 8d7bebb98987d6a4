//! Input files: `{"input_data": [[...]]}` and the `.npy` of `NumPy`, as pure functions over bytes.

mod json;
mod npy;

pub use json::parse_json;
pub use npy::parse_npy;

use crate::error::ModelError;
use crate::graph::QuantizedGraph;
use crate::quantise::quantise_input;

/// What an input file holds.
#[derive(Clone, Debug, PartialEq)]
pub enum InputValues {
    /// Real numbers, to be quantised by the scale and zero point of the model's input.
    Real(Vec<f64>),
    /// The integers of the quantised input itself.
    Quantised(Vec<i64>),
}

impl InputValues {
    /// The integers of the model's input.
    ///
    /// # Errors
    /// As [`quantise_input`]; integers are checked by [`interpret`](crate::interpret).
    pub fn quantise(&self, graph: &QuantizedGraph) -> Result<Vec<i64>, ModelError> {
        match self {
            Self::Real(values) => quantise_input(graph, values),
            Self::Quantised(values) => Ok(values.clone()),
        }
    }
}
