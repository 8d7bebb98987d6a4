//! An answer looks alike wherever it is shown, with the names that the model's owner gave.

use std::fs;

use serde_json::Value;

use crate::WRONG_REQUEST;
use crate::sandbox::Sandbox;

const MODEL: &str = "mnist-mlp.onnx";
const NAMES: &str = "zero\none\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n";
const COMMANDS: [&[&str]; 3] =
    [&["infer", MODEL, "--input", "input.json"], &["prove", MODEL, "--input", "input.json"], &["verify", MODEL]];

fn ready(name: &str) -> Sandbox {
    let sandbox = Sandbox::new(name);
    sandbox.succeeds(&["srs", "generate", "--insecure", "-k", "12"]);
    fs::write(sandbox.path("names"), NAMES).unwrap();
    sandbox.succeeds(&["compile", MODEL, "--labels", "names"]);
    sandbox.succeeds(&["setup", MODEL]);
    sandbox
}

#[test]
fn infer_prove_and_verify_show_the_answer_alike() {
    let sandbox = ready("alike");
    let shown = |said: &str| -> Vec<String> {
        let lines = said.lines().skip_while(|line| !line.starts_with("  answer "));
        lines.take_while(|line| !line.starts_with("  names ")).map(str::to_owned).collect()
    };
    let said = COMMANDS.map(|command| sandbox.succeeds(command));
    let lines = shown(&said[0]);
    assert_eq!(lines[0], "  answer   6, six");
    assert!(lines[1].starts_with("  outputs ") && lines[1].ends_with("  six") && lines.len() == 7, "{lines:?}");
    assert_eq!(lines[6].trim(), "and 5 that are not larger");
    for said in &said {
        assert_eq!(shown(said), lines);
        assert!(said.contains("names    are the model owner's words (labels.txt), and not proved"), "{said}");
        assert!(!said.contains("integers"), "only when asked: {said}");
    }
    for command in COMMANDS {
        let said = sandbox.succeeds(&[command, &["--integers"]].concat());
        assert!(said.contains("  integers ["), "{said}");
    }
    let objects = COMMANDS
        .map(|command| serde_json::from_str::<Value>(&sandbox.succeeds(&[command, &["--json"]].concat())).unwrap());
    assert_eq!((&objects[0]["label"], &objects[0]["label_name"]), (&6.into(), &"six".into()));
    for object in &objects {
        for field in ["output", "output_real", "label", "label_name"] {
            assert!(object[field] == objects[0][field] && !object[field].is_null(), "{field}: {object}");
        }
    }
    // The same integer is the same real number.
    let real: f64 = lines[1].split_whitespace().nth(2).unwrap().parse().unwrap();
    assert!((real - objects[0]["output_real"][6].as_f64().unwrap()).abs() < 1e-4 * real.abs());
}

#[test]
fn labels_that_do_not_fit_are_refused_at_compile_and_left_out_of_answers() {
    let sandbox = ready("labels");
    let digest = |arguments: &[&str]| {
        serde_json::from_str::<Value>(&sandbox.succeeds(arguments)).unwrap()["graph_digest"].clone()
    };
    let with = digest(&["compile", MODEL, "--labels", "names", "--json"]);
    assert_eq!(with, digest(&["compile", MODEL, "--json"]), "labels are part of no digest");
    assert_eq!(fs::read_to_string(sandbox.path("mnist-mlp.assay/labels.txt")).unwrap(), NAMES, "and stay");
    let said = sandbox.succeeds(&["compile", MODEL, "--labels", "names"]);
    assert!(said.contains("they are your words, and not proved"), "{said}");
    for (text, says) in [
        ("one\ntwo\n", "expected 10 lines, one for each value of the output, got 2"),
        (&NAMES.replace("four", ""), "line 5 is empty"),
        (&NAMES.replace("four", "\u{1b}[2J"), "line 5 has a control character"),
    ] {
        fs::write(sandbox.path("wrong"), text).unwrap();
        sandbox.fails(&["compile", MODEL, "--labels", "wrong"], WRONG_REQUEST, &["cannot take wrong as labels", says]);
        assert_eq!(fs::read_to_string(sandbox.path("mnist-mlp.assay/labels.txt")).unwrap(), NAMES);
        // A file that somebody else put there says nothing, and keeps nobody from an answer.
        fs::write(sandbox.path("mnist-mlp.assay/labels.txt"), text).unwrap();
        let output = sandbox.run(COMMANDS[0]);
        let (said, warned) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(
            output.status.success() && warned.contains("labels.txt is not used") && warned.contains(says),
            "{warned}"
        );
        assert!(said.contains("  answer   6\n") && !said.contains("names"), "{said}");
        fs::write(sandbox.path("mnist-mlp.assay/labels.txt"), NAMES).unwrap();
    }
    sandbox.fails(&["compile", MODEL, "--labels", "none"], WRONG_REQUEST, &["cannot read none"]);
}
