//! What is predicted of a model before anything is made, against what making it takes; and models that are refused for their size.
#![cfg(test)]

mod sandbox;

use std::fs;
use std::path::Path;

use assay_models::samples;
use assay_prover::{PUBLISHED_SEED, Srs};
use assay_verifier::Opening;
use sandbox::Sandbox;
use serde_json::Value;

const WRONG_REQUEST: i32 = 2;

/// Most that a prediction of memory may be above what is taken.
const FACTOR: u64 = 2;

fn json(sandbox: &Sandbox, threads: &str, arguments: &[&str]) -> Value {
    let mut command = sandbox.command(arguments);
    let output = command.arg("--json").env("RAYON_NUM_THREADS", threads).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn number(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap_or_else(|| panic!("{name} in {value}"))
}

/// Never less than is taken; and not much more where all threads work when most is held, which more threads than processors do
/// not.
fn predicted(what: &str, made: &Value, expected: &str, threads: &str) {
    let (expected, taken) = (number(made, expected), number(made, "peak_rss_bytes"));
    println!("{what}: {taken} bytes of {expected}");
    assert!(taken <= expected, "{what} takes {taken} bytes, {expected} are predicted");
    assert!(threads == "8" || expected <= FACTOR * taken, "{what} takes {taken} bytes, {expected} are predicted");
}

#[test]
fn keys_and_proofs_of_lenet_take_the_memory_that_is_predicted_with_both_openings_on_few_and_many_threads() {
    let sandbox = Sandbox::new("memory-of-lenet");
    let zoo = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/zoo/lenet");
    for file in ["lenet.onnx", "input.json"] {
        fs::copy(zoo.join(file), sandbox.path(file)).unwrap();
    }
    json(&sandbox, "2", &["compile", "lenet.onnx"]);
    let estimate = json(&sandbox, "2", &["estimate", "lenet.onnx"]);
    for opening in estimate["openings"].as_array().unwrap() {
        let name = opening["opening"].as_str().unwrap();
        let width = number(opening, "columns_per_commitment") as u32;
        let of_keys = if width == 1 { Opening::Shplonk } else { Opening::Grouped { width } };
        let srs = Srs::insecure_for(number(opening, "k") as u32, of_keys, PUBLISHED_SEED).unwrap();
        fs::write(sandbox.path("fitting"), srs.to_bytes().unwrap()).unwrap();
        for threads in ["1", "2", "8"] {
            let setup = ["setup", "lenet.onnx", "--opening", name, "--srs", "fitting"];
            predicted(
                &format!("setup, {name}, {threads}"),
                &json(&sandbox, threads, &setup),
                "expected_setup_bytes",
                threads,
            );
            let prove = ["prove", "lenet.onnx", "--input", "input.json"];
            predicted(
                &format!("prove, {name}, {threads}"),
                &json(&sandbox, threads, &prove),
                "expected_peak_bytes",
                threads,
            );
        }
    }
}

/// Files of the folder in which cuts are kept.
fn cuts(sandbox: &Sandbox) -> Vec<std::path::PathBuf> {
    let Ok(entries) = fs::read_dir(sandbox.path("cache/assay/srs")) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// The small network under two names, and a large SRS.
fn two_models(name: &str, k: u32) -> Sandbox {
    let sandbox = Sandbox::new(name);
    fs::write(sandbox.path("large"), Srs::insecure(k, PUBLISHED_SEED).unwrap().to_bytes().unwrap()).unwrap();
    for model in ["first.onnx", "second.onnx"] {
        fs::copy(sandbox.path("mnist-mlp.onnx"), sandbox.path(model)).unwrap();
        sandbox.succeeds(&["compile", model]);
    }
    sandbox
}

#[test]
fn an_srs_is_cut_once_for_all_models_of_a_size_and_again_only_when_the_cut_is_damaged() {
    let sandbox = two_models("cut-once", 14);
    let setup = |model: &str| json(&sandbox, "2", &["setup", model, "--srs", "large"]);
    let first = setup("first.onnx");
    assert!(first["cut_s"].as_f64().unwrap() > 0.0, "{first}");
    let [cut] = &cuts(&sandbox)[..] else { panic!("one cut is kept: {:?}", cuts(&sandbox)) };
    let good = fs::read(cut).unwrap();
    let second = setup("second.onnx");
    assert!(second["cut_s"].is_null(), "{second}");
    let srs = |model: &str| fs::read(sandbox.path(model).join("srs")).unwrap();
    assert!(srs("first.assay") == good && srs("second.assay") == good);

    let mut damaged = good.clone();
    damaged[good.len() / 3] ^= 4;
    fs::write(cut, damaged).unwrap();
    let output = sandbox.run(&["setup", "second.onnx", "--srs", "large"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.contains("made again") && said.contains("checksum"), "{said}");
    assert!(fs::read(cut).unwrap() == good && srs("second.assay") == good);
}

/// The header and the first powers are all that opening a file compares with the digest: a stranger's file is kept under the name of a ceremony
/// only if the rest is of it too.
#[test]
fn no_cut_is_kept_of_powers_that_are_not_all_of_one_secret() {
    let sandbox = two_models("cut-foreign", 14);
    let mut raw = fs::read(sandbox.path("large")).unwrap();
    let last = raw.len() - 32;
    // A power in place of the next: each is on the curve.
    raw.copy_within(192 + 64 * 5..192 + 64 * 6, 192 + 64 * 6);
    let sum = <sha2::Sha256 as sha2::Digest>::digest(&raw[..last]);
    raw[last..].copy_from_slice(&sum);
    fs::write(sandbox.path("foreign"), raw).unwrap();
    sandbox.fails(&["setup", "first.onnx", "--srs", "foreign"], WRONG_REQUEST, &["not those of one secret"]);
    assert!(cuts(&sandbox).is_empty() && !sandbox.path("first.assay/vk").exists());
}

#[test]
fn two_setups_at_once_cut_the_srs_safely() {
    let sandbox = two_models("cut-at-once", 14);
    let children = ["first.onnx", "second.onnx"]
        .map(|model| sandbox.command(&["setup", model, "--srs", "large"]).spawn().unwrap());
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let [cut] = &cuts(&sandbox)[..] else { panic!("one cut is kept: {:?}", cuts(&sandbox)) };
    let good = Srs::insecure(12, PUBLISHED_SEED).unwrap().to_bytes().unwrap();
    for srs in [cut.clone(), sandbox.path("first.assay/srs"), sandbox.path("second.assay/srs")] {
        assert!(fs::read(srs).unwrap() == good);
    }
}

#[test]
fn nothing_is_cut_that_has_the_size_already() {
    let sandbox = two_models("cut-never", 12);
    let made = json(&sandbox, "2", &["setup", "first.onnx", "--srs", "large"]);
    assert!(made["cut_s"].is_null() && cuts(&sandbox).is_empty(), "{made}");
}

/// The file of the SRS is 16 MiB, of which the keys need a thirty-second.
#[test]
fn cutting_a_large_srs_takes_the_memory_that_is_predicted_which_has_no_part_of_its_size() {
    let sandbox = two_models("cut-large", 17);
    let made = json(&sandbox, "2", &["setup", "first.onnx", "--srs", "large"]);
    assert!(made["cut_s"].as_f64().unwrap() > 0.0, "{made}");
    predicted("cutting", &made, "expected_setup_bytes", "2");
    let estimate = json(&sandbox, "2", &["estimate", "first.onnx", "--threads", "2"]);
    let opening = &estimate["openings"][0];
    assert_eq!(opening["setup_memory_bytes"], made["expected_setup_bytes"]);
    let (all, cut) = (opening["setup_s"].as_f64().unwrap(), opening["cut_s"].as_f64().unwrap());
    assert!(cut > 0.0 && all > cut, "{opening}");
    sandbox.fails(&["setup", "second.onnx", "--srs", "large", "--memory", "20MB"], WRONG_REQUEST, &["takes about"]);
}

#[test]
fn a_model_whose_proof_no_chain_takes_is_said_to_be_one_with_its_bytes_and_the_limit() {
    let sandbox = Sandbox::new("wide");
    // 31 bytes a public word.
    let words = 130_000u64.div_ceil(31);
    fs::write(sandbox.path("wide.onnx"), samples::mlp_onnx(&[130_000, 1], 1)).unwrap();
    for verb in ["compile", "estimate"] {
        let output = sandbox.run(&[verb, "wide.onnx", "--json"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
        assert_eq!(said.matches("cannot be sent to a chain").count(), 1, "{verb}: {said}");
        assert!(said.contains("at most 131,072 bytes") && said.contains("assay verify"), "{verb}: {said}");
        let Ok(estimate) = serde_json::from_slice::<Value>(&output.stdout) else { panic!("{verb} prints no object") };
        for opening in estimate["openings"].as_array().into_iter().flatten() {
            assert_eq!(opening["fits_a_transaction"], false);
            assert!(number(opening, "calldata_bytes") > 32 * words, "{opening}");
            // Ten gas a token, four tokens a byte (EIP-7623).
            assert!(number(opening, "gas_verify") > 40 * 32 * words, "{opening}");
        }
    }
    let output = sandbox.run(&["estimate", "mnist-mlp.onnx", "--json"]);
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let estimate: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(estimate["openings"][1]["fits_a_transaction"], true);
}

/// 485 bytes of a file whose circuit would have more rows than any.
#[cfg(unix)]
#[test]
fn a_model_too_large_for_any_circuit_or_key_is_refused_at_once_in_little_memory() {
    let sandbox = Sandbox::new("big-image");
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/big_image.onnx");
    fs::copy(case, sandbox.path("big_image.onnx")).unwrap();
    for verb in ["compile", "estimate"] {
        // 200 MB of memory in all, of processor time two seconds.
        let script =
            format!("ulimit -v 200000; ulimit -t 2; exec {} {verb} big_image.onnx", env!("CARGO_BIN_EXE_assay"));
        let mut command = std::process::Command::new("sh");
        let output = command.args(["-c", &script]).current_dir(&sandbox.folder).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(WRONG_REQUEST), "{verb}: {said}");
        assert!(said.contains("public words") && said.contains("65536 is the limit"), "{verb}: {said}");
        assert!(!sandbox.path("big_image.assay").exists());
    }
}
