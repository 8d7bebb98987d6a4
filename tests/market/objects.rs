//! Every refusal of the market's commands is an object for machines too, and so is every failure of a node.

use assay_contracts::B256;
use serde_json::Value;

use crate::scene::{CLIENT, MACHINE, MODEL, OWNER, PROVER, RIVAL, Scene, WRONG_REQUEST};

#[test]
fn every_exit_of_the_market_prints_one_object() {
    let scene = Scene::new("market-objects");
    let fails = |account: usize, arguments: &[&str], code: i32, rpc: Option<&str>| {
        let mut command = scene.command(account, &[arguments, &["--json"]].concat());
        if let Some(rpc) = rpc {
            command.env("ASSAY_RPC", rpc);
        }
        let output = command.output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {message}");
        let text = String::from_utf8(output.stdout).unwrap();
        let object: Value =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {text:?}"));
        assert!(message.contains(object["error"].as_str().unwrap()), "{arguments:?}: {object}");
        assert!(object["because"].as_array().unwrap().iter().all(Value::is_string), "{object}");
        assert_eq!(object["code"], code, "{arguments:?}: {object}");
        match object["next"].as_str() {
            Some(next) => assert!(message.ends_with(&format!("\nnext: {next}\n")), "{arguments:?}: {message}"),
            None => assert!(object.get("next").is_some_and(Value::is_null) && !message.contains("next:"), "{message}"),
        }
    };
    let market = scene.market.clone();
    let request = ["request", MODEL, "--input", "input.json", "--fee", "0.1"];
    let propose = ["propose", market.as_str(), "--market", market.as_str()];
    fails(OWNER, &["register", MODEL, "--market", &market, "--owner-share", "20"], WRONG_REQUEST, None);
    fails(OWNER, &propose, WRONG_REQUEST, None);
    fails(OWNER, &["deploy", "--chain", "1"], WRONG_REQUEST, None);
    fails(CLIENT, &[&request[..5], &["0"]].concat(), WRONG_REQUEST, None);
    fails(PROVER, &["fulfil", MODEL], WRONG_REQUEST, None);
    fails(RIVAL, &["proof", MODEL], WRONG_REQUEST, None);
    scene.asks();
    fails(PROVER, &["fulfil", MODEL, "--lock", "--max-bond", "0.01"], WRONG_REQUEST, None);
    fails(RIVAL, &["proof", MODEL], WRONG_REQUEST, None);
    fails(RIVAL, &["claim", MODEL, "--request", "none.json"], WRONG_REQUEST, None);
    fails(RIVAL, &["status", MODEL, "--request", "none.json"], WRONG_REQUEST, None);
    let commands: [&[&str]; 8] = [
        &["deploy"],
        &["register", MODEL],
        &propose,
        &request,
        &["fulfil", MODEL],
        &["proof", MODEL],
        &["claim", MODEL],
        &["status", MODEL],
    ];
    for arguments in commands {
        fails(OWNER, arguments, MACHINE, Some("http://127.0.0.1:1"));
    }
}

#[test]
fn a_refusal_because_of_how_a_request_stands_ends_in_the_command_that_shows_it() {
    let scene = Scene::new("market-stands");
    let shows = |account: usize, arguments: &[&str], words: &str, next: &str| {
        scene.refused(account, arguments, &[words, &format!("\nnext: {next}\n")]);
        let pasted: Vec<&str> = next.split(' ').skip(1).collect();
        assert_eq!(scene.does(RIVAL, &pasted)["chain"], 31_337, "it runs");
    };
    let request = ["request", MODEL, "--input", "input.json", "--fee", "0.1", "--output", "asked.json"];
    scene.does(CLIENT, &request);
    let status = "assay status mnist-mlp.onnx --request asked.json";
    let [fulfil, proof] = ["fulfil", "proof"].map(|verb| [verb, MODEL, "--request", "asked.json"]);
    shows(RIVAL, &proof, "no answer to it was paid for", status);
    let other = [&request[..5], &["0.2"], &request[6..]].concat();
    shows(CLIENT, &other, "with another input, fee or account", status);
    let (mut node, market) = scene.node(RIVAL);
    let (rival, asked) = (node.account().unwrap(), scene.request("asked.json"));
    market.fund_bond(&mut node, rival, asked.lock_bond().to()).unwrap();
    market.lock(&mut node, rival, &asked, B256::ZERO).unwrap();
    shows(PROVER, &fulfil, "is locked by", status);
    scene.anvil.advance(5 * 3_600);
    shows(PROVER, &fulfil, "a proof is not paid any more", status);
    scene.does(CLIENT, &["claim", MODEL, "--request", "asked.json"]);
    shows(PROVER, &fulfil, "is refunded: there is nothing to prove", status);
    scene.asks();
    scene.does(PROVER, &["fulfil", MODEL]);
    shows(RIVAL, &["fulfil", MODEL], "proved it first", "assay status mnist-mlp.onnx");
}
