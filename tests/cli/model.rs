//! A model is its bytes: what was made of other bytes is refused, and a name changes nothing.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::WRONG_REQUEST;
use crate::sandbox::Sandbox;

const MODEL: &str = "mnist-mlp.onnx";

/// A record of a registration and of a request, as far as a command reads them before it looks at the model.
fn market_files(sandbox: &Sandbox) {
    let zero = |bytes: usize| format!("0x{}", "00".repeat(bytes));
    let record = serde_json::json!({ "chain": 31337, "market": zero(20), "model_id": zero(32) });
    fs::write(sandbox.path("mnist-mlp.assay/registration.json"), record.to_string()).unwrap();
}

/// Every command that reads what was made of a model.
const READERS: [&[&str]; 9] = [
    &["infer", MODEL, "--input", "input.json"],
    &["setup", MODEL],
    &["prove", MODEL, "--input", "input.json"],
    &["verify", MODEL],
    &["contract", MODEL],
    &["register", MODEL, "--market", "0x00000000000000000000000000000000000000ff"],
    &["request", MODEL, "--input", "input.json", "--fee", "0.01"],
    &["fulfil", MODEL],
    &["proof", MODEL],
];

#[test]
fn a_model_that_changed_after_compile_is_refused_by_every_command_with_what_to_run() {
    let sandbox = Sandbox::new("changed");
    sandbox.succeeds(&["srs", "generate", "--insecure", "-k", "12"]);
    for command in ["compile", "setup"] {
        sandbox.succeeds(&[command, MODEL]);
    }
    sandbox.succeeds(&["prove", MODEL, "--input", "input.json"]);
    market_files(&sandbox);
    let second = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/zoo/mnist-mlp/mnist-mlp-seed-2.onnx");
    let first = fs::read(sandbox.path(MODEL)).unwrap();
    for (what, bytes) in [("another model", fs::read(second).unwrap()), ("garbage", b"garbage".to_vec())] {
        fs::write(sandbox.path(MODEL), bytes).unwrap();
        for command in READERS {
            let says = ["mnist-mlp.onnx changed since it was compiled", "next: assay compile mnist-mlp.onnx"];
            println!("{what}: {command:?}");
            sandbox.fails(command, WRONG_REQUEST, &says);
        }
    }
    fs::remove_file(sandbox.path(MODEL)).unwrap();
    sandbox.fails(&["verify", MODEL], WRONG_REQUEST, &["cannot read mnist-mlp.onnx"]);
    fs::write(sandbox.path(MODEL), first).unwrap();
    sandbox.succeeds(&["verify", MODEL]);
}

#[test]
fn what_was_made_of_the_model_before_a_recompile_is_refused_one_by_one_with_the_command_that_makes_it() {
    let sandbox = Sandbox::new("recompiled");
    sandbox.succeeds(&["srs", "generate", "--insecure", "-k", "12"]);
    for command in ["compile", "setup"] {
        sandbox.succeeds(&[command, MODEL]);
    }
    sandbox.succeeds(&["prove", MODEL, "--input", "input.json"]);
    let second = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/zoo/mnist-mlp/mnist-mlp-seed-2.onnx");
    fs::copy(second, sandbox.path(MODEL)).unwrap();
    sandbox.succeeds(&["compile", MODEL]);
    let key = ["mnist-mlp.assay/vk is the key of another model", "next: assay setup mnist-mlp.onnx"];
    for command in [READERS[2], READERS[3], READERS[4], READERS[5]] {
        sandbox.fails(command, WRONG_REQUEST, &key);
    }
    assert!(!sandbox.path("mnist-mlp.assay/Key.sol").exists(), "no contract of the old key");
    let pk = fs::read(sandbox.path("mnist-mlp.assay/pk")).unwrap();
    sandbox.succeeds(&["setup", MODEL]);
    let proof = ["belongs to the verifying key", "next: assay prove mnist-mlp.onnx --input input.json"];
    sandbox.fails(&["contract", MODEL], WRONG_REQUEST, &proof);
    sandbox.fails(
        &["verify", MODEL],
        WRONG_REQUEST,
        &["the proof is of graph", "next: assay prove mnist-mlp.onnx --input input.json"],
    );
    let good = fs::read(sandbox.path("mnist-mlp.assay/pk")).unwrap();
    fs::write(sandbox.path("mnist-mlp.assay/pk"), pk).unwrap();
    sandbox.fails(READERS[2], WRONG_REQUEST, &["belongs to the verifying key", "run `assay setup"]);
    fs::write(sandbox.path("mnist-mlp.assay/pk"), good).unwrap();
    sandbox.succeeds(READERS[2]);
    sandbox.succeeds(&["contract", MODEL]);
    sandbox.succeeds(&["verify", MODEL]);
}

#[test]
fn the_same_bytes_under_another_name_are_the_same_model_key_and_registration() {
    let sandbox = Sandbox::new("renamed");
    sandbox.succeeds(&["srs", "generate", "--insecure", "-k", "12"]);
    fs::copy(sandbox.path(MODEL), sandbox.path("another name.onnx")).unwrap();
    let made = [MODEL, "another name.onnx"].map(|model| {
        let compiled: Value = serde_json::from_str(&sandbox.succeeds(&["compile", model, "--json"])).unwrap();
        let keys: Value = serde_json::from_str(&sandbox.succeeds(&["setup", model, "--json"])).unwrap();
        // A registration is of the graph's digest, the key's and the key contract's code.
        sandbox.succeeds(&["contract", model]);
        let folder = sandbox.path(model).with_extension("assay");
        let contract = fs::read_to_string(folder.join("Key.sol")).unwrap();
        (compiled["graph_digest"].clone(), keys["vk_digest"].clone(), fs::read(folder.join("vk")).unwrap(), contract)
    });
    assert!(made[0].0.is_string() && made[0] == made[1], "digests {:?}", made.map(|made| (made.0, made.1)));
    sandbox.succeeds(&["prove", MODEL, "--input", "input.json"]);
    sandbox.succeeds(&["verify", "another name.onnx", "--proof", "mnist-mlp.assay/proof.json"]);
}
