//! Locks, and the bond behind them.

use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use crate::anvil::ACCOUNTS;
use crate::proxy::Proxy;
use crate::scene::{BOND, CLIENT, ETHER, FEE, MODEL, OWNER, PROVER, RIVAL, Scene, wei};
use assay_contracts::interface::{InferenceMarket, VerifierRouter};
use assay_contracts::market::U96;
use assay_contracts::{B256, Network as _, SolCall as _, Tier, U256};
use serde_json::{Value, json};

#[test]
fn a_lock_that_comes_too_late_moves_no_bond_and_the_proof_is_paid_without() {
    let scene = Scene::new("market-late-lock");
    let prover = ACCOUNTS[PROVER].0;
    let fulfil = |url: &str, says: &str| {
        let mut command = scene.command(PROVER, &["fulfil", MODEL, "--lock", "--no-wait", "--json"]);
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

    // A rival locks in between; its lock is too young to exclude anybody.
    scene.anvil.rpc("anvil_mine", &json!(["0x40"]));
    scene.does(CLIENT, &["request", MODEL, "--input", "input.json", "--fee", "0.1", "--again"]);
    let (request, (mut node, market)) = (scene.request("mnist-mlp.assay/request.json"), scene.node(RIVAL));
    let proxy = Proxy::before(&scene.anvil.url);
    let mut locked = false;
    proxy.fail(move |method, _| {
        if !locked && method == "eth_maxPriorityFeePerGas" {
            let rival = node.account().unwrap();
            market.fund_bond(&mut node, rival, request.lock_bond().to()).unwrap();
            market.lock(&mut node, rival, &request, B256::ZERO).unwrap();
            locked = true;
        }
        false
    });
    fulfil(&proxy.url, "the request is locked by now");
    assert_eq!(scene.anvil.sent(prover), 2, "two fulfilments");
}

/// Only a request of tier proved can be locked. Of another tier a bond would be held for its notice and protect nothing.
#[test]
fn no_bond_is_moved_for_a_request_that_has_no_lock() {
    let scene = Scene::new("market-no-lock");
    let prover = ACCOUNTS[PROVER].0;
    scene.opens("receipt.json", |request| {
        (request.tier, request.prover) = (Tier::Receipt, prover.parse().unwrap());
    });
    let output = scene.command(PROVER, &["fulfil", MODEL, "--request", "receipt.json", "--lock"]).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && message.contains("only requests of tier proved have a lock"), "{message}");
    let state = scene.does(RIVAL, &["status", MODEL, "--request", "receipt.json", "--account", prover]);
    assert_eq!(wei(&state["account"]["bond_wei"]), 0);
    assert_eq!((&state["request"]["paid_to"], scene.anvil.sent(prover)), (&prover.to_lowercase().into(), 1));
}

#[test]
fn a_bond_comes_back_after_its_notice() {
    let scene = Scene::new("market-bond");
    let prover = ACCOUNTS[PROVER].0;
    scene.asks();
    scene.does(PROVER, &["fulfil", MODEL, "--lock", "--no-wait"]);
    let claimed = scene.does(PROVER, &["claim", MODEL]);
    assert_eq!((wei(&claimed["bond_wei"]), wei(&claimed["bond_leaving_wei"])), (BOND, 0));
    let claimed = scene.does(PROVER, &["claim", MODEL, "--leave"]);
    assert_eq!((wei(&claimed["bond_wei"]), wei(&claimed["bond_leaving_wei"])), (0, BOND));
    let sent = scene.anvil.sent(prover);
    let again = scene.does(PROVER, &["claim", MODEL, "--leave"]);
    assert_eq!((&again["bond_leaves_at"], scene.anvil.sent(prover)), (&claimed["bond_leaves_at"], sent));
    let state = scene.does(RIVAL, &["status", MODEL, "--account", prover]);
    assert_eq!(state["account"]["bond_leaves_at"], claimed["bond_leaves_at"]);
    scene.anvil.advance(10 * 86_400 + 1);
    let claimed = scene.does(PROVER, &["claim", MODEL]);
    assert_eq!((wei(&claimed["left_wei"]), wei(&claimed["withdrawn_wei"])), (BOND, BOND));
    assert_eq!((wei(&claimed["bond_wei"]), &claimed["bond_leaves_at"]), (0, &Value::Null));
    assert_eq!(scene.anvil.balance(&scene.market), FEE * 3 / 10, "the owner's share is left");
}

