//! A router that has changed hands: files name whom it was made for, and are believed because that makes its address.

use std::fs;

use assay_contracts::interface::VerifierRouter;
use assay_contracts::{Address, Market, Network as _, U256};
use serde_json::{Value, json};

use crate::anvil::ACCOUNTS;
use crate::contracts::{ASKED, REGISTRATION, asked};
use crate::{CLIENT, MODEL, OTHER, OWNER, PROVER, REQUEST, Scene};

const MODEL_FILE: &str = "mnist-mlp.assay/model.json";
const REFUSAL: [&str; 2] = ["its owner or guardian has changed since it was made", "--router-for OWNER,GUARDIAN"];

/// An account, as files name it.
fn named(account: usize) -> String {
    ACCOUNTS[account].0.to_lowercase()
}

/// Gives a market's router another owner, who names another guardian.
fn change_hands(scene: &Scene, market: Address) {
    let mut node = scene.node(OWNER);
    let (market, _) = Market::genuine(&mut node, market, &[]).unwrap();
    let account = |account: usize| ACCOUNTS[account].0.parse::<Address>().unwrap();
    let transfer = VerifierRouter::transferOwnershipCall { newOwner: account(OTHER) };
    node.transact(account(OWNER), market.router, U256::ZERO, &transfer).unwrap();
    let mut node = scene.node(OTHER);
    node.transact(account(OTHER), market.router, U256::ZERO, &VerifierRouter::acceptOwnershipCall {}).unwrap();
    let guardian = VerifierRouter::setGuardianCall { next: account(PROVER) };
    node.transact(account(OTHER), market.router, U256::ZERO, &guardian).unwrap();
}

#[test]
fn a_router_that_has_changed_hands_is_known_by_whom_the_files_name() {
    let (scene, market) = asked("trust-changed-hands");
    let first = json!({ "owner": named(OWNER), "guardian": named(OWNER) });
    for file in [REGISTRATION, ASKED, MODEL_FILE] {
        assert_eq!(scene.read(file)["router"], first, "{file}");
    }
    change_hands(&scene, market);

    // Who has the registration: the client and the owner.
    let text = fs::read(scene.sandbox.path(REGISTRATION)).unwrap();
    let status = scene.does(CLIENT, &["status", MODEL]);
    assert_eq!(status["router"], json!({ "owner": named(OTHER), "guardian": named(PROVER) }), "as it is now");
    let requested = scene.does(CLIENT, &[&REQUEST[..], &["--output", "second.json"]].concat());
    assert_eq!((&requested["router"], &scene.read("second.json")["router"]), (&status["router"], &first));
    let registered = scene.does(OWNER, &["register", MODEL, "--market", &market.to_string()]);
    assert_eq!((&registered["new"], &registered["router"]), (&false.into(), &first));
    assert_eq!(fs::read(scene.sandbox.path(REGISTRATION)).unwrap(), text);

    // Who has the request alone: provers, and whoever looks.
    fs::remove_file(scene.sandbox.path(REGISTRATION)).unwrap();
    scene.does(PROVER, &["fulfil", MODEL, "--check", "--lock"]);
    scene.does(PROVER, &["fulfil", MODEL]);
    scene.does(OTHER, &["status", MODEL]);
    scene.does(OTHER, &["proof", MODEL]);
    assert_ne!(scene.does(PROVER, &["claim", MODEL])["withdrawn_wei"], "0");

    // Deployed once more, the same market is there, and is said to be whose it is now.
    let again = scene.does(OWNER, &["deploy"]);
    assert_eq!(again["market"].as_str().unwrap().parse(), Ok(market));
    assert_eq!(
        (&again["router_for"], &again["owner"], &again["guardian"]),
        (&first, &named(OTHER).into(), &named(PROVER).into())
    );
}

#[test]
fn a_file_that_names_whom_a_router_was_not_made_for_makes_no_market_genuine() {
    let (scene, market) = asked("trust-false-parties");
    let first = scene.read(ASKED)["router"].clone();
    let commands: [(usize, &[&str]); 6] = [
        (CLIENT, &["request", MODEL, "--input", "input.json", "--fee", "0.1", "--output", "second.json"]),
        (PROVER, &["fulfil", MODEL]),
        (CLIENT, &["claim", MODEL]),
        (OTHER, &["status", MODEL]),
        (OTHER, &["proof", MODEL]),
        (OWNER, &["register", MODEL, "--market", &market.to_string()]),
    ];
    let names = |router: &Value| {
        for file in [REGISTRATION, ASKED] {
            scene.write(file, "router", router.clone());
        }
    };
    let none = Value::Null;
    let wrong = json!({ "owner": named(OTHER), "guardian": named(PROVER) });
    // While the first ones are the present ones, nothing of the files is needed, nor does harm.
    for router in [&none, &wrong] {
        names(router);
        scene.does(CLIENT, &["claim", MODEL]);
    }
    change_hands(&scene, market);
    for router in [&none, &wrong] {
        names(router);
        for (account, arguments) in commands {
            scene.refused(account, arguments, &REFUSAL);
        }
    }
    let parties = format!("{},{}", named(OWNER), named(OWNER));
    scene.does(OTHER, &["status", MODEL, "--router-for", &parties]);
    // One true pair is enough, wherever it is.
    scene.write(REGISTRATION, "router", first);
    scene.does(PROVER, &["fulfil", MODEL]);
    scene.does(PROVER, &["claim", MODEL]);
}
