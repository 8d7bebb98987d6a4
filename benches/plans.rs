//! How much faster are proofs of a network's best plan than of its plan in one activation lane, and how well was it foretold?
//!
//! `cargo bench --bench plans [-- CIRCUIT ...] [--runs N] [--all]` makes keys and proofs of each circuit in the plan of one activation lane and in the one
//! that is predicted to prove fastest, or in every profile, interleaved, each measurement in a process of its own so that peak memory is its own; prints
//! medians, ratios to the first plan and to what was predicted, and the phases; writes `benches/results/plans.json`.
//!
//! Circuits: `lenet`, `mnist-mlp` (the zoo), `mlp-4m` (784-2048-1024-256-10), `cnn-8` (8 convolutions 3x3 of 64 channels, 32x32 falling to 4x4).

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a bench prints and stops at the first surprise"
)]

mod machine;

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use assay_circuits::{Lanes, Layout, PROFILES, Sketch};
use assay_models::{QuantizedGraph, import, interpret, samples};
use assay_prover::cost::{seconds_of_proof, threads};
use assay_prover::{Cost, Mapped, PUBLISHED_SEED, Pace, Prover, ProvingKey, Srs, constraints, keygen};
use assay_verifier::{Opening, Verifier, VerifyingKey};
use halo2curves::bn256::Fr;
use machine::{commit, cpu, peak_mib};
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};

const OPENING: Opening = Opening::Shplonk;
const CIRCUITS: [&str; 4] = ["lenet", "mnist-mlp", "mlp-4m", "cnn-8"];

/// One measurement, as a child process prints it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Measured {
    seconds: f64,
    peak_mib: u64,
    /// Predicted, from the layout alone.
    seconds_predicted: f64,
    peak_mib_predicted: u64,
    /// Seconds by phase, in order, measured and predicted.
    phases: Vec<(String, f64)>,
    phases_predicted: Vec<f64>,
}

/// Medians of one plan.
#[derive(Debug, Serialize)]
struct Plan {
    circuit: String,
    lanes: Lanes,
    k: u32,
    keygen: Measured,
    prove: Measured,
}

#[derive(Debug, Serialize)]
struct Report {
    commit: String,
    cpu: String,
    threads: usize,
    runs: usize,
    plans: Vec<Plan>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    if let [flag, circuit, profile, step, key] = arguments.as_slice()
        && flag == "--measure"
    {
        println!("{}", serde_json::to_string(&measure(circuit, profile, step, Path::new(key))).unwrap());
        return;
    }
    let runs = arguments.iter().skip_while(|a| *a != "--runs").nth(1).map_or(3, |n| n.parse().unwrap());
    let all = arguments.iter().any(|a| a == "--all");
    let named: Vec<&str> = CIRCUITS.into_iter().filter(|c| arguments.iter().any(|a| a == c)).collect();
    let circuits = if named.is_empty() { CIRCUITS.to_vec() } else { named };
    let plans = circuits.into_iter().flat_map(|circuit| compare(circuit, runs, all)).collect();
    let threads = threads();
    let report = Report { commit: commit(), cpu: cpu(), threads, runs, plans };
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/results/plans.json");
    std::fs::write(file, serde_json::to_string_pretty(&report).unwrap() + "\n").unwrap();
    println!("wrote benches/results/plans.json");
}

/// The plan in one activation lane, and then the fastest or all.
fn candidates(graph: &QuantizedGraph, all: bool) -> Vec<Lanes> {
    let first = Layout::plan(graph).unwrap().shape.lanes;
    let price = |sketch: &Sketch| {
        let constraints = constraints(&assay_circuits::CircuitShape::new(sketch.lanes))?;
        Ok::<_, Box<dyn std::error::Error>>(seconds_of_proof(sketch, &constraints, OPENING)?)
    };
    let found = Layout::search(graph, &PROFILES, price).unwrap();
    let fastest = found.layout.shape.lanes;
    let fits = found.tried.into_iter().filter(|tried| tried.sketch.is_ok()).map(|tried| tried.lanes);
    let others: Vec<Lanes> = if all { fits.collect() } else { vec![fastest] };
    [first].into_iter().chain(others.into_iter().filter(|lanes| *lanes != first)).collect()
}

/// Measures the plans of a circuit in turn, `runs` times each.
fn compare(circuit: &str, runs: usize, all: bool) -> Vec<Plan> {
    let graph = graph_of(circuit);
    let candidates = candidates(&graph, all);
    let key = |lanes: Lanes| {
        std::env::temp_dir().join(format!("assay-plans-{}-{circuit}-{}", std::process::id(), lanes.tag()))
    };
    let mut measured: Vec<[Vec<Measured>; 2]> = vec![[Vec::new(), Vec::new()]; candidates.len()];
    for run in 0..runs {
        for (lanes, [keygens, proofs]) in candidates.iter().zip(&mut measured) {
            for (step, made) in [("keygen", keygens), ("prove", proofs)] {
                let one = child(circuit, &lanes.tag(), step, &key(*lanes));
                println!("{circuit} {lanes} {step} {}/{runs}: {:.3} s, {} MiB", run + 1, one.seconds, one.peak_mib);
                made.push(one);
            }
        }
    }
    let plans: Vec<Plan> = candidates
        .iter()
        .zip(measured)
        .map(|(lanes, [keygens, proofs])| {
            for extension in ["vk", "pk"] {
                std::fs::remove_file(key(*lanes).with_extension(extension)).unwrap();
            }
            let k = Layout::with_lanes(&graph, *lanes).unwrap().k;
            let (keygen, prove) = (median(keygens), median(proofs));
            Plan { circuit: circuit.to_owned(), lanes: *lanes, k, keygen, prove }
        })
        .collect();
    print(&plans);
    plans
}

