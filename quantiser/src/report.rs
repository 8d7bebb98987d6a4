//! [`Report`]: the integers, as a circuit will have them, against the floats.

use assay_models::{End, QuantizedGraph, TensorInfo, import, interpret};
use serde::{Deserialize, Serialize};

use crate::Scales;
use crate::calibration::{Activations, Ranges};
use crate::emit::quantised_name;
use crate::error::QuantiseError;

/// How far a value's integers are from its floats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Layer {
    /// Name of the value.
    pub name: String,
    /// `10 log10(sum x^2 / sum (x - y)^2)` over all samples, in decibels: 20 dB is an error of a tenth.
    pub signal_to_noise_db: f64,
}

/// What quantising lost, over the samples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// How many samples were compared.
    pub samples: usize,
    /// How the ranges of activations were chosen.
    pub ranges: Ranges,
    /// What scales are.
    pub scales: Scales,
    /// The operator that the model ends before, where one was left out.
    pub ended_before: Option<String>,
    /// Outputs that are left out: labels, which are chosen from scores that are outputs themselves.
    pub left_out: Vec<String>,
    /// Samples whose largest output is the same; with one output, `None`.
    pub same_label: Option<usize>,
    /// Mean of the absolute errors of the outputs, as a part of their range.
    pub mean_error: f64,
    /// Largest absolute error of an output, as a part of their range.
    pub largest_error: f64,
    /// Mean square of the errors of the outputs.
    pub squared_error: f64,
    /// Every rounded value, in the order of the network.
    pub layers: Vec<Layer>,
}

/// What the samples so far have lost in one value.
#[derive(Clone, Copy, Default)]
struct Sums {
    signal: f64,
    noise: f64,
}

/// What the samples so far have lost in the outputs.
#[derive(Default)]
struct Errors {
    count: usize,
    total: f64,
    largest: f64,
    squares: f64,
    /// Ends of the floats.
    low: f64,
    high: f64,
    same_labels: usize,
}

/// Runs the integers of a quantised model and its floats over the samples.
pub(crate) fn compare(
    onnx: &[u8],
    activations: &Activations,
    samples: &[Vec<f32>],
    (ranges, scales, ended_before): (Ranges, Scales, Option<String>),
) -> Result<Report, QuantiseError> {
    let graph = import(onnx, "model")?;
    // A rounded value that the outputs do not need is no tensor of the graph.
    let place = |name: &String| graph.tensors.iter().position(|info| info.name == quantised_name(name));
    let mut layers: Vec<(&String, Option<usize>, Sums)> =
        activations.rounded.iter().map(|name| (name, place(name), Sums::default())).collect();
    let mut errors = Errors { low: f64::INFINITY, high: f64::NEG_INFINITY, ..Errors::default() };
    for sample in samples {
        let floats = activations.run(sample)?;
        let (rounded, outputs) = floats.split_at_checked(layers.len()).ok_or_else(unpaired)?;
        let trace = interpret(&graph, &[integers(&graph, sample)?])?;
        for ((_, place, sums), floats) in layers.iter_mut().zip(rounded) {
            if let Some((values, info)) = place.and_then(|at| Some((trace.values.get(at)?, graph.tensors.get(at)?))) {
                sums.add(&reals(info, values), floats)?;
            }
        }
        let made = trace.at(&graph, End::Output)?;
        if made.len() != outputs.len() || made.len() != graph.outputs.len() {
            return Err(unpaired());
        }
        for (at, ((port, values), floats)) in graph.outputs.iter().zip(made).zip(outputs).enumerate() {
            errors.add(&reals(graph.tensor(port.tensor)?, values), floats, at == 0)?;
        }
    }
    let range = if errors.high > errors.low { errors.high - errors.low } else { 1.0 };
    let several = graph.outputs.first().is_some_and(|port| graph.tensor(port.tensor).is_ok_and(|info| info.len() > 1));
    let layer = |(name, place, sums): (&String, Option<usize>, Sums)| {
        place.map(|_| Layer { name: name.clone(), signal_to_noise_db: sums.decibels() })
    };
    Ok(Report {
        samples: samples.len(),
        ranges,
        scales,
        ended_before,
        left_out: Vec::new(),
        same_label: several.then_some(errors.same_labels),
        mean_error: errors.total / errors.count.max(1) as f64 / range,
        largest_error: errors.largest / range,
        squared_error: errors.squares / errors.count.max(1) as f64,
        layers: layers.into_iter().filter_map(layer).collect(),
    })
}

impl Sums {
    fn add(&mut self, reals: &[f64], floats: &[f32]) -> Result<(), QuantiseError> {
        for (real, float) in paired(reals, floats)? {
            self.signal += float * float;
            self.noise += (real - float) * (real - float);
        }
        Ok(())
    }

    fn decibels(self) -> f64 {
        10.0 * (self.signal.max(f64::MIN_POSITIVE) / self.noise.max(f64::MIN_POSITIVE)).log10()
    }
}

impl Errors {
    fn add(&mut self, reals: &[f64], floats: &[f32], labelled: bool) -> Result<(), QuantiseError> {
        for (real, float) in paired(reals, floats)? {
            let error = (real - float).abs();
            self.count += 1;
            self.total += error;
            self.squares += error * error;
            self.largest = self.largest.max(error);
            (self.low, self.high) = (self.low.min(float), self.high.max(float));
        }
        let wide: Vec<f64> = floats.iter().map(|float| f64::from(*float)).collect();
        self.same_labels += usize::from(labelled && label(reals) == label(&wide));
        Ok(())
    }
}

/// Numbers of the integers and of the floats, in pairs.
fn paired(reals: &[f64], floats: &[f32]) -> Result<impl Iterator<Item = (f64, f64)>, QuantiseError> {
    if reals.len() != floats.len() {
        return Err(unpaired());
    }
    Ok(reals.iter().zip(floats).map(|(real, float)| (*real, f64::from(*float))))
}

fn unpaired() -> QuantiseError {
    QuantiseError::DoesNotRun { reason: "it has other values than the quantised model".to_owned() }
}

impl Report {
    /// The values that lost most, the worst first.
    pub fn worst(&self, count: usize) -> Vec<&Layer> {
        let mut layers: Vec<&Layer> = self.layers.iter().collect();
        layers.sort_by(|one, other| one.signal_to_noise_db.total_cmp(&other.signal_to_noise_db));
        layers.truncate(count);
        layers
    }
}

/// A sample as the integers of the model's input.
fn integers(graph: &QuantizedGraph, sample: &[f32]) -> Result<Vec<i64>, QuantiseError> {
    let input = graph.inputs.first().ok_or(QuantiseError::NoSamples)?;
    let info = graph.tensor(input.tensor)?;
    let (low, high) = (info.dtype.min(), info.dtype.max());
    let round = |value: &f32| {
        ((f64::from(*value) / info.scale).round_ties_even() as i64 + i64::from(info.zero_point)).clamp(low, high)
    };
    Ok(sample.iter().map(round).collect())
}

/// The real numbers of a tensor's integers.
fn reals(info: &TensorInfo, values: &[i64]) -> Vec<f64> {
    values.iter().map(|value| (value - i64::from(info.zero_point)) as f64 * info.scale).collect()
}

/// The first of the largest.
fn label(values: &[f64]) -> Option<usize> {
    let ascending = values.iter().enumerate().rev().max_by(|(_, one), (_, other)| one.total_cmp(other));
    ascending.map(|(at, _)| at)
}
