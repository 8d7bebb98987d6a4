//! A model with several inputs and outputs, from its files to a checked proof.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::sandbox::Sandbox;
use crate::{INVALID_PROOF, WRONG_REQUEST};

const MODEL: &str = "two_ends.onnx";

/// `sum = left + right` and half of `left`, of 40 values each; `left` of real numbers, `right` of integers.
fn sandbox(name: &str) -> Sandbox {
    let sandbox = Sandbox::new(name);
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(MODEL);
    fs::copy(case, sandbox.path(MODEL)).unwrap();
    let left: Vec<f64> = (0..40).map(|at| f64::from(at) / 2.0).collect();
    let right: Vec<u32> = (0..40).map(|at| 2 * at).collect();
    for (file, rows) in [
        ("both.json", json!([left, right])),
        ("left.json", json!([left])),
        ("right.json", json!([right])),
        ("swapped.json", json!([right, (0..40).collect::<Vec<u32>>()])),
    ] {
        fs::write(sandbox.path(file), json!({ "input_data": rows }).to_string()).unwrap();
    }
    sandbox.succeeds(&["compile", MODEL]);
    sandbox
}

/// The same with keys and a proof.
fn proved(name: &str) -> Sandbox {
    let sandbox = sandbox(name);
    sandbox.succeeds(&["srs", "generate", "--insecure", "-k", "12"]);
    sandbox.succeeds(&["setup", MODEL]);
    sandbox.succeeds(&["prove", MODEL, "--input", "both.json"]);
    sandbox
}

#[test]
fn inputs_are_taken_in_order_or_by_name_and_every_output_is_shown_by_its_name() {
    let sandbox = sandbox("ports");
    let infer = |inputs: &[&str]| -> Value {
        let inputs = inputs.iter().flat_map(|input| ["--input", input]);
        let arguments: Vec<&str> = ["infer", MODEL, "--json"].into_iter().chain(inputs).collect();
        serde_json::from_str(&sandbox.succeeds(&arguments)).unwrap()
    };
    let both = infer(&["both.json"]);
    let outputs = both["outputs"].as_array().unwrap();
    assert_eq!((&outputs[0]["name"], &outputs[1]["name"]), (&json!("sum.q.real"), &json!("half.q")));
    // left + right = at / 2 + at, of which halves are rounded to even.
    assert_eq!(&outputs[0]["output"].as_array().unwrap()[..4], [json!(0), json!(2), json!(3), json!(4)]);
    assert_eq!(&outputs[1]["output"].as_array().unwrap()[..4], [json!(0), json!(0), json!(1), json!(2)]);
    assert_eq!(infer(&["left.json", "right.json"]), both);
    assert_eq!(infer(&["right=right.json", "left=left.json"]), both);
    let said = sandbox.succeeds(&["infer", MODEL, "--input", "both.json"]);
    for line in ["output", "sum.q.real", "half.q"] {
        assert!(said.contains(line), "{said}");
    }
    let fails = |inputs: &[&str], says: &[&str]| {
        let inputs = inputs.iter().flat_map(|input| ["--input", input]);
        let arguments: Vec<&str> = ["infer", MODEL].into_iter().chain(inputs).collect();
        sandbox.fails(&arguments, WRONG_REQUEST, says);
    };
    fails(&["left.json"], &["2 inputs (left, right)", "got 1"]);
    fails(&["both.json", "left.json"], &["got 3"]);
    fails(&["left=left.json", "left=left.json"], &["\"left\" is no input of the model that is still without"]);
    fails(&["middle=left.json", "right.json"], &["middle=left.json"]);
}

