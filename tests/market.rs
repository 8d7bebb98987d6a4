//! The market's verbs against a real node, run as users run them: registered, asked, proved, paid once, or given back.
#![cfg(test)]

mod anvil;
mod sandbox;
#[path = "../examples/verify_onchain/main.rs"]
mod verify_onchain;

use std::fs;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use anvil::{ACCOUNTS, Anvil};
use sandbox::Sandbox;
use serde_json::{Value, json};

const WRONG_REQUEST: i32 = 2;
const MACHINE: i32 = 3;
const MODEL: &str = "mnist-mlp.onnx";
const ETHER: u128 = 1_000_000_000_000_000_000;
const FEE: u128 = ETHER / 10;

/// Who is who among anvil's accounts.
const OWNER: usize = 0;
const PROVER: usize = 1;
const RIVAL: usize = 2;
const CLIENT: usize = 3;

/// A model that is registered with a market on a node.
struct Scene {
    sandbox: Sandbox,
    anvil: Anvil,
    market: String,
}

impl Scene {
    fn new(name: &str) -> Self {
        let (sandbox, anvil) = (Sandbox::new(name), Anvil::start());
        sandbox.succeeds(&["srs", "generate", "--insecure", "-k", "12"]);
        sandbox.succeeds(&["compile", MODEL]);
        sandbox.succeeds(&["setup", MODEL]);
        let mut scene = Self { sandbox, anvil, market: String::new() };
        scene.market = scene.does(OWNER, &["deploy"])["market"].as_str().unwrap().to_owned();
        let market = scene.market.clone();
        scene.does(OWNER, &["register", MODEL, "--market", &market, "--owner-share", "30", "--skip-delay"]);
        scene
    }

    /// A command of one of the accounts.
    fn command(&self, account: usize, arguments: &[&str]) -> Command {
        let mut command = self.sandbox.command(arguments);
        command.env("ASSAY_RPC", &self.anvil.url).env("ASSAY_PRIVATE_KEY", ACCOUNTS[account].1);
        command
    }

