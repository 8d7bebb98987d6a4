//! The verbs: each takes its arguments and the terminal, and returns how it went.

pub(crate) mod compile;
pub(crate) mod contract;
mod cuts;
pub(crate) mod demo;
pub(crate) mod estimate;
pub(crate) mod infer;
pub(crate) mod market;
mod model;
pub(crate) mod prove;
pub(crate) mod setup;
pub(crate) mod srs;
pub(crate) mod verify;

use std::fmt;
use std::path::Path;

use assay_circuits::Layout;
use assay_models::input::InputValues;
use assay_models::{QuantisedInput, QuantizedGraph};
use assay_prover::Cost;
use assay_prover::cost::{OPENING_FOR_CHAIN, threads};
use assay_solidity::{MOST_TRANSACTION_BYTES, Shape};
use assay_verifier::{ConstraintSystem, Instances, Opening};
use serde::Serialize;

use crate::cli::OpeningChoice;
use crate::failure::{Advise as _, Classify as _, Outcome, refuse};
use crate::files;
use crate::next::Next;
use crate::planning;
use crate::terminal::Terminal;
use crate::units;

/// Reads an input file and quantises it for the graph's input. What was clamped is returned and warned of.
fn read_input(graph: &QuantizedGraph, path: &Path) -> Outcome<QuantisedInput> {
    let bytes = files::read(path)?;
    let doing = format!("cannot use {} as an input", path.display());
    let form = || Next::assay("infer").arg("--help");
    let values = InputValues::parse(&bytes, path.extension().is_some_and(|e| e == "npy")).request(&doing).next(form)?;
    let input = values.quantise(graph).request(&doing).next(form)?;
    if let Some(clamped) = &input.clamped {
        Terminal::warn(format_args!("{}: {clamped}", path.display()));
    }
    Ok(input)
}

/// What a model takes.
#[derive(Debug, Serialize)]
struct InputForm {
    shape: Vec<usize>,
    /// Smallest and largest real number that one value stands for.
    low: f64,
    high: f64,
}

impl InputForm {
    fn of(graph: &QuantizedGraph) -> Outcome<Self> {
        let info = graph.tensor(graph.input).request("cannot read the graph")?;
        let real = |integer: i64| info.scale * (integer - i64::from(info.zero_point)) as f64;
        Ok(Self { shape: info.shape.clone(), low: real(info.dtype.min()), high: real(info.dtype.max()) })
    }
}

impl fmt::Display for InputForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "input {:?}, real numbers from {} to {}", self.shape, units::real(self.low), units::real(self.high))
    }
}

/// Sentences of warnings, for machines.
fn warnings<W: ToString>(warnings: impl IntoIterator<Item = W>) -> Vec<String> {
    warnings.into_iter().map(|warning| warning.to_string()).collect()
}

/// Predicted seconds of each phase of proving, for progress lines.
fn expected_phases(cost: &Cost) -> Vec<(&'static str, f64)> {
    cost.phases.iter().map(|(phase, seconds)| (phase.name(), *seconds)).collect()
}

/// The opening that was asked for.
const fn opening(choice: OpeningChoice) -> Opening {
    match choice {
        OpeningChoice::Shplonk => Opening::Shplonk,
        OpeningChoice::Evm => OPENING_FOR_CHAIN,
    }
}

/// The shape of the contracts for a layout, before there are keys.
fn shape_of(layout: &Layout, constraints: &ConstraintSystem, opening: Opening) -> Outcome<Shape> {
    planning::shape(layout.k, constraints, opening).request("cannot describe a contract for this circuit")
}

/// Warns of a model whose proofs, with so many public values, are too long for any transaction.
fn warn_if_no_chain_takes(shape: &Shape, instances: usize) {
    if !shape.fits_a_transaction(instances) {
        Terminal::warn(format_args!(
            "this model's proof cannot be sent to a chain: with its public values it is {} bytes of calldata, and nodes take \
             transactions of at most {} bytes; `assay verify` checks it all the same. A model with a \
             smaller input or output has fewer public values",
            units::count(shape.call_bytes(instances)),
            units::count(MOST_TRANSACTION_BYTES)
        ));
    }
}

/// Up to 31 bytes of hexadecimal as the one word of a context.
fn parse_context(text: &str) -> Outcome<Instances> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let even = if digits.len().is_multiple_of(2) { digits.to_owned() } else { format!("0{digits}") };
    let bytes = hex::decode(&even).request(format_args!("--context expects hexadecimal, got {text:?}"))?;
    if bytes.len() > 31 {
        return refuse(format_args!("--context expects at most 31 bytes, got {}", bytes.len()));
    }
    let mut word = [0; 32];
    if let Some(slots) = word.get_mut(32 - bytes.len()..) {
        slots.copy_from_slice(&bytes);
    }
    Instances::from_words(&[word]).request("--context is not a field element")
}
