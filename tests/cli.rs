//! The binary, run as a user runs it: what it writes, what it says, and its exit codes.
#![cfg(test)]

#[path = "cli/answer.rs"]
mod answer;
#[path = "cli/chain.rs"]
mod chain;
#[path = "cli/failing.rs"]
mod failing;
#[path = "cli/interrupt.rs"]
mod interrupt;
#[path = "cli/model.rs"]
mod model;
#[path = "cli/planned.rs"]
mod planned;
#[path = "cli/ports.rs"]
mod ports;
#[path = "cli/quantize.rs"]
mod quantize;
mod recording;
mod sandbox;
#[path = "cli/screen.rs"]
mod screen;
#[path = "cli/srs.rs"]
mod srs;
#[path = "cli/verdict.rs"]
mod verdict;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use assay_prover::Srs;
use halo2curves::bn256::G2Affine;
use halo2curves::serde::SerdeObject as _;
use sandbox::Sandbox;

const INVALID_PROOF: i32 = 1;
const WRONG_REQUEST: i32 = 2;
const MACHINE: i32 = 3;
const STOPPED: i32 = 130;

/// What `assay setup` writes, in this order.
const KEYS: [&str; 3] = ["srs", "pk", "vk"];

fn partial_files(sandbox: &Sandbox) -> Vec<String> {
    let Ok(entries) = fs::read_dir(sandbox.path("mnist-mlp.assay")) else { return Vec::new() };
    let names = entries.map(|e| e.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".partial")).collect()
}

#[test]
fn a_wrong_model_is_refused_with_the_reason() {
    let sandbox = Sandbox::new("models");
    sandbox.fails(&["compile", "missing.onnx"], WRONG_REQUEST, &["missing.onnx"]);
    fs::write(sandbox.path("text.onnx"), "this is no model").unwrap();
    sandbox.fails(&["compile", "text.onnx"], WRONG_REQUEST, &["ONNX"]);
    let model = fs::read(sandbox.path("mnist-mlp.onnx")).unwrap();
    fs::write(sandbox.path("cut.onnx"), &model[..model.len() / 2]).unwrap();
    sandbox.fails(&["compile", "cut.onnx"], WRONG_REQUEST, &["cut.onnx"]);
    assert!(!sandbox.path("cut.assay").exists(), "a refused model leaves no folder");
    let mut spoilt = model.clone();
    for (from, to) in [(b"Relu", b"TopK"), (b"Gemm", b"LSTM")] {
        for at in 0..spoilt.len() - 4 {
            if &spoilt[at..at + 4] == from {
                spoilt[at..at + 4].copy_from_slice(to);
            }
        }
    }
    fs::write(sandbox.path("spoilt.onnx"), &spoilt).unwrap();
    for command in ["compile", "estimate"] {
        let everything = ["2 things are refused", "operator TopK of node ", "operator LSTM of nodes "];
        sandbox.fails(&[command, "spoilt.onnx"], WRONG_REQUEST, &everything);
    }
    sandbox.fails(&["setup", "mnist-mlp.onnx"], WRONG_REQUEST, &["assay compile"]);
    sandbox.fails(&["prove", "mnist-mlp.onnx", "--input", "input.json"], WRONG_REQUEST, &["assay compile"]);
    sandbox.fails(&["verify", "mnist-mlp.onnx"], WRONG_REQUEST, &["assay compile"]);
    fs::write(sandbox.path("mnist-mlp.assay"), "in the way").unwrap();
    sandbox.fails(&["compile", "mnist-mlp.onnx"], MACHINE, &["mnist-mlp.assay"]);
}

