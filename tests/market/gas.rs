//! What gas costs when it is paid, and not when it was asked for.

use serde_json::json;

use crate::anvil::ACCOUNTS;
use crate::proxy::Proxy;
use crate::scene::{BOND, CLIENT, MODEL, PROVER, Scene, WRONG_REQUEST, wei};

impl Scene {
    /// Has the base fee rise to 100 gwei when there is a proof.
    fn rises_when_proved(&self, proxy: &Proxy) {
        let (url, folder) = (self.anvil.url.clone(), self.sandbox.path("mnist-mlp.assay"));
        let mut risen = false;
        proxy.fail(move |_, _| {
            let mut files = std::fs::read_dir(&folder).unwrap();
            if !risen && files.any(|file| file.unwrap().file_name().to_string_lossy().starts_with("proof-")) {
                set_base_fee(&url, 100 * GWEI);
                risen = true;
            }
            false
        });
    }

    /// The base fee of the next block, in wei, and of one that is made with it.
    fn base_fee(&self, wei: u64) {
        set_base_fee(&self.anvil.url, wei);
    }
}

fn set_base_fee(url: &str, wei: u64) {
    let ask = |method: &str, parameters| {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": parameters });
        ureq::post(url).send_json(&body).unwrap();
    };
    let fee = format!("{wei:#x}");
    ask("anvil_setNextBlockBaseFeePerGas", json!([fee]));
    ask("evm_mine", json!([]));
    ask("anvil_setNextBlockBaseFeePerGas", json!([fee]));
}

const GWEI: u64 = 1_000_000_000;

#[test]
fn gas_that_becomes_dearer_than_the_fee_while_proving_is_not_paid() {
    let scene = Scene::new("market-dearer");
    let prover = ACCOUNTS[PROVER].0;
    let request = ["request", MODEL, "--input", "input.json", "--fee", "0.01"];
    scene.does(CLIENT, &request);
    let proxy = Proxy::before(&scene.anvil.url);
    // To what a fulfilment costs more for than the fee of 0.01 ether.
    scene.rises_when_proved(&proxy);
    scene.behind(
        &proxy,
        PROVER,
        &["fulfil", MODEL, "--lock", "--no-wait"],
        WRONG_REQUEST,
        &["for what is worth 0.007 ether", "nothing is locked or sent"],
    );
    assert_eq!((scene.anvil.sent(prover), scene.files("proof-").len()), (0, 1), "the proof is kept");
    std::fs::remove_file(scene.sandbox.path("mnist-mlp.assay").join(&scene.files("proof-")[0])).unwrap();
    scene.base_fee(GWEI);
    scene.rises_when_proved(&proxy);
    let says = ["for what is worth 0.007 ether", "keeps the proof", "--at-a-loss", "next: assay fulfil mnist-mlp.onnx"];
    scene.behind(&proxy, PROVER, &["fulfil", MODEL], WRONG_REQUEST, &says);
    assert_eq!((scene.anvil.sent(prover), scene.files("proof-").len()), (0, 1), "nothing is sent, the proof is kept");
    scene.base_fee(100 * GWEI);
    scene.refused(PROVER, &["fulfil", MODEL], &["--at-a-loss", "the gas costs about"]);
    scene.does(PROVER, &["fulfil", MODEL, "--at-a-loss"]);
    assert_eq!(scene.anvil.sent(prover), 1);
}

#[test]
fn an_own_lock_is_worth_its_bond_and_no_more_gas() {
    let scene = Scene::new("market-dear-lock");
    scene.asks();
    let proxy = Proxy::before(&scene.anvil.url);
    let mut sent = 0;
    proxy.fail(move |method, _| {
        sent += usize::from(method == "eth_sendRawTransaction");
        method == "eth_sendRawTransaction" && sent > 2
    });
    let fulfil = ["fulfil", MODEL, "--lock", "--no-wait"];
    scene.behind(&proxy, PROVER, &fulfil, crate::scene::MACHINE, &["cannot fulfil"]);
    // Share and half of the bond are 0.1325 ether together: more than the gas at first, and less later.
    scene.base_fee(100 * GWEI);
    let checked = scene.does(PROVER, &["fulfil", MODEL, "--check"]);
    assert!(wei(&checked["gas_wei"]) > 70_000_000_000_000_000, "more than the share: {checked}");
    assert_eq!(wei(&checked["at_stake_wei"]), BOND / 2);
    scene.base_fee(400 * GWEI);
    scene.refused(PROVER, &["fulfil", MODEL], &["the proof saves 0.0625 ether of your bond", "--at-a-loss"]);
    assert_eq!(scene.anvil.sent(ACCOUNTS[PROVER].0), 2, "bond and lock");
}

