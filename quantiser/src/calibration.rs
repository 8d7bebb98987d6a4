//! [`Activations`]: the float model over samples, and the range of each value that is rounded to 8 bits.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tract_onnx::prelude::{
    Datum as _, Framework as _, InferenceFact, InferenceModelExt as _, IntoRunnable as _, IntoTValue as _, TValue,
    Tensor, TypedRunnableModel, tvec,
};

use crate::error::QuantiseError;
use crate::network::Network;
use crate::rounding::rounded;

/// Cells of a histogram, from the least value to the largest.
const CELLS: usize = 2048;

/// How the range of an activation is chosen; what lies beyond it saturates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ranges {
    /// From the least value that the samples made to the largest.
    MinMax,
    /// All but one in ten thousand values.
    Percentile,
    /// The range whose rounding and saturation lose the least square.
    Mse,
}

impl Ranges {
    /// All ways.
    pub const ALL: [Self; 3] = [Self::MinMax, Self::Percentile, Self::Mse];
}

/// The float model, ready to run, and what samples made of its values.
pub(crate) struct Activations {
    model: Arc<TypedRunnableModel>,
    shape: Vec<usize>,
    /// The values that are rounded, in order; the input is the first. The outputs follow them in what a run gives.
    pub(crate) rounded: Vec<String>,
    seen: HashMap<String, Histogram>,
    /// Shapes of the outputs.
    pub(crate) shapes: HashMap<String, Vec<usize>>,
}

/// Values between two ends, counted.
#[derive(Clone, Debug)]
struct Histogram {
    low: f32,
    high: f32,
    cells: Vec<u64>,
}

impl Activations {
    /// Runs the model over all samples twice: for the ends of every value, and for what lies between.
    pub(crate) fn of(network: &Network, samples: &[Vec<f32>]) -> Result<Self, QuantiseError> {
        if samples.is_empty() {
            return Err(QuantiseError::NoSamples);
        }
        check_samples(network, samples)?;
        let rounded = rounded(network);
        let computed: Vec<String> = rounded.iter().skip(1).chain(&network.outputs).cloned().collect();
        let model = runnable(network, &computed).map_err(|error| does_not_run(&error))?;
        let mut this =
            Self { model, shape: network.shape.clone(), rounded, seen: HashMap::new(), shapes: HashMap::new() };
        let mut ends: HashMap<String, [f32; 2]> = HashMap::new();
        for sample in samples {
            for (name, values) in this.rounded.iter().zip(this.run(sample)?) {
                let [low, high] = ends.entry(name.clone()).or_insert([0.0, 0.0]);
                for value in values {
                    if !value.is_finite() {
                        return Err(QuantiseError::NotFinite { what: format!("value {name:?}"), got: value });
                    }
                    (*low, *high) = (low.min(value), high.max(value));
                }
            }
        }
        let empty = |(name, [low, high]): (String, [f32; 2])| (name, Histogram { low, high, cells: vec![0; CELLS] });
        let mut seen: HashMap<String, Histogram> = ends.into_iter().map(empty).collect();
        for sample in samples {
            for (name, values) in this.rounded.iter().zip(this.run(sample)?) {
                if let Some(histogram) = seen.get_mut(name) {
                    for value in values {
                        histogram.add(value);
                    }
                }
            }
        }
        this.seen = seen;
        this.shapes = this.output_shapes(&network.outputs, samples.first().ok_or(QuantiseError::NoSamples)?)?;
        Ok(this)
    }

    fn output_shapes(&self, outputs: &[String], sample: &[f32]) -> Result<HashMap<String, Vec<usize>>, QuantiseError> {
        let shapes =
            self.tensors(sample)?.into_iter().skip(self.rounded.len() - 1).map(|tensor| tensor.shape().to_vec());
        Ok(outputs.iter().cloned().zip(shapes).collect())
    }

    fn tensors(&self, sample: &[f32]) -> Result<Vec<TValue>, QuantiseError> {
        let input = Tensor::from_shape(&self.shape, sample).map_err(|error| does_not_run(&error))?;
        let made = self.model.run(tvec!(input.into_tvalue())).map_err(|error| does_not_run(&error))?;
        Ok(made.into_vec())
    }

    /// The values that are rounded and the outputs, for a sample.
    pub(crate) fn run(&self, sample: &[f32]) -> Result<Vec<Vec<f32>>, QuantiseError> {
        let mut values = vec![sample.to_vec()];
        for tensor in self.tensors(sample)? {
            let tensor = tensor.cast_to::<f32>().map_err(|error| does_not_run(&error))?;
            let view = tensor.to_plain_array_view::<f32>().map_err(|error| does_not_run(&error))?;
            values.push(view.iter().copied().collect());
        }
        Ok(values)
    }

    /// The range of a value; it holds 0.
    pub(crate) fn range(&self, value: &str, ranges: Ranges) -> Option<[f32; 2]> {
        self.seen.get(value).map(|histogram| histogram.range(ranges))
    }
}