#[test]
fn a_wrong_input_is_refused_with_what_was_expected_and_got() {
    let sandbox = Sandbox::new("inputs");
    sandbox.succeeds(&["compile", "mnist-mlp.onnx"]);
    let refused = |name: &str, text: &str, says: &[&str]| {
        fs::write(sandbox.path(name), text).unwrap();
        sandbox.fails(&["infer", "mnist-mlp.onnx", "--input", name], WRONG_REQUEST, says);
    };
    refused("short.json", r#"{"input_data": [[0.5, 0.25]]}"#, &["784", "2"]);
    refused("nan.json", r#"{"input_data": [[NaN]]}"#, &["nan.json"]);
    refused("words.json", "hello", &["words.json"]);
    refused("bytes.npy", "hello", &["bytes.npy"]);
    let bright = format!(r#"{{"input_data": [[{}]]}}"#, ["2"; 784].join(", "));
    fs::write(sandbox.path("bright.json"), bright).unwrap();
    let infer: serde_json::Value =
        serde_json::from_str(&sandbox.succeeds(&["infer", "mnist-mlp.onnx", "--input", "bright.json", "--json"]))
            .unwrap();
    let said = infer["warnings"][0].as_str().unwrap();
    assert!(said.contains("784 of the 784 input values were clamped") && said.contains("0 to 0.99609375"), "{said}");
    sandbox.fails(&["infer", "mnist-mlp.onnx", "--input", "absent.json"], WRONG_REQUEST, &["absent.json"]);
    sandbox.fails(
        &["prove", "mnist-mlp.onnx", "--input", "input.json", "--context", "xyz"],
        WRONG_REQUEST,
        &["--context"],
    );
    let long = "ff".repeat(32);
    sandbox.fails(
        &["prove", "mnist-mlp.onnx", "--input", "input.json", "--context", &long],
        WRONG_REQUEST,
        &["31 bytes"],
    );
}

#[test]
fn a_missing_small_or_damaged_srs_is_refused_with_the_command_that_helps() {
    let sandbox = Sandbox::new("srs");
    sandbox.succeeds(&["compile", "mnist-mlp.onnx"]);
    sandbox.fails(&["setup", "mnist-mlp.onnx"], WRONG_REQUEST, &["assay srs"]);
    sandbox.succeeds(&["srs", "generate", "--insecure", "-k", "6", "--output", "small"]);
    sandbox.fails(&["setup", "mnist-mlp.onnx", "--srs", "small"], WRONG_REQUEST, &["2^12", "2^6"]);
    let small = fs::read(sandbox.path("small")).unwrap();
    fs::write(sandbox.path("cut"), &small[..small.len() - 1]).unwrap();
    sandbox.fails(&["setup", "mnist-mlp.onnx", "--srs", "cut"], WRONG_REQUEST, &["cut"]);
    sandbox.fails(&["srs", "import", "cut"], WRONG_REQUEST, &["cut"]);
    sandbox.fails(&["srs", "generate"], WRONG_REQUEST, &["--insecure"]);
    assert!(!sandbox.path("mnist-mlp.assay/vk").exists());
}

#[test]
fn the_opening_for_chains_is_estimated_chosen_and_bound_in_the_key() {
    let json = |text: String| -> serde_json::Value { serde_json::from_str(&text).unwrap() };
    let sandbox = Sandbox::new("opening");
    sandbox.fails(&["estimate", "missing.onnx"], WRONG_REQUEST, &["missing.onnx"]);
    let told = sandbox.succeeds(&["estimate", "mnist-mlp.onnx"]);
    for row in ["--opening", "gas to verify it", "a proof", "memory", "powers that the SRS needs"] {
        assert!(told.contains(row), "{told}");
    }
    let estimate = json(sandbox.succeeds(&["estimate", "mnist-mlp.onnx", "--threads", "2", "--json"]));
    let [shplonk, evm] = [0, 1].map(|at: usize| &estimate["openings"][at]);
    assert_eq!((&shplonk["opening"], &evm["opening"]), (&"shplonk".into(), &"evm".into()));
    let number = |of: &serde_json::Value, key: &str| of[key].as_u64().unwrap();
    assert!(2 * number(evm, "gas_verify") < number(shplonk, "gas_verify"), "{estimate}");

    let wanted = number(evm, "srs_k").to_string();
    let generate = |k: &str| sandbox.succeeds(&["srs", "generate", "--insecure", "-k", k]);
    generate("12");
    sandbox.succeeds(&["compile", "mnist-mlp.onnx"]);
    let setup = ["setup", "mnist-mlp.onnx", "--opening", "evm", "--json"];
    let next = format!("generate --insecure -k {wanted}");
    sandbox.fails(&setup, WRONG_REQUEST, &["2^12", &next]);
    generate(&wanted);
    let keys = json(sandbox.succeeds(&setup));
    assert_eq!(keys["columns_per_commitment"], evm["columns_per_commitment"]);
    let proved = json(sandbox.succeeds(&["prove", "mnist-mlp.onnx", "--input", "input.json", "--json"]));
    assert_eq!(proved["proof_bytes"], evm["proof_bytes"]);
    assert!(number(&proved, "peak_rss_bytes") <= number(&proved, "expected_peak_bytes"), "{proved}");
    sandbox.succeeds(&["verify", "mnist-mlp.onnx"]);
    sandbox.succeeds(&["contract", "mnist-mlp.onnx"]);
    let source = fs::read_to_string(sandbox.path("mnist-mlp.assay/Verifier.sol")).unwrap();
    assert!(source.contains("grouped openings"), "{source}");

    let keys = json(sandbox.succeeds(&["setup", "mnist-mlp.onnx", "--json"]));
    assert_eq!(keys["columns_per_commitment"], 1);
    sandbox.fails(&["verify", "mnist-mlp.onnx"], WRONG_REQUEST, &["key"]);
}

#[test]
fn powers_of_tau_and_halo2s_parameters_are_recognised_imported_and_cut() {
    let sandbox = Sandbox::new("import");
    let json = |arguments: &[&str]| {
        let text = sandbox.succeeds(&[arguments, &["--json"]].concat());
        serde_json::from_str::<serde_json::Value>(&text).unwrap()
    };
    let made = json(&["srs", "generate", "--insecure", "-k", "4", "--output", "made"]);
    let srs = fs::read(sandbox.path("made")).unwrap();
    let (s_g2, powers) = (&srs[64..192], &srs[192..192 + 64 * 16]);
    let g2 = G2Affine::generator().to_raw_bytes();

    let raw = [&4u32.to_le_bytes(), &srs[192..srs.len() - 32], &g2, s_g2].concat();
    fs::write(sandbox.path("raw"), raw).unwrap();
    let imported = json(&["srs", "import", "raw", "--output", "from-raw"]);
    assert_eq!((&imported["k"], &imported["digest"]), (&4.into(), &made["digest"]));
    assert_eq!(imported["insecure"], true, "the published secret is known again");
    assert_eq!(fs::read(sandbox.path("from-raw")).unwrap(), srs);

    let number = u32::to_le_bytes;
    let prime = hex::decode("47fd7cd8168c203c8dca7168916a81975d588181b64550b829a031e1724e6430").unwrap();
    let header = [&number(32), prime.as_slice(), &number(3), &number(28)].concat();
    let in_g2 = [&g2, s_g2, &[0; 6 * 128]].concat();
    let mut ptau = [b"ptau".as_slice(), &number(1), &number(3)].concat();
    for (kind, content) in [(1, header.as_slice()), (2, &powers[..64 * 15]), (3, &in_g2)] {
        ptau.extend([&number(kind), (content.len() as u64).to_le_bytes().as_slice(), content].concat());
    }
    fs::write(sandbox.path("powers.ptau"), &ptau).unwrap();
    let said = sandbox.succeeds(&["srs", "import", "powers.ptau", "--output", "from-ptau"]);
    assert!(said.contains("powers of tau (snarkjs): up to k = 3, of a ceremony of 2^28"), "{said}");
    let said = sandbox.succeeds(&["srs", "import", "raw", "-k", "3", "--output", "cut-raw"]);
    assert!(said.contains("raw parameters of halo2: k = 4"), "{said}");
    let files = ["from-ptau", "cut-raw"].map(|name| fs::read(sandbox.path(name)).unwrap());
    assert_eq!(files[0], files[1]);
    assert_eq!(json(&["srs", "import", "powers.ptau", "-k", "2", "--output", "two"])["k"], 2);

    sandbox.fails(&["srs", "import", "powers.ptau", "-k", "4", "--output", "x"], WRONG_REQUEST, &["1..=3, got 4"]);
    sandbox.fails(&["srs", "import", "made", "--output", "x"], WRONG_REQUEST, &["already", "--srs"]);
    fs::write(sandbox.path("half.ptau"), &ptau[..ptau.len() / 2]).unwrap();
    sandbox.fails(&["srs", "import", "half.ptau", "--output", "x"], WRONG_REQUEST, &["half.ptau", "section 2"]);
    fs::write(sandbox.path("old"), b"ASSAYSR1 and more").unwrap();
    sandbox.fails(&["setup", "mnist-mlp.onnx", "--srs", "old"], WRONG_REQUEST, &["assay compile"]);
    sandbox.succeeds(&["compile", "mnist-mlp.onnx"]);
    sandbox.fails(&["setup", "mnist-mlp.onnx", "--srs", "old"], WRONG_REQUEST, &["version 1", "make it again"]);
    sandbox.fails(&["setup", "mnist-mlp.onnx", "--srs", "none"], WRONG_REQUEST, &["cannot read none"]);
    assert!(!sandbox.path("x").exists());
}

#[test]
fn a_command_killed_at_any_moment_leaves_nothing_that_is_mistaken_for_whole() {
    let sandbox = Sandbox::new("kill");
    sandbox.succeeds(&["srs", "generate", "--insecure", "-k", "12"]);
    sandbox.succeeds(&["compile", "mnist-mlp.onnx"]);
    let prove = ["prove", "mnist-mlp.onnx", "--input", "input.json"];
    for arguments in [&["setup", "mnist-mlp.onnx"][..], &prove] {
        let start = Instant::now();
        sandbox.succeeds(arguments);
        let whole = start.elapsed();
        for eighth in 0..=8 {
            let removed = if arguments[0] == "setup" { &KEYS[..] } else { &[] };
            for name in removed.iter().chain(&["proof.json"]) {
                let _ = fs::remove_file(sandbox.path("mnist-mlp.assay").join(name));
            }
            // What an earlier one left that was killed is removed by the next write of the file, and not by Ctrl-C before it.
            let of_before = partial_files(&sandbox);
            let mut child = sandbox.command(arguments).spawn().unwrap();
            std::thread::sleep(whole * eighth / 8);
            // Killed, or Ctrl-C.
            let signal = if eighth % 2 == 0 { "-KILL" } else { "-INT" };
            Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
            let status = child.wait().unwrap();
            if signal == "-INT" && status.code() == Some(STOPPED) {
                let left: Vec<String> =
                    partial_files(&sandbox).into_iter().filter(|file| !of_before.contains(file)).collect();
                assert_eq!(left, [""; 0], "Ctrl-C leaves nothing half written");
            }
            // Whatever was left, the next command works with it or says what is missing.
            let next = if arguments[0] == "setup" { &prove[..] } else { &["verify", "mnist-mlp.onnx"] };
            let output = sandbox.run(next);
            let message = String::from_utf8_lossy(&output.stderr);
            assert!(!message.contains("panicked"), "{message}");
            match output.status.code() {
                Some(0) => {}
                Some(WRONG_REQUEST) => assert!(message.contains("does not exist\nnext: assay "), "{message}"),
                other => panic!("{next:?} after {arguments:?} was killed at {eighth}/8: {other:?}, {message}"),
            }
        }
        sandbox.succeeds(arguments);
    }
    sandbox.succeeds(&["verify", "mnist-mlp.onnx"]);
    let left = fs::read_dir(sandbox.path("mnist-mlp.assay")).unwrap().map(|entry| entry.unwrap().file_name());
    let partial: Vec<_> = left.filter(|name| name.to_string_lossy().ends_with(".partial")).collect();
    assert!(partial.is_empty(), "left behind: {partial:?}");
}

#[test]
fn keys_of_two_setups_are_never_mixed_not_even_when_the_second_is_killed() {
    let sandbox = Sandbox::new("two-setups");
    sandbox.succeeds(&["compile", "mnist-mlp.onnx"]);
    for (name, seed) in [("first", [1; 32]), ("second", [2; 32])] {
        fs::write(sandbox.path(name), Srs::insecure(12, seed).unwrap().to_bytes().unwrap()).unwrap();
    }
    let file = |name: &str| sandbox.path("mnist-mlp.assay").join(name);
    let keys = || KEYS.map(|name| fs::read(file(name)).ok());
    let setup = |srs: &'static str| ["setup", "mnist-mlp.onnx", "--srs", srs];
    let prove = ["prove", "mnist-mlp.onnx", "--input", "input.json"];
    sandbox.succeeds(&setup("first"));
    let first = keys();
    let start = Instant::now();
    sandbox.succeeds(&setup("second"));
    let whole = start.elapsed();
    let second = keys();

    // Every mixture but the two whole sets.
    for mixture in 1..7 {
        for (at, name) in KEYS.iter().enumerate() {
            let bytes = if mixture >> at & 1 == 0 { &first[at] } else { &second[at] };
            fs::write(file(name), bytes.as_ref().unwrap()).unwrap();
        }
        sandbox.fails(&prove, WRONG_REQUEST, &["belongs to", "run `assay setup"]);
    }
    for eighth in 0..=8 {
        for (name, bytes) in KEYS.iter().zip(&first) {
            fs::write(file(name), bytes.as_ref().unwrap()).unwrap();
        }
        let mut child = sandbox.command(&setup("second")).spawn().unwrap();
        std::thread::sleep(whole * eighth / 8);
        child.kill().unwrap();
        child.wait().unwrap();
        let left = keys();
        let [srs, pk, vk] = &left;
        assert!(
            left.iter().zip(&first).zip(&second).all(|((l, f), s)| l.is_none() || l == f || l == s),
            "half written"
        );
        assert!(srs.is_some() && pk.is_some(), "only the verifying key is ever missing");
        if vk.is_none() {
            sandbox.fails(&prove, WRONG_REQUEST, &["vk does not exist\nnext: assay setup"]);
            sandbox.fails(&["verify", "mnist-mlp.onnx"], WRONG_REQUEST, &["vk does not exist\nnext: assay setup"]);
        } else if left == first || left == second {
            sandbox.succeeds(&prove);
            sandbox.succeeds(&["verify", "mnist-mlp.onnx"]);
        } else {
            panic!("a verifying key is beside what does not belong to it");
        }
    }
}

#[test]
fn a_missing_or_damaged_proving_key_is_refused_with_the_command_that_makes_it() {
    let sandbox = Sandbox::new("pk");
    sandbox.succeeds(&["srs", "generate", "--insecure", "-k", "12"]);
    sandbox.succeeds(&["compile", "mnist-mlp.onnx"]);
    sandbox.succeeds(&["setup", "mnist-mlp.onnx"]);
    let prove = ["prove", "mnist-mlp.onnx", "--input", "input.json"];
    let pk = sandbox.path("mnist-mlp.assay/pk");
    let good = fs::read(&pk).unwrap();
    let refused = |bytes: &[u8], says: &str| {
        fs::write(&pk, bytes).unwrap();
        sandbox.fails(&prove, WRONG_REQUEST, &["proving key", says, "run `assay setup"]);
    };
    let changed = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    refused(&changed(good.len() / 2), "damaged");
    refused(&changed(7), "version 3");
    refused(&changed(0), "begin with ASSAYPK;");
    refused(&changed(20), "belongs to the verifying key");
    refused(&good[..good.len() - 1], "truncated");
    refused(&[&good[..], &[0]].concat(), "bytes to spare");
    refused(&[], "begin with ASSAYPK;");
    fs::remove_file(&pk).unwrap();
    sandbox.fails(&prove, WRONG_REQUEST, &["pk does not exist\nnext: assay setup mnist-mlp.onnx"]);
    fs::write(&pk, &good).unwrap();
    sandbox.succeeds(&prove);
}

#[test]
fn a_proof_replaces_nothing_but_a_proof_and_is_the_one_that_the_next_step_names() {
    let sandbox = Sandbox::new("outputs");
    sandbox.succeeds(&["srs", "generate", "--insecure", "-k", "12"]);
    sandbox.succeeds(&["compile", "mnist-mlp.onnx"]);
    sandbox.succeeds(&["setup", "mnist-mlp.onnx"]);
    let model = fs::read(sandbox.path("mnist-mlp.onnx")).unwrap();
    let prove =
        |output: &str| ["prove", "mnist-mlp.onnx", "--input", "input.json", "--output", output].map(str::to_owned);
    let refused = |output: &str, says: &str| {
        let arguments = prove(output);
        sandbox.fails(&arguments.each_ref().map(String::as_str), WRONG_REQUEST, &[says]);
    };
    refused("mnist-mlp.onnx", "is no proof, and would be replaced");
    refused("mnist-mlp.assay", "is no proof, and would be replaced");
    refused("missing/proof.json", "there is no folder missing");
    assert_eq!(fs::read(sandbox.path("mnist-mlp.onnx")).unwrap(), model);
    for _ in 0..2 {
        let said = sandbox.succeeds(&prove("second.json").each_ref().map(String::as_str));
        assert!(said.contains("next: assay verify mnist-mlp.onnx --proof second.json"), "{said}");
    }
}

#[test]
fn work_that_needs_more_memory_than_allowed_is_refused_before_it_begins() {
    let sandbox = Sandbox::new("memory");
    sandbox.succeeds(&["srs", "generate", "--insecure", "-k", "12"]);
    sandbox.succeeds(&["compile", "mnist-mlp.onnx"]);
    sandbox.fails(&["setup", "mnist-mlp.onnx", "--memory", "1MB"], WRONG_REQUEST, &["--memory 1 MB", "takes about"]);
    assert!(!sandbox.path("mnist-mlp.assay/vk").exists());
    sandbox.succeeds(&["setup", "mnist-mlp.onnx", "--memory", "4GB"]);
    let prove = ["prove", "mnist-mlp.onnx", "--input", "input.json", "--memory"];
    // Before the proving key is opened: without one it is refused in the same way.
    let [key, elsewhere] = ["mnist-mlp.assay/pk", "pk"].map(|name| sandbox.path(name));
    fs::rename(&key, &elsewhere).unwrap();
    sandbox.fails(&[&prove[..], &["1MB"]].concat(), WRONG_REQUEST, &["--memory 1 MB", "takes about"]);
    fs::rename(&elsewhere, &key).unwrap();
    assert!(!sandbox.path("mnist-mlp.assay/proof.json").exists());
    sandbox.fails(&[&prove[..], &["lots"]].concat(), WRONG_REQUEST, &["8GB"]);
    let told = sandbox.succeeds(&[&prove[..], &["4GB", "--profile"]].concat());
    for phase in ["quotient", "openings", "commit to the trace"] {
        assert!(told.contains(phase), "{told}");
    }
    let arguments = [&prove[..], &["4GB", "--json"]].concat();
    let proved: serde_json::Value = serde_json::from_str(&sandbox.succeeds(&arguments)).unwrap();
    let (expected, peak) =
        (proved["expected_peak_bytes"].as_u64().unwrap(), proved["peak_rss_bytes"].as_u64().unwrap());
    assert!(peak <= expected, "the account of {expected} bytes is below what was used, {peak}");
}

/// A file-size limit of the shell stands for the full disk: the write fails in the middle with an error of the system.
#[cfg(unix)]
#[test]
fn a_write_that_runs_out_of_space_is_a_machine_failure_and_leaves_no_file() {
    let sandbox = Sandbox::new("space");
    let script = format!(
        "trap '' XFSZ; ulimit -f 64; exec {} srs generate --insecure -k 12 --output srs",
        env!("CARGO_BIN_EXE_assay")
    );
    let output = Command::new("sh").args(["-c", &script]).current_dir(&sandbox.folder).output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(MACHINE), "{message}");
    assert!(message.contains("cannot write srs"), "{message}");
    let left: Vec<_> = fs::read_dir(&sandbox.folder).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with("srs")), "{left:?}");
}

