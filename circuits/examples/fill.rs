//! How long each step from a model to its filled columns takes, and the peak memory during that step: for an ONNX file, or for a
//! synthetic perceptron of given widths.
//!
//!     cargo run --release -p assay-circuits --example fill -- models/zoo/lenet/lenet.onnx
//!     cargo run --release -p assay-circuits --example fill -- 784,2048,1024,256,10

#![expect(clippy::print_stdout, reason = "this is a program for a terminal")]

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use assay_circuits::{Columns, Layout, Pinned, fold_weights};
use assay_models::{QuantizedGraph, import, interpret, samples};
use halo2curves::bn256::Fr;

fn main() -> Result<(), Box<dyn Error>> {
    let argument = std::env::args().nth(1).ok_or("expected an ONNX file or widths such as 784,128,10")?;
    let file = timed("read or make the file", || onnx(&argument))?;
    let graph = timed("import", || import(&file, "model").map_err(Box::new))?;
    println!("{} bytes, {} parameters", file.len(), graph.parameters());
    drop(file);
    timed("digest", || graph.digest());
    let bytes = timed("to_bytes", || graph.to_bytes());
    drop(graph);
    let graph = timed("from_bytes", || QuantizedGraph::from_bytes(&bytes).map_err(Box::new))?;
    drop(bytes);
    let layout = timed("plan", || Layout::plan(&graph))?;
    println!("k = {}, {}", layout.k, layout.shape.lanes);
    let input = samples::inputs(&graph, 1);
    let trace = timed("interpret", || interpret(&graph, &input).map_err(Box::new))?;
    let mut columns = timed("phase 0", || Columns::phase_zero(&layout, &trace, Fr::from(7)))?;
    let challenges = [11, 12, 13, 14, 15].map(|seed| Fr::from(seed) * Fr::from(u64::MAX) * Fr::from(u64::MAX));
    let [.., r, _, _] = challenges;
    let folds = timed("fold weights", || fold_weights(&layout, r));
    let mut copy = columns.clone();
    timed("phase 1, weights folded before", || copy.complete_with(&layout, &challenges, &Pinned::new(), Some(&folds)))?;
    timed("phase 1", || columns.complete(&layout, &challenges, &Pinned::new()))?;
    black_box((copy, columns));
    Ok(())
}

fn onnx(argument: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    if Path::new(argument).is_file() {
        return Ok(std::fs::read(argument)?);
    }
    let widths: Vec<usize> = argument.split(',').map(str::parse).collect::<Result<_, _>>()?;
    Ok(samples::mlp_onnx(&widths, 1))
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    // Peaks are told step by step where the system can forget the ones before (Linux).
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let start = Instant::now();
    let result = work();
    let seconds = start.elapsed().as_secs_f64();
    println!("{what:31} {:9.1} ms, peak {} MiB", 1e3 * seconds, peak().unwrap_or(0));
    result
}

/// Peak resident memory in MiB since it was last reset, where the system tells.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib / 1024)
}
