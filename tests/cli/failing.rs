//! A failure is an object for machines, and ends in a command that runs when it is pasted.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::sandbox::Sandbox;
use crate::{INVALID_PROOF, MACHINE, WRONG_REQUEST};

/// A name that a shell reads otherwise than it is written.
const MODEL: &str = "my model's $1.onnx";

/// What a command prints with `--json`: one object, and nothing else.
fn object(output: &Output) -> Value {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text:?}"))
}

#[test]
fn every_exit_prints_one_object_with_the_error_its_causes_the_next_command_and_the_code() {
    let sandbox = Sandbox::new("objects");
    let fails = |arguments: &[&str], code: i32| {
        let output = sandbox.run(&[arguments, &["--json"]].concat());
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        let object = object(&output);
        let message = String::from_utf8(output.stderr).unwrap();
        let error = object["error"].as_str().unwrap_or_else(|| panic!("{object}"));
        assert!(message.contains(error), "{message}: {object}");
        assert!(object["because"].as_array().unwrap().iter().all(Value::is_string), "{object}");
        assert!(object["next"].is_null() || object["next"].is_string(), "{object}");
        assert_eq!(object["code"], code, "{object}");
        if let Some(next) = object["next"].as_str() {
            assert!(message.ends_with(&format!("\nnext: {next}\n")), "{message}");
        }
        object
    };
    assert_eq!(fails(&["infer", "mnist-mlp.onnx"], WRONG_REQUEST)["next"], "assay infer --help");
    assert_eq!(fails(&["srs", "generate"], WRONG_REQUEST)["next"], "assay srs generate --help");
    assert_eq!(fails(&["srs"], WRONG_REQUEST)["next"], "assay srs --help");
    assert_eq!(fails(&[], WRONG_REQUEST)["next"], "assay --help");
    assert_eq!(fails(&["frobnicate"], WRONG_REQUEST)["next"], "assay --help");
    let meant = fails(&["fulfill", "my model.onnx", "--lock"], WRONG_REQUEST);
    assert_eq!(meant["next"], "assay fulfil 'my model.onnx' --lock --json");
    let negative = fails(&["request", "mnist-mlp.onnx", "--input", "input.json", "--fee", "-1"], WRONG_REQUEST);
    assert!(negative["error"].as_str().unwrap().contains("expected an amount of ether such as 0.01"), "{negative}");
    let said = fails(&["setup", "mnist-mlp.onnx", "--memory", "lots"], WRONG_REQUEST);
    assert!(said["error"].as_str().unwrap().contains("8GB"), "{said}");
    assert_eq!(fails(&["setup", "none.onnx"], WRONG_REQUEST)["next"], Value::Null);
    assert_eq!(fails(&["setup", "mnist-mlp.onnx"], WRONG_REQUEST)["next"], "assay compile mnist-mlp.onnx");
    fs::write(sandbox.path("mnist-mlp.assay"), "in the way").unwrap();
    assert!(!fails(&["compile", "mnist-mlp.onnx"], MACHINE)["because"].as_array().unwrap().is_empty());
    fs::remove_file(sandbox.path("mnist-mlp.assay")).unwrap();

    sandbox.succeeds(&["srs", "generate", "--insecure", "-k", "12"]);
    for verb in ["compile", "setup"] {
        let object = object(&sandbox.run(&[verb, "mnist-mlp.onnx", "--json"]));
        assert!(object["next"].as_str().unwrap().starts_with("assay "), "{object}");
    }
    sandbox.succeeds(&["prove", "mnist-mlp.onnx", "--input", "input.json"]);
    let differs = fails(&["verify", "mnist-mlp.onnx", "--context", "c0ffee"], INVALID_PROOF);
    assert_eq!(
        (&differs["valid"], &differs["differs"][0], &differs["label"]),
        (&true.into(), &"context".into(), &6.into())
    );
    let path = sandbox.path("mnist-mlp.assay/proof.json");
    let mut proof: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    proof["instances"][0] = format!("0x{:064x}", 1).into();
    fs::write(&path, proof.to_string()).unwrap();
    let invalid = fails(&["verify", "mnist-mlp.onnx"], INVALID_PROOF);
    assert_eq!((&invalid["valid"], &invalid["output"]), (&false.into(), &Value::Null));
    assert_eq!(invalid["error"], "the proof is not accepted");

    let help = object(&sandbox.run(&["infer", "--help", "--json"]));
    assert!(help["help"].as_str().unwrap().contains("--input"), "{help}");
    assert!(object(&sandbox.run(&["--version", "--json"]))["help"].as_str().unwrap().starts_with("assay "));
}

