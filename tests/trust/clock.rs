//! By a node's clock fees rise, deadlines pass and locks begin to exclude others: one that is far from this machine's is believed by no command that bonds, proves or pays.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use assay_contracts::{Market, Request};
use assay_prover::Srs;
use serde_json::{Value, json};

use crate::anvil::{ACCOUNTS, Anvil};
use crate::proxy::Proxy;
use crate::sandbox::Sandbox;
use crate::{CLIENT, MACHINE, MODEL, OWNER, PROVER, Scene, WRONG_REQUEST, failed};

const WEEK: u64 = 7 * 86_400;

/// A scene on a chain where money is worth something, whose clock is this machine's, with a registered model of an SRS that nobody published.
fn scene() -> (Scene, Market) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let anvil = Anvil::start_with(&["--chain-id", "1", "--timestamp", &(now - WEEK).to_string()]);
    let scene = Scene { sandbox: Sandbox::new("trust-clock"), anvil };
    let estimate: Value = serde_json::from_str(&scene.sandbox.succeeds(&["estimate", MODEL, "--json"])).unwrap();
    let powers = u32::try_from(estimate["openings"][0]["srs_k"].as_u64().unwrap()).unwrap();
    fs::create_dir_all(scene.sandbox.path("data/assay")).unwrap();
    let srs = Srs::insecure(powers, [9; 32]).unwrap().to_bytes().unwrap();
    fs::write(scene.sandbox.path("data/assay/srs"), srs).unwrap();
    for verb in ["compile", "setup"] {
        scene.sandbox.succeeds(&[verb, MODEL]);
    }
    let market = scene.does(OWNER, &["deploy"])["market"].as_str().unwrap().to_owned();
    // The week after which the verifier may judge is over now.
    scene.does(OWNER, &["register", MODEL, "--market", &market, "--skip-delay"]);
    let (market, _) = Market::genuine(&mut scene.node(OWNER), market.parse().unwrap(), &[]).unwrap();
    (scene, market)
}

/// A node that tells a time so many seconds later.
fn shift(proxy: &Proxy, seconds: i64) {
    proxy.answer(move |method, _, node| {
        let mut answer = node();
        if method == "eth_getBlockByNumber" {
            let time = &mut answer["result"]["timestamp"];
            let true_time = i64::from_str_radix(time.as_str().unwrap().trim_start_matches("0x"), 16).unwrap();
            *time = format!("{:#x}", true_time + seconds).into();
        }
        Some(answer)
    });
}

#[test]
fn a_node_that_tells_another_time_has_nothing_bonded_proved_or_paid() {
    let (scene, market) = scene();
    let request = |output| {
        [
            "request",
            MODEL,
            "--input",
            "input.json",
            "--fee",
            "1",
            "--fee-floor",
            "0.001",
            "--within",
            "6d",
            "--output",
            output,
        ]
    };
    scene.does(CLIENT, &request("asked.json"));
    let proxy = Proxy::before(&scene.anvil.url);
    let behind = |account: usize, arguments: &[&str]| {
        scene.command(account, arguments).env("ASSAY_RPC", &proxy.url).output().unwrap()
    };
    let says = ["this machine's clock says", "the node is behind or wrong", "--rpc"];
    let fulfil = ["fulfil", MODEL, "--request", "asked.json", "--lock", "--max-bond", "2", "--at-a-loss"];
    let check = [&fulfil[..], &["--check"]].concat();
    // By then the fee would have risen to all of it.
    shift(&proxy, 4 * 86_400);
    failed(&behind(PROVER, &check), WRONG_REQUEST, &says);
    failed(&behind(PROVER, &fulfil), WRONG_REQUEST, &says);
    assert_eq!(scene.anvil.sent(ACCOUNTS[PROVER].0), 0);
    shift(&proxy, 0);
    let honest = behind(PROVER, &check);
    assert!(honest.status.success(), "{}", String::from_utf8_lossy(&honest.stderr));

    // A request that was not opened an hour ago, when a node tells that hour: its fee has begun to rise.
    proxy.fail(|method, _| method == "eth_sendRawTransaction");
    failed(&behind(CLIENT, &request("old.json")), MACHINE, &["cannot open the request"]);
    let mut old: Request = serde_json::from_value(scene.read("old.json")["request"].take()).unwrap();
    let earlier = |time: u64| assay_contracts::market::time(time - 3_600);
    old.rampStart = earlier(old.rampStart.to());
    old.rampEnd = earlier(old.rampEnd.to());
    old.deadline = earlier(old.deadline.to());
    scene.write("old.json", "id", json!(market.id(&old)));
    scene.write("old.json", "request", json!(old));
    shift(&proxy, -3_600);
    failed(&behind(CLIENT, &request("old.json")), WRONG_REQUEST, &says);
    assert_eq!(scene.anvil.sent(ACCOUNTS[CLIENT].0), 1, "the first request");
}
