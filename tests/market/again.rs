//! Commands that are killed, or fail in the middle, and are run again.

use std::fs;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use crate::anvil::ACCOUNTS;
use crate::proxy::Proxy;
use crate::scene::{BOND, CLIENT, FEE, MACHINE, MODEL, PROVER, RIVAL, Scene, block_time, wei};
use serde_json::{Value, json};

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
    let fulfil = |file: &str| scene.command(PROVER, &["fulfil", MODEL, "--lock", "--no-wait", "--request", file]);
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
        assert_eq!(scene.anvil.balance(&scene.market), requests * FEE + BOND, "one bond, killed at {eighth}/8");
    }
    let state = scene.does(RIVAL, &["status", MODEL, "--account", ACCOUNTS[PROVER].0]);
    assert_eq!(wei(&state["account"]["credit_wei"]), 6 * FEE * 7 / 10);
}

/// A link to a disk that is not there, or a file that the disk does not give: what it says was paid for.
#[test]
fn a_request_whose_file_is_there_and_cannot_be_read_is_not_paid_for_again() {
    let scene = Scene::new("market-unreadable");
    scene.asks();
    let client = ACCOUNTS[CLIENT].0;
    let (sent, file) = (scene.anvil.sent(client), scene.sandbox.path("mnist-mlp.assay/request.json"));
    let away = scene.sandbox.path("away.json");
    std::fs::rename(&file, &away).unwrap();
    std::os::unix::fs::symlink(scene.sandbox.path("nowhere"), &file).unwrap();
    let ask = ["request", MODEL, "--input", "input.json", "--fee", "0.1"];
    let output = scene.command(CLIENT, &ask).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && message.contains("request.json"), "{message}");
    assert_eq!(scene.anvil.sent(client), sent, "nothing was sent");
    assert!(file.symlink_metadata().unwrap().is_symlink(), "the link is as it was");
    std::fs::remove_file(&file).unwrap();
    std::fs::rename(away, file).unwrap();
    scene.asks();
    assert_eq!(scene.anvil.sent(client), sent, "the same request is found again");
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
    let state = scene.status();
    assert_eq!((&state["request"]["status"], &state["request"]["price_wei"]), (&"not open".into(), &Value::Null));
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
    assert!(text.contains("next: assay status mnist-mlp.onnx --request short.json"), "{text}");
}

#[test]
fn a_proof_is_kept_until_it_is_paid_and_an_own_lock_is_never_given_up() {
    let scene = Scene::new("market-proof");
    let proxy = Proxy::before(&scene.anvil.url);
    scene.asks();
    let (fulfil, send) = (["fulfil", MODEL, "--lock", "--no-wait"], "eth_sendRawTransaction");
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
    assert!(output.status.success() && message.contains("your bond goes"), "{message}");
    assert_eq!(scene.status()["request"]["paid_to"], ACCOUNTS[PROVER].0.to_lowercase());
    // It stays until no reorganisation can undo the payment.
    let again = scene.does(PROVER, &fulfil);
    assert_eq!((&again["already"], &again["proof_kept"], scene.files("proof-").len()), (&true.into(), &true.into(), 1));
    scene.anvil.rpc("anvil_mine", &json!(["0x40"]));
    let again = scene.does(PROVER, &fulfil);
    assert_eq!((&again["already"], &again["proof_kept"]), (&true.into(), &false.into()));
    assert_eq!(scene.files("proof-"), [""; 0], "paid for good");
}

#[test]
fn a_payment_that_a_reorganisation_undoes_is_had_again_by_the_same_proof() {
    let scene = Scene::new("market-reorg");
    scene.asks();
    let before = scene.anvil.rpc("evm_snapshot", &json!([]));
    scene.does(PROVER, &["fulfil", MODEL]);
    let calldata = || {
        let block = scene.anvil.rpc("eth_getBlockByNumber", &json!(["latest", true]));
        block["transactions"][0]["input"].as_str().unwrap().to_owned()
    };
    let first = calldata();
    scene.anvil.rpc("evm_revert", &json!([before]));
    assert_eq!(scene.status()["request"]["status"], "open");
    // Without the proving key: nothing is proved again.
    fs::rename(scene.sandbox.path("mnist-mlp.assay/pk"), scene.sandbox.path("pk")).unwrap();
    let again = scene.does(PROVER, &["fulfil", MODEL]);
    assert_eq!((&again["already"], calldata()), (&false.into(), first));
    assert_eq!(scene.status()["request"]["paid_to"], ACCOUNTS[PROVER].0.to_lowercase());
    // `claim`, which everybody runs next, lets the proof go when the payment is final.
    scene.anvil.rpc("anvil_mine", &json!(["0x40"]));
    assert_eq!(scene.files("proof-").len(), 1);
    assert_eq!(wei(&scene.does(PROVER, &["claim", MODEL])["withdrawn_wei"]), FEE * 7 / 10);
    assert_eq!(scene.files("proof-"), [""; 0]);
}

#[test]
fn a_lock_that_a_reorganisation_undoes_is_made_again_with_the_bond_that_is_there() {
    let scene = Scene::new("market-reorg-lock");
    scene.asks();
    let proxy = Proxy::before(&scene.anvil.url);
    // Bond and lock arrive, the proof does not; the chain as it was between the two is what the reorganisation leaves.
    let (mut sent, between) = (0, Arc::new(Mutex::new(Value::Null)));
    let (url, taken) = (scene.anvil.url.clone(), Arc::clone(&between));
    proxy.fail(move |method, _| {
        sent += usize::from(method == "eth_sendRawTransaction");
        if method == "eth_sendRawTransaction" && sent == 2 {
            let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "evm_snapshot", "params": [] });
            let mut answer = ureq::post(&url).send_json(&body).unwrap();
            *taken.lock().unwrap() = answer.body_mut().read_json::<Value>().unwrap()["result"].take();
        }
        method == "eth_sendRawTransaction" && sent > 2
    });
    let fulfil = ["fulfil", MODEL, "--lock", "--no-wait"];
    scene.behind(&proxy, PROVER, &fulfil, MACHINE, &["cannot fulfil"]);
    assert_eq!(scene.status()["request"]["status"], "locked");
    scene.anvil.rpc("evm_revert", &json!([between.lock().unwrap().clone()]));
    assert_eq!(scene.status()["request"]["status"], "open");
    let kept = scene.files("proof-");
    scene.does(PROVER, &fulfil);
    assert_eq!((kept.len(), scene.files("proof-")), (1, kept.clone()));
    assert_eq!(scene.anvil.sent(ACCOUNTS[PROVER].0), 3, "one bond, a lock, a fulfilment");
    let state = scene.does(RIVAL, &["status", MODEL, "--account", ACCOUNTS[PROVER].0]);
    assert_eq!(wei(&state["account"]["bond_wei"]), BOND, "one bond, free again");
}