#[test]
fn the_tip_that_is_signed_and_the_cap_on_the_cost_count_before_anything_is_begun() {
    let scene = Scene::new("market-capped");
    scene.asks();
    let check = |proxy: &Proxy, options: &[&str]| {
        let arguments = [&["fulfil", MODEL, "--check", "--json"], options].concat();
        let output = scene.command(PROVER, &arguments).env("ASSAY_RPC", &proxy.url).output().unwrap();
        let checked: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        wei(&checked["gas_wei"])
    };
    // A node that names a tip of 200,000 gwei, and keeps no history.
    let proxy = Proxy::before(&scene.anvil.url);
    proxy.answer(|method, _, node| {
        Some(match method {
            "eth_maxPriorityFeePerGas" => json!({ "jsonrpc": "2.0", "id": 1, "result": "0xb5e620f48000" }),
            "eth_feeHistory" => json!({ "jsonrpc": "2.0", "id": 1, "error": { "code": -32_601, "message": "no" } }),
            _ => node(),
        })
    });
    let (high, low) = (check(&proxy, &["--max-tip", "10"]), check(&proxy, &["--max-tip", "1"]));
    assert!(high > 5 * low / 2, "{high} {low}: a tip of at most 10 gwei, and of at most 1");
    // A cap that lets a lock through and no fulfilment: nothing is locked.
    scene.base_fee(2 * GWEI);
    let cap = ["--max-cost", "0.0012", "--lock", "--no-wait"];
    let says = ["more than --max-cost 0.0012"];
    scene.refused(PROVER, &[&["fulfil", MODEL][..], &cap].concat(), &says);
    scene.refused(PROVER, &[&["fulfil", MODEL, "--check"][..], &cap].concat(), &says);
    // Nor by one that is enough for the fulfilment and not for the lock before it.
    let cap = ["--max-cost", "0.0045", "--lock", "--no-wait"];
    scene.refused(PROVER, &[&["fulfil", MODEL][..], &cap].concat(), &["more than --max-cost 0.0045"]);
    assert_eq!((scene.anvil.sent(ACCOUNTS[PROVER].0), scene.files("proof-").len()), (0, 0));
}

#[test]
fn a_fee_that_rises_says_when_it_pays() {
    let scene = Scene::new("market-rises");
    let options = ["--fee", "0.1", "--fee-floor", "0.000001"];
    scene.does(CLIENT, &[&["request", MODEL, "--input", "input.json"][..], &options].concat());
    let says = ["the fee rises, and pays for that in", "next: assay fulfil mnist-mlp.onnx --check\n"];
    let output = scene.command(PROVER, &["fulfil", MODEL, "--check"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("rises ") && text.contains("to 0.1 ether in "), "{text}");
    crate::scene::failed(&output, WRONG_REQUEST, &says);
    assert!(!String::from_utf8_lossy(&output.stderr).contains("--at-a-loss"));
    let status = scene.command(PROVER, &["status", MODEL]).output().unwrap();
    assert!(String::from_utf8_lossy(&status.stdout).contains("the price rises, to 0.1 ether"), "{status:?}");
    scene.anvil.advance(7_200);
    assert_eq!(scene.does(PROVER, &["fulfil", MODEL, "--check"])["rises_until"], serde_json::Value::Null);
}

#[test]
fn a_fee_below_the_gas_is_said_to_be_one_before_it_is_escrowed() {
    let scene = Scene::new("market-low-fee");
    let request = |fee: &str, file: &str| {
        let arguments = ["request", MODEL, "--input", "input.json", "--fee", fee, "--output", file];
        let output = scene.command(CLIENT, &arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stderr).contains("maybe nobody proves for it")
    };
    assert!(request("0.000001", "low.json") && !request("0.1", "enough.json"));
}
