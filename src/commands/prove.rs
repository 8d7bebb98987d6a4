//! `assay prove`: an answer and the proof of it.

use std::path::Path;

use assay_circuits::Layout;
use assay_halo2::convert::values;
use assay_models::interpret;
use assay_prover::{Cost, Prover, ProvingKey, Srs};
use assay_verifier::{ProofFile, Verifier};
use rand::rngs::OsRng;
use serde::Serialize;

use super::{expected_phases, parse_context, read_input, threads, warnings};
use crate::answer::Answer;
use crate::ceremony::SrsVerdict;
use crate::cli::ProveArgs;
use crate::failure::{Advise as _, Classify as _, Outcome, refuse};
use crate::files::{self, ModelFolder};
use crate::memory::{peak_bytes, within};
use crate::next::Next;
use crate::planning::profile_of;
use crate::terminal::Terminal;
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
    let input = read_input(graph, &args.input)?;
    let trace = interpret(graph, &input.values).request("cannot run the model")?;
    let answer = Answer::new(graph, trace.output(graph).to_vec(), labels::of(&folder, graph)?)?;
    let key = compiled.verifying_key(&folder)?;
    let setup = || {
        let next = Next::of("setup", folder.model());
        args.srs.as_ref().map_or_else(|| next.clone(), |srs| next.clone().arg("--srs").file(srs))
    };
    if args.memory.is_some() {
        // Before the proving key is opened: what is refused is no work begun.
        let lanes = profile_of(&key)?;
        let Some(lanes) = lanes else { return refuse("the verifying key describes no circuit of assay's").next(setup) };
        let layout = Layout::with_lanes(graph, lanes).request("cannot plan a circuit")?;
        let cost = Cost::new(&layout, key.constraints(), key.opening(), threads());
        within(args.memory, cost.request("cannot use the verifying key")?.peak_bytes, "proving")?;
    }
    let file = folder.map("pk", "setup")?;
    let (key, load_s) = terminal
        .step("load the proving key", None, || ProvingKey::open(&file, graph, compiled.digest, key))
        .request("cannot use the proving key")
        .next(setup)?;
    let verifying = key.verifying_key();
    let cost = Cost::new(key.layout(), verifying.constraints(), verifying.opening(), threads());
    let cost = cost.request("cannot use the verifying key")?;
    within(args.memory, cost.peak_bytes, "proving")?;
    let srs = match &args.srs {
        Some(path) => files::map(path)?,
        None => folder.map("srs", "setup")?,
    };
    let srs = Srs::from_mapped(&srs).request("cannot use the SRS").next(setup)?;
    let prover = Prover::new(&key, &srs).request("cannot use the SRS for this model").next(setup)?;
    let ((instances, proof), prove_s, phases) = terminal
        .phases("prove", &expected_phases(&cost), |progress| {
            prover.prove(&trace, context, OsRng, &mut |phase| progress(phase.name()))
        })
        .machine("cannot prove this inference")?;
    if args.profile {
        for (phase, seconds) in &phases {
            let share = 100.0 * seconds / prove_s;
            terminal.say(format_args!("    {phase:<32} {:>10} {share:>5.1} %", units::seconds(*seconds)));
        }
        let peak = peak_bytes().map_or_else(|| "an unknown amount".to_owned(), units::size);
        terminal.say(format_args!("    memory: about {} expected, {peak} at the peak", units::size(cost.peak_bytes)));
    }
    Verifier::new(key.verifying_key())
        .and_then(|verifier| verifier.verify(&instances, &proof))
        .machine("the proof just made does not verify (please report this model)")?;
    let path = args.output.clone().unwrap_or_else(|| folder.file("proof.json"));
    let file = ProofFile::new(key.verifying_key(), &instances, &proof).to_json().machine("cannot encode the proof")?;
    files::write(&path, file.as_bytes())?;
    answer.say(args.integers, terminal);
    let standing = SrsVerdict::of(&srs.point(), &[])?;
    standing.warn();
    let (shown, bytes) = (path.display(), units::count(proof.bytes.len()));
    terminal.say(format_args!("wrote {shown} ({bytes} bytes of proof)"));
    let verify = Next::of("verify", folder.model());
    let next = args.output.as_ref().map_or_else(|| verify.clone(), |path| verify.clone().arg("--proof").file(path));
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
        warnings: warnings(input.clamped),
    });
    Ok(())
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
