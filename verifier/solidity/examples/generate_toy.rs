//! Writes the verifier of the tests' toy circuit to `contracts/generated/toy.sol`; `node build.mjs` compiles it.

#[path = "../../core/tests/toy/mod.rs"]
mod toy;

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let params = toy::params();
    let (proving, key) = toy::keys(&params);
    let example = toy::Toy { a: [3, 0, 2, 1, 1, 2], context: 5.into() };
    let (instances, proof) = toy::prove(&params, &proving, &key, &example, 2);
    assay_verifier::verify(&key, &instances, &proof)?;
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts/generated/toy.sol");
    std::fs::write(target, assay_solidity::generate(&key)?)?;
    Ok(())
}
