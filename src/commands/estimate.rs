//! `assay estimate`: what keys, proofs and verifications will cost, counted from the model alone.

use std::path::Path;

use assay_circuits::{Layout, LayoutReport};
use assay_prover::cost::OPENING_FOR_CHAIN;
use assay_prover::{Cost, Pace, constraints};
use assay_solidity::Gas;
use assay_verifier::{ConstraintSystem, Opening};
use serde::Serialize;

use super::model::read_model;
use super::{InputForm, shape_of, threads, warn_if_no_chain_takes};
use crate::cli::EstimateArgs;
use crate::drawing::{self, Figure};
use crate::failure::{Classify as _, Failure, Outcome};
use crate::files::{self, ModelFolder};
use crate::next::Next;
use crate::planning::{self, Choice, Purpose};
use crate::terminal::Terminal;
use crate::{breakdown, units};

#[derive(Serialize)]
struct Estimate {
    model: String,
    parameters: usize,
    inputs: Vec<InputForm>,
    public_words: usize,
    threads: usize,
    #[serde(flatten)]
    choice: Choice,
    /// How long this machine takes, measured now, over what is expected of it.
    pace: Times,
    /// What decides the number of rows.
    decides: String,
    layout: LayoutReport,
    openings: Vec<OfOpening>,
    next: Next,
}

/// [`Pace`], for machines.
#[derive(Serialize)]
struct Times {
    full_point: f64,
    small_point: f64,
    product: f64,
}

/// What one way of opening costs.
#[derive(Serialize)]
struct OfOpening {
    opening: &'static str,
    k: u32,
    activation_lanes: usize,
    weight_lanes: usize,
    advice_columns: usize,
    fixed_columns: usize,
    columns_per_commitment: u32,
    srs_k: u32,
    /// All of the first setup of this size.
    setup_s: f64,
    /// Of it, cutting a larger SRS to size, which later setups of this size find done.
    cut_s: f64,
    setup_memory_bytes: u64,
    prove_s: f64,
    prove_memory_bytes: u64,
    proof_bytes: usize,
    calldata_bytes: usize,
    /// Whether nodes take a transaction with this calldata.
    fits_a_transaction: bool,
    gas_verify: u64,
    gas_of_another_in_a_batch: u64,
}

pub(crate) fn run(args: &EstimateArgs, terminal: Terminal) -> Outcome {
    if let Some(path) = &args.picture {
        drawing::replaceable(path)?;
    }
    let folder = ModelFolder::of(&args.model);
    let name = folder.model().file_stem().map_or_else(|| "model".into(), |s| s.to_string_lossy());
    let (graph, _) = read_model(&folder.onnx()?, folder.model(), &name)?;
    let ((layout, choice), _) = terminal
        .step("plan the circuit", None, || planning::plan(&graph, args.purpose))
        .request("cannot plan a circuit")?;
    let constraints = constraints(&layout.shape).machine("cannot describe the circuit")?;
    let (pace, _) = terminal.step("time this machine", None, || Ok::<_, Failure>(Pace::measured()))?;
    let threads = args.threads.map_or_else(threads, usize::from);
    let report = layout.report();
    let estimate = Estimate {
        model: name.into_owned(),
        parameters: graph.parameters(),
        inputs: InputForm::all(&graph)?,
        public_words: layout.instances(),
        threads,
        pace: Times { full_point: pace.full_point, small_point: pace.small_point, product: pace.product },
        decides: breakdown::decides(&report, &choice),
        choice,
        layout: report,
        openings: vec![
            of_opening(&layout, &constraints, Opening::Shplonk, threads, &pace)?,
            of_opening(&layout, &constraints, OPENING_FOR_CHAIN, threads, &pace)?,
        ],
        next: compile(folder.model(), args.purpose).then(&Next::of("setup", folder.model())),
    };
    terminal.say(format_args!(
        "{}: {} parameters, {} public words; {threads} threads",
        estimate.model,
        units::count(estimate.parameters),
        units::count(estimate.public_words)
    ));
    estimate.inputs.iter().for_each(|input| terminal.say(input));
    terminal.say("");
    show(&estimate.openings, terminal);
    terminal.say("");
    breakdown::show(&estimate.layout, &estimate.choice, terminal);
    terminal.say("");
    terminal.say("Seconds are those of this machine, which was timed for a second just now; gas includes calldata. Keys of the second column: `assay setup` with --opening evm");
    if let Some(path) = &args.picture {
        let sentences =
            [format!("{}: {}.", planning::named(estimate.choice.lanes), estimate.choice.why), estimate.decides.clone()];
        let page = drawing::html(&estimate.model, &layout, &figures(&estimate.openings), &sentences);
        files::write(path, page.as_bytes())?;
        terminal.say(format_args!("picture of the layout: {}", path.display()));
    }
    terminal.next(&estimate.next);
    terminal.result(&estimate);
    Ok(())
}

