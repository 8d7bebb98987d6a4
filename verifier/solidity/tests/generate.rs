//! The generated source is deterministic and strict; `assay-contracts` runs it in an EVM.

#[path = "../../core/tests/toy/mod.rs"]
mod toy;

use sha3::{Digest, Keccak256};

#[test]
fn the_committed_source_is_what_the_generator_writes() {
    let (_, key) = toy::keys(&toy::params());
    let source = assay_solidity::generate(&key).unwrap();
    let committed = include_str!("../../../contracts/generated/toy.sol");
    assert!(source == committed, "run `cargo run --release --example generate_verifiers` and `node build.mjs`");
}

#[test]
fn every_word_of_the_calldata_is_checked_and_its_length_is_exact() {
    let params = toy::params();
    let (proving, key) = toy::keys(&params);
    let example = toy::Toy { a: [3, 0, 2, 1, 1, 2], context: 5.into() };
    let (instances, proof) = toy::prove(&params, &proving, &key, &example, 2);
    let calldata = assay_solidity::calldata(&instances, &proof);
    let source = assay_solidity::generate(&key).unwrap();
    let (points, scalars) = key.proof_shape();
    let body = &source[source.find("let f_p").unwrap()..];
    let counts = |function: &str| {
        let name = format!("and({function}(");
        let count = |call: &str| {
            let arguments = call.split(')').next().unwrap();
            usize::from_str_radix(arguments.rsplit("0x").next().unwrap(), 16).unwrap()
        };
        body.split(&name).skip(1).map(count).sum::<usize>()
    };
    assert_eq!((counts("load_scalars"), counts("load_points")), (scalars + key.instances(), points));
    assert!(!body.contains("calldataload"), "nothing is read from calldata but by the checking functions");
    assert!(source.contains(&format!("if (msg.data.length != {})", calldata.len())));
    let stop = body.find("mstore(0x0, 0xf4ea0ab0").unwrap();
    let last_load = body.rfind("and(load_points(").unwrap();
    let first_precompile = body.find("staticcall(").unwrap();
    assert!(last_load < stop && stop < first_precompile, "malformed words are refused before any precompile runs");
}

#[test]
fn the_errors_have_the_selectors_of_their_names() {
    let (_, key) = toy::keys(&toy::params());
    let source = assay_solidity::generate(&key).unwrap();
    for error in ["MalformedProof()", "InvalidProof()"] {
        let hash = Keccak256::digest(error);
        let selector = format!("mstore(0x0, 0x{:08x}", u32::from_be_bytes(hash[..4].try_into().unwrap()));
        assert!(source.contains(error) && source.contains(&selector), "{error}: {selector}");
    }
}
