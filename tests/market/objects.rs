//! Every refusal of the market's commands is an object for machines too, and so is every failure of a node.

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
