//! A prover that is stopped: what was kept is said, and the same command goes on from there.
#![cfg(unix)]

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::anvil::ACCOUNTS;
use crate::scene::{MODEL, PROVER, Scene};

const STOPPED: i32 = 130;

#[test]
fn a_prover_stopped_while_its_lock_matures_is_told_of_its_proof_and_of_what_was_sent() {
    let scene = Scene::new("market-stopped");
    scene.asks();
    let mut command = scene.command(PROVER, &["fulfil", MODEL, "--lock", "--json"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while scene.status()["request"]["status"] != "locked" || scene.files("proof-").is_empty() {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(STOPPED), "{message}");
    let proof = format!("mnist-mlp.assay/{}", scene.files("proof-")[0]);
    let kept = format!("these files were written before that, and are whole: {proof}");
    let sent = "a transaction that was sent before that stays sent, and the same command goes on from there";
    let next = "assay fulfil mnist-mlp.onnx --lock --json";
    for words in ["stopped\n", &kept, sent, &format!("next: {next}\n")] {
        assert!(message.contains(words), "it does not say {words:?}: {message}");
    }
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&object["error"], &object["code"], &object["next"]),
        (&"stopped".into(), &STOPPED.into(), &next.into())
    );
    assert!(object["because"].as_array().unwrap().iter().any(|because| *because == kept.as_str()), "{object}");
    // It goes on: no second bond, no second lock.
    scene.anvil.advance(61);
    let sent = scene.anvil.sent(ACCOUNTS[PROVER].0);
    scene.does(PROVER, &["fulfil", MODEL, "--lock"]);
    assert_eq!(scene.anvil.sent(ACCOUNTS[PROVER].0), sent + 1);
}
