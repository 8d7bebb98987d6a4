//! What a person sees of the market's commands: no word is broken at 80 columns, and what is insecure is said in one wording.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::anvil::ACCOUNTS;
use crate::recording::{broken, recorded, screen, too_wide, words};
use crate::scene::{CLIENT, MODEL, OWNER, PROVER, RIVAL, Scene};

/// Copies a folder and all that is in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(from, to).unwrap();
        }
    }
}

/// Words without the ids of requests, which are drawn anew.
fn without_ids(text: &str) -> Vec<String> {
    let plain = |word: &str| if word.starts_with("0x") { "0x".to_owned() } else { word.to_owned() };
    words(
        &text
            .split('\n')
            .map(|line| line.split(' ').map(plain).collect::<Vec<_>>().join(" "))
            .collect::<Vec<_>>()
            .join("\n"),
    )
}

#[test]
fn no_command_of_the_market_breaks_a_word_at_80_columns() {
    let scene = Scene::new("market-screen");
    let market = scene.market.clone();
    let request = "assay request mnist-mlp.onnx --input input.json --fee 0.1";
    let lines: [(usize, String); 19] = [
        (OWNER, "assay deploy".to_owned()),
        (OWNER, format!("assay register mnist-mlp.onnx --market {market}")),
        (OWNER, "assay register mnist-mlp.onnx --owner-share 20".to_owned()),
        (OWNER, format!("assay propose {market} --market {market}")),
        (CLIENT, format!("{request}000000000")),
        (CLIENT, request.to_owned()),
        (CLIENT, format!("{request}5")),
        (RIVAL, format!("assay status mnist-mlp.onnx --account {}", ACCOUNTS[PROVER].0)),
        (RIVAL, "assay proof mnist-mlp.onnx".to_owned()),
        (PROVER, "assay fulfil mnist-mlp.onnx --check --lock".to_owned()),
        (PROVER, "assay fulfil mnist-mlp.onnx --lock --max-bond 0.01".to_owned()),
        (PROVER, "assay fulfil mnist-mlp.onnx --lock --no-wait".to_owned()),
        (PROVER, "assay fulfil mnist-mlp.onnx".to_owned()),
        (RIVAL, "assay status mnist-mlp.onnx".to_owned()),
        (RIVAL, "assay proof mnist-mlp.onnx".to_owned()),
        (PROVER, "assay claim mnist-mlp.onnx".to_owned()),
        (PROVER, "assay claim mnist-mlp.onnx --leave".to_owned()),
        (PROVER, "assay claim mnist-mlp.onnx".to_owned()),
        (CLIENT, "ASSAY_RPC=http://127.0.0.1:1 assay status mnist-mlp.onnx".to_owned()),
    ];
    let kept = scene.sandbox.folder.with_extension("kept");
    for (account, line) in lines {
        let with = [("TERM", "dumb"), ("ASSAY_RPC", &scene.anvil.url), ("ASSAY_PRIVATE_KEY", ACCOUNTS[account].1)];
        // Seen and piped, it is done from where things stood before.
        let before = scene.anvil.rpc("evm_snapshot", &json!([]));
        copy(&scene.sandbox.folder, &kept);
        let piped = scene.sandbox.shell_with(&format!("{line} 2>&1"), &with);
        let piped = String::from_utf8(piped.stdout).unwrap();
        scene.anvil.rpc("evm_revert", &json!([before]));
        fs::remove_dir_all(&scene.sandbox.folder).unwrap();
        copy(&kept, &scene.sandbox.folder);
        fs::remove_dir_all(&kept).unwrap();
        let seen = screen(&recorded(&scene.sandbox, &line, &with));
        assert_eq!(too_wide(&seen, "\u{0}"), [""; 0], "{line}");
        assert_eq!(broken(&seen, &piped), [""; 0], "{line}: {seen:?}");
        let (seen, piped) = (without_ids(&seen.join("\n")), without_ids(&piped));
        assert!(seen == piped && !seen.is_empty(), "{line}:\n{seen:?}\n{piped:?}");
    }
    for verb in ["deploy", "register", "propose", "request", "fulfil", "proof", "claim", "status"] {
        let seen = screen(&recorded(&scene.sandbox, &format!("assay {verb} --help"), &[("TERM", "dumb")]));
        assert_eq!(too_wide(&seen, "\u{0}"), [""; 0], "{verb}");
    }
}

#[test]
fn every_command_that_meets_an_insecure_srs_says_so_in_one_wording() {
    let scene = Scene::new("market-one-wording");
    let market = scene.market.clone();
    let warning = "warning: the SRS is insecure: its secret is published (`assay srs generate --insecure`), and whoever knows it can forge every \
                   proof made with it\n";
    let input = ["--input", "input.json"];
    let lines: [(usize, Vec<&str>); 10] = [
        (OWNER, vec!["srs", "generate", "--insecure", "-k", "4", "--output", "small"]),
        (OWNER, vec!["setup", MODEL]),
        (OWNER, [&["prove", MODEL][..], &input].concat()),
        (OWNER, vec!["verify", MODEL]),
        (OWNER, vec!["contract", MODEL]),
        (OWNER, vec!["register", MODEL, "--market", &market]),
        (CLIENT, [&["request", MODEL][..], &input, &["--fee", "0.1"]].concat()),
        (PROVER, vec!["fulfil", MODEL]),
        (RIVAL, vec!["proof", MODEL, "--output", "paid.json"]),
        (RIVAL, vec!["status", MODEL]),
    ];
    for (account, arguments) in lines {
        let output = scene.command(account, &arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments:?}: {said}");
        assert_eq!(said.matches(warning).count(), 1, "{arguments:?}: {said}");
        assert_eq!(said.matches("insecure:").count(), 1, "in one wording: {arguments:?}: {said}");
    }
}
