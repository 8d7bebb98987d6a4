//! Writes the toy circuit's key, proof and public values as first inputs of the fuzz targets in `verifier/fuzz`.

#[path = "../../core/tests/toy/mod.rs"]
mod toy;

use std::path::Path;

use assay_verifier::{ProofFile, verify};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let params = toy::params();
    let (proving, key) = toy::keys(&params);
    let example = toy::Toy { a: [3, 0, 2, 1, 1, 2], context: 5.into() };
    let (instances, proof) = toy::prove(&params, &proving, &key, &example, 2);
    verify(&key, &instances, &proof)?;
    let length = u16::try_from(key.bytes().len())?.to_le_bytes();
    let whole = [&length, key.bytes(), instances.words().as_flattened(), &proof.bytes].concat();
    let json = ProofFile::new(&key, &instances, &proof).to_json()?;
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    let seeds: [(&str, &str, &[u8]); 5] = [
        ("key", "toy", key.bytes()),
        ("proof", "toy", &proof.to_bytes()),
        ("proof", "instances", &instances.to_bytes()),
        ("proof", "file", json.as_bytes()),
        ("verify", "toy", &whole),
    ];
    for (target, name, bytes) in seeds {
        std::fs::create_dir_all(corpus.join(target))?;
        std::fs::write(corpus.join(target).join(name), bytes)?;
    }
    Ok(())
}
