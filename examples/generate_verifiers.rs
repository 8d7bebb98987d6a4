//! Writes verifiers and keys to `contracts/generated/`, for keys of the published insecure SRS: of the zoo's models and
//! of a perceptron of four million weights, with both openings (`lenet`, `lenet-evm`).
//!
//! `node build.mjs` in `contracts/` then compiles them to the artifacts that the demo deploys. Both steps are
//! deterministic: run them after any change to a layout, a gate or a model, and commit what they change.

#![expect(clippy::print_stdout, reason = "this is a program for a terminal")]

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use assay_circuits::Layout;
use assay_models::{QuantizedGraph, import, samples};
use assay_prover::cost::opening_for_chain;
use assay_prover::{PUBLISHED_SEED, Srs, constraints, keygen};
use assay_verifier::Opening;

const ZOO: [&str; 2] = ["mnist-mlp", "lenet"];

fn main() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for model in ZOO {
        let file = root.join("models/zoo").join(model).join(format!("{model}.onnx"));
        let onnx = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let graph = import(&onnx, model)?;
        let layout = Arc::new(Layout::plan(&graph)?);
        generate(model, &graph, Arc::clone(&layout), Opening::Shplonk)?;
        generate(&format!("{model}-evm"), &graph, Arc::clone(&layout), for_chain(&layout)?)?;
    }
    let graph = import(&samples::mlp_onnx(&[784, 2048, 1024, 256, 10], 1), "mlp-4m")?;
    let layout = Arc::new(Layout::plan(&graph)?);
    generate("mlp-4m", &graph, Arc::clone(&layout), Opening::Shplonk)?;
    generate("mlp-4m-evm", &graph, Arc::clone(&layout), for_chain(&layout)?)?;
    println!("now run `node build.mjs` in contracts/");
    Ok(())
}

/// What `assay setup --opening evm` takes where the SRS is large enough.
fn for_chain(layout: &Layout) -> anyhow::Result<Opening> {
    Ok(opening_for_chain(&constraints(&layout.shape)?)?)
}

fn generate(name: &str, graph: &QuantizedGraph, layout: Arc<Layout>, opening: Opening) -> anyhow::Result<()> {
    let srs = Srs::insecure_for(layout.k, opening, PUBLISHED_SEED)?;
    let key = keygen(&srs, layout, graph.digest())?;
    let key = key.verifying_key();
    let generated = Path::new(env!("CARGO_MANIFEST_DIR")).join("contracts/generated");
    let write = |file: &str, source: &str| {
        let target = generated.join(file);
        std::fs::write(&target, source).with_context(|| format!("cannot write {}", target.display()))
    };
    write("IVerifier.sol", assay_solidity::INTERFACE)?;
    write(&format!("{name}.sol"), &assay_solidity::verifier(key)?)?;
    write(&format!("{name}-key.sol"), &assay_solidity::key(key)?)?;
    let (points, scalars) = key.proof_shape();
    println!(
        "{name}: k = {}, {} columns behind a commitment at most, {} commitments in the key, {} public words; a proof has {points} points and {scalars} scalars, {} bytes",
        key.k(),
        opening.width(),
        key.commitments().len(),
        key.instances(),
        key.proof_length(),
    );
    println!("{name}: verifying key {}", hex::encode(key.digest()));
    Ok(())
}
