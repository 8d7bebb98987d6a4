//! Two commands at the same time, and files that somebody else has put there.

use std::fs;
use std::process::{Child, Stdio};
use std::time::Duration;

use assay_contracts::market::{U96, time};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::anvil::ACCOUNTS;
use crate::proxy::Proxy;
use crate::scene::{BOND, CLIENT, FEE, MACHINE, MODEL, PROVER, RIVAL, Scene, block_time, wei};

const FILE: &str = "mnist-mlp.assay/request.json";
const REQUEST: [&str; 6] = ["request", MODEL, "--input", "input.json", "--fee", "0.1"];

impl Scene {
    fn begins(&self, account: usize, arguments: &[&str]) -> Child {
        self.command(account, arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// A planted file: what `assay request` has written, changed, with the id that goes with it.
    fn plants(&self, change: impl FnOnce(&mut assay_contracts::Request)) -> String {
        let path = self.sandbox.path(FILE);
        let mut asked: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let mut request = self.request(FILE);
        change(&mut request);
        let (_, market) = self.node(CLIENT);
        asked["id"] = json!(market.id(&request));
        asked["request"] = serde_json::to_value(&request).unwrap();
        fs::write(&path, asked.to_string()).unwrap();
        asked.to_string()
    }
}

#[test]
fn of_requests_made_at_once_one_is_paid_for_and_none_is_lost() {
    let scene = Scene::new("market-at-once");
    let children = [(); 3].map(|()| scene.begins(CLIENT, &[&REQUEST[..], &["--json"]].concat()));
    let outputs = children.map(|child| child.wait_with_output().unwrap());
    let asked = outputs.map(|output| {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    });
    assert_eq!(scene.anvil.balance(&scene.market), FEE, "escrowed once");
    assert_eq!(asked.iter().filter(|asked| asked["new"] == true).count(), 1);
    assert!(asked.iter().all(|other| other["id"] == asked[0]["id"]));
    assert_eq!(scene.status()["request"]["id"], asked[0]["id"]);
    // Somebody else's command finds the file, and leaves it alone.
    scene.refused(RIVAL, &REQUEST, &["another input, fee or account", "--output"]);
}

#[test]
fn a_bond_is_added_once_by_commands_at_once_and_by_one_that_was_stopped_before_it_was_in_a_block() {
    let scene = Scene::new("market-one-bond");
    let prover = ACCOUNTS[PROVER].0;
    scene.asks();
    let fulfil = ["fulfil", MODEL, "--lock", "--no-wait"];
    let bond = || wei(&scene.does(RIVAL, &["status", MODEL, "--account", prover])["account"]["bond_wei"]);
    // Stopped while the bond is on its way.
    scene.anvil.rpc("evm_setAutomine", &json!([false]));
    let mut child = scene.begins(PROVER, &fulfil);
    for _ in 0..1_200 {
        if scene.anvil.rpc("txpool_status", &json!([]))["pending"] == "0x1" {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(scene.anvil.rpc("txpool_status", &json!([]))["pending"], "0x1", "the bond is on its way");
    child.kill().unwrap();
    child.wait().unwrap();
    let again = scene.begins(PROVER, &fulfil);
    std::thread::sleep(Duration::from_secs(1));
    scene.anvil.rpc("evm_mine", &json!([]));
    scene.anvil.rpc("evm_setAutomine", &json!([true]));
    let output = again.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!((bond(), scene.anvil.sent(prover)), (BOND, 3), "bond, lock, fulfilment");

    // Two at once of the same request: one lock, one payment, and both are told that it was theirs.
    scene.does(CLIENT, &[&REQUEST[..], &["--output", "second.json"]].concat());
    let fulfil = [&fulfil[..], &["--request", "second.json"]].concat();
    let outputs = [(); 2].map(|()| scene.begins(PROVER, &fulfil)).map(|child| child.wait_with_output().unwrap());
    for output in &outputs {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(bond(), BOND, "no bond was missing");
}

#[test]
fn a_new_request_keeps_the_old_file_and_waits_until_the_old_one_cannot_come_back() {
    let scene = Scene::new("market-kept-file");
    let id = scene.asks()["id"].as_str().unwrap().to_owned();
    let text = fs::read_to_string(scene.sandbox.path(FILE)).unwrap();
    let again = [&REQUEST[..], &["--again"]].concat();
    let before = scene.anvil.rpc("evm_snapshot", &json!([]));
    scene.does(PROVER, &["fulfil", MODEL]);
    scene.refused(CLIENT, &again, &["is settled since block", "final", "--output"]);
    assert_eq!(scene.anvil.balance(&scene.market), FEE);
    // A reorganisation opens it again.
    scene.anvil.rpc("evm_revert", &json!([before]));
    assert_eq!(scene.asks()["new"], false);
    scene.anvil.advance(5 * 3_600);
    scene.does(CLIENT, &["claim", MODEL]);
    scene.refused(CLIENT, &again, &["is refunded since block"]);
    scene.anvil.rpc("anvil_mine", &json!(["0x41"]));
    scene.does(CLIENT, &again);
    let kept = format!("mnist-mlp.assay/request-{}.json", &id[2..18]);
    let [kept, old] = [fs::read_to_string(scene.sandbox.path(&kept)).unwrap(), text]
        .map(|text| serde_json::from_str::<Value>(&text).unwrap());
    assert_eq!(kept, old, "what a refund takes");
}

/// A request that was not opened at its time would pay its highest fee at once by now, and leave little time.
#[test]
fn a_request_that_has_waited_gives_way_to_one_of_now() {
    let scene = Scene::new("market-waited");
    let request = [&REQUEST[..], &["--fee-floor", "0.01", "--within", "48h"]].concat();
    let proxy = Proxy::before(&scene.anvil.url);
    proxy.fail(|method, _| method == "eth_sendRawTransaction");
    scene.behind(&proxy, CLIENT, &request, MACHINE, &["cannot open the request"]);
    let waited = scene.request(FILE);
    scene.anvil.advance(45 * 3_600);
    assert_eq!(scene.does(CLIENT, &request)["new"], true);
    let opened = scene.request(FILE);
    let now = u64::try_from(block_time(&scene)).unwrap();
    assert_eq!((opened.nonce, opened.price_at(now - 60)), (waited.nonce, U96::from(FEE / 10)));
    assert!(opened.deadline.to::<u64>() >= now + 47 * 3_600, "{opened:?} at {now}");
}

#[test]
fn a_request_that_somebody_else_has_put_there_is_not_opened() {
    let scene = Scene::new("market-planted");
    let proxy = Proxy::before(&scene.anvil.url);
    let now = u64::try_from(block_time(&scene)).unwrap();
    let sent = || scene.anvil.sent(ACCOUNTS[CLIENT].0);
    for (index, terms) in ["prover", "proofFee", "rampEnd"].into_iter().enumerate() {
        let _ = fs::remove_file(scene.sandbox.path(FILE));
        proxy.fail(|method, _| method == "eth_sendRawTransaction");
        scene.behind(&proxy, CLIENT, &REQUEST, MACHINE, &["cannot open the request"]);
        let planted = scene.plants(|request| match terms {
            "prover" => request.prover = ACCOUNTS[RIVAL].0.parse().unwrap(),
            "proofFee" => request.proofFee = U96::from(FEE),
            _ => request.rampEnd = time(now + 3_600),
        });
        if terms == "rampEnd" {
            // It could be this program's, with --fee-floor; what was asked for is opened in its place.
            let asked = scene.does(CLIENT, &REQUEST);
            assert_eq!((&asked["new"], sent()), (&true.into(), 1));
            assert_eq!(scene.request(FILE).rampEnd, scene.request(FILE).rampStart, "{terms}");
        } else {
            scene.refused(CLIENT, &REQUEST, &["none that `assay request` writes", "--output"]);
            assert_eq!(
                (fs::read_to_string(scene.sandbox.path(FILE)).unwrap(), sent()),
                (planted, 0),
                "{index} {terms}"
            );
        }
    }
}

#[test]
fn keys_that_make_no_valid_proof_are_found_before_anything_is_locked() {
    let scene = Scene::new("market-bad-keys");
    scene.asks();
    let [pk, srs] = ["pk", "srs"].map(|name| scene.sandbox.path("mnist-mlp.assay").join(name));
    let fulfil = ["fulfil", MODEL, "--lock", "--no-wait"];
    let good = fs::read(&srs).unwrap();
    fs::write(&srs, &good[..good.len() / 2]).unwrap();
    scene.refused(PROVER, &fulfil, &["cannot use the SRS"]);
    scene.refused(PROVER, &[&fulfil[..], &["--check"]].concat(), &["cannot use the SRS"]);
    fs::remove_file(&srs).unwrap();
    scene.refused(PROVER, &[&fulfil[..], &["--check"]].concat(), &["srs does not exist", "next: assay setup"]);
    fs::write(&srs, &good).unwrap();
    // A proving key from somebody else: other cells, and the checksum that goes with them.
    let good = fs::read(&pk).unwrap();
    let (mut bad, end) = (good.clone(), good.len() - 32);
    bad[end / 2..end / 2 + 4_000].fill(1);
    let checksum = Sha256::digest(&bad[..end]);
    bad[end..].copy_from_slice(&checksum);
    fs::remove_file(&pk).unwrap();
    fs::write(&pk, bad).unwrap();
    let output = scene.command(PROVER, &fulfil).output().unwrap();
    crate::scene::failed(&output, MACHINE, &["does not verify", "assay setup"]);
    assert_eq!((scene.anvil.sent(ACCOUNTS[PROVER].0), scene.files("proof-").len()), (0, 0), "nothing moved");
}
