//! What has happened is told although a file names a later block, and what is not found is never said not to have happened.

use std::fs;

use serde_json::{Value, json};

use crate::anvil::ACCOUNTS;
use crate::proxy::Proxy;
use crate::scene::{CLIENT, FEE, MACHINE, MODEL, PROVER, RIVAL, Scene, wei};

const FILE: &str = "mnist-mlp.assay/request.json";

impl Scene {
    /// A request whose file says that it was made in this block.
    fn made_in(&self, block: u64) {
        let text = fs::read_to_string(self.sandbox.path(FILE)).unwrap();
        let mut asked: Value = serde_json::from_str(&text).unwrap();
        asked["from_block"] = block.into();
        fs::write(self.sandbox.path(FILE), asked.to_string()).unwrap();
    }
}

#[test]
fn a_file_that_names_a_later_block_hides_nothing() {
    let scene = Scene::new("market-later-block");
    scene.asks();
    scene.does(PROVER, &["fulfil", MODEL]);
    scene.anvil.rpc("anvil_mine", &json!(["0x50"]));
    let prover = ACCOUNTS[PROVER].0.to_lowercase();
    for block in [60, u64::MAX] {
        scene.made_in(block);
        let status = scene.status();
        assert_eq!((&status["request"]["paid_to"], wei(&status["request"]["price_wei"])), (&json!(prover), FEE));
        assert_eq!(scene.does(RIVAL, &["proof", MODEL])["payee"], json!(prover));
        assert_eq!(scene.does(PROVER, &["fulfil", MODEL])["already"], true);
    }
    let again = ["request", MODEL, "--input", "input.json", "--fee", "0.1", "--again"];
    assert_eq!(scene.does(CLIENT, &again)["new"], true);
}

#[test]
fn an_answer_of_tier_proved_is_never_said_to_have_been_paid_without_a_proof() {
    let scene = Scene::new("market-without-events");
    scene.asks();
    scene.does(PROVER, &["fulfil", MODEL]);
    let proxy = Proxy::before(&scene.anvil.url);
    let told = |says: &[&str]| {
        let output = scene.command(RIVAL, &["proof", MODEL]).env("ASSAY_RPC", &proxy.url).output().unwrap();
        crate::scene::failed(&output, MACHINE, says);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!said.contains("settled without a proof"), "{said}");
    };
    proxy.answer(|method, _, node| {
        let none = json!({ "jsonrpc": "2.0", "id": 1, "result": [] });
        Some(if method == "eth_getLogs" { none } else { node() })
    });
    told(&["it was proved, and the node has no such event in any block", "--rpc"]);
    // A node that says that there was no proof: the third of a request's eleven words.
    let market = scene.market.to_lowercase();
    proxy.answer(move |method, parameters, node| {
        let mut answer = node();
        let to = parameters[0]["to"].as_str().is_some_and(|to| to.to_lowercase() == market);
        if let Some(words) =
            answer["result"].as_str().filter(|words| method == "eth_call" && to && words.len() == 2 + 11 * 64)
        {
            let at = 2 + 2 * 64;
            answer["result"] = format!("{}{:064x}{}", &words[..at], 0, &words[at + 64..]).into();
        }
        Some(answer)
    });
    told(&["no market settles a request of tier proved without", "--rpc"]);
}

/// Whoever has locked loses bond without the proof: then no file and no event is missed.
#[test]
fn a_locker_delivers_although_nothing_tells_how_the_model_is_registered() {
    let scene = Scene::new("market-nothing-told");
    scene.asks();
    let text = fs::read_to_string(scene.sandbox.path(FILE)).unwrap();
    let mut asked: Value = serde_json::from_str(&text).unwrap();
    asked.as_object_mut().unwrap().remove("model").unwrap();
    let proxy = Proxy::before(&scene.anvil.url);
    // Bond and lock are sent, and the proof is not.
    let mut sent = 0;
    proxy.fail(move |method, _| {
        sent += usize::from(method == "eth_sendRawTransaction");
        method == "eth_sendRawTransaction" && sent > 2
    });
    let lock = ["fulfil", MODEL, "--lock", "--no-wait"];
    scene.behind(&proxy, PROVER, &lock, MACHINE, &["cannot fulfil"]);
    assert_eq!(scene.status()["request"]["status"], "locked");

    fs::write(scene.sandbox.path(FILE), asked.to_string()).unwrap();
    fs::remove_file(scene.sandbox.path("mnist-mlp.assay/registration.json")).unwrap();
    proxy.fail(|method, _| method == "eth_getLogs");
    scene.behind(&proxy, RIVAL, &["proof", MODEL], MACHINE, &["does not say with which terms the model is registered"]);
    let output = scene.command(PROVER, &lock).env("ASSAY_RPC", &proxy.url).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.contains("because your bond goes without it"), "{said}");
}
