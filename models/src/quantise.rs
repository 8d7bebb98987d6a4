//! Real numbers in and out: floats appear here and in the importer, and nowhere after.

use crate::error::ModelError;
use crate::graph::QuantizedGraph;

/// `saturate(RNE(x / scale) + zero_point)` of each real input, as ONNX `QuantizeLinear` defines it (round half to even).
///
/// The division is made in `f32`, as ONNX Runtime makes it for a float32 input.
///
/// # Errors
/// [`ModelError::InputNotFinite`] for NaN or infinity, with its index; [`ModelError::InputLength`].
pub fn quantise_input(graph: &QuantizedGraph, values: &[f64]) -> Result<Vec<i64>, ModelError> {
    let info = graph.tensor(graph.input)?;
    if values.len() != info.len() {
        return Err(ModelError::InputLength {
            tensor: info.name.clone(),
            shape: info.shape.clone(),
            expected: info.len(),
            got: values.len(),
        });
    }
    let quantise = |(index, value): (usize, &f64)| {
        if !value.is_finite() {
            return Err(ModelError::InputNotFinite { index, got: *value });
        }
        let rounded = (*value as f32 / info.scale as f32).round_ties_even() as i64;
        Ok(rounded.saturating_add(info.zero_point.into()).clamp(info.dtype.min(), info.dtype.max()))
    };
    values.iter().enumerate().map(quantise).collect()
}

/// `scale * (value - zero_point)` of each output element.
///
/// # Errors
/// [`ModelError::BadGraph`] if the graph has no such output.
pub fn dequantise_output(graph: &QuantizedGraph, values: &[i64]) -> Result<Vec<f64>, ModelError> {
    let info = graph.tensor(graph.output)?;
    Ok(values.iter().map(|value| info.scale * (*value as f64 - f64::from(info.zero_point))).collect())
}
