//! Reading the ONNX file, for every command that does: all refusals at once, and what is to be known of the model.

use std::path::Path;

use assay_circuits::{CircuitError, unsupported};
use assay_models::{ModelError, QuantizedGraph, Refusals, Warning, read};

use crate::failure::{Advise as _, Classify as _, Outcome, refuse};
use crate::next::Next;
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
        let float = reading.refusals.iter().any(|refusal| matches!(refusal, ModelError::NotQuantised));
        let next = || Next::assay("quantize").arg("--help");
        let refused = refused(&refusals, path);
        return if float { refused.next(next) } else { refused };
    }
    for warning in &reading.warnings {
        Terminal::warn(warning);
    }
    Ok((reading.graph, reading.warnings))
}

/// What is refused: the only thing in one sentence, several one after the other as causes.
fn refused<T>(refusals: &Refusals, path: &Path) -> Outcome<T> {
    let several: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    if several.len() == 1 {
        return refuse(format_args!("cannot take {} as a model: {refusals}", path.display()));
    }
    let head = format!("cannot take {} as a model: {} things are refused", path.display(), several.len());
    let causes = several.into_iter().rev().fold(None, |cause: Option<anyhow::Error>, refusal| {
        Some(match cause {
            Some(cause) => cause.context(refusal),
            None => anyhow::anyhow!(refusal),
        })
    });
    match causes {
        Some(causes) => Err(causes).request(head),
        None => refuse(head),
    }
}
