//! The market's verbs against a real node, run as users run them: registered, asked, proved, paid once, or given back.
#![cfg(test)]

mod anvil;
mod proxy;
mod sandbox;
#[path = "../examples/verify_onchain/main.rs"]
mod verify_onchain;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use anvil::{ACCOUNTS, Anvil};
use assay_contracts::interface::VerifierRouter;
use assay_contracts::network::creation_of_data;
use assay_contracts::{Address, B256, Chain, Market, Network as _, Node, Request, Signer, U256};
use assay_verifier::{KeyParts, VerifyingKey};
use proxy::Proxy;
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
    registry: String,
}

impl Scene {
    fn new(name: &str) -> Self {
        Self::with(name, &[])
    }

    /// With keys made with these options.
    fn with(name: &str, setup: &[&str]) -> Self {
        let (sandbox, anvil) = (Sandbox::new(name), Anvil::start());
        let estimate: Value = serde_json::from_str(&sandbox.succeeds(&["estimate", MODEL, "--json"])).unwrap();
        let opening = usize::from(!setup.is_empty());
        let powers = estimate["openings"][opening]["srs_k"].to_string();
        sandbox.succeeds(&["srs", "generate", "--insecure", "-k", &powers]);
        sandbox.succeeds(&["compile", MODEL]);
        sandbox.succeeds(&[&["setup", MODEL], setup].concat());
        let mut scene = Self { sandbox, anvil, market: String::new(), registry: String::new() };
        let deployed = scene.does(OWNER, &["deploy"]);
        [scene.market, scene.registry] = ["market", "registry"].map(|key| deployed[key].as_str().unwrap().to_owned());
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

    /// The chain as an account's own program sees it.
    fn node(&self, account: usize) -> (Node, Market) {
        let mut node = Node::connect(&self.anvil.url, Some(Signer::from_hex(ACCOUNTS[account].1).unwrap())).unwrap();
        let market = Market::at(&mut node, self.market.parse().unwrap()).unwrap();
        (node, market)
    }

    /// The request in a file.
    fn request(&self, file: &str) -> Request {
        let text = fs::read_to_string(self.sandbox.path(file)).unwrap();
        serde_json::from_value(serde_json::from_str::<Value>(&text).unwrap()["request"].take()).unwrap()
    }

    /// A command behind a node that fails; it must end with this code and say these words.
    fn behind(&self, proxy: &Proxy, account: usize, arguments: &[&str], code: i32, says: &[&str]) {
        let output = self.command(account, arguments).env("ASSAY_RPC", &proxy.url).output().unwrap();
        failed(&output, code, says);
    }

    /// Files in the model's folder whose names begin so.
    fn files(&self, prefix: &str) -> Vec<String> {
        let entries = fs::read_dir(self.sandbox.path("mnist-mlp.assay")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with(prefix)).collect()
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

/// Unix time of the latest block.
fn block_time(scene: &Scene) -> u128 {
    let block = scene.anvil.rpc("eth_getBlockByNumber", &json!(["latest", false]));
    u128::from_str_radix(block["timestamp"].as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
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

#[test]
fn a_proof_is_kept_until_it_is_paid_and_an_own_lock_is_never_given_up() {
    let scene = Scene::new("market-proof");
    let proxy = Proxy::before(&scene.anvil.url);
    scene.asks();
    let (fulfil, send) = (["fulfil", MODEL, "--lock"], "eth_sendRawTransaction");
    // Bond and lock arrive, the proof does not.
    let mut sent = 0;
    proxy.fail(move |method, _| {
        sent += usize::from(method == send);
        method == send && sent > 2
    });
    scene.behind(&proxy, PROVER, &fulfil, MACHINE, &["cannot fulfil"]);
    let kept = scene.files("proof-");
    assert_eq!((kept.len(), scene.anvil.sent(ACCOUNTS[PROVER].0)), (1, 2));
    let kept = scene.sandbox.path("mnist-mlp.assay").join(&kept[0]);
    let proof = fs::read_to_string(&kept).unwrap();

    // Without the proving key, which is not needed again; a minute before the deadline.
    let deadline = scene.status()["request"]["deadline"].as_u64().unwrap();
    let now = u64::try_from(block_time(&scene)).unwrap();
    scene.anvil.advance(deadline - now - 60);
    let pk = scene.sandbox.path("mnist-mlp.assay/pk");
    fs::rename(&pk, scene.sandbox.path("pk")).unwrap();
    proxy.fail(move |method, _| method == send);
    scene.behind(&proxy, PROVER, &fulfil, MACHINE, &["cannot fulfil"]);
    // A proof that was changed is not sent, but made again: late, with a warning, because the lock is the prover's own.
    let mut file: Value = serde_json::from_str(&proof).unwrap();
    let digits = file["proof"].as_str().unwrap().to_owned();
    file["proof"] = format!("{}{}", &digits[..digits.len() - 1], if digits.ends_with('0') { '1' } else { '0' }).into();
    fs::write(&kept, file.to_string()).unwrap();
    scene.refused(PROVER, &fulfil, &["pk does not exist"]);
    fs::rename(scene.sandbox.path("pk"), &pk).unwrap();
    let output = scene.command(PROVER, &fulfil).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && message.contains("half of your bond"), "{message}");
    assert_eq!(scene.status()["request"]["paid_to"], ACCOUNTS[PROVER].0.to_lowercase());
    assert_eq!(scene.files("proof-"), [""; 0], "paid");
}

#[test]
fn an_unopened_request_gives_way_to_another_and_only_one_of_them_can_be_opened() {
    let scene = Scene::new("market-unopened");
    let proxy = Proxy::before(&scene.anvil.url);
    let file = "mnist-mlp.assay/request.json";
    let request = ["request", MODEL, "--input", "input.json", "--fee", "0.1"];
    let send = "eth_sendRawTransaction";
    let unopened = |options: &[&str]| {
        proxy.fail(move |method, _| method == send);
        scene.behind(&proxy, CLIENT, &[&request[..], options].concat(), MACHINE, &["cannot open the request"]);
        scene.request(file)
    };
    let first = unopened(&["--within", "6h"]);
    assert_eq!(unopened(&["--within", "6h"]), first, "the same request goes on");
    // Another time to deliver, or --again, replaces it; the first is kept, and has the same nonce.
    let second = unopened(&["--within", "4h"]);
    let third = unopened(&["--within", "4h", "--again"]);
    assert!(first.deadline != second.deadline && second.nonce == first.nonce && third.nonce == first.nonce);
    assert!(!scene.files("request-").is_empty());
    // Time goes on until the chain would not take it any more.
    scene.anvil.advance(3 * 3_600);
    let opened = scene.does(CLIENT, &request);
    assert_eq!((&opened["new"], scene.anvil.balance(&scene.market)), (&true.into(), FEE));
    let (mut node, market) = scene.node(CLIENT);
    assert!(market.open(&mut node, &first).unwrap_err().to_string().contains("NonceUsed"));
    scene.refused(CLIENT, &[&request[..], &["--within", "6h", "--fee-floor", "0.05"]].concat(), &["open", "--output"]);

    // One that is opened after all, when it has already been replaced: no second one is paid for.
    let options = ["--output", "other.json"];
    let lost = {
        proxy.fail(move |method, _| method == send);
        scene.behind(&proxy, CLIENT, &[&request[..], &options].concat(), MACHINE, &["cannot open"]);
        let lost = scene.request("other.json");
        scene.behind(
            &proxy,
            CLIENT,
            &[&request[..], &options, &["--within", "5h"]].concat(),
            MACHINE,
            &["cannot open"],
        );
        lost
    };
    market.open(&mut node, &lost).unwrap();
    scene.refused(CLIENT, &[&request[..], &options, &["--again"]].concat(), &["was opened after all", "--output"]);
    let kept = format!("other-{}.json", &hex::encode(market.id(&lost))[..16]);
    assert_eq!(scene.does(RIVAL, &["status", MODEL, "--request", &kept])["request"]["status"], "open");
    assert_eq!(scene.anvil.balance(&scene.market), 2 * FEE);

    // The shortest time, although the chain's clock goes on before the request is in a block.
    scene.anvil.rpc("evm_increaseTime", &json!([60]));
    let short = [&request[..], &["--within", "2h", "--output", "short.json"]].concat();
    let output = scene.command(CLIENT, &short).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("next: assay fulfil mnist-mlp.onnx --request short.json"), "{text}");
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
    scene.refused(CLIENT, &["claim", MODEL, "--request", "mnist-mlp.assay/request.json"], &["for market"]);
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

#[test]
fn what_a_failing_node_does_not_say_is_not_made_up() {
    let scene = Scene::new("market-node");
    let proxy = Proxy::before(&scene.anvil.url);
    let request = ["request", MODEL, "--input", "input.json", "--fee", "0.1"];
    // Whether it arrived is not known: the hash is named.
    proxy.fail(|method, _| ["eth_sendRawTransaction", "eth_getTransactionByHash"].contains(&method));
    scene.behind(&proxy, CLIENT, &request, MACHINE, &["transaction 0x", "is sent", "pays nothing twice"]);
    // Questions that fail while it is on its way are asked again.
    let mut asked = 0;
    proxy.fail(move |method, _| {
        asked += usize::from(method == "eth_getTransactionReceipt");
        method == "eth_getTransactionReceipt" && asked < 3
    });
    let output = scene.command(CLIENT, &request).env("ASSAY_RPC", &proxy.url).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let registry = scene.registry.to_lowercase();
    proxy.fail(move |method, parameters| {
        method == "eth_call" && parameters[0]["to"].as_str().is_some_and(|to| to.to_lowercase() == registry)
    });
    scene.behind(&proxy, RIVAL, &["status", MODEL], MACHINE, &["cannot use the market"]);

    // A node without events: the receipt says what was paid, and later nobody does.
    proxy.fail(|method, _| method == "eth_getLogs");
    let fulfil = ["fulfil", MODEL, "--json"];
    let output = scene.command(PROVER, &fulfil).env("ASSAY_RPC", &proxy.url).output().unwrap();
    let paid: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((wei(&paid["price_wei"]), wei(&paid["share_wei"])), (FEE, FEE * 7 / 10));
    scene.behind(&proxy, PROVER, &fulfil, MACHINE, &["is settled", "does not say who was paid"]);
    let status = scene.command(PROVER, &["status", MODEL, "--json"]).env("ASSAY_RPC", &proxy.url).output().unwrap();
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!((&status["request"]["status"], &status["request"]["price_wei"]), (&"settled".into(), &Value::Null));
    let again = scene.does(PROVER, &fulfil[..2]);
    assert_eq!((&again["already"], wei(&again["share_wei"])), (&true.into(), FEE * 7 / 10));
}

#[test]
fn without_the_factory_nothing_is_deployed_that_would_not_be_found_again() {
    let (sandbox, anvil) = (Sandbox::new("market-factory"), Anvil::start());
    anvil.rpc("anvil_setCode", &json!(["0x4e59b44847b379578588920cA78FbF26c0B4956C", "0x"]));
    let mut command = sandbox.command(&["deploy"]);
    command.env("ASSAY_RPC", &anvil.url).env("ASSAY_PRIVATE_KEY", ACCOUNTS[OWNER].1);
    failed(&command.output().unwrap(), WRONG_REQUEST, &["no deployment factory", "0x4e59b4", "not paid for twice"]);
    assert_eq!(anvil.sent(ACCOUNTS[OWNER].0), 0);
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
    // What could not be paid for is not written down.
    assert_eq!(scene.files("request"), [""; 0]);
    scene.does(CLIENT, &request);
    for within in ["1h", "30d", "18446744073709551615s"] {
        scene.refused(CLIENT, &[&request[..], &["--again", "--within", within]].concat(), &["2h to 7d", within]);
    }
    for url in ["user:SECRET@127.0.0.1:8545", "http://user:SE/CRET@node.example", "ws://user:SECRET@node.example"] {
        let output = scene.command(CLIENT, &[&request[..], &["--rpc", url]].concat()).output().unwrap();
        failed(&output, WRONG_REQUEST, &["http://127.0.0.1:8545"]);
        assert!(!String::from_utf8_lossy(&output.stderr).contains("CRET"));
    }
    scene.refused(
        CLIENT,
        &["request", MODEL, "--input", "input.json", "--fee", "0", "--output", "free.json"],
        &["zero"],
    );
    let market = scene.market.as_str();
    scene.refused(RIVAL, &["register", MODEL, "--market", ACCOUNTS[RIVAL].0], &["no contract", ACCOUNTS[RIVAL].0]);
    let (register, sent) = (["register", MODEL, "--market", market], scene.anvil.sent(ACCOUNTS[RIVAL].0));
    let share = |account: usize, percent: u32| format!("{}={percent}", ACCOUNTS[account].0);
    let [some, all, none] = [share(CLIENT, 10), share(PROVER, 80), share(PROVER, 0)];
    let shares: [(&[&str], &[&str]); 4] = [
        (&["--owner-share", "31"], &["30 %", "31"]),
        (&["--owner-share", "30", "--contributor", &all], &["110 %"]),
        (&["--contributor", &none], &["0 points"]),
        (&["--contributor", &some, "--contributor", &some], &["named twice"]),
    ];
    for (shares, says) in shares {
        scene.refused(RIVAL, &[&register[..], shares].concat(), says);
    }
    assert_eq!(scene.anvil.sent(ACCOUNTS[RIVAL].0), sent, "nothing was paid for");

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
    let lenet = include_str!("../contracts/artifacts/lenet.json");
    let accepts = include_str!("../contracts/artifacts/AcceptAll.json");
    for (json, says) in [(lenet, "WrongLength"), (accepts, "accepts what is no proof")] {
        compiled(json);
        scene.refused(PROVER, &["fulfil", MODEL], &["Verifier.bin is no verifier for the key", says, "solc --bin"]);
        scene.refused(RIVAL, &["register", MODEL], &["Verifier.bin is no verifier for the key", says]);
    }
    // The same verifier but for a byte that is never reached: another class.
    compiled(include_str!("../contracts/artifacts/mnist-mlp.json"));
    let path = scene.sandbox.path("mnist-mlp.assay/Verifier.bin");
    let creation = hex::decode(fs::read_to_string(&path).unwrap()).unwrap();
    let mut chain = Chain::new();
    let (verifier, _) = chain.deploy(Address::ZERO, &creation).unwrap();
    let code = [chain.code(verifier).unwrap(), vec![0]].concat();
    fs::write(&path, hex::encode(creation_of_data(&code))).unwrap();
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

/// A key that says it is of the model's graph, with two of the commitments exchanged.
#[test]
fn a_key_that_is_not_the_models_is_refused_before_anything_is_escrowed_or_registered() {
    let scene = Scene::new("market-forged-key");
    let path = scene.sandbox.path("mnist-mlp.assay/vk");
    let key = VerifyingKey::from_bytes(&fs::read(&path).unwrap()).unwrap();
    let mut parts = KeyParts {
        k: key.k(),
        instances: key.instances(),
        constraints: key.constraints().clone(),
        opening: key.opening(),
        commitments: key.commitments().to_vec(),
        representative: key.representative(),
        graph_digest: key.graph_digest(),
        srs: *key.srs(),
    };
    parts.commitments.swap(0, 1);
    fs::write(&path, VerifyingKey::new(parts).unwrap().bytes()).unwrap();
    let sent = || [OWNER, CLIENT].map(|account| scene.anvil.sent(ACCOUNTS[account].0));
    let before = sent();
    let says = ["is not the key of mnist-mlp.onnx"];
    scene.refused(CLIENT, &["request", MODEL, "--input", "input.json", "--fee", "0.1"], &says);
    scene.refused(OWNER, &["register", MODEL, "--market", &scene.market, "--skip-delay"], &says);
    assert_eq!(sent(), before);
    assert_eq!(scene.files("request"), [""; 0]);
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
    let text = fs::read_to_string(folder.join("client.key")).unwrap();
    fs::write(folder.join("client.key"), text.replace("\"dklen\":32", "\"dklen\":16")).unwrap();
    failed(&run(Some("open sesame")), WRONG_REQUEST, &["client.key", "dklen", "got 16"]);
    fs::write(folder.join("client.key"), text).unwrap();
    let output = run(Some("open sesame"));
    let asked: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(asked["client"], ACCOUNTS[CLIENT].0.to_lowercase());
}

/// The lines of a README that are commands: indented by four.
fn commands(readme: &str) -> Vec<&str> {
    readme.lines().filter_map(|line| line.strip_prefix("    ")).collect()
}

#[test]
fn the_examples_readme_leads_from_a_model_to_a_paid_proof() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("examples/verify_onchain/README.md")).unwrap();
    let (sandbox, anvil) = (Sandbox::new("market-readme"), Anvil::start());
    // The user's own model, the compiler that npm installs, and the binary under test.
    fs::rename(sandbox.path(MODEL), sandbox.path("model.onnx")).unwrap();
    fs::create_dir(sandbox.path("bin")).unwrap();
    let links = [("assay", Path::new(env!("CARGO_BIN_EXE_assay"))), ("solc", &root.join("contracts/tools/solc.cjs"))];
    for (name, program) in links {
        std::os::unix::fs::symlink(program, sandbox.path("bin").join(name)).unwrap();
    }
    let example = "cargo run --release --example verify_onchain -- ";
    let mut script = Vec::new();
    for line in commands(&readme) {
        // What is installed, running or tested already is not done again; the market's address comes from what `assay deploy` says.
        let line = match line {
            "(cd contracts && npm ci)" => continue,
            line if line.ends_with("/bin/anvil &") => continue,
            line if line.starts_with(example) => {
                let model = root.join(&line[example.len()..]);
                let report = verify_onchain::run(&model, &anvil.url, ACCOUNTS[OWNER].1).unwrap();
                assert!(report.gas > 100_000 && report.refusal.contains("InvalidProof"), "{report:?}");
                continue;
            }
            line => line.replace("assay deploy", "assay deploy > deployed"),
        };
        script.push(line.replace("ADDRESS", r"$(sed -n 's/^market \(0x[^,]*\),.*/\1/p' deployed)"));
    }
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script.join("\n")])
        .current_dir(&sandbox.folder)
        .env("PATH", format!("{}:{}", sandbox.path("bin").display(), std::env::var("PATH").unwrap()))
        .env("XDG_DATA_HOME", sandbox.path("data"))
        .env("XDG_CACHE_HOME", sandbox.path("cache"))
        .env("ASSAY_RPC", &anvil.url)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said} {}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("paid: 0.008 ether of 0.01 ether") && said.contains("paid out: 0.01 ether"), "{said}");
    assert!(sandbox.path("model.assay/Verifier.bin").exists(), "the compiler wrote it");
}
