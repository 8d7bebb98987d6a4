//! Input files: `{"input_data": [[...]]}` and the `.npy` of `NumPy`, as pure functions over bytes.
//!
//! A file holds a shape and numbers. What the numbers mean is said by the model and never by the container: real numbers, to be
//! quantised by the model's input scale, or integers where the model's own input is one of integers.

mod json;
mod npy;

pub use json::parse_json;
pub use npy::parse_npy;

use crate::error::ModelError;
use crate::graph::QuantizedGraph;
use crate::quantise::{QuantisedInput, quantise_input};

/// What an input file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct InputValues {
    /// Shape of the file's tensor; one axis for a flat row.
    pub shape: Vec<usize>,
    /// Its numbers in row-major order; `f64` holds every integer of the types that models take.
    pub numbers: Vec<f64>,
    /// Whether the file says that its numbers are the integers of the quantised input itself.
    pub quantised: bool,
}

impl InputValues {
    /// Reads a file: a `.npy` if it begins like one or is `named_npy`, otherwise JSON.
    ///
    /// # Errors
    /// As [`parse_npy`] and [`parse_json`].
    pub fn parse(bytes: &[u8], named_npy: bool) -> Result<Self, ModelError> {
        if named_npy || bytes.starts_with(npy::MAGIC) {
            return parse_npy(bytes);
        }
        let not_text = |_| ModelError::InputFile {
            format: json::FORMAT,
            reason: "it is not UTF-8 text: save it with the encoding UTF-8".to_owned(),
        };
        parse_json(std::str::from_utf8(bytes).map_err(not_text)?)
    }

    /// The integers of the model's input.
    ///
    /// The shape must be that of the input; leading axes of size 1 may be left out or added, and a flat row is taken in row-major
    /// order.
    ///
    /// # Errors
    /// [`ModelError::InputLength`] and [`ModelError::InputShape`] for another shape; [`ModelError::InputNotInteger`] and
    /// [`ModelError::InputRange`] for what is no integer of the input's type, where integers are asked for; otherwise as
    /// [`quantise_input`].
    pub fn quantise(&self, graph: &QuantizedGraph) -> Result<QuantisedInput, ModelError> {
        let info = graph.tensor(graph.input)?;
        let inner = |shape: &[usize]| shape.iter().copied().skip_while(|size| *size == 1).collect::<Vec<usize>>();
        let (wanted, got) = (inner(&info.shape), inner(&self.shape));
        if got.len() > 1 && got != wanted {
            return Err(ModelError::InputShape { expected: info.shape.clone(), got: self.shape.clone() });
        }
        if !self.quantised && !graph.integer_input {
            return quantise_input(graph, &self.numbers);
        }
        if self.numbers.len() != info.len() {
            return Err(ModelError::InputLength {
                shape: info.shape.clone(),
                expected: info.len(),
                got: self.numbers.len(),
            });
        }
        let (low, high, dtype) = (info.dtype.min(), info.dtype.max(), info.dtype);
        let integer = |(index, number): (usize, &f64)| {
            if number.fract() != 0.0 || !number.is_finite() {
                return Err(ModelError::InputNotInteger { index, got: *number, dtype });
            }
            let got = *number as i64;
            if (low..=high).contains(&got) {
                Ok(got)
            } else {
                Err(ModelError::InputRange { index, got, low, high, dtype })
            }
        };
        let values = self.numbers.iter().enumerate().map(integer).collect::<Result<_, _>>()?;
        Ok(QuantisedInput { values, clamped: None })
    }
}