#[test]
fn a_proof_of_several_inputs_and_outputs_is_of_these_and_no_others() {
    let sandbox = proved("ports-proof");
    let estimate: Value = serde_json::from_str(&sandbox.succeeds(&["estimate", MODEL, "--json"])).unwrap();
    assert_eq!(estimate["public_words"], 9, "two words for each of four tensors, and the context");
    assert_eq!(estimate["inputs"][1]["name"], "right");
    let proved: Value =
        serde_json::from_str(&sandbox.succeeds(&["prove", MODEL, "--input", "both.json", "--json"])).unwrap();
    fs::write(sandbox.path("answer.json"), proved.to_string()).unwrap();
    let verified: Value = serde_json::from_str(&sandbox.succeeds(&[
        "verify",
        MODEL,
        "--input",
        "right=right.json",
        "--input",
        "left.json",
        "--output",
        "answer.json",
        "--json",
    ]))
    .unwrap();
    assert_eq!(verified["outputs"], proved["outputs"]);
    sandbox.fails(&["verify", MODEL, "--input", "swapped.json"], INVALID_PROOF, &["another input"]);
    let mut other = proved.clone();
    let outputs = other["outputs"].as_array_mut().unwrap();
    outputs.swap(0, 1);
    fs::write(sandbox.path("other.json"), other.to_string()).unwrap();
    sandbox.fails(&["verify", MODEL, "--output", "other.json"], WRONG_REQUEST, &["\"half.q\" where the model has"]);
    let flat: Vec<String> = (0..80).map(|at| proved["outputs"][at / 40]["output"][at % 40].to_string()).rev().collect();
    sandbox.succeeds(&["verify", MODEL, "--input", "left=left.json", "--input", "right.json"]);
    sandbox.fails(&["verify", MODEL, "--output", &flat.join(",")], INVALID_PROOF, &["another output"]);
    sandbox.fails(&["verify", MODEL, "--output", "1,2,3"], WRONG_REQUEST, &["expects 80 values, got 3"]);
}

/// Names are no part of a digest, and say which value is which: those of a folder that somebody hands out are compared with the ONNX file's.
#[test]
fn a_folder_in_which_the_names_are_exchanged_is_refused() {
    let sandbox = proved("ports-names");
    let file = sandbox.path("two_ends.assay/graph.bin");
    let mut bytes = fs::read(&file).unwrap();
    let (from, to) = (b"\x04left\x05right".as_slice(), b"\x05right\x04left".as_slice());
    let at = bytes.windows(from.len()).rposition(|window| window == from).unwrap();
    bytes[at..at + to.len()].copy_from_slice(to);
    fs::write(&file, bytes).unwrap();
    sandbox.fails(&["verify", MODEL], WRONG_REQUEST, &["other names for inputs and outputs", "next: assay compile"]);
    // Nor does a reader who has compared nothing yet believe them.
    fs::remove_dir_all(sandbox.path("data/assay/models")).unwrap();
    sandbox.fails(&["verify", MODEL], WRONG_REQUEST, &["other names for inputs and outputs"]);
}

#[test]
fn a_claim_of_outputs_has_their_names_and_sizes() {
    let sandbox = proved("ports-claim");
    let honest: Value = serde_json::from_str(&sandbox.succeeds(&["verify", MODEL, "--json"])).unwrap();
    let claims = |change: &dyn Fn(&mut Value)| {
        let mut claim = honest.clone();
        change(&mut claim);
        fs::write(sandbox.path("claim.json"), claim.to_string()).unwrap();
        ["verify", MODEL, "--output", "claim.json"]
    };
    sandbox.succeeds(&claims(&|_| ()));
    let renamed = |claim: &mut Value| claim["outputs"][0]["name"] = json!("half.q");
    sandbox.fails(&claims(&renamed), WRONG_REQUEST, &["\"half.q\"", "\"sum.q.real\""]);
    let shifted = |claim: &mut Value| {
        let moved = claim["outputs"][1]["output"].as_array_mut().unwrap().remove(0);
        claim["outputs"][0]["output"].as_array_mut().unwrap().push(moved);
    };
    sandbox.fails(&claims(&shifted), WRONG_REQUEST, &["expects 40 values of \"sum.q.real\", got 41"]);
    let joined = |claim: &mut Value| _ = claim["outputs"].as_array_mut().unwrap().pop();
    sandbox.fails(&claims(&joined), WRONG_REQUEST, &["a list of 1 outputs, and the model has 2"]);
    sandbox.fails(&claims(&|claim| claim["output"] = json!([1])), WRONG_REQUEST, &["both \"output\" and \"outputs\""]);
}
