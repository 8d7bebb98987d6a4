//! How much faster and smaller is the engine than the stock halo2 prover on the same circuit?
//!
//! `cargo bench --bench prove [-- CIRCUIT ...] [--runs N] [--engine-only]` measures key generation and proving of each circuit
//! with both provers and the engine's grouped opening, interleaved, each measurement in a process of its own so that peak memory is its own; prints medians
//! and ratios with the engine's phases, and writes `benches/results/prove.json`, or `prove-CIRCUIT...json` of what was named (`-engine` without the stock prover).
//!
//! Circuits: `lenet`, `mnist-mlp` (the zoo), `mlp-4m` (784-2048-1024-256-10, weights from a seed); by name only: `mlp-100m`
//! (1024-8192-8192-3072-10), which the stock prover has no memory for.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a bench prints and stops at the first surprise"
)]

mod machine;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use assay_circuits::{InferenceCircuit, Layout};
use assay_models::{End, QuantizedGraph, import, interpret, samples};
use assay_prover::stock::{generate_keys, prove_circuit, rebuild_proving_key};
use assay_prover::{Mapped, PUBLISHED_SEED, Prover, ProvingKey, Srs, cost::OPENING_FOR_CHAIN, keygen};
use assay_verifier::{Opening, Verifier, VerifyingKey};
use halo2curves::bn256::Fr;
use machine::{commit, cpu, peak_mib};
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};

/// One measurement, as a child process prints it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Measured {
    seconds: f64,
    /// Work before the measured step: loading the key, with what stays transformed between proofs.
    load_seconds: f64,
    peak_mib: u64,
    /// Seconds by phase, in order.
    phases: Vec<(String, f64)>,
    k: u32,
    advice_columns: usize,
    fixed_columns: usize,
    columns_per_commitment: u32,
    parameters: usize,
}

/// Medians of one circuit.
#[derive(Debug, Serialize)]
struct Comparison {
    circuit: String,
    runs: usize,
    results: BTreeMap<String, Measured>,
    ratios: BTreeMap<String, f64>,
}

#[derive(Debug, Serialize)]
struct Report {
    commit: String,
    cpu: String,
    threads: usize,
    comparisons: Vec<Comparison>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    if let [flag, circuit, prover, step, key] = arguments.as_slice()
        && flag == "--measure"
    {
        println!("{}", serde_json::to_string(&measure(circuit, prover, step, key)).unwrap());
        return;
    }
    let runs = arguments.iter().skip_while(|a| *a != "--runs").nth(1).map_or(3, |n| n.parse().unwrap());
    let engine_only = arguments.iter().any(|a| a == "--engine-only");
    let known = ["lenet", "mnist-mlp", "mlp-4m", "mlp-100m"];
    let mut circuits: Vec<&str> = known.into_iter().filter(|c| arguments.iter().any(|a| a == c)).collect();
    let mut name = ["prove"].into_iter().chain(circuits.iter().copied()).collect::<Vec<_>>().join("-");
    if circuits.is_empty() {
        circuits = known[..3].to_vec();
    }
    if engine_only {
        name.push_str("-engine");
    }
    let report = Report {
        commit: commit(),
        cpu: cpu(),
        threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        comparisons: circuits.into_iter().map(|circuit| compare(circuit, runs, engine_only)).collect(),
    };
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/results");
    std::fs::create_dir_all(folder).unwrap();
    let file = format!("{folder}/{name}.json");
    std::fs::write(&file, serde_json::to_string_pretty(&report).unwrap() + "\n").unwrap();
    println!("\nwrote benches/results/{name}.json");
}

