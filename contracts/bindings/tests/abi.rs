//! The bindings are the compiled contracts': every function, event and error, with types, results and indexed fields.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;

use alloy_json_abi::JsonAbi;
use assay_contracts::interface::{InferenceMarket, ModelRegistry, Signatures, Verifier, VerifierRouter};

/// One line for everything that an ABI declares, but for its constructor.
fn lines(abi: &JsonAbi) -> BTreeSet<String> {
    let functions =
        abi.functions().map(|f| format!("function {} {:?}", f.signature_with_outputs(), f.state_mutability));
    let errors = abi.errors().map(|e| format!("error {}", e.signature()));
    let events = abi.events().map(|e| {
        let indexed: Vec<bool> = e.inputs.iter().map(|input| input.indexed).collect();
        format!("event {} {indexed:?} {}", e.signature(), e.anonymous)
    });
    functions.chain(errors).chain(events).collect()
}

fn compiled(json: &str) -> JsonAbi {
    let artifact: serde_json::Value = serde_json::from_str(json).unwrap();
    serde_json::from_value(artifact["abi"].clone()).unwrap()
}

/// Errors that libraries declare and that can leave a contract; the bindings show them by selector only.
const LIBRARIES: [&str; 12] = [
    "error AddressInsufficientBalance(address)",
    "error ECDSAInvalidSignature()",
    "error FailedCall()",
    "error FailedInnerCall()",
    "error InsufficientBalance(uint256,uint256)",
    "error InvalidShortString()",
    "error ReentrancyGuardReentrantCall()",
    "error SafeCastOverflowedUintDowncast(uint8,uint256)",
    "error SafeERC20FailedOperation(address)",
    "error StringTooLong(string)",
    "error ECDSAInvalidSignatureLength(uint256)",
    "error ECDSAInvalidSignatureS(bytes32)",
];

#[test]
fn the_bindings_declare_what_the_compiled_contracts_do_and_nothing_else() {
    let cases = [
        ("InferenceMarket", InferenceMarket::abi::contract(), include_str!("../../artifacts/InferenceMarket.json")),
        ("ModelRegistry", ModelRegistry::abi::contract(), include_str!("../../artifacts/ModelRegistry.json")),
        ("Signatures", Signatures::abi::contract(), include_str!("../../artifacts/Signatures.json")),
        ("VerifierRouter", VerifierRouter::abi::contract(), include_str!("../../artifacts/VerifierRouter.json")),
        ("a1w4t1", Verifier::abi::contract(), include_str!("../../artifacts/a1w4t1.json")),
        ("a1w4t1-evm", Verifier::abi::contract(), include_str!("../../artifacts/a1w4t1-evm.json")),
    ];
    for (name, bindings, artifact) in cases {
        let mut expected = lines(&compiled(artifact));
        expected.retain(|line| !LIBRARIES.contains(&line.as_str()));
        let got = lines(&bindings);
        let missing: Vec<_> = expected.difference(&got).collect();
        let surplus: Vec<_> = got.difference(&expected).collect();
        assert!(missing.is_empty() && surplus.is_empty(), "{name}: missing {missing:#?}, surplus {surplus:#?}");
    }
}
