//! Writes the contracts of the tests' toy circuit to `contracts/generated/`; `node build.mjs` compiles them.

#[path = "../../core/tests/toy/mod.rs"]
mod toy;

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let params = toy::params();
    let (proving, key) = toy::keys(&params);
    let example = toy::Toy { a: [3, 0, 2, 1, 1, 2], context: 5.into() };
    let (instances, proof) = toy::prove(&params, &proving, &key, &example, 2);
    assay_verifier::verify(&key, &instances, &proof)?;
    let generated = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts/generated");
    std::fs::write(generated.join("IVerifier.sol"), assay_solidity::INTERFACE)?;
    std::fs::write(generated.join("toy.sol"), assay_solidity::verifier(&key)?)?;
    std::fs::write(generated.join("toy-key.sol"), assay_solidity::key(&key)?)?;
    std::fs::write(generated.join("toy-fused.sol"), assay_solidity::fused_verifier(&key)?)?;
    Ok(())
}
