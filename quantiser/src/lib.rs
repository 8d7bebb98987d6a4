//! Float ONNX to 8-bit QDQ ONNX: what ONNX Runtime runs, and what a circuit proves.
//!
//! [`quantise`] folds batch normalisations into the layers before them, runs the float model over samples of what it will see, chooses a range for each
//! activation, and writes a model whose weights and activations are integers of 8 bits with a scale. It then compares the integers, as the circuit
//! will have them, with the floats, and says how much is lost and where.
//!
//! | module | what |
//! |---|---|
//! | `network` | the float graph: nodes in order, constants as numbers |
//! | `fold` | batch normalisations and what does nothing |
//! | `calibration` | the float model over samples (tract), and the range of each activation |
//! | `emit` | the graph with `QuantizeLinear` and `DequantizeLinear` |
//! | `report` | integers against floats |
//!
//! ```
//! use assay_quantiser::{Options, quantise, samples};
//!
//! let (onnx, inputs) = samples::perceptron(&[6, 8, 3], 1);
//! let quantised = quantise(&onnx, &inputs, &Options::default())?;
//! assert!(assay_models::import(&quantised.onnx, "model").is_ok());
//! assert!(quantised.report.mean_error < 0.05);
//! # Ok::<(), assay_quantiser::QuantiseError>(())
//! ```

mod calibration;
mod classical;
mod emit;
mod error;
mod fold;
mod network;
mod report;
mod rounding;
pub mod samples;

pub use calibration::Ranges;
pub use error::QuantiseError;
pub use report::{Layer, Report};
use serde::{Deserialize, Serialize};

use calibration::Activations;
use network::Network;

/// What scales may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scales {
    /// Any: the range of an activation is used to its end.
    #[default]
    Free,
    /// Powers of two, for weights and activations: proofs are cheapest, and up to half of a range is lost.
    PowersOfTwo,
}

/// How a model is quantised.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// What scales may be.
    pub scales: Scales,
    /// How the ranges of activations are chosen; `None` tries all ways and keeps the one whose outputs are nearest to the floats'.
    pub ranges: Option<Ranges>,
    /// One scale for all weights of a layer, in place of one for each output.
    pub per_tensor: bool,
    /// End the model before a last `Softmax`, `LogSoftmax` or `Sigmoid`.
    pub scores: bool,
    /// Sizes of the input's axes, where the file leaves some open.
    pub shape: Option<Vec<usize>>,
    /// The shape of the samples, which says the sizes that are still open.
    pub samples: Option<Vec<usize>>,
}

/// A quantised model and what it lost.
#[derive(Clone, Debug)]
pub struct Quantised {
    /// The ONNX file, in QDQ form.
    pub onnx: Vec<u8>,
    /// Integers against floats.
    pub report: Report,
}

/// Quantises a float model by samples: each holds the numbers of the model's input, in row-major order.
///
/// # Errors
/// [`QuantiseError`] names what cannot be quantised and what to do.
pub fn quantise(onnx: &[u8], samples: &[Vec<f32>], options: &Options) -> Result<Quantised, QuantiseError> {
    let mut network = Network::read(onnx, [options.shape.as_deref(), options.samples.as_deref()])?;
    let left_out = classical::plain(&mut network)?;
    let ended_before = if options.scores { fold::end_before_scores(&mut network) } else { None };
    fold::fold(&mut network)?;
    network.check_operators()?;
    let activations = Activations::of(&network, samples)?;
    let ways: Vec<Ranges> = options.ranges.map_or_else(|| Ranges::ALL.to_vec(), |ranges| vec![ranges]);
    let mut best: Option<Quantised> = None;
    for ranges in ways {
        let onnx = emit::emit(&network, &activations, ranges, options)?;
        let report = report::compare(&onnx, &activations, samples, (ranges, options.scales, ended_before.clone()))?;
        let report = Report { left_out: left_out.clone(), ..report };
        if best.as_ref().is_none_or(|best| report.squared_error < best.report.squared_error) {
            best = Some(Quantised { onnx, report });
        }
    }
    best.ok_or(QuantiseError::NoSamples)
}
