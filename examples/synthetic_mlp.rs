//! Writes a quantised multi-layer perceptron with random int8 weights, and an input for it, to try sizes with.
//!
//!     cargo run --release --example synthetic_mlp -- 784,2048,1024,256,10 model.onnx
//!
//! writes `model.onnx` and, beside it, `input.json`. 100 million parameters: `1024,8192,8192,3072,10`.

#![expect(clippy::print_stdout, reason = "this is a program for a terminal")]

use std::path::Path;

use anyhow::{Context, ensure};
use assay_models::samples::{Numbers, mlp_onnx};

const SEED: u64 = 1;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = "expected widths and a file: synthetic_mlp 784,2048,1024,256,10 model.onnx";
    let (widths, file) = (arguments.next().context(usage)?, arguments.next().context(usage)?);
    let widths: Vec<usize> = widths.split(',').map(str::parse).collect::<Result<_, _>>().context(usage)?;
    ensure!(widths.len() >= 2 && !widths.contains(&0), "{usage}, each width at least 1");
    let path = Path::new(&file);
    std::fs::write(path, mlp_onnx(&widths, SEED)).with_context(|| format!("cannot write {}", path.display()))?;
    let values = Numbers::new(SEED).many(widths.first().copied().unwrap_or(0), 0, 255);
    let input = serde_json::json!({ "input_data": [values], "quantized": true });
    let beside = path.with_file_name("input.json");
    std::fs::write(&beside, input.to_string()).with_context(|| format!("cannot write {}", beside.display()))?;
    let parameters: usize = widths.windows(2).map(|pair| pair.iter().product::<usize>()).sum();
    println!("{parameters} weights in {}, an input in {}", path.display(), beside.display());
    Ok(())
}
