//! `assay demo`: one held-out digit through the whole loop, then four ways to cheat.

mod settlement;

use std::sync::Arc;
use std::time::Instant;

use assay_halo2::convert::values;
use assay_models::{End, QuantizedGraph, Trace, import, interpret};
use assay_prover::{Cost, PUBLISHED_SEED, Prover, ProvingKey, Srs, keygen};
use assay_verifier::{Instances, Proof, Verifier};
use rand::rngs::OsRng;
use serde::Serialize;

use self::settlement::{DemoMarket, PublicWords};
use super::{expected_phases, opening, threads};
use crate::answer::largest;
use crate::ceremony::SrsVerdict;
use crate::cli::{DemoArgs, OpeningChoice, ZooModel};
use crate::failure::{Advise as _, Classify as _, Failure, Kind, Outcome, refuse};
use crate::memory::peak_bytes;
use crate::planning::{self, Purpose};
use crate::terminal::{Terminal, Tone, picture};
use crate::units;

const SIDE: usize = 28;
const DIGITS: &[u8] = include_bytes!("../../models/zoo/digits.u8");
const LABELS: &[u8] = include_bytes!("../../models/zoo/labels.u8");

/// What the demo found; the keys of its JSON object.
#[expect(clippy::struct_excessive_bools, reason = "one flag an outcome that was tried, named as scripts read them")]
#[derive(Debug, Serialize)]
struct Report {
    model: &'static str,
    columns_per_commitment: u32,
    params: usize,
    k: u32,
    advice_columns: usize,
    fixed_columns: usize,
    setup_s: f64,
    prove_s: f64,
    verify_s: f64,
    peak_rss_bytes: Option<u64>,
    proof_bytes: usize,
    verifier_bytes: usize,
    key_bytes: usize,
    gas_verify: u64,
    gas_fulfil: u64,
    verified_native: bool,
    verified_evm: bool,
    paid: bool,
    tampered_rejected: bool,
    replay_paid: bool,
    thief_paid: bool,
    output: Vec<i64>,
    answer: Option<usize>,
    label: u8,
}

struct Zoo {
    name: &'static str,
    onnx: &'static [u8],
}

impl ZooModel {
    const fn zoo(self) -> Zoo {
        match self {
            Self::Lenet => Zoo { name: "lenet", onnx: include_bytes!("../../models/zoo/lenet/lenet.onnx") },
            Self::MnistMlp => {
                Zoo { name: "mnist-mlp", onnx: include_bytes!("../../models/zoo/mnist-mlp/mnist-mlp.onnx") }
            }
        }
    }
}

pub(crate) fn run(args: &DemoArgs, terminal: Terminal) -> Outcome {
    let zoo = args.model.zoo();
    let graph = import(zoo.onnx, zoo.name).machine("cannot import the zoo's model")?;
    let Inference { trace, output, answer, label } = infer(&zoo, &graph, args.digit.into(), terminal)?;
    let (key, srs, setup_s) = keys(&graph, args.opening, terminal)?;
    let report = key.layout().report();
    terminal.say(format_args!(
        "  2^{} rows, {} advice and {} fixed columns, {} public words",
        report.k, report.advice_columns, report.fixed_columns, report.instances
    ));
    terminal.say("");

    let words = words(&graph, &trace)?;
    let contracts = match args.opening {
        OpeningChoice::Shplonk => zoo.name.to_owned(),
        OpeningChoice::Evm => format!("{}-evm", zoo.name),
    };
    let mut settlement = DemoMarket::open(&contracts, key.verifying_key(), &words)?;
    let ((instances, proof), prove_s) = prove(&key, &srs, &trace, settlement.context(), terminal)?;
    let verifier = Verifier::new(key.verifying_key()).machine("cannot prepare the verifier")?;
    let start = Instant::now();
    let verified = verifier.verify(&instances, &proof);
    let verify_s = start.elapsed().as_secs_f64();
    terminal.row("verify natively", &units::seconds(verify_s));

    let judged = Judged { verifier: &verifier, instances: &instances, proof: &proof };
    let outcome = settle(&mut settlement, &judged, &words, terminal)?;
    let found = Report {
        model: zoo.name,
        columns_per_commitment: key.verifying_key().opening().width(),
        params: graph.parameters(),
        k: report.k,
        advice_columns: report.advice_columns,
        fixed_columns: report.fixed_columns,
        setup_s,
        prove_s,
        verify_s,
        peak_rss_bytes: peak_bytes(),
        proof_bytes: proof.bytes.len(),
        verifier_bytes: settlement.verifier_bytes(),
        key_bytes: settlement.key_bytes(),
        gas_verify: outcome.gas_verify.unwrap_or(0),
        gas_fulfil: outcome.gas_fulfil.unwrap_or(0),
        verified_native: verified.is_ok(),
        verified_evm: outcome.gas_verify.is_some(),
        paid: outcome.gas_fulfil.is_some(),
        tampered_rejected: outcome.tampered_rejected,
        replay_paid: outcome.replay_paid,
        thief_paid: outcome.thief_paid,
        output,
        answer,
        label,
    };
    conclude(&found, &srs, terminal)
}

