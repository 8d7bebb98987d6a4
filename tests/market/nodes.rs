//! Nodes that fail, and chains that lack something.

use assay_contracts::Node;

use crate::anvil::{ACCOUNTS, Anvil};
use crate::proxy::Proxy;
use crate::sandbox::Sandbox;
use crate::scene::{CLIENT, FEE, MACHINE, MODEL, OWNER, PROVER, RIVAL, Scene, WRONG_REQUEST, failed, wei};
use serde_json::{Value, json};

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
    // None, or other code that takes what it is sent.
    for code in ["0x", "0x00"] {
        anvil.rpc("anvil_setCode", &json!(["0x4e59b44847b379578588920cA78FbF26c0B4956C", code]));
        let mut command = sandbox.command(&["deploy"]);
        command.env("ASSAY_RPC", &anvil.url).env("ASSAY_PRIVATE_KEY", ACCOUNTS[OWNER].1);
        failed(&command.output().unwrap(), WRONG_REQUEST, &["no deployment factory", "0x4e59b4", "not paid for twice"]);
        assert_eq!(anvil.sent(ACCOUNTS[OWNER].0), 0);
    }
}

#[test]
fn what_is_final_is_what_the_node_calls_so_or_sixty_four_blocks_old() {
    let named = Anvil::start_with(&["--chain-id", "1", "--slots-in-an-epoch", "1"]);
    named.rpc("anvil_mine", &json!(["0x64"]));
    let last = |url: &str| Node::connect(url, None).unwrap().final_block().map_err(|error| error.to_string());
    assert_eq!(last(&named.url), Ok(98), "two epochs of one block");
    // A node that does not know the tag, and one that does not answer.
    let proxy = Proxy::before(&named.url);
    proxy.fail(|_, parameters| parameters[0] == "finalized");
    assert_eq!(last(&proxy.url), Ok(36));
    proxy.fail(|method, _| method == "eth_getBlockByNumber");
    assert!(last(&proxy.url).unwrap_err().contains("does not answer that"));
    let development = Anvil::start_with(&["--slots-in-an-epoch", "1"]);
    development.rpc("anvil_mine", &json!(["0x64"]));
    assert_eq!(last(&development.url), Ok(36));
}