/// A circuit with several elements a row: an eighth of LeNet's rows, a proof that verifies, and a key that is compared with the model's.
#[test]
fn a_key_for_the_fastest_proofs_is_that_of_the_model_too() {
    let sandbox = Sandbox::new("for-prover");
    let zoo = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/zoo/lenet");
    for file in ["lenet.onnx", "input.json"] {
        fs::copy(zoo.join(file), sandbox.path(file)).unwrap();
    }
    sandbox.succeeds(&["srs", "generate", "--insecure", "-k", "14"]);
    sandbox.succeeds(&["compile", "lenet.onnx", "--for", "prover"]);
    let rows = |purpose: &str| -> serde_json::Value {
        let estimate = sandbox.run(&["estimate", "lenet.onnx", "--for", purpose, "--json"]);
        let estimate: serde_json::Value = serde_json::from_slice(&estimate.stdout).unwrap();
        estimate["openings"][0]["k"].clone()
    };
    assert_eq!((rows("prover"), rows("chain")), (11.into(), 14.into()));
    sandbox.succeeds(&["setup", "lenet.onnx"]);
    sandbox.succeeds(&["prove", "lenet.onnx", "--input", "input.json"]);
    // Whoever has never seen the key makes it again from the model.
    fs::remove_dir_all(sandbox.path("data").join("assay").join("models")).unwrap();
    sandbox.succeeds(&["verify", "lenet.onnx", "--input", "input.json"]);
}
