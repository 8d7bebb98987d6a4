//! The contracts' pinned compiler.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};

/// Creation code of one contract of each source, by the sources' order. All are compiled in one run: starting the compiler takes longer than
/// many a source.
pub(crate) fn compiled(contract: &str, sources: &[String]) -> Vec<Vec<u8>> {
    let file = |index: usize| format!("{index}.sol");
    let mut files: Map<String, Value> =
        sources.iter().enumerate().map(|(index, source)| (file(index), json!({ "content": source }))).collect();
    files.insert("IVerifier.sol".to_owned(), json!({ "content": assay_solidity::INTERFACE }));
    let input = json!({
        "language": "Solidity",
        "sources": files,
        "settings": {
            "evmVersion": "prague",
            "optimizer": { "enabled": true, "runs": 200 },
            "outputSelection": { "*": { contract: ["evm.bytecode.object"] } },
        },
    });
    let output = run(&input.to_string());
    let code = |index: usize| {
        let code = &output["contracts"][file(index)][contract]["evm"]["bytecode"]["object"];
        hex::decode(code.as_str().unwrap_or_else(|| panic!("{}", output["errors"]))).unwrap()
    };
    (0..sources.len()).map(code).collect()
}

fn run(input: &str) -> Value {
    let compiler = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tools/solc.cjs");
    let mut process = Command::new("node")
        .args([compiler.as_os_str(), "--standard-json".as_ref()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("{error}: this test needs Node, and `npm ci` in contracts/ (`.ci/test` does it)")
        });
    process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "the compiler failed: is `npm ci` done in contracts/?");
    serde_json::from_slice(&output.stdout).unwrap()
}