impl Histogram {
    fn width(&self) -> f32 {
        (self.high - self.low) / CELLS as f32
    }

    fn add(&mut self, value: f32) {
        let at = ((value - self.low) / self.width()) as usize;
        let last = CELLS - 1;
        if let Some(cell) = self.cells.get_mut(at.min(last)) {
            *cell += 1;
        }
    }

    /// Values with their counts.
    fn values(&self) -> impl Iterator<Item = (f32, u64)> + '_ {
        let middle = |at: usize| self.low + (at as f32 + 0.5) * self.width();
        self.cells.iter().enumerate().filter(|(_, count)| **count > 0).map(move |(at, count)| (middle(at), *count))
    }

    fn range(&self, ranges: Ranges) -> [f32; 2] {
        let whole = [self.low, self.high];
        match ranges {
            Ranges::MinMax => whole,
            Ranges::Percentile => {
                let out = self.cells.iter().sum::<u64>() / 20_000;
                let beyond = |mut cells: Box<dyn Iterator<Item = &u64> + '_>| {
                    let mut count = 0;
                    let within = |cell: &u64| {
                        count += cell;
                        count > out
                    };
                    cells.position(within).unwrap_or(0) as f32
                };
                let (low, high) = (beyond(Box::new(self.cells.iter())), beyond(Box::new(self.cells.iter().rev())));
                [(self.low + low * self.width()).min(0.0), (self.high - high * self.width()).max(0.0)]
            }
            Ranges::Mse => {
                let parts = (20..=100).map(|part| whole.map(|end| end * part as f32 / 100.0));
                let losses = parts.map(|range| (self.loss(range), range));
                losses.min_by(|(one, _), (other, _)| one.total_cmp(other)).map_or(whole, |(_, range)| range)
            }
        }
    }

    /// The sum of the squares that 255 steps over a range lose.
    fn loss(&self, [low, high]: [f32; 2]) -> f64 {
        let step = f64::from(high - low) / 255.0;
        let of = |(value, count): (f32, u64)| {
            let beyond = f64::from((low - value).max(value - high).max(0.0));
            // Inside the range an error is even between -1/2 and 1/2 of a step.
            count as f64 * if beyond > 0.0 { beyond * beyond } else { step * step / 12.0 }
        };
        self.values().map(of).sum()
    }
}

fn check_samples(network: &Network, samples: &[Vec<f32>]) -> Result<(), QuantiseError> {
    let expected = network.shape.iter().product();
    for (index, sample) in samples.iter().enumerate() {
        if sample.len() != expected {
            let (got, shape) = (sample.len(), network.shape.clone());
            return Err(QuantiseError::SampleLength { index, expected, got, shape });
        }
        if let Some(got) = sample.iter().copied().find(|value| !value.is_finite()) {
            return Err(QuantiseError::NotFinite { what: format!("sample {index}"), got });
        }
    }
    Ok(())
}

/// The float model with some values as its outputs.
fn runnable(network: &Network, outputs: &[String]) -> tract_onnx::prelude::TractResult<Arc<TypedRunnableModel>> {
    let file = network.onnx(outputs);
    let mut model = tract_onnx::onnx().model_for_read(&mut file.as_slice())?;
    model.set_input_fact(0, InferenceFact::dt_shape(f32::datum_type(), network.shape.as_slice()))?;
    model.into_typed()?.into_runnable()
}

fn does_not_run(error: &impl std::fmt::Display) -> QuantiseError {
    QuantiseError::DoesNotRun { reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_values_far_out_are_left_to_saturate_where_that_is_asked_for() {
        let mut histogram = Histogram { low: -1.0, high: 50.0, cells: vec![0; CELLS] };
        for at in 0..100_000 {
            histogram.add(at as f32 / 50_000.0 - 1.0);
        }
        for _ in 0..3 {
            histogram.add(50.0);
        }
        assert_eq!(histogram.range(Ranges::MinMax).map(f32::to_bits), [-1.0, 50.0].map(f32::to_bits));
        let [low, high] = histogram.range(Ranges::Percentile);
        assert!((-1.0..-0.95).contains(&low) && (0.95..1.1).contains(&high), "{low} {high}");
        let [low, high] = histogram.range(Ranges::Mse);
        assert!(histogram.loss([low, high]) <= histogram.loss([-1.0, 50.0]));
    }

    #[test]
    fn what_loses_the_least_square_lies_between_rounding_and_saturation() {
        let mut histogram = Histogram { low: -8.0, high: 8.0, cells: vec![0; CELLS] };
        // Nearly everything within 1, a tail up to 8.
        for at in 0..1_000_000 {
            histogram.add((at as f32 / 500_000.0 - 1.0).powi(3));
        }
        for value in [-8.0, 8.0] {
            histogram.add(value);
        }
        let [low, high] = histogram.range(Ranges::Mse);
        assert!(low > -8.0 && high < 8.0 && high > 1.0, "{low} {high}");
    }
}
