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

/// Sums over all samples.
#[derive(Clone, Copy, Default)]
struct Sums {
    signal: f64,
    noise: f64,
}

/// Runs the integers of a quantised model and its floats over the samples.
pub(crate) fn compare(
    onnx: &[u8],
    activations: &Activations,
    samples: &[Vec<f32>],
    (ranges, scales, ended_before): (Ranges, Scales, Option<String>),
) -> Result<Report, QuantiseError> {
    let graph = import(onnx, "model")?;
    let tensor = |name: &String| {
        let integers = quantised_name(name);
        graph.tensors.iter().position(|info| info.name == integers)
    };
    // What is moved only keeps the name of what it was moved from.
    let places: Vec<Option<usize>> = activations.rounded.iter().map(tensor).collect();
    let mut layers = vec![Sums::default(); places.len()];
    let (mut same, mut count, mut total, mut largest) = (0, 0usize, 0.0, 0f64);
    let (mut squares, mut low, mut high) = (0.0, f64::INFINITY, f64::NEG_INFINITY);
    for sample in samples {
        let floats = activations.run(sample)?;
        let trace = interpret(&graph, &[integers(&graph, sample)?])?;
        for ((sums, place), floats) in layers.iter_mut().zip(&places).zip(&floats) {
            let Some((values, info)) = place.and_then(|at| Some((trace.values.get(at)?, graph.tensors.get(at)?)))
            else {
                continue;
            };
            for (value, float) in values.iter().zip(floats) {
                let noise = real(info, *value) - f64::from(*float);
                sums.signal += f64::from(*float).powi(2);
                sums.noise += noise * noise;
            }
        }
        let outputs = graph.outputs.iter().zip(trace.at(&graph, End::Output)?);
        for (at, ((port, values), floats)) in outputs.zip(floats.iter().skip(activations.rounded.len())).enumerate() {
            let info = graph.tensor(port.tensor)?;
            let reals: Vec<f64> = values.iter().map(|value| real(info, *value)).collect();
            for (real, float) in reals.iter().zip(floats) {
                let float = f64::from(*float);
                let error = (real - float).abs();
                (count, total, largest, squares) =
                    (count + 1, total + error, largest.max(error), squares + error * error);
                (low, high) = (low.min(float), high.max(float));
            }
            let wide: Vec<f64> = floats.iter().map(|float| f64::from(*float)).collect();
            same += usize::from(at == 0 && label(&reals) == label(&wide));
        }
    }
    let range = if high > low { high - low } else { 1.0 };
    let several = graph.outputs.first().is_some_and(|port| graph.tensor(port.tensor).is_ok_and(|info| info.len() > 1));
    let decibels =
        |sums: &Sums| 10.0 * (sums.signal.max(f64::MIN_POSITIVE) / sums.noise.max(f64::MIN_POSITIVE)).log10();
    let layers = activations.rounded.iter().zip(&layers).zip(&places).filter(|(_, place)| place.is_some());
    Ok(Report {
        samples: samples.len(),
        ranges,
        scales,
        ended_before,
        same_label: several.then_some(same),
        mean_error: total / count.max(1) as f64 / range,
        largest_error: largest / range,
        squared_error: squares / count.max(1) as f64,
        layers: layers
            .map(|((name, sums), _)| Layer { name: name.clone(), signal_to_noise_db: decibels(sums) })
            .collect(),
    })
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

fn real(info: &TensorInfo, value: i64) -> f64 {
    (value - i64::from(info.zero_point)) as f64 * info.scale
}

/// The first of the largest.
fn label(values: &[f64]) -> Option<usize> {
    let ascending = values.iter().enumerate().rev().max_by(|(_, one), (_, other)| one.total_cmp(other));
    ascending.map(|(at, _)| at)
}
