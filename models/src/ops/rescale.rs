//! Relu, Clip or a change of scale on its own: `QuantizeLinear` of a quantised tensor.

use serde::{Deserialize, Serialize};

use crate::requantise::Requantise;

/// `acc = x - zx`, requantised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rescale {
    /// Accumulator to output.
    pub requantise: Requantise,
}

impl Rescale {
    /// Accumulators of `x` with zero point `zx`.
    pub fn accumulate(&self, x: &[i64], zx: i64) -> Vec<i64> {
        x.iter().map(|x| x - zx).collect()
    }
}
