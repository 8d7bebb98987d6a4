//! `assay compile`: ONNX to integers to a planned circuit.

use assay_circuits::LayoutReport;
use assay_prover::constraints;
use assay_prover::cost::OPENING_FOR_CHAIN;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::model::read_model;
use super::{InputForm, shape_of, warn_if_no_chain_takes, warnings};
use crate::cli::CompileArgs;
use crate::failure::{Classify as _, Outcome};
use crate::files::ModelFolder;
use crate::next::Next;
use crate::planning::{self, Choice};
use crate::terminal::Terminal;
use crate::{breakdown, compiled, known, labels, planned, units};

/// Circuits whose tables are worth a warning, where they are what makes them large: `2^k` rows.
const LARGE_K: u32 = 15;

#[derive(Serialize)]
struct CompileReport {
    model: String,
    onnx_sha256: String,
    parameters: usize,
    #[serde(flatten)]
    choice: Choice,
    layout: LayoutReport,
    /// What the model computes otherwise elsewhere.
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct Told<'a> {
    graph_digest: String,
    #[serde(flatten)]
    compiled: &'a CompileReport,
    /// What decides the number of rows.
    decides: String,
    inputs: Vec<InputForm>,
    next: Next,
}

pub(crate) fn run(args: &CompileArgs, terminal: Terminal) -> Outcome {
    let folder = ModelFolder::of(&args.model);
    let name = folder.model().file_stem().map_or_else(|| "model".into(), |s| s.to_string_lossy());
    let bytes = folder.onnx()?;
    let (graph, told) = read_model(&bytes, folder.model(), &name)?;
    let named = args.labels.as_deref().map(|path| labels::named(path, &graph)).transpose()?;
    let ((layout, choice), _) = terminal
        .step("plan the circuit", None, || planning::plan(&graph, args.purpose))
        .request("cannot plan a circuit")?;
    let constraints = constraints(&layout.shape).machine("cannot describe the circuit")?;
    warn_if_no_chain_takes(&shape_of(&layout, &constraints, OPENING_FOR_CHAIN)?, layout.instances());
    let (onnx, digest): ([u8; 32], _) = (Sha256::digest(&bytes).into(), graph.digest());
    let compiled = CompileReport {
        model: name.into_owned(),
        onnx_sha256: hex::encode(onnx),
        parameters: graph.parameters(),
        choice,
        layout: layout.report(),
        warnings: warnings(told),
    };
    folder.create()?;
    compiled::write(&folder, &onnx, &graph)?;
    known::remember(&onnx, &compiled::named(&digest, &graph), None);
    planned::write(&folder, &digest, layout.k, &compiled)?;
    match &named {
        Some(labels) => labels::keep(labels, &folder)?,
        // Warns of labels of before that do not fit.
        None => drop(labels::of(&folder, &graph)?),
    }
    let inputs = InputForm::all(&graph)?;
    say(&compiled, graph.nodes.len(), &inputs, terminal);
    if named.is_some() {
        terminal.say(format_args!(
            "  labels: kept in {}; they are your words, and not proved",
            folder.file("labels.txt").display()
        ));
    }
    warn_of_long_tables(&compiled.layout);
    terminal.say("");
    breakdown::show(&compiled.layout, &compiled.choice, terminal);
    let decides = breakdown::decides(&compiled.layout, &compiled.choice);
    let next = Next::of("setup", folder.model());
    terminal.next(&next);
    terminal.result(&Told { graph_digest: hex::encode(digest), compiled: &compiled, decides, inputs, next });
    Ok(())
}

/// The model's size, its circuit's, and what it takes.
fn say(compiled: &CompileReport, nodes: usize, inputs: &[InputForm], terminal: Terminal) {
    let report = &compiled.layout;
    terminal.say(format_args!(
        "{}: {} parameters, {} nodes",
        compiled.model,
        units::count(compiled.parameters),
        units::count(nodes)
    ));
    terminal.say(format_args!(
        "  2^{} rows, {}, {} + {} columns, {} public words",
        report.k,
        compiled.choice.lanes,
        report.advice_columns,
        report.fixed_columns,
        units::count(report.instances),
    ));
    for input in inputs {
        terminal.say(format_args!("  {input}"));
    }
}

fn warn_of_long_tables(report: &LayoutReport) {
    if report.k >= LARGE_K && report.table_rows > 4 * report.weight_rows.max(report.activation_rows) {
        Terminal::warn(format_args!(
            "lookup tables decide the size of this circuit: scales that are no powers of two need longer ones. Round them with \
             `models/zoo/powers_of_two.py`, and compare the accuracy"
        ));
    }
}