/// Measures both provers in turn, `runs` times each.
fn compare(circuit: &str, runs: usize, engine_only: bool) -> Comparison {
    let key = std::env::temp_dir().join(format!("assay-bench-{}-{circuit}.vk", std::process::id()));
    let provers: &[&str] =
        if engine_only || circuit == "mlp-100m" { &["engine", "grouped"] } else { &["engine", "grouped", "stock"] };
    let mut all: BTreeMap<String, Vec<Measured>> = BTreeMap::new();
    for run in 0..runs {
        for step in ["keygen", "prove"] {
            for prover in provers {
                let made = child(circuit, prover, step, key.to_str().unwrap());
                println!("{circuit} {prover} {step} {}/{runs}: {:.3} s, {} MiB", run + 1, made.seconds, made.peak_mib);
                all.entry(format!("{prover} {step}")).or_default().push(made);
            }
        }
    }
    for name in ["vk", "vk.pk", "vk.grouped", "vk.grouped.pk"] {
        std::fs::remove_file(key.with_extension(name)).unwrap();
    }
    let results: BTreeMap<String, Measured> = all.into_iter().map(|(name, runs)| (name, median(runs))).collect();
    let mut ratios = BTreeMap::new();
    for step in ["keygen", "prove"] {
        if let (Some(engine), Some(stock)) =
            (results.get(&format!("engine {step}")), results.get(&format!("stock {step}")))
        {
            ratios.insert(format!("{step} speed"), stock.seconds / engine.seconds);
            ratios.insert(format!("{step} memory"), stock.peak_mib as f64 / engine.peak_mib as f64);
        }
        let (engine, grouped) = (&results[&format!("engine {step}")], &results[&format!("grouped {step}")]);
        ratios.insert(format!("grouped {step} slower"), grouped.seconds / engine.seconds);
    }
    print(circuit, &results, &ratios);
    Comparison { circuit: circuit.to_owned(), runs, results, ratios }
}

fn print(circuit: &str, results: &BTreeMap<String, Measured>, ratios: &BTreeMap<String, f64>) {
    let shape = &results["engine prove"];
    println!(
        "\n{circuit}: {} parameters, 2^{} rows, {} advice and {} fixed columns",
        shape.parameters, shape.k, shape.advice_columns, shape.fixed_columns
    );
    for (name, measured) in results {
        println!("  {name:<16} {:>8.3} s  {:>6} MiB", measured.seconds, measured.peak_mib);
    }
    for (name, ratio) in ratios {
        println!("  {name:<16} {ratio:>8.2} x");
    }
    for prover in ["engine", "grouped"] {
        let proved = &results[&format!("{prover} prove")];
        println!("  {prover} loads the key in {:.3} s; phases of proving:", proved.load_seconds);
        for (name, seconds) in &proved.phases {
            println!("    {name:<32} {:>8.1} ms {:>5.1} %", seconds * 1e3, 100.0 * seconds / proved.seconds);
        }
    }
    println!();
}

fn median(mut runs: Vec<Measured>) -> Measured {
    runs.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    runs[runs.len() / 2].clone()
}

fn child(circuit: &str, prover: &str, step: &str, key: &str) -> Measured {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--measure", circuit, prover, step, key])
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
        "mlp-100m" => import(&samples::mlp_onnx(&[1024, 8192, 8192, 3072, 10], 1), circuit),
        other => panic!("unknown circuit {other}"),
    }
    .unwrap()
}

/// Runs one step of one prover in this process.
fn measure(circuit: &str, prover: &str, step: &str, key_file: &str) -> Measured {
    let graph = graph_of(circuit);
    let layout = Arc::new(Layout::plan(&graph).unwrap());
    let opening = if prover == "grouped" { OPENING_FOR_CHAIN } else { Opening::Shplonk };
    let key_file = if prover == "grouped" { format!("{key_file}.grouped") } else { key_file.to_owned() };
    let srs = Srs::insecure_for(layout.k, opening, PUBLISHED_SEED).unwrap();
    let mut measured = Measured {
        k: layout.k,
        advice_columns: layout.shape.advice.len(),
        fixed_columns: layout.shape.fixed.len(),
        columns_per_commitment: opening.width(),
        parameters: graph.parameters(),
        ..Measured::default()
    };
    let circuit = Circuit { graph, layout, srs, key_file };
    match (prover, step) {
        ("engine" | "grouped", "keygen") => circuit.engine_keygen(&mut measured),
        ("stock", "keygen") => circuit.stock_keygen(&mut measured),
        ("engine" | "grouped", "prove") => circuit.engine_prove(&mut measured),
        ("stock", "prove") => circuit.stock_prove(&mut measured),
        other => panic!("unknown measurement {other:?}"),
    }
    measured.peak_mib = peak_mib();
    measured
}

