//! `assay prove`: an answer and the proof of it.

use std::path::Path;

use assay_circuits::Layout;
use assay_halo2::convert::values;
use assay_models::{End, QuantizedGraph, Trace, interpret};
use assay_prover::{Cost, Prover, ProvingKey, Srs};
use assay_verifier::{Instances, Proof, ProofFile, Verifier, VerifyingKey};
use rand::rngs::OsRng;
use serde::Serialize;

use super::{expected_phases, parse_context, read_inputs, threads};
use crate::answer::Answer;
use crate::ceremony::SrsVerdict;
use crate::cli::ProveArgs;
use crate::failure::{Advise as _, Classify as _, Outcome, refuse};
use crate::files::{self, ModelFolder};
use crate::memory::{peak_bytes, within};
use crate::next::Next;
use crate::planning::profile_of;
use crate::terminal::{Phases, Terminal};
use crate::{compiled, labels, units};

#[derive(Serialize)]
struct Proved {
    #[serde(flatten)]
    answer: Answer,
    load_s: f64,
    prove_s: f64,
    phases: Vec<PhaseTime>,
    expected_peak_bytes: u64,
    proof_bytes: usize,
    peak_rss_bytes: Option<u64>,
    insecure: bool,
    proof: String,
    next: Next,
    /// What to know about the input.
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct PhaseTime {
    phase: &'static str,
    seconds: f64,
}

pub(crate) fn run(args: &ProveArgs, terminal: Terminal) -> Outcome {
    let folder = ModelFolder::of(&args.model);
    if let Some(path) = &args.output {
        replaceable(path)?;
    }
    let context = values(&parse_context(&args.context)?).first().copied();
    let Some(context) = context else { return refuse("--context is empty") };
    let compiled = compiled::read(&folder)?;
    let graph = &compiled.graph;
    let inputs = read_inputs(graph, &args.input)?;
    let (trace, answer) = answered(graph, &inputs.values, &folder)?;
    let key = compiled.verifying_key(&folder)?;
    let setup = || setup(args, &folder);
    if args.memory.is_some() {
        // Before the proving key is opened: what is refused is no work begun.
        check_memory(args, graph, &key, &folder)?;
    }
    let file = folder.map("pk", "setup")?;
    let (key, load_s) = terminal
        .step("load the proving key", None, || ProvingKey::open(&file, graph, compiled.digest, key))
        .request("cannot use the proving key")
        .next(setup)?;
    let cost = cost_of(key.layout(), key.verifying_key())?;
    within(args.memory, cost.peak_bytes, "proving")?;
    let srs = srs(args, &folder)?;
    let prover = Prover::new(&key, &srs).request("cannot use the SRS for this model").next(setup)?;
    let ((instances, proof), prove_s, phases) = terminal
        .phases("prove", &expected_phases(&cost), |progress| {
            prover.prove(&trace, context, OsRng, &mut |phase| progress(phase.name()))
        })
        .machine("cannot prove this inference")?;
    if args.profile {
        say_profile(&phases, prove_s, cost.peak_bytes, terminal);
    }
    let file = file_of(key.verifying_key(), &instances, &proof)?;
    let path = args.output.clone().unwrap_or_else(|| folder.file("proof.json"));
    files::write(&path, file.as_bytes())?;
    answer.say(args.integers, terminal);
    let standing = SrsVerdict::of(&srs.point(), &[])?;
    standing.warn();
    let (shown, bytes) = (path.display(), units::count(proof.bytes.len()));
    terminal.say(format_args!("wrote {shown} ({bytes} bytes of proof)"));
    let next = args.output.iter().fold(Next::of("verify", folder.model()), |next, path| next.arg("--proof").file(path));
    terminal.next(&next);
    terminal.result(&Proved {
        answer,
        load_s,
        prove_s,
        phases: phases.into_iter().map(|(phase, seconds)| PhaseTime { phase, seconds }).collect(),
        expected_peak_bytes: cost.peak_bytes,
        proof_bytes: proof.bytes.len(),
        peak_rss_bytes: peak_bytes(),
        insecure: standing.insecure(),
        proof: path.display().to_string(),
        next,
        warnings: inputs.warnings,
    });
    Ok(())
}

/// What the model answers, and all that it computes on the way.
fn answered(graph: &QuantizedGraph, inputs: &[Vec<i64>], folder: &ModelFolder) -> Outcome<(Trace, Answer)> {
    let trace = interpret(graph, inputs).request("cannot run the model")?;
    let outputs = trace.at(graph, End::Output).request("cannot run the model")?;
    let answer = Answer::new(graph, &outputs, labels::of(folder, graph)?)?;
    Ok((trace, answer))
}

/// The command that makes the keys, with the SRS that the user names.
fn setup(args: &ProveArgs, folder: &ModelFolder) -> Next {
    let next = Next::of("setup", folder.model());
    args.srs.iter().fold(next, |next, srs| next.arg("--srs").file(srs))
}

/// Refuses a proof that needs more memory than the user allows, by the verifying key alone.
fn check_memory(args: &ProveArgs, graph: &QuantizedGraph, key: &VerifyingKey, folder: &ModelFolder) -> Outcome {
    let Some(lanes) = profile_of(key)? else {
        return refuse("the verifying key describes no circuit of assay's").next(|| setup(args, folder));
    };
    let layout = Layout::with_lanes(graph, lanes).request("cannot plan a circuit")?;
    within(args.memory, cost_of(&layout, key)?.peak_bytes, "proving")
}

/// What a proof is predicted to take.
fn cost_of(layout: &Layout, key: &VerifyingKey) -> Outcome<Cost> {
    Cost::new(layout, key.constraints(), key.opening(), threads()).request("cannot use the verifying key")
}

/// The SRS that the user names, or else the one that the keys were made with.
fn srs(args: &ProveArgs, folder: &ModelFolder) -> Outcome<Srs> {
    let file = match &args.srs {
        Some(path) => files::map(path)?,
        None => folder.map("srs", "setup")?,
    };
    Srs::from_mapped(&file).request("cannot use the SRS").next(|| setup(args, folder))
}

/// What is written of a proof, once it verifies.
fn file_of(key: &VerifyingKey, instances: &Instances, proof: &Proof) -> Outcome<String> {
    Verifier::new(key)
        .and_then(|verifier| verifier.verify(instances, proof))
        .machine("the proof just made does not verify (please report this model)")?;
    ProofFile::new(key, instances, proof).to_json().machine("cannot encode the proof")
}

/// Says where the time of a proof went, and the memory.
fn say_profile(phases: &Phases, prove_s: f64, expected: u64, terminal: Terminal) {
    for (phase, seconds) in phases {
        let share = 100.0 * seconds / prove_s;
        terminal.say(format_args!("    {phase:<32} {:>10} {share:>5.1} %", units::seconds(*seconds)));
    }
    let peak = peak_bytes().map_or_else(|| "an unknown amount".to_owned(), units::size);
    terminal.say(format_args!("    memory: about {} expected, {peak} at the peak", units::size(expected)));
}

/// Refuses a path for the proof whose folder is missing, or where something other than a proof would be replaced.
pub(super) fn replaceable(path: &Path) -> Outcome {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return refuse(format_args!("--output {}: there is no folder {}", path.display(), folder.display()))
            .next(|| Next::shell("mkdir -p").file(folder));
    }
    if !path.exists() {
        return Ok(());
    }
    let is_proof = |text: String| ProofFile::from_json(&text).is_ok();
    if path.is_file() && std::fs::read_to_string(path).is_ok_and(is_proof) {
        return Ok(());
    }
    refuse(format_args!(
        "--output {} is there already and is no proof, and would be replaced: name another file",
        path.display()
    ))
}