/// What the model computes of a digit.
struct Inference {
    trace: Trace,
    output: Vec<i64>,
    answer: Option<usize>,
    label: u8,
}

/// Shows a held-out digit and what the model answers.
fn infer(zoo: &Zoo, graph: &QuantizedGraph, digit: usize, terminal: Terminal) -> Outcome<Inference> {
    let (Some(pixels), Some(label)) = (DIGITS.chunks(SIDE * SIDE).nth(digit), LABELS.get(digit).copied()) else {
        return refuse(format_args!("--digit expects 0..1000, got {digit}"));
    };
    terminal.say(format_args!(
        "{} ({} parameters), held-out digit {digit}:",
        zoo.name,
        units::count(graph.parameters())
    ));
    terminal.say("");
    terminal.lines(picture(pixels, SIDE));
    let input: Vec<i64> = pixels.iter().map(|p| i64::from(*p)).collect();
    let trace = interpret(graph, &[input]).machine("cannot run the model")?;
    let output = trace.at(graph, End::Output).machine("cannot run the model")?.concat();
    let answer = largest(&output);
    let shown = answer.map_or_else(String::new, |a| a.to_string());
    terminal.say_marked(format_args!("  the model answers {shown} (the label is {label})"), &shown, Tone::Strong);
    terminal.say("");
    Ok(Inference { trace, output, answer, label })
}

/// An insecure SRS of the right size, and the keys.
fn keys(graph: &QuantizedGraph, choice: OpeningChoice, terminal: Terminal) -> Outcome<(ProvingKey, Srs, f64)> {
    let (layout, _) = planning::plan(graph, Purpose::Chain).machine("cannot plan the circuit")?;
    let layout = Arc::new(layout);
    let opening = opening(choice);
    let (srs, _) = terminal
        .step("make an insecure SRS", None, || Srs::insecure_for(layout.k, opening, PUBLISHED_SEED))
        .machine("cannot make an SRS")?;
    let (key, seconds) = terminal
        .step("make the keys", None, || keygen(&srs, Arc::clone(&layout), graph.digest()))
        .machine("cannot make the keys")?;
    Ok((key, srs, seconds))
}

/// A proof bound to a context, and the seconds that it took.
fn prove(
    key: &ProvingKey,
    srs: &Srs,
    trace: &Trace,
    context: [u8; 32],
    terminal: Terminal,
) -> Outcome<((Instances, Proof), f64)> {
    let context = Instances::from_words(&[context]).machine("cannot read the context")?;
    let context = values(&context).first().copied().unwrap_or_default();
    let verifying = key.verifying_key();
    let cost = Cost::new(key.layout(), verifying.constraints(), verifying.opening(), threads());
    let cost = cost.machine("cannot count the cost")?;
    let prover = Prover::new(key, srs).machine("cannot load the key")?;
    let (made, seconds, _) = terminal
        .phases("prove", &expected_phases(&cost), |progress| {
            prover.prove(trace, context, OsRng, &mut |phase| progress(phase.name()))
        })
        .machine("cannot prove")?;
    Ok((made, seconds))
}

/// The public words of input and output.
fn words(graph: &QuantizedGraph, trace: &Trace) -> Outcome<PublicWords> {
    let pack = |end| {
        let values = trace.at(graph, end).machine("cannot read the trace")?;
        graph.pack(end, &values).machine("cannot pack the words")
    };
    Ok(PublicWords { input: pack(End::Input)?, output: pack(End::Output)? })
}

/// A proof, and the verifier that says what it shows.
struct Judged<'a> {
    verifier: &'a Verifier,
    instances: &'a Instances,
    proof: &'a Proof,
}

