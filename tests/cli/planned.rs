//! What `assay compile` plans, what it and `assay estimate` say of it, and what `assay setup` makes of it.

use std::fs;

use serde_json::Value;

use super::WRONG_REQUEST;
use super::sandbox::Sandbox;

const PLAN: &str = "mnist-mlp.assay/layout.json";

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn setup_takes_the_lanes_that_compile_planned_and_refuses_the_plan_of_another_model_or_version() {
    let sandbox = Sandbox::new("planned");
    sandbox.succeeds(&["srs", "generate", "--insecure", "-k", "12"]);
    let compile = ["compile", "mnist-mlp.onnx"];
    let told = json(&sandbox.succeeds(&[&compile[..], &["--json"]].concat()));
    let text = fs::read_to_string(sandbox.path(PLAN)).unwrap();
    let written = json(&text);
    for key in ["lanes", "for", "why", "tried", "graph_digest", "layout"] {
        assert_eq!(written[key], told[key], "{key}");
    }
    assert_eq!((&written["for"], written["tried"].as_array().unwrap().len()), (&"chain".into(), 8));
    assert!(written["why"].as_str().unwrap().contains("gas"), "{written}");

    let refused = |change: &dyn Fn(&mut Value), says: &[&str]| {
        let mut file = written.clone();
        change(&mut file);
        fs::write(sandbox.path(PLAN), file.to_string()).unwrap();
        let says = [says, &["mnist-mlp.assay/layout.json", "next: assay compile mnist-mlp.onnx"]].concat();
        sandbox.fails(&["setup", "mnist-mlp.onnx"], WRONG_REQUEST, &says);
    };
    refused(&|file| file["graph_digest"] = "11".repeat(32).into(), &["another model", "1111111111111111"]);
    refused(&|file| file["version"] = 3.into(), &["this version of assay", "version 3"]);
    refused(&|file| drop(file.as_object_mut().unwrap().remove("version")), &["this version of assay", "version 0"]);
    refused(&|file| file["lanes"]["weights"] = 33.into(), &["33 weight lanes", "1 x 32"]);
    refused(&|file| file["lanes"]["activations"] = 0.into(), &["0 activation"]);
    refused(&|file| file["lanes"] = "1 x 32".into(), &["cannot use"]);
    refused(&|file| file["k"] = 9.into(), &["2^9 rows", "2^12"]);
    refused(&|file| *file = Value::Null, &["cannot use"]);
    let prover = ["next: assay compile mnist-mlp.onnx --for prover"];
    refused(&|file| (file["for"], file["version"]) = ("prover".into(), 1.into()), &prover);
    sandbox.fails(&["setup", "mnist-mlp.onnx", "--for", "prover"], WRONG_REQUEST, &["--for"]);
    assert!(!sandbox.path("mnist-mlp.assay/vk").exists());

    // The command that helps helps; and another profile makes another key.
    sandbox.succeeds(&compile);
    let digest = |made: String| json(&made)["vk_digest"].clone();
    let own = digest(sandbox.succeeds(&["setup", "mnist-mlp.onnx", "--json"]));
    let mut file = written.clone();
    (file["lanes"]["weights"], file["k"]) = (64.into(), told["tried"][2]["sketch"]["k"].clone());
    fs::write(sandbox.path(PLAN), file.to_string()).unwrap();
    let made = json(&sandbox.succeeds(&["setup", "mnist-mlp.onnx", "--json"]));
    assert_eq!((&made["activation_lanes"], &made["weight_lanes"]), (&1.into(), &64.into()));
    assert_ne!(made["vk_digest"], own);
    sandbox.succeeds(&["prove", "mnist-mlp.onnx", "--input", "input.json", "--memory", "4GB"]);
    sandbox.succeeds(&["verify", "mnist-mlp.onnx"]);
}

#[test]
fn compile_and_estimate_say_where_the_rows_go_what_was_tried_and_what_decides() {
    let sandbox = Sandbox::new("breakdown");
    for verb in ["compile", "estimate"] {
        let told = sandbox.succeeds(&[verb, "mnist-mlp.onnx"]);
        for words in
            ["share", "the input", "every circuit", "columns: ", "fixed columns of the key", "1 x 32", "rows, because"]
        {
            assert!(told.contains(words), "{verb}, {words}: {told}");
        }
        assert!(told.lines().all(|line| !line.starts_with("  rows of") || line.chars().count() <= 80), "{told}");
        let told = json(&sandbox.succeeds(&[verb, "mnist-mlp.onnx", "--json"]));
        let rows = |key: &str| -> u64 {
            told["layout"]["owners"].as_array().unwrap().iter().map(|owner| owner[key].as_u64().unwrap()).sum()
        };
        for key in ["activation_rows", "weight_rows", "scalar_rows", "table_rows"] {
            assert_eq!(rows(key), told["layout"][key].as_u64().unwrap(), "{verb}, {key}");
        }
        assert!(told["decides"].as_str().unwrap().contains("because"), "{told}");
    }
}

#[test]
fn a_picture_is_one_file_that_replaces_nothing_but_a_picture() {
    let sandbox = Sandbox::new("picture");
    let model = fs::read(sandbox.path("mnist-mlp.onnx")).unwrap();
    let draw = |file: &str| ["estimate", "mnist-mlp.onnx", "--picture", file].map(str::to_owned);
    let refused = |file: &str, says: &[&str]| {
        sandbox.fails(&draw(file).each_ref().map(String::as_str), WRONG_REQUEST, says);
    };
    refused("mnist-mlp.onnx", &["is no picture of a layout, and would be replaced"]);
    refused("missing/layout.html", &["there is no folder missing", "next: mkdir -p missing"]);
    assert_eq!(fs::read(sandbox.path("mnist-mlp.onnx")).unwrap(), model);
    for _ in 0..2 {
        let told = sandbox.succeeds(&draw("layout.html").each_ref().map(String::as_str));
        assert!(told.contains("layout.html"), "{told}");
    }
    let page = fs::read_to_string(sandbox.path("layout.html")).unwrap();
    let told = json(&sandbox.succeeds(&["estimate", "mnist-mlp.onnx", "--json"]));
    for owner in told["layout"]["owners"].as_array().unwrap() {
        assert!(page.contains(owner["name"].as_str().unwrap()), "{owner}");
    }
    assert!(page.contains("gas to verify it") && page.contains("<svg"));
}
