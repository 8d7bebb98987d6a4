//! Input files: `{"input_data": [[...]]}` and the `.npy` of `NumPy`, as pure functions over bytes.
//!
//! A file holds a shape and numbers. What the numbers mean is said by the model and never by the container: real numbers, to be
//! quantised by the model's input scale, or integers where the model's own input is one of integers.

mod json;
mod npy;

pub use json::parse_json;
pub use npy::parse_npy;

use crate::error::ModelError;
use crate::graph::{Port, QuantizedGraph};
use crate::quantise::{QuantisedInput, quantise};
use crate::words::End;

/// Values for one of a model's inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// The input's name, where somebody said it.
    pub name: Option<String>,
    /// What it is to be.
    pub values: InputValues,
}

/// The integers of each of a model's inputs, in their order. Named values are those of the input of that name; the others are those of
/// the inputs that are left, in order.
///
/// # Errors
/// [`ModelError::UnknownInput`] for a name that no input has, or that is given twice; [`ModelError::TensorCount`] for too few or too
/// many values; otherwise as [`InputValues::quantise`].
pub fn quantised(graph: &QuantizedGraph, given: &[Given]) -> Result<Vec<QuantisedInput>, ModelError> {
    let count = || {
        let names = graph.inputs.iter().map(|input| input.name.as_str()).collect::<Vec<_>>().join(", ");
        ModelError::TensorCount { end: End::Input.plural(), expected: graph.inputs.len(), names, got: given.len() }
    };
    let mut of_inputs: Vec<Option<&InputValues>> = vec![None; graph.inputs.len()];
    for Given { name, values } in given {
        let Some(name) = name else { continue };
        let free = graph.inputs.iter().zip(&mut of_inputs).find(|(input, slot)| input.name == *name && slot.is_none());
        let Some((_, slot)) = free else {
            let names = graph.inputs.iter().map(|input| input.name.as_str()).collect::<Vec<_>>().join(", ");
            return Err(ModelError::UnknownInput { name: name.clone(), names });
        };
        *slot = Some(values);
    }
    let mut unnamed = given.iter().filter(|given| given.name.is_none()).map(|given| &given.values);
    for slot in of_inputs.iter_mut().filter(|slot| slot.is_none()) {
        *slot = Some(unnamed.next().ok_or_else(count)?);
    }
    if unnamed.next().is_some() {
        return Err(count());
    }
    let integers = |(input, values): (&Port, Option<&InputValues>)| {
        let values = values.ok_or_else(count)?;
        values.quantise(graph, input).map_err(|error| graph.about(input.tensor, error))
    };
    graph.inputs.iter().zip(of_inputs).map(integers).collect()
}

/// What an input file holds of one tensor.
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
    /// Reads the tensors of a file: a `.npy`, which holds one, if it begins like one or is `named_npy`, otherwise JSON.
    ///
    /// # Errors
    /// As [`parse_npy`] and [`parse_json`].
    pub fn parse(bytes: &[u8], named_npy: bool) -> Result<Vec<Self>, ModelError> {
        if named_npy || bytes.starts_with(npy::MAGIC) {
            return Ok(vec![parse_npy(bytes)?]);
        }
        let not_text = |_| ModelError::InputFile {
            format: json::FORMAT,
            reason: "it is not UTF-8 text: save it with the encoding UTF-8".to_owned(),
        };
        parse_json(std::str::from_utf8(bytes).map_err(not_text)?)
    }

    /// The integers of one of the model's inputs.
    ///
    /// The shape must be that of the input; leading axes of size 1 may be left out or added, and a flat row is taken in row-major
    /// order.
    ///
    /// # Errors
    /// [`ModelError::ElementCount`] and [`ModelError::InputShape`] for another shape; [`ModelError::InputNotInteger`] and
    /// [`ModelError::InputRange`] for what is no integer of the input's type, where integers are asked for; otherwise as
    /// [`quantise`].
    pub fn quantise(&self, graph: &QuantizedGraph, input: &Port) -> Result<QuantisedInput, ModelError> {
        let info = graph.tensor(input.tensor)?;
        let inner = |shape: &[usize]| shape.iter().copied().skip_while(|size| *size == 1).collect::<Vec<usize>>();
        let (wanted, got) = (inner(&info.shape), inner(&self.shape));
        if got.len() > 1 && got != wanted {
            return Err(ModelError::InputShape { expected: info.shape.clone(), got: self.shape.clone() });
        }
        if !self.quantised && !input.integers {
            return quantise(info, &self.numbers);
        }
        if self.numbers.len() != info.len() {
            return Err(ModelError::ElementCount {
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