impl Judged<'_> {
    fn rejects(&self, words: &[[u8; 32]], bytes: &[u8]) -> bool {
        let proof = Proof { key_digest: self.proof.key_digest, bytes: bytes.to_vec() };
        Instances::from_words(words).and_then(|instances| self.verifier.verify(&instances, &proof)).is_err()
    }
}

/// What happened on the chain; gas where a transaction went through.
struct Settled {
    gas_verify: Option<u64>,
    gas_fulfil: Option<u64>,
    tampered_rejected: bool,
    replay_paid: bool,
    thief_paid: bool,
}

/// Cheats first, while the request is live, then the honest prover, then the replay.
fn settle(
    settlement: &mut DemoMarket,
    judged: &Judged<'_>,
    words: &PublicWords,
    terminal: Terminal,
) -> Outcome<Settled> {
    let bytes = &judged.proof.bytes;
    let instances = judged.instances.words();
    let gas_verify = settlement.verify(&instances, bytes).ok();
    let gas = gas_verify
        .map_or_else(|| "rejected".to_owned(), |gas| format!("{:>8} gas, calldata included", units::count(gas)));
    terminal.say(format_args!("  {:<34} {gas}", "verify in the EVM"));
    terminal.say("");
    settlement.show_balances(terminal);

    let mut flipped = bytes.clone();
    if let Some(byte) = flipped.last_mut() {
        *byte ^= 1;
    }
    let proof_rejected = judged.rejects(&instances, &flipped)
        && settlement.verify(&instances, &flipped).is_err()
        && settlement.fulfil_as_prover(words, &flipped).is_err();
    say_outcome(terminal, "a proof with one bit changed", proof_rejected);

    let lied = words.with_other_output();
    let mut lied_instances = instances.clone();
    for (slot, word) in lied_instances.iter_mut().skip(lied.input.len()).zip(&lied.output) {
        *slot = *word;
    }
    let output_rejected = judged.rejects(&lied_instances, bytes)
        && settlement.verify(&lied_instances, bytes).is_err()
        && settlement.fulfil_as_prover(&lied, bytes).is_err();
    say_outcome(terminal, "another output under the same proof", output_rejected);

    let thief_paid = settlement.fulfil_as_thief(words, bytes).is_ok();
    say_outcome(terminal, "a thief who copies the proof", !thief_paid);

    let gas_fulfil = settlement.fulfil_as_prover(words, bytes).ok();
    let gas = gas_fulfil.map_or_else(|| "rejected".to_owned(), |gas| format!("paid, {} gas", units::count(gas)));
    terminal.say_marked(format_args!("  {:<42} {gas}", "the prover who made it"), "paid", Tone::Good);
    let replay_paid = settlement.fulfil_as_prover(words, bytes).is_ok();
    say_outcome(terminal, "the same proof once more", !replay_paid);
    settlement.withdraw_all().machine("cannot pay out")?;
    terminal.say("");
    settlement.show_balances(terminal);
    let tampered_rejected = proof_rejected && output_rejected;
    Ok(Settled { gas_verify, gas_fulfil, tampered_rejected, replay_paid, thief_paid })
}

fn say_outcome(terminal: Terminal, what: &str, rejected: bool) {
    let (outcome, tone) = if rejected { ("rejected, paid nothing", Tone::Good) } else { ("ACCEPTED", Tone::Bad) };
    terminal.say_marked(format_args!("  {what:<42} {outcome}"), outcome, tone);
}

fn conclude(found: &Report, srs: &Srs, terminal: Terminal) -> Outcome {
    let memory = found.peak_rss_bytes.map_or_else(|| "unknown".to_owned(), units::size);
    terminal.say(format_args!("  proof {} bytes, peak memory {memory}", units::count(found.proof_bytes)));
    if let Some(warning) = SrsVerdict::of(&srs.point(), &[])?.warning() {
        terminal.say("");
        terminal.say_marked(format_args!("  {warning}"), "insecure", Tone::Caution);
    }
    let sound = found.tampered_rejected && !found.replay_paid && !found.thief_paid;
    if found.verified_native && found.verified_evm && found.paid && sound {
        terminal.result(found);
        return Ok(());
    }
    let error = anyhow::anyhow!("the demo did not go as it must (see above): please report it with this output");
    Err(Failure::new(Kind::InvalidProof, error)).found(found)
}