/// A full disk, of which the system has a device.
#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_written_to_standard_output_is_no_success_and_a_reader_that_leaves_is_no_failure() {
    let sandbox = Sandbox::new("lost");
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let status = sandbox.command(&["estimate", "mnist-mlp.onnx", "--json"]).stdout(full).status().unwrap();
    assert_eq!(status.code(), Some(MACHINE));
    let script = format!("{} estimate mnist-mlp.onnx | head -n 1", env!("CARGO_BIN_EXE_assay"));
    let output = sandbox.shell(&script);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Runs a command, and what it says is next, and so on, until the command succeeds. Returns how many commands helped.
fn follow(sandbox: &Sandbox, command: &str, depth: usize) -> usize {
    let output = sandbox.shell(command);
    let message = String::from_utf8(output.stderr).unwrap();
    if output.status.success() {
        return 0;
    }
    assert!(depth < 8, "{command} is never repaired: {message}");
    assert_eq!(output.status.code(), Some(WRONG_REQUEST), "{command}: {message}");
    let next = message.trim_end().rsplit('\n').next().and_then(|line| line.strip_prefix("next: "));
    let next = next.unwrap_or_else(|| panic!("{command} names no next command: {message}")).to_owned();
    assert_ne!(next, command, "{message}");
    1 + follow(sandbox, &next, depth + 1) + follow(sandbox, command, depth + 1)
}

#[test]
fn the_next_command_of_a_refusal_repairs_what_was_refused_when_it_is_pasted() {
    let sandbox = Sandbox::new("next");
    fs::rename(sandbox.path("mnist-mlp.onnx"), sandbox.path(MODEL)).unwrap();
    let folder = sandbox.path(MODEL).with_extension("assay");
    let quoted = r"'my model'\''s $1.onnx'";
    let verify = format!("assay verify {quoted}");
    // From nothing: compile, setup, for which an SRS is made, and prove.
    assert!(follow(&sandbox, &verify, 0) >= 4);

    let second = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/zoo/mnist-mlp/mnist-mlp-seed-2.onnx");
    let first = fs::read(sandbox.path(MODEL)).unwrap();
    let zoo = fs::read(second).unwrap();
    for model in [&zoo, &first] {
        fs::write(sandbox.path(MODEL), model).unwrap();
        assert!(follow(&sandbox, &verify, 0) >= 3, "compiled, set up and proved again");
    }
    let prove = format!("assay prove {quoted} --input input.json");
    let setup = format!("assay setup {quoted}");
    let contract = format!("assay contract {quoted}");
    for name in ["graph.bin", "vk", "pk", "srs", "proof.json"] {
        let good = fs::read(folder.join(name)).unwrap();
        let mut damaged = good.clone();
        damaged[good.len() / 2] ^= 1;
        for bad in [&damaged[..], &good[..good.len() / 2], b"garbage"] {
            let command = match name {
                "graph.bin" => &verify,
                "proof.json" => &contract,
                _ => &prove,
            };
            // What is damaged inside of an otherwise whole proof or key is no wrong request of this command.
            if bad == damaged && matches!(name, "vk" | "proof.json") {
                continue;
            }
            fs::write(folder.join(name), bad).unwrap();
            assert!(follow(&sandbox, command, 0) >= 1, "{name}");
            follow(&sandbox, &verify, 0);
        }
    }
    // Another model's key.
    fs::write(sandbox.path("other.onnx"), &zoo).unwrap();
    follow(&sandbox, "assay verify other.onnx", 0);
    for name in ["vk", "proof.json"] {
        fs::copy(sandbox.path("other.assay").join(name), folder.join(name)).unwrap();
        assert!(follow(&sandbox, &verify, 0) >= 1, "{name}");
    }
    // An SRS that is too small, the user's own and a named one.
    for more in ["", " --output 'small one'"] {
        assert!(sandbox.shell(&format!("assay srs generate --insecure -k 6{more}")).status.success());
    }
    assert!(follow(&sandbox, &setup, 0) >= 1);
    assert!(follow(&sandbox, &format!("{setup} --srs 'small one'"), 0) >= 1);
    follow(&sandbox, &verify, 0);
    // A folder that is missing.
    assert_eq!(follow(&sandbox, &format!("{prove} --output 'a folder/proof.json'"), 0), 1);
}