#[test]
fn a_proof_is_not_shown_before_its_lock_excludes_others() {
    let scene = Scene::new("market-mature");
    scene.asks();
    let proxy = Proxy::before(&scene.anvil.url);
    // Of each transaction that is sent, the time of the latest block and whether the proof was there.
    let (told, sent) = mpsc::channel();
    let (url, folder) = (scene.anvil.url.clone(), scene.sandbox.path("mnist-mlp.assay"));
    // How long a lock is young, the market's code says, and no node: asked for it, this one would keep the proof for a week.
    let maturity = format!("0x{}", hex::encode(InferenceMarket::LOCK_MATURITYCall::SELECTOR));
    proxy.answer(move |method, parameters, node| {
        if method == "eth_call" && parameters[0]["data"] == maturity.as_str() {
            return Some(json!({ "jsonrpc": "2.0", "id": 1, "result": format!("{:#066x}", 7 * 86_400) }));
        }
        if method == "eth_sendRawTransaction" {
            let proof = std::fs::read_dir(&folder)
                .unwrap()
                .any(|file| file.unwrap().file_name().to_string_lossy().starts_with("proof-"));
            told.send((time_at(&url), proof)).unwrap();
        }
        Some(node())
    });
    let mut command = scene.command(PROVER, &["fulfil", MODEL, "--lock"]);
    let child = command.env("ASSAY_RPC", &proxy.url).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let [(_, no_bond_proof), (_, no_lock_proof)] = [sent.recv().unwrap(), sent.recv().unwrap()];
    assert_eq!((no_bond_proof, no_lock_proof), (true, true), "a proof that is soon made comes first, and is kept");
    while scene.status()["request"]["status"] != "locked" {
        std::thread::sleep(Duration::from_millis(50));
    }
    let locked = time_at(&scene.anvil.url);
    while scene.files("proof-").is_empty() {
        std::thread::sleep(Duration::from_millis(50));
    }
    // It is proved while the lock is young, and not sent.
    assert!(sent.recv_timeout(Duration::from_secs(3)).is_err());
    scene.anvil.advance(61);
    let (shown, _) = sent.recv_timeout(Duration::from_secs(30)).unwrap();
    assert!(shown > locked + 60, "locked at {locked}, shown at {shown}");
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("the lock excludes others in") && text.contains("--no-wait"), "{text}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let waits: Vec<&str> = said.lines().filter(|line| line.contains("wait for the lock")).collect();
    assert!(
        !waits.is_empty() && waits.iter().all(|line| !line.contains(" of ") && !line.contains(" left")),
        "{waits:?}"
    );
}

