//! The generated sources are deterministic and committed; `assay-contracts` runs them in an EVM.

#[path = "../../core/tests/toy/mod.rs"]
mod toy;

use std::path::Path;

use assay_solidity::{Shape, calldata, key, key_code, srs_of, verifier};
use sha3::{Digest, Keccak256};

#[test]
fn the_committed_sources_are_what_the_generator_writes() {
    let (_, vk) = toy::keys(&toy::params());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts/generated");
    let sources = [
        ("toy.sol", verifier(&Shape::of(&vk).unwrap()).unwrap()),
        ("toy-key.sol", key(&vk).unwrap()),
        ("IVerifier.sol", assay_solidity::INTERFACE.to_owned()),
    ];
    for (file, source) in sources {
        if std::env::var_os("UPDATE_GOLDENS").is_some() {
            std::fs::write(folder.join(file), &source).unwrap();
        }
        let committed = std::fs::read_to_string(folder.join(file)).unwrap();
        assert!(source == committed, "{file}: if this is meant, run with UPDATE_GOLDENS=1 and `node build.mjs`");
    }
}

#[test]
fn a_verifier_names_its_shape_and_no_key_and_a_key_names_both() {
    let (_, vk) = toy::keys(&toy::params());
    let digest = assay_verifier::encoding::hex_of(&vk.digest());
    let shape = assay_verifier::encoding::hex_of(&assay_solidity::Shape::of(&vk).unwrap().digest());
    let (verifier, key) = (verifier(&Shape::of(&vk).unwrap()).unwrap(), key(&vk).unwrap());
    assert!(verifier.contains(&shape) && !verifier.contains(&digest));
    assert!(key.contains(&shape) && key.contains(&digest));
    let words: usize = key.matches("hex\"").count() - 1;
    assert_eq!(key_code(&vk).unwrap().len(), 1 + 32 * words);
}

#[test]
fn the_code_of_a_key_names_its_srs() {
    let (_, vk) = toy::keys(&toy::params());
    let code = key_code(&vk).unwrap();
    assert_eq!(srs_of(&code), Some(*vk.srs()));
    // Another version, no point, too little, nothing.
    let changed = |at: usize| {
        let mut code = code.clone();
        code[at] ^= 1;
        code
    };
    for other in [changed(0), changed(10), changed(1 + 32 * 7), code[..1 + 32 * 10 - 1].to_vec(), Vec::new()] {
        assert_eq!(srs_of(&other), None);
    }
    assert_eq!(srs_of(&code[..=32 * 10]), Some(*vk.srs()));
}

#[test]
fn calls_begin_with_the_selectors_of_their_signatures() {
    let params = toy::params();
    let (proving, vk) = toy::keys(&params);
    let example = toy::Toy { a: [3, 0, 2, 1, 1, 2], context: 5.into() };
    let (instances, proof) = toy::prove(&params, &proving, &vk, &example, 2);
    let address = [0; 20];
    let calls = [
        ("verify(address,uint256[],bytes)", calldata::verify(&address, &instances, &proof)),
        ("verifyBatch(address,uint256[][],bytes[])", calldata::verify_batch(&address, &[(instances, proof)])),
    ];
    for (signature, call) in calls {
        assert_eq!(call[..4], Keccak256::digest(signature)[..4], "{signature}");
    }
}