fn print(plans: &[Plan]) {
    let Some(first) = plans.first() else { return };
    println!("\n{}, lanes of activations x weights x tables x parts:", first.circuit);
    println!("  plan            k   keygen  predicted    proof  predicted  faster      peak  predicted");
    for Plan { lanes, k, keygen, prove, .. } in plans {
        println!(
            "  {:<12} {k:>4} {:>6.3} s {:>8.3} s {:>6.3} s {:>8.3} s {:>6.2}x {:>5} MiB {:>6} MiB",
            format!("{} x {} x {} x {}", lanes.activations, lanes.weights, lanes.tables, lanes.parts),
            keygen.seconds,
            keygen.seconds_predicted,
            prove.seconds,
            prove.seconds_predicted,
            first.prove.seconds / prove.seconds,
            prove.peak_mib,
            prove.peak_mib_predicted,
        );
    }
    for Plan { lanes, prove, .. } in plans {
        println!("  phases of {lanes}:");
        for ((name, seconds), predicted) in prove.phases.iter().zip(&prove.phases_predicted) {
            let (share, predicted) = (100.0 * seconds / prove.seconds, predicted * 1e3);
            println!("    {name:<32} {:>8.1} ms {share:>5.1} %  predicted {predicted:>8.1} ms", seconds * 1e3);
        }
    }
    println!();
}

fn median(mut runs: Vec<Measured>) -> Measured {
    runs.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    runs[runs.len() / 2].clone()
}

fn child(circuit: &str, profile: &str, step: &str, key: &Path) -> Measured {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--measure", circuit, profile, step, key.to_str().unwrap()])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(text.trim()).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

fn graph_of(circuit: &str) -> QuantizedGraph {
    match circuit {
        "lenet" => import(include_bytes!("../models/zoo/lenet/lenet.onnx"), circuit),
        "mnist-mlp" => import(include_bytes!("../models/zoo/mnist-mlp/mnist-mlp.onnx"), circuit),
        "mlp-4m" => import(&samples::mlp_onnx(&[784, 2048, 1024, 256, 10], 1), circuit),
        "cnn-8" => import(&samples::cnn_onnx(4, 64, 32, 1), circuit),
        other => panic!("unknown circuit {other}"),
    }
    .unwrap()
}

/// Makes keys or a proof in this process.
fn measure(circuit: &str, profile: &str, step: &str, key_file: &Path) -> Measured {
    let graph = graph_of(circuit);
    let known = [Layout::plan(&graph).unwrap().shape.lanes];
    let lanes = *PROFILES.iter().chain(&known).find(|lanes| lanes.tag() == profile).unwrap();
    let layout = Arc::new(Layout::with_lanes(&graph, lanes).unwrap());
    let constraints = constraints(&layout.shape).unwrap();
    let cost = Cost::paced(&Pace::measured(), &layout, &constraints, OPENING, threads()).unwrap();
    let (verifying, proving) = (key_file.with_extension("vk"), key_file.with_extension("pk"));
    let mib = |bytes: u64| bytes >> 20;
    let srs = Srs::insecure_for(layout.k, OPENING, PUBLISHED_SEED).unwrap();
    let start = Instant::now();
    let mut measured = match step {
        "keygen" => {
            let key = keygen(&srs, layout, graph.digest()).unwrap();
            let seconds = start.elapsed().as_secs_f64();
            std::fs::write(verifying, key.verifying_key().bytes()).unwrap();
            key.write(&mut BufWriter::new(File::create(proving).unwrap())).unwrap();
            let peak_mib_predicted = mib(cost.keygen_peak_bytes);
            Measured { seconds, seconds_predicted: cost.keygen_seconds, peak_mib_predicted, ..Measured::default() }
        }
        "prove" => {
            drop(layout);
            let (seconds, phases) = proof(&graph, &srs, &verifying, &proving);
            let phases_predicted: Vec<f64> = cost.phases.iter().map(|(_, seconds)| *seconds).collect();
            let (seconds_predicted, peak_mib_predicted) = (phases_predicted.iter().sum(), mib(cost.peak_bytes));
            Measured { seconds, seconds_predicted, peak_mib_predicted, phases, phases_predicted, ..Measured::default() }
        }
        other => panic!("unknown measurement {other:?}"),
    };
    measured.peak_mib = peak_mib();
    measured
}

/// Seconds of a proof with a loaded key, and of its phases.
fn proof(graph: &QuantizedGraph, srs: &Srs, verifying: &Path, proving: &Path) -> (f64, Vec<(String, f64)>) {
    let file = Arc::new(Mapped::open(proving).unwrap());
    let verifying = VerifyingKey::from_bytes(&std::fs::read(verifying).unwrap()).unwrap();
    let key = ProvingKey::open(&file, graph, graph.digest(), verifying).unwrap();
    let trace = interpret(graph, &samples::inputs(graph, 1)).unwrap();
    let prover = Prover::new(&key, srs).unwrap();
    let mut marks = Vec::new();
    let start = Instant::now();
    let made = prover.prove(&trace, Fr::from(1), OsRng, &mut |phase| {
        marks.push((phase.name(), start.elapsed().as_secs_f64()));
    });
    let seconds = start.elapsed().as_secs_f64();
    let (instances, proof) = made.unwrap();
    Verifier::new(key.verifying_key()).unwrap().verify(&instances, &proof).unwrap();
    let ends = marks.iter().skip(1).map(|(_, at)| *at).chain([seconds]);
    (seconds, marks.iter().zip(ends).map(|((name, at), end)| ((*name).to_owned(), end - at)).collect())
}
