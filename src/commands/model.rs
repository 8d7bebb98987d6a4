//! Reading the ONNX file, for every command that does: all refusals at once, and what is to be known of the model.

use std::path::Path;

use assay_circuits::{CircuitError, unsupported};
use assay_models::{QuantizedGraph, Refusals, Warning, read};

use crate::failure::{Outcome, refuse};
use crate::files;
use crate::terminal::Terminal;

/// The graph of an ONNX file, and what to know of it, which is also said. Refused with everything that the importer and the planner
/// do not take, in one list.
pub(super) fn read_model(path: &Path, name: &str) -> Outcome<(QuantizedGraph, Vec<Warning>)> {
    let reading = read(&files::read(path)?, name);
    let mut refusals = Refusals::of(&reading.refusals);
    for refused in unsupported(&reading.graph) {
        match refused {
            CircuitError::Unsupported { node, what, expected } => {
                refusals.add(Some(&node), format!("{what} is not provable yet: expected {expected}"));
            }
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
