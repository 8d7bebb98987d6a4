//! Reading the ONNX file, for every command that does: all refusals at once, and what is to be known of the model.

use std::path::Path;

use assay_circuits::{CircuitError, unsupported};
use assay_models::{QuantizedGraph, Refusals, Warning, read};

use crate::failure::{Outcome, refuse};
use crate::terminal::Terminal;

/// What is said of all requantisations whose lookup tables are too large, once.
const LARGE_TABLE: &str = "its accumulators reach so far beyond what its result holds that no lookup table holds them: give the result a larger \
     scale, nearer to that of the input times that of the weights times the number of inputs";

/// The graph of an ONNX file's bytes, and what to know of it, which is also said. Refused with everything that the importer and the planner
/// do not take, in one list.
pub(super) fn read_model(bytes: &[u8], path: &Path, name: &str) -> Outcome<(QuantizedGraph, Vec<Warning>)> {
    let reading = read(bytes, name);
    let mut refusals = Refusals::of(&reading.refusals);
    for refused in unsupported(&reading.graph) {
        match refused {
            CircuitError::Unsupported { node, what, expected } => {
                refusals.add(Some(&node), format!("{what} is not provable yet: expected {expected}"));
            }
            CircuitError::TableTooLarge { node, .. } => refusals.add(Some(&node), LARGE_TABLE.to_owned()),
            other => refusals.add(None, other.to_string()),
        }
    }
    if !refusals.is_empty() {
        return refuse(format_args!("cannot take {} as a model: {refusals}", path.display()));
    }
    for warning in &reading.warnings {
        Terminal::warn(warning);
    }
    Ok((reading.graph, reading.warnings))
}