/// The command that plans a model for a purpose.
fn compile(model: &Path, purpose: Purpose) -> Next {
    let next = Next::of("compile", model);
    if purpose == Purpose::Prover { next.arg("--for").arg("prover") } else { next }
}

fn of_opening(
    layout: &Layout,
    constraints: &ConstraintSystem,
    opening: Opening,
    threads: usize,
    pace: &Pace,
) -> Outcome<OfOpening> {
    let cost = Cost::paced(pace, layout, constraints, opening, threads).machine("cannot count the circuit's cost")?;
    let shape = shape_of(layout, constraints, opening)?;
    if opening != Opening::Shplonk {
        warn_if_no_chain_takes(&shape, layout.instances());
    }
    let gas = Gas::of(&shape, layout.instances()).request("cannot count the gas of this circuit")?;
    let gas = gas.with_zeros(layout.zero_columns());
    let (points, scalars) = shape.proof_shape();
    let report = layout.report();
    Ok(OfOpening {
        opening: if opening == Opening::Shplonk { "shplonk" } else { "evm" },
        k: report.k,
        activation_lanes: report.activation_lanes,
        weight_lanes: report.weight_lanes,
        advice_columns: report.advice_columns,
        fixed_columns: report.fixed_columns,
        columns_per_commitment: opening.width(),
        srs_k: layout.k + opening.width().next_power_of_two().ilog2(),
        setup_s: cost.cut_seconds + cost.keygen_seconds,
        cut_s: cost.cut_seconds,
        setup_memory_bytes: cost.setup_peak_bytes(true),
        prove_s: cost.phases.iter().map(|(_, seconds)| seconds).sum(),
        prove_memory_bytes: cost.peak_bytes,
        proof_bytes: 64 * points + 32 * scalars,
        calldata_bytes: shape.call_bytes(layout.instances()),
        fits_a_transaction: shape.fits_a_transaction(layout.instances()),
        gas_verify: gas.total(),
        gas_of_another_in_a_batch: gas.another(),
    })
}

/// A column for each opening.
fn show(openings: &[OfOpening], terminal: Terminal) {
    for (what, values) in figures(openings) {
        let cells = values.iter().fold(String::new(), |line, value| format!("{line}{value:>14}"));
        terminal.say(format_args!("  {what:<34}{cells}"));
    }
}

/// The numbers of each opening, by name.
fn figures(openings: &[OfOpening]) -> Vec<Figure> {
    let row = |what: &str, cell: &dyn Fn(&OfOpening) -> String| (what.to_owned(), openings.iter().map(cell).collect());
    vec![
        row("--opening", &|o| o.opening.to_owned()),
        row("rows", &|o| format!("2^{}", o.k)),
        row("lanes of activations, of weights", &|o| format!("{}, {}", o.activation_lanes, o.weight_lanes)),
        row("columns, advice and fixed", &|o| format!("{} + {}", o.advice_columns, o.fixed_columns)),
        row("columns behind a commitment", &|o| o.columns_per_commitment.to_string()),
        row("powers that the SRS needs", &|o| format!("2^{}", o.srs_k)),
        row("setup", &|o| units::seconds(o.setup_s)),
        row("  of it to cut the SRS, once a size", &|o| units::seconds(o.cut_s)),
        row("  memory of setup", &|o| units::size(o.setup_memory_bytes)),
        row("a proof", &|o| units::seconds(o.prove_s)),
        row("  memory of a proof", &|o| units::size(o.prove_memory_bytes)),
        row("  bytes of a proof", &|o| units::count(o.proof_bytes)),
        row("  bytes of calldata", &|o| units::count(o.calldata_bytes)),
        row("gas to verify it", &|o| units::count(o.gas_verify)),
        row("gas of another in a batch", &|o| units::count(o.gas_of_another_in_a_batch)),
    ]
}
