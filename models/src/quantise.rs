//! Real numbers in and out: floats appear here and in the importer, and nowhere after.

use std::fmt;

use crate::error::ModelError;
use crate::graph::TensorInfo;

/// The integers of a model's input.
#[derive(Clone, Debug, PartialEq)]
pub struct QuantisedInput {
    /// Row-major.
    pub values: Vec<i64>,
    /// What was clamped, if anything was.
    pub clamped: Option<Clamped>,
}

/// Real values that the model's input cannot hold, so that the nearest it can hold stands in their place. One that is the next beyond the range, as a pixel of 1.0 is where the input
/// holds 0 to 255/256, is moved by one step of the scale, no more than rounding moves others, and is none of them. `Display` says so in a sentence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clamped {
    /// How many of them.
    pub count: usize,
    /// Values in all.
    pub total: usize,
    /// Smallest real value that the input holds.
    pub low: f64,
    /// Largest real value that the input holds.
    pub high: f64,
}

impl fmt::Display for Clamped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, total, low, high } = self;
        write!(
            f,
            "{count} of the {total} input values were clamped to what the model's input can hold, {low} to {high}: \
             check that they are scaled as in training"
        )
    }
}

/// `saturate(RNE(x / scale) + zero_point)` of each real value of a tensor, as ONNX `QuantizeLinear` defines it (round half to even).
///
/// The division is made in `f32`, as ONNX Runtime makes it for a float32 input.
///
/// # Errors
/// [`ModelError::InputNotFinite`] for NaN or infinity, with its index; [`ModelError::ElementCount`].
pub fn quantise(info: &TensorInfo, values: &[f64]) -> Result<QuantisedInput, ModelError> {
    if values.len() != info.len() {
        return Err(ModelError::ElementCount { shape: info.shape.clone(), expected: info.len(), got: values.len() });
    }
    let (low, high, zero_point) = (info.dtype.min(), info.dtype.max(), i64::from(info.zero_point));
    let mut count = 0;
    let mut integer = |(index, value): (usize, &f64)| {
        if !value.is_finite() {
            return Err(ModelError::InputNotFinite { index, got: *value });
        }
        let rounded = (*value as f32 / info.scale as f32).round_ties_even() as i64;
        let whole = rounded.saturating_add(zero_point);
        let held = whole.clamp(low, high);
        count += usize::from(whole.abs_diff(held) > 1);
        Ok(held)
    };
    let integers = values.iter().enumerate().map(&mut integer).collect::<Result<_, _>>()?;
    let real = |integer: i64| info.scale * (integer - zero_point) as f64;
    let clamped = (count > 0).then(|| Clamped { count, total: values.len(), low: real(low), high: real(high) });
    Ok(QuantisedInput { values: integers, clamped })
}

/// `scale * (value - zero_point)` of each element of a tensor.
pub fn dequantise(info: &TensorInfo, values: &[i64]) -> Vec<f64> {
    values.iter().map(|value| info.scale * (*value as f64 - f64::from(info.zero_point))).collect()
}
