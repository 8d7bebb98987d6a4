//! Asked, proved, paid once, or given back.

use std::fs;
use std::time::Duration;

use crate::anvil::ACCOUNTS;
use crate::scene::{BOND, CLIENT, FEE, MODEL, OWNER, PROVER, RIVAL, Scene, WRONG_REQUEST, failed, wei};
use assay_contracts::interface::VerifierRouter;
use assay_contracts::{Network as _, U256};
use serde_json::{Value, json};

#[test]
fn an_answer_is_asked_for_proved_and_paid_for_once_whatever_is_run_again() {
    let scene = Scene::new("market-loop");
    let (owner, client, prover) = (ACCOUNTS[OWNER].0, ACCOUNTS[CLIENT].0, ACCOUNTS[PROVER].0);
    let sent = scene.anvil.sent(owner);
    assert_eq!(scene.does(OWNER, &["deploy"])["market"], scene.market.as_str());
    let again = scene.does(OWNER, &["register", MODEL, "--owner-share", "30"]);
    assert_eq!((&again["new"], scene.anvil.sent(owner)), (&false.into(), sent), "all of it was there");

    let asked = scene.asks();
    assert_eq!((&asked["new"], asked["escrow_wei"].as_str()), (&true.into(), Some(FEE.to_string().as_str())));
    let again = scene.asks();
    assert_eq!((&again["new"], &again["id"]), (&false.into(), &asked["id"]));
    assert_eq!(scene.anvil.sent(client), 1);
    assert_eq!(scene.anvil.balance(&scene.market), FEE);
    scene.refused(CLIENT, &["request", MODEL, "--input", "input.json", "--fee", "0.2"], &["--output", "open"]);
    assert_eq!(scene.status()["request"]["status"], "open");

    let fulfilled = scene.does(PROVER, &["fulfil", MODEL, "--lock", "--no-wait"]);
    assert_eq!((wei(&fulfilled["price_wei"]), wei(&fulfilled["share_wei"])), (FEE, FEE * 7 / 10));
    assert_eq!(scene.anvil.sent(prover), 3, "bond, lock, fulfilment");
    println!("gas_fulfil {}", fulfilled["gas"]);
    let again = scene.does(PROVER, &["fulfil", MODEL, "--lock", "--no-wait"]);
    assert_eq!((&again["already"], scene.anvil.sent(prover)), (&true.into(), 3));
    scene.refused(RIVAL, &["fulfil", MODEL], &["settled", prover, "first"]);
    let state = scene.status();
    assert_eq!(
        (&state["request"]["status"], &state["request"]["paid_to"]),
        (&"settled".into(), &prover.to_lowercase().into())
    );
    scene.refused(CLIENT, &["request", MODEL, "--input", "input.json", "--fee", "0.1"], &["settled", "--again"]);

    let before = scene.anvil.balance(prover);
    assert_eq!(wei(&scene.does(PROVER, &["claim", MODEL])["withdrawn_wei"]), FEE * 7 / 10);
    assert!(scene.anvil.balance(prover) > before + FEE * 69 / 100, "paid out, less gas");
    let share = scene.does(OWNER, &["claim", MODEL]);
    assert_eq!((wei(&share["share_wei"]), wei(&share["withdrawn_wei"])), (FEE * 3 / 10, FEE * 3 / 10));
    assert_eq!(wei(&scene.does(OWNER, &["claim", MODEL])["withdrawn_wei"]), 0);
    // The prover's bond, five quarters of the fee, is all that is left.
    assert_eq!(scene.anvil.balance(&scene.market), BOND);
    scene.anvil.rpc("anvil_mine", &json!(["0x40"]));
    let more = scene.does(CLIENT, &["request", MODEL, "--input", "input.json", "--fee", "0.1", "--again"]);
    assert_eq!(more["new"], true);
    assert_ne!(more["id"], asked["id"]);
}