#[test]
fn a_lock_says_its_bond_and_its_risk_first_and_takes_no_more_than_it_may() {
    let scene = Scene::new("market-max-bond");
    let prover = ACCOUNTS[PROVER].0;
    let file = ["--request", "dear.json"];
    let request = ["request", MODEL, "--input", "input.json", "--fee", "0.1", "--loss", "1", "--output", "dear.json"];
    scene.does(CLIENT, &request);
    let state = scene.does(RIVAL, &[&["status", MODEL][..], &file].concat());
    let state = &state["request"];
    let amounts = ["loss_wei", "bond_wei", "lost_if_rescued_wei", "lost_if_absent_wei"].map(|name| wei(&state[name]));
    assert_eq!(amounts, [ETHER, 5 * ETHER, ETHER + FEE, 5 * ETHER / 2]);
    let output = scene.command(RIVAL, &[&["status", MODEL][..], &file].concat()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("loss 1 ether") && text.contains("a locker loses up to 1.1 ether"), "{text}");

    let fulfil = [&["fulfil", MODEL, "--lock", "--no-wait"][..], &file].concat();
    scene.refused(
        PROVER,
        &fulfil,
        &[
            "bond of 5 ether (five times the loss that the client names)",
            "more than 0.3 ether (three times the fee of now",
            "lose of it without a proof is 2.5 ether",
            "next: assay fulfil mnist-mlp.onnx --request dear.json\n",
        ],
    );
    scene.refused(PROVER, &[&fulfil[..], &["--max-bond", "4.9"]].concat(), &["more than 4.9 ether (--max-bond)"]);
    assert_eq!((scene.anvil.sent(prover), scene.files("proof-").len()), (0, 0), "nothing moved");
    let output = scene.command(PROVER, &[&fulfil[..], &["--max-bond", "5.0"]].concat()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let at = |words: &str| text.find(words).unwrap_or_else(|| panic!("it does not say {words:?}: {text}"));
    let risks = ["5 ether are added", "nothing at the deadline", "up to 1.1 ether", "you lose 2.5 ether when nobody"];
    for risk in risks {
        assert!(at(risk) < at("add to the bond"), "{text}");
    }
}

#[test]
fn a_rescuer_is_told_what_is_in_it_and_a_late_locker_what_is_left() {
    let scene = Scene::new("market-rescue");
    let asked = ["request", MODEL, "--input", "input.json", "--fee", "0.1", "--fee-floor", "0.04"];
    scene.does(CLIENT, &asked);
    let (request, (mut node, market)) = (scene.request("mnist-mlp.assay/request.json"), scene.node(RIVAL));
    let rival = node.account().unwrap();
    market.fund_bond(&mut node, rival, request.lock_bond().to()).unwrap();
    market.lock(&mut node, rival, &request, B256::ZERO).unwrap();
    let check = ["fulfil", MODEL, "--check"];
    scene.refused(PROVER, &check, &["locked by", ACCOUNTS[RIVAL].0]);
    scene.refused(RIVAL, &check, &["with another output than the model's"]);
    scene.anvil.advance(3 * 3_600);
    let checked = scene.does(PROVER, &check);
    let locked = market.job(&mut node, market.id(&request)).unwrap().price.to::<u128>();
    // The fee is what the lock still pays; the rest of the fee of now and a tenth of the bond come from the locker.
    let left = wei(&checked["price_wei"]);
    assert!(left < locked && left > locked / 4, "{left} of {locked}");
    assert_eq!(wei(&checked["of_bond_wei"]), FEE - left + BOND / 10);
    scene.does(PROVER, &["fulfil", MODEL]);
    assert_eq!(scene.status()["request"]["paid_to"], ACCOUNTS[PROVER].0.to_lowercase());
    // The fee at once; what comes from the bond is bond, which leaves after its notice. Both have moved on by the seconds that the proof took.
    let claimed = scene.does(PROVER, &["claim", MODEL]);
    let (paid, of_bond) = (wei(&claimed["withdrawn_wei"]), wei(&claimed["bond_wei"]));
    assert!(paid <= wei(&checked["share_wei"]) && paid > wei(&checked["share_wei"]) * 9 / 10, "{claimed}");
    assert!(of_bond >= wei(&checked["of_bond_wei"]) && of_bond < wei(&checked["of_bond_wei"]) * 11 / 10, "{claimed}");
    scene.does(PROVER, &["claim", MODEL, "--leave"]);
    scene.anvil.advance(10 * 86_400 + 1);
    let claimed = scene.does(PROVER, &["claim", MODEL]);
    assert_eq!((wei(&claimed["left_wei"]), wei(&claimed["withdrawn_wei"])), (of_bond, of_bond));
}

#[test]
fn a_locker_frees_its_bond_where_nobody_can_prove_any_more_or_the_client_stays_away() {
    let scene = Scene::new("market-abandoned");
    let (mut node, market) = scene.node(PROVER);
    let prover = node.account().unwrap();
    let mut locks = |file: &str| {
        let request = scene.opens(file, |_| ());
        market.fund_bond(&mut node, prover, U96::from(BOND)).unwrap();
        market.lock(&mut node, prover, &request, B256::repeat_byte(1)).unwrap();
        request
    };
    let claim = |account: usize, file: &str| scene.does(account, &["claim", MODEL, "--request", file]);
    locks("late.json");
    let early = claim(PROVER, "late.json");
    assert_eq!((&early["refunded"], wei(&early["bond_reserved_wei"])), (&false.into(), BOND));
    scene.anvil.advance(5 * 3_600);
    assert_eq!(claim(RIVAL, "late.json")["refunded"], false, "it is not the rival's");
    let late = claim(PROVER, "late.json");
    // Half of the bond is lost; a tenth of that half is bond of whoever ends the request.
    let left = BOND / 2 + BOND / 20;
    assert_eq!(
        (&late["refunded"], &late["bond_reserved_wei"], wei(&late["bond_wei"])),
        (&true.into(), &Value::Null, left)
    );
    assert_eq!(wei(&claim(CLIENT, "late.json")["withdrawn_wei"]), FEE);

    let request = locks("dead.json");
    let (mut owner, _) = scene.node(OWNER);
    let (account, class) = (owner.account().unwrap(), market.model(&mut owner, request.modelId).unwrap().0.class);
    owner.transact(account, market.router, U256::ZERO, &VerifierRouter::tombstoneCall { class }).unwrap();
    let status = ["status", MODEL, "--request", "dead.json"];
    let state = scene.does(RIVAL, &status)["request"].take();
    let lost = (&state["lost_if_rescued_wei"], &state["lost_if_absent_wei"]);
    assert_eq!((wei(&state["bond_wei"]), lost), (BOND, (&Value::Null, &Value::Null)));
    let said = String::from_utf8(scene.command(RIVAL, &status).output().unwrap().stdout).unwrap();
    assert!(!said.contains("a locker loses") && said.contains("its client or its prover"), "{said}");
    let dead = claim(PROVER, "dead.json");
    assert_eq!(
        (&dead["refunded"], &dead["bond_reserved_wei"], wei(&dead["bond_wei"])),
        (&true.into(), &Value::Null, left + BOND)
    );
}

/// Unix time of a node's latest block.
fn time_at(url: &str) -> u64 {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_getBlockByNumber", "params": ["latest", false] });
    let answer: Value = ureq::post(url).send_json(&body).unwrap().body_mut().read_json().unwrap();
    u64::from_str_radix(answer["result"]["timestamp"].as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}
