//! The next command is about the same chain: it has what the user has said of the chain in this one.

use std::process::Command;

use serde_json::Value;

use crate::anvil::ACCOUNTS;
use crate::scene::{CLIENT, MODEL, OWNER, PROVER, RIVAL, Scene};

/// Runs a command that must succeed where the environment names no node; returns what it says comes next.
fn next(scene: &Scene, account: usize, arguments: &[&str]) -> String {
    let mut command: Command = scene.sandbox.command(&[arguments, &["--json"]].concat());
    command.env_remove("ASSAY_RPC").env("ASSAY_PRIVATE_KEY", ACCOUNTS[account].1);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    said["next"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn what_comes_next_runs_as_it_stands_on_the_chain_that_was_named() {
    let scene = Scene::new("market-same-chain");
    let parties = format!("{0},{0}", ACCOUNTS[OWNER].0);
    let node = ["--rpc", scene.anvil.url.as_str(), "--router-for", parties.as_str()];
    let said = node.join(" ");
    let with = |arguments: &[&str], options: &[&str]| -> Vec<String> {
        [arguments, &node[..], options].concat().into_iter().map(str::to_owned).collect()
    };
    let run = |account: usize, arguments: &[&str], options: &[&str]| {
        let arguments = with(arguments, options);
        next(&scene, account, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let limits = ["--max-tip", "2", "--max-cost", "0.25"];
    assert_eq!(
        run(OWNER, &["register", MODEL], &limits),
        format!("assay request {MODEL} {said} --max-tip 2 --max-cost 0.25 --input input.json --fee 0.01")
    );
    let text = |account: usize, arguments: &[&str], options: &[&str]| {
        let arguments = with(arguments, options);
        let mut command: Command = scene.sandbox.command(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        let output = command.env_remove("ASSAY_RPC").env("ASSAY_PRIVATE_KEY", ACCOUNTS[account].1).output().unwrap();
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    let asked = text(CLIENT, &["request", MODEL, "--input", "input.json", "--fee", "0.1"], &[]);
    assert!(asked.contains(&format!("next: assay status {MODEL} {said}\n")), "{asked}");
    let dear = text(PROVER, &["fulfil", MODEL, "--lock"], &["--max-bond", "0.01"]);
    assert!(dear.contains(&format!("next: assay fulfil {MODEL} {said}\n")), "{dear}");
    let paid = text(PROVER, &["fulfil", MODEL], &limits);
    assert!(paid.contains(&format!("next: assay claim {MODEL} {said} --max-tip 2 --max-cost 0.25\n")), "{paid}");
    let proof = run(RIVAL, &["status", MODEL], &[]);
    assert_eq!(proof, format!("assay proof {MODEL} {said}"));
    let pasted: Vec<&str> = proof.split(' ').skip(1).collect();
    assert!(next(&scene, RIVAL, &pasted).starts_with("assay verify "));
    // A node that the environment names it names for the next command too: what it says can be a secret.
    assert_eq!(scene.does(RIVAL, &["status", MODEL])["next"], format!("assay proof {MODEL}"));
}
