//! From a model to a valid proof and a contract, and what was changed on the way.

use std::fs;

use crate::sandbox::Sandbox;
use crate::{INVALID_PROOF, WRONG_REQUEST, partial_files};

#[test]
fn commands_chain_without_flags_from_the_model_to_a_valid_proof_and_a_contract() {
    let sandbox = Sandbox::new("chain");
    sandbox.succeeds(&["srs", "generate", "--insecure", "-k", "12"]);
    sandbox.succeeds(&["compile", "mnist-mlp.onnx"]);
    sandbox.succeeds(&["setup", "mnist-mlp.onnx"]);
    let infer: serde_json::Value =
        serde_json::from_str(&sandbox.succeeds(&["infer", "mnist-mlp.onnx", "--input", "input.npy", "--json"]))
            .unwrap();
    assert_eq!(infer["label"], 6);
    let arguments = ["prove", "mnist-mlp.onnx", "--input", "input.json", "--context", "0xc0ffee", "--json"];
    let proved: serde_json::Value = serde_json::from_str(&sandbox.succeeds(&arguments)).unwrap();
    assert_eq!(proved["output"], infer["output"]);
    let verdict: serde_json::Value =
        serde_json::from_str(&sandbox.succeeds(&["verify", "mnist-mlp.onnx", "--json"])).unwrap();
    assert_eq!((&verdict["valid"], &verdict["insecure"]), (&true.into(), &true.into()));
    assert!(verdict["instances"].as_array().unwrap().last().unwrap().as_str().unwrap().ends_with("c0ffee"));
    the_contract_and_its_calldata_are_written(&sandbox);
    changed_proofs_are_refused(&sandbox);

    let key = fs::read(sandbox.path("mnist-mlp.assay/vk")).unwrap();
    fs::write(sandbox.path("mnist-mlp.assay/vk"), &key[..key.len() - 9]).unwrap();
    sandbox.fails(&["verify", "mnist-mlp.onnx"], WRONG_REQUEST, &["verifying key"]);
    sandbox.fails(&["prove", "mnist-mlp.onnx", "--input", "input.json"], WRONG_REQUEST, &["verifying key"]);
    fs::write(sandbox.path("mnist-mlp.assay/vk"), &key).unwrap();
    let mut srs = fs::read(sandbox.path("mnist-mlp.assay/srs")).unwrap();
    let middle = srs.len() / 2;
    srs[middle] ^= 1;
    fs::write(sandbox.path("mnist-mlp.assay/srs"), &srs).unwrap();
    sandbox.fails(&["prove", "mnist-mlp.onnx", "--input", "input.json"], WRONG_REQUEST, &["checksum"]);
}

fn the_contract_and_its_calldata_are_written(sandbox: &Sandbox) {
    let said = sandbox.succeeds(&["contract", "mnist-mlp.onnx"]);
    assert!(said.contains("of class 0x") && said.contains("assay register` places it at 0x"), "{said}");
    let placed = fs::read_to_string(sandbox.path("mnist-mlp.assay/calldata.hex")).unwrap();
    for (file, contract) in [("Verifier.sol", "contract Verifier is IVerifier"), ("Key.sol", "contract Key ")] {
        let source = fs::read_to_string(sandbox.path("mnist-mlp.assay").join(file)).unwrap();
        assert!(source.contains(contract), "{file}");
    }
    let key = "0x00000000000000000000000000000000000000ff";
    sandbox.succeeds(&["contract", "mnist-mlp.onnx", "--key", key]);
    let keyed = fs::read_to_string(sandbox.path("mnist-mlp.assay/calldata.hex")).unwrap();
    assert_eq!(keyed[..74], format!("0xd613b9dc{:0>64}", "ff"));
    assert!(placed[..10] == keyed[..10] && placed[10..74] != keyed[10..74] && placed[74..] == keyed[74..]);
    assert!(sandbox.path("mnist-mlp.assay/IVerifier.sol").exists());
    sandbox.fails(&["contract", "mnist-mlp.onnx", "--key", "0x12"], WRONG_REQUEST, &["20 bytes"]);
    assert_eq!(partial_files(sandbox), [""; 0]);
}

fn changed_proofs_are_refused(sandbox: &Sandbox) {
    let proof = fs::read_to_string(sandbox.path("mnist-mlp.assay/proof.json")).unwrap();
    let changed = |name: &str, text: String| {
        assert_ne!(text, proof);
        fs::write(sandbox.path(name), text).unwrap();
    };
    let mut file: serde_json::Value = serde_json::from_str(&proof).unwrap();
    let hex = file["proof"].as_str().unwrap().to_owned();
    let last = if hex.ends_with('0') { "1" } else { "0" };
    file["proof"] = format!("{}{last}", &hex[..hex.len() - 1]).into();
    changed("flipped.json", file.to_string());
    sandbox.fails(&["verify", "mnist-mlp.onnx", "--proof", "flipped.json"], INVALID_PROOF, &["proof"]);
    file["proof"] = hex[..hex.len() - 64].into();
    changed("short.json", file.to_string());
    sandbox.fails(&["verify", "mnist-mlp.onnx", "--proof", "short.json"], INVALID_PROOF, &["expected", "bytes"]);
    let mut file: serde_json::Value = serde_json::from_str(&proof).unwrap();
    file["instances"][0] = format!("0x{:064x}", 1).into();
    changed("input.json.proof", file.to_string());
    sandbox.fails(&["verify", "mnist-mlp.onnx", "--proof", "input.json.proof"], INVALID_PROOF, &["invalid"]);
    file["graph_digest"] = "11".repeat(32).into();
    changed("foreign.json", file.to_string());
    sandbox.fails(&["verify", "mnist-mlp.onnx", "--proof", "foreign.json"], WRONG_REQUEST, &["1111111111111111"]);
    changed("half.json", proof[..proof.len() / 2].to_owned());
    sandbox.fails(&["verify", "mnist-mlp.onnx", "--proof", "half.json"], WRONG_REQUEST, &["proof file"]);
}
