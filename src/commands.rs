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
pub(crate) mod quantize;
pub(crate) mod setup;
pub(crate) mod srs;
pub(crate) mod verify;

use std::fmt;
use std::path::{Path, PathBuf};

use assay_circuits::Layout;
use assay_models::input::{self, Given, InputValues};
use assay_models::{Port, QuantizedGraph};
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

/// The integers of each of a graph's inputs, and what to know about them.
struct Inputs {
    values: Vec<Vec<i64>>,
    warnings: Vec<String>,
}

/// Reads input files and quantises them for the graph's inputs: `NAME=FILE` for the input of that name, other files in order. What was clamped is
/// returned and warned of.
fn read_inputs(graph: &QuantizedGraph, files: &[PathBuf]) -> Outcome<Inputs> {
    let form = || Next::assay("infer").arg("--help");
    let mut given = Vec::new();
    for file in files {
        let (name, path) = named(graph, file);
        let bytes = files::read(path)?;
        let values = InputValues::parse(&bytes, path.extension().is_some_and(|e| e == "npy"))
            .request(format_args!("cannot use {} as an input", path.display()))
            .next(form)?;
        given.extend(values.into_iter().map(|values| Given { name: name.clone(), values }));
    }
    let shown = files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(" and ");
    let inputs = input::quantised(graph, &given).request(format_args!("cannot use {shown} as an input")).next(form)?;
    let clamped = inputs.iter().zip(&graph.inputs).filter_map(|(input, port)| {
        let clamped = input.clamped.as_ref()?;
        Some(if graph.inputs.len() > 1 { format!("{}: {clamped}", port.name) } else { clamped.to_string() })
    });
    let warnings: Vec<String> = clamped.collect();
    for warning in &warnings {
        Terminal::warn(format_args!("{shown}: {warning}"));
    }
    Ok(Inputs { values: inputs.into_iter().map(|input| input.values).collect(), warnings })
}

/// The input that a file is named for, and the file: what stands before a `=` is a name if the model has such an input, the longest if it has several.
fn named<'a>(graph: &QuantizedGraph, file: &'a Path) -> (Option<String>, &'a Path) {
    let split = |name: &'_ str| Some((name.to_owned(), file.to_str()?.strip_prefix(name)?.strip_prefix('=')?));
    let names = graph.inputs.iter().filter_map(|input| split(&input.name));
    match names.max_by_key(|(name, _)| name.len()) {
        Some((name, path)) => (Some(name), Path::new(path)),
        None => (None, file),
    }
}

/// What a model takes as one of its inputs.
#[derive(Debug, Serialize)]
struct InputForm {
    name: String,
    shape: Vec<usize>,
    /// Smallest and largest real number that one value stands for.
    low: f64,
    high: f64,
}

impl InputForm {
    /// Every input of a graph.
    fn all(graph: &QuantizedGraph) -> Outcome<Vec<Self>> {
        let of = |port: &Port| {
            let info = graph.tensor(port.tensor).request("cannot read the graph")?;
            let real = |integer: i64| info.scale * (integer - i64::from(info.zero_point)) as f64;
            let (name, shape) = (port.name.clone(), info.shape.clone());
            Ok(Self { name, shape, low: real(info.dtype.min()), high: real(info.dtype.max()) })
        };
        graph.inputs.iter().map(of).collect()
    }
}

impl fmt::Display for InputForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, shape, low, high } = self;
        write!(f, "input {name} {shape:?}, real numbers from {} to {}", units::real(*low), units::real(*high))
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
