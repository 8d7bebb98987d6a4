//! `assay prove`: an answer and the proof of it.

use std::path::Path;

use assay_halo2::convert::values;
use assay_models::interpret;
use assay_prover::{Cost, Prover, ProvingKey, Srs};
use assay_verifier::{ProofFile, Verifier};
use rand::rngs::OsRng;
use serde::Serialize;

use super::{expected_phases, largest, parse_context, read_input, threads, warnings};
use crate::cli::ProveArgs;
use crate::compiled;
use crate::failure::{Classify as _, Outcome, refuse};
use crate::files::{self, ModelFolder};
use crate::memory::{Bytes, peak_mb, within};
use crate::terminal::Terminal;

#[derive(Serialize)]
struct Proved {
    output: Vec<i64>,
    label: Option<usize>,
    load_s: f64,
    prove_s: f64,
    phases: Vec<PhaseTime>,
    expected_peak_mb: u64,
    proof_bytes: usize,
    peak_rss_mb: Option<u64>,
    insecure: bool,
    proof: String,
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
    let output = trace.output(graph).to_vec();
    let key = compiled.verifying_key(&folder)?;
    let file = folder.map("pk", "setup")?;
    let (key, load_s) = terminal
        .step("load the proving key", None, || ProvingKey::open(&file, graph, compiled.digest, key))
        .request("cannot use the proving key")?;
    let verifying = key.verifying_key();
    let cost = Cost::new(key.layout(), verifying.constraints(), verifying.opening(), threads());
    let cost = cost.request("cannot use the verifying key")?;
    within(args.memory, cost.peak_bytes, "proving")?;
    let srs = match &args.srs {
        Some(path) => files::map(path)?,
        None => folder.map("srs", "setup")?,
    };
    let srs = Srs::from_mapped(&srs).request("cannot use the SRS")?;
    let prover = Prover::new(&key, &srs).request("cannot use the SRS for this model")?;
    let ((instances, proof), prove_s, phases) = terminal
        .phases("prove", &expected_phases(&cost), |progress| {
            prover.prove(&trace, context, OsRng, &mut |phase| progress(phase.name()))
        })
        .machine("cannot prove this inference")?;
    if args.profile {
        for (phase, seconds) in &phases {
            terminal.say(format_args!(
                "    {phase:<32} {:>8.1} ms {:>5.1} %",
                seconds * 1e3,
                100.0 * seconds / prove_s
            ));
        }
        terminal.say(format_args!(
            "    memory: about {} expected, {} MiB at the peak",
            Bytes(cost.peak_bytes),
            peak_mb().unwrap_or(0)
        ));
    }
    Verifier::new(key.verifying_key())
        .and_then(|verifier| verifier.verify(&instances, &proof))
        .machine("the proof just made does not verify (please report this model)")?;
    let path = args.output.clone().unwrap_or_else(|| folder.file("proof.json"));
    let file = ProofFile::new(key.verifying_key(), &instances, &proof).to_json().machine("cannot encode the proof")?;
    files::write(&path, file.as_bytes())?;
    let label = largest(&output);
    terminal.say(format_args!("output {output:?}{}", label.map_or_else(String::new, |l| format!(", largest: {l}"))));
    terminal.say(format_args!("wrote {} ({} bytes of proof)", path.display(), proof.bytes.len()));
    let named = args.output.as_ref().map_or_else(String::new, |path| format!(" --proof {}", path.display()));
    terminal.say(format_args!("next: assay verify {}{named}", folder.model().display()));
    terminal.result(&Proved {
        output,
        label,
        load_s,
        prove_s,
        phases: phases.into_iter().map(|(phase, seconds)| PhaseTime { phase, seconds }).collect(),
        expected_peak_mb: cost.peak_bytes >> 20,
        proof_bytes: proof.bytes.len(),
        peak_rss_mb: peak_mb(),
        insecure: srs.is_insecure(),
        proof: path.display().to_string(),
        warnings: warnings(input.clamped),
    });
    Ok(())
}

/// Refuses a path for the proof whose folder is missing, or where something other than a proof would be replaced.
fn replaceable(path: &Path) -> Outcome {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return refuse(format_args!(
            "--output {}: there is no folder {}: make it first",
            path.display(),
            folder.display()
        ));
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
