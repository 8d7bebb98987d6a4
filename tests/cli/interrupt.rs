//! Ctrl-C says what was kept and leaves nothing half written.
#![cfg(unix)]

use std::fs;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use assay_prover::{PUBLISHED_SEED, Srs};
use serde_json::Value;

use crate::STOPPED;
use crate::sandbox::Sandbox;

fn start(sandbox: &Sandbox, arguments: &[&str]) -> Child {
    let mut command = sandbox.command(arguments);
    command.env("RAYON_NUM_THREADS", "1").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

fn partial(folder: &std::path::Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".partial")).collect()
}

#[test]
fn a_command_that_has_written_nothing_says_so() {
    let sandbox = Sandbox::new("nothing");
    let child = start(&sandbox, &["srs", "generate", "--insecure", "-k", "22", "--output", "a b", "--json"]);
    // Its handler is there when it has something to say, which takes more than a moment.
    std::thread::sleep(Duration::from_secs(2));
    signal(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(STOPPED), "{message}");
    assert!(message.starts_with("stopped\n  nothing was written; files from before are whole\n"), "{message}");
    assert!(message.ends_with("next: assay srs generate --insecure -k 22 --output 'a b' --json\n"), "{message}");
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&object["error"], &object["code"]), (&"stopped".into(), &STOPPED.into()));
    assert!(!sandbox.path("a b").exists() && partial(&sandbox.folder).is_empty());
}

/// Stops a setup as soon as a file is there, which is renamed to its place; none when it was over before.
fn stopped_behind(sandbox: &Sandbox, folder: &std::path::Path, name: &str) -> Option<Output> {
    let mut child = start(sandbox, &["setup", "mnist-mlp.onnx", "--srs", "large"]);
    let there = || {
        fs::read_dir(folder)
            .into_iter()
            .flatten()
            .any(|entry| entry.unwrap().file_name().to_string_lossy().ends_with(name))
    };
    let begin = Instant::now();
    while !there() {
        assert!(begin.elapsed() < Duration::from_mins(2), "{name} does not come");
        if child.try_wait().unwrap().is_some() {
            return None;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    signal(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    (output.status.code() == Some(STOPPED)).then_some(output)
}

#[test]
fn a_setup_names_the_cut_that_it_has_kept_and_the_keys_that_it_has_not() {
    let sandbox = Sandbox::new("kept");
    sandbox.succeeds(&["compile", "mnist-mlp.onnx"]);
    fs::write(sandbox.path("large"), Srs::insecure(14, PUBLISHED_SEED).unwrap().to_bytes().unwrap()).unwrap();
    let (cuts, keys) = (sandbox.path("cache/assay/srs"), sandbox.path("mnist-mlp.assay"));
    let stopped = |folder: &std::path::Path, name: &str| {
        for _ in 0..20 {
            let _ = fs::remove_dir_all(&cuts);
            for name in crate::KEYS {
                let _ = fs::remove_file(keys.join(name));
            }
            if let Some(output) = stopped_behind(&sandbox, folder, name) {
                assert!(partial(&cuts).is_empty() && partial(&keys).is_empty(), "nothing half written");
                return String::from_utf8(output.stderr).unwrap();
            }
        }
        panic!("twenty setups were over before they could be stopped behind {name}");
    };
    let said = stopped(&cuts, ".srs");
    let kept = fs::read_dir(&cuts).unwrap().next().unwrap().unwrap().path();
    assert!(said.contains("these files were written before that, and are whole: "), "{said}");
    assert!(said.contains(kept.to_str().unwrap()), "{said}");
    assert!(said.ends_with("next: assay setup mnist-mlp.onnx --srs large\n"), "{said}");
    // What it says of keys is so.
    let said = stopped(&keys, "srs");
    for name in crate::KEYS {
        assert_eq!(said.contains(&format!("mnist-mlp.assay/{name}")), keys.join(name).exists(), "{name}: {said}");
    }
    sandbox.succeeds(&["setup", "mnist-mlp.onnx", "--srs", "large"]);
}