#[test]
fn what_the_user_must_decide_is_said_and_the_command_that_is_named_runs() {
    let sandbox = Sandbox::new("decide");
    sandbox.succeeds(&["srs", "generate", "--insecure", "-k", "15"]);
    sandbox.succeeds(&["compile", "mnist-mlp.onnx"]);
    fs::write(sandbox.path("bad.json"), "{}").unwrap();
    for refused in [
        "assay infer mnist-mlp.onnx --input bad.json",
        "assay verify",
        "assay srs import",
        "assay frobnicate",
        "assay demo --digit 1000",
    ] {
        let output = sandbox.shell(refused);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(WRONG_REQUEST), "{refused}: {message}");
        let next = message.trim_end().rsplit('\n').next().and_then(|line| line.strip_prefix("next: "));
        let next = next.unwrap_or_else(|| panic!("{refused}: {message}"));
        let output = sandbox.shell(next);
        assert!(output.status.success(), "{refused}: {next}: {}", String::from_utf8_lossy(&output.stderr));
    }
    // Another SRS for every amount of memory: the user says which.
    let output = sandbox.run(&["setup", "mnist-mlp.onnx", "--memory", "1MB"]);
    assert!(!String::from_utf8(output.stderr).unwrap().contains("next:"));
}

#[test]
fn what_is_plainly_no_model_is_called_by_its_name_and_no_file_that_is_missing_is_named() {
    let sandbox = Sandbox::new("no-model");
    for verb in ["compile", "estimate", "setup", "verify"] {
        for (file, what) in [("input.json", "JSON"), ("input.npy", "an array of NumPy"), (".", "a folder")] {
            let output = sandbox.run(&[verb, file]);
            let message = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(WRONG_REQUEST), "{verb} {file}: {message}");
            assert!(message.contains(&format!("is {what}, not a model")) && !message.contains("next:"), "{message}");
        }
    }
    sandbox.fails(&["setup", "mnist-mlp.onnx", "--memory", "10"], WRONG_REQUEST, &["10 of what?"]);
    sandbox.succeeds(&["srs", "generate", "--insecure", "-k", "12"]);
    for verb in ["estimate", "compile"] {
        let said = sandbox.succeeds(&[verb, "mnist-mlp.onnx"]);
        assert!(said.contains("input image [1, 1, 28, 28], real numbers from 0 to 0.996094"), "{verb}: {said}");
    }
    fs::rename(sandbox.path("input.json"), sandbox.path("digit.json")).unwrap();
    assert!(sandbox.succeeds(&["setup", "mnist-mlp.onnx"]).contains("next: assay infer --help"));
    sandbox.fails(&["verify", "mnist-mlp.onnx"], WRONG_REQUEST, &["next: assay infer --help"]);
    let key = "0x5FbDB2315678afecb367f032d93F642f64180aa3";
    let said = sandbox.succeeds(&["contract", "mnist-mlp.onnx", "--key", key]);
    assert!(said.contains("no calldata: there is no mnist-mlp.assay/proof.json"), "{said}");
}

impl Sandbox {
    /// Runs a line as it is pasted into a shell.
    pub(crate) fn shell(&self, line: &str) -> Output {
        self.shell_with(line, &[])
    }
}
