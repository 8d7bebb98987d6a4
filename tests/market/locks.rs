//! Locks, and the bond behind them.

use std::fs;

use crate::anvil::ACCOUNTS;
use crate::proxy::Proxy;
use crate::scene::{CLIENT, FEE, MODEL, PROVER, RIVAL, Scene, wei};
use assay_contracts::B256;
use serde_json::Value;

#[test]
fn a_lock_that_comes_too_late_moves_no_bond_and_the_proof_is_paid_without() {
    let scene = Scene::new("market-late-lock");
    let prover = ACCOUNTS[PROVER].0;
    let fulfil = |url: &str, says: &str| {
        let mut command = scene.command(PROVER, &["fulfil", MODEL, "--lock", "--json"]);
        let output = command.env("ASSAY_RPC", url).output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && message.contains("without a lock") && message.contains(says), "{message}");
        let state = scene.does(RIVAL, &["status", MODEL, "--account", prover]);
        assert_eq!(wei(&state["account"]["bond_wei"]), 0);
        assert_eq!(state["request"]["paid_to"], prover.to_lowercase());
    };
    scene.does(CLIENT, &["request", MODEL, "--input", "input.json", "--fee", "0.1", "--within", "2h"]);
    scene.anvil.advance(10 * 60);
    fulfil(&scene.anvil.url, "a lock takes two hours");
    assert_eq!(scene.anvil.sent(prover), 1);

    // A rival locks while the proof is made; its lock is too young to exclude anybody.
    scene.does(CLIENT, &["request", MODEL, "--input", "input.json", "--fee", "0.1", "--again"]);
    let folder = scene.sandbox.path("mnist-mlp.assay");
    let (request, (mut node, market)) = (scene.request("mnist-mlp.assay/request.json"), scene.node(RIVAL));
    let proxy = Proxy::before(&scene.anvil.url);
    let mut locked = false;
    proxy.fail(move |_, _| {
        let mut files = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name());
        if !locked && files.any(|file| file.to_string_lossy().starts_with("proof-")) {
            let rival = node.account().unwrap();
            market.fund_bond(&mut node, rival, request.feeCeiling).unwrap();
            market.lock(&mut node, rival, &request, B256::ZERO).unwrap();
            locked = true;
        }
        false
    });
    fulfil(&proxy.url, "the request is locked by now");
    assert_eq!(scene.anvil.sent(prover), 2, "two fulfilments");
}

#[test]
fn a_bond_comes_back_after_its_notice() {
    let scene = Scene::new("market-bond");
    let prover = ACCOUNTS[PROVER].0;
    scene.asks();
    scene.does(PROVER, &["fulfil", MODEL, "--lock"]);
    let claimed = scene.does(PROVER, &["claim", MODEL]);
    assert_eq!((wei(&claimed["bond_wei"]), wei(&claimed["bond_leaving_wei"])), (FEE, 0));
    let claimed = scene.does(PROVER, &["claim", MODEL, "--leave"]);
    assert_eq!((wei(&claimed["bond_wei"]), wei(&claimed["bond_leaving_wei"])), (0, FEE));
    let sent = scene.anvil.sent(prover);
    let again = scene.does(PROVER, &["claim", MODEL, "--leave"]);
    assert_eq!((&again["bond_leaves_at"], scene.anvil.sent(prover)), (&claimed["bond_leaves_at"], sent));
    let state = scene.does(RIVAL, &["status", MODEL, "--account", prover]);
    assert_eq!(state["account"]["bond_leaves_at"], claimed["bond_leaves_at"]);
    scene.anvil.advance(10 * 86_400 + 1);
    let claimed = scene.does(PROVER, &["claim", MODEL]);
    assert_eq!((wei(&claimed["left_wei"]), wei(&claimed["withdrawn_wei"])), (FEE, FEE));
    assert_eq!((wei(&claimed["bond_wei"]), &claimed["bond_leaves_at"]), (0, &Value::Null));
    assert_eq!(scene.anvil.balance(&scene.market), FEE * 3 / 10, "the owner's share is left");
}