    /// A command that must succeed, and its JSON.
    fn does(&self, account: usize, arguments: &[&str]) -> Value {
        let output = self.command(account, &[arguments, &["--json"]].concat()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn asks(&self) -> Value {
        self.does(CLIENT, &["request", MODEL, "--input", "input.json", "--fee", "0.1"])
    }

    fn refused(&self, account: usize, arguments: &[&str], says: &[&str]) {
        let output = self.command(account, arguments).output().unwrap();
        failed(&output, WRONG_REQUEST, says);
    }

    fn status(&self) -> Value {
        self.does(RIVAL, &["status", MODEL])
    }

    /// A prover at work in the background.
    fn begins_to_fulfil(&self, account: usize) -> Child {
        let mut command = self.command(account, &["fulfil", MODEL]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }
}

fn failed(output: &Output, code: i32, says: &[&str]) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{message}");
    for words in says {
        assert!(message.contains(words), "it does not say {words:?}: {message}");
    }
    assert!(!message.contains("panicked"), "{message}");
}

/// Forgets what a builder returns.
fn void(_: &mut Command) {}

fn wei(value: &Value) -> u128 {
    value.as_str().unwrap().parse().unwrap()
}

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

    let fulfilled = scene.does(PROVER, &["fulfil", MODEL, "--lock"]);
    assert_eq!((wei(&fulfilled["price_wei"]), wei(&fulfilled["share_wei"])), (FEE, FEE * 7 / 10));
    assert_eq!(scene.anvil.sent(prover), 3, "bond, lock, fulfilment");
    println!("gas_fulfil {}", fulfilled["gas"]);
    let again = scene.does(PROVER, &["fulfil", MODEL, "--lock"]);
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
    // The prover's bond, the fee's ceiling here, is all that is left.
    assert_eq!(scene.anvil.balance(&scene.market), FEE);
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
fn a_request_that_is_killed_at_any_moment_and_run_again_is_paid_for_once() {
    let scene = Scene::new("market-kill");
    let request =
        |file: &str| ["request", MODEL, "--input", "input.json", "--fee", "0.1", "--output", file].map(str::to_owned);
    let run = |file: &str| {
        let arguments = request(file);
        scene.command(CLIENT, &arguments.each_ref().map(String::as_str))
    };
    let start = std::time::Instant::now();
    assert!(run("whole.json").output().unwrap().status.success());
    let whole = start.elapsed();
    for eighth in 0..=8 {
        let file = format!("request-{eighth}.json");
        let mut child = run(&file).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(whole * eighth / 8);
        child.kill().unwrap();
        child.wait().unwrap();
        for _ in 0..2 {
            let output = run(&file).output().unwrap();
            assert!(output.status.success(), "{eighth}/8: {}", String::from_utf8_lossy(&output.stderr));
        }
        let requests = u128::from(eighth) + 2;
        assert_eq!(scene.anvil.balance(&scene.market), requests * FEE, "killed at {eighth}/8");
    }
}

#[test]
fn a_fulfilment_that_is_killed_at_any_moment_and_run_again_posts_one_bond_and_is_paid() {
    let scene = Scene::new("market-kill-fulfil");
    let asked = |file: &str| {
        scene.does(CLIENT, &["request", MODEL, "--input", "input.json", "--fee", "0.1", "--output", file]);
    };
    let fulfil = |file: &str| scene.command(PROVER, &["fulfil", MODEL, "--lock", "--request", file]);
    asked("whole.json");
    let start = std::time::Instant::now();
    assert!(fulfil("whole.json").output().unwrap().status.success());
    let whole = start.elapsed();
    for eighth in 4..=8 {
        let file = format!("request-{eighth}.json");
        asked(&file);
        let mut child = fulfil(&file).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(whole * eighth / 8);
        child.kill().unwrap();
        child.wait().unwrap();
        let output = fulfil(&file).output().unwrap();
        assert!(output.status.success(), "{eighth}/8: {}", String::from_utf8_lossy(&output.stderr));
        let requests = u128::from(eighth) - 2;
        assert_eq!(scene.anvil.balance(&scene.market), (requests + 1) * FEE, "one bond, killed at {eighth}/8");
    }
    let state = scene.does(RIVAL, &["status", MODEL, "--account", ACCOUNTS[PROVER].0]);
    assert_eq!(wei(&state["account"]["credit_wei"]), 6 * FEE * 7 / 10);
}

#[test]
fn what_is_wrong_is_said_before_anything_is_sent() {
    let scene = Scene::new("market-errors");
    scene.sandbox.fails(&["status", "other.onnx"], WRONG_REQUEST, &["registration.json", "assay register"]);
    let request = ["request", MODEL, "--input", "input.json", "--fee", "0.1"];
    let without = |change: &dyn Fn(&mut Command)| {
        let mut command = scene.command(CLIENT, &request);
        change(&mut command);
        command.output().unwrap()
    };
    let key = "ASSAY_PRIVATE_KEY";
    failed(&without(&|c| void(c.env_remove(key))), WRONG_REQUEST, &["--keystore", key]);
    failed(&without(&|c| void(c.env(key, "0x1234"))), WRONG_REQUEST, &[key, "32 bytes"]);
    failed(&without(&|c| void(c.env("ASSAY_RPC", "http://127.0.0.1:1"))), MACHINE, &["127.0.0.1:1", "anvil"]);
    let poor = "0x00000000000000000000000000000000000000000000000000000000000000ff";
    failed(&without(&|c| void(c.env(key, poor))), WRONG_REQUEST, &["wei"]);
    // What could not be paid for was not opened; with other terms it is asked anew.
    scene.refused(CLIENT, &request, &["another input, fee or account", "--again"]);
    scene.does(CLIENT, &[&request[..], &["--again"]].concat());
    let short = ["request", MODEL, "--input", "input.json", "--fee", "0.1", "--within", "1h", "--output", "short.json"];
    scene.refused(CLIENT, &short, &["the deadline", "WrongDeadline"]);
    scene.refused(
        CLIENT,
        &["request", MODEL, "--input", "input.json", "--fee", "0", "--output", "free.json"],
        &["zero"],
    );
    let market = scene.market.as_str();
    scene.refused(RIVAL, &["register", MODEL, "--market", ACCOUNTS[RIVAL].0], &["no contract", ACCOUNTS[RIVAL].0]);
    scene.refused(OWNER, &["register", MODEL, "--market", market, "--owner-share", "31"], &["3000", "3100"]);

    let path = scene.sandbox.path("mnist-mlp.assay/request.json");
    let text = fs::read_to_string(&path).unwrap();
    let changed = |pointer: &str, value: Value| {
        let mut file: Value = serde_json::from_str(&text).unwrap();
        let before = std::mem::replace(file.pointer_mut(pointer).unwrap(), value.clone());
        assert_ne!(before, value);
        fs::write(scene.sandbox.path("changed.json"), file.to_string()).unwrap();
    };
    let fulfil = ["fulfil", MODEL, "--request", "changed.json"];
    changed("/request/feeCeiling", "0x1".into());
    scene.refused(PROVER, &fulfil, &["it was changed"]);
    changed("/input/0", format!("0x{}", "01".repeat(32)).into());
    scene.refused(PROVER, &fulfil, &["the input in the file"]);
    changed("/chain", 1.into());
    scene.refused(PROVER, &fulfil, &["chain 1"]);
    fs::write(scene.sandbox.path("changed.json"), &text[..text.len() / 2]).unwrap();
    scene.refused(PROVER, &fulfil, &["not what assay writes"]);
    scene.refused(PROVER, &["fulfil", MODEL, "--request", "none.json"], &["does not exist", "assay request"]);

    // Keys from another SRS: what they prove, the market does not pay.
    let keys = ["srs", "pk", "vk"].map(|name| scene.sandbox.path("mnist-mlp.assay").join(name));
    let good = keys.each_ref().map(|path| fs::read(path).unwrap());
    let srs = assay_prover::Srs::insecure(12, [7; 32]).unwrap().to_bytes().unwrap();
    fs::write(scene.sandbox.path("other-srs"), srs).unwrap();
    scene.sandbox.succeeds(&["setup", MODEL, "--srs", "other-srs"]);
    scene.refused(PROVER, &["fulfil", MODEL], &["the key on the chain", "another SRS"]);
    for (path, bytes) in keys.iter().zip(&good) {
        fs::write(path, bytes).unwrap();
    }
    // A verifier that the user compiled comes before the one that is built in, and is what provers compare with.
    let compiled = |json: &str| {
        let artifact: Value = serde_json::from_str(json).unwrap();
        fs::write(scene.sandbox.path("mnist-mlp.assay/Verifier.bin"), artifact["bytecode"].as_str().unwrap()).unwrap();
    };
    compiled(include_str!("../contracts/artifacts/AcceptAll.json"));
    scene.refused(PROVER, &["fulfil", MODEL], &["not the code generated for its shape"]);
    scene.refused(RIVAL, &["register", MODEL], &["the router does not know this verifier", ACCOUNTS[OWNER].0]);
    compiled(include_str!("../contracts/artifacts/mnist-mlp.json"));

    // A fee that does not pay for the gas.
    let cheap = ["request", MODEL, "--input", "input.json", "--fee", "0.000000001", "--output", "cheap.json"];
    scene.does(CLIENT, &cheap);
    scene.refused(PROVER, &["fulfil", MODEL, "--request", "cheap.json"], &["--at-a-loss", "gas"]);
    assert_eq!(scene.anvil.sent(ACCOUNTS[PROVER].0), 0, "nothing was sent");
    scene.does(PROVER, &["fulfil", MODEL, "--request", "cheap.json", "--at-a-loss"]);
}

#[test]
fn a_keystore_opens_with_its_password_only() {
    let scene = Scene::new("market-keystore");
    let key = hex::decode(&ACCOUNTS[CLIENT].1[2..]).unwrap();
    let folder = &scene.sandbox.folder;
    eth_keystore::encrypt_key(folder, &mut rand::thread_rng(), key, "open sesame", Some("client.key")).unwrap();
    let request = ["request", MODEL, "--input", "input.json", "--fee", "0.1", "--keystore", "client.key", "--json"];
    let run = |password: Option<&str>| {
        let mut command = scene.command(RIVAL, &request);
        command.env_remove("ASSAY_PRIVATE_KEY").stdin(Stdio::null());
        if let Some(password) = password {
            command.env("ASSAY_PASSWORD", password);
        }
        command.output().unwrap()
    };
    failed(&run(None), WRONG_REQUEST, &["ASSAY_PASSWORD"]);
    failed(&run(Some("wrong")), WRONG_REQUEST, &["client.key", "password"]);
    let output = run(Some("open sesame"));
    let asked: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(asked["client"], ACCOUNTS[CLIENT].0.to_lowercase());
}

#[test]
fn the_example_verifies_a_proof_on_a_chain() {
    let (sandbox, anvil) = (Sandbox::new("market-example"), Anvil::start());
    let report = verify_onchain::run(&sandbox.path(MODEL), &anvil.url, ACCOUNTS[OWNER].1).unwrap();
    assert!(report.gas > 100_000, "{report:?}");
    assert!(report.refusal.contains("InvalidProof"), "{report:?}");
}
