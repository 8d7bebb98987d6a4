//! Writes the verifier, the key and the fused verifier of each of the zoo's models to `contracts/generated/`, for keys of the published insecure SRS.
//!
//! `node build.mjs` in `contracts/` then compiles them to the artifacts that the demo deploys. Both steps are
//! deterministic: run them after any change to a layout, a gate or a model, and commit what they change.

#![expect(clippy::print_stdout, reason = "this is a program for a terminal")]

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use assay_circuits::Layout;
use assay_prover::{PUBLISHED_SEED, Srs, keygen};

const MODELS: [&str; 2] = ["mnist-mlp", "lenet"];

fn main() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for model in MODELS {
        let file = root.join("models/zoo").join(model).join(format!("{model}.onnx"));
        let onnx = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let graph = assay_models::import(&onnx, model)?;
        let layout = Arc::new(Layout::plan(&graph)?);
        let srs = Srs::insecure(layout.k, PUBLISHED_SEED)?;
        let key = keygen(&srs, Arc::clone(&layout), graph.digest())?;
        let key = key.verifying_key();
        let generated = root.join("contracts/generated");
        let write = |name: &str, source: &str| {
            let target = generated.join(name);
            std::fs::write(&target, source).with_context(|| format!("cannot write {}", target.display()))
        };
        write("IVerifier.sol", assay_solidity::INTERFACE)?;
        write(&format!("{model}.sol"), &assay_solidity::verifier(key)?)?;
        write(&format!("{model}-key.sol"), &assay_solidity::key(key)?)?;
        write(&format!("{model}-fused.sol"), &assay_solidity::fused_verifier(key)?)?;
        let (points, scalars) = key.proof_shape();
        println!(
            "{model}: k = {}, {} fixed and {} copied columns, {} instances; a proof has {points} points and {scalars} scalars, {} bytes",
            key.k(),
            key.fixed_commitments().len(),
            key.permutation_commitments().len(),
            key.instances(),
            key.proof_length(),
        );
        println!("{model}: verifying key {}", hex::encode(key.digest()));
    }
    println!("now run `node build.mjs` in contracts/");
    Ok(())
}