/// What is proved, and where its keys are kept between steps.
struct Circuit {
    graph: QuantizedGraph,
    layout: Arc<Layout>,
    srs: Srs,
    key_file: String,
}

impl Circuit {
    fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey::from_bytes(&std::fs::read(&self.key_file).unwrap()).unwrap()
    }

    fn proving_file(&self) -> String {
        format!("{}.pk", self.key_file)
    }

    fn engine_keygen(self, measured: &mut Measured) {
        let (proving_file, digest) = (self.proving_file(), self.graph.digest());
        let start = Instant::now();
        let key = keygen(&self.srs, self.layout, digest).unwrap();
        measured.seconds = start.elapsed().as_secs_f64();
        std::fs::write(&self.key_file, key.verifying_key().bytes()).unwrap();
        key.write(&mut BufWriter::new(File::create(proving_file).unwrap())).unwrap();
    }

    fn stock_keygen(self, measured: &mut Measured) {
        let digest = self.graph.digest();
        let start = Instant::now();
        let circuit = InferenceCircuit::for_keygen(Arc::clone(&self.layout));
        let (key, _) = generate_keys(&self.srs, &circuit, self.layout.instances(), digest).unwrap();
        measured.seconds = start.elapsed().as_secs_f64();
        assert_eq!(key.bytes(), std::fs::read(&self.key_file).unwrap(), "the two provers' keys");
    }

    fn engine_prove(self, measured: &mut Measured) {
        let (verifying, proving_file, digest) = (self.verifying_key(), self.proving_file(), self.graph.digest());
        let start = Instant::now();
        drop(self.layout); // the key brings its own
        let file = Arc::new(Mapped::open(Path::new(&proving_file)).unwrap());
        let key = ProvingKey::open(&file, &self.graph, digest, verifying).unwrap();
        let trace = interpret(&self.graph, &samples::inputs(&self.graph, 1)).unwrap();
        let mut prover = Prover::new(&key, &self.srs).unwrap();
        prover.keep().unwrap();
        measured.load_seconds = start.elapsed().as_secs_f64();
        let mut marks = Vec::new();
        let start = Instant::now();
        let made = prover.prove(&trace, Fr::from(1), OsRng, &mut |phase| {
            marks.push((phase.name(), start.elapsed().as_secs_f64()));
        });
        measured.seconds = start.elapsed().as_secs_f64();
        let (instances, proof) = made.unwrap();
        Verifier::new(key.verifying_key()).unwrap().verify(&instances, &proof).unwrap();
        let ends = marks.iter().skip(1).map(|(_, at)| *at).chain([measured.seconds]);
        measured.phases = marks.iter().zip(ends).map(|((name, at), end)| ((*name).to_owned(), end - at)).collect();
    }

    fn stock_prove(self, measured: &mut Measured) {
        let start = Instant::now();
        let key = self.verifying_key();
        let for_keygen = InferenceCircuit::for_keygen(Arc::clone(&self.layout));
        let proving = rebuild_proving_key(&self.srs, &for_keygen, &key).unwrap();
        let trace = interpret(&self.graph, &samples::inputs(&self.graph, 1)).unwrap();
        let context = Fr::from(1);
        let [inputs, outputs] = [End::Input, End::Output].map(|end| trace.at(&self.graph, end).unwrap());
        let instances = assay_circuits::statement(&self.graph, &inputs, &outputs, context).unwrap();
        let instances = assay_halo2::convert::instances(&instances);
        let circuit = InferenceCircuit::new(self.layout, &trace, context).unwrap();
        measured.load_seconds = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let proof = prove_circuit(&self.srs, &proving, &key, &circuit, &instances, OsRng).unwrap();
        measured.seconds = start.elapsed().as_secs_f64();
        Verifier::new(&key).unwrap().verify(&instances, &proof).unwrap();
    }
}