#[test]
fn of_two_provers_that_race_one_is_paid_and_the_other_told_who() {
    let scene = Scene::new("market-race");
    scene.asks();
    scene.anvil.rpc("evm_setAutomine", &json!([false]));
    let racers = [PROVER, RIVAL].map(|account| (account, scene.begins_to_fulfil(account)));
    let waiting = || scene.anvil.rpc("txpool_status", &json!([]))["pending"].as_str().map(str::to_owned);
    for _ in 0..1_200 {
        if waiting().as_deref() == Some("0x2") {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(waiting().as_deref(), Some("0x2"), "both have sent their proofs");
    scene.anvil.rpc("evm_mine", &json!([]));
    scene.anvil.rpc("evm_setAutomine", &json!([true]));
    let outcomes = racers.map(|(account, child)| (account, child.wait_with_output().unwrap()));
    let (winners, losers): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(|(_, output)| output.status.success());
    assert_eq!((winners.len(), losers.len()), (1, 1), "{winners:?} {losers:?}");
    let (winner, (loser, output)) = (winners[0].0, &losers[0]);
    failed(output, WRONG_REQUEST, &["first", "you paid", ACCOUNTS[winner].0]);
    let credit = |account: usize| {
        wei(&scene.does(RIVAL, &["status", MODEL, "--account", ACCOUNTS[account].0])["account"]["credit_wei"])
    };
    assert_eq!((credit(winner), credit(*loser)), (FEE * 7 / 10, 0));
}

#[test]
fn what_nobody_answers_in_time_goes_back_once_and_is_not_proved_any_more() {
    let scene = Scene::new("market-refund");
    scene.asks();
    assert_eq!(scene.does(CLIENT, &["claim", MODEL])["refunded"], false);
    scene.anvil.advance(4 * 3_600 + 1);
    scene.refused(PROVER, &["fulfil", MODEL], &["deadline", "ago"]);
    assert_eq!(scene.anvil.sent(ACCOUNTS[PROVER].0), 0, "nothing was sent");
    let claimed = scene.does(CLIENT, &["claim", MODEL]);
    assert_eq!((&claimed["refunded"], wei(&claimed["withdrawn_wei"])), (&true.into(), FEE));
    let claimed = scene.does(CLIENT, &["claim", MODEL]);
    assert_eq!((&claimed["refunded"], wei(&claimed["withdrawn_wei"])), (&false.into(), 0));
    assert_eq!(scene.anvil.balance(&scene.market), 0);
    scene.refused(PROVER, &["fulfil", MODEL], &["refunded"]);
}

#[test]
fn a_key_of_grouped_openings_goes_the_same_way_from_registration_to_payment() {
    let scene = Scene::with("market-evm", &["--opening", "evm"]);
    scene.asks();
    let fulfilled = scene.does(PROVER, &["fulfil", MODEL]);
    assert_eq!((wei(&fulfilled["price_wei"]), wei(&fulfilled["share_wei"])), (FEE, FEE * 7 / 10));
    assert!(fulfilled["gas"].as_u64().unwrap() < 700_000, "{fulfilled}");
    assert_eq!(wei(&scene.does(PROVER, &["claim", MODEL])["withdrawn_wei"]), FEE * 7 / 10);
    assert_eq!(wei(&scene.does(OWNER, &["claim", MODEL])["withdrawn_wei"]), FEE * 3 / 10);
}

#[test]
fn a_refund_is_never_missed() {
    let scene = Scene::new("market-refunds");
    let id = scene.asks()["id"].clone();
    let path = scene.sandbox.path("mnist-mlp.assay/request.json");
    let text = fs::read_to_string(&path).unwrap();
    // A request of another market stays as it is, and is said to be one.
    let mut other: Value = serde_json::from_str(&text).unwrap();
    other["market"] = ACCOUNTS[RIVAL].0.into();
    fs::write(&path, other.to_string()).unwrap();
    let again = ["request", MODEL, "--input", "input.json", "--fee", "0.1", "--again"];
    scene.refused(CLIENT, &again, &["another request", "--output"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), other.to_string());
    scene.refused(CLIENT, &["claim", MODEL, "--request", "mnist-mlp.assay/request.json"], &[ACCOUNTS[RIVAL].0]);
    let output = scene.command(CLIENT, &["claim", MODEL]).output().unwrap();
    assert!(output.status.success() && String::from_utf8_lossy(&output.stderr).contains("left alone"), "{output:?}");
    fs::write(&path, &text).unwrap();

    // Under a tombstoned verifier nobody can prove: the escrow goes back before the deadline.
    assert_eq!(scene.does(CLIENT, &["claim", MODEL])["refunded"], false);
    let (mut node, market) = scene.node(OWNER);
    let model = scene.request("mnist-mlp.assay/request.json").modelId;
    let class = market.model(&mut node, model).unwrap().0.class;
    let owner = node.account().unwrap();
    node.transact(owner, market.router, U256::ZERO, &VerifierRouter::tombstoneCall { class }).unwrap();
    let state = scene.status();
    assert_eq!((&state["judged"], &state["request"]["id"]), (&false.into(), &id));
    let claimed = scene.does(CLIENT, &["claim", MODEL]);
    assert_eq!((&claimed["refunded"], wei(&claimed["withdrawn_wei"])), (&true.into(), FEE));
}
