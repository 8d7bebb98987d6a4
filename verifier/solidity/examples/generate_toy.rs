//! Writes the verifier of the tests' toy circuit to `contracts/generated/toy.sol`; `node build.mjs` compiles it.

#[path = "../../core/tests/toy/mod.rs"]
mod toy;

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (_, key) = toy::keys(&toy::params());
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts/generated/toy.sol");
    std::fs::write(target, assay_solidity::generate(&key)?)?;
    Ok(())
}
