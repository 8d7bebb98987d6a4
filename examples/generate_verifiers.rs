//! Writes to `contracts/generated/` the verifiers of the profiles, and keys of the published insecure SRS: of the zoo's models and of a
//! perceptron of four million weights; all with both openings (`a1w4t1`, `a1w4t1-evm`; `lenet-key`, `lenet-evm-key`).
//!
//! `node build.mjs` in `contracts/` then compiles them to the artifacts that the program embeds. Both steps are
//! deterministic: run them after any change to a layout, a gate or a model, and commit what they change.

#![expect(clippy::print_stdout, reason = "this is a program for a terminal")]

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use assay_circuits::{CircuitShape, Layout, PROFILES};
use assay_models::{QuantizedGraph, import, samples};
use assay_prover::cost::OPENING_FOR_CHAIN;
use assay_prover::{PUBLISHED_SEED, Srs, constraints, keygen};
use assay_solidity::Shape;
use assay_verifier::key::ROWS;
use assay_verifier::{ConstraintSystem, Opening};

const ZOO: [&str; 2] = ["mnist-mlp", "lenet"];

fn main() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    write("IVerifier.sol", assay_solidity::INTERFACE)?;
    for lanes in PROFILES {
        let constraints = constraints(&CircuitShape::new(lanes))?;
        verifier(&lanes.tag(), &constraints, Opening::Shplonk)?;
        verifier(&format!("{}-evm", lanes.tag()), &constraints, OPENING_FOR_CHAIN)?;
    }
    for model in ZOO {
        let file = root.join("models/zoo").join(model).join(format!("{model}.onnx"));
        let onnx = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        keys(model, &import(&onnx, model)?)?;
    }
    keys("mlp-4m", &import(&samples::mlp_onnx(&[784, 2048, 1024, 256, 10], 1), "mlp-4m")?)?;
    println!("now run `node build.mjs` in contracts/");
    Ok(())
}

/// The verifier of a profile with an opening.
fn verifier(name: &str, constraints: &ConstraintSystem, opening: Opening) -> anyhow::Result<()> {
    let shape = Shape::new(ROWS.1, constraints, opening)?;
    write(&format!("{name}.sol"), &assay_solidity::verifier(&shape)?)?;
    let (points, scalars) = shape.proof_shape();
    println!("{name}: {} columns behind a commitment at most, {points} points and {scalars} scalars", opening.width());
    Ok(())
}

/// The keys of a model with both openings.
fn keys(model: &str, graph: &QuantizedGraph) -> anyhow::Result<()> {
    let layout = Arc::new(Layout::plan(graph)?);
    for (name, opening) in [(model.to_owned(), Opening::Shplonk), (format!("{model}-evm"), OPENING_FOR_CHAIN)] {
        let srs = Srs::insecure_for(layout.k, opening, PUBLISHED_SEED)?;
        let key = keygen(&srs, Arc::clone(&layout), graph.digest())?;
        let key = key.verifying_key();
        write(&format!("{name}-key.sol"), &assay_solidity::key(key)?)?;
        println!(
            "{name}: {}, k = {}, {} commitments in the key, {} public words, proofs of {} bytes; verifying key {}",
            layout.shape.lanes,
            key.k(),
            key.commitments().len(),
            key.instances(),
            key.proof_length(),
            hex::encode(key.digest()),
        );
    }
    Ok(())
}

fn write(file: &str, source: &str) -> anyhow::Result<()> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("contracts/generated").join(file);
    std::fs::write(&target, source).with_context(|| format!("cannot write {}", target.display()))
}
